//! `Idempotency-Key` as a string of structured fields.

use duly::models::idempotency_key::IdempotencyKey;
use proptest::prelude::*;

fn parse(value: &str) -> Option<String> {
    IdempotencyKey::parse(value.as_bytes()).ok().map(|key| key.as_str().to_owned())
}

#[test]
fn a_key_is_a_string_in_quotes() {
    for (value, key) in [
        ("\"8e03978e-40d5-43e8-bc93-6894a57f9324\"", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        (" \"a\" ", "a"),
        ("\" \"", " "),
        (r#""say \"hello\" \\ bye""#, r#"say "hello" \ bye"#),
    ] {
        assert_eq!(parse(value).as_deref(), Some(key), "{value}");
    }
    assert!(parse(&format!("\"{}\"", "k".repeat(255))).is_some());
}

#[test]
fn anything_else_is_refused_with_what_it_must_be() {
    let long = format!("\"{}\"", "k".repeat(256));
    for value in [
        "",
        "\"",
        "\"\"",
        "abc",
        "\"abc",
        "abc\"",
        "\"a\"b\"",
        r#""\a""#,
        r#""\""#,
        "\"a\tb\"",
        "\"é\"",
        "\"a\";b=1",
        "\"a\", \"b\"",
        "'a'",
        &long,
    ] {
        let error = IdempotencyKey::parse(value.as_bytes()).expect_err(value);
        assert!(error.contains("in quotes"), "{error}");
    }
}

proptest! {
    #[test]
    fn any_printable_text_comes_through_its_quotes(key in "[ -~]{1,255}") {
        let quoted = format!("\"{}\"", key.replace('\\', r"\\").replace('"', "\\\""));
        prop_assert_eq!(parse(&quoted), Some(key));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = IdempotencyKey::parse(&bytes);
    }
}
