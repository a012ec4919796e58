use duly::models::lenient_json::parse;
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn it_reads_as_javascript_does() {
    for (text, expected) in [
        ("\u{feff}{}", json!({})),
        (r#"{"a":1,"a":2}"#, json!({"a": 2})),
        (r#""\ud83d\ude00""#, json!("😀")),
        (r#""\ud83d""#, json!("\u{fffd}")),
        (r#""\ude00\ud83d""#, json!("\u{fffd}\u{fffd}")),
        (r#""\ud83dx\ude00""#, json!("\u{fffd}x\u{fffd}")),
        (r#""\ud83d\ud83d\ude00""#, json!("\u{fffd}😀")),
        (r#""\\ud83d""#, json!("\\ud83d")),
        (r#""\\\ud83d""#, json!("\\\u{fffd}")),
        (r#""\uD83D\uDE00 é \n""#, json!("😀 é \n")),
    ] {
        assert_eq!(parse(text.as_bytes()), Some(expected), "{text}");
    }
    assert_eq!(parse(b"\"a\xffb\""), Some(json!("a\u{fffd}b")));
    for text in ["", " ", "{", "{} x", r#""\ud83"#, r#""\ud83g""#, r#""\u""#, "\\", r#""\"#, "\\é"]
    {
        assert_eq!(parse(text.as_bytes()), None, "{text}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = parse(&body);
    }

    #[test]
    fn backslashes_and_escapes_never_break_it(text in r#"[\\udDcC8e0"é]{0,40}"#) {
        let _ = parse(format!("\"{text}\"").as_bytes());
    }

    #[test]
    fn what_is_written_is_read_again(text in any::<String>()) {
        let written = Value::from(text.as_str()).to_string();
        prop_assert_eq!(parse(written.as_bytes()), Some(Value::from(text)));
    }
}
