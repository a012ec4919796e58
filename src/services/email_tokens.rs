//! The tokens in e-mails about addresses: short JWTs signed with the deployment's secret itself, as Better Auth makes
//! them (BETTER-AUTH.md 5.8), so that a link from either server works on the other.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::models::email::Email;
use crate::models::secret::Secrets;
use crate::models::user::UserId;

/// How long a link works.
const LIFETIME_SECONDS: i64 = 3600;

/// Makes and reads tokens.
pub struct EmailTokens {
    signing: EncodingKey,
    /// The present secret first, then those before it.
    verifying: Vec<DecodingKey>,
}

/// What a click on a change of address stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeStep {
    /// The owner of the old address agrees: now the new one is asked.
    Confirmation,
    /// The owner of the new address agrees: now it is changed.
    Verification,
}

impl ChangeStep {
    /// `requestType` in the token.
    fn as_str(self) -> &'static str {
        match self {
            Self::Confirmation => "change-email-confirmation",
            Self::Verification => "change-email-verification",
        }
    }
}

/// What a token says, once its signature and its time are found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailClaims {
    /// The user's address when the token was made.
    pub email: String,
    pub user_id: Option<String>,
    /// In seconds; `None` where the token does not say.
    pub issued_at_seconds: Option<i64>,
    /// The address to change to, and at which step. `None` for the step where it is none that we know.
    pub change: Option<(String, Option<ChangeStep>)>,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailTokenError {
    Expired,
    Invalid,
}

/// The claims, in the order in which Better Auth writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Issued<'a> {
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_type: Option<&'a str>,
    user_id: &'a UserId,
    iat: i64,
    exp: i64,
}

impl EmailTokens {
    /// HS256 with the bytes of the secrets.
    pub fn new(secrets: &Secrets) -> Self {
        Self {
            signing: EncodingKey::from_secret(secrets.current().as_bytes()),
            verifying: secrets
                .all()
                .map(|(_, secret)| DecodingKey::from_secret(secret.as_bytes()))
                .collect(),
        }
    }

    /// A token that proves that whoever holds it reads the e-mail of `email`.
    pub fn verification(&self, email: &str, user: &UserId, now: Timestamp) -> String {
        self.sign(email, user, None, now)
    }

    /// A token that takes a user one step further from `email` to the address `new`.
    pub fn change(
        &self,
        email: &str,
        user: &UserId,
        new: &str,
        step: ChangeStep,
        now: Timestamp,
    ) -> String {
        self.sign(email, user, Some((new, step)), now)
    }

    fn sign(
        &self,
        email: &str,
        user: &UserId,
        change: Option<(&str, ChangeStep)>,
        now: Timestamp,
    ) -> String {
        let iat = now.as_second();
        let claims = Issued {
            email,
            update_to: change.map(|(new, _)| new),
            request_type: change.map(|(_, step)| step.as_str()),
            user_id: user,
            iat,
            exp: iat + LIFETIME_SECONDS,
        };
        let mut header = Header::new(Algorithm::HS256);
        header.typ = None;
        jsonwebtoken::encode(&header, &claims, &self.signing)
            .expect("texts and numbers are claims, and any bytes are an HMAC key")
    }

    /// What a token says.
    ///
    /// # Errors
    /// [`EmailTokenError`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<EmailClaims, EmailTokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| EmailTokenError::Invalid)?;
        if header.crit.is_some() {
            return Err(EmailTokenError::Invalid);
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims::<&str>(&[]);
        validation.validate_exp = false; // by our own clock, below, and without leeway
        validation.validate_aud = false;
        let claims = self
            .verifying
            .iter()
            .find_map(|key| {
                jsonwebtoken::decode::<Map<String, Value>>(token, key, &validation).ok()
            })
            .ok_or(EmailTokenError::Invalid)?
            .claims;
        check_times(&claims, now.as_second())?;
        read(&claims).ok_or(EmailTokenError::Invalid)
    }
}

/// `exp`, `nbf` and `iat` (RFC 7519, section 4.1) must be numbers where they are there.
fn check_times(claims: &Map<String, Value>, now: i64) -> Result<(), EmailTokenError> {
    let number = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_f64().map(Some).ok_or(EmailTokenError::Invalid),
    };
    number("iat")?;
    #[expect(clippy::cast_precision_loss, reason = "seconds of this era are far below 2^53")]
    let now = now as f64;
    if number("nbf")?.is_some_and(|nbf| nbf > now) {
        return Err(EmailTokenError::Invalid);
    }
    if number("exp")?.is_some_and(|exp| exp <= now) {
        return Err(EmailTokenError::Expired);
    }
    Ok(())
}

/// `None` where a claim is missing or of another type.
fn read(claims: &Map<String, Value>) -> Option<EmailClaims> {
    let text = |name: &str| match claims.get(name) {
        None => Some(None),
        Some(value) => value.as_str().map(Some),
    };
    let filled = |name: &str| Some(text(name)?.filter(|text| !text.is_empty()));
    let email = text("email")?.filter(|email| Email::parse(email).is_some())?;
    let step = filled("requestType")?.and_then(|named| {
        [ChangeStep::Confirmation, ChangeStep::Verification]
            .into_iter()
            .find(|step| step.as_str() == named)
    });
    Some(EmailClaims {
        email: email.to_owned(),
        user_id: filled("userId")?.map(str::to_owned),
        issued_at_seconds: claims.get("iat").and_then(Value::as_i64),
        change: filled("updateTo")?.map(|new| (new.to_owned(), step)),
    })
}
