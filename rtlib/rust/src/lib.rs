//! Processes in the sense of Erlang for Rust programs that `lunatic-run` runs: processes that share no memory,
//! typed mailboxes, links and monitors, servers and supervisors, and sockets in the shape of `std::net`.
//!
//! ```no_run
//! use lunatic_process::{message, spawn, Mailbox, Reply};
//!
//! message! {
//!     enum Sum {
//!         Add(u64),
//!         Total(Reply<u64>),
//!     }
//! }
//!
//! let sum = spawn!(|first = 40, mailbox: Mailbox<Sum>| {
//!     let mut total: u64 = first;
//!     loop {
//!         match mailbox.receive() {
//!             Sum::Add(n) => total += n,
//!             Sum::Total(reply) => reply.send(total),
//!         }
//!     }
//! });
//! sum.send(Sum::Add(2));
//! assert_eq!(sum.request(Sum::Total), Ok(42));
//! ```
//!
//! # Where to look
//!
//! | for | see |
//! | --- | --- |
//! | processes | [`spawn!`], [`spawn_link!`], [`Spawn`], [`Process`], [`ProcessId`], [`Config`], [`Module`] |
//! | messages | [`message!`], [`Message`], [`Mailbox`], [`Tag`], [`Reply`], [`Timer`] |
//! | ends of processes | [`trap_exits`], [`Link`], [`Monitor`], [`ExitReason`], [`catch`] |
//! | names | [`Name`], [`register`], [`lookup`] |
//! | servers | [`Server`], [`Handle`], [`Start`] |
//! | supervision | [`Supervisor`], [`ChildSpec`], [`SupervisorHandle`] |
//! | single values | [`task!`], [`Task`] |
//! | the network | [`net`] |
//! | databases, counters | [`sqlite`], [`metrics`] |
//!
//! # What to know
//!
//! - A process is an instance of the whole module: its statics and thread locals are its own, and begin as they
//!   are in the module. `main` runs in the first process; when it returns, all processes end.
//! - A panic ends its process and no other. The reason is [`ExitReason::Failed`]. No destructor runs, as always
//!   where panics abort; sockets and what else the host holds are closed.
//! - While a process waits, for a message, a socket or a timer, it uses no thread. `std::thread::sleep` and
//!   reading standard input wait in the same way.
//! - What a closure of [`spawn!`] takes from outside has to be named, since it is sent.

#![warn(missing_docs)]

mod config;
mod error;
mod host;
mod mailbox;
mod message;
pub mod metrics;
mod module;
pub mod net;
mod process;
mod registry;
mod server;
mod spawn;
pub mod sqlite;
mod supervisor;
mod tag;
mod task;
mod time;
mod trap;

pub use config::Config;
pub use error::HostError;
pub use mailbox::{Event, Mailbox};
pub use message::{DecodeError, Decoder, Encoder, Message};
pub use module::Module;
pub use process::{
    id, sleep, trap_exits, yield_now, Down, Exit, ExitReason, Link, Monitor, Process, ProcessId, Reply, RequestError,
    Timer,
};
pub use registry::{lookup, register, unregister, Name};
pub use server::{Handle, Info, Next, Server, Start, StartError, Stop};
pub use spawn::{spawn, spawn_link, Param, Spawn};
pub use supervisor::{ChildError, ChildSpec, Restart, Shutdown, Strategy, Supervisor, SupervisorHandle};
pub use tag::Tag;
pub use task::Task;
pub use trap::{catch, Trapped};
