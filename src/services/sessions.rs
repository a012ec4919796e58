//! Beginning, finding and extending sessions.

use jiff::Timestamp;

use super::{Issuer, random};
use crate::database::sessions::SessionWithUser;
use crate::database::{DatabaseError, sessions};
use crate::models::client_address::ClientAddress;
use crate::models::session::{SESSION_LIFETIME, SHORT_SESSION_LIFETIME, Session};
use crate::models::user::{User, UserId};

/// The longest session token that is looked for, in bytes. Real ones have 32.
const MAX_TOKEN_BYTES: usize = 255;
/// How much is kept of what a client calls itself. Browsers take some hundred characters.
const MAX_USER_AGENT_CHARS: usize = 1_024;

/// Whether a session is extended when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// A day and more after the last time.
    WhenDue,
    Never,
}

/// Whether a session outlives the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remember {
    Yes,
    No,
}

/// A session that is running.
#[derive(Clone, Debug)]
pub struct ActiveSession {
    pub session: Session,
    pub user: User,
    /// Whether it was extended just now, so that the cookie must be renewed.
    pub extended: bool,
}

/// What is known of whoever begins a session.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    pub address: ClientAddress,
    /// What it calls itself; empty where it does not say.
    pub user_agent: &'a str,
}

/// A new session of `user`, not stored yet.
pub fn begin(user: &UserId, remember: Remember, client: Client<'_>, now: Timestamp) -> Session {
    let lifetime = match remember {
        Remember::Yes => SESSION_LIFETIME,
        Remember::No => SHORT_SESSION_LIFETIME,
    };
    Session {
        expires_at: now + lifetime,
        token: random::id(),
        created_at: now,
        updated_at: now,
        ip_address: client.address.to_string(),
        user_agent: client.user_agent.chars().take(MAX_USER_AGENT_CHARS).collect(),
        user_id: user.clone(),
        id: random::id(),
    }
}

/// The running session with a token. One that is over is deleted, one that is due is extended.
///
/// # Errors
/// [`DatabaseError`].
pub async fn find_active(
    issuer: &Issuer,
    token: &str,
    extension: Extension,
) -> Result<Option<ActiveSession>, DatabaseError> {
    if token.is_empty() || token.len() > MAX_TOKEN_BYTES || token.contains('\0') {
        return Ok(None);
    }
    let Some(SessionWithUser { mut session, user }) =
        sessions::find_session(&issuer.database, token).await?
    else {
        return Ok(None);
    };
    let now = issuer.clock.now();
    if session.is_expired(now) {
        sessions::delete_session(&issuer.database, token).await?;
        return Ok(None);
    }
    let extended = extension == Extension::WhenDue && session.is_due_for_extension(now);
    if extended {
        session.expires_at = now + SESSION_LIFETIME;
        session.updated_at = now;
        sessions::update_expiry(&issuer.database, token, session.expires_at, now).await?;
    }
    Ok(Some(ActiveSession { session, user, extended }))
}
