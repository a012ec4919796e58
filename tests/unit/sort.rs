use duly::models::due_date::DueDate;
use duly::models::sort::{Sort, SortField, SortKey};
use proptest::prelude::*;
use uuid::Uuid;

use super::task;
use crate::support::model;

/// One to four different fields, each in either direction.
pub(super) fn any_sort() -> impl Strategy<Value = Sort> {
    let fields = prop::sample::subsequence(SortField::ALL.to_vec(), 1..=4).prop_shuffle();
    (fields, prop::collection::vec(any::<bool>(), 4)).prop_map(|(fields, descending)| {
        let keys = fields.iter().zip(descending).map(|(field, descending)| {
            let sign = if descending { "-" } else { "" };
            format!("{sign}{}", field.as_str())
        });
        Sort::parse(&keys.collect::<Vec<_>>().join(",")).unwrap()
    })
}

#[test]
fn a_sort_is_a_list_of_fields_with_their_directions() {
    let sort = Sort::parse("-priority,due_date").unwrap();
    let expected = [
        SortKey { field: SortField::Priority, descending: true },
        SortKey { field: SortField::DueDate, descending: false },
    ];
    assert_eq!(sort.keys(), expected);
    assert!(!sort.tie_descending());
    assert!(Sort::parse("title,-updated").unwrap().tie_descending());
    assert_eq!(Sort::default().to_string(), "-created");
}

#[test]
fn anything_else_is_a_value_error() {
    for text in [
        "",
        ",",
        "title,",
        ",title",
        "title, created",
        "Title",
        "+title",
        "--title",
        "-",
        "id",
        "due",
        "title,title",
        "title,-title",
        "created,updated,title,due_date,priority",
    ] {
        assert_eq!(Sort::parse(text).unwrap_err().code, "value", "{text}");
    }
}

#[test]
fn tasks_without_a_due_date_come_last_in_both_directions() {
    let undated = task("undated");
    let mut dated = task("dated");
    dated.due_date = Some(DueDate::parse("2026-12-01").unwrap());
    for text in ["due_date", "-due_date"] {
        let sort = Sort::parse(text).unwrap();
        assert!(model::compare(&sort, &dated, &undated).is_lt());
    }
}

#[test]
fn titles_are_ordered_without_regard_to_case_or_accents() {
    let sort = Sort::parse("title").unwrap();
    let mut tasks = ["zebra", "Éclair", "apple", "eclipse", "Zoo"].map(task);
    tasks.sort_by(|one, other| model::compare(&sort, one, other));
    let titles = tasks.map(|task| task.title);
    assert_eq!(titles, ["apple", "Éclair", "eclipse", "zebra", "Zoo"]);
}

#[test]
fn ties_end_on_the_id_in_the_direction_of_the_last_key() {
    let (mut first, mut second) = (task("same"), task("same"));
    first.id = Uuid::from_u128(1);
    second.id = Uuid::from_u128(2);
    assert!(model::compare(&Sort::parse("-created,title").unwrap(), &first, &second).is_lt());
    assert!(model::compare(&Sort::parse("title,-created").unwrap(), &first, &second).is_gt());
}

proptest! {
    #[test]
    fn a_sort_displays_as_it_is_parsed(sort in any_sort()) {
        prop_assert_eq!(Sort::parse(&sort.to_string()), Ok(sort));
    }

    #[test]
    fn an_accepted_text_displays_the_same(text in "(-?(created|updated|title|due_date|x),?){0,5}") {
        if let Ok(sort) = Sort::parse(&text) {
            prop_assert_eq!(sort.to_string(), text);
        }
    }

    #[test]
    fn only_a_task_itself_is_equal(
        sort in any_sort(),
        (one, other) in (any::<u128>(), any::<u128>()),
        titles in ("[a-b]?", "[a-b]?"),
    ) {
        let (mut first, mut second) = (task(&titles.0), task(&titles.1));
        (first.id, second.id) = (Uuid::from_u128(one), Uuid::from_u128(other));
        let order = model::compare(&sort, &first, &second);
        prop_assert_eq!(order, model::compare(&sort, &second, &first).reverse());
        prop_assert_eq!(order.is_eq(), one == other);
    }
}
