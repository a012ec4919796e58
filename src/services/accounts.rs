//! Signing up, signing in and changing the password.

use super::rate_limits::{Account, TooMany, begin_guess};
use super::sessions::{Client, Remember, begin};
use super::{Issuer, random};
use crate::database::users::{self, InsertUser};
use crate::database::{DatabaseError, accounts};
use crate::database::{sessions, users::UserWithPassword};
use crate::models::client_address::ClientAddress;
use crate::models::email::Email;
use crate::models::session::Session;
use crate::models::user::{User, UserId};

/// Fewest characters of a new password, in UTF-16 code units as JavaScript counts.
pub const MIN_PASSWORD_UNITS: usize = 8;
/// Most characters of a password, likewise.
pub const MAX_PASSWORD_UNITS: usize = 128;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordLength {
    TooShort,
    TooLong,
}

/// Whether a new password is of an acceptable length.
///
/// # Errors
/// Which bound it misses.
pub fn check_new_password(password: &str) -> Result<(), PasswordLength> {
    match password.encode_utf16().count() {
        ..MIN_PASSWORD_UNITS => Err(PasswordLength::TooShort),
        _ => check_password_bound(password),
    }
}

/// Whether a password is short enough to be hashed at all.
///
/// # Errors
/// [`PasswordLength::TooLong`].
pub fn check_password_bound(password: &str) -> Result<(), PasswordLength> {
    let fits = password.encode_utf16().count() <= MAX_PASSWORD_UNITS;
    if fits { Ok(()) } else { Err(PasswordLength::TooLong) }
}

/// What somebody signs up with.
pub struct SignUp<'a> {
    pub name: &'a str,
    pub email: Email,
    pub password: &'a str,
    pub image: Option<String>,
    pub remember: Remember,
    pub client: Client<'a>,
}

/// A user who has just signed in, and the session that began.
#[derive(Debug)]
pub struct SignedIn {
    pub user: User,
    pub session: Session,
}

/// Makes a user and begins their first session; `None` where the e-mail address is taken.
///
/// # Errors
/// [`DatabaseError`].
pub async fn sign_up(
    issuer: &Issuer,
    sign_up: SignUp<'_>,
) -> Result<Option<SignedIn>, DatabaseError> {
    // Asked first to spare the hash; the constraint decides where two come at once.
    if users::email_is_taken(&issuer.database, sign_up.email.as_str()).await? {
        return Ok(None);
    }
    let hash = issuer.passwords.hash(sign_up.password).await?;
    let now = issuer.clock.now();
    let id = UserId::parse(&random::id()).expect("32 letters and digits are a user id");
    let session = begin(&id, sign_up.remember, sign_up.client, now);
    let user = User {
        name: sign_up.name.to_owned(),
        email: sign_up.email.into_string(),
        email_verified: false,
        image: sign_up.image,
        created_at: now,
        updated_at: now,
        id,
    };
    match users::insert_user(&issuer.database, &user, &random::id(), &hash, &session).await? {
        InsertUser::Inserted => Ok(Some(SignedIn { user, session })),
        InsertUser::EmailTaken => Ok(None),
    }
}

/// What became of an attempt to sign in.
#[derive(Debug)]
pub enum SignIn {
    SignedIn(Box<SignedIn>),
    /// E-mail address and password do not belong together.
    Wrong,
    /// The password was not looked at.
    TooMany(TooMany),
}

/// Begins a session. Whether the address is known makes no difference to the work done.
///
/// # Errors
/// [`DatabaseError`].
pub async fn sign_in(
    issuer: &Issuer,
    email: &Email,
    password: &str,
    remember: Remember,
    client: Client<'_>,
) -> Result<SignIn, DatabaseError> {
    let guess = match begin_guess(issuer, Account::Email(email), client.address).await? {
        Ok(guess) => guess,
        Err(too_many) => return Ok(SignIn::TooMany(too_many)),
    };
    let found = users::find_by_email(&issuer.database, email.as_str()).await?;
    let hash = found.as_ref().and_then(|found| found.password_hash.as_deref());
    let correct = guess.check(hash, password).await?;
    let Some(UserWithPassword { user, password_hash: Some(hash) }) = found.filter(|_| correct)
    else {
        return Ok(SignIn::Wrong);
    };
    let session = begin(&user.id, remember, client, issuer.clock.now());
    let kept = sessions::insert_session_with_password(&issuer.database, &session, &hash).await;
    match kept {
        Ok(true) => Ok(SignIn::SignedIn(Box::new(SignedIn { user, session }))),
        // The password was replaced, or the user deleted, while it was being checked.
        Ok(false) | Err(DatabaseError::UserGone) => Ok(SignIn::Wrong),
        Err(error) => Err(error),
    }
}

/// What became of a look at the password of somebody who is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordCheck {
    Correct,
    Wrong,
    /// The user signs in without one.
    NoPassword,
    /// The password was not looked at.
    TooMany(TooMany),
}

/// Whether it is a user's password, which somebody in their session must know who does what cannot be undone.
/// Counts as a guess.
///
/// # Errors
/// [`DatabaseError`].
pub async fn check_own_password(
    issuer: &Issuer,
    user: &UserId,
    password: &str,
    client: ClientAddress,
) -> Result<PasswordCheck, DatabaseError> {
    let guess = match begin_guess(issuer, Account::User(user), client).await? {
        Ok(guess) => guess,
        Err(too_many) => return Ok(PasswordCheck::TooMany(too_many)),
    };
    let Some(hash) = accounts::find_password_hash(&issuer.database, user).await? else {
        return Ok(PasswordCheck::NoPassword);
    };
    let correct = guess.check(Some(&hash), password).await?;
    Ok(if correct { PasswordCheck::Correct } else { PasswordCheck::Wrong })
}

/// What becomes of a user's sessions when the password changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherSessions {
    Keep,
    /// All of them end, and a new one begins.
    Revoke,
}

/// What became of a change of password.
#[derive(Debug)]
pub enum PasswordChange {
    Changed {
        new_session: Option<Session>,
    },
    WrongPassword,
    /// The user signs in without one.
    NoPassword,
    /// The password was not looked at.
    TooMany(TooMany),
}

/// Replaces a user's password, given the current one.
///
/// # Errors
/// [`DatabaseError`].
pub async fn change_password(
    issuer: &Issuer,
    user: &UserId,
    current: &str,
    new: &str,
    others: OtherSessions,
    client: Client<'_>,
) -> Result<PasswordChange, DatabaseError> {
    match check_own_password(issuer, user, current, client.address).await? {
        PasswordCheck::Correct => {}
        PasswordCheck::Wrong => return Ok(PasswordChange::WrongPassword),
        PasswordCheck::NoPassword => return Ok(PasswordChange::NoPassword),
        PasswordCheck::TooMany(too_many) => return Ok(PasswordChange::TooMany(too_many)),
    }
    let new_hash = issuer.passwords.hash(new).await?;
    let now = issuer.clock.now();
    let new_session =
        (others == OtherSessions::Revoke).then(|| begin(user, Remember::Yes, client, now));
    accounts::update_password(&issuer.database, user, &new_hash, now, new_session.as_ref()).await?;
    Ok(PasswordChange::Changed { new_session })
}
