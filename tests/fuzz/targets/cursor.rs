//! Cursors. The first line is the sort, the rest the cursor.

use duly::models::cursor::{SortValue, decode, encode};
use duly::models::priority::Priority;
use duly::models::sort::Sort;
use duly::models::user::UserId;

use super::{owner, text};

pub fn run(input: &[u8]) {
    let Some((sort, cursor)) = text(input).and_then(|text| text.split_once('\n')) else { return };
    let Ok(sort) = Sort::parse(sort) else { return };
    assert_eq!(Sort::parse(&sort.to_string()).as_ref(), Ok(&sort));
    let Ok(position) = decode(cursor, &sort, &owner()) else { return };
    assert_eq!(position.keys.len(), sort.keys().len());
    for key in &position.keys {
        match key {
            SortValue::Integer(rank) => assert!(Priority::from_rank(*rank).is_some()),
            SortValue::Text(title) => assert!(!title.chars().any(char::is_control)),
            SortValue::Instant(_) | SortValue::Due(_) => {}
        }
    }
    let again = encode(&position, &sort, &owner());
    assert_eq!(decode(&again, &sort, &owner()), Ok(position));
    let somebody_else = UserId::parse("somebody else").expect("a user id");
    assert!(decode(cursor, &sort, &somebody_else).is_err(), "a cursor is for one owner");
}
