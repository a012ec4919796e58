//! More requests than the database can answer: those that have waited for long are told to come again.
//!
//! A database that wakes, or restarts, or is kept busy by a few slow statements lets nobody through for a while, and
//! whoever waits then waits with patience. One to which places are handed on without a pause, and before which there are
//! always some that wait, is asked for more than it can do: there, a place is of use only to who has not waited for long.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::database::{DatabaseError, MAX_WAITING};

/// For how long places are handed on without a pause before that is a rush.
const RUSH: Duration = Duration::from_millis(500);
/// What a pause is.
const PAUSE: Duration = Duration::from_millis(100);
/// For how long a rush is remembered over a pause: who comes after it would find as many as before.
const MEMORY: Duration = Duration::from_secs(1);
/// Over how long it is counted how fast places are handed on.
const COUNTED: Duration = Duration::from_millis(100);

/// How places are handed on, by which it is told who has waited for too long.
#[derive(Debug)]
pub struct Rush {
    /// How long is too long; `None` where everybody waits as long as it takes.
    max_wait: Option<Duration>,
    /// When the first of those got a place who came through without a pause, and the last one.
    since: Option<(Instant, Instant)>,
    /// Since when those are counted who were let through, and how many.
    counted: (Instant, u32),
    /// The time between two of them, by the last count.
    interval: Duration,
}

impl Rush {
    /// `max_wait` is how long anybody may wait in a rush; `None` where everybody waits as long as it takes.
    pub fn new(max_wait: Option<Duration>) -> Self {
        let counted = (Instant::now(), 0);
        Self { max_wait, since: None, counted, interval: Duration::ZERO }
    }

    /// Whether somebody may go on who has a place now, and has had to wait for it since then.
    pub fn lets_through(&mut self, waited_since: Instant, now: Instant) -> bool {
        let first = match self.since {
            Some((first, last)) if goes_on(first, last, now) => first,
            _ => now,
        };
        self.since = Some((first, now));
        let is_late = self.forbids(now.duration_since(waited_since), now);
        if !is_late {
            self.count(now);
        }
        !is_late
    }

    fn count(&mut self, now: Instant) {
        let (since, number) = &mut self.counted;
        *number += 1;
        let time = now.duration_since(*since);
        if time >= COUNTED {
            self.interval = time / *number;
            self.counted = (now, 0);
        }
    }

    /// Whether somebody who comes now, with so many before them, would have to wait for too long.
    pub fn is_too_long(&self, waiting: usize, now: Instant) -> bool {
        let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
        self.forbids(self.interval.saturating_mul(waiting), now)
    }

    /// Whether there is a rush now, and nobody may wait for that long in it.
    fn forbids(&self, wait: Duration, now: Instant) -> bool {
        let is_rush = self.since.is_some_and(|(first, last)| {
            now.duration_since(last) < PAUSE && now.duration_since(first) >= RUSH
        });
        is_rush && self.max_wait.is_some_and(|max_wait| wait > max_wait)
    }
}

/// Whether places are handed on as they were before, or a rush was interrupted for a moment.
fn goes_on(first: Instant, last: Instant, now: Instant) -> bool {
    let pause = now.duration_since(last);
    let was_rush = last.duration_since(first) >= RUSH;
    pause < if was_rush { MEMORY } else { PAUSE }
}

/// One of those who wait, of whom there are not too many.
pub(super) struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    /// # Errors
    /// [`DatabaseError::Busy`] where there are.
    pub(super) fn among(waiting: &'a AtomicUsize) -> Result<Self, DatabaseError> {
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        let one = Self(waiting);
        if before < MAX_WAITING { Ok(one) } else { Err(DatabaseError::Busy("the queue is full")) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
