//! E-mail by the address that it goes to.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::recent_counts::RecentCounts;
use super::windows::{Rule, Windows};
use crate::models::email::Email;

/// What [`Requests`](super::Requests) allows one client, here for all clients together.
const BURST: Rule = Rule::new(3, 60);
/// The most e-mail of a kind that one address of e-mail gets in a day, whoever asks for it: far more than a person needs who
/// has forgotten a password, and far less than what makes a mailbox useless.
pub const MAX_MAILS_PER_DAY: u32 = 20;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What an e-mail is for. Each kind has a budget of its own: whoever has links to a new password sent to somebody must
/// not keep other e-mail from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailKind {
    PasswordReset,
    Verification,
    EmailChange,
}

/// How much e-mail of each kind each address of e-mail was sent lately.
pub struct Mails {
    hasher: RandomState,
    counts: Mutex<(Windows, RecentCounts)>,
}

impl Default for Mails {
    fn default() -> Self {
        let counts = (Windows::new(BURST.window), RecentCounts::new(MAX_MAILS_PER_DAY, DAY));
        Self { hasher: RandomState::new(), counts: Mutex::new(counts) }
    }
}

impl Mails {
    /// Counts an e-mail that is about to be sent, and says whether it may be.
    pub(super) fn allow(&self, email: &Email, kind: MailKind, now: Timestamp) -> bool {
        let key = self.hasher.hash_one((email.as_str(), kind));
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (bursts, days) = &mut *counts;
        let is_allowed = days.check(key, now).is_ok() && bursts.count(key, BURST, now).is_ok();
        if is_allowed {
            days.add(key, now);
        }
        is_allowed
    }
}
