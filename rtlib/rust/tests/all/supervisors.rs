//! What rtlib/behaviour does not ask about supervisors.

use std::time::Duration;

use lunatic_process::{
    spawn, ChildError, ChildSpec, Event, ExitReason, Mailbox, Process, ProcessId, Restart, Shutdown, StartError,
    Strategy, Supervisor, SupervisorHandle,
};

fn idle(_: (), mailbox: Mailbox<()>) {
    while mailbox.event() != Event::Shutdown {}
}

fn plain(id: &str) -> ChildSpec {
    ChildSpec::process(id, (), idle)
}

#[test]
fn the_events_of_the_past() {
    let supervisor = Supervisor::new(Strategy::OneForOne).child(plain("a")).start().unwrap();
    assert_eq!(supervisor.events().unwrap(), ["start a"]);
    for _ in 0..60 {
        supervisor.terminate_child("a").unwrap();
        supervisor.restart_child("a").unwrap();
    }
    let events = supervisor.events().unwrap();
    assert_eq!(events.len(), 100);
    assert_eq!(events[98..], ["shutdown a", "start a"]);
    let monitor = supervisor.id().monitor();
    supervisor.shutdown();
    assert_eq!(monitor.wait().reason, ExitReason::Normal);
    assert_eq!(supervisor.events(), Err(ChildError::Supervisor(ExitReason::NoProcess)));
}

#[test]
fn two_children_with_one_id() {
    let twice = Supervisor::new(Strategy::OneForOne).child(plain("a")).child(plain("a")).start();
    assert_eq!(twice, Err(StartError::Refused("two children with the id a".into())));
}

// A function starts the child; what it answers is what is supervised.
#[test]
fn a_function_that_starts() {
    fn start(fail: bool) -> Result<ProcessId, StartError> {
        match fail {
            true => Err(StartError::Refused("not today".into())),
            false => Ok(spawn((), idle).id()),
        }
    }
    let supervisor = Supervisor::new(Strategy::OneForOne).child(ChildSpec::with("a", false, start)).start().unwrap();
    let [(_, a)]: [_; 1] = supervisor.children().unwrap().try_into().unwrap();
    assert!(a.unwrap().is_alive());
    let failed = supervisor.start_child(ChildSpec::with("b", true, start));
    assert_eq!(failed, Err(ChildError::Start(StartError::Refused("not today".into()))));
    supervisor.shutdown();
}

// A child that has ended before the supervisor could link it: the reason is not known, so it counts as normal.
#[test]
fn a_child_that_was_gone() {
    fn gone(_: ()) -> Result<ProcessId, StartError> {
        let child = spawn((), |(), _: Mailbox<()>| {});
        child.monitor().wait();
        Ok(child.id())
    }
    let mailbox = Mailbox::<String>::new();
    let supervisor = Supervisor::new(Strategy::OneForOne)
        .events(mailbox.process())
        .child(ChildSpec::with("a", (), gone).restart(Restart::Transient))
        .start()
        .unwrap();
    assert_eq!((mailbox.receive(), mailbox.receive()), ("start a".into(), "end a normal".into()));
    supervisor.shutdown();
    assert_eq!(mailbox.receive(), "stop");
}

// The supervisor ends with who has started it with a link, however that ends.
#[test]
fn the_parent_ends() {
    fn parent(watcher: Process<String>, mailbox: Mailbox<bool>) {
        let supervisor = Supervisor::new(Strategy::OneForOne).events(watcher).child(plain("a"));
        supervisor.start_link().unwrap();
        if mailbox.receive() {
            panic!("as it was told");
        }
    }
    for fail in [false, true] {
        let mailbox = Mailbox::<String>::new();
        let parent = spawn(mailbox.process(), parent);
        assert_eq!(mailbox.receive(), "start a");
        parent.send(fail);
        assert_eq!((mailbox.receive(), mailbox.receive()), ("shutdown a".into(), "stop".into()));
    }
}

// A restart of all in which one cannot be started: the others are shut down again, and it counts.
#[test]
fn a_restart_that_does_not_succeed() {
    fn start(switch: Process<()>) -> Result<ProcessId, StartError> {
        match switch.is_alive() {
            true => Ok(spawn((), idle).id()),
            false => Err(StartError::Refused("off".into())),
        }
    }
    let mailbox = Mailbox::<String>::new();
    let switch = spawn((), idle);
    let monitor = |supervisor: &SupervisorHandle| supervisor.id().monitor();
    for (strategy, begin) in [(Strategy::OneForAll, "shutdown a"), (Strategy::RestForOne, "start b failed")] {
        let switch = if switch.is_alive() { switch } else { spawn((), idle) };
        let supervisor = Supervisor::new(strategy)
            .intensity(1, Duration::from_secs(60))
            .events(mailbox.process())
            .child(plain("a"))
            .child(ChildSpec::with("b", switch, start).shutdown(Shutdown::BrutalKill))
            .start()
            .unwrap();
        assert_eq!((mailbox.receive(), mailbox.receive()), ("start a".into(), "start b".into()));
        let end = monitor(&supervisor);
        let off = switch.monitor();
        switch.kill();
        off.wait();
        let b = supervisor.children().unwrap()[1].1.unwrap();
        b.kill();
        assert_eq!(mailbox.receive(), "end b killed");
        assert_eq!(mailbox.receive(), begin);
        if strategy == Strategy::OneForAll {
            assert_eq!((mailbox.receive(), mailbox.receive()), ("start a".into(), "start b failed".into()));
        }
        assert_eq!((mailbox.receive(), mailbox.receive()), ("give up".into(), "shutdown a".into()));
        assert_eq!(end.wait().reason, ExitReason::Failed);
    }
}
