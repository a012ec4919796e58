//! Better Auth's window rule.

use jiff::{SignedDuration, Timestamp};

use super::TooMany;
use super::generations::Generations;

/// How many keys are remembered, as in Better Auth.
const MAX_KEYS: usize = 100_000;

/// How often something may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) max: u32,
    pub(super) window: SignedDuration,
}

impl Rule {
    pub(super) const fn new(max: u32, window_seconds: i64) -> Self {
        Self { max, window: SignedDuration::from_secs(window_seconds) }
    }
}

/// What was allowed since the window of a key began, and the last time of it.
#[derive(Clone, Copy)]
struct Window {
    count: u32,
    last: Timestamp,
}

/// A window for each key.
pub(super) struct Windows(Generations<Window>);

impl Windows {
    /// `longest` is the window of the rule with the longest one.
    pub(super) fn new(longest: SignedDuration) -> Self {
        Self(Generations::new(MAX_KEYS, longest))
    }

    /// Counts one more for `key`. A window ends when nothing was allowed in it for as long as the rule says; what
    /// is refused does not make it longer.
    ///
    /// # Errors
    /// [`TooMany`], where as many were allowed in the window as may be.
    pub(super) fn count(&mut self, key: u64, rule: Rule, now: Timestamp) -> Result<(), TooMany> {
        let open = self.0.get(key).filter(|window| {
            // Requests of the same moment may come in any order. Where the clock was set back by more than that,
            // nobody waits for it to catch up.
            now.duration_since(window.last).abs() < rule.window
        });
        let next = match open {
            None => Window { count: 1, last: now },
            Some(window) if window.count >= rule.max => {
                return Err(TooMany::until(window.last + rule.window, now));
            }
            Some(window) => Window { count: window.count + 1, last: window.last.max(now) },
        };
        self.0.insert(key, next, now);
        Ok(())
    }
}
