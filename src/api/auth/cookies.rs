//! The cookies of a session, byte for byte as Better Auth sets them (BETTER-AUTH.md 1.3).

use axum::http::{HeaderMap, HeaderValue, header};
use percent_encoding::{percent_decode_str, utf8_percent_encode};

use super::app::AuthApp;
use crate::models::redirect::KEPT_BY_JAVASCRIPT;
use crate::models::session::SESSION_LIFETIME;
use crate::services::sessions::Remember;

/// The cookie that carries the signed session token.
pub const SESSION_COOKIE: &str = "better-auth.session_token";
/// What the names begin with where browsers keep the cookies to https.
const SECURE_PREFIX: &str = "__Secure-";
const SESSION_DATA_COOKIE: &str = "better-auth.session_data";
const DONT_REMEMBER_COOKIE: &str = "better-auth.dont_remember";

/// The session token in a request's cookie: `None` without the cookie, `Some(None)` where its signature does
/// not fit.
pub fn session_token(app: &AuthApp, headers: &HeaderMap) -> Option<Option<String>> {
    let value = find(app, headers, SESSION_COOKIE)?;
    Some(verified(app, &value))
}

/// Whether a cookie came along that looks like a session's, whoever set it.
pub fn has_session_cookie(headers: &HeaderMap) -> bool {
    pairs(headers)
        .any(|(name, _)| name.strip_prefix(SECURE_PREFIX).unwrap_or(name) == SESSION_COOKIE)
}

/// Whether a request says, signed, that its session ends with the browser.
pub fn says_dont_remember(app: &AuthApp, headers: &HeaderMap) -> bool {
    find(app, headers, DONT_REMEMBER_COOKIE).and_then(|value| verified(app, &value)).is_some()
}

/// The value of a signed text, percent-encoded or plain; `None` where the signature does not fit.
pub fn verified(app: &AuthApp, signed: &str) -> Option<String> {
    let decoded = percent_decode_str(signed).decode_utf8().ok()?;
    app.issuer().signatures.verify(&decoded).map(str::to_owned)
}

/// The cookies that begin or renew a session.
pub fn session(app: &AuthApp, token: &str, remember: Remember) -> Vec<HeaderValue> {
    let seconds = Some(SESSION_LIFETIME.as_secs());
    match remember {
        Remember::Yes => vec![signed(app, SESSION_COOKIE, token, seconds)],
        Remember::No => vec![
            signed(app, SESSION_COOKIE, token, None),
            signed(app, DONT_REMEMBER_COOKIE, "true", None),
        ],
    }
}

/// The cookie that takes back an earlier wish not to be remembered.
pub fn forget_dont_remember(app: &AuthApp) -> HeaderValue {
    cookie(app, DONT_REMEMBER_COOKIE, "", Some(0))
}

/// The cookies that end a session in a browser: three, and whatever a Better Auth server has cached in others that
/// came along, in pieces that are numbered.
pub fn clearing(app: &AuthApp, sent: &HeaderMap) -> Vec<HeaderValue> {
    let cleared = |name: &str| cookie(app, name, "", Some(0));
    let mut cookies = vec![cleared(SESSION_COOKIE), cleared(SESSION_DATA_COOKIE)];
    cookies.extend(clearing_cached(app, sent));
    cookies.push(cleared(DONT_REMEMBER_COOKIE));
    cookies
}

/// Of those the ones that came along and hold what a Better Auth server has cached.
pub fn clearing_cached(app: &AuthApp, sent: &HeaderMap) -> impl Iterator<Item = HeaderValue> {
    let names = pairs(sent).filter_map(|(name, _)| name.strip_prefix(prefix(app)));
    let holds_cache = |name: &&str| {
        name.strip_prefix(SESSION_DATA_COOKIE).is_some_and(|rest| {
            let number = rest.strip_prefix('.').unwrap_or(rest);
            rest.is_empty()
                || (number.len() < rest.len() && number.bytes().all(|byte| byte.is_ascii_digit()))
        })
    };
    names.filter(holds_cache).map(|name| cookie(app, name, "", Some(0)))
}

fn signed(app: &AuthApp, name: &str, value: &str, max_age_seconds: Option<i64>) -> HeaderValue {
    let signed = app.issuer().signatures.sign(value);
    cookie(
        app,
        name,
        &utf8_percent_encode(&signed, KEPT_BY_JAVASCRIPT).to_string(),
        max_age_seconds,
    )
}

fn cookie(app: &AuthApp, name: &str, value: &str, max_age_seconds: Option<i64>) -> HeaderValue {
    let prefix = prefix(app);
    let max_age = max_age_seconds.map(|seconds| format!(" Max-Age={seconds};")).unwrap_or_default();
    let secure = if app.origins.secure { " Secure;" } else { "" };
    let text = format!("{prefix}{name}={value};{max_age} Path=/; HttpOnly;{secure} SameSite=Lax");
    HeaderValue::from_str(&text).expect("names and percent-encoded values are ASCII")
}

fn prefix(app: &AuthApp) -> &'static str {
    if app.origins.secure { SECURE_PREFIX } else { "" }
}

/// The first cookie of that name, without quotes around its value.
fn find(app: &AuthApp, headers: &HeaderMap, name: &str) -> Option<String> {
    let prefix = prefix(app);
    pairs(headers)
        .find(|(key, _)| key.strip_prefix(prefix) == Some(name))
        .map(|(_, value)| value.trim().trim_matches('"').to_owned())
}

/// Names and values of the cookies that came along.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .iter()
        // Cut into pairs as bytes: another cookie may hold what is no text.
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='))
}
