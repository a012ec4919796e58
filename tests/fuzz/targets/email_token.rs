//! Tokens of links in e-mails. Two lines are a header and claims, which are signed as they are; anything else is a token.

use std::sync::LazyLock;

use duly::models::email::Email;
use duly::services::email_tokens::EmailTokens;
use serde_json::Value;

use super::{now, secrets, signed_jwt, text};

static TOKENS: LazyLock<EmailTokens> = LazyLock::new(|| EmailTokens::new(&secrets()));

pub fn run(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let Some((header, claims)) = text.split_once('\n') else {
        assert!(TOKENS.verify(text, now()).is_err(), "a token that was not signed is taken");
        return;
    };
    let Ok(read) = TOKENS.verify(&signed_jwt(header, claims), now()) else { return };
    let claims: Value = serde_json::from_str(claims).expect("claims that are taken are JSON");
    assert_eq!(claims["email"], read.email.as_str());
    assert!(Email::parse(&read.email).is_some());
    let expires_at = claims.get("exp").map(|exp| exp.as_f64().expect("a number"));
    assert!(expires_at.is_none_or(|exp| exp > now().as_second() as f64));
    if let Some(user) = read.user_id {
        assert_eq!(claims["userId"], user);
    }
    if let Some((new, _)) = read.change {
        assert_eq!(claims["updateTo"], new);
    }
}
