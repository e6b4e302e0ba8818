//! Processes, mailboxes and tasks.

use std::time::Duration;

use lunatic_process::{
    message, sleep, spawn, spawn_link, task, trap_exits, Event, ExitReason, Mailbox, Name, ProcessId, Reply, Tag, Task,
};

const ZERO: Duration = Duration::ZERO;
const FOREVER: Duration = Duration::MAX;

fn wait_for_ever(mailbox: &Mailbox<()>) {
    mailbox.receive_tagged(&[Tag::new(99)]);
}

pub fn processes() {
    let me = Mailbox::<u32>::new();
    let parent = me.process();
    let (a, b) = (15, 7);
    spawn!(|parent, a, b, n = 20, _: Mailbox<()>| parent.send(n + a + b));
    println!("sum: {}", me.receive());

    let child = spawn!(|_mailbox: Mailbox<()>| {});
    match child.monitor().wait().reason {
        ExitReason::NoProcess => println!("monitor: {}", ExitReason::Normal),
        reason => println!("monitor: {}", reason),
    }

    let crash = Tag::new(1);
    let child = spawn!(|crash, mailbox: Mailbox<()>| {
        mailbox.receive_tagged(&[crash]);
        panic!("as it was told");
    });
    let monitor = child.monitor();
    child.send_with_tag(crash, ());
    println!("monitor: {}", monitor.wait().reason);

    let child = spawn!(|mailbox: Mailbox<()>| wait_for_ever(&mailbox));
    let monitor = child.monitor();
    child.kill();
    println!("monitor: {}", monitor.wait().reason);

    println!("monitor: {}", ProcessId::from_raw(999999).monitor().wait().reason);

    trap_exits(true);
    let (_, link) = spawn_link!(|_mailbox: Mailbox<()>| panic!("to see the link"));
    match me.event() {
        Event::Exit(exit) if exit.is_of(link) => println!("link: {}, tag matches", exit.reason),
        other => println!("link: {:?}", other),
    }

    let (child, _link) = spawn_link!(|_mailbox: Mailbox<()>| {});
    child.monitor().wait();
    match me.event_timeout(ZERO) {
        None => println!("link: nothing"),
        other => println!("link: {:?}", other),
    }

    let child = spawn!(|mailbox: Mailbox<()>| {
        mailbox.receive();
        spawn_link!(|_mailbox: Mailbox<()>| panic!("the grandchild"));
        wait_for_ever(&mailbox);
    });
    let monitor = child.monitor();
    child.send(());
    println!("linked: {}", monitor.wait().reason);

    let child = spawn!(|mailbox: Mailbox<()>| wait_for_ever(&mailbox));
    let alive = child.is_alive();
    let monitor = child.monitor();
    child.kill();
    monitor.wait();
    let word = |yes| if yes { "yes" } else { "no" };
    println!("exists: {}, {}", word(alive), word(child.is_alive()));
}

message! {
    enum Echo {
        Text(String, Reply<String>),
        Bytes(Vec<u8>, Reply<Vec<u8>>),
    }
}

fn echo(_: (), mailbox: Mailbox<Echo>) {
    loop {
        match mailbox.receive() {
            Echo::Text(text, reply) => reply.send(text),
            Echo::Bytes(bytes, reply) => reply.send(bytes),
        }
    }
}

const ME: Name<String> = Name::new("me");

pub fn mailbox() {
    let mailbox = Mailbox::<String>::new();
    let me = mailbox.process();
    let [one, two, three, four, five] = [1, 2, 3, 4, 5].map(Tag::new);

    me.send_with_tag(one, "a".into());
    me.send_with_tag(two, "b".into());
    me.send("c".into());
    me.send_with_tag(two, "d".into());
    let first = mailbox.receive_tagged(&[two]).0;
    let second = mailbox.receive_tagged(&[one, two]).0;
    println!("received: {} {} {} {}", first, second, mailbox.receive(), mailbox.receive());

    match mailbox.receive_tagged_timeout(&[five], Duration::from_millis(10)) {
        None => println!("timeout"),
        Some((text, _)) => println!("{}", text),
    }

    let echo = spawn((), echo);
    match echo.request(|reply| Echo::Text("hello".into(), reply)) {
        Ok(text) => println!("reply: {}", text),
        Err(error) => println!("reply: {}", error),
    }

    me.send_after_with_tag(Duration::from_millis(10), three, "later".into());
    me.send_with_tag(four, "now".into());
    let first = mailbox.receive_tagged(&[three, four]).0;
    println!("received: {} {}", first, mailbox.receive_tagged(&[three, four]).0);

    let timer = me.send_after_with_tag(Duration::from_secs(3600), three, "never".into());
    let canceled = if timer.cancel() { "yes" } else { "no" };
    match mailbox.receive_tagged_timeout(&[three], ZERO) {
        None => println!("canceled: {}, timeout", canceled),
        Some((text, _)) => println!("canceled: {}, {}", canceled, text),
    }

    ME.register(me);
    let found = ME.lookup() == Some(me);
    ME.unregister();
    println!("registry: {}, {}", if found { "found" } else { "another" }, ME.lookup().map_or("none", |_| "some"));

    let numbers = Mailbox::<u64>::new();
    let (to, tag) = (numbers.process(), Tag::new(8));
    spawn!(|to, tag, _: Mailbox<()>| (0..1000).for_each(|n| to.send_with_tag(tag, n)));
    let all: Vec<u64> = (0..1000).map(|_| numbers.receive_tagged(&[tag]).0).collect();
    let order = if all.windows(2).all(|pair| pair[0] < pair[1]) { "in order" } else { "not in order" };
    println!("sum: {}, {}", all.iter().sum::<u64>(), order);

    let large: Vec<u8> = (0..100_000).map(|i| (i % 251) as u8).collect();
    let back = echo.request(|reply| Echo::Bytes(large.clone(), reply));
    println!("large: {}", if back == Ok(large) { "same" } else { "different" });
}

pub fn task() {
    let (a, b) = (6, 7);
    match task!(|a, b| a * b).join() {
        Ok(value) => println!("value: {}", value),
        Err(error) => println!("{}", error),
    }

    fn fail(_: ()) -> u32 {
        panic!("to see the error")
    }
    crate::print(Task::spawn((), fail).join());

    let mut endless = task!(|| sleep(FOREVER));
    match endless.join_timeout(Duration::from_millis(20)) {
        Ok(()) => println!("value"),
        Err(error) => println!("{}", error),
    }
    endless.cancel();
    println!("canceled");

    let (linked, _link) = Task::spawn_link((), |()| 1);
    match linked.join() {
        Ok(value) => println!("value: {}", value),
        Err(error) => println!("{}", error),
    }
}

/// A process that is of no use but to be ended.
pub fn stubborn(_: (), mailbox: Mailbox<()>) {
    wait_for_ever(&mailbox);
}
