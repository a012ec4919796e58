//! How often something happened to each of very many keys lately, in memory of a fixed size.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::TooMany;

/// Parts that the time looked back on is cut into, the running one included.
const SLOTS: i64 = 4;
/// Counters that each key has in a slot.
const ROWS: usize = 4;
/// Counters in a row: a power of two.
const COUNTERS: usize = 1 << 17;

/// A count-min sketch over a time that slides. Each key adds to one counter in each row; the least of them is its
/// count. Keys that share a counter can make a count too high, which all rows at once must do to show, but nothing
/// makes one too low: unlike a table, it cannot be made to forget a key by filling it with others.
///
/// It looks back on the running slot and the three before it, so for three to four slots.
pub(super) struct RecentCounts {
    limit: u32,
    slot: SignedDuration,
    /// The newest last, which is that of number `newest`.
    slots: VecDeque<Vec<u16>>,
    newest: i64,
}

/// That one was counted, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    key: u64,
    slot: i64,
}

impl RecentCounts {
    /// At most `limit` of each key in any `window`.
    pub(super) fn new(limit: u32, window: SignedDuration) -> Self {
        let slot = window / i32::try_from(SLOTS - 1).expect("it is a small number");
        Self { limit, slot, slots: (0..SLOTS).map(|_| empty_slot()).collect(), newest: 0 }
    }

    /// Whether there is room for one more.
    ///
    /// # Errors
    /// [`TooMany`], where there is not.
    pub(super) fn check(&mut self, key: u64, now: Timestamp) -> Result<(), TooMany> {
        self.turn_to(now);
        let first_with_room = (0..=SLOTS).find(|&later| self.after(later, key) < self.limit);
        match first_with_room {
            Some(0) => Ok(()),
            later => Err(TooMany::until(self.beginning(later.unwrap_or(SLOTS)), now)),
        }
    }

    /// Counts one more.
    pub(super) fn add(&mut self, key: u64, now: Timestamp) -> Counted {
        self.turn_to(now);
        if let Some(slot) = self.slots.back_mut() {
            for counter in counters(key) {
                slot[counter] = slot[counter].saturating_add(1);
            }
        }
        Counted { key, slot: self.newest }
    }

    /// Takes one back that was counted.
    pub(super) fn take_back(&mut self, counted: Counted) {
        let age = self.newest - counted.slot;
        let index = usize::try_from(SLOTS - 1 - age).ok();
        if let Some(slot) = index.and_then(|index| self.slots.get_mut(index)) {
            for counter in counters(counted.key) {
                slot[counter] = slot[counter].saturating_sub(1);
            }
        }
    }

    /// The count of a key when so many slots more will have begun, if nothing is added.
    fn after(&self, slots: i64, key: u64) -> u32 {
        let gone = usize::try_from(slots).unwrap_or_default();
        let kept = || self.slots.iter().skip(gone);
        let sums = counters(key).map(|counter| kept().map(|slot| u32::from(slot[counter])).sum());
        sums.into_iter().min().unwrap_or_default()
    }

    /// Begins the slots whose time has come, and forgets as many.
    fn turn_to(&mut self, now: Timestamp) {
        let number = now.as_millisecond().div_euclid(self.slot_millis());
        let ahead = number - self.newest;
        // A clock that was set back stays in the slot it was in, unless that is out of sight.
        if ahead > 0 || ahead <= -SLOTS {
            for _ in 0..ahead.abs().min(SLOTS) {
                self.slots.pop_front();
                self.slots.push_back(empty_slot());
            }
            self.newest = number;
        }
    }

    /// When the slot begins that comes so many after the newest.
    fn beginning(&self, later: i64) -> Timestamp {
        let millis = (self.newest + later).saturating_mul(self.slot_millis());
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }

    fn slot_millis(&self) -> i64 {
        i64::try_from(self.slot.as_millis()).unwrap_or(i64::MAX)
    }
}

/// Memory that the system hands out as it is touched.
fn empty_slot() -> Vec<u16> {
    vec![0; ROWS * COUNTERS]
}

/// One counter in each row.
fn counters(key: u64) -> [usize; ROWS] {
    let (start, step) = (key as usize, (key >> 32) as usize | 1);
    let mut row = 0;
    [0; ROWS].map(|_| {
        let counter =
            row * COUNTERS + (start.wrapping_add(row.wrapping_mul(step)) & (COUNTERS - 1));
        row += 1;
        counter
    })
}
