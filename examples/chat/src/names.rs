//! Names of people. Who has which is in the registry of the host, so that nothing is lost with this server; it
//! only sees to it that one asks after another.

use std::convert::Infallible;

use lunatic_process::{
    lookup, message, register, unregister, ChildSpec, Next, ProcessId, Reply, Server,
};

use crate::{call, registered};

pub const ID: &str = "names";

pub struct Names;

message! {
    pub struct Claim {
        name: String,
        client: ProcessId,
        reply: Reply<bool>,
    }
}

impl Server for Names {
    type Args = ();
    type Call = Claim;
    type Cast = Infallible;
    type Info = Infallible;

    fn init(_: ()) -> Result<Names, String> {
        Ok(Names)
    }

    fn call(
        &mut self,
        Claim {
            name,
            client,
            reply,
        }: Claim,
    ) -> Next {
        let name = key(&name);
        let is_free = lookup(&name).map_or(true, |owner| owner == client);
        if is_free {
            register(&name, client);
        }
        reply.send(is_free);
        Next::Continue
    }
}

pub fn child() -> ChildSpec {
    registered(ChildSpec::server::<Names>(ID, ()))
}

/// Gives the name to a client if nobody has it.
pub fn claim(name: &str, client: ProcessId) -> bool {
    call::<Names, bool>(ID, |reply| Claim {
        name: name.to_owned(),
        client,
        reply,
    })
}

/// Takes a name back.
pub fn release(name: &str) {
    unregister(&key(name));
}

/// The client with that name.
pub fn find(name: &str) -> Option<ProcessId> {
    lookup(&key(name))
}

fn key(name: &str) -> String {
    format!("person {}", name)
}
