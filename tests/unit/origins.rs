use axum::http::{HeaderMap, HeaderName};
use duly::api::origins::{OriginError, Origins};
use duly::models::origin_pattern::OriginPattern;
use proptest::prelude::*;

fn origins(base_url: &str, trusted: &[&str]) -> Origins {
    let trusted = trusted.iter().map(|text| OriginPattern::parse(text).expect(text)).collect();
    Origins::new(&base_url.parse().expect("a URL"), trusted)
}

fn ours() -> Origins {
    origins(
        "https://tasks.example.com/some/path",
        &[
            "https://app.example.org",
            "https://*.sub.example.org",
            "*.any.example",
            "myapp://",
            "http://localhost:3000",
        ],
    )
}

fn check(headers: &[(&'static str, &str)]) -> Result<(), OriginError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(HeaderName::from_static(name), value.parse().expect("a header's value"));
    }
    ours().check(&map)
}

#[test]
fn the_own_origin_has_neither_path_nor_default_port() {
    assert_eq!(ours().own(), "https://tasks.example.com");
    assert_eq!(origins("http://h:80/x", &[]).own(), "http://h");
    assert_eq!(origins("http://h:8000", &[]).own(), "http://h:8000");
    assert!(ours().secure && !origins("http://h", &[]).secure);
}

#[test]
fn trusted_origins_are_trusted_and_no_others() {
    for trusted in [
        "https://tasks.example.com",
        "https://tasks.example.com:443/any/path?q",
        "https://TASKS.example.com",
        "https://app.example.org/x",
        "https://a.sub.example.org",
        "https://a.b.sub.example.org",
        "http://x.any.example",
        "https://x.any.example",
        "myapp://",
        "http://localhost:3000",
    ] {
        assert!(ours().is_trusted(trusted), "{trusted}");
    }
    for other in [
        "",
        "null",
        "tasks.example.com",
        "//tasks.example.com",
        "http://tasks.example.com",
        "https://tasks.example.com:8443",
        "https://tasks.example.com.evil.example",
        "https://evil.example",
        "https://tasks.example.com@evil.example",
        "https://evil.example/https://tasks.example.com",
        "https://evil.example#https://tasks.example.com",
        "https://sub.example.org",
        "https://.sub.example.org",
        "https://evilsub.example.org",
        "http://a.sub.example.org",
        "https://a.sub.example.org.evil.example",
        "https://any.example",
        "http://localhost",
        "http://localhost:3001",
        "http://localhost:30000",
        "https://app.example.org.",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
    ] {
        assert!(!ours().is_trusted(other), "{other}");
    }
}

#[test]
fn the_origin_of_a_request_or_else_its_referer_counts() {
    assert_eq!(check(&[("origin", "https://tasks.example.com")]), Ok(()));
    assert_eq!(check(&[("referer", "https://tasks.example.com/page?x=1")]), Ok(()));
    assert_eq!(check(&[]), Err(OriginError::MissingOrNull));
    assert_eq!(check(&[("origin", "null")]), Err(OriginError::MissingOrNull));
    assert_eq!(check(&[("origin", "https://evil.example")]), Err(OriginError::Untrusted));
    let both = [("origin", "https://evil.example"), ("referer", "https://tasks.example.com/")];
    assert_eq!(check(&both), Err(OriginError::Untrusted));
    let null = [("origin", "null"), ("referer", "https://tasks.example.com/")];
    assert_eq!(check(&null), Err(OriginError::MissingOrNull));
    assert_eq!(check(&[("sec-fetch-site", "same-origin")]), Err(OriginError::MissingOrNull));
}

#[test]
fn one_is_sent_only_to_paths_here_and_trusted_origins() {
    for target in [
        "/",
        "/dashboard",
        "/a/b?next=%2Fx#y",
        "/a?u=//evil.example",
        "https://app.example.org/welcome",
    ] {
        assert!(ours().allows_redirect(target), "{target}");
    }
    for target in [
        "",
        "dashboard",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/%2Fevil.example",
        "/%2f%2fevil.example",
        "/%5cevil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "https:/\\evil.example",
        "/a\r\nset-cookie: x=y",
        // What reads an address passes over these, and a header would have them percent-encoded.
        "https://\rapp.example.org",
        "https://app.example.org/\t",
        " //evil.example",
    ] {
        assert!(!ours().allows_redirect(target), "{target:?}");
    }
}

#[test]
fn patterns_that_would_trust_too_much_do_not_read() {
    for text in [
        "",
        "*",
        "*.",
        "https://",
        "https://*",
        "https://*.",
        "http://",
        "example.com",
        "https://a b",
        "://x",
        "https://a/b",
        "https://a?b",
        "https://*.*.example.com",
        "https://a*.example.com",
        "1x://a",
        "*.com/x",
    ] {
        assert_eq!(OriginPattern::parse(text), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn a_stranger_is_never_trusted(host in "[a-z0-9.-]{1,30}", path in "[!-~]{0,30}") {
        let address = format!("https://{host}.evil.test/{path}");
        prop_assert!(!ours().is_trusted(&address));
        prop_assert!(!ours().allows_redirect(&address));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = OriginPattern::parse(&text).map(|pattern| pattern.matches(&text));
        let _ = (ours().is_trusted(&text), ours().allows_redirect(&text));
    }
}

#[test]
fn a_null_origin_counts_as_our_own_page_only_under_a_host_of_ours() {
    let own_page = [("origin", "null"), ("sec-fetch-site", "same-origin")];
    let under = |host| check(&[own_page[0], own_page[1], ("host", host)]);
    assert_eq!(under("tasks.example.com"), Ok(()));
    assert_eq!(under("evil.example"), Err(OriginError::Untrusted));
    assert_eq!(check(&own_page), Err(OriginError::Untrusted));
    let elsewhere = [("origin", "null"), ("sec-fetch-site", "cross-site")];
    assert_eq!(check(&elsewhere), Err(OriginError::MissingOrNull));
}
