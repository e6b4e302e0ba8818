//! Configurations: what is set is there, and what is not permitted does not happen.

use std::io::ErrorKind;
use std::time::Duration;

use lunatic_process::net::TcpListener;
use lunatic_process::{sleep, spawn, Config, ExitReason, Mailbox, Module, Process, Spawn};

#[test]
fn settings() {
    let mut config = Config::new().unwrap();
    assert_eq!((config.max_memory(), config.max_fuel()), (u64::from(u32::MAX), 0));
    assert!(!config.can_spawn_processes() && !config.can_compile_modules() && !config.can_create_configs());
    config.set_max_memory(1 << 24).set_max_fuel(3).set_max_messages(10).set_max_mailbox(1000);
    config.set_can_spawn_processes(true).set_can_compile_modules(true).set_can_create_configs(true);
    assert_eq!((config.max_memory(), config.max_fuel()), (1 << 24, 3));
    assert_eq!((config.max_messages(), config.max_mailbox()), (10, 1000));
    assert!(config.can_spawn_processes() && config.can_compile_modules() && config.can_create_configs());
    assert!(config.allow_connect("10.0.0.0/99").is_err());
    assert!(config.allow_connect("10.0.0.0/8").is_ok());
    assert!(config.deny_connect("10.1.0.0/16:80").is_ok());
    assert!(config.deny_listen("*").is_ok());
    assert!(config.allow_resolve("*.example.com").is_ok());
    assert!(config.deny_resolve("a.example.com").is_ok());
}

#[test]
fn what_a_child_gets() {
    let me = Mailbox::<(Vec<String>, Option<String>)>::new();
    let mut config = Config::new().unwrap();
    config.arg("program").arg("first").env("KEY", "value").forbid_namespace("lunatic::distributed");
    let child = Spawn::new().config(&config);
    let child = child.start(me.process(), |parent: Process<_>, _: Mailbox<()>| {
        parent.send((std::env::args().collect(), std::env::var("KEY").ok()));
    });
    child.unwrap();
    assert_eq!(me.receive(), (vec!["program".into(), "first".into()], Some("value".into())));
}

#[test]
fn what_a_child_may_not() {
    let me = Mailbox::<Vec<String>>::new();
    let mut config = Config::new().unwrap();
    config.allow_listen("127.0.0.1:1").unwrap();
    let child = Spawn::new().config(&config).start(me.process(), |parent: Process<_>, _: Mailbox<()>| {
        let spawned = Spawn::new().start((), |(), _: Mailbox<()>| {}).map(|_| ());
        let listens = TcpListener::bind("127.0.0.1:0").map(|_| ()).map_err(|error| error.kind());
        parent.send(vec![
            spawned.unwrap_err().to_string(),
            Config::new().unwrap_err().to_string(),
            Module::load(&[]).unwrap_err().to_string(),
            format!("{:?}", listens.unwrap_err()),
        ]);
    });
    child.unwrap();
    assert_eq!(
        me.receive(),
        [
            "permission denied: spawn processes (config_set_can_spawn_processes)",
            "permission denied: create configurations",
            "permission denied: load modules",
            &format!("{:?}", ErrorKind::PermissionDenied),
        ]
    );
}

#[test]
fn limits() {
    let mut config = Config::new().unwrap();
    config.set_max_fuel(1);
    let endless = |(), mailbox: Mailbox<()>| {
        mailbox.receive();
        #[allow(clippy::empty_loop)] // it is what is limited
        loop {}
    };
    let child = Spawn::new().config(&config).start((), endless).unwrap();
    let monitor = child.monitor();
    child.send(());
    assert_eq!(monitor.wait().reason, ExitReason::Failed);

    let mut config = Config::new().unwrap();
    config.set_max_messages(100);
    let me = Mailbox::<()>::new();
    let child = Spawn::new().config(&config).start(me.process(), |parent: Process<()>, mailbox: Mailbox<()>| {
        // It has seen the monitor, which came before the message.
        mailbox.receive();
        parent.send(());
        sleep(Duration::MAX);
    });
    let child = child.unwrap();
    let monitor = child.monitor();
    child.send(());
    me.receive();
    (0..101).for_each(|_| child.send(()));
    assert_eq!(monitor.wait().reason, ExitReason::Failed);
}

// This program imports from it.
#[test]
fn a_forbidden_namespace() {
    let mut config = Config::new().unwrap();
    config.forbid_namespace("lunatic::sqlite");
    let error = Spawn::new().config(&config).start((), |(), _: Mailbox<()>| {}).unwrap_err();
    assert!(error.to_string().contains("lunatic::sqlite"), "{}", error);
}

#[test]
fn a_memory_that_is_too_small() {
    let mut config = Config::new().unwrap();
    config.set_max_memory(1);
    assert!(Spawn::new().config(&config).start((), |(), _: Mailbox<()>| {}).is_err());
    drop(config);
    spawn((), |(), _: Mailbox<()>| {}).monitor().wait();
}
