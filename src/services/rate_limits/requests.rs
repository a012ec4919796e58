//! Requests by address and path, as Better Auth counts them.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::TooMany;
use super::windows::{Rule, Windows};
use crate::models::client_address::ClientAddress;

/// What a password or a secret is tried with.
const GUESSES: Rule = Rule::new(3, 10);
/// What makes the server send e-mail.
const MAILS: Rule = Rule::new(3, 60);
const OTHERS: Rule = Rule::new(100, 10);

/// The rule for a path below `/api/auth`.
fn rule(path: &str) -> Rule {
    let begins = |beginnings: &[&str]| beginnings.iter().any(|start| path.starts_with(start));
    if begins(&["/sign-in", "/sign-up", "/change-password", "/change-email"]) {
        GUESSES
    } else if begins(&["/forget-password"])
        || ["/request-password-reset", "/send-verification-email"].contains(&path)
    {
        MAILS
    } else {
        OTHERS
    }
}

/// How often each address has asked for each path.
pub struct Requests {
    /// Keyed at random, so that nobody can choose addresses or paths that count as one.
    hasher: RandomState,
    windows: Mutex<Windows>,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            windows: Mutex::new(Windows::new(OTHERS.window.max(MAILS.window))),
        }
    }
}

impl Requests {
    /// Counts a request for a path below `/api/auth`, without slashes at its end. `is_route` tells whether
    /// something is served there: all paths that are none count as one for each rule, so that nobody can fill
    /// the memory, and push out their own window, by making up paths. Better Auth has a window for each.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn count(
        &self,
        client: ClientAddress,
        path: &str,
        is_route: impl Fn(&str) -> bool,
        now: Timestamp,
    ) -> Result<(), TooMany> {
        let rule = rule(path);
        let key = match is_route(path) {
            true => self.hasher.hash_one((client, path)),
            false => self.hasher.hash_one((client, rule.max, rule.window)),
        };
        // A count is changed whole, so a panic elsewhere cannot have left half of one.
        self.windows.lock().unwrap_or_else(PoisonError::into_inner).count(key, rule, now)
    }
}
