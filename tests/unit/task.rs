use duly::models::due_date::DueDate;
use duly::models::priority::Priority;
use duly::models::task::parse_task_id;
use proptest::prelude::*;
use uuid::Uuid;

use super::{instant, task};

#[test]
fn a_task_is_answered_with_the_fields_of_the_contract_in_their_order() {
    let mut milk = task("Buy milk");
    milk.due_date = Some(DueDate::parse("2026-12-01").unwrap());
    milk.tags = vec!["home".to_owned()];
    let expected = concat!(
        r#"{"id":"0198c0de-7c1e-7a52-b6d4-5f0b3a3f9d11","#,
        r#""user_id":"Uy1g2YWZbMfigGODjxnq478IY8mjxbcd","title":"Buy milk","description":null,"#,
        r#""completed":false,"completed_at":null,"priority":"none","due_date":"2026-12-01","#,
        r#""tags":["home"],"version":7,"created_at":"2026-11-23T07:07:34.087Z","#,
        r#""updated_at":"2026-11-23T07:07:34.087Z"}"#,
    );
    assert_eq!(serde_json::to_string(&milk).unwrap(), expected);
}

#[test]
fn a_task_with_a_completion_time_is_completed() {
    let mut done = task("Buy milk");
    done.completed_at = Some(instant("2026-11-24T00:00:00Z"));
    done.priority = Priority::Urgent;
    done.description = Some("two\nlitres".to_owned());
    let json = serde_json::to_value(&done).unwrap();
    assert_eq!(json["completed"], true);
    assert_eq!(json["completed_at"], "2026-11-24T00:00:00.000Z");
    assert_eq!(json["priority"], "urgent");
    assert_eq!(json["description"], "two\nlitres");
    assert_eq!(json["due_date"], serde_json::Value::Null);
}

#[test]
fn an_id_is_a_hyphenated_uuid() {
    let id = "0198c0de-7c1e-7a52-b6d4-5f0b3a3f9d11";
    for (text, expected) in [
        (id, Ok(Uuid::parse_str(id).unwrap())),
        ("0198C0DE-7C1E-7A52-B6D4-5F0B3A3F9D11", Ok(Uuid::parse_str(id).unwrap())),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", Ok(Uuid::max())),
        ("00000000-0000-0000-0000-000000000000", Err("value")),
        ("0198c0de7c1e7a52b6d45f0b3a3f9d11", Err("format")),
        ("{0198c0de-7c1e-7a52-b6d4-5f0b3a3f9d11}", Err("format")),
        ("urn:uuid:0198c0de-7c1e-7a52-b6d4-5f0b3a3f9d11", Err("format")),
        ("0198c0de-7c1e-7a52-b6d4-5f0b3a3f9d1g", Err("format")),
        ("0198c0de7-c1e-7a52-b6d4-5f0b3a3f9d11", Err("format")),
        ("", Err("format")),
        ("1", Err("format")),
    ] {
        assert_eq!(parse_task_id(text).map_err(|violation| violation.code), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn every_uuid_but_nil_is_an_id_in_either_case(number in 1..=u128::MAX) {
        let id = Uuid::from_u128(number);
        prop_assert_eq!(parse_task_id(&id.to_string()), Ok(id));
        prop_assert_eq!(parse_task_id(&id.to_string().to_uppercase()), Ok(id));
    }

    #[test]
    fn no_text_makes_an_id_panic(text in "[0-9a-f{}-]{36}|.*") {
        let _ = parse_task_id(&text);
    }
}
