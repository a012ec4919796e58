//! What the e-mails say, and to whom they go.

use std::sync::Arc;

use jiff::SignedDuration;
use percent_encoding::utf8_percent_encode;

use super::Message;
use crate::clock::Clock;
use crate::database::verifications::{self, Verification};
use crate::database::{Database, DatabaseError, users};
use crate::models::email::Email;
use crate::models::redirect::KEPT_BY_JAVASCRIPT;
use crate::models::user::{User, UserId};
use crate::services::email_tokens::{ChangeStep, EmailTokens};
use crate::services::random;
use crate::services::rate_limits::{MailKind, RateLimits};

/// How long the link to a new password works.
const RESET_LIFETIME: SignedDuration = SignedDuration::from_hours(1);
/// What the name of a waiting password reset begins with; its token follows.
pub const RESET_PREFIX: &str = "reset-password:";

/// A letter that is to be written.
#[derive(Clone, Debug)]
pub enum Letter {
    /// To whoever has this address (lower case), if anybody has: the link to a new password.
    PasswordReset { email: String, redirect_to: String },
    /// To whoever has this address (lower case), if anybody has and it is not verified: the link that verifies it.
    Verification { email: String, callback: String },
    /// To the old or the new address, as the step says: the link that goes on with a change.
    EmailChange { user: UserId, current: String, new: String, step: ChangeStep, callback: String },
}

/// What letters are written with.
pub struct Writer {
    pub database: Arc<Database>,
    pub clock: Clock,
    pub tokens: Arc<EmailTokens>,
    pub limits: Arc<RateLimits>,
    /// The public address of the auth routes, without a slash at its end.
    pub auth_url: String,
}

impl Writer {
    /// The e-mail, or `None` where there is nobody to send it to, or who there is has been sent enough.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn write(&self, letter: &Letter) -> Result<Option<Message>, DatabaseError> {
        match letter {
            Letter::PasswordReset { email, redirect_to } => {
                self.password_reset(email, redirect_to).await
            }
            Letter::Verification { email, callback } => self.verification(email, callback).await,
            Letter::EmailChange { user, current, new, step, callback } => {
                let to = match step {
                    ChangeStep::Confirmation => current,
                    ChangeStep::Verification => new,
                };
                let token = self.tokens.change(current, user, new, *step, self.clock.now());
                let link = self.verify_link(&token, callback);
                Ok(self.may_write_to(to, MailKind::EmailChange).then(|| match step {
                    ChangeStep::Confirmation => confirm_change(to, new, &link),
                    ChangeStep::Verification => verify_change(to, &link),
                }))
            }
        }
    }

    async fn password_reset(
        &self,
        email: &str,
        redirect_to: &str,
    ) -> Result<Option<Message>, DatabaseError> {
        let found = self.find(email).await?;
        let Some(user) =
            found.filter(|user| self.may_write_to(&user.email, MailKind::PasswordReset))
        else {
            return Ok(None);
        };
        let (token, now) = (random::text(24), self.clock.now());
        let row = Verification {
            identifier: format!("{RESET_PREFIX}{token}"),
            user: user.id.as_str().to_owned(),
            expires_at: now + RESET_LIFETIME,
        };
        verifications::insert_verification(&self.database, &random::id(), &row, now).await?;
        let callback = encode(redirect_to);
        let link = format!("{}/reset-password/{token}?callbackURL={callback}", self.auth_url);
        Ok(Some(reset_password(&user.email, &link)))
    }

    async fn verification(
        &self,
        email: &str,
        callback: &str,
    ) -> Result<Option<Message>, DatabaseError> {
        let found = self.find(email).await?.filter(|user| !user.email_verified);
        let Some(user) =
            found.filter(|user| self.may_write_to(&user.email, MailKind::Verification))
        else {
            return Ok(None);
        };
        let token =
            self.tokens.verification(&user.email.to_lowercase(), &user.id, self.clock.now());
        Ok(Some(verify_address(&user.email, &self.verify_link(&token, callback))))
    }

    async fn find(&self, email: &str) -> Result<Option<User>, DatabaseError> {
        Ok(users::find_by_email(&self.database, email).await?.map(|found| found.user))
    }

    /// Whether an address has not been sent too much. Whoever asked learns nothing of it.
    fn may_write_to(&self, address: &str, kind: MailKind) -> bool {
        let email = Email::parse(address);
        let may = email.is_some_and(|email| self.limits.allow_mail(&email, kind, self.clock.now()));
        if !may {
            tracing::info!("an e-mail was not sent, because its address has been sent enough");
        }
        may
    }

    fn verify_link(&self, token: &str, callback: &str) -> String {
        let callback = encode(if callback.is_empty() { "/" } else { callback });
        format!("{}/verify-email?token={token}&callbackURL={callback}", self.auth_url)
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, KEPT_BY_JAVASCRIPT).to_string()
}

fn reset_password(to: &str, link: &str) -> Message {
    Message {
        to: to.to_owned(),
        subject: "Choose a new password",
        text: format!(
            "Hello,\n\nsomebody, probably you, wants to set a new password for this address. To choose it, open:\n\n\
             {link}\n\nThe link works once, for one hour. It ends every session that is signed in.\n\n\
             If it was not you, there is nothing to do: without the link your password stays as it is.\n"
        ),
    }
}

fn verify_address(to: &str, link: &str) -> Message {
    Message {
        to: to.to_owned(),
        subject: "Is this your address?",
        text: format!(
            "Hello,\n\nto confirm that this address is yours, open:\n\n{link}\n\nThe link works for one hour.\n\n\
             If you have not signed up, there is nothing to do.\n"
        ),
    }
}

fn confirm_change(to: &str, new: &str, link: &str) -> Message {
    Message {
        to: to.to_owned(),
        subject: "Do you want to change your address?",
        text: format!(
            "Hello,\n\nyour account is to move from this address to {new}. If that is what you want, open:\n\n\
             {link}\n\nThe new address is asked next. The link works for one hour.\n\n\
             If it was not you, do not open it, and change your password.\n"
        ),
    }
}

fn verify_change(to: &str, link: &str) -> Message {
    Message {
        to: to.to_owned(),
        subject: "Is this your new address?",
        text: format!(
            "Hello,\n\nan account is to move to this address. If it is yours, open:\n\n{link}\n\n\
             The link works for one hour.\n\nIf it is not, there is nothing to do.\n"
        ),
    }
}
