//! Where a link leads in the end: whatever is allowed, a browser that follows it arrives on a page that is trusted.

use std::sync::LazyLock;

use axum::http::HeaderValue;
use duly::api::origins::Origins;
use duly::models::redirect::{location, with_error, with_parameter_set};
use url::Url;

use super::origin::trusted_patterns;
use super::text;

/// The page that sends on.
static BASE: LazyLock<Url> = LazyLock::new(|| {
    Url::parse("https://tasks.example.com/api/auth/verify-email?token=x").expect("a URL")
});
static ORIGINS: LazyLock<Origins> = LazyLock::new(|| Origins::new(&BASE, trusted_patterns()));

pub fn run(input: &[u8]) {
    let Some(target) = text(input).filter(|target| ORIGINS.allows_redirect(target)) else { return };
    arrives(target);
    if let Some(target) = with_error(target, "INVALID_TOKEN") {
        arrives(&target);
        assert!(target.contains("error=INVALID_TOKEN"), "{target}");
    }
    if let Some(target) = with_parameter_set(&BASE, target, "token", "a token") {
        arrives(&target);
        let url = Url::parse(&target).expect("an address");
        let tokens = url.query_pairs().filter(|(name, _)| name == "token");
        assert_eq!(tokens.map(|(_, value)| value).collect::<Vec<_>>(), ["a token"]);
    }
}

/// Follows a `Location` header as browsers do.
fn arrives(target: &str) {
    let location = location(target);
    HeaderValue::from_str(&location).expect("a header can hold it");
    let address = BASE.join(&location).expect("a browser can follow it");
    assert!(ORIGINS.is_trusted(address.as_str()), "{target:?} leads to {address}");
}
