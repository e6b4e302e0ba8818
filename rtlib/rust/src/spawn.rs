//! Spawning: a process is a new instance of the module, which shares nothing with this one. It is told by
//! number which function to run, and what the function has captured is written into a message.

use std::mem;

use crate::error::HostError;
use crate::mailbox::{self, Arrival, Mailbox};
use crate::{host, tag, Config, Decoder, Encoder, Link, Message, Module, Name, Process, ProcessId, Tag};

/// Spawns a process that runs a function with what it captures.
///
/// The function is one of the program, or a closure that captures nothing: see [`spawn!`](crate::spawn!).
///
/// ```no_run
/// use lunatic_process::{spawn, Mailbox, Process};
///
/// let me = Mailbox::<u32>::new();
/// let _child = spawn(me.process(), |parent: Process<u32>, _: Mailbox<()>| parent.send(42));
/// assert_eq!(me.receive(), 42);
/// ```
///
/// # Panics
///
/// If the host refuses. [`Spawn`] tells it as an error.
pub fn spawn<C: Message, M: Message>(capture: C, function: fn(C, Mailbox<M>)) -> Process<M> {
    match Spawn::new().start(capture, function) {
        Ok(process) => process,
        Err(error) => panic!("spawn: {}", error),
    }
}

/// The same, and links both.
///
/// # Panics
///
/// If the host refuses.
pub fn spawn_link<C: Message, M: Message>(capture: C, function: fn(C, Mailbox<M>)) -> (Process<M>, Link) {
    match Spawn::new().start_link(capture, function) {
        Ok(linked) => linked,
        Err(error) => panic!("spawn: {}", error),
    }
}

/// Spawns a process that runs a closure.
///
/// What it takes from here stands in front of the mailbox, by name or as `name = value`, and is moved into the
/// new process. It must be a [`Message`](crate::Message).
///
/// ```no_run
/// use lunatic_process::{spawn, Mailbox};
///
/// let me = Mailbox::<u32>::new();
/// let parent = me.process();
/// let adder = spawn!(|parent, offset = 2, mailbox: Mailbox<u32>| {
///     loop {
///         parent.send(mailbox.receive() + offset);
///     }
/// });
/// adder.send(40);
/// assert_eq!(me.receive(), 42);
/// ```
#[macro_export]
macro_rules! spawn {
    (| $($rest:tt)*) => { $crate::__closure!($crate::spawn; [] [] $($rest)*) };
}

/// As [`spawn!`](crate::spawn!), and links both.
#[macro_export]
macro_rules! spawn_link {
    (| $($rest:tt)*) => { $crate::__closure!($crate::spawn_link; [] [] $($rest)*) };
}

/// Collects what a closure captures, then calls a function with it and the closure.
#[doc(hidden)]
#[macro_export]
macro_rules! __closure {
    ($call:path; [$($name:ident)*] [$($value:expr;)*] $mailbox:ident: $ty:ty | $body:expr) => {
        $call(($($value,)*), |($($name,)*), $mailbox: $ty| $body)
    };
    ($call:path; [$($name:ident)*] [$($value:expr;)*] _: $ty:ty | $body:expr) => {
        $call(($($value,)*), |($($name,)*), _: $ty| $body)
    };
    ($call:path; [$($name:ident)*] [$($value:expr;)*] $next:ident, $($rest:tt)*) => {
        $crate::__closure!($call; [$($name)* $next] [$($value;)* $next;] $($rest)*)
    };
    ($call:path; [$($name:ident)*] [$($value:expr;)*] $next:ident = $new:expr, $($rest:tt)*) => {
        $crate::__closure!($call; [$($name)* $next] [$($value;)* $new;] $($rest)*)
    };
}

/// Spawns with a configuration or a link, and tells what went wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spawn<'a> {
    config: Option<&'a Config>,
}

/// A parameter of an exported function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    /// 32 bits.
    I32(i32),
    /// 64 bits.
    I64(i64),
    /// 128 bits, a vector.
    V128(u128),
}

impl<'a> Spawn<'a> {
    /// With the configuration of this process, and without a link.
    pub fn new() -> Spawn<'a> {
        Spawn::default()
    }

    /// With a configuration.
    pub fn config(mut self, config: &'a Config) -> Spawn<'a> {
        self.config = Some(config);
        self
    }

    /// Spawns a process: see [`spawn`](fn@crate::spawn).
    ///
    /// # Errors
    ///
    /// A permission is missing, a limit reached, or a directory of the configuration cannot be had.
    pub fn start<C: Message, M: Message>(
        &self,
        capture: C,
        function: fn(C, Mailbox<M>),
    ) -> Result<Process<M>, HostError> {
        self.start_by_number(0, capture, function)
    }

    /// The same, and links both.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn start_link<C: Message, M: Message>(
        &self,
        capture: C,
        function: fn(C, Mailbox<M>),
    ) -> Result<(Process<M>, Link), HostError> {
        let tag = Tag::internal();
        let process = self.start_by_number(tag.get(), capture, function)?;
        Ok((process, Link { process: process.id(), tag }))
    }

    /// The living process of that name or, if there is none, a new one that gets the name. Of those who ask at
    /// the same time one spawns.
    ///
    /// # Errors
    ///
    /// As for [`start`](Spawn::start).
    pub fn get_or_start<C: Message, M: Message>(
        &self,
        name: Name<M>,
        capture: C,
        function: fn(C, Mailbox<M>),
    ) -> Result<Process<M>, HostError> {
        let (entry, capture) = Entry::new(capture, function);
        let params = encode_params(&entry.params());
        let (name, mut node, mut id) = (name.as_str(), 0, 0);
        let status = unsafe {
            host::process::get_or_spawn(
                name.as_ptr(),
                name.len(),
                0,
                self.config_id(),
                host::OWN,
                ENTRY.as_ptr(),
                ENTRY.len(),
                params.as_ptr(),
                params.len(),
                &mut node,
                &mut id,
            )
        };
        match status {
            0 => Ok(entry.begun(ProcessId::from_raw(id), capture).cast()),
            2 => Ok(ProcessId::from_raw(id).cast()),
            _ => Err(HostError::take(id)),
        }
    }

    /// Spawns a process that calls an exported function of a module.
    ///
    /// # Errors
    ///
    /// As for [`Module::spawn`].
    pub fn start_in(&self, module: &Module, function: &str, params: &[Param]) -> Result<ProcessId, HostError> {
        self.call(0, module.id(), function, params)
    }

    /// The same, and links both.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn start_link_in(
        &self,
        module: &Module,
        function: &str,
        params: &[Param],
    ) -> Result<(ProcessId, Link), HostError> {
        let tag = Tag::internal();
        let process = self.call(tag.get(), module.id(), function, params)?;
        Ok((process, Link { process, tag }))
    }

    fn start_by_number<C: Message, M: Message>(
        &self,
        link: i64,
        capture: C,
        function: fn(C, Mailbox<M>),
    ) -> Result<Process<M>, HostError> {
        let (entry, capture) = Entry::new(capture, function);
        let process = self.call(link, host::OWN, ENTRY, &entry.params())?;
        Ok(entry.begun(process, capture).cast())
    }

    /// Spawns a process that waits for its capture, which [`give`] sends: between the two it cannot end by
    /// itself, so that it can be monitored.
    pub(crate) fn prepare<C: Message, M: Message>(
        &self,
        link: Option<Tag>,
        function: fn(C, Mailbox<M>),
    ) -> Result<ProcessId, HostError> {
        self.call(link.map_or(0, Tag::get), host::OWN, ENTRY, &Entry::waiting(function).params())
    }

    fn call(&self, link: i64, module: u64, function: &str, params: &[Param]) -> Result<ProcessId, HostError> {
        let params = encode_params(params);
        let mut id = 0;
        let status = unsafe {
            host::process::spawn(
                link,
                self.config_id(),
                module,
                function.as_ptr(),
                function.len(),
                params.as_ptr(),
                params.len(),
                &mut id,
            )
        };
        match status {
            0 => Ok(ProcessId::from_raw(id)),
            _ => Err(HostError::take(id)),
        }
    }

    fn config_id(&self) -> u64 {
        self.config.map_or(host::OWN, Config::id)
    }
}

/// Sends a process that was prepared what it captures.
pub(crate) fn give<C: Message>(process: ProcessId, capture: C) {
    crate::process::send(process, tag::CAPTURE, Encoder::of(capture));
}

fn encode_params(params: &[Param]) -> Vec<u8> {
    let mut out = Vec::with_capacity(17 * params.len());
    for param in params {
        let (ty, value) = match *param {
            Param::I32(value) => (0x7f, u128::from(value as u32)),
            Param::I64(value) => (0x7e, u128::from(value as u64)),
            Param::V128(value) => (0x7b, value),
        };
        out.push(ty);
        out.extend_from_slice(&value.to_le_bytes());
    }
    out
}

/// The exported function that runs another one of the table.
const ENTRY: &str = "lunatic_process_entry";

/// A capture of so many bytes travels in the parameters.
const INLINE: usize = 16;
/// The length of a capture that travels in a message.
const IN_MESSAGE: u32 = u32::MAX;

/// The parameters of ENTRY. Functions are numbers of the table, which is the same in every instance.
struct Entry {
    run: usize,
    function: usize,
    parent: u64,
    len: u32,
    capture: [u8; INLINE],
}

impl Entry {
    /// For a function and its capture, which is returned if it is too large.
    fn new<C: Message, M: Message>(capture: C, function: fn(C, Mailbox<M>)) -> (Entry, Option<Encoder>) {
        let mut entry = Entry::waiting(function);
        let capture = Encoder::of(capture);
        if capture.bytes.len() > INLINE || !capture.attachments.is_empty() {
            return (entry, Some(capture));
        }
        entry.len = capture.bytes.len() as u32;
        entry.capture[..capture.bytes.len()].copy_from_slice(&capture.bytes);
        (entry, None)
    }

    /// For a function whose capture comes in a message.
    fn waiting<C: Message, M: Message>(function: fn(C, Mailbox<M>)) -> Entry {
        let run: fn(usize, Entry) = run::<C, M>;
        Entry {
            run: run as usize,
            function: function as usize,
            parent: crate::id().get(),
            len: IN_MESSAGE,
            capture: [0; INLINE],
        }
    }

    fn params(&self) -> [Param; 6] {
        let capture = u128::from_le_bytes(self.capture);
        [
            Param::I32(self.run as i32),
            Param::I32(self.function as i32),
            Param::I64(self.parent as i64),
            Param::I32(self.len as i32),
            Param::I64(capture as i64),
            Param::I64((capture >> 64) as i64),
        ]
    }

    /// What remains to be done when the process is there.
    fn begun(&self, process: ProcessId, capture: Option<Encoder>) -> ProcessId {
        if let Some(capture) = capture {
            crate::process::send(process, tag::CAPTURE, capture);
        }
        process
    }
}

/// Runs a function in its new process.
fn run<C: Message, M: Message>(function: usize, entry: Entry) {
    // SAFETY: the number was made of a function of this type, by the Entry that names this function.
    let function: fn(C, Mailbox<M>) = unsafe { mem::transmute(function as *const ()) };
    let capture = match entry.len {
        IN_MESSAGE => receive_capture(ProcessId::from_raw(entry.parent)),
        len => Decoder::new(&entry.capture[..len as usize]).finish(),
    };
    match capture {
        Ok(capture) => function(capture, Mailbox::new()),
        Err(error) => panic!("what {} has captured: {}", std::any::type_name::<C>(), error),
    }
}

/// Waits for the capture. If the parent has died without sending it, nobody ever will.
fn receive_capture<C: Message>(parent: ProcessId) -> Result<C, crate::DecodeError> {
    let monitor = parent.monitor();
    let tags = [tag::CAPTURE, monitor.tag.get()];
    let capture = mailbox::receive(&tags, host::FOREVER, |arrival| match arrival {
        Arrival::Data { bytes, .. } => Some(Decoder::new(bytes).finish()),
        Arrival::Down(_) | Arrival::Exit(_) => None,
    });
    match capture.flatten() {
        Some(capture) => {
            monitor.stop();
            capture
        }
        None => std::process::exit(0),
    }
}

/// Where spawned processes begin.
#[export_name = "lunatic_process_entry"]
extern "C" fn enter(run: usize, function: usize, parent: u64, len: u32, low: u64, high: u64) {
    // SAFETY: only Entry::params makes these numbers.
    let run: fn(usize, Entry) = unsafe { mem::transmute(run as *const ()) };
    let capture = (u128::from(high) << 64 | u128::from(low)).to_le_bytes();
    run(function, Entry { run: 0, function, parent, len, capture })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{spawn, ExitReason};

    // A parent can die between the spawn and the message with the capture: the child must not wait for ever.
    #[test]
    fn a_child_without_its_capture_ends() {
        fn never(_: String, _: Mailbox<()>) {
            panic!("there was no capture");
        }
        let me = Mailbox::<ProcessId>::new();
        let parent = spawn(me.process(), |to: Process<ProcessId>, mailbox: Mailbox<()>| {
            to.send(Spawn::new().prepare(None, never).unwrap());
            mailbox.receive();
        });
        let child = me.receive().monitor();
        parent.kill();
        assert_eq!(child.wait().reason, ExitReason::Normal);
    }
}
