//! The server that the scenarios of supervisors supervise.

use std::convert::Infallible;

use lunatic_process::{message, ChildSpec, Handle, Next, Reply, Server};

/// Keeps a number.
pub struct Worker(u64);

message! {
    /// How a worker is started.
    #[derive(Clone, Copy)]
    pub enum Begin {
        Well,
        /// Its init refuses.
        Refused,
        /// Its init asks the server that is registered as `switch`.
        IfSwitched,
    }

    pub enum Call {
        Add(u64, Reply<u64>),
        Get(Reply<u64>),
    }

    pub enum Cast {
        Stop,
        Crash,
    }
}

impl Server for Worker {
    type Args = Begin;
    type Call = Call;
    type Cast = Cast;
    type Info = Infallible;

    fn init(begin: Begin) -> Result<Worker, String> {
        let well = match begin {
            Begin::Well => true,
            Begin::Refused => false,
            Begin::IfSwitched => super::supervisors::is_switched_on(),
        };
        well.then_some(Worker(0)).ok_or_else(|| "no luck".to_owned())
    }

    fn call(&mut self, request: Call) -> Next {
        match request {
            Call::Add(n, reply) => {
                self.0 += n;
                reply.send(self.0);
            }
            Call::Get(reply) => reply.send(self.0),
        }
        Next::Continue
    }

    fn cast(&mut self, request: Cast) -> Next {
        match request {
            Cast::Stop => Next::Stop,
            Cast::Crash => panic!("as it was told"),
        }
    }
}

pub fn worker(id: &str) -> ChildSpec {
    ChildSpec::server::<Worker>(id, Begin::Well)
}

pub fn add(worker: Handle<Worker>, n: u64) {
    crate::print(worker.call(|reply| Call::Add(n, reply)));
}

pub fn get(worker: Handle<Worker>) {
    crate::print(worker.call(Call::Get));
}
