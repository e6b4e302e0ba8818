//! Servers: processes with a state, which handle one message after another. docs/supervision.md has the rules
//! that the libraries of all languages share.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::time::Duration;

use crate::error::HostError;
use crate::mailbox::{self, Arrival, Notice};
use crate::process::{answer, send};
use crate::{
    host, registry, spawn, tag, time, Config, DecodeError, Decoder, Down, Encoder, Exit, ExitReason, Link, Mailbox,
    Message, Process, ProcessId, Reply, RequestError, Spawn, Tag,
};

/// A process with a state.
///
/// ```no_run
/// use lunatic_process::{message, Next, Reply, Server};
/// use std::convert::Infallible;
///
/// struct Counter(u64);
///
/// message! {
///     enum Call { Add(u64, Reply<u64>) }
/// }
///
/// impl Server for Counter {
///     type Args = u64;
///     type Call = Call;
///     type Cast = Infallible;
///     type Info = Infallible;
///
///     fn init(first: u64) -> Result<Self, String> {
///         Ok(Counter(first))
///     }
///
///     fn call(&mut self, request: Call) -> Next {
///         let Call::Add(n, reply) = request;
///         self.0 += n;
///         reply.send(self.0);
///         Next::Continue
///     }
/// }
///
/// let counter = Counter::start(40).unwrap();
/// assert_eq!(counter.call(|reply| Call::Add(2, reply)), Ok(42));
/// ```
pub trait Server: Sized + 'static {
    /// What it is started with.
    type Args: Message;
    /// Requests that are answered: each has a [`Reply`] in it, which is used now, later or never.
    type Call: Message;
    /// Requests that are not answered.
    type Cast: Message;
    /// Plain messages.
    type Info: Message;

    /// Makes the state.
    ///
    /// # Errors
    ///
    /// A text: the server is not started, and whoever starts it gets the text.
    fn init(args: Self::Args) -> Result<Self, String>;

    /// Handles a request. Servers without calls say `type Call = Infallible`.
    fn call(&mut self, request: Self::Call) -> Next {
        let _ = request;
        Next::Continue
    }

    /// Handles a request that is not answered.
    fn cast(&mut self, request: Self::Cast) -> Next {
        let _ = request;
        Next::Continue
    }

    /// Handles everything else.
    fn info(&mut self, info: Info<Self::Info>) -> Next {
        let _ = info;
        Next::Continue
    }

    /// Is called when the server ends by itself, not after a panic, a trap or a kill.
    fn terminate(&mut self, reason: Stop) {
        let _ = reason;
    }

    /// Starts a server and waits until [`init`](Server::init) has returned.
    ///
    /// # Errors
    ///
    /// It could not be spawned, has refused, or has ended before it could say anything.
    fn start(args: Self::Args) -> Result<Handle<Self>, StartError> {
        Start::new().server(args)
    }

    /// The same, and links both.
    ///
    /// # Errors
    ///
    /// The same.
    fn start_link(args: Self::Args) -> Result<(Handle<Self>, Link), StartError> {
        Start::new().server_link(args)
    }
}

/// What a server does after it has handled a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It waits for the next.
    Continue,
    /// It ends, normally.
    Stop,
    /// It ends, as failed.
    Fail,
}

/// Why a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A handler has said [`Next::Stop`].
    Normal,
    /// A handler has said [`Next::Fail`].
    Failed,
    /// Somebody has asked for it.
    Shutdown,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stop::Normal => "normal",
            Stop::Failed => "failed",
            Stop::Shutdown => "shutdown",
        })
    }
}

/// What arrives at a server beside calls and casts.
#[derive(Debug)]
pub enum Info<M> {
    /// A message, and the tag if it has one.
    Message(M, Option<Tag>),
    /// A monitored process has ended.
    Down(Down),
    /// A linked process has ended; only to a server that [traps exits](crate::trap_exits).
    Exit(Exit),
}

/// A server, to call.
pub struct Handle<S> {
    id: ProcessId,
    server: PhantomData<fn(S)>,
}

crate::message! {
    /// Why a server, or a child of a supervisor, has not been started.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum StartError {
        /// Its `init` has refused, and says why.
        Refused(String),
        /// It has ended before it could say anything.
        Ended(ExitReason),
        /// It has not said anything in time, and was killed.
        TimedOut,
        /// It could not be spawned.
        Spawn(HostError),
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Refused(text) => f.write_str(text),
            StartError::Ended(reason) => reason.fmt(f),
            StartError::TimedOut => f.write_str("timeout"),
            StartError::Spawn(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}

impl From<HostError> for StartError {
    fn from(error: HostError) -> StartError {
        StartError::Spawn(error)
    }
}

/// Starts servers with a name, a configuration or a time-out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start<'a> {
    spawn: Spawn<'a>,
    name: Option<&'a str>,
    timeout: Option<Duration>,
}

impl<'a> Start<'a> {
    /// With nothing of all this.
    pub fn new() -> Start<'a> {
        Start::default()
    }

    /// With a configuration.
    pub fn config(mut self, config: &'a Config) -> Start<'a> {
        self.spawn = self.spawn.config(config);
        self
    }

    /// Registers the server, before its `init` is called.
    pub fn name(mut self, name: &'a str) -> Start<'a> {
        self.name = Some(name);
        self
    }

    /// How long `init` may take; then the server is killed.
    pub fn timeout(mut self, timeout: Duration) -> Start<'a> {
        self.timeout = Some(timeout);
        self
    }

    /// As [`Server::start`].
    ///
    /// # Errors
    ///
    /// As there, and `TimedOut`.
    pub fn server<S: Server>(&self, args: S::Args) -> Result<Handle<S>, StartError> {
        self.start(args, None)
    }

    /// As [`Server::start_link`].
    ///
    /// # Errors
    ///
    /// As there, and `TimedOut`.
    pub fn server_link<S: Server>(&self, args: S::Args) -> Result<(Handle<S>, Link), StartError> {
        let tag = Tag::internal();
        let handle: Handle<S> = self.start(args, Some(tag))?;
        Ok((handle, Link { process: handle.id, tag }))
    }

    fn start<S: Server>(&self, args: S::Args, link: Option<Tag>) -> Result<Handle<S>, StartError> {
        let process = self.spawn.prepare(link, serve::<S>)?;
        // It cannot end before it gets its arguments, so the reason of its end will be known.
        let monitor = process.monitor();
        if let Some(name) = self.name {
            registry::register(name, process);
        }
        spawn::give(process, (args, Reply::<Result<(), String>>::to_me(monitor.tag)));
        match answer(monitor, self.timeout.map_or(host::FOREVER, time::millis)) {
            Ok(Ok(())) => Ok(Handle::from_id(process)),
            Ok(Err(text)) => Err(StartError::Refused(text)),
            Err(RequestError::Down(reason)) => Err(StartError::Ended(reason)),
            Err(RequestError::Decode(error)) => Err(StartError::Refused(error.to_string())),
            Err(RequestError::TimedOut) => {
                if let Some(tag) = link {
                    Link { process, tag }.unlink();
                }
                process.kill();
                Err(StartError::TimedOut)
            }
        }
    }
}

impl<S: Server> Handle<S> {
    /// Sends the request that `make` makes of a [`Reply`], and waits for the answer or the end of the server.
    ///
    /// # Errors
    ///
    /// `Down`: the server has ended without an answer.
    pub fn call<R: Message>(&self, make: impl FnOnce(Reply<R>) -> S::Call) -> Result<R, RequestError> {
        self.ask(make, host::FOREVER)
    }

    /// The same, for so long at most.
    ///
    /// # Errors
    ///
    /// `Down`, and `TimedOut`.
    pub fn call_timeout<R: Message>(
        &self,
        make: impl FnOnce(Reply<R>) -> S::Call,
        timeout: Duration,
    ) -> Result<R, RequestError> {
        self.ask(make, time::millis(timeout))
    }

    fn ask<R: Message>(&self, make: impl FnOnce(Reply<R>) -> S::Call, timeout: u64) -> Result<R, RequestError> {
        let monitor = self.id.monitor();
        let reply = Reply::<R>::to_me(monitor.tag);
        let head = (reply.process, reply.tag);
        send(self.id, tag::CALL, Encoder::of((head, make(reply))));
        answer(monitor, timeout)
    }

    /// Sends a request and does not wait. If there is no server it is lost.
    pub fn cast(&self, request: S::Cast) {
        send(self.id, tag::CAST, Encoder::of(request));
    }

    /// The process, for plain messages.
    pub fn process(&self) -> Process<S::Info> {
        self.id.cast()
    }
}

impl<S> Handle<S> {
    /// The server that is, or will be, this process.
    pub fn from_id(id: ProcessId) -> Handle<S> {
        Handle { id, server: PhantomData }
    }

    /// The process, for everything that can be done to one.
    pub fn id(&self) -> ProcessId {
        self.id
    }

    /// Asks the server to end. It calls `terminate` first.
    pub fn shutdown(&self) {
        self.id.shutdown();
    }
}

// Derived, these would ask the same of S.
impl<S> Clone for Handle<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Handle<S> {}

impl<S> PartialEq for Handle<S> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<S> Eq for Handle<S> {}

impl<S> Hash for Handle<S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl<S> fmt::Debug for Handle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({})", self.id)
    }
}

impl<S> Message for Handle<S> {
    fn encode(self, out: &mut Encoder) {
        self.id.encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        ProcessId::decode(input).map(Handle::from_id)
    }
}

/// What a server has to do.
enum Work<S: Server> {
    Call(S::Call),
    Cast(S::Cast),
    Info(Info<S::Info>),
    Shutdown,
    Nothing,
}

/// The life of a server.
fn serve<S: Server>((args, started): (S::Args, Reply<Result<(), String>>), _: Mailbox<S::Info>) {
    let mut server = match S::init(args) {
        Ok(server) => server,
        Err(text) => return started.send(Err(text)),
    };
    started.send(Ok(()));
    loop {
        let work = match mailbox::next_aside() {
            Some(Notice::Down(down)) => Work::Info(Info::Down(down)),
            Some(Notice::Exit(exit)) => Work::Info(Info::Exit(exit)),
            Some(Notice::Shutdown) => Work::Shutdown,
            None => mailbox::receive(&[], host::FOREVER, work::<S>).expect("there is no time-out"),
        };
        let next = match work {
            Work::Call(request) => server.call(request),
            Work::Cast(request) => server.cast(request),
            Work::Info(info) => server.info(info),
            Work::Shutdown => return server.terminate(Stop::Shutdown),
            Work::Nothing => Next::Continue,
        };
        match next {
            Next::Continue => {}
            Next::Stop => return server.terminate(Stop::Normal),
            Next::Fail => {
                server.terminate(Stop::Failed);
                std::process::exit(1);
            }
        }
    }
}

/// What has arrived, as work.
fn work<S: Server>(arrival: Arrival<'_>) -> Work<S> {
    let (tag, bytes) = match arrival {
        Arrival::Down(down) => return Work::Info(Info::Down(down)),
        Arrival::Exit(exit) => return Work::Info(Info::Exit(exit)),
        Arrival::Data { tag, bytes } => (tag, bytes),
    };
    let input = Decoder::new(bytes);
    let work = match tag {
        tag::SHUTDOWN => Ok(Work::Shutdown),
        tag::CALL => input.finish().map(|((_, _), request): ((ProcessId, Tag), S::Call)| Work::Call(request)),
        tag::CAST => input.finish().map(Work::Cast),
        _ if Tag::is_for_program(tag) => input.finish().map(|m| Work::Info(Info::Message(m, Tag::from_raw(tag)))),
        // An answer that came too late.
        _ => Ok(Work::Nothing),
    };
    // What is for nobody here is dropped: anybody can send anything.
    work.unwrap_or_else(|error| {
        eprintln!("{}: message with tag {} dropped: {}", std::any::type_name::<S>(), tag, error);
        Work::Nothing
    })
}
