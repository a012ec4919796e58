//! A new password for whoever reads the e-mail of an address (BETTER-AUTH.md 5.8).

use super::mail::letters::{Letter, RESET_PREFIX};
use super::rate_limits::Account;
use super::{Issuer, random};
use crate::database::verifications::{self, Verification};
use crate::database::{DatabaseError, users};
use crate::models::client_address::ClientAddress;
use crate::models::email::Email;

/// What became of a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// The password is new, and every session of the user has ended.
    Done,
    /// The token never was, has run out, or was used.
    InvalidToken,
    UserNotFound,
}

/// Has the link sent, if anybody has the address. That is looked up after the answer.
///
/// # Errors
/// [`DatabaseError::Busy`] where too many letters wait.
pub fn request(issuer: &Issuer, email: Email, redirect_to: String) -> Result<(), DatabaseError> {
    let place = issuer.outbox.reserve()?;
    place.post(Letter::PasswordReset { email: email.into_string(), redirect_to });
    Ok(())
}

/// Whether the token of a link is still good. Looking does not use it up.
///
/// # Errors
/// [`DatabaseError`].
pub async fn is_good(issuer: &Issuer, token: &str) -> Result<bool, DatabaseError> {
    Ok(find(issuer, token).await?.is_some())
}

/// Replaces the password of the user whom the token was sent to, and ends their sessions. What was
/// guessed at it before is forgotten, and from where they do it they may sign in, whatever strangers guess.
///
/// # Errors
/// [`DatabaseError`].
pub async fn reset(
    issuer: &Issuer,
    token: &str,
    new_password: &str,
    client: ClientAddress,
) -> Result<Reset, DatabaseError> {
    let Some(found) = find(issuer, token).await? else { return Ok(Reset::InvalidToken) };
    let Some(user) = users::find_user(&issuer.database, &found.user).await? else {
        return Ok(Reset::UserNotFound);
    };
    let hash = issuer.passwords.hash(new_password).await?;
    let (claim, account, now) = (random::id(), random::id(), issuer.clock.now());
    let done = verifications::reset_password(
        &issuer.database,
        &found.identifier,
        &claim,
        &hash,
        &account,
        now,
    );
    match done.await {
        Ok(true) => {
            if let Some(email) = Email::parse(&user.email) {
                issuer.limits.guesses.forget(Account::Email(&email), now);
                issuer.limits.guesses.remember(Account::Email(&email), client, now);
            }
            Ok(Reset::Done)
        }
        Ok(false) => Ok(Reset::InvalidToken),
        Err(DatabaseError::UserGone) => Ok(Reset::UserNotFound),
        Err(error) => Err(error),
    }
}

async fn find(issuer: &Issuer, token: &str) -> Result<Option<Verification>, DatabaseError> {
    if token.contains('\0') {
        return Ok(None);
    }
    let (identifier, now) = (format!("{RESET_PREFIX}{token}"), issuer.clock.now());
    verifications::find_verification(&issuer.database, &identifier, now).await
}
