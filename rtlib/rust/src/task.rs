//! Tasks: processes that compute one value.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use crate::mailbox::{self, Mailbox};
use crate::process::answered;
use crate::{host, spawn, time, HostError, Link, Message, Monitor, ProcessId, Reply, RequestError, Spawn, Tag};

/// A process that computes one value, for the one who started it.
///
/// ```no_run
/// use lunatic_process::{task, Task};
///
/// let product = Task::spawn((6, 7), |(a, b): (u32, u32)| a * b);
/// assert_eq!(product.join(), Ok(42));
///
/// let text = String::from("long");
/// let length = task!(|text| text.len());
/// assert_eq!(length.join(), Ok(4));
/// ```
///
/// It is not linked: if it fails, that is an answer. A task that is dropped goes on, and its value is lost.
pub struct Task<T> {
    monitor: Monitor,
    /// Nothing of it will come any more.
    done: bool,
    value: PhantomData<fn() -> T>,
}

/// Starts a [`Task`] of a closure: what it takes from here stands between the bars.
#[macro_export]
macro_rules! task {
    (|| $body:expr) => { $crate::Task::spawn((), |()| $body) };
    (| $($rest:tt)*) => { $crate::__task!([] $($rest)*) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __task {
    ([$($name:ident)*] | $body:expr) => {
        $crate::Task::spawn(($($name,)*), |($($name,)*)| $body)
    };
    ([$($name:ident)*] $next:ident | $body:expr) => {
        $crate::__task!([$($name)* $next] | $body)
    };
    ([$($name:ident)*] $next:ident, $($rest:tt)*) => {
        $crate::__task!([$($name)* $next] $($rest)*)
    };
}

impl<T: Message> Task<T> {
    /// Starts a task.
    ///
    /// # Panics
    ///
    /// If the host refuses.
    pub fn spawn<C: Message>(capture: C, function: fn(C) -> T) -> Task<T> {
        match Task::start(None, capture, function) {
            Ok(task) => task,
            Err(error) => panic!("spawn: {}", error),
        }
    }

    /// Starts a task that is linked: if one fails the other dies.
    ///
    /// # Panics
    ///
    /// If the host refuses.
    pub fn spawn_link<C: Message>(capture: C, function: fn(C) -> T) -> (Task<T>, Link) {
        let tag = Tag::internal();
        match Task::start(Some(tag), capture, function) {
            Ok(task) => {
                let process = task.id();
                (task, Link { process, tag })
            }
            Err(error) => panic!("spawn: {}", error),
        }
    }

    fn start<C: Message>(link: Option<Tag>, capture: C, function: fn(C) -> T) -> Result<Task<T>, HostError> {
        let process = Spawn::new().prepare(link, compute::<C, T>)?;
        let monitor = process.monitor();
        spawn::give(process, (capture, function as usize, Reply::<T>::to_me(monitor.tag)));
        Ok(Task { monitor, done: false, value: PhantomData })
    }

    /// Waits for the value.
    ///
    /// # Errors
    ///
    /// `Down`: it has ended without one.
    pub fn join(mut self) -> Result<T, RequestError> {
        self.wait(host::FOREVER)
    }

    /// The same, for so long at most: then the task goes on, and can be waited for again.
    ///
    /// # Errors
    ///
    /// `Down`, and `TimedOut`.
    ///
    /// # Panics
    ///
    /// If the value, or the end, has been returned already.
    pub fn join_timeout(&mut self, timeout: Duration) -> Result<T, RequestError> {
        self.wait(time::millis(timeout))
    }

    fn wait(&mut self, timeout: u64) -> Result<T, RequestError> {
        assert!(!self.done, "a task has one value");
        let answer = mailbox::receive(&[self.monitor.tag.get()], timeout, answered);
        self.done = answer.is_some();
        if matches!(answer, Some(Ok(_) | Err(RequestError::Decode(_)))) {
            self.monitor.stop();
        }
        answer.unwrap_or(Err(RequestError::TimedOut))
    }
}

impl<T> Task<T> {
    /// Its process.
    pub fn id(&self) -> ProcessId {
        self.monitor.process()
    }

    /// Kills it, and waits until it has ended. A link is taken away before.
    pub fn cancel(mut self) {
        if !self.done {
            self.done = true;
            unsafe { host::process::unlink(self.id().get()) }
            self.id().kill();
            self.monitor.wait();
        }
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if !self.done {
            self.monitor.stop();
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task({})", self.id())
    }
}

/// The life of a task.
fn compute<C: Message, T: Message>((capture, function, reply): (C, usize, Reply<T>), _: Mailbox<()>) {
    // SAFETY: Task::start has made the number of a function of this type.
    let function: fn(C) -> T = unsafe { std::mem::transmute(function as *const ()) };
    reply.send(function(capture));
}
