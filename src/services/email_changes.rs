//! Verifying the address of a user, and changing it (BETTER-AUTH.md 5.8).

use jiff::Timestamp;

use super::Issuer;
use super::email_tokens::{ChangeStep, EmailClaims};
use super::mail::letters::Letter;
use crate::database::users::{self, UpdateEmail};
use crate::database::{DatabaseError, accounts, users::UserWithPassword};
use crate::models::user::User;

/// Why a link does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkRefused {
    TokenExpired,
    InvalidToken,
    UserNotFound,
    /// Somebody else is signed in where the link was opened.
    InvalidUser,
    /// Somebody else has the new address by now.
    EmailTaken,
}

/// Where a change of address has come to.
#[derive(Debug)]
pub enum EmailChange {
    /// The new address was written to.
    Asked,
    Changed(User),
}

/// Notes that the address in a token is verified. Again and again is fine.
///
/// # Errors
/// [`DatabaseError`]; inside, [`LinkRefused`].
pub async fn verify(
    issuer: &Issuer,
    claims: &EmailClaims,
) -> Result<Result<(), LinkRefused>, DatabaseError> {
    let email = claims.email.to_lowercase();
    let Some(UserWithPassword { user, .. }) =
        users::find_by_email(&issuer.database, &email).await?
    else {
        return Ok(Err(LinkRefused::UserNotFound));
    };
    if claims.user_id.as_ref().is_some_and(|id| id != user.id.as_str()) {
        return Ok(Err(LinkRefused::InvalidToken));
    }
    if !user.email_verified {
        users::verify_email(&issuer.database, &email, issuer.clock.now()).await?;
    }
    Ok(Ok(()))
}

/// The user whose address a token changes: who it was made for, and still has the address that is to be replaced, and
/// the password.
///
/// # Errors
/// [`DatabaseError`]; inside, [`LinkRefused`].
pub async fn find_user(
    issuer: &Issuer,
    claims: &EmailClaims,
) -> Result<Result<User, LinkRefused>, DatabaseError> {
    let Some(id) = claims.user_id.as_deref().filter(|id| !id.contains('\0')) else {
        return Ok(Err(LinkRefused::InvalidToken));
    };
    let Some(user) = users::find_user(&issuer.database, id).await? else {
        return Ok(Err(LinkRefused::UserNotFound));
    };
    // Who sets a new password wants back what somebody else may have begun in their name.
    let password_set_at = accounts::find_password_time(&issuer.database, &user.id).await?;
    let is_older = |set_at: Timestamp| {
        claims.issued_at_seconds.is_some_and(|issued_at| issued_at < set_at.as_second())
    };
    let is_current = user.email.to_lowercase() == claims.email;
    let is_good = is_current && !password_set_at.is_some_and(is_older);
    Ok(if is_good { Ok(user) } else { Err(LinkRefused::InvalidToken) })
}

/// Takes the change of a user's address that a token stands for one step further.
///
/// # Errors
/// [`DatabaseError`]; inside, [`LinkRefused`].
pub async fn go_on(
    issuer: &Issuer,
    user: User,
    claims: EmailClaims,
    callback: String,
) -> Result<Result<EmailChange, LinkRefused>, DatabaseError> {
    let Some((new, step)) = claims.change else { return Ok(Err(LinkRefused::InvalidToken)) };
    let (new, current) = (new.to_lowercase(), user.email.to_lowercase());
    if step == Some(ChangeStep::Confirmation) {
        let place = issuer.outbox.reserve()?;
        let step = ChangeStep::Verification;
        place.post(Letter::EmailChange { user: user.id, current, new, step, callback });
        return Ok(Ok(EmailChange::Asked));
    }
    // A token of no known step changes at once, and the new address is verified afterwards.
    let place = if step.is_none() { Some(issuer.outbox.reserve()?) } else { None };
    let verified = user.email_verified && step.is_some();
    let (database, now) = (&issuer.database, issuer.clock.now());
    match users::update_email(database, &user.id, &current, &new, verified, now).await? {
        UpdateEmail::Updated(user) => {
            if let Some(place) = place {
                place.post(Letter::Verification { email: new, callback });
            }
            Ok(Ok(EmailChange::Changed(user)))
        }
        UpdateEmail::EmailTaken => Ok(Err(LinkRefused::EmailTaken)),
        UpdateEmail::Missing => Ok(Err(LinkRefused::InvalidToken)),
    }
}

/// Has the first letter of a change sent: to the old address where that is verified, so that a stolen session alone
/// cannot take an account away; else to the new one. Nothing is sent where the new address is taken.
///
/// # Errors
/// [`DatabaseError`].
pub async fn begin(
    issuer: &Issuer,
    user: &User,
    new: String,
    callback: String,
) -> Result<(), DatabaseError> {
    let place = issuer.outbox.reserve()?;
    if users::email_is_taken(&issuer.database, &new).await? {
        return Ok(());
    }
    let step =
        if user.email_verified { ChangeStep::Confirmation } else { ChangeStep::Verification };
    let current = user.email.to_lowercase();
    place.post(Letter::EmailChange { user: user.id.clone(), current, new, step, callback });
    Ok(())
}
