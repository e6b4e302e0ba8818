//! Receiving.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::time::Duration;

use crate::process::ProcessId;
use crate::time::Deadline;
use crate::{host, tag, time, Decoder, Down, Exit, ExitReason, Message, Process, Tag};

/// The mailbox of this process, for messages of type M.
///
/// A process has one mailbox and decides what is in it. Spawned processes get it as an argument; the first
/// process makes it with [`Mailbox::new`].
///
/// What is no message of type M is a bug of whoever sent it: receiving it panics. Answers that come too late
/// are dropped.
#[derive(Debug)]
pub struct Mailbox<M> {
    messages: PhantomData<fn() -> M>,
}

/// What can be in a mailbox.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<M> {
    /// A message, and the tag if it has one.
    Message(M, Option<Tag>),
    /// A monitored process has ended.
    Down(Down),
    /// A linked process has ended.
    Exit(Exit),
    /// Somebody asks this process to end, with [`ProcessId::shutdown`].
    Shutdown,
}

impl<M: Message> Mailbox<M> {
    /// The mailbox of this process.
    #[allow(clippy::new_without_default)] // nothing is made that could be said to be empty
    pub fn new() -> Mailbox<M> {
        Mailbox { messages: PhantomData }
    }

    /// This process, for others to send to.
    pub fn process(&self) -> Process<M> {
        crate::id().cast()
    }

    /// Waits for the next message. Events that are none stay for [`event`](Mailbox::event).
    pub fn receive(&self) -> M {
        self.find(&[], host::FOREVER).expect("there is no time-out").0
    }

    /// The same, for so long at most.
    pub fn receive_timeout(&self, timeout: Duration) -> Option<M> {
        self.find(&[], time::millis(timeout)).map(|(message, _)| message)
    }

    /// Waits for the next message with one of the tags. Others stay where they are.
    ///
    /// # Panics
    ///
    /// If there are no tags: it would wait for ever.
    pub fn receive_tagged(&self, tags: &[Tag]) -> (M, Tag) {
        assert!(!tags.is_empty(), "no message has one of no tags");
        self.find_tagged(tags, host::FOREVER).expect("there is no time-out")
    }

    /// The same, for so long at most.
    pub fn receive_tagged_timeout(&self, tags: &[Tag], timeout: Duration) -> Option<(M, Tag)> {
        if tags.is_empty() {
            crate::sleep(timeout);
            return None;
        }
        self.find_tagged(tags, time::millis(timeout))
    }

    /// Waits for the next event, of any kind.
    pub fn event(&self) -> Event<M> {
        self.next(host::FOREVER).expect("there is no time-out")
    }

    /// The same, for so long at most.
    pub fn event_timeout(&self, timeout: Duration) -> Option<Event<M>> {
        self.next(time::millis(timeout))
    }

    fn find_tagged(&self, tags: &[Tag], timeout: u64) -> Option<(M, Tag)> {
        let (message, tag) = self.find(tags, timeout)?;
        Some((message, tag.expect("it was selected by its tag")))
    }

    fn find(&self, tags: &[Tag], timeout: u64) -> Option<(M, Option<Tag>)> {
        let tags: Vec<i64> = tags.iter().map(|tag| tag.get()).collect();
        let deadline = Deadline::after(timeout);
        loop {
            match receive(&tags, deadline.left(), event)? {
                Some(Event::Message(message, tag)) => return Some((message, tag)),
                Some(Event::Down(down)) => set_aside(Notice::Down(down)),
                Some(Event::Exit(exit)) => set_aside(Notice::Exit(exit)),
                Some(Event::Shutdown) => set_aside(Notice::Shutdown),
                None => {}
            }
        }
    }

    fn next(&self, timeout: u64) -> Option<Event<M>> {
        match next_aside() {
            Some(Notice::Down(down)) => return Some(Event::Down(down)),
            Some(Notice::Exit(exit)) => return Some(Event::Exit(exit)),
            Some(Notice::Shutdown) => return Some(Event::Shutdown),
            None => {}
        }
        let deadline = Deadline::after(timeout);
        loop {
            if let Some(event) = receive(&[], deadline.left(), event)? {
                return Some(event);
            }
        }
    }
}

/// What has arrived, as an event; none if it is for nobody.
fn event<M: Message>(arrival: Arrival<'_>) -> Option<Event<M>> {
    match arrival {
        Arrival::Down(down) => Some(Event::Down(down)),
        Arrival::Exit(exit) => Some(Event::Exit(exit)),
        Arrival::Data { tag: tag::SHUTDOWN, .. } => Some(Event::Shutdown),
        // Late answers, and requests to a process that is no server.
        Arrival::Data { tag, .. } if !Tag::is_for_program(tag) => None,
        Arrival::Data { tag, bytes } => match Decoder::new(bytes).finish() {
            Ok(message) => Some(Event::Message(message, Tag::from_raw(tag))),
            Err(error) => panic!("{}: {}", std::any::type_name::<M>(), error),
        },
    }
}

/// What the host hands over.
pub(crate) enum Arrival<'a> {
    Data { tag: i64, bytes: &'a [u8] },
    Down(Down),
    Exit(Exit),
}

/// Waits for the oldest message with one of the tags, or any if there are none, and hands it to f. None if
/// the time is over.
pub(crate) fn receive<T>(tags: &[i64], timeout: u64, f: impl FnOnce(Arrival<'_>) -> T) -> Option<T> {
    // Most messages are small: they come with the call, and without an allocation.
    let mut small = [0; 256];
    let mut large;
    let mut info = [0; 3];
    let kind = unsafe {
        host::message::receive_data(tags.as_ptr(), tags.len(), timeout, small.as_mut_ptr(), small.len(), &mut info)
    };
    let [size, tag, process] = info;
    let (size, tag) = (size as usize, tag as i64);
    Some(f(match kind {
        host::DATA if size <= small.len() => Arrival::Data { tag, bytes: &small[..size] },
        host::DATA => {
            large = vec![0; size];
            let (head, rest) = large.split_at_mut(small.len());
            head.copy_from_slice(&small);
            unsafe { host::message::read_data(rest.as_mut_ptr(), rest.len()) };
            Arrival::Data { tag, bytes: &large }
        }
        host::LINK_DIED => Arrival::Exit(Exit { reason: ExitReason::of_last_message(), tag: Tag::from_raw(tag) }),
        host::PROCESS_DIED => Arrival::Down(Down {
            process: ProcessId::from_raw(process),
            reason: ExitReason::of_last_message(),
            tag: Tag::from_raw(tag),
        }),
        _ => return None,
    }))
}

/// A notice that was received by somebody who was looking for messages.
pub(crate) enum Notice {
    Down(Down),
    Exit(Exit),
    Shutdown,
}

thread_local!(static ASIDE: RefCell<VecDeque<Notice>> = RefCell::default());

fn set_aside(notice: Notice) {
    ASIDE.with(|aside| aside.borrow_mut().push_back(notice));
}

/// The oldest notice that was set aside.
pub(crate) fn next_aside() -> Option<Notice> {
    ASIDE.with(|aside| aside.borrow_mut().pop_front())
}

/// Takes the first notice with the tag out of those that were set aside.
fn take_aside(tag: Tag) -> Option<Notice> {
    ASIDE.with(|aside| {
        let mut aside = aside.borrow_mut();
        let at = aside.iter().position(|notice| match notice {
            Notice::Down(down) => down.tag == Some(tag),
            Notice::Exit(exit) => exit.tag == Some(tag),
            Notice::Shutdown => false,
        })?;
        aside.remove(at)
    })
}

/// Drops the notice with the tag, if there is one, wherever it is.
pub(crate) fn forget(tag: Tag) {
    if take_aside(tag).is_none() {
        receive(&[tag.get()], 0, |_| ());
    }
}

pub(crate) fn wait_down(tag: Tag, timeout: u64) -> Option<Down> {
    if let Some(Notice::Down(down)) = take_aside(tag) {
        return Some(down);
    }
    let deadline = Deadline::after(timeout);
    loop {
        // Nothing but the notice has this tag.
        if let Some(down) = receive(&[tag.get()], deadline.left(), |arrival| match arrival {
            Arrival::Down(down) => Some(down),
            _ => None,
        })? {
            return Some(down);
        }
    }
}
