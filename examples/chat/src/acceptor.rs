//! Accepts connections, and gives each a process.

use std::net::Ipv4Addr;
use std::time::Duration;

use lunatic_process::net::TcpListener;
use lunatic_process::{
    message, sleep, spawn, ChildSpec, Mailbox, ProcessId, Reply, RequestError, Shutdown, StartError,
};

use crate::{client, registered};

pub const ID: &str = "acceptor";

message! {
    /// Listen on this port, and say whether that is possible.
    struct Listen {
        port: u16,
        reply: Reply<Result<(), String>>,
    }
}

/// It has no time for a request to end: while it accepts it does not receive.
pub fn child(port: u16, may_crash: bool) -> ChildSpec {
    registered(ChildSpec::with(ID, (port, may_crash), start).shutdown(Shutdown::BrutalKill))
}

fn start((port, may_crash): (u16, bool)) -> Result<ProcessId, StartError> {
    let acceptor = spawn(may_crash, accept);
    match acceptor.request(|reply| Listen { port, reply }) {
        Ok(Ok(())) => Ok(acceptor.id()),
        Ok(Err(text)) => Err(StartError::Refused(text)),
        Err(RequestError::Down(reason)) => Err(StartError::Ended(reason)),
        Err(error) => Err(StartError::Refused(error.to_string())),
    }
}

fn accept(may_crash: bool, mailbox: Mailbox<Listen>) {
    let Listen { port, reply } = mailbox.receive();
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(listener) => listener,
        Err(error) => return reply.send(Err(error.to_string())),
    };
    reply.send(Ok(()));
    loop {
        match listener.accept() {
            Ok((stream, _)) => drop(spawn((stream, may_crash), client::serve)),
            // The client is gone again, or there are no descriptors left: those come back.
            Err(error) => {
                eprintln!("chat: accept: {}", error);
                sleep(Duration::from_millis(10));
            }
        }
    }
}
