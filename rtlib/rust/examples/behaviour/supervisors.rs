//! Supervisors. The first process prints their events.

use std::convert::Infallible;
use std::fmt::Display;
use std::time::Duration;

use lunatic_process::{
    lookup, message, sleep, ChildError, ChildSpec, Handle, Mailbox, Name, Next, ProcessId, Reply, Restart, Server,
    Shutdown, Strategy, Supervisor, SupervisorHandle,
};

use crate::processes::stubborn;
use crate::step;
use crate::worker::{add, get, worker, Begin, Cast, Worker};

/// A supervisor that tells the first process its events.
fn describe(strategy: Strategy) -> Supervisor {
    Supervisor::new(strategy).intensity(10, Duration::from_secs(60)).events(Mailbox::new().process())
}

/// Starts it, and prints that the children run.
fn start(supervisor: Supervisor, children: usize) -> SupervisorHandle {
    let supervisor = supervisor.start().expect("no child refuses");
    events(children);
    supervisor
}

/// Prints the next events.
fn events(n: usize) {
    let mailbox = Mailbox::<String>::new();
    (0..n).for_each(|_| println!("{}", mailbox.receive()));
}

/// The process of a child.
fn child(supervisor: SupervisorHandle, id: &str) -> Handle<Worker> {
    let children = supervisor.children().expect("it lives");
    let process = children.into_iter().find(|(name, _)| name == id).and_then(|(_, process)| process);
    Handle::from_id(process.expect("it runs"))
}

fn crash(supervisor: SupervisorHandle, id: &str, n: usize) {
    step(&format!("crash {}", id));
    child(supervisor, id).cast(Cast::Crash);
    events(n);
}

fn stop(supervisor: SupervisorHandle, id: &str, n: usize) {
    step(&format!("stop {}", id));
    child(supervisor, id).cast(Cast::Stop);
    events(n);
}

fn children(supervisor: SupervisorHandle) {
    step("children");
    for (id, process) in supervisor.children().expect("it lives") {
        println!("{} {}", id, if process.is_some() { "up" } else { "down" });
    }
}

fn shut_down(supervisor: SupervisorHandle, n: usize) {
    step("shutdown");
    supervisor.shutdown();
    events(n);
}

pub fn restart_types() {
    let description = describe(Strategy::OneForOne)
        .child(worker("a"))
        .child(worker("b").restart(Restart::Transient))
        .child(worker("c").restart(Restart::Temporary));
    let supervisor = start(description, 3);
    stop(supervisor, "c", 1);
    children(supervisor);
    stop(supervisor, "b", 1);
    children(supervisor);
    step("restart b");
    supervisor.restart_child("b").expect("it starts");
    events(1);
    crash(supervisor, "b", 2);
    step("kill b");
    child(supervisor, "b").id().kill();
    events(2);
    stop(supervisor, "a", 2);
    children(supervisor);
    shut_down(supervisor, 3);
}

pub fn one_for_all() {
    let description = describe(Strategy::OneForAll)
        .child(worker("a"))
        .child(worker("b"))
        .child(worker("c"))
        .child(worker("d").restart(Restart::Temporary));
    let supervisor = start(description, 4);
    step("add 5 to a");
    add(child(supervisor, "a"), 5);
    crash(supervisor, "b", 7);
    step("get of a");
    get(child(supervisor, "a"));
    children(supervisor);
    shut_down(supervisor, 4);
}

pub fn rest_for_one() {
    let description = describe(Strategy::RestForOne).child(worker("a")).child(worker("b")).child(worker("c"));
    let supervisor = start(description, 3);
    step("add 5 to a");
    add(child(supervisor, "a"), 5);
    step("add 6 to c");
    add(child(supervisor, "c"), 6);
    crash(supervisor, "b", 4);
    step("get of a");
    get(child(supervisor, "a"));
    step("get of c");
    get(child(supervisor, "c"));
    shut_down(supervisor, 4);
}

pub fn intensity() {
    let description = describe(Strategy::OneForOne).intensity(2, Duration::from_secs(60));
    let supervisor = start(description.child(worker("a")).child(worker("b")), 2);
    let monitor = supervisor.id().monitor();
    crash(supervisor, "a", 2);
    crash(supervisor, "a", 2);
    crash(supervisor, "a", 3);
    println!("supervisor: {}", monitor.wait().reason);
}

pub fn period() {
    let description = describe(Strategy::OneForOne).intensity(1, Duration::from_millis(100));
    let supervisor = start(description.child(worker("a")), 1);
    crash(supervisor, "a", 2);
    sleep(Duration::from_millis(300));
    crash(supervisor, "a", 2);
    sleep(Duration::from_millis(300));
    crash(supervisor, "a", 2);
    shut_down(supervisor, 2);
}

pub fn shutdown() {
    let description = describe(Strategy::OneForOne)
        .child(worker("polite"))
        .child(ChildSpec::process("stubborn", (), stubborn).shutdown(Shutdown::Timeout(Duration::from_millis(20))))
        .child(ChildSpec::process("brutal", (), stubborn).shutdown(Shutdown::BrutalKill));
    let supervisor = start(description, 3);
    let monitor = supervisor.id().monitor();
    shut_down(supervisor, 4);
    println!("supervisor: {}", monitor.wait().reason);
}

pub fn start_fails() {
    let description =
        describe(Strategy::OneForOne).child(worker("a")).child(ChildSpec::server::<Worker>("b", Begin::Refused));
    let error = description.start().expect_err("b refuses");
    events(3);
    println!("error: {}", error);
}

/// Answers 1 until it is switched off.
struct Switch {
    on: u64,
}

message! {
    enum SwitchCall {
        Ok(Reply<u64>),
        Off(Reply<()>),
    }
}

const SWITCH: Name<Infallible> = Name::new("switch");

impl Server for Switch {
    type Args = ();
    type Call = SwitchCall;
    type Cast = Infallible;
    type Info = Infallible;

    fn init(_: ()) -> Result<Switch, String> {
        Ok(Switch { on: 1 })
    }

    fn call(&mut self, request: SwitchCall) -> Next {
        match request {
            SwitchCall::Ok(reply) => reply.send(self.on),
            SwitchCall::Off(reply) => {
                self.on = 0;
                reply.send(());
            }
        }
        Next::Continue
    }
}

/// What the switch says, for the init of a worker.
pub fn is_switched_on() -> bool {
    let switch = SWITCH.lookup().expect("it is registered");
    Handle::<Switch>::from_id(switch.id()).call(SwitchCall::Ok) == Ok(1)
}

pub fn restart_fails() {
    let switch = Switch::start(()).expect("it does not refuse");
    SWITCH.register(switch.process());
    let description =
        describe(Strategy::OneForOne)
            .intensity(3, Duration::from_secs(60))
            .child(ChildSpec::server::<Worker>("flaky", Begin::IfSwitched));
    let supervisor = start(description, 1);
    let monitor = supervisor.id().monitor();
    step("off");
    switch.call(SwitchCall::Off).expect("it lives");
    crash(supervisor, "flaky", 5);
    println!("supervisor: {}", monitor.wait().reason);
}

/// Makes a request: prints what is done, the events, then the answer.
fn request<T>(
    supervisor: SupervisorHandle,
    text: &str,
    done: impl Display,
    n: usize,
    request: impl FnOnce(&SupervisorHandle, &str) -> Result<T, ChildError>,
) {
    step(text);
    let id = text.rsplit(' ').next().expect("there is a last word");
    let answer = request(&supervisor, id);
    events(n);
    match answer {
        Ok(_) => println!("{}", done),
        Err(ChildError::Start(error)) => println!("failed: {}", error),
        Err(error) => println!("{}", error),
    }
}

pub fn dynamic() {
    let supervisor = start(describe(Strategy::OneForOne), 0);
    let start = |id: &str, begin, restart, n| {
        let spec = ChildSpec::server::<Worker>(id, begin).restart(restart);
        request(supervisor, &format!("start {}", id), "started", n, |supervisor, _| supervisor.start_child(spec));
    };
    let terminate = |id, n| {
        request(supervisor, &format!("terminate {}", id), "done", n, SupervisorHandle::terminate_child);
    };
    let restart = |id, n| {
        request(supervisor, &format!("restart {}", id), "started", n, SupervisorHandle::restart_child);
    };
    let delete = |id| {
        request(supervisor, &format!("delete {}", id), "done", 0, SupervisorHandle::delete_child);
    };
    start("a", Begin::Well, Restart::Permanent, 1);
    start("a", Begin::Well, Restart::Permanent, 0);
    terminate("a", 1);
    terminate("a", 0);
    start("a", Begin::Well, Restart::Permanent, 0);
    children(supervisor);
    restart("a", 1);
    restart("a", 0);
    delete("a");
    start("bad", Begin::Refused, Restart::Permanent, 1);
    children(supervisor);
    start("tmp", Begin::Well, Restart::Temporary, 1);
    terminate("tmp", 1);
    restart("tmp", 0);
    terminate("none", 0);
    restart("none", 0);
    delete("none");
    terminate("a", 1);
    delete("a");
    children(supervisor);
    shut_down(supervisor, 1);
}

pub fn names() {
    let svc = || lookup("svc").map(Handle::<Worker>::from_id);
    let supervisor = start(describe(Strategy::OneForOne).child(worker("a").name("svc")), 1);
    let first = svc().expect("it is registered");
    step("add 3 by name");
    add(first, 3);
    crash(supervisor, "a", 2);
    let second = svc().expect("it is registered");
    println!("{}", if second == first { "the same process" } else { "another process" });
    step("get by name");
    get(second);
    shut_down(supervisor, 2);
    println!("svc: {}", svc().map_or("none", |_| "some"));
}

pub fn supervisor_killed() {
    let supervisor = start(describe(Strategy::OneForOne).child(worker("a")).child(worker("b")), 2);
    let monitor = |process: ProcessId| process.monitor();
    let a = monitor(child(supervisor, "a").id());
    let b = monitor(child(supervisor, "b").id());
    let own = monitor(supervisor.id());
    step("kill the supervisor");
    supervisor.id().kill();
    println!("a: {}", a.wait().reason);
    println!("b: {}", b.wait().reason);
    println!("supervisor: {}", own.wait().reason);
}

pub fn nested() {
    let inner = Supervisor::new(Strategy::OneForOne)
        .intensity(1, Duration::from_secs(60))
        .events_as(Mailbox::new().process(), "inner: ")
        .child(worker("leaf"));
    let outer = start(describe(Strategy::OneForOne).child(ChildSpec::supervisor("inner", inner)).child(worker("b")), 3);
    // The worker within the supervisor within the supervisor.
    let crash_leaf = |n| {
        let inner = SupervisorHandle::from_id(child(outer, "inner").id());
        crash(inner, "leaf", n);
    };
    crash_leaf(2);
    crash_leaf(5);
    shut_down(outer, 5);
}
