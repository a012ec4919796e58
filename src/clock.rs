//! The clock: the only place that asks the system what time it is. Everything else is handed a [`Clock`],
//! so that a test moves time by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use crate::models::timestamp::truncate_to_millis;

/// Tells the time in whole milliseconds, the precision of everything that is stored and answered.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's clock.
    System,
    /// A clock that stands still until it is moved.
    Manual(ManualClock),
}

impl Clock {
    /// The present, truncated to a millisecond.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that may ask")]
            Self::System => truncate_to_millis(Timestamp::now()),
            Self::Manual(clock) => clock.now(),
        }
    }
}

/// A clock that only moves when it is told to. Clones share their time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn starting_at(start: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(start.as_millisecond())))
    }

    /// Moves the clock, and all its clones, forward.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis())
            .expect("a test moves by less than the age of the universe");
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst))
            .expect("a test stays within the years that exist")
    }
}
