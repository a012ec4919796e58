//! One target for each reader of foreign input: a function of bytes that panics where a promise is broken.
//!
//! `script/fuzz` builds this folder into a program of its own, so nothing here is about tests.

mod access_token;
mod auth_json;
mod auth_request;
mod callback;
mod client_address;
mod connection_string;
mod cursor;
mod due_date;
mod email;
mod email_token;
mod idempotency_key;
mod key_set;
mod origin;
mod request;
mod signed_value;
pub mod stage;
mod task_body;
mod task_list;
mod task_request;

use duly::models::secret::{Secret, Secrets};
use duly::models::user::UserId;
use jiff::Timestamp;

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target by its name.
pub const ALL: [Target; 17] = [
    ("access_token", access_token::run),
    ("auth_json", auth_json::run),
    ("auth_request", auth_request::run),
    ("callback", callback::run),
    ("client_address", client_address::run),
    ("connection_string", connection_string::run),
    ("cursor", cursor::run),
    ("due_date", due_date::run),
    ("email", email::run),
    ("email_token", email_token::run),
    ("idempotency_key", idempotency_key::run),
    ("key_set", key_set::run),
    ("origin", origin::run),
    ("signed_value", signed_value::run),
    ("task_body", task_body::run),
    ("task_list", task_list::run),
    ("task_request", task_request::run),
];

const SECRET: &str = "a-secret-for-tests-that-is-long-enough";

fn secret() -> Secret {
    Secret::parse(SECRET).expect("it is long enough")
}

fn secrets() -> Secrets {
    Secrets::single(secret())
}

fn now() -> Timestamp {
    "2026-11-23T07:00:00Z".parse().expect("a timestamp")
}

fn owner() -> UserId {
    UserId::parse("Uy1g2YWZbMfigGODjxnq478IY8mjxbcd").expect("a user id")
}

/// The input as text; what is no text is left to targets that take bytes.
fn text(input: &[u8]) -> Option<&str> {
    std::str::from_utf8(input).ok()
}

/// A JWT of a header and claims as they are written, signed with [`SECRET`] by HS256.
fn signed_jwt(header: &str, claims: &str) -> String {
    use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = sign(&Key::new(HMAC_SHA256, SECRET.as_bytes()), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}
