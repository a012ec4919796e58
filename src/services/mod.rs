//! What takes more than one step: signing up and in, passwords, sessions, issuing and verifying tokens.
//!
//! Nothing here speaks HTTP to a client. A function is here when it has at least two of: several statements, a
//! decision, cryptography, the clock. Anything less calls [`crate::database`] itself.

pub mod accounts;
pub mod data_directory;
mod jwk;
pub mod key_encryption;
pub mod key_set;
pub mod passwords;
pub mod random;
pub mod rate_limits;
pub mod sessions;
pub mod signatures;
pub mod stored_keys;
pub mod tokens;
pub mod verifier;

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Accepted;
use crate::database::Database;
use crate::models::secret::Secrets;
use passwords::Passwords;
use rate_limits::RateLimits;
use signatures::Signatures;
use stored_keys::StoredKeys;
use tokens::Tokens;
use verifier::{Keys, Verifier};

/// Everything that a request is answered with.
pub struct Services {
    pub database: Arc<Database>,
    pub clock: Clock,
    pub verifier: Verifier,
    /// `None` where somebody else signs people in.
    pub issuer: Option<Issuer>,
}

/// What it takes to sign people in.
pub struct Issuer {
    pub database: Arc<Database>,
    pub clock: Clock,
    pub passwords: Passwords,
    pub signatures: Signatures,
    pub tokens: Tokens,
    pub limits: RateLimits,
}

impl Services {
    /// We sign people in ourselves. `origin` is that of the server's public address, which is both `iss` and `aud`
    /// of its tokens.
    pub fn embedded(
        database: Database,
        clock: Clock,
        secrets: &Secrets,
        origin: &str,
        limits: RateLimits,
    ) -> Self {
        let database = Arc::new(database);
        let keys = Arc::new(StoredKeys::new(Arc::clone(&database), secrets));
        let issuer = Issuer {
            database: Arc::clone(&database),
            clock: clock.clone(),
            passwords: Passwords::new(),
            signatures: Signatures::new(secrets),
            tokens: Tokens::new(Arc::clone(&keys), origin),
            limits,
        };
        let accepted = Accepted::only(origin);
        let verifier = Verifier::new(Keys::Stored(keys), accepted);
        Self { database, clock, verifier, issuer: Some(issuer) }
    }

    /// Somebody else signs people in; `verifier` knows their keys.
    pub fn verifying(database: Database, clock: Clock, verifier: Verifier) -> Self {
        Self { database: Arc::new(database), clock, verifier, issuer: None }
    }
}
