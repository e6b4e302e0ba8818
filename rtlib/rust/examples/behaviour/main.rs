//! Plays the scenario that the first argument names: see rtlib/behaviour.

mod processes;
mod servers;
mod supervisors;
mod worker;

use std::fmt::Display;

/// Says what is going to be done.
fn step(text: &str) {
    println!("> {}", text);
}

/// Prints a value, or why there is none.
fn print<T: Display, E: Display>(result: Result<T, E>) {
    match result {
        Ok(value) => println!("{}", value),
        Err(error) => println!("{}", error),
    }
}

fn main() {
    let scenario = std::env::args().nth(1).unwrap_or_default();
    let play: fn() = match scenario.as_str() {
        "processes" => processes::processes,
        "mailbox" => processes::mailbox,
        "task" => processes::task,
        "server" => servers::server,
        "server_init" => servers::server_init,
        "server_stop" => servers::server_stop,
        "call_timeout" => servers::call_timeout,
        "call_dies" => servers::call_dies,
        "deferred" => servers::deferred,
        "restart_types" => supervisors::restart_types,
        "one_for_all" => supervisors::one_for_all,
        "rest_for_one" => supervisors::rest_for_one,
        "intensity" => supervisors::intensity,
        "period" => supervisors::period,
        "shutdown" => supervisors::shutdown,
        "start_fails" => supervisors::start_fails,
        "restart_fails" => supervisors::restart_fails,
        "dynamic" => supervisors::dynamic,
        "names" => supervisors::names,
        "supervisor_killed" => supervisors::supervisor_killed,
        "nested" => supervisors::nested,
        _ => {
            eprintln!("behaviour: no scenario {:?}", scenario);
            std::process::exit(2);
        }
    };
    play();
}
