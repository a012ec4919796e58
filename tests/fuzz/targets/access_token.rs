//! Bearer JWTs. Two lines are a header and claims, which are signed as they are; anything else is a token.

use std::sync::LazyLock;

use duly::config::Accepted;
use duly::services::verifier::{Keys, Verifier};
use futures_util::FutureExt;
use serde::Deserialize;
use serde_json::Value;

use super::{now, secret, signed_jwt, text};

const ISSUER: &str = "https://issuer.example";
const LEEWAY_SECONDS: f64 = 30.0;

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    crit: Option<Value>,
}

/// What must be right. What else there is nobody looks at, so it need not even read.
#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
    iss: String,
    aud: Value,
    exp: f64,
    nbf: Option<f64>,
}

static VERIFIER: LazyLock<Verifier> =
    LazyLock::new(|| Verifier::new(Keys::shared(&secret()), Accepted::only(ISSUER)));

pub fn run(input: &[u8]) {
    let Some(text) = text(input) else { return };
    match text.split_once('\n') {
        Some((header, claims)) => signed(header, claims),
        // Nobody here has the secret.
        None => assert!(verified(text).is_none(), "a token that was not signed is taken"),
    }
}

/// Whom a token is about, if it is taken; the same the second time, when it is remembered.
fn verified(token: &str) -> Option<String> {
    let verify = || {
        let verified = VERIFIER.verify(token, now()).now_or_never();
        verified.expect("a key that is agreed on is waited for by nobody").ok()
    };
    let first = verify();
    assert_eq!(first, verify());
    first.map(|user| user.as_str().to_owned())
}

fn signed(header: &str, claims: &str) {
    let Some(user) = verified(&signed_jwt(header, claims)) else { return };
    let header: Header = serde_json::from_str(header).expect("a header that is taken is JSON");
    assert!(header.alg == "HS256" && header.crit.is_none(), "{header:?}");
    let claims: Claims = serde_json::from_str(claims).expect("claims that are taken are JSON");
    assert_eq!(claims.sub, user);
    assert!((1..=255).contains(&user.chars().count()) && !user.chars().any(char::is_control));
    assert_eq!(claims.iss, ISSUER);
    let listed = claims.aud.as_array().is_some_and(|all| all.iter().any(|one| one == ISSUER));
    assert!(claims.aud == ISSUER || listed, "{claims:?}");
    let now = now().as_second() as f64;
    assert!(claims.exp.floor() + LEEWAY_SECONDS > now, "{claims:?}");
    assert!(claims.nbf.is_none_or(|nbf| nbf.floor() - LEEWAY_SECONDS <= now), "{claims:?}");
}
