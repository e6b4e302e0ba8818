//! Other processes: handles, what can be done to them, and how they ended.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::time::Duration;

use crate::mailbox::{self, Arrival};
use crate::message::Attachment;
use crate::{host, tag, time, DecodeError, Decoder, Encoder, Message, Tag};

/// The number of a process. It is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(u64);

/// A process that understands messages of type M.
///
/// A handle says nothing about the process being alive; sending to a dead one is no error.
pub struct Process<M> {
    id: ProcessId,
    messages: PhantomData<fn(M)>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitReason {
    /// Its function returned, or it exited with code 0.
    Normal,
    /// It panicked or trapped, exited with another code, or went beyond a limit.
    Failed,
    /// It was killed, or died with a process it was linked to.
    Killed,
    /// It was not there when it was linked or monitored.
    NoProcess,
}

/// A link that this process has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Link {
    pub(crate) process: ProcessId,
    pub(crate) tag: Tag,
}

/// Asks for a [`Down`] when a process ends. Each has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Monitor {
    pub(crate) process: ProcessId,
    pub(crate) tag: Tag,
}

/// A monitored process has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Down {
    /// Which.
    pub process: ProcessId,
    /// How.
    pub reason: ExitReason,
    pub(crate) tag: Option<Tag>,
}

/// A linked process has ended, and not normally. Only a process that [traps exits](trap_exits) sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// How.
    pub reason: ExitReason,
    pub(crate) tag: Option<Tag>,
}

/// Where the answer to a request goes.
pub struct Reply<R> {
    pub(crate) process: ProcessId,
    pub(crate) tag: Tag,
    answer: PhantomData<fn(R)>,
}

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// None came in time. If it comes later it is dropped.
    TimedOut,
    /// The process ended, or had ended before.
    Down(ExitReason),
    /// The answer is of another type.
    Decode(DecodeError),
}

/// A message that is sent later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timer(u64);

/// The number of this process.
pub fn id() -> ProcessId {
    ProcessId(unsafe { host::process::process_id() })
}

/// Says whether the failure of a linked process arrives as [`Exit`] in the mailbox. At first it does not: this
/// process dies with it.
pub fn trap_exits(on: bool) {
    unsafe { host::process::die_when_link_dies((!on).into()) }
}

/// Waits. What is sent meanwhile stays in the mailbox.
pub fn sleep(duration: Duration) {
    unsafe { host::process::sleep_ms(time::millis(duration)) }
}

/// Lets other processes run.
pub fn yield_now() {
    std::thread::yield_now();
}

impl ProcessId {
    /// The number. 0 is no process.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The process with that number, whether there is one or not.
    pub fn from_raw(id: u64) -> ProcessId {
        ProcessId(id)
    }

    /// A handle for sending. Nobody checks that the process understands M: if it does not, it panics.
    pub fn cast<M>(self) -> Process<M> {
        Process { id: self, messages: PhantomData }
    }

    /// Whether it is alive.
    pub fn is_alive(self) -> bool {
        unsafe { host::process::exists(self.0) != 0 }
    }

    /// Ends the process, which may be this one, when it next looks at its signals.
    pub fn kill(self) {
        unsafe { host::process::kill(self.0) }
    }

    /// Links both: if one fails the other dies, unless it [traps exits](trap_exits).
    pub fn link(self) -> Link {
        let tag = Tag::internal();
        unsafe { host::process::link(tag.get(), self.0) }
        Link { process: self, tag }
    }

    /// Asks for a [`Down`] when the process ends, at once if it has.
    pub fn monitor(self) -> Monitor {
        let tag = Tag::internal();
        unsafe { host::process::monitor_with_tag(tag.get(), self.0) }
        Monitor { process: self, tag }
    }

    /// Asks the process to end in good order. A server calls its `terminate`; others find
    /// [`Event::Shutdown`](crate::Event::Shutdown) in their mailboxes.
    pub fn shutdown(self) {
        send(self, tag::SHUTDOWN, Encoder::new());
    }
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Message for ProcessId {
    fn encode(self, out: &mut Encoder) {
        self.0.encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        u64::decode(input).map(ProcessId)
    }
}

impl<M> Process<M> {
    /// Its number.
    pub fn id(&self) -> ProcessId {
        self.id
    }

    /// As [`ProcessId::is_alive`].
    pub fn is_alive(&self) -> bool {
        self.id.is_alive()
    }

    /// As [`ProcessId::kill`].
    pub fn kill(&self) {
        self.id.kill()
    }

    /// As [`ProcessId::link`].
    pub fn link(&self) -> Link {
        self.id.link()
    }

    /// As [`ProcessId::monitor`].
    pub fn monitor(&self) -> Monitor {
        self.id.monitor()
    }

    /// As [`ProcessId::shutdown`].
    pub fn shutdown(&self) {
        self.id.shutdown()
    }
}

impl<M: Message> Process<M> {
    /// Sends a message.
    pub fn send(&self, message: M) {
        send(self.id, 0, Encoder::of(message));
    }

    /// Sends a message with a tag, by which it can be selected.
    pub fn send_with_tag(&self, tag: Tag, message: M) {
        send(self.id, tag.get(), Encoder::of(message));
    }

    /// Sends a message later, also if this process has ended by then. A process that is not alive now gets
    /// nothing.
    pub fn send_after(&self, delay: Duration, message: M) -> Timer {
        self.later(delay, 0, message)
    }

    /// The same with a tag.
    pub fn send_after_with_tag(&self, delay: Duration, tag: Tag, message: M) -> Timer {
        self.later(delay, tag.get(), message)
    }

    fn later(&self, delay: Duration, tag: i64, message: M) -> Timer {
        write(tag, Encoder::of(message));
        Timer(unsafe { host::timer::send_after(self.id.0, time::millis(delay)) })
    }

    /// Sends the message that `make` makes of a [`Reply`], and waits for the answer or the end of the
    /// process. Other messages stay where they are.
    pub fn request<R: Message>(&self, make: impl FnOnce(Reply<R>) -> M) -> Result<R, RequestError> {
        self.ask(make, host::FOREVER)
    }

    /// The same, for so long at most.
    pub fn request_timeout<R: Message>(
        &self,
        make: impl FnOnce(Reply<R>) -> M,
        timeout: Duration,
    ) -> Result<R, RequestError> {
        self.ask(make, time::millis(timeout))
    }

    fn ask<R: Message>(&self, make: impl FnOnce(Reply<R>) -> M, timeout: u64) -> Result<R, RequestError> {
        // The monitor has the tag of the answer: whichever comes first is what the receive finds.
        let monitor = self.monitor();
        send(self.id, 0, Encoder::of(make(Reply::to_me(monitor.tag))));
        answer(monitor, timeout)
    }
}

/// Waits for an answer with the monitor's tag, or for the end of the process; then the monitor is gone.
pub(crate) fn answer<R: Message>(monitor: Monitor, timeout: u64) -> Result<R, RequestError> {
    match mailbox::receive(&[monitor.tag.get()], timeout, answered) {
        Some(Err(RequestError::Down(reason))) => Err(RequestError::Down(reason)),
        answer => {
            monitor.stop();
            answer.unwrap_or(Err(RequestError::TimedOut))
        }
    }
}

/// What has arrived, as an answer.
pub(crate) fn answered<R: Message>(arrival: Arrival<'_>) -> Result<R, RequestError> {
    match arrival {
        Arrival::Data { bytes, .. } => Decoder::new(bytes).finish().map_err(RequestError::Decode),
        Arrival::Exit(Exit { reason, .. }) | Arrival::Down(Down { reason, .. }) => Err(RequestError::Down(reason)),
    }
}

// Derived, these would ask the same of M.
impl<M> Clone for Process<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Process<M> {}

impl<M> PartialEq for Process<M> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<M> Eq for Process<M> {}

impl<M> Hash for Process<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl<M> fmt::Debug for Process<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Process({})", self.id)
    }
}

impl<M> Message for Process<M> {
    fn encode(self, out: &mut Encoder) {
        self.id.encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        ProcessId::decode(input).map(ProcessId::cast)
    }
}

impl ExitReason {
    pub(crate) fn of_last_message() -> ExitReason {
        match unsafe { host::message::get_exit_reason() } {
            0 => ExitReason::Normal,
            1 => ExitReason::Failed,
            2 => ExitReason::Killed,
            _ => ExitReason::NoProcess,
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ExitReason::Normal => "normal",
            ExitReason::Failed => "failed",
            ExitReason::Killed => "killed",
            ExitReason::NoProcess => "noproc",
        })
    }
}

crate::message::as_number!(ExitReason { Normal, Failed, Killed, NoProcess });

impl Link {
    /// The process at the other end.
    pub fn process(&self) -> ProcessId {
        self.process
    }

    /// Takes the link away. No [`Exit`] of it is received after this.
    pub fn unlink(self) {
        unsafe { host::process::unlink(self.process.0) }
        mailbox::forget(self.tag);
    }
}

impl Monitor {
    /// The process that is monitored.
    pub fn process(&self) -> ProcessId {
        self.process
    }

    /// Takes the request back. No [`Down`] of it is received after this.
    pub fn stop(self) {
        unsafe { host::process::stop_monitoring_with_tag(self.tag.get(), self.process.0) }
        mailbox::forget(self.tag);
    }

    /// Waits until the process has ended. Messages stay where they are. If the [`Down`] has been received
    /// already, or the monitor was stopped, this waits for ever.
    pub fn wait(self) -> Down {
        mailbox::wait_down(self.tag, host::FOREVER).expect("there is no time-out")
    }

    /// The same, for so long at most.
    pub fn wait_timeout(self, timeout: Duration) -> Option<Down> {
        mailbox::wait_down(self.tag, time::millis(timeout))
    }
}

impl Down {
    /// Whether this is what the monitor has asked for.
    pub fn is_of(&self, monitor: Monitor) -> bool {
        self.tag == Some(monitor.tag)
    }
}

impl Exit {
    /// Whether this is the end of the link. Links that others have made, a parent's too, are unknown here.
    pub fn is_of(&self, link: Link) -> bool {
        self.tag == Some(link.tag)
    }
}

impl<R> Reply<R> {
    /// An answer with that tag, to this process.
    pub(crate) fn to_me(tag: Tag) -> Reply<R> {
        Reply { process: id(), tag, answer: PhantomData }
    }
}

impl<R: Message> Reply<R> {
    /// Answers.
    pub fn send(self, answer: R) {
        send(self.process, self.tag.get(), Encoder::of(answer));
    }
}

impl<R> Reply<R> {
    /// Who has asked.
    pub fn process(&self) -> ProcessId {
        self.process
    }
}

impl<R> fmt::Debug for Reply<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({})", self.process)
    }
}

impl<R> Message for Reply<R> {
    fn encode(self, out: &mut Encoder) {
        (self.process, self.tag).encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let (process, tag) = Message::decode(input)?;
        Ok(Reply { process, tag, answer: PhantomData })
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RequestError::TimedOut => f.write_str("timeout"),
            RequestError::Down(reason) => reason.fmt(f),
            RequestError::Decode(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RequestError {}

impl Timer {
    /// Keeps the message from being sent. False if it is too late.
    pub fn cancel(self) -> bool {
        unsafe { host::timer::cancel_timer(self.0) != 0 }
    }
}

/// Sends what was written, in one host call if there are no attachments.
pub(crate) fn send(to: ProcessId, tag: i64, message: Encoder) {
    if message.attachments.is_empty() {
        unsafe { host::message::send_data(to.0, tag, message.bytes.as_ptr(), message.bytes.len()) };
        return;
    }
    write(tag, message);
    unsafe { host::message::send(to.0) };
}

/// Puts what was written into the scratch slot.
fn write(tag: i64, message: Encoder) {
    unsafe {
        host::message::create_data(tag, message.bytes.len() as u64);
        host::message::write_data(message.bytes.as_ptr(), message.bytes.len());
        for attachment in message.attachments {
            match attachment {
                Attachment::TcpStream(stream) => host::message::push_tcp_stream(stream.into_id()),
                Attachment::TlsStream(stream) => host::message::push_tls_stream(stream.into_id()),
                Attachment::UdpSocket(socket) => host::message::push_udp_socket(socket.into_id()),
                // The sender keeps its handle of a module, and drops it here.
                Attachment::Module(module) => host::message::push_module(module.id()),
            };
        }
    }
}
