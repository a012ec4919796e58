//! Query strings of the list.

use duly::models::cursor::encode;
use duly::models::sort::Sort;
use duly::models::task_query::TaskQuery;
use duly::models::validation::MAX_LISTED_ERRORS;

use super::{now, owner, text};

pub fn run(input: &[u8]) {
    let Some(raw) = text(input) else { return };
    let query = match TaskQuery::parse(raw, now(), &owner()) {
        Ok(query) => query,
        Err(errors) => {
            assert!((1..=MAX_LISTED_ERRORS).contains(&errors.len()));
            assert!(errors.iter().all(|error| error.parameter.chars().count() <= 65));
            return;
        }
    };
    assert!((1..=100).contains(&query.limit));
    assert!((1..=4).contains(&query.sort.keys().len()));
    assert_eq!(Sort::parse(&query.sort.to_string()).as_ref(), Ok(&query.sort));
    let (tags, words) = (&query.filter.tags, &query.filter.words);
    assert!(tags.len() <= 32 && words.len() <= 10);
    assert!(tags.iter().all(|tag| (1..=64).contains(&tag.chars().count())));
    assert!(words.iter().all(|word| !word.is_empty() && !word.contains(char::is_whitespace)));
    if let Some(after) = &query.after {
        let ours = format!("sort={}&cursor={}", query.sort, encode(after, &query.sort, &owner()));
        let again = TaskQuery::parse(&ours, now(), &owner()).expect("a cursor of ours reads");
        assert_eq!(again.after.as_ref(), Some(after));
    }
}
