//! Names of processes.

use std::fmt;
use std::marker::PhantomData;

use crate::{host, Process, ProcessId};

/// A name for a process that understands M.
///
/// The host knows the text alone: two names with one text are one name. So declare each once.
///
/// ```no_run
/// use lunatic_process::{Mailbox, Name};
///
/// const LOGGER: Name<String> = Name::new("logger");
///
/// LOGGER.register(Mailbox::<String>::new().process());
/// LOGGER.lookup().expect("it was registered").send("hello".to_string());
/// ```
pub struct Name<M> {
    name: &'static str,
    messages: PhantomData<fn(M)>,
}

impl<M> Name<M> {
    /// A name. It has at most 4,096 bytes.
    pub const fn new(name: &'static str) -> Name<M> {
        Name { name, messages: PhantomData }
    }

    /// The text.
    pub const fn as_str(&self) -> &'static str {
        self.name
    }

    /// Gives the name to a process, whoever had it. It loses it when it ends.
    pub fn register(&self, process: Process<M>) {
        register(self.name, process.id());
    }

    /// The living process of the name.
    pub fn lookup(&self) -> Option<Process<M>> {
        lookup(self.name).map(ProcessId::cast)
    }

    /// Makes the name free.
    pub fn unregister(&self) {
        unregister(self.name);
    }
}

/// Gives a name to a process, whoever had it. [`Name`] does the same with a type.
pub fn register(name: &str, process: ProcessId) {
    unsafe { host::registry::put(name.as_ptr(), name.len(), 0, process.get()) }
}

/// The living process of a name.
pub fn lookup(name: &str) -> Option<ProcessId> {
    let (mut node, mut id) = (0, 0);
    match unsafe { host::registry::get(name.as_ptr(), name.len(), &mut node, &mut id) } {
        0 => Some(ProcessId::from_raw(id)),
        _ => None,
    }
}

/// Makes a name free.
pub fn unregister(name: &str) {
    unsafe { host::registry::remove(name.as_ptr(), name.len()) }
}

impl<M> Clone for Name<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Name<M> {}

impl<M> fmt::Debug for Name<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({:?})", self.name)
    }
}
