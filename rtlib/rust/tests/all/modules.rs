//! Modules that are loaded.

use std::time::Duration;

use lunatic_process::{spawn, trap_exits, Event, ExitReason, Mailbox, Module, Param, Process};

/// Exports `divide(i32, i32)`, which traps if the second is 0, and drops the quotient. By hand:
///
/// ```wat
/// (module (func (export "divide") (param i32 i32)
///   local.get 0 local.get 1 i32.div_u drop))
/// ```
#[rustfmt::skip]
const DIVIDE: &[u8] = &[
    0, b'a', b's', b'm', 1, 0, 0, 0,
    1, 6, 1, 0x60, 2, 0x7f, 0x7f, 0,                            // a type: (i32, i32) -> ()
    3, 2, 1, 0,                                                 // a function of it
    7, 10, 1, 6, b'd', b'i', b'v', b'i', b'd', b'e', 0, 0,      // its export
    10, 10, 1, 8, 0, 0x20, 0, 0x20, 1, 0x6e, 0x1a, 0x0b,        // its body
];

/// What a link tells of a process that calls the function: nothing if it ends normally.
fn end(module: &Module, function: &str, params: &[Param]) -> Option<ExitReason> {
    let (process, link) = module.spawn_link(function, params).unwrap();
    process.monitor().wait();
    match Mailbox::<()>::new().event_timeout(Duration::ZERO)? {
        Event::Exit(exit) if exit.is_of(link) => Some(exit.reason),
        other => panic!("{:?}", other),
    }
}

#[test]
fn a_module_runs() {
    let module = Module::load(DIVIDE).unwrap();
    trap_exits(true);
    assert_eq!(end(&module, "divide", &[Param::I32(1), Param::I32(1)]), None);
    assert_eq!(end(&module, "divide", &[Param::I32(1), Param::I32(0)]), Some(ExitReason::Failed));
    assert_eq!(end(&module, "divide", &[Param::I32(1), Param::I64(1)]), Some(ExitReason::Failed));
    assert_eq!(end(&module, "multiply", &[]), Some(ExitReason::Failed));
    trap_exits(false);
}

#[test]
fn a_module_is_sent() {
    let me = Mailbox::<bool>::new();
    let module = Module::load(DIVIDE).unwrap();
    let child = spawn(me.process(), |parent: Process<bool>, mailbox: Mailbox<Module>| {
        let module = mailbox.receive();
        parent.send(module.spawn("divide", &[Param::I32(4), Param::I32(2)]).is_ok());
    });
    child.send(module);
    assert!(me.receive());
}

#[test]
fn bytes_that_are_no_module() {
    let error = Module::load(b"hello").map(|_| ()).unwrap_err();
    assert!(!error.to_string().is_empty());
}
