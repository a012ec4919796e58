//! Patterns of trusted origins, and what they match. The first line is the pattern, the rest an origin.

use duly::models::origin_pattern::OriginPattern;

use super::text;

/// Some of each kind.
pub fn trusted_patterns() -> Vec<OriginPattern> {
    let patterns = [
        "https://app.example.org",
        "https://*.sub.example.org",
        "*.any.example",
        "myapp://",
        "http://localhost:3000",
    ];
    patterns.map(|text| OriginPattern::parse(text).expect("a pattern")).to_vec()
}

pub fn run(input: &[u8]) {
    let Some((pattern, origin)) = text(input).and_then(|text| text.split_once('\n')) else {
        return;
    };
    let Some(read) = OriginPattern::parse(pattern).filter(|read| read.matches(origin)) else {
        return;
    };
    let (pattern, origin) = (pattern.to_ascii_lowercase(), origin.to_ascii_lowercase());
    let (scheme, host) = origin.split_once("://").expect("an origin has a scheme");
    let (wanted, pattern) = match pattern.split_once("://") {
        Some((wanted, host)) => (Some(wanted), host.trim_end_matches('/')),
        None => (None, pattern.as_str()),
    };
    assert!(wanted.map_or(["http", "https"].contains(&scheme), |wanted| wanted == scheme));
    let without_port = |host: &str| {
        let port = [("http", ":80"), ("https", ":443")];
        let port = port.into_iter().find(|(name, _)| *name == scheme).map_or("", |(_, port)| port);
        host.strip_suffix(port).unwrap_or(host).to_owned()
    };
    match pattern.strip_prefix('*') {
        Some(domain) => assert!(domain.starts_with('.') && host.ends_with(domain), "{read:?}"),
        None if pattern.is_empty() => assert!(!["http", "https"].contains(&scheme), "{read:?}"),
        None => assert_eq!(without_port(host), without_port(pattern)),
    }
}
