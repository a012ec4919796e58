//! Guesses of passwords by account, so that a thousand addresses cannot guess one password, and by account and
//! address, so that one address cannot use up what an account has and lock its owner out.
//!
//! Only what fails counts, in the end. A guess is counted before the password is hashed, so that of a hundred at
//! once no more are let through than of a hundred one after the other, and is given back when it turns out right.
//! It makes no difference whether an account is there.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::TooMany;
use super::generations::Generations;
use super::recent_counts::{Counted, RecentCounts};
use crate::database::{DatabaseError, sessions};
use crate::models::client_address::ClientAddress;
use crate::models::email::Email;
use crate::models::session::SESSION_LIFETIME;
use crate::models::user::UserId;
use crate::services::Issuer;

/// The most wrong guesses in an hour that all addresses together have at one account. NIST SP 800-63B 5.2.2 allows
/// no more than 100 in a row; here they come back with time, so that nobody is locked out for good.
pub const MAX_GUESSES_PER_ACCOUNT: u32 = 100;
/// The most wrong guesses in an hour that one address has at one account: more than people need who try their old
/// passwords, and so little of the account's budget that it takes ten addresses to use it up.
pub const MAX_GUESSES_PER_ADDRESS: u32 = 10;
const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// How many successes are remembered, and for how long: as long as the session that began with one.
const MAX_REMEMBERED: usize = 50_000;
const REMEMBERED_FOR: SignedDuration = SESSION_LIFETIME;

/// Whose password is guessed. Somebody who is signed in has a budget of their own: what strangers do to their
/// e-mail address must not keep them from changing their password.
#[derive(Clone, Copy, Debug, Hash)]
pub enum Account<'a> {
    /// Of whoever has this address, if anybody.
    Email(&'a Email),
    /// Of somebody who is signed in.
    User(&'a UserId),
}

/// How many wrong guesses there may be in an hour.
#[derive(Clone, Copy, Debug)]
pub struct GuessBudgets {
    pub per_account: u32,
    pub per_address: u32,
}

impl Default for GuessBudgets {
    fn default() -> Self {
        Self { per_account: MAX_GUESSES_PER_ACCOUNT, per_address: MAX_GUESSES_PER_ADDRESS }
    }
}

/// Whose budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// That of the address at this account.
    Address(TooMany),
    /// That of the account. Addresses that its owner is known at need not mind.
    Account(TooMany),
}

/// A guess that was counted.
#[derive(Clone, Copy, Debug)]
pub struct Reservation {
    pair: Counted,
    account: Counted,
}

/// The guesses of the last hour.
pub struct PasswordGuesses {
    /// Keyed at random, so that nobody can choose accounts or addresses that count as one.
    hasher: RandomState,
    counts: Mutex<Counts>,
}

struct Counts {
    by_pair: RecentCounts,
    by_account: RecentCounts,
    /// Pairs of which a guess was right, and when.
    right: Generations<Timestamp>,
    /// Accounts that were forgotten, and when.
    forgotten: Generations<Timestamp>,
}

impl PasswordGuesses {
    /// Nobody has guessed yet.
    pub fn new(budgets: GuessBudgets) -> Self {
        let counts = Counts {
            by_pair: RecentCounts::new(budgets.per_address, WINDOW),
            by_account: RecentCounts::new(budgets.per_account, WINDOW),
            right: Generations::new(MAX_REMEMBERED, REMEMBERED_FOR),
            forgotten: Generations::new(MAX_REMEMBERED, REMEMBERED_FOR),
        };
        Self { hasher: RandomState::new(), counts: Mutex::new(counts) }
    }

    /// Counts a guess that is about to be made.
    ///
    /// # Errors
    /// [`Obstacle`], where it must not be made. Then it was not counted.
    pub fn reserve(
        &self,
        account: Account<'_>,
        client: ClientAddress,
        now: Timestamp,
    ) -> Result<Reservation, Obstacle> {
        self.count(account, client, now, false)
    }

    /// As [`PasswordGuesses::reserve`], from an address that the account's owner is known at: only the budget of
    /// the address counts.
    ///
    /// # Errors
    /// [`Obstacle::Address`].
    pub fn reserve_for_known(
        &self,
        account: Account<'_>,
        client: ClientAddress,
        now: Timestamp,
    ) -> Result<Reservation, Obstacle> {
        self.count(account, client, now, true)
    }

    fn count(
        &self,
        account: Account<'_>,
        client: ClientAddress,
        now: Timestamp,
        is_known: bool,
    ) -> Result<Reservation, Obstacle> {
        let (pair, account) = self.keys(account, client);
        let mut counts = self.counts();
        counts.by_pair.check(pair, now).map_err(Obstacle::Address)?;
        if !is_known && !counts.is_remembered(pair, now) {
            counts.by_account.check(account, now).map_err(Obstacle::Account)?;
        }
        Ok(counts.add(pair, account, now))
    }

    /// Takes a guess back, which was right or not made after all. Others stay counted.
    pub fn give_back(&self, reservation: Reservation) {
        let mut counts = self.counts();
        counts.by_pair.take_back(reservation.pair);
        counts.by_account.take_back(reservation.account);
    }

    /// Remembers that the account's owner is at this address.
    pub fn remember(&self, account: Account<'_>, client: ClientAddress, now: Timestamp) {
        let (pair, _) = self.keys(account, client);
        self.counts().right.insert(pair, now, now);
    }

    /// Forgets every guess at an account: its owner has proved otherwise who they are.
    pub fn forget(&self, account: Account<'_>, now: Timestamp) {
        let key = self.hasher.hash_one(account);
        self.counts().forgotten.insert(key, now, now);
    }

    /// The keys of an account and an address, and of the account alone. What was counted before the account was
    /// forgotten was counted under others.
    fn keys(&self, account: Account<'_>, client: ClientAddress) -> (u64, u64) {
        let since = self.counts().forgotten.get(self.hasher.hash_one(account));
        let pair = (account, client.subscriber(), since);
        (self.hasher.hash_one(pair), self.hasher.hash_one((account, since)))
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // A panic in the middle of a change leaves a count that is wrong by one.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn is_remembered(&self, pair: u64, now: Timestamp) -> bool {
        self.right.get(pair).is_some_and(|then| now.duration_since(then) < REMEMBERED_FOR)
    }

    fn add(&mut self, pair: u64, account: u64, now: Timestamp) -> Reservation {
        Reservation {
            pair: self.by_pair.add(pair, now),
            account: self.by_account.add(account, now),
        }
    }
}

/// A guess that may be made, once. One that is dropped before is not counted.
pub struct Guess<'a> {
    issuer: &'a Issuer,
    account: Account<'a>,
    client: ClientAddress,
    /// `None` where nothing is limited, or where the guess was made.
    reserved: Option<Reservation>,
}

/// Begins a guess at a password. Comes before the password is hashed, and before anything is looked up that
/// would tell whether the account is there.
///
/// # Errors
/// [`DatabaseError`]; inside, [`TooMany`], where the guess must not be made.
pub async fn begin_guess<'a>(
    issuer: &'a Issuer,
    account: Account<'a>,
    client: ClientAddress,
) -> Result<Result<Guess<'a>, TooMany>, DatabaseError> {
    let guess = |reserved| Guess { issuer, account, client, reserved };
    if !issuer.limits.are_on() {
        return Ok(Ok(guess(None)));
    }
    let (guesses, now) = (&issuer.limits.guesses, issuer.clock.now());
    let reserved = match guesses.reserve(account, client, now) {
        Err(Obstacle::Account(_)) if has_session_at(issuer, account, client, now).await? => {
            guesses.reserve_for_known(account, client, now)
        }
        other => other,
    };
    Ok(match reserved {
        Ok(reservation) => Ok(guess(Some(reservation))),
        Err(Obstacle::Address(too_many) | Obstacle::Account(too_many)) => Err(too_many),
    })
}

async fn has_session_at(
    issuer: &Issuer,
    account: Account<'_>,
    client: ClientAddress,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    let (database, address) = (&issuer.database, client.to_string());
    match account {
        Account::Email(email) => {
            sessions::email_has_session_at(database, email.as_str(), &address, now).await
        }
        Account::User(user) => sessions::user_has_session_at(database, user, &address, now).await,
    }
}

impl Guess<'_> {
    /// Makes the guess: whether the password is the one that was hashed. Without a hash it is not, after the same
    /// work.
    ///
    /// # Errors
    /// [`DatabaseError::Busy`] where too many passwords wait; the guess is not counted then.
    pub async fn check(
        mut self,
        hash: Option<&str>,
        password: &str,
    ) -> Result<bool, DatabaseError> {
        let passwords = &self.issuer.passwords;
        let Some(reservation) = self.reserved.take() else {
            return passwords.verify(hash, password).await;
        };
        // From here on it stays counted, also where the client hangs up: the answer may be on its way.
        let checked = passwords.verify(hash, password).await;
        let guesses = &self.issuer.limits.guesses;
        if !matches!(checked, Ok(false)) {
            guesses.give_back(reservation);
        }
        if matches!(checked, Ok(true)) {
            guesses.remember(self.account, self.client, self.issuer.clock.now());
        }
        checked
    }
}

impl Drop for Guess<'_> {
    fn drop(&mut self) {
        if let Some(reservation) = self.reserved.take() {
            self.issuer.limits.guesses.give_back(reservation);
        }
    }
}
