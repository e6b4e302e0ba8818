//! Time-outs as the host counts them.

use std::time::{Duration, Instant};

use crate::host::FOREVER;

/// Milliseconds, rounded up so that nothing happens early; what is too long is for ever.
pub(crate) fn millis(duration: Duration) -> u64 {
    let millis = (duration.as_nanos() + 999_999) / 1_000_000;
    u64::try_from(millis).unwrap_or(FOREVER)
}

/// When to give up.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    timeout: u64,
    began: Option<Instant>,
}

impl Deadline {
    /// No clock is asked where there is nothing to measure.
    pub(crate) fn after(timeout: u64) -> Deadline {
        let began = (timeout != 0 && timeout != FOREVER).then(Instant::now);
        Deadline { timeout, began }
    }

    /// What is left of the time-out; 0 when it is over.
    pub(crate) fn left(&self) -> u64 {
        match self.began {
            Some(began) => self.timeout.saturating_sub(began.elapsed().as_millis() as u64),
            None => self.timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millis_are_rounded_up() {
        assert_eq!(millis(Duration::ZERO), 0);
        assert_eq!(millis(Duration::from_nanos(1)), 1);
        assert_eq!(millis(Duration::from_millis(5)), 5);
        assert_eq!(millis(Duration::from_micros(5001)), 6);
        assert_eq!(millis(Duration::MAX), FOREVER);
    }

    #[test]
    fn deadlines_that_need_no_clock() {
        assert_eq!(Deadline::after(0).left(), 0);
        assert_eq!(Deadline::after(FOREVER).left(), FOREVER);
        assert!(Deadline::after(60_000).left() <= 60_000);
    }
}
