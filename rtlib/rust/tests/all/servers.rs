//! What rtlib/behaviour does not ask about servers.

use std::time::Duration;

use lunatic_process::{
    lookup, message, trap_exits, Event, ExitReason, Handle, Info, Mailbox, Next, Process, Reply, RequestError, Server,
    Start, StartError,
};

/// Passes on what it gets as info.
struct Witness {
    parent: Process<String>,
}

message! {
    enum Call {
        /// A request to itself, within a call: what arrives meanwhile must not be lost.
        Nested(Process<String>, Reply<u32>),
        TrapExits(Reply<()>),
        Forward(Handle<Other>, Reply<u32>),
    }

    struct Slow(u64);
}

/// Is asked by others.
struct Other;

message! {
    struct OtherCall(Reply<u32>);
}

impl Server for Other {
    type Args = ();
    type Call = OtherCall;
    type Cast = ();
    type Info = ();

    fn init(_: ()) -> Result<Other, String> {
        Ok(Other)
    }

    fn call(&mut self, OtherCall(reply): OtherCall) -> Next {
        reply.send(7);
        Next::Continue
    }
}

impl Server for Witness {
    type Args = (Process<String>, Slow);
    type Call = Call;
    type Cast = ();
    type Info = String;

    fn init((parent, Slow(millis)): Self::Args) -> Result<Witness, String> {
        lunatic_process::sleep(Duration::from_millis(millis));
        Ok(Witness { parent })
    }

    fn call(&mut self, request: Call) -> Next {
        match request {
            Call::Nested(process, reply) => {
                // It ends at this message, so the receive finds its notice first.
                process.monitor();
                process.send("end".into());
                let mailbox = Mailbox::<String>::new();
                while process.is_alive() {
                    lunatic_process::yield_now();
                }
                assert_eq!(mailbox.receive_timeout(Duration::from_millis(1)), None);
                reply.send(1);
            }
            Call::TrapExits(reply) => {
                trap_exits(true);
                reply.send(());
            }
            Call::Forward(other, reply) => {
                // The other one answers in its place.
                other.id().cast::<()>();
                reply.send(other.call(OtherCall).unwrap());
            }
        }
        Next::Continue
    }

    fn info(&mut self, info: Info<String>) -> Next {
        self.parent.send(match info {
            Info::Message(text, tag) => format!("{} {:?}", text, tag.map(|tag| tag.get())),
            Info::Down(down) => format!("down {}", down.reason),
            Info::Exit(exit) => format!("exit {}", exit.reason),
        });
        Next::Continue
    }
}

#[test]
fn infos() {
    let me = Mailbox::<String>::new();
    let server = Witness::start((me.process(), Slow(0))).unwrap();
    server.process().send("plain".into());
    assert_eq!(me.receive(), "plain None");
    server.call(Call::TrapExits).unwrap();
    let child = lunatic_process::spawn(server, |server: Handle<Witness>, _: Mailbox<()>| {
        server.id().link();
        panic!("as it should");
    });
    assert_eq!(me.receive(), "exit failed");
    assert!(!child.is_alive());
    // What is for nobody is dropped.
    server.id().cast::<u8>().send(1);
    let ends = lunatic_process::spawn((), |(), mailbox: Mailbox<String>| {
        mailbox.receive();
    });
    assert_eq!(server.call(|reply| Call::Nested(ends, reply)), Ok(1));
    assert_eq!(me.receive(), "down normal");
    server.id().kill();
}

#[test]
fn servers_that_call_servers() {
    let me = Mailbox::<String>::new();
    let server = Witness::start((me.process(), Slow(0))).unwrap();
    let other = Other::start(()).unwrap();
    assert_eq!(server.call(|reply| Call::Forward(other, reply)), Ok(7));
    server.shutdown();
    other.shutdown();
    let monitor = server.id().monitor();
    monitor.wait();
    assert_eq!(server.call(Call::TrapExits), Err(RequestError::Down(ExitReason::NoProcess)));
}

#[test]
fn starting() {
    let me = Mailbox::<String>::new();
    let named = Start::new().name("servers/other").server::<Other>(()).unwrap();
    assert_eq!(lookup("servers/other"), Some(named.id()));
    named.shutdown();

    let late = Start::new().timeout(Duration::from_millis(1)).server_link::<Witness>((me.process(), Slow(3_600_000)));
    assert_eq!(late, Err(StartError::TimedOut));

    let (linked, link) = Other::start_link(()).unwrap();
    trap_exits(true);
    linked.id().kill();
    match me.event() {
        Event::Exit(exit) => assert!(exit.is_of(link)),
        other => panic!("{:?}", other),
    }
    trap_exits(false);
    assert_eq!(me.event_timeout(Duration::ZERO), None);
}
