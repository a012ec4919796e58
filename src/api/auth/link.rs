//! The query of a link in an e-mail: a token, and the page to go to when that is done with.

use serde_json::Value;

use super::app::AuthApp;
use super::fields::Fields;
use super::reply::{AuthError, Reply};
use super::request::AuthRequest;

/// What a link says.
pub(super) struct Link {
    pub(super) token: String,
    /// Empty where the link itself answers.
    pub(super) callback: String,
}

impl Link {
    /// The link that was opened.
    ///
    /// # Errors
    /// 400 where a parameter is missing or stands there twice, 403 where the page is a stranger's.
    pub(super) fn opened(app: &AuthApp, request: &AuthRequest) -> Result<Self, AuthError> {
        let mut fields = Fields::of_query(&request.query);
        let token = fields.string("token");
        let callback = fields.optional_string("callbackURL").unwrap_or_default();
        fields.finish()?;
        request.check_callback(app, &callback)?;
        Ok(Self { token, callback })
    }

    /// The way to the page, or else the answer.
    pub(super) fn done(&self, body: &Value) -> Reply {
        if self.callback.is_empty() { Reply::json(body) } else { Reply::redirect(&self.callback) }
    }
}
