//! What takes more than one step: signing up and in, passwords, sessions, issuing and verifying tokens.
//!
//! Nothing here speaks HTTP to a client. A function is here when it has at least two of: several statements, a
//! decision, cryptography, the clock. Anything less calls [`crate::database`] itself.

pub mod accounts;
pub mod backup;
pub mod copy;
pub mod data_directory;
pub mod email_changes;
pub mod email_tokens;
pub(crate) mod hashes;
mod jwk;
pub mod key_encryption;
pub mod key_set;
pub mod mail;
pub mod password_reset;
pub mod passwords;
pub mod random;
pub mod rate_limits;
pub mod remote_keys;
pub mod sessions;
pub mod signatures;
pub mod stored_keys;
pub mod tokens;
pub mod verifier;

use std::sync::Arc;

use url::Url;

use crate::clock::Clock;
use crate::config::Accepted;
use crate::database::Database;
use crate::models::secret::Secrets;
use email_tokens::EmailTokens;
use mail::letters::Writer;
use mail::outbox::Outbox;
use mail::transport::Transport;
use passwords::Passwords;
use rate_limits::RateLimits;
use signatures::Signatures;
use stored_keys::StoredKeys;
use tokens::Tokens;
use verifier::{Keys, Verifier};

/// Where the auth routes are.
const AUTH_PATH: &str = "/api/auth";

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
    pub email_tokens: Arc<EmailTokens>,
    pub outbox: Outbox,
    pub limits: Arc<RateLimits>,
    /// The public address of the auth routes, without a slash at its end.
    pub auth_url: Url,
}

impl Services {
    /// We sign people in ourselves, at `base_url`, whose origin is both `iss` and `aud` of our tokens.
    pub fn embedded(
        database: Database,
        clock: Clock,
        secrets: &Secrets,
        base_url: &Url,
        mail: Transport,
        limits: RateLimits,
    ) -> Self {
        let database = Arc::new(database.with_local_users());
        let keys = Arc::new(StoredKeys::new(Arc::clone(&database), secrets));
        let origin = base_url.origin().ascii_serialization();
        let email_tokens = Arc::new(EmailTokens::new(secrets));
        let (auth_url, limits) = (auth_url(base_url), Arc::new(limits));
        let writer = Writer {
            database: Arc::clone(&database),
            clock: clock.clone(),
            tokens: Arc::clone(&email_tokens),
            limits: Arc::clone(&limits),
            auth_url: auth_url.to_string(),
        };
        let issuer = Issuer {
            database: Arc::clone(&database),
            clock: clock.clone(),
            passwords: Passwords::new(),
            signatures: Signatures::new(secrets),
            tokens: Tokens::new(Arc::clone(&keys), &origin),
            email_tokens,
            outbox: Outbox::open(writer, mail),
            limits,
            auth_url,
        };
        let verifier = Verifier::new(Keys::Stored(keys), Accepted::only(&origin));
        Self { database, clock, verifier, issuer: Some(issuer) }
    }

    /// Somebody else signs people in; `verifier` knows their keys.
    pub fn verifying(database: Database, clock: Clock, verifier: Verifier) -> Self {
        Self { database: Arc::new(database), clock, verifier, issuer: None }
    }
}

/// Where the auth routes are for those outside: below the public address, unless that says so already.
fn auth_url(base_url: &Url) -> Url {
    let mut url = base_url.clone();
    let path = base_url.path().trim_end_matches('/');
    let path = path.strip_suffix(AUTH_PATH).unwrap_or(path);
    url.set_path(&format!("{path}{AUTH_PATH}"));
    url.set_query(None);
    url.set_fragment(None);
    url
}
