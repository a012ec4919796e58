//! How urgent a task is, and sets of such answers.

use serde::Serialize;

/// From `none` (rank 0) to `urgent` (rank 4); they are ordered by rank. In JSON the lower-case name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    #[default]
    None,
    Low,
    Medium,
    High,
    Urgent,
}

impl Priority {
    /// Every priority, by rank.
    pub const ALL: [Self; 5] = [Self::None, Self::Low, Self::Medium, Self::High, Self::Urgent];

    /// The priority of that lower-case name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.as_str() == text)
    }

    /// The lower-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// 0 to 4: what is stored and sorted by.
    pub fn rank(self) -> i64 {
        self as i64
    }

    /// The priority of that rank; `None` outside 0 to 4.
    pub fn from_rank(rank: i64) -> Option<Self> {
        Self::ALL.get(usize::try_from(rank).ok()?).copied()
    }
}

/// Some of the five priorities. Collected from an iterator of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrioritySet(
    /// Bit n stands for the priority of rank n.
    i64,
);

impl PrioritySet {
    /// Those that are in it, by rank.
    pub fn iter(self) -> impl Iterator<Item = Priority> {
        Priority::ALL.into_iter().filter(move |priority| self.contains(*priority))
    }

    /// Whether `priority` is one of them.
    pub fn contains(self, priority: Priority) -> bool {
        self.0 & (1 << priority.rank()) != 0
    }
}

impl FromIterator<Priority> for PrioritySet {
    fn from_iter<I: IntoIterator<Item = Priority>>(priorities: I) -> Self {
        Self(priorities.into_iter().fold(0, |bits, priority| bits | 1 << priority.rank()))
    }
}
