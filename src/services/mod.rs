//! What takes more than one step: signing up and in, passwords, sessions, issuing and verifying tokens.
//!
//! Nothing here speaks HTTP. A function is here when it has at least two of: several statements, a decision,
//! cryptography, the clock. Anything less calls [`crate::database`] itself.

pub mod accounts;
pub mod data_directory;
pub mod key_encryption;
mod key_set;
pub mod passwords;
pub mod random;
pub mod sessions;
pub mod signatures;
pub mod tokens;

use crate::clock::Clock;
use crate::database::Database;
use crate::models::secret::Secret;
use passwords::Passwords;
use signatures::Signatures;
use tokens::Tokens;

/// Everything that a request is answered with.
pub struct Services {
    pub database: Database,
    pub clock: Clock,
    pub passwords: Passwords,
    pub signatures: Signatures,
    pub tokens: Tokens,
}

impl Services {
    /// The services over an open database. `issuer` is the origin of the server's public address, which is
    /// both `iss` and `aud` of its tokens.
    pub fn new(database: Database, clock: Clock, secret: &Secret, issuer: &str) -> Self {
        Self {
            database,
            clock,
            passwords: Passwords::new(),
            signatures: Signatures::new(secret),
            tokens: Tokens::new(secret, issuer),
        }
    }
}
