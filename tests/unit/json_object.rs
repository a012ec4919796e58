use duly::models::json_object::{JsonObjectError, parse_object};
use proptest::prelude::*;
use serde_json::{Value, json};

fn syntax_detail(json: &[u8]) -> String {
    match parse_object(json) {
        Err(JsonObjectError::Syntax { detail }) => detail,
        other => panic!("{}: {other:?}", String::from_utf8_lossy(json)),
    }
}

#[test]
fn an_object_is_read_as_it_stands() {
    let json = br#" {"a": [1, -2, 0.5, true, null, "x\u00e9\ud83e\udd5b"], "b": {"a": {}}} "#;
    let expected = json!({"a": [1, -2, 0.5, true, null, "xé🥛"], "b": {"a": {}}});
    assert_eq!(Value::Object(parse_object(json).unwrap()), expected);
}

#[test]
fn large_numbers_are_read_and_not_wrapped() {
    let object =
        parse_object(b"{\"a\": 18446744073709551616, \"b\": -9223372036854775809}").unwrap();
    assert_eq!(object["a"], json!(18_446_744_073_709_551_616.0));
    assert_eq!(object["b"], json!(-9_223_372_036_854_775_809.0));
    assert!(syntax_detail(b"{\"a\": 1e999}").contains("number out of range"));
}

#[test]
fn anything_but_an_object_is_refused_as_such() {
    for json in ["[]", "null", "true", "1", "\"{}\"", "[{}]"] {
        assert_eq!(parse_object(json.as_bytes()), Err(JsonObjectError::NotAnObject), "{json}");
    }
}

#[test]
fn a_name_that_occurs_twice_is_refused_at_every_level() {
    for json in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"b":{"a":1,"a":null}}"#,
        r#"{"b":[[{"a":1,"c":2,"a":3}]]}"#,
    ] {
        let detail = syntax_detail(json.as_bytes());
        assert!(detail.starts_with(r#"the name "a" occurs twice at line 1 column "#), "{detail}");
    }
}

#[test]
fn a_long_name_is_not_repeated_in_full() {
    let name = "ä".repeat(5_000);
    let json = format!(r#"{{"{name}":1,"{name}":2}}"#);
    assert!(syntax_detail(json.as_bytes()).chars().count() < 120);
}

#[test]
fn what_is_not_json_is_a_syntax_error_that_says_where() {
    for (json, expected) in [
        (&b""[..], "line 1 column 0"),
        (b"{", "line 1 column 1"),
        (b"{\n \"a\": 1,\n}", "line 3 column 1"),
        (b"{} {}", "trailing characters at line 1 column 4"),
        (b"{'a': 1}", "line 1 column 2"),
        (b"{\"a\": 01}", "line 1 column 8"),
        (b"{\"a\": NaN}", "line 1"),
        (b"{\"a\": \"\n\"}", "control character"),
        (b"{\"a\": \"\\ud800\"}", "line 1"),
        (b"{\"a\": \"\xff\"}", "line 1"),
        (b"\xef\xbb\xbf{}", "line 1 column 1"),
    ] {
        let detail = syntax_detail(json);
        assert!(detail.contains(expected), "{}: {detail}", String::from_utf8_lossy(json));
    }
}

#[test]
fn deep_nesting_is_refused() {
    let json = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    assert!(syntax_detail(json.as_bytes()).contains("recursion limit"));
}

proptest! {
    #[test]
    fn without_repeated_names_it_reads_what_serde_json_reads(
        names in prop::collection::btree_set("\\PC{0,4}", 0..6),
        number in any::<f64>().prop_filter("JSON has no infinity", |number| number.is_finite()),
    ) {
        let object: serde_json::Map<String, Value> =
            names.iter().map(|name| (name.clone(), json!([name, number]))).collect();
        let json = serde_json::to_vec(&object).unwrap();
        prop_assert_eq!(parse_object(&json).ok(), serde_json::from_slice(&json).ok());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = parse_object(&bytes);
    }

    #[test]
    fn what_is_accepted_is_json(text in "[\\{\\}\\[\\]\",:0-9a-b]{0,24}") {
        if let Ok(object) = parse_object(text.as_bytes()) {
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), Value::Object(object));
        }
    }
}
