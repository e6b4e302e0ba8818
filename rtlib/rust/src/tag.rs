//! Tags select messages in a mailbox.

use std::cell::Cell;

use crate::host;

/// The number a message is selected by.
///
/// Programs choose numbers from 1 to 2^31 - 1. The library takes some negative ones (docs/supervision.md) and
/// those from 2^32, of which it makes a new one each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(i64);

/// Please end.
pub(crate) const SHUTDOWN: i64 = -1;
/// A request to a server, which wants an answer.
pub(crate) const CALL: i64 = -2;
/// A request to a server, which wants none.
pub(crate) const CAST: i64 = -3;
/// What a new process has captured.
pub(crate) const CAPTURE: i64 = -4;

// A tag that is made has 29 bits of the process id above 32 of a counter, and one of these bits above both. So
// no two processes make the same: tags of links, and of answers, cross from one to another.
const FOR_PROGRAM: i64 = 1 << 62;
const FOR_LIBRARY: i64 = 1 << 61;
const OWNER_SHIFT: u32 = 32;
const OWNER_MASK: u64 = (1 << 29) - 1;

impl Tag {
    /// A tag that two programs have agreed on.
    ///
    /// # Panics
    ///
    /// If n is 0, which stands for no tag, or 2^31 or more, which are the library's.
    pub const fn new(n: u32) -> Tag {
        assert!(n != 0 && n < 1 << 31);
        Tag(n as i64)
    }

    /// A tag that nobody else has: not this process again, and no other one.
    pub fn unique() -> Tag {
        Tag::made(FOR_PROGRAM)
    }

    /// The same, for answers, links and monitors: a message with such a tag that nobody waits for is dropped.
    pub(crate) fn internal() -> Tag {
        Tag::made(FOR_LIBRARY)
    }

    fn made(purpose: i64) -> Tag {
        thread_local!(static MADE_SO_FAR: Cell<u32> = const { Cell::new(0) });
        let n = MADE_SO_FAR.with(|made| {
            made.set(made.get().wrapping_add(1));
            made.get()
        });
        let owner = unsafe { host::process::process_id() } & OWNER_MASK;
        Tag(purpose | (owner << OWNER_SHIFT) as i64 | i64::from(n))
    }

    /// The number, as the host knows it.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The tag with that number, if it is one.
    pub(crate) fn from_raw(tag: i64) -> Option<Tag> {
        (tag != 0).then_some(Tag(tag))
    }

    /// Whether a message with this tag, or with none, is for the program.
    pub(crate) fn is_for_program(tag: i64) -> bool {
        (0..1 << 31).contains(&tag) || tag & FOR_PROGRAM != 0 && tag > 0
    }
}

impl crate::Message for Tag {
    fn encode(self, out: &mut crate::Encoder) {
        self.0.encode(out);
    }

    fn decode(input: &mut crate::Decoder<'_>) -> Result<Self, crate::DecodeError> {
        Tag::from_raw(i64::decode(input)?).ok_or_else(|| input.error("a Tag"))
    }
}
