use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duly::models::cursor::{CursorError, MAX_CURSOR_BYTES, Position, SortValue, decode, encode};
use duly::models::due_date::DueDate;
use duly::models::folding::fold;
use duly::models::priority::Priority;
use duly::models::sort::Sort;
use duly::models::task::Task;
use duly::models::task_text::MAX_TITLE_CHARS;
use duly::models::user::UserId;
use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::sort::any_sort;
use super::{any_instant, instant, owner, task};

fn sort(text: &str) -> Sort {
    Sort::parse(text).unwrap()
}

fn any_task() -> impl Strategy<Value = Task> {
    let due_date = prop::option::of((any_instant(), any::<bool>()));
    ("\\PC{1,200}", any_instant(), any_instant(), due_date, 0..5_i64, any::<u128>()).prop_map(
        |(title, created_at, updated_at, due_date, rank, id)| Task {
            id: Uuid::from_u128(id),
            created_at,
            updated_at,
            due_date: due_date.map(|(instant, has_time)| DueDate::from_stored(instant, has_time)),
            priority: Priority::from_rank(rank).unwrap(),
            ..task(&title)
        },
    )
}

#[test]
fn a_position_holds_the_values_of_the_sort_keys() {
    let mut milk = task("Crème");
    milk.priority = Priority::High;
    milk.due_date = Some(DueDate::parse("2026-12-01").unwrap());
    let position = Position::of(&milk, &sort("-priority,due_date,title,created"));
    let expected = [
        SortValue::Integer(3),
        SortValue::Due(Some(instant("2026-12-01T00:00:00Z"))),
        SortValue::Text("creme".to_owned()),
        SortValue::Instant(milk.created_at),
    ];
    assert_eq!(position.keys, expected);
    assert_eq!(position.id, milk.id);
}

#[test]
fn a_cursor_is_for_one_sort_and_one_owner() {
    let by_title = sort("title");
    let cursor = encode(&Position::of(&task("Milk"), &by_title), &by_title, &owner());
    let somebody_else = UserId::parse("somebody else").unwrap();
    assert!(decode(&cursor, &by_title, &owner()).is_ok());
    assert_eq!(decode(&cursor, &sort("-title"), &owner()), Err(CursorError::OtherSort));
    assert_eq!(decode(&cursor, &by_title, &somebody_else), Err(CursorError::OtherOwner));
}

#[test]
fn a_cursor_does_not_tell_who_it_was_made_for() {
    let bytes = URL_SAFE_NO_PAD.decode(encode(
        &Position::of(&task("x"), &sort("title")),
        &sort("title"),
        &owner(),
    ));
    assert!(!String::from_utf8_lossy(&bytes.unwrap()).contains(owner().as_str()));
}

#[test]
fn what_no_cursor_looks_like_is_malformed() {
    let valid = encode(&Position::of(&task("x"), &sort("title")), &sort("title"), &owner());
    for text in [
        String::new(),
        "AA".to_owned(),
        "not base64!".to_owned(),
        format!("{valid}="),
        format!("{valid}AAAA"),
        valid[..valid.len() - 4].to_owned(),
        "A".repeat(MAX_CURSOR_BYTES + 1),
        URL_SAFE_NO_PAD.encode([2; 64]),
        URL_SAFE_NO_PAD.encode([1; 64]),
    ] {
        assert_eq!(decode(&text, &sort("title"), &owner()), Err(CursorError::Malformed), "{text}");
    }
}

#[test]
fn values_that_no_task_can_have_are_malformed() {
    for (field, value) in [
        ("priority", SortValue::Integer(5)),
        ("priority", SortValue::Integer(i64::MIN)),
        ("created", SortValue::Instant(Timestamp::MIN)),
        ("created", SortValue::Due(None)),
        ("due_date", SortValue::Due(Some(Timestamp::MIN))),
        ("title", SortValue::Text("a\0b".to_owned())),
        ("title", SortValue::Integer(7)),
    ] {
        let position = Position { keys: vec![value], id: Uuid::max() };
        let cursor = encode(&position, &sort(field), &owner());
        assert_eq!(decode(&cursor, &sort(field), &owner()), Err(CursorError::Malformed));
    }
}

#[test]
fn the_cursor_of_the_title_that_folds_to_the_longest_text_is_read() {
    let longest = (' '..=char::MAX).max_by_key(|letter| fold(&letter.to_string()).len()).unwrap();
    let title = longest.to_string().repeat(MAX_TITLE_CHARS);
    let sort = sort("-due_date,-priority,-created,-title");
    let position = Position::of(&task(&title), &sort);
    let cursor = encode(&position, &sort, &owner());
    assert_eq!(decode(&cursor, &sort, &owner()), Ok(position));
}

proptest! {
    #[test]
    fn what_is_encoded_decodes(task in any_task(), sort in any_sort()) {
        let position = Position::of(&task, &sort);
        let cursor = encode(&position, &sort, &owner());
        prop_assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        prop_assert_eq!(decode(&cursor, &sort, &owner()), Ok(position));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".*", sort in any_sort()) {
        let _ = decode(&text, &sort, &owner());
    }

    #[test]
    fn no_bytes_after_a_valid_heading_make_it_panic(
        sort in any_sort(),
        rest in prop::collection::vec(prop_oneof![Just(0), Just(1), any::<u8>()], 0..100),
    ) {
        let nowhere = Position { keys: Vec::new(), id: Uuid::nil() };
        let mut bytes = URL_SAFE_NO_PAD.decode(encode(&nowhere, &sort, &owner())).unwrap();
        bytes.truncate(bytes.len() - 16);
        bytes.extend(rest);
        if let Ok(position) = decode(&URL_SAFE_NO_PAD.encode(bytes), &sort, &owner()) {
            prop_assert_eq!(position.keys.len(), sort.keys().len());
        }
    }

    #[test]
    fn a_changed_byte_never_makes_it_panic(
        task in any_task(),
        sort in any_sort(),
        (index, byte) in (any::<prop::sample::Index>(), any::<u8>()),
    ) {
        let cursor = encode(&Position::of(&task, &sort), &sort, &owner());
        let mut bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap();
        *index.get_mut(&mut bytes) = byte;
        let _ = decode(&URL_SAFE_NO_PAD.encode(bytes), &sort, &owner());
    }
}
