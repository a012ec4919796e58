//! Due dates.

use duly::models::due_date::DueDate;

use super::text;

pub fn run(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let Ok(due) = DueDate::parse(text) else { return };
    let written = serde_json::to_value(due).expect("it is text");
    let written = written.as_str().expect("it is text");
    assert_eq!(DueDate::parse(written), Ok(due), "{text} was written as {written}");
    match due {
        DueDate::Day(_) => assert_eq!(written, text),
        DueDate::At(_) => assert!(written.len() == 24 && written.ends_with('Z'), "{written}"),
    }
    let (instant, has_time) = due.to_stored();
    assert_eq!(DueDate::from_stored(instant, has_time), due);
    assert_eq!(instant.as_nanosecond() % 1_000_000, 0, "whole milliseconds");
}
