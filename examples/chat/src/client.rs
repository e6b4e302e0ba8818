//! A client: the process of a connection. Another one reads its lines; they are linked.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::{Duration, Instant};

use lunatic_process::net::TcpStream;
use lunatic_process::{
    id, lookup, message, spawn_link, Event, Handle, Mailbox, Monitor, Process, Reply,
};

use crate::rooms::{Call, Cast, Room};
use crate::{acceptor, names, rooms, PATIENCE};

const LOBBY: &str = "lobby";
/// The longest line, in bytes; the rest is another one.
const MAX_LINE: u64 = 1000;
const MAX_NAME: usize = 20;
/// A client that does not read for so long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

message! {
    pub enum ToClient {
        /// What somebody says, or what happens, in the room.
        Text(String),
        /// What has been typed. The answer asks for more.
        Line(String, Reply<()>),
        /// The connection is at its end.
        Closed,
    }
}

struct Client {
    stream: TcpStream,
    me: Process<ToClient>,
    name: String,
    room_name: String,
    room: Handle<Room>,
    monitor: Monitor,
    may_crash: bool,
}

/// The life of a client.
pub fn serve((stream, may_crash): (TcpStream, bool), mailbox: Mailbox<ToClient>) {
    // An error means that nobody is there any more.
    if let Ok(reading) = stream.try_clone() {
        let me = mailbox.process();
        let (reader, link) = spawn_link!(|reading, me, _: Mailbox<()>| read(reading, me));
        let _ = talk(stream, may_crash, &mailbox);
        // It may wait for a line, and has the connection open.
        link.unlink();
        reader.kill();
    }
}

/// Passes on lines, one at a time: who types faster than the client can follow has to wait.
fn read(stream: TcpStream, client: Process<ToClient>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        match (&mut stream).take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(n) if n > 0 => {
                let line = String::from_utf8_lossy(&line).trim().to_owned();
                if client.request(|reply| ToClient::Line(line, reply)).is_err() {
                    return;
                }
            }
            _ => return client.send(ToClient::Closed),
        }
    }
}

fn talk(stream: TcpStream, may_crash: bool, mailbox: &Mailbox<ToClient>) -> io::Result<()> {
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    let me = mailbox.process();
    let name = format!("guest{}", id());
    names::claim(&name, id());
    writeln(
        &stream,
        &format!(
            "* welcome, {}: /nick NAME, /join ROOM, /list, /who, /quit",
            name
        ),
    )?;
    let (room, monitor, n) = join(LOBBY, &name, me, false).expect("there is a lobby");
    writeln(&stream, &format!("* {}: {} here", LOBBY, n))?;
    let mut client = Client {
        stream,
        me,
        name,
        room_name: LOBBY.to_owned(),
        room,
        monitor,
        may_crash,
    };
    loop {
        match mailbox.event() {
            Event::Message(ToClient::Text(text), _) => client.print(&text)?,
            Event::Message(ToClient::Line(line, more), _) => {
                if line == "/quit" {
                    return client.print("* bye");
                }
                client.typed(&line)?;
                more.send(());
            }
            Event::Message(ToClient::Closed, _) => return Ok(()),
            Event::Down(down) if down.is_of(client.monitor) => client.come_back()?,
            Event::Down(_) | Event::Exit(_) => {}
            Event::Shutdown => return Ok(()),
        }
    }
}

impl Client {
    fn print(&self, text: &str) -> io::Result<()> {
        writeln(&self.stream, text)
    }

    fn typed(&mut self, line: &str) -> io::Result<()> {
        match line
            .split_once(' ')
            .map_or((line, ""), |(command, rest)| (command, rest.trim()))
        {
            ("", _) => Ok(()),
            ("/nick", name) => self.rename(name),
            ("/join", room) => self.join(room),
            ("/list", "") => self.list(),
            ("/who", "") => self.who(),
            ("/crash", what) if self.may_crash => self.crash(what),
            (command, _) if command.starts_with('/') => {
                self.print(&format!("* no such command: {}", line))
            }
            _ => {
                self.room.cast(Cast::Say {
                    from: id(),
                    text: line.to_owned(),
                });
                Ok(())
            }
        }
    }

    fn rename(&mut self, name: &str) -> io::Result<()> {
        if !is_name(name) {
            return self.print("* a name has 1 to 20 letters and digits");
        }
        if name == self.name || !names::claim(name, id()) {
            return self.print(&format!("* {} is taken", name));
        }
        names::release(&self.name);
        self.name = name.to_owned();
        self.room.cast(Cast::Rename {
            client: id(),
            name: name.to_owned(),
        });
        self.print(&format!("* you are {}", name))
    }

    fn join(&mut self, name: &str) -> io::Result<()> {
        if !is_name(name) {
            return self.print("* a room has 1 to 20 letters and digits");
        }
        if name == self.room_name {
            return self.print(&format!("* you are in {}", name));
        }
        let joined = join(name, &self.name, self.me, false);
        let (room, monitor, n) = match joined {
            Some(joined) => joined,
            None => return self.print("* there are too many rooms"),
        };
        self.monitor.stop();
        self.room.cast(Cast::Leave(id()));
        self.room_name = name.to_owned();
        self.room = room;
        self.monitor = monitor;
        self.print(&format!("* {}: {} here", name, n))
    }

    fn list(&self) -> io::Result<()> {
        let rooms = rooms::list();
        self.print(&format!("* {} rooms", rooms.len()))?;
        rooms
            .iter()
            .try_for_each(|(name, n)| self.print(&format!("* {}: {} here", name, n)))
    }

    fn who(&self) -> io::Result<()> {
        // If the room has just ended there will be a notice of it.
        let mut people = self.room.call(Call::Who).unwrap_or_default();
        people.sort();
        self.print(&format!("* here: {}", people.join(", ")))
    }

    /// Goes back to the room, which has crashed.
    fn come_back(&mut self) -> io::Result<()> {
        if let Some((room, monitor, _)) = join(&self.room_name, &self.name, self.me, true) {
            self.room = room;
            self.monitor = monitor;
        }
        self.print(&format!("* {} was restarted", self.room_name))
    }

    /// Kills a process, to show that the rest lives on.
    fn crash(&self, what: &str) -> io::Result<()> {
        let victim = match what {
            names::ID | rooms::ID | acceptor::ID => lookup(what),
            _ => names::find(what).or_else(|| rooms::process(what)),
        };
        match victim {
            Some(process) => {
                process.kill();
                self.print(&format!("* killed {}", what))
            }
            None => self.print(&format!("* there is no {}", what)),
        }
    }
}

/// Enters a room: the room, what tells of its end, and how many are there. None if it cannot be made.
fn join(
    name: &str,
    person: &str,
    client: Process<ToClient>,
    back: bool,
) -> Option<(Handle<Room>, Monitor, usize)> {
    let began = Instant::now();
    loop {
        let room = rooms::open(name)?;
        let monitor = room.id().monitor();
        let join = |reply| Call::Join {
            name: person.to_owned(),
            client,
            back,
            reply,
        };
        match room.call(join) {
            Ok(n) => return Some((room, monitor, n)),
            // It has ended meanwhile.
            Err(_) => monitor.stop(),
        }
        assert!(began.elapsed() < PATIENCE, "{} cannot be entered", name);
    }
}

fn is_name(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn writeln(mut stream: &TcpStream, text: &str) -> io::Result<()> {
    // Text of others must not look like the terminal's own.
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect();
    stream.write_all((text + "\r\n").as_bytes())
}
