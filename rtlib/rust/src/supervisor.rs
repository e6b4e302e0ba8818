//! Supervisors: servers that start processes, and start them again when they fail. docs/supervision.md has
//! the rules that the libraries of all languages share.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::time::{Duration, Instant};

use crate::mailbox;
use crate::message::as_number;
use crate::server::{Handle, Info, Next, Server, StartError, Stop};
use crate::{
    id, registry, trap_exits, Decoder, Encoder, ExitReason, Link, Mailbox, Message, Monitor, Process, ProcessId, Reply,
    RequestError, Spawn,
};

/// How many events a supervisor keeps.
const LOG: usize = 100;

/// Who is started again when a child has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// That child alone.
    OneForOne,
    /// All: the others are shut down first.
    OneForAll,
    /// It and those behind it, which are shut down first.
    RestForOne,
}

as_number!(Strategy { OneForOne, OneForAll, RestForOne });

/// When a child that has ended is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Always.
    Permanent,
    /// If it has not ended normally.
    Transient,
    /// Never; its description goes with it.
    Temporary,
}

as_number!(Restart { Permanent, Transient, Temporary });

crate::message! {
    /// How a child is ended.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Shutdown {
        /// It is asked to end, and killed when it has not for so long.
        Timeout(Duration),
        /// It is killed at once.
        BrutalKill,
        /// It is asked to end: for supervisors.
        Infinity,
    }

    /// What a supervisor knows of a child.
    #[derive(Clone, Debug)]
    pub struct ChildSpec {
        id: String,
        start: Starter,
        restart: Restart,
        shutdown: Shutdown,
        name: Option<String>,
    }

    /// A supervisor that is being described.
    ///
    /// ```no_run
    /// use lunatic_process::{ChildSpec, Event, Strategy, Supervisor};
    /// use std::time::Duration;
    ///
    /// let supervisor = Supervisor::new(Strategy::OneForOne)
    ///     .intensity(3, Duration::from_secs(10))
    ///     .child(ChildSpec::process("ticker", 7, |n: u32, mailbox| loop {
    ///         if let Some(Event::<()>::Shutdown) = mailbox.event_timeout(Duration::from_secs(1)) {
    ///             return;
    ///         }
    ///         println!("tick {n}");
    ///     }))
    ///     .start()
    ///     .unwrap();
    /// # supervisor.shutdown();
    /// ```
    #[derive(Clone, Debug)]
    pub struct Supervisor {
        strategy: Strategy,
        intensity: usize,
        period: Duration,
        children: Vec<ChildSpec>,
        watcher: Option<Watcher>,
    }

    /// Who is told the events, and what stands before them.
    #[derive(Clone, Debug)]
    struct Watcher {
        process: Process<String>,
        prefix: String,
    }

    /// How a child is started: `begin` knows the type of the arguments, and calls `run` with `function` and
    /// them. Functions are numbers of the table, which is the same in all processes of the module.
    #[derive(Clone, Debug)]
    struct Starter {
        begin: usize,
        run: usize,
        function: usize,
        args: Vec<u8>,
    }

    enum Request {
        StartChild(ChildSpec, Reply<Result<ProcessId, ChildError>>),
        TerminateChild(String, Reply<Result<(), ChildError>>),
        RestartChild(String, Reply<Result<ProcessId, ChildError>>),
        DeleteChild(String, Reply<Result<(), ChildError>>),
        Children(Reply<Vec<(String, Option<ProcessId>)>>),
        Events(Reply<Vec<String>>),
    }

    /// Why a supervisor has not done what it was asked for.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum ChildError {
        /// There is a child with that id, and it runs.
        AlreadyStarted(ProcessId),
        /// There is a child with that id, and it does not run.
        AlreadyPresent,
        /// The child runs.
        Running,
        /// There is no such child.
        NotFound,
        /// It could not be started.
        Start(StartError),
        /// The supervisor has ended: with this reason.
        Supervisor(ExitReason),
    }
}

impl fmt::Display for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChildError::AlreadyStarted(_) => f.write_str("already started"),
            ChildError::AlreadyPresent => f.write_str("already present"),
            ChildError::Running => f.write_str("running"),
            ChildError::NotFound => f.write_str("not found"),
            ChildError::Start(error) => error.fmt(f),
            ChildError::Supervisor(reason) => write!(f, "the supervisor has ended: {}", reason),
        }
    }
}

impl std::error::Error for ChildError {}

impl ChildSpec {
    /// A server. It is permanent, and has 5 seconds to end.
    pub fn server<S: Server>(id: impl Into<String>, args: S::Args) -> ChildSpec {
        fn run<S: Server>(_: usize, args: S::Args) -> Result<ProcessId, StartError> {
            S::start(args).map(|server| server.id())
        }
        ChildSpec::new(id, args, 0, run::<S>)
    }

    /// A process that runs a function. It is permanent, and has 5 seconds to end once it is asked to: it finds
    /// [`Event::Shutdown`](crate::Event::Shutdown). If it does not look for that, say [`Shutdown::BrutalKill`].
    pub fn process<C: Message, M: Message>(
        id: impl Into<String>,
        capture: C,
        function: fn(C, Mailbox<M>),
    ) -> ChildSpec {
        fn run<C: Message, M: Message>(function: usize, capture: C) -> Result<ProcessId, StartError> {
            // SAFETY: the number was made of a function of this type, a few lines below.
            let function: fn(C, Mailbox<M>) = unsafe { std::mem::transmute(function as *const ()) };
            Ok(Spawn::new().start(capture, function)?.id())
        }
        ChildSpec::new(id, capture, function as usize, run::<C, M>)
    }

    /// A process that a function starts, within the supervisor, which links it.
    pub fn with<A: Message>(
        id: impl Into<String>,
        args: A,
        start: fn(A) -> Result<ProcessId, StartError>,
    ) -> ChildSpec {
        fn run<A: Message>(start: usize, args: A) -> Result<ProcessId, StartError> {
            // SAFETY: the number was made of a function of this type, a few lines below.
            let start: fn(A) -> Result<ProcessId, StartError> = unsafe { std::mem::transmute(start as *const ()) };
            start(args)
        }
        ChildSpec::new(id, args, start as usize, run::<A>)
    }

    /// A supervisor. It has as much time to end as it needs.
    pub fn supervisor(id: impl Into<String>, supervisor: Supervisor) -> ChildSpec {
        ChildSpec::server::<Tree>(id, (supervisor, None)).shutdown(Shutdown::Infinity)
    }

    fn new<A: Message>(
        id: impl Into<String>,
        args: A,
        function: usize,
        run: fn(usize, A) -> Result<ProcessId, StartError>,
    ) -> ChildSpec {
        let args = Encoder::of(args);
        assert!(args.attachments.is_empty(), "the arguments of a child are used again: a socket can be sent once");
        let begin: fn(&Starter) -> Result<ProcessId, StartError> = begin::<A>;
        ChildSpec {
            id: id.into(),
            start: Starter { begin: begin as usize, run: run as usize, function, args: args.bytes },
            restart: Restart::Permanent,
            shutdown: Shutdown::Timeout(Duration::from_secs(5)),
            name: None,
        }
    }

    /// When it is started again.
    pub fn restart(mut self, restart: Restart) -> ChildSpec {
        self.restart = restart;
        self
    }

    /// How it is ended.
    pub fn shutdown(mut self, shutdown: Shutdown) -> ChildSpec {
        self.shutdown = shutdown;
        self
    }

    /// A name under which it is registered each time it is started.
    pub fn name(mut self, name: impl Into<String>) -> ChildSpec {
        self.name = Some(name.into());
        self
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Starter {
    fn start(&self) -> Result<ProcessId, StartError> {
        // SAFETY: ChildSpec::new has made the number of a function of this type.
        let begin: fn(&Starter) -> Result<ProcessId, StartError> =
            unsafe { std::mem::transmute(self.begin as *const ()) };
        begin(self)
    }
}

/// Starts a child whose arguments are of type A.
fn begin<A: Message>(starter: &Starter) -> Result<ProcessId, StartError> {
    // SAFETY: ChildSpec::new has made the number of a function of this type, and named this one beside it.
    let run: fn(usize, A) -> Result<ProcessId, StartError> = unsafe { std::mem::transmute(starter.run as *const ()) };
    match Decoder::new(&starter.args).finish() {
        Ok(args) => run(starter.function, args),
        Err(error) => Err(StartError::Refused(error.to_string())),
    }
}

impl Supervisor {
    /// A supervisor without children, which gives up at the second restart within 5 seconds.
    pub fn new(strategy: Strategy) -> Supervisor {
        Supervisor { strategy, intensity: 1, period: Duration::from_secs(5), children: Vec::new(), watcher: None }
    }

    /// It gives up when there are more restarts than this within the period.
    pub fn intensity(mut self, restarts: usize, period: Duration) -> Supervisor {
        self.intensity = restarts;
        self.period = period;
        self
    }

    /// One more child, which is started after those before it.
    pub fn child(mut self, child: ChildSpec) -> Supervisor {
        self.children.push(child);
        self
    }

    /// Tells a process what the supervisor does.
    pub fn events(self, process: Process<String>) -> Supervisor {
        self.events_as(process, "")
    }

    /// The same, with a prefix before each event.
    pub fn events_as(mut self, process: Process<String>, prefix: impl Into<String>) -> Supervisor {
        self.watcher = Some(Watcher { process, prefix: prefix.into() });
        self
    }

    /// Starts the supervisor and, in order, its children.
    ///
    /// # Errors
    ///
    /// That of the first child that could not be started. The others have been shut down.
    pub fn start(self) -> Result<SupervisorHandle, StartError> {
        Tree::start((self, None)).map(SupervisorHandle)
    }

    /// The same, and links both. If this process ends, normally too, so does the supervisor.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn start_link(self) -> Result<(SupervisorHandle, Link), StartError> {
        Tree::start_link((self, Some(id()))).map(|(handle, link)| (SupervisorHandle(handle), link))
    }
}

/// A supervisor that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SupervisorHandle(Handle<Tree>);

impl SupervisorHandle {
    /// The supervisor that is, or will be, this process.
    pub fn from_id(id: ProcessId) -> SupervisorHandle {
        SupervisorHandle(Handle::from_id(id))
    }

    /// Its process.
    pub fn id(&self) -> ProcessId {
        self.0.id()
    }

    /// Asks it to end. It shuts down its children, in reverse order, and ends normally.
    pub fn shutdown(&self) {
        self.0.shutdown();
    }

    /// Starts one more child.
    ///
    /// # Errors
    ///
    /// `AlreadyStarted`, `AlreadyPresent`, `Start`.
    pub fn start_child(&self, child: ChildSpec) -> Result<ProcessId, ChildError> {
        self.ask(|reply| Request::StartChild(child, reply))
    }

    /// Shuts a child down. Its description stays, but for that of a temporary one.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub fn terminate_child(&self, id: &str) -> Result<(), ChildError> {
        self.ask(|reply| Request::TerminateChild(id.to_owned(), reply))
    }

    /// Starts a child that does not run.
    ///
    /// # Errors
    ///
    /// `Running`, `NotFound`, `Start`.
    pub fn restart_child(&self, id: &str) -> Result<ProcessId, ChildError> {
        self.ask(|reply| Request::RestartChild(id.to_owned(), reply))
    }

    /// Forgets a child that does not run.
    ///
    /// # Errors
    ///
    /// `Running`, `NotFound`.
    pub fn delete_child(&self, id: &str) -> Result<(), ChildError> {
        self.ask(|reply| Request::DeleteChild(id.to_owned(), reply))
    }

    /// The children in order: ids, and the processes of those that run.
    ///
    /// # Errors
    ///
    /// `Supervisor`.
    pub fn children(&self) -> Result<Vec<(String, Option<ProcessId>)>, ChildError> {
        self.call(Request::Children)
    }

    /// The last 100 events, the oldest first.
    ///
    /// # Errors
    ///
    /// `Supervisor`.
    pub fn events(&self) -> Result<Vec<String>, ChildError> {
        self.call(Request::Events)
    }

    fn ask<T: Message>(&self, make: impl FnOnce(Reply<Result<T, ChildError>>) -> Request) -> Result<T, ChildError> {
        self.call(make)?
    }

    fn call<R: Message>(&self, make: impl FnOnce(Reply<R>) -> Request) -> Result<R, ChildError> {
        self.0.call(make).map_err(|error| match error {
            RequestError::Down(reason) => ChildError::Supervisor(reason),
            // There is no time-out, and the answer is of the type that its Reply has.
            RequestError::TimedOut | RequestError::Decode(_) => ChildError::Supervisor(ExitReason::Failed),
        })
    }
}

impl Message for SupervisorHandle {
    fn encode(self, out: &mut Encoder) {
        self.0.encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, crate::DecodeError> {
        Message::decode(input).map(SupervisorHandle)
    }
}

/// A child, and its process if it runs.
struct Child {
    spec: ChildSpec,
    running: Option<Running>,
}

struct Running {
    process: ProcessId,
    link: Link,
    monitor: Monitor,
    /// What the link has told.
    failed: Option<ExitReason>,
}

/// The state of a supervisor.
struct Tree {
    strategy: Strategy,
    intensity: usize,
    period: Duration,
    watcher: Option<Watcher>,
    children: Vec<Child>,
    /// When there were restarts, within the period.
    restarts: VecDeque<Instant>,
    log: VecDeque<String>,
    /// The process that has started this one with a link.
    parent: Option<Monitor>,
}

impl Server for Tree {
    type Args = (Supervisor, Option<ProcessId>);
    type Call = Request;
    type Cast = Infallible;
    type Info = Infallible;

    fn init((supervisor, parent): Self::Args) -> Result<Tree, String> {
        trap_exits(true);
        let Supervisor { strategy, intensity, period, children, watcher } = supervisor;
        let mut tree = Tree {
            strategy,
            intensity,
            period,
            watcher,
            children: Vec::new(),
            restarts: VecDeque::new(),
            log: VecDeque::new(),
            parent: parent.map(ProcessId::monitor),
        };
        for spec in children {
            if tree.find(&spec.id).is_some() {
                tree.shut_down(0);
                return Err(format!("two children with the id {}", spec.id));
            }
            tree.children.push(Child { spec, running: None });
            if let Err(error) = tree.start_child(tree.children.len() - 1) {
                tree.shut_down(0);
                return Err(error.to_string());
            }
        }
        Ok(tree)
    }

    fn call(&mut self, request: Request) -> Next {
        match request {
            Request::StartChild(spec, reply) => reply.send(self.add(spec)),
            Request::TerminateChild(id, reply) => {
                let found = self.find(&id).map(|i| self.terminate_child(i));
                reply.send(found.ok_or(ChildError::NotFound));
            }
            Request::RestartChild(id, reply) => reply.send(self.restart_child(&id)),
            Request::DeleteChild(id, reply) => reply.send(self.delete(&id)),
            Request::Children(reply) => reply.send(self.which()),
            Request::Events(reply) => reply.send(self.log.iter().cloned().collect()),
        }
        Next::Continue
    }

    fn info(&mut self, info: Info<Infallible>) -> Next {
        match info {
            Info::Down(down) if self.parent.map_or(false, |parent| down.is_of(parent)) => Next::Stop,
            Info::Down(down) => match self.running(|child| down.is_of(child.monitor)) {
                Some(i) => self.ended(i, down.reason),
                None => Next::Continue,
            },
            Info::Exit(exit) => {
                if let Some(i) = self.running(|child| exit.is_of(child.link)) {
                    if let Some(child) = &mut self.children[i].running {
                        child.failed = Some(exit.reason);
                    }
                }
                Next::Continue
            }
            Info::Message(nothing, _) => match nothing {},
        }
    }

    fn terminate(&mut self, reason: Stop) {
        // One that has given up has shut its children down, and said so.
        if reason != Stop::Failed {
            self.shut_down(0);
            self.event("stop".to_owned());
        }
    }
}

impl Tree {
    fn find(&self, id: &str) -> Option<usize> {
        self.children.iter().position(|child| child.spec.id == id)
    }

    fn running(&self, is: impl Fn(&Running) -> bool) -> Option<usize> {
        self.children.iter().position(|child| child.running.as_ref().map_or(false, &is))
    }

    fn event(&mut self, text: String) {
        if let Some(Watcher { process, prefix }) = &self.watcher {
            process.send(format!("{}{}", prefix, text));
        }
        if self.log.len() == LOG {
            self.log.pop_front();
        }
        self.log.push_back(text);
    }

    /// Starts the process of a child.
    fn start_child(&mut self, i: usize) -> Result<ProcessId, StartError> {
        let spec = &self.children[i].spec;
        let id = spec.id.clone();
        let process = match spec.start.start() {
            Ok(process) => process,
            Err(error) => {
                self.event(format!("start {} failed", id));
                return Err(error);
            }
        };
        let running = Running { process, link: process.link(), monitor: process.monitor(), failed: None };
        if let Some(name) = &spec.name {
            registry::register(name, process);
        }
        self.children[i].running = Some(running);
        self.event(format!("start {}", id));
        Ok(process)
    }

    /// What follows from the end of a child's process.
    fn ended(&mut self, i: usize, reason: ExitReason) -> Next {
        let child = &mut self.children[i];
        let reason = match (reason, child.running.take().and_then(|running| running.failed)) {
            // It had ended before it was monitored; the link may know more.
            (ExitReason::NoProcess, Some(reason)) if reason != ExitReason::NoProcess => reason,
            (ExitReason::NoProcess, _) => ExitReason::Normal,
            (reason, _) => reason,
        };
        let restart = child.spec.restart;
        let id = child.spec.id.clone();
        self.event(format!("end {} {}", id, reason));
        match restart {
            Restart::Permanent => self.restart(i),
            Restart::Transient if reason != ExitReason::Normal => self.restart(i),
            Restart::Transient => Next::Continue,
            Restart::Temporary => {
                self.children.remove(i);
                Next::Continue
            }
        }
    }

    /// Starts a child again, and with it those that the strategy says, until all run or there were too many
    /// restarts.
    fn restart(&mut self, mut i: usize) -> Next {
        loop {
            if self.is_too_often() {
                self.event("give up".to_owned());
                self.shut_down(0);
                return Next::Fail;
            }
            let started = match self.strategy {
                Strategy::OneForOne => self.start_child(i).map_err(|_| i).map(|_| ()),
                Strategy::OneForAll => self.start_all(0),
                Strategy::RestForOne => self.start_all(i),
            };
            match started {
                Ok(()) => return Next::Continue,
                // The next attempt begins with the one that could not be started.
                Err(failed) => i = failed,
            }
        }
    }

    /// Counts a restart, and says whether it is one too many.
    fn is_too_often(&mut self) -> bool {
        let now = Instant::now();
        self.restarts.push_back(now);
        while self.restarts.front().map_or(false, |&then| now - then > self.period) {
            self.restarts.pop_front();
        }
        self.restarts.len() > self.intensity
    }

    /// Shuts down all from a place on, then starts them in order. The error is the place of the one that could
    /// not be started.
    fn start_all(&mut self, from: usize) -> Result<(), usize> {
        self.shut_down(from);
        (from..self.children.len()).try_for_each(|i| self.start_child(i).map(|_| ()).map_err(|_| i))
    }

    /// Shuts down all from a place on, the last first. Temporary ones are forgotten.
    fn shut_down(&mut self, from: usize) {
        for i in (from..self.children.len()).rev() {
            self.terminate_child(i);
        }
    }

    /// Shuts a child down. A temporary one is forgotten.
    fn terminate_child(&mut self, i: usize) {
        if let Some(running) = self.children[i].running.take() {
            let spec = &self.children[i].spec;
            let event = format!("{} {}", running.end(spec.shutdown), spec.id);
            self.event(event);
        }
        if self.children[i].spec.restart == Restart::Temporary {
            self.children.remove(i);
        }
    }

    fn add(&mut self, spec: ChildSpec) -> Result<ProcessId, ChildError> {
        if let Some(i) = self.find(&spec.id) {
            return Err(match &self.children[i].running {
                Some(running) => ChildError::AlreadyStarted(running.process),
                None => ChildError::AlreadyPresent,
            });
        }
        self.children.push(Child { spec, running: None });
        self.start_child(self.children.len() - 1).map_err(|error| {
            self.children.pop();
            ChildError::Start(error)
        })
    }

    fn restart_child(&mut self, id: &str) -> Result<ProcessId, ChildError> {
        match self.find_idle(id) {
            Ok(i) => self.start_child(i).map_err(ChildError::Start),
            Err(error) => Err(error),
        }
    }

    fn delete(&mut self, id: &str) -> Result<(), ChildError> {
        self.find_idle(id).map(|i| {
            self.children.remove(i);
        })
    }

    /// The place of a child that does not run.
    fn find_idle(&self, id: &str) -> Result<usize, ChildError> {
        match self.find(id) {
            Some(i) if self.children[i].running.is_some() => Err(ChildError::Running),
            Some(i) => Ok(i),
            None => Err(ChildError::NotFound),
        }
    }

    fn which(&self) -> Vec<(String, Option<ProcessId>)> {
        let which = |child: &Child| (child.spec.id.clone(), child.running.as_ref().map(|running| running.process));
        self.children.iter().map(which).collect()
    }
}

impl Running {
    /// Ends the process, and says how.
    fn end(self, shutdown: Shutdown) -> &'static str {
        let in_time = match shutdown {
            Shutdown::BrutalKill => false,
            Shutdown::Infinity => {
                self.process.shutdown();
                self.monitor.wait();
                true
            }
            Shutdown::Timeout(timeout) => {
                self.process.shutdown();
                self.monitor.wait_timeout(timeout).is_some()
            }
        };
        if !in_time {
            self.process.kill();
            self.monitor.wait();
        }
        // Its end was told by the link, too.
        mailbox::forget(self.link.tag);
        if in_time {
            "shutdown"
        } else {
            "kill"
        }
    }
}
