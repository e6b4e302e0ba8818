//! Servers.

use std::convert::Infallible;
use std::time::Duration;

use lunatic_process::{
    message, sleep, Event, Handle, Info, Mailbox, Next, Process, Reply, RequestError, Server, Stop, Tag, Task,
};

use crate::{print, step};

const PLAIN: Tag = Tag::new(7);
const TERMINATED: Tag = Tag::new(9);

/// Tells what it has when it ends.
struct Number {
    number: u64,
    infos: u64,
    parent: Process<String>,
}

message! {
    enum NumberCall {
        Add(u64, Reply<u64>),
        Get(Reply<u64>),
        Infos(Reply<u64>),
        Stop(Reply<String>),
    }

    enum NumberCast {
        Add(u64),
        Fail,
    }
}

impl Server for Number {
    type Args = (u64, Process<String>);
    type Call = NumberCall;
    type Cast = NumberCast;
    type Info = String;

    fn init((number, parent): Self::Args) -> Result<Number, String> {
        Ok(Number { number, infos: 0, parent })
    }

    fn call(&mut self, request: NumberCall) -> Next {
        match request {
            NumberCall::Add(n, reply) => {
                self.number += n;
                reply.send(self.number);
            }
            NumberCall::Get(reply) => reply.send(self.number),
            NumberCall::Infos(reply) => reply.send(self.infos),
            NumberCall::Stop(reply) => {
                reply.send("bye".into());
                return Next::Stop;
            }
        }
        Next::Continue
    }

    fn cast(&mut self, request: NumberCast) -> Next {
        match request {
            NumberCast::Add(n) => self.number += n,
            NumberCast::Fail => return Next::Fail,
        }
        Next::Continue
    }

    fn info(&mut self, info: Info<String>) -> Next {
        if let Info::Message(_, Some(PLAIN)) = info {
            self.infos += 1;
        }
        Next::Continue
    }

    fn terminate(&mut self, reason: Stop) {
        let text = match reason {
            Stop::Normal => self.number.to_string(),
            _ => reason.to_string(),
        };
        self.parent.send_with_tag(TERMINATED, text);
    }
}

pub fn server() {
    let mailbox = Mailbox::<String>::new();
    step("start 10");
    let server = Number::start((10, mailbox.process())).expect("it does not refuse");
    step("call add 5");
    print(server.call(|reply| NumberCall::Add(5, reply)));
    step("cast add 1");
    server.cast(NumberCast::Add(1));
    step("call get");
    print(server.call(NumberCall::Get));
    step("send two messages");
    server.process().send_with_tag(PLAIN, "one".into());
    server.process().send_with_tag(PLAIN, "two".into());
    step("call infos");
    print(server.call(NumberCall::Infos));
    let monitor = server.id().monitor();
    step("call stop");
    print(server.call(NumberCall::Stop));
    println!("terminate: {}", mailbox.receive_tagged(&[TERMINATED]).0);
    println!("end: {}", monitor.wait().reason);
    step("call get");
    print(server.call(NumberCall::Get));
}

pub fn server_stop() {
    let mailbox = Mailbox::<String>::new();
    let end = |what: &str, end: fn(&Handle<Number>)| {
        let server = Number::start((1, mailbox.process())).expect("it does not refuse");
        let monitor = server.id().monitor();
        step(what);
        end(&server);
        println!("terminate: {}", mailbox.receive_tagged(&[TERMINATED]).0);
        println!("end: {}", monitor.wait().reason);
    };
    end("shutdown", |server| server.shutdown());
    end("fail", |server| server.cast(NumberCast::Fail));
}

/// Does not get far.
struct Unlucky;

message! {
    enum How { Refuse, Crash, Exit }
}

impl Server for Unlucky {
    type Args = How;
    type Call = Infallible;
    type Cast = Infallible;
    type Info = Infallible;

    fn init(how: How) -> Result<Unlucky, String> {
        match how {
            How::Refuse => Err("no luck".into()),
            How::Crash => panic!("as it was told"),
            How::Exit => std::process::exit(0),
        }
    }
}

pub fn server_init() {
    step("refuse");
    print(Unlucky::start(How::Refuse).map(|_| "started"));
    step("crash");
    print(Unlucky::start(How::Crash).map(|_| "started"));
    step("exit");
    print(Unlucky::start(How::Exit).map(|_| "started"));
}

/// Does not always answer.
struct Slow {
    unanswered: Vec<Reply<u64>>,
    late: Vec<Reply<u64>>,
}

message! {
    enum SlowCall {
        Never(Reply<u64>),
        Late(Reply<u64>),
        Get(Reply<u64>),
        Crash(Reply<u64>),
        Kill(Reply<u64>),
        Exit(Reply<u64>),
    }
}

impl Server for Slow {
    type Args = ();
    type Call = SlowCall;
    type Cast = Infallible;
    type Info = Infallible;

    fn init(_: ()) -> Result<Slow, String> {
        Ok(Slow { unanswered: Vec::new(), late: Vec::new() })
    }

    fn call(&mut self, request: SlowCall) -> Next {
        match request {
            SlowCall::Never(reply) => self.unanswered.push(reply),
            SlowCall::Late(reply) => self.late.push(reply),
            SlowCall::Get(reply) => {
                self.late.drain(..).for_each(|late| late.send(1));
                reply.send(42);
            }
            SlowCall::Crash(_) => panic!("as it was told"),
            SlowCall::Kill(_) => {
                lunatic_process::id().kill();
                sleep(Duration::MAX);
            }
            SlowCall::Exit(_) => std::process::exit(0),
        }
        Next::Continue
    }
}

pub fn call_timeout() {
    let slow = Slow::start(()).expect("it does not refuse");
    step("call never");
    print(slow.call_timeout(SlowCall::Never, Duration::from_millis(20)));
    step("call get");
    print(slow.call(SlowCall::Get));
    step("call late");
    print(slow.call_timeout(SlowCall::Late, Duration::from_millis(5)));
    step("call get");
    print(slow.call(SlowCall::Get));
    step("look");
    match Mailbox::<()>::new().event_timeout(Duration::ZERO) {
        None => println!("nothing"),
        Some(Event::Message((), tag)) => println!("message with tag {:?}", tag),
        other => println!("{:?}", other),
    }
}

pub fn call_dies() {
    let start = || Slow::start(()).expect("it does not refuse");
    step("crash");
    print(start().call(SlowCall::Crash));
    step("kill");
    print(start().call(SlowCall::Kill));
    step("exit");
    let slow = start();
    print(slow.call(SlowCall::Exit));
    step("call again");
    print(slow.call(SlowCall::Get));
}

/// Answers when it is told to.
#[derive(Default)]
struct Gate {
    waiting: Vec<Reply<u64>>,
}

message! {
    enum GateCall {
        Wait(Reply<u64>),
        Waiting(Reply<usize>),
        Release(u64, Reply<usize>),
    }
}

impl Server for Gate {
    type Args = ();
    type Call = GateCall;
    type Cast = Infallible;
    type Info = Infallible;

    fn init(_: ()) -> Result<Gate, String> {
        Ok(Gate::default())
    }

    fn call(&mut self, request: GateCall) -> Next {
        match request {
            GateCall::Wait(reply) => self.waiting.push(reply),
            GateCall::Waiting(reply) => reply.send(self.waiting.len()),
            GateCall::Release(n, reply) => {
                reply.send(self.waiting.len());
                self.waiting.drain(..).for_each(|waiting| waiting.send(n));
            }
        }
        Next::Continue
    }
}

pub fn deferred() {
    let gate = Gate::start(()).expect("it does not refuse");
    step("wait, three times");
    let wait: fn(Handle<Gate>) -> Result<u64, u8> = |gate| gate.call(GateCall::Wait).map_err(|_: RequestError| 1);
    let tasks = [(); 3].map(|()| Task::spawn(gate, wait));
    while gate.call(GateCall::Waiting).expect("it lives") < 3 {
        lunatic_process::yield_now();
    }
    step("release 7");
    print(gate.call(|reply| GateCall::Release(7, reply)));
    for task in tasks {
        match task.join() {
            Ok(Ok(value)) => println!("{}", value),
            other => println!("{:?}", other),
        }
    }
}
