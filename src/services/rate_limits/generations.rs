//! A map that stays bounded by forgetting what was not written for longest.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

/// Two maps, the young and the old one. What is written goes into the young; when that is full, or has been
/// written to for long enough, it becomes the old one, and what was the old one is forgotten as a whole. So an
/// entry is kept for at least as long as asked for from its last writing on, or until `capacity / 2` others were
/// written after it, and no call ever looks at more than one entry.
pub(super) struct Generations<V> {
    half: usize,
    kept_for: SignedDuration,
    young: HashMap<u64, V>,
    old: HashMap<u64, V>,
    young_since: Timestamp,
}

impl<V: Copy> Generations<V> {
    /// An empty map of at most `capacity` entries.
    pub(super) fn new(capacity: usize, kept_for: SignedDuration) -> Self {
        Self {
            half: capacity / 2,
            kept_for,
            young: HashMap::new(),
            old: HashMap::new(),
            young_since: Timestamp::MIN,
        }
    }

    pub(super) fn get(&self, key: u64) -> Option<V> {
        self.young.get(&key).or_else(|| self.old.get(&key)).copied()
    }

    pub(super) fn insert(&mut self, key: u64, value: V, now: Timestamp) {
        let is_over = now.duration_since(self.young_since).abs() >= self.kept_for;
        if is_over || self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
            self.young_since = now;
        }
        self.young.insert(key, value);
    }
}
