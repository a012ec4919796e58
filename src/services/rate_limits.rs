//! Limits on guessing, and on how often a person may ask. Each copy of the program counts for itself, in memory, and forgets when it stops.
//!
//! - [`Requests`]: how often one address may ask for one path, by Better Auth's rules;
//! - [`PasswordGuesses`]: how often a password may be guessed, by account and address, which Better Auth does not
//!   limit;
//! - [`Mails`]: how much e-mail one address of e-mail may be sent;
//! - [`People`]: how often one person may ask for tasks.
//!
//! Nothing here grows without bound, whatever is sent.

mod generations;
mod guesses;
mod mails;
mod people;
mod recent_counts;
mod requests;
mod windows;

use jiff::{SignedDuration, Timestamp};

pub use guesses::{
    Account, Guess, GuessBudgets, MAX_GUESSES_PER_ACCOUNT, MAX_GUESSES_PER_ADDRESS, Obstacle,
    PasswordGuesses, Reservation, begin_guess,
};
pub use mails::{MAX_MAILS_PER_DAY, MailKind, Mails};
pub use people::{People, Standing, WINDOW_SECONDS};
pub use requests::Requests;

use crate::config::RateLimiting;
use crate::models::email::Email;

/// Everything that is counted. Where limiting is off nothing is.
pub struct RateLimits {
    pub requests: Requests,
    pub guesses: PasswordGuesses,
    pub mails: Mails,
    limiting: RateLimiting,
}

impl RateLimits {
    /// Nothing has been counted yet.
    pub fn new(limiting: RateLimiting) -> Self {
        Self::with_budgets(limiting, GuessBudgets::default())
    }

    /// As [`RateLimits::new`], with other budgets for guesses.
    pub fn with_budgets(limiting: RateLimiting, budgets: GuessBudgets) -> Self {
        Self {
            requests: Requests::default(),
            guesses: PasswordGuesses::new(budgets),
            mails: Mails::default(),
            limiting,
        }
    }

    /// Counts an e-mail that is about to be sent to an address, and says whether it may be. Whoever asked for it is
    /// answered the same either way. To be asked only where an e-mail would really go out: memory is then as
    /// bounded as people are.
    pub fn allow_mail(&self, email: &Email, kind: MailKind, now: Timestamp) -> bool {
        !self.are_on() || self.mails.allow(email, kind, now)
    }

    /// Whether anything is limited.
    pub fn are_on(&self) -> bool {
        self.limiting == RateLimiting::On
    }
}

/// It was asked too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TooMany {
    /// After how many seconds it is worth asking again: at least one.
    pub retry_after_seconds: i64,
}

impl TooMany {
    /// It is allowed again at `then`.
    fn until(then: Timestamp, now: Timestamp) -> Self {
        let left = then.duration_since(now).max(SignedDuration::ZERO);
        let started = i64::from(left.subsec_nanos() > 0);
        Self { retry_after_seconds: (left.as_secs() + started).max(1) }
    }
}
