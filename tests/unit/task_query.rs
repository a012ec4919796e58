use duly::models::cursor::{Position, encode};
use duly::models::due_date::DueDate;
use duly::models::due_filter::DueFilter;
use duly::models::priority::Priority;
use duly::models::sort::Sort;
use duly::models::task::Task;
use duly::models::task_query::{StatusFilter, TaskFilter, TaskQuery};
use duly::models::user::UserId;
use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::sort::any_sort;
use super::{instant, owner, task};
use crate::support::model;

fn now() -> Timestamp {
    instant("2026-12-01T12:00:00Z")
}

fn parse(raw: &str) -> TaskQuery {
    TaskQuery::parse(raw, now(), &owner()).unwrap()
}

fn errors(raw: &str) -> Vec<(String, &'static str)> {
    let errors = TaskQuery::parse(raw, now(), &owner()).unwrap_err();
    let mut places: Vec<_> =
        errors.into_iter().map(|error| (error.parameter, error.code)).collect();
    places.sort();
    places
}

#[test]
fn an_empty_query_is_all_defaults() {
    let expected = TaskQuery {
        filter: TaskFilter::default(),
        sort: Sort::default(),
        limit: 50,
        after: None,
        include_total: false,
    };
    assert_eq!(parse(""), expected);
    assert_eq!(parse("q="), expected);
    assert_eq!(parse("status=all&tz=UTC&sort=-created&limit=50&q"), expected);
}

#[test]
fn every_parameter_is_read() {
    let query = parse(
        "status=pending&priority=high,urgent,high&tag=home&tag=+caf%C3%A9+&tag=home&due=today\
         &tz=Europe/Berlin&q=Cr%C3%A8me+MILK%C2%A0milk&sort=-priority,due_date&limit=100&include=total",
    );
    assert_eq!(query.filter.status, StatusFilter::Pending);
    let priorities: Vec<Priority> = query.filter.priorities.unwrap().iter().collect();
    assert_eq!(priorities, [Priority::High, Priority::Urgent]);
    assert_eq!(query.filter.tags, ["home", "café"]);
    assert!(matches!(query.filter.due, DueFilter::Within(window)
        if window.at_from == Some(instant("2026-11-30T23:00:00Z"))));
    assert_eq!(query.filter.words, ["creme", "milk"]);
    assert_eq!(query.sort.to_string(), "-priority,due_date");
    assert_eq!(query.limit, 100);
    assert!(query.include_total);
}

#[test]
fn each_mistake_has_its_code_and_place() {
    let many_tags = (0..33).map(|tag| format!("tag={tag}&")).collect::<String>();
    let long_text = format!("q={}", "a".repeat(201));
    for (raw, parameter, code) in [
        ("status=done", "status", "value"),
        ("status=", "status", "value"),
        ("priority=", "priority", "value"),
        ("priority=low,", "priority", "value"),
        ("priority=Low", "priority", "value"),
        ("tag=", "tag", "length"),
        (&many_tags, "tag", "too_many"),
        ("due=tomorrow", "due", "value"),
        ("due_before=soon", "due_before", "format"),
        ("due_after=2026-02-30", "due_after", "value"),
        ("due_after=2026-12-01T00:00:00+01:00", "due_after", "format"),
        ("tz=Mars/Olympus", "tz", "value"),
        ("tz=", "tz", "value"),
        ("tz=Etc/Unknown", "tz", "value"),
        ("tz=../../etc/passwd", "tz", "value"),
        ("tz=%2B01:00", "tz", "value"),
        (&long_text, "q", "length"),
        ("q=a+b+c+d+e+f+g+h+i+j+k", "q", "too_many"),
        ("q=a%0Ab", "q", "control_character"),
        ("sort=id", "sort", "value"),
        ("limit=0", "limit", "value"),
        ("limit=101", "limit", "value"),
        ("limit=", "limit", "value"),
        ("limit=%2B5", "limit", "value"),
        ("limit=-1", "limit", "value"),
        ("limit=99999999999999999999", "limit", "value"),
        ("cursor=", "cursor", "cursor"),
        ("cursor=abc", "cursor", "cursor"),
        ("include=", "include", "value"),
        ("include=totals", "include", "value"),
        ("page=2", "page", "unknown_parameter"),
        ("limit=5&limit=5", "limit", "repeated"),
        ("q=%ff", "q", "format"),
    ] {
        assert_eq!(errors(raw), [(parameter.to_owned(), code)], "{raw}");
    }
}

#[test]
fn every_mistake_is_listed() {
    let expected = [("limit", "value"), ("page", "unknown_parameter"), ("sort", "value")];
    let found = errors("sort=id&page=2&limit=x&status=all");
    assert_eq!(found, expected.map(|(parameter, code)| (parameter.to_owned(), code)));
}

#[test]
fn an_offset_can_be_sent_with_its_plus_escaped() {
    assert!(matches!(
        parse("due_after=2026-12-01T00:00:00%2B01:00").filter.due,
        DueFilter::Within(_)
    ));
}

#[test]
fn a_cursor_belongs_to_its_sort_and_its_owner() {
    let sort = Sort::parse("title").unwrap();
    let position = Position::of(&task("Buy milk"), &sort);
    let cursor = encode(&position, &sort, &owner());
    let raw = format!("cursor={cursor}&sort=title");
    assert_eq!(parse(&raw).after, Some(position));
    let other_sort = TaskQuery::parse(&format!("cursor={cursor}"), now(), &owner()).unwrap_err();
    assert!(other_sort[0].detail.contains("another sort"));
    let somebody = UserId::parse("somebody").unwrap();
    let other_owner = TaskQuery::parse(&raw, now(), &somebody).unwrap_err();
    assert!(other_owner[0].detail.contains("another user"));
}

#[test]
fn a_completed_task_is_never_overdue() {
    let mut late = task("Buy milk");
    late.due_date = Some(DueDate::parse("2026-11-30").unwrap());
    let mut done = late.clone();
    done.completed_at = Some(now());
    for raw in ["due=overdue", "due=overdue&status=all", "due=overdue&status=pending"] {
        let filter = parse(raw).filter;
        assert_eq!(filter.status, StatusFilter::Pending);
        assert!(model::matches(&filter, &late) && !model::matches(&filter, &done), "{raw}");
    }
    let neither = parse("due=overdue&status=completed").filter;
    assert!(!model::matches(&neither, &late) && !model::matches(&neither, &done));
}

#[test]
fn a_task_matches_when_every_part_does() {
    let mut milk = task("Crème Brûlée");
    milk.description = Some("Eggs,\nMILK".to_owned());
    milk.tags = vec!["home".to_owned(), "Café".to_owned()];
    milk.priority = Priority::High;
    for (raw, expected) in [
        ("", true),
        ("q=brule+milk", true),
        ("q=BRUL%C3%89", true),
        ("q=milk+bread", false),
        ("q=brulee%2Ceggs", false),
        ("tag=home&tag=Caf%C3%A9", true),
        ("tag=cafe", false),
        ("tag=home&tag=work", false),
        ("priority=high", true),
        ("priority=none,low", false),
        ("status=pending", true),
        ("status=completed", false),
        ("due=none", true),
        ("due=today", false),
        ("due_before=9999-12-30", false),
    ] {
        assert_eq!(model::matches(&parse(raw).filter, &milk), expected, "{raw}");
    }
}

fn any_tasks() -> impl Strategy<Value = Vec<Task>> {
    let any_part = ("[ab]", 0..3_i64, prop::option::of(0..3_i64));
    prop::collection::vec(any_part, 0..25).prop_map(|parts| {
        parts
            .into_iter()
            .zip(1..)
            .map(|((title, rank, due), number)| Task {
                id: Uuid::from_u128(number),
                priority: Priority::from_rank(rank).unwrap(),
                due_date: due.map(|day| {
                    DueDate::from_stored(Timestamp::from_second(day * 86_400).unwrap(), false)
                }),
                ..task(&title)
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn paging_shows_every_task_once_and_in_order(
        tasks in any_tasks(),
        sort in any_sort(),
        limit in 1..8_usize,
    ) {
        let query = |cursor: &str| parse(&format!("sort={sort}&limit={limit}{cursor}"));
        let mut seen = model::page(&tasks, &query(""));
        while let Some(last) = seen.last().cloned() {
            let cursor = encode(&Position::of(&last, &sort), &sort, &owner());
            let next = model::page(&tasks, &query(&format!("&cursor={cursor}")));
            if next.is_empty() {
                break;
            }
            seen.extend(next);
        }
        prop_assert_eq!(seen.len(), tasks.len());
        prop_assert!(seen.is_sorted_by(|one, other| model::compare(&sort, one, other).is_lt()));
    }

    // A part is whole letters with their marks: Unicode puts the marks of a letter in an order of its own.
    #[test]
    fn a_task_is_found_by_any_part_of_its_title(
        letters in prop::collection::vec("[\\p{Lu}\\p{Ll}\\p{Lo}0-9]\\p{M}{0,3}", 1..20),
        (from, length) in (0..20_usize, 1..20_usize),
    ) {
        let part: String = letters.iter().skip(from).take(length).map(String::as_str).collect();
        let escaped: String = part.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let filter = parse(&format!("q={escaped}")).filter;
        prop_assert!(model::matches(&filter, &task(&letters.concat())));
    }

    #[test]
    fn no_text_makes_it_panic(
        raw in "((status|tag|due|due_before|tz|q|sort|limit|cursor)=[-a-z0-9,%+]{0,12}&){0,4}|.*",
    ) {
        let _ = TaskQuery::parse(&raw, now(), &owner());
    }
}
