use duly::models::redirect::{location, stays_a_path, with_error, with_parameter_set};
use url::Url;

/// As JavaScript's `URL` and `searchParams.set` write it.
#[test]
fn a_parameter_is_set_in_its_place() {
    let base = Url::parse("http://duly.test/api/auth").expect("a URL");
    for (target, expected) in [
        ("/r", "http://duly.test/r?token=T"),
        ("/a/../b", "http://duly.test/b?token=T"),
        ("/ä b", "http://duly.test/%C3%A4%20b?token=T"),
        ("/r?x=1#f", "http://duly.test/r?x=1&token=T#f"),
        ("/r?token=old&x=1&token=older", "http://duly.test/r?token=T&x=1"),
        ("/r?q=ä b&r=a%20b+c", "http://duly.test/r?q=%C3%A4+b&r=a+b+c&token=T"),
        ("https://app.example.com", "https://app.example.com/?token=T"),
        ("myapp://open", "myapp://open?token=T"),
    ] {
        assert_eq!(with_parameter_set(&base, target, "token", "T").as_deref(), Some(expected));
    }
    assert_eq!(with_parameter_set(&base, "http://[", "token", "T"), None);
}

#[test]
fn an_error_is_added_and_the_rest_stays() {
    for (target, expected) in [
        ("/x", "/x?error=C"),
        ("/x?a=1", "/x?a=1&error=C"),
        ("/x?a=1&", "/x?a=1&error=C"),
        ("/x?", "/x?error=C"),
        ("/x#f", "/x?error=C#f"),
        ("/a/../b", "/b?error=C"),
        ("/ä b?e=ä", "/%C3%A4%20b?e=%C3%A4&error=C"),
        ("/x?a=b%20c+d", "/x?a=b%20c+d&error=C"),
        ("/x?error=old", "/x?error=old&error=C"),
        ("http://duly.test", "http://duly.test/?error=C"),
        ("http://duly.test/x?y#z", "http://duly.test/x?y&error=C#z"),
    ] {
        assert_eq!(with_error(target, "C").as_deref(), Some(expected), "{target}");
    }
    for target in ["", "x", "//evil.example", "/\\evil.example"] {
        assert_eq!(with_error(target, "C"), None, "{target}");
    }
    let escapes =
        ["/..//evil.example", "/.//evil.example", "/a/..//evil.example", "/%2e%2E//evil.example"];
    for target in escapes {
        assert_eq!(with_error(target, "C"), None, "{target}");
        assert!(!stays_a_path(target), "{target}");
    }
    for target in ["/", "/a//b", "/../x", "/?a=//b", "/#//b", "/a/..;//b"] {
        assert!(stays_a_path(target), "{target}");
    }
}

#[test]
fn a_location_is_one_line_of_ascii() {
    assert_eq!(location("/a b?c=%20#ä€"), "/a b?c=%20#%C3%A4%E2%82%AC");
    assert_eq!(location("/a\r\nSet-Cookie: b"), "/a%0D%0ASet-Cookie: b");
}
