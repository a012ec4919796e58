//! The meaning of a list query, written as plainly as possible: what every storage engine is checked against.

use std::cmp::Ordering;

use duly::models::cursor::{Position, SortValue};
use duly::models::due_date::DueDate;
use duly::models::due_filter::{DueFilter, DueWindow};
use duly::models::folding::fold;
use duly::models::sort::Sort;
use duly::models::task::Task;
use duly::models::task_query::{StatusFilter, TaskFilter, TaskQuery};

/// The page of `tasks` (all of one owner) that `query` asks for.
pub fn page(tasks: &[Task], query: &TaskQuery) -> Vec<Task> {
    let mut page: Vec<Task> =
        tasks.iter().filter(|task| matches(&query.filter, task)).cloned().collect();
    page.sort_by(|one, other| compare(&query.sort, one, other));
    page.retain(|task| {
        query.after.as_ref().is_none_or(|after| {
            compare_positions(&query.sort, &Position::of(task, &query.sort), after).is_gt()
        })
    });
    page.truncate(query.limit as usize);
    page
}

/// Whether `task` satisfies every part of `filter`.
pub fn matches(filter: &TaskFilter, task: &Task) -> bool {
    let status = match filter.status {
        StatusFilter::All => true,
        StatusFilter::Pending => !task.completed(),
        StatusFilter::Completed => task.completed(),
    };
    let title = fold(&task.title);
    let description = fold(task.description.as_deref().unwrap_or_default());
    status
        && filter.priorities.is_none_or(|priorities| priorities.contains(task.priority))
        && filter.tags.iter().all(|tag| task.tags.contains(tag))
        && matches_due(filter.due, task.due_date)
        && filter.words.iter().all(|word| title.contains(word) || description.contains(word))
}

/// Which of two tasks comes first.
pub fn compare(sort: &Sort, one: &Task, other: &Task) -> Ordering {
    compare_positions(sort, &Position::of(one, sort), &Position::of(other, sort))
}

fn compare_positions(sort: &Sort, one: &Position, other: &Position) -> Ordering {
    let values = one.keys.iter().zip(&other.keys);
    let keys = sort.keys().iter().zip(values);
    let by_keys = keys.map(|(key, (one, other))| compare_values(one, other, key.descending));
    by_keys
        .fold(Ordering::Equal, Ordering::then)
        .then(directed(one.id.cmp(&other.id), sort.tie_descending()))
}

fn compare_values(one: &SortValue, other: &SortValue, descending: bool) -> Ordering {
    let ascending = match (one, other) {
        (SortValue::Due(None), SortValue::Due(None)) => Ordering::Equal,
        (SortValue::Due(None), SortValue::Due(Some(_))) => return Ordering::Greater,
        (SortValue::Due(Some(_)), SortValue::Due(None)) => return Ordering::Less,
        (SortValue::Due(one), SortValue::Due(other)) => one.cmp(other),
        (SortValue::Instant(one), SortValue::Instant(other)) => one.cmp(other),
        (SortValue::Text(one), SortValue::Text(other)) => one.as_bytes().cmp(other.as_bytes()),
        (SortValue::Integer(one), SortValue::Integer(other)) => one.cmp(other),
        _ => panic!("{one:?} and {other:?} are values of different fields"),
    };
    directed(ascending, descending)
}

fn directed(ascending: Ordering, descending: bool) -> Ordering {
    if descending { ascending.reverse() } else { ascending }
}

fn matches_due(filter: DueFilter, due_date: Option<DueDate>) -> bool {
    match filter {
        DueFilter::Any => true,
        DueFilter::Missing => due_date.is_none(),
        DueFilter::Nothing => false,
        DueFilter::Within(window) => due_date.is_some_and(|due| is_within(&window, due)),
    }
}

fn is_within(window: &DueWindow, due: DueDate) -> bool {
    match due {
        DueDate::Day(day) => {
            window.day_from.is_none_or(|from| from <= day)
                && window.day_until.is_none_or(|until| day < until)
        }
        DueDate::At(instant) => {
            window.at_from.is_none_or(|from| from <= instant)
                && window.at_until.is_none_or(|until| instant < until)
        }
    }
}
