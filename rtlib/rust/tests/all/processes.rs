//! Processes, links, monitors, names, timers.

use std::cell::Cell;
use std::time::{Duration, Instant};

use lunatic_process::{
    catch, id, lookup, message, register, sleep, spawn, spawn_link, task, trap_exits, unregister, yield_now, Event,
    ExitReason, Mailbox, Name, Process, Reply, RequestError, Spawn, Tag, Task, Trapped,
};

const ZERO: Duration = Duration::ZERO;

/// A process that waits to be killed.
fn idle() -> Process<()> {
    spawn((), |(), mailbox: Mailbox<()>| mailbox.receive())
}

#[test]
fn captures_are_moved() {
    let me = Mailbox::<String>::new();
    let (parent, text, list) = (me.process(), String::from("text"), vec![1, 2]);
    spawn!(|parent, text, list, more = (3u8, 'x'), _: Mailbox<()>| {
        parent.send(format!("{} {:?} {:?}", text, list, more));
    });
    assert_eq!(me.receive(), "text [1, 2] (3, 'x')");
}

#[test]
fn statics_are_each_process_s_own() {
    thread_local!(static COUNT: Cell<u32> = const { Cell::new(1) });
    COUNT.with(|count| count.set(5));
    let theirs = task!(|| COUNT.with(Cell::get));
    assert_eq!(theirs.join(), Ok(1));
    assert_eq!(COUNT.with(Cell::get), 5);
}

#[test]
fn messages_and_notices_in_one_mailbox() {
    let me = Mailbox::<u32>::new();
    let parent = me.process();
    let child = spawn!(|parent, mailbox: Mailbox<()>| {
        mailbox.receive();
        parent.send(1);
    });
    let monitor = child.monitor();
    child.send(());
    // It has sent before it ended; receive skips the notice, which stays.
    let down = monitor.wait();
    assert_eq!((down.process, down.reason), (child.id(), ExitReason::Normal));
    assert!(down.is_of(monitor));
    assert_eq!(me.receive(), 1);

    let dead = child.monitor();
    me.process().send(2);
    assert_eq!(me.receive(), 2);
    match me.event() {
        Event::Down(down) if down.is_of(dead) => assert_eq!(down.reason, ExitReason::NoProcess),
        other => panic!("{:?}", other),
    }
    assert_eq!(me.event_timeout(ZERO), None);
}

#[test]
fn a_stopped_monitor_says_nothing() {
    let me = Mailbox::<()>::new();
    let child = idle();
    let (first, second, third) = (child.monitor(), child.monitor(), child.monitor());
    first.stop();
    child.kill();
    assert_eq!(second.wait().reason, ExitReason::Killed);
    // The notice of the third is here.
    third.stop();
    assert_eq!(me.event_timeout(ZERO), None);
    // One that was set aside.
    let late = child.monitor();
    assert_eq!(me.receive_timeout(ZERO), None);
    late.stop();
    assert_eq!(me.event_timeout(ZERO), None);
}

#[test]
fn waiting_for_an_end_has_a_time_out() {
    let child = idle();
    let monitor = child.monitor();
    assert_eq!(monitor.wait_timeout(Duration::from_millis(1)), None);
    child.kill();
    assert_eq!(monitor.wait().reason, ExitReason::Killed);
}

#[test]
fn links() {
    let me = Mailbox::<()>::new();
    trap_exits(true);
    let (child, link) = spawn_link((), |(), mailbox: Mailbox<()>| mailbox.receive());
    assert_eq!(link.process(), child.id());
    child.kill();
    match me.event() {
        Event::Exit(exit) => assert!(exit.is_of(link) && exit.reason == ExitReason::Killed, "{:?}", exit),
        other => panic!("{:?}", other),
    }
    // A link that was taken away.
    let child = idle();
    let link = child.link();
    link.unlink();
    let monitor = child.monitor();
    child.kill();
    monitor.wait();
    assert_eq!(me.event_timeout(ZERO), None);
    // A process that is not there.
    let link = child.link();
    match me.event() {
        Event::Exit(exit) => assert!(exit.is_of(link) && exit.reason == ExitReason::NoProcess, "{:?}", exit),
        other => panic!("{:?}", other),
    }
    trap_exits(false);
}

message! {
    enum Ask {
        Echo(u32, Reply<u32>),
        Wrong(Reply<u32>),
        Never(Reply<u32>),
        Die(Reply<u32>),
    }
}

fn answering(_: (), mailbox: Mailbox<Ask>) {
    let mut unanswered = Vec::new();
    loop {
        match mailbox.receive() {
            Ask::Echo(n, reply) => reply.send(n),
            Ask::Wrong(reply) => {
                let mut out = lunatic_process::Encoder::new();
                lunatic_process::Message::encode(reply, &mut out);
                let reply: Reply<String> = lunatic_process::Decoder::new(out.as_bytes()).finish().unwrap();
                reply.send("a text".into());
            }
            Ask::Never(reply) => unanswered.push(reply),
            Ask::Die(_) => return,
        }
    }
}

#[test]
fn requests() {
    let me = Mailbox::<()>::new();
    let process = spawn((), answering);
    me.process().send(());
    assert_eq!(process.request(|reply| Ask::Echo(1, reply)), Ok(1));
    assert!(matches!(process.request(Ask::Wrong), Err(RequestError::Decode(_))));
    let soon = Duration::from_millis(1);
    assert_eq!(process.request_timeout(Ask::Never, soon), Err(RequestError::TimedOut));
    assert_eq!(process.request(Ask::Die), Err(RequestError::Down(ExitReason::Normal)));
    assert_eq!(process.request(Ask::Die), Err(RequestError::Down(ExitReason::NoProcess)));
    // Nothing of all this stays in the mailbox.
    assert_eq!(me.receive(), ());
    assert_eq!(me.event_timeout(ZERO), None);
}

#[test]
fn a_request_leaves_other_monitors_alone() {
    let process = spawn((), answering);
    let monitor = process.monitor();
    assert_eq!(process.request(|reply| Ask::Echo(2, reply)), Ok(2));
    assert_eq!(process.request(Ask::Die), Err(RequestError::Down(ExitReason::Normal)));
    assert_eq!(monitor.wait().reason, ExitReason::Normal);
}

#[test]
fn tags() {
    assert_ne!(Tag::unique(), Tag::unique());
    let me = Mailbox::<u32>::new();
    let (a, b) = (Tag::new(1), Tag::unique());
    me.process().send_with_tag(a, 1);
    me.process().send_with_tag(b, 2);
    me.process().send(3);
    assert_eq!(me.receive_tagged(&[b]), (2, b));
    assert_eq!(me.receive_tagged_timeout(&[b], ZERO), None);
    assert_eq!(me.receive_tagged_timeout(&[], ZERO), None);
    assert_eq!(me.event(), Event::Message(1, Some(a)));
    assert_eq!(me.event(), Event::Message(3, None));
}

#[test]
fn shutdown_is_an_event() {
    let child = spawn((), |(), mailbox: Mailbox<()>| match mailbox.event() {
        Event::Shutdown => {}
        other => panic!("{:?}", other),
    });
    let monitor = child.monitor();
    child.shutdown();
    assert_eq!(monitor.wait().reason, ExitReason::Normal);
}

#[test]
fn timers() {
    let me = Mailbox::<u32>::new();
    let began = Instant::now();
    me.process().send_after(Duration::from_millis(5), 1);
    assert_eq!(me.receive(), 1);
    assert!(began.elapsed() >= Duration::from_millis(5));
    let timer = me.process().send_after(Duration::from_secs(3600), 2);
    assert!(timer.cancel());
    assert!(!timer.cancel());
    sleep(Duration::from_millis(1));
    yield_now();
    assert_eq!(me.receive_timeout(ZERO), None);
}

const NAME: Name<u32> = Name::new("processes/name");

#[test]
fn names() {
    assert_eq!(NAME.lookup(), None);
    let me = Mailbox::<u32>::new();
    NAME.register(me.process());
    assert_eq!(NAME.lookup(), Some(me.process()));
    assert_eq!(lookup(NAME.as_str()), Some(id()));
    NAME.unregister();
    assert_eq!(NAME.lookup(), None);

    let child = idle();
    register("processes/child", child.id());
    let monitor = child.monitor();
    child.kill();
    monitor.wait();
    assert_eq!(lookup("processes/child"), None);
    unregister("processes/child");
}

#[test]
fn get_or_start() {
    const ONE: Name<()> = Name::new("processes/one");
    let start = || Spawn::new().get_or_start(ONE, vec![0u8; 100], |_, mailbox: Mailbox<()>| mailbox.receive());
    let first = start().unwrap();
    assert_eq!(start().unwrap(), first);
    let monitor = first.monitor();
    first.send(());
    assert_eq!(monitor.wait().reason, ExitReason::Normal);
    let second = start().unwrap();
    assert_ne!(second, first);
    second.kill();
}

#[test]
fn tasks() {
    let (a, text) = (20, String::from("seven"));
    assert_eq!(task!(|a, text| a + text.len()).join(), Ok(25));
    assert_eq!(
        Task::spawn((), |()| std::process::exit(3)).join(),
        Err::<u8, _>(RequestError::Down(ExitReason::Failed))
    );
    // A linked one that is canceled does not take this process with it.
    let (task, _) = Task::<()>::spawn_link((), |()| sleep(Duration::MAX));
    task.cancel();
    // The value of one that is dropped does not arrive.
    drop(Task::spawn((), |()| 1));
    let mut slow = Task::spawn((), |()| Mailbox::<u32>::new().receive());
    assert_eq!(slow.join_timeout(ZERO), Err(RequestError::TimedOut));
    slow.id().cast::<u32>().send(9);
    assert_eq!(slow.join(), Ok(9));
    assert_eq!(Mailbox::<()>::new().event_timeout(ZERO), None);
}

#[test]
fn traps_are_caught() {
    assert_eq!(catch(|| 42), Ok(42));
    // In a process of its own: std knows of the panic from then on, and the harness does not like that.
    let panicked = task!(|| catch(|| -> u8 { panic!("this panic belongs to the test") }).is_err());
    assert_eq!(panicked.join(), Ok(true));
    assert_eq!(catch(|| std::process::exit(7)), Err::<u8, _>(Trapped));
    // The stack is as it was: a deep one would run out of it.
    for _ in 0..200 {
        let big = [1u8; 10_000];
        let result = catch(move || if big[9_999] == 1 { std::process::exit(1) } else { big[0] });
        assert_eq!(result, Err(Trapped));
    }
    // Waiting inside, and one inside the other.
    let me = Mailbox::<u32>::new();
    let parent = me.process();
    spawn!(|parent, _: Mailbox<()>| parent.send(1));
    assert_eq!(catch(|| catch(|| Mailbox::<u32>::new().receive())), Ok(Ok(1)));
}
