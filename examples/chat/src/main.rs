//! A chat server for telnet: a process for each connection and for each room, and a supervisor over what they
//! have in common. Kill any process, and the rest lives on.
//!
//! ```text
//! chat (the supervisor)
//! ├── names        gives names to people
//! ├── rooms        a supervisor
//! │   ├── lobby    a room
//! │   └── ...
//! └── acceptor     accepts connections
//!     client, client, ...: not supervised, because nobody could give them their connections back
//! ```

mod acceptor;
mod client;
mod names;
mod rooms;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use lunatic_process::net::TcpListener;
use lunatic_process::{
    lookup, sleep, ChildSpec, Handle, Mailbox, Message, Reply, Server, Strategy, Supervisor,
};

/// How long a service may be gone before its users give up. It is back at once, unless it fails again and
/// again.
const PATIENCE: Duration = Duration::from_secs(10);

/// More restarts than anybody can cause by hand.
const RESTARTS: (usize, Duration) = (100, Duration::from_secs(5));

fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let may_crash = args
        .iter()
        .position(|arg| arg == "--crash")
        .map(|i| args.remove(i))
        .is_some();
    let port = match args.as_slice() {
        [] => Ok(2323),
        [port] => port.parse(),
        _ => "".parse(),
    };
    let result = match port {
        Ok(port) => serve(port, may_crash),
        Err(_) => Err("usage: chat [--crash] [PORT]".to_owned()),
    };
    if let Err(error) = result {
        eprintln!("chat: {}", error);
        std::process::exit(1);
    }
}

/// Runs the server. The log is what the supervisor does.
fn serve(port: u16, may_crash: bool) -> Result<(), String> {
    let port = chosen(port).map_err(|error| error.to_string())?;
    let log = Mailbox::<String>::new();
    let (restarts, period) = RESTARTS;
    let supervisor = Supervisor::new(Strategy::OneForOne)
        .intensity(restarts, period)
        .events(log.process())
        .child(names::child())
        .child(rooms::child(log.process()))
        .child(acceptor::child(port, may_crash))
        .start()
        .map_err(|error| error.to_string())?;
    let supervisor = supervisor.id().monitor();
    println!("listening on 127.0.0.1:{}", port);
    loop {
        match log.event() {
            lunatic_process::Event::Message(event, _) => println!("{}", event),
            lunatic_process::Event::Down(down) if down.is_of(supervisor) => {
                return Err("gave up".to_owned())
            }
            _ => {}
        }
    }
}

/// A port to listen on, which stays the same when the acceptor is started again.
fn chosen(port: u16) -> std::io::Result<u16> {
    match port {
        0 => Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port()),
        _ => Ok(port),
    }
}

/// Calls a server by its name. One that has just ended is started again: then the call is made again.
fn call<S: Server, R: Message>(name: &str, make: impl Fn(Reply<R>) -> S::Call) -> R {
    let began = Instant::now();
    loop {
        let answer = lookup(name).map(|id| Handle::<S>::from_id(id).call(&make));
        match answer {
            Some(Ok(answer)) => return answer,
            _ if began.elapsed() > PATIENCE => panic!("{} does not answer", name),
            _ => sleep(Duration::from_millis(5)),
        }
    }
}

/// A child that is registered under its id.
fn registered(child: ChildSpec) -> ChildSpec {
    let name = child.id().to_owned();
    child.name(name)
}
