//! Whole requests below `/api/auth`: bodies in JSON and as forms, queries, `Origin`, `Referer`, cookies, bearers,
//! `X-Forwarded-For`.

use super::request::exchange;

pub fn run(input: &[u8]) {
    exchange(input, |target| target.path().starts_with("/api/auth/"));
}
