//! Rooms: servers that know who is in them. One that crashes is started again, empty; those who were in it
//! notice, and come back.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use lunatic_process::{
    lookup, message, sleep, ChildError, ChildSpec, Handle, Info, Next, Process, ProcessId, Reply,
    Server, Strategy, Supervisor, SupervisorHandle,
};

use crate::client::ToClient;
use crate::{registered, PATIENCE, RESTARTS};

pub const ID: &str = "rooms";
const MAX_ROOMS: usize = 1000;

#[derive(Default)]
pub struct Room {
    /// In the order in which they came, more or less: by their ids.
    people: BTreeMap<ProcessId, Person>,
}

struct Person {
    name: String,
    client: Process<ToClient>,
}

message! {
    pub enum Call {
        /// Answers how many are there. Who comes back is not announced.
        Join { name: String, client: Process<ToClient>, back: bool, reply: Reply<usize> },
        Who(Reply<Vec<String>>),
        Count(Reply<usize>),
    }

    pub enum Cast {
        Say { from: ProcessId, text: String },
        Rename { client: ProcessId, name: String },
        Leave(ProcessId),
    }
}

impl Server for Room {
    type Args = ();
    type Call = Call;
    type Cast = Cast;
    type Info = Infallible;

    fn init(_: ()) -> Result<Room, String> {
        Ok(Room::default())
    }

    fn call(&mut self, request: Call) -> Next {
        match request {
            Call::Join {
                name,
                client,
                back,
                reply,
            } => {
                if !back {
                    self.tell(client.id(), &format!("* {} has joined", name));
                }
                client.monitor();
                self.people.insert(client.id(), Person { name, client });
                reply.send(self.people.len());
            }
            Call::Who(reply) => reply.send(
                self.people
                    .values()
                    .map(|person| person.name.clone())
                    .collect(),
            ),
            Call::Count(reply) => reply.send(self.people.len()),
        }
        Next::Continue
    }

    fn cast(&mut self, request: Cast) -> Next {
        match request {
            Cast::Say { from, text } => {
                if let Some(person) = self.people.get(&from) {
                    self.tell(from, &format!("{}: {}", person.name, text));
                }
            }
            Cast::Rename { client, name } => {
                if let Some(person) = self.people.get_mut(&client) {
                    let text = format!("* {} is now {}", person.name, name);
                    person.name = name;
                    self.tell(client, &text);
                }
            }
            Cast::Leave(client) => self.leave(client),
        }
        Next::Continue
    }

    fn info(&mut self, info: Info<Infallible>) -> Next {
        if let Info::Down(down) = info {
            self.leave(down.process);
        }
        Next::Continue
    }
}

impl Room {
    /// Tells all but one.
    fn tell(&self, but: ProcessId, text: &str) {
        for person in self
            .people
            .values()
            .filter(|person| person.client.id() != but)
        {
            person.client.send(ToClient::Text(text.to_owned()));
        }
    }

    fn leave(&mut self, client: ProcessId) {
        if let Some(person) = self.people.remove(&client) {
            self.tell(client, &format!("* {} has left", person.name));
        }
    }
}

/// The supervisor of the rooms.
pub fn child(log: Process<String>) -> ChildSpec {
    let (restarts, period) = RESTARTS;
    let rooms = Supervisor::new(Strategy::OneForOne)
        .intensity(restarts, period)
        .events_as(log, "rooms: ");
    registered(ChildSpec::supervisor(ID, rooms))
}

/// The room of that name, which is made if there is none.
pub fn open(name: &str) -> Option<Handle<Room>> {
    ask(|rooms| {
        if find(rooms, name)?.is_none() && rooms.children()?.len() >= MAX_ROOMS {
            return Ok(None);
        }
        match rooms.start_child(ChildSpec::server::<Room>(name, ())) {
            Ok(room) | Err(ChildError::AlreadyStarted(room)) => Ok(Some(Handle::from_id(room))),
            Err(error) => Err(error),
        }
    })
}

/// The process of the room of that name, if there is one.
pub fn process(name: &str) -> Option<ProcessId> {
    ask(|rooms| find(rooms, name))
}

/// The rooms, and how many people are in each. One that is just being started again is left out.
pub fn list() -> Vec<(String, usize)> {
    let rooms = ask(|rooms| rooms.children());
    let count = |id| Handle::<Room>::from_id(id).call(Call::Count).ok();
    rooms
        .into_iter()
        .filter_map(|(name, room)| Some((name, room.and_then(count)?)))
        .collect()
}

fn find(rooms: SupervisorHandle, name: &str) -> Result<Option<ProcessId>, ChildError> {
    Ok(rooms
        .children()?
        .into_iter()
        .find(|(id, _)| id == name)
        .and_then(|(_, room)| room))
}

/// Asks the supervisor, again if it has just ended.
fn ask<T>(request: impl Fn(SupervisorHandle) -> Result<T, ChildError>) -> T {
    let began = Instant::now();
    loop {
        match lookup(ID).map(|id| request(SupervisorHandle::from_id(id))) {
            Some(Ok(answer)) => return answer,
            _ if began.elapsed() > PATIENCE => panic!("the rooms are closed"),
            _ => sleep(Duration::from_millis(5)),
        }
    }
}
