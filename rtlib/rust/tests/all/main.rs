//! The tests of the crate. They are run by lunatic-run, in one process and one after another, so each takes
//! out of the mailbox what it has caused.

mod configs;
mod messages;
mod modules;
mod net;
mod processes;
mod servers;
mod sqlite;
mod supervisors;
