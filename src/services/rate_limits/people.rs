//! Requests by person: generous, so that one person's script does not take what others need.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::TooMany;
use super::generations::Generations;
use crate::models::user::UserId;

/// What a quota is for, in seconds.
pub const WINDOW_SECONDS: i64 = 60;
const WINDOW: SignedDuration = SignedDuration::from_secs(WINDOW_SECONDS);
/// How many people are remembered. Whoever is forgotten has a whole quota again.
const MAX_PEOPLE: usize = 200_000;
/// How many locks the people are shared out to.
const SHARDS: usize = 16;

/// How often each person has asked lately: a bucket that holds a quota, and fills up evenly within a window (the generic
/// cell rate algorithm, ITU-T I.371).
pub struct People {
    quota: NonZeroU32,
    hasher: RandomState,
    /// When each bucket is full again.
    full_at: [Mutex<Generations<Timestamp>>; SHARDS],
}

/// Where a person stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Requests in a window.
    pub quota: u32,
    /// Requests that are left now.
    pub left: u32,
    /// In how many seconds all of them are, rounded up.
    pub full_in_seconds: i64,
}

impl People {
    /// `quota` requests a minute.
    pub fn new(quota: NonZeroU32) -> Self {
        let shard = |_| Mutex::new(Generations::new(MAX_PEOPLE / SHARDS, WINDOW));
        let full_at = std::array::from_fn(shard);
        Self { quota, hasher: RandomState::new(), full_at }
    }

    /// Counts a request of somebody's. What is refused does not count.
    ///
    /// # Errors
    /// [`TooMany`], where nothing is left.
    pub fn count(&self, person: &UserId, now: Timestamp) -> (Standing, Result<(), TooMany>) {
        let key = self.hasher.hash_one(person.as_str());
        let shard = &self.full_at[usize::try_from(key % SHARDS as u64).unwrap_or(0)];
        let mut full_at = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let each = WINDOW / i32::try_from(self.quota.get()).unwrap_or(i32::MAX);
        // Where the clock was set back, nobody waits for it to catch up.
        let known = full_at.get(key).filter(|full| full.duration_since(now) <= WINDOW);
        let before = known.unwrap_or(now).max(now);
        let next = before.saturating_add(each).unwrap_or(before);
        if next.duration_since(now) > WINDOW {
            let again = next.saturating_sub(WINDOW).unwrap_or(now);
            return (self.standing(before, each, now), Err(TooMany::until(again, now)));
        }
        full_at.insert(key, next, now);
        (self.standing(next, each, now), Ok(()))
    }

    fn standing(&self, full: Timestamp, each: SignedDuration, now: Timestamp) -> Standing {
        let used = full.duration_since(now);
        let left = (WINDOW - used).as_nanos() / each.as_nanos().max(1);
        let started = i64::from(used.subsec_nanos() > 0);
        Standing {
            quota: self.quota.get(),
            left: u32::try_from(left).unwrap_or(0).min(self.quota.get()),
            full_in_seconds: used.as_secs() + started,
        }
    }
}
