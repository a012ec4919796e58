use duly::models::due_date::DueDate;
use duly::models::due_filter::{Calendar, DueFilter, DueKeyword, DueWindow};
use duly::models::task_query::TaskFilter;
use duly::models::timestamp::EARLIEST;
use jiff::civil::{Date, date};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::{any_instant, instant, task};
use crate::support::model;

fn zone(name: &str) -> TimeZone {
    jiff::tz::TimeZoneDatabase::bundled().get(name).unwrap()
}

/// In New York it is the evening of 30 November.
fn evening_in_new_york() -> Calendar {
    Calendar::new(zone("America/New_York"), instant("2026-12-01T03:30:00.0004Z"))
}

fn due(text: &str) -> DueDate {
    DueDate::parse(text).unwrap()
}

fn combine(
    keyword: Option<DueKeyword>,
    before: Option<&str>,
    after: Option<&str>,
    calendar: &Calendar,
) -> DueFilter {
    DueFilter::combine(keyword, before.map(due), after.map(due), calendar)
}

fn window(days: [Option<Date>; 2], instants: [Option<&str>; 2]) -> DueFilter {
    let [at_from, at_until] = instants.map(|text| text.map(instant));
    let [day_from, day_until] = days;
    DueFilter::Within(DueWindow { day_from, day_until, at_from, at_until })
}

fn is_due(filter: DueFilter, due_date: &str) -> bool {
    let mut task = task("Buy milk");
    task.due_date = Some(due(due_date));
    model::matches(&TaskFilter { due: filter, ..TaskFilter::default() }, &task)
}

#[test]
fn days_begin_at_midnight_in_the_zone() {
    let day = |day| Some(date(2026, 12, day));
    for (keyword, expected) in [
        (
            DueKeyword::Today,
            window(
                [Some(date(2026, 11, 30)), day(1)],
                [Some("2026-11-30T05:00:00Z"), Some("2026-12-01T05:00:00Z")],
            ),
        ),
        (
            DueKeyword::Overdue,
            window([None, Some(date(2026, 11, 30))], [None, Some("2026-12-01T03:30:00Z")]),
        ),
        (
            DueKeyword::Upcoming,
            window([day(1), day(8)], [Some("2026-12-01T05:00:00Z"), Some("2026-12-08T05:00:00Z")]),
        ),
        (DueKeyword::None, DueFilter::Missing),
    ] {
        assert_eq!(combine(Some(keyword), None, None, &evening_in_new_york()), expected);
    }
}

#[test]
fn before_and_after_leave_out_what_they_name() {
    let calendar = evening_in_new_york();
    for (before, after, expected) in [
        (
            Some("2026-12-01"),
            None,
            window([None, Some(date(2026, 12, 1))], [None, Some("2026-12-01T05:00:00Z")]),
        ),
        (
            None,
            Some("2026-12-01"),
            window([Some(date(2026, 12, 2)), None], [Some("2026-12-02T05:00:00Z"), None]),
        ),
        (
            Some("2026-12-01T04:00:00Z"),
            None,
            window([None, Some(date(2026, 11, 30))], [None, Some("2026-12-01T04:00:00Z")]),
        ),
        (
            None,
            Some("2026-12-01T04:00:00Z"),
            window([Some(date(2026, 12, 1)), None], [Some("2026-12-01T04:00:00.001Z"), None]),
        ),
        (None, None, DueFilter::Any),
    ] {
        assert_eq!(combine(None, before, after, &calendar), expected);
    }
}

#[test]
fn several_bounds_all_hold() {
    let calendar = Calendar::new(TimeZone::UTC, instant("2026-12-01T12:00:00Z"));
    let both =
        combine(Some(DueKeyword::Upcoming), Some("2026-12-05"), Some("2026-12-03"), &calendar);
    assert!(is_due(both, "2026-12-04"));
    assert!(is_due(both, "2026-12-04T00:00:00Z"));
    for outside in ["2026-12-03", "2026-12-05", "2026-12-03T23:59:59.999Z", "2026-12-05T00:00:00Z"]
    {
        assert!(!is_due(both, outside), "{outside}");
    }
    let contradiction = combine(None, Some("2026-12-01"), Some("2026-12-01"), &calendar);
    assert!(!is_due(contradiction, "2026-12-01"));
}

#[test]
fn nothing_is_both_without_a_due_date_and_due_before_something() {
    let calendar = evening_in_new_york();
    let before = combine(Some(DueKeyword::None), Some("2026-12-01"), None, &calendar);
    let after = combine(Some(DueKeyword::None), None, Some("2026-12-01"), &calendar);
    assert_eq!((before, after), (DueFilter::Nothing, DueFilter::Nothing));
    let filter = TaskFilter { due: DueFilter::Nothing, ..TaskFilter::default() };
    assert!(!model::matches(&filter, &task("undated")));
    assert!(!is_due(before, "2026-11-01"));
}

#[test]
fn days_of_23_and_25_hours_are_whole_days() {
    for (now, from, until) in [
        ("2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        ("2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
    ] {
        let calendar = Calendar::new(zone("Europe/Berlin"), instant(now));
        let DueFilter::Within(window) = combine(Some(DueKeyword::Today), None, None, &calendar)
        else {
            panic!("today is a window")
        };
        assert_eq!((window.at_from, window.at_until), (Some(instant(from)), Some(instant(until))));
    }
}

#[test]
fn where_midnight_is_skipped_the_day_begins_later() {
    let calendar = Calendar::new(zone("Africa/Cairo"), instant("2026-01-01T00:00:00Z"));
    let DueFilter::Within(window) = combine(None, Some("2026-04-24"), None, &calendar) else {
        panic!("before a day is a window")
    };
    assert_eq!(window.at_until, Some(instant("2026-04-23T22:00:00Z")));
}

#[test]
fn the_first_and_last_due_dates_are_compared_right() {
    for name in ["UTC", "Asia/Tokyo", "America/New_York"] {
        let calendar = Calendar::new(zone(name), Timestamp::MAX);
        let after = combine(None, None, Some("9999-12-30"), &calendar);
        let after_instant = combine(None, None, Some("9999-12-30T22:00:00.999Z"), &calendar);
        let upcoming = combine(Some(DueKeyword::Upcoming), None, None, &calendar);
        for filter in [after, after_instant, upcoming] {
            assert!(!is_due(filter, "9999-12-30"), "{name}");
        }
        assert!(!is_due(after_instant, "9999-12-30T22:00:00.999Z"), "{name}");
        let before = combine(None, Some("0001-01-01"), None, &calendar);
        assert!(!is_due(before, "0001-01-01"), "{name}");
        assert!(is_due(combine(None, None, Some("0001-01-01"), &calendar), "0001-01-02"), "{name}");
    }
}

#[test]
fn no_bound_is_before_the_first_instant_that_is_kept() {
    for (zone, now) in
        [(TimeZone::fixed(Offset::MIN), Timestamp::MIN), (zone("Asia/Tokyo"), EARLIEST)]
    {
        let calendar = Calendar::new(zone, now);
        for keyword in [DueKeyword::Today, DueKeyword::Overdue, DueKeyword::Upcoming] {
            let filter = combine(Some(keyword), None, None, &calendar);
            let DueFilter::Within(window) = filter else { panic!("{keyword:?} is a window") };
            let bounds = [window.at_from, window.at_until];
            assert!(bounds.into_iter().flatten().all(|bound| bound >= EARLIEST), "{window:?}");
        }
    }
}

fn any_due_date() -> impl Strategy<Value = DueDate> {
    (any_instant(), any::<bool>())
        .prop_map(|(instant, has_time)| DueDate::from_stored(instant, has_time))
}

proptest! {
    #[test]
    fn a_due_date_is_before_or_after_another_or_the_same(
        bound in any_due_date(),
        due_date in any_due_date(),
        minutes in -720..=840_i32,
        now in any_instant(),
    ) {
        let offset = Offset::from_seconds(minutes * 60).unwrap();
        let calendar = Calendar::new(TimeZone::fixed(offset), now);
        let mut task = task("Buy milk");
        task.due_date = Some(due_date);
        let matches = |due| model::matches(&TaskFilter { due, ..TaskFilter::default() }, &task);
        let day_of = |due| match due {
            DueDate::Day(day) => day,
            DueDate::At(instant) => offset.to_datetime(instant).date(),
        };
        let order = match (due_date, bound) {
            (DueDate::At(instant), DueDate::At(bound)) => instant.cmp(&bound),
            _ => day_of(due_date).cmp(&day_of(bound)),
        };
        let before = DueFilter::combine(None, Some(bound), None, &calendar);
        let after = DueFilter::combine(None, None, Some(bound), &calendar);
        prop_assert_eq!(matches(before), order.is_lt());
        prop_assert_eq!(matches(after), order.is_gt());
    }

    #[test]
    fn today_and_upcoming_are_the_eight_days_from_today(
        now in any_instant(),
        days in -3..12_i32,
        has_time in any::<bool>(),
    ) {
        let calendar = Calendar::new(TimeZone::UTC, now);
        let today = Offset::UTC.to_datetime(now).date();
        prop_assume!((2..9999).contains(&today.year()));
        let due = today.checked_add(days.days()).unwrap();
        let mut task = task("Buy milk");
        task.due_date = Some(DueDate::from_stored(DueDate::Day(due).to_stored().0, has_time));
        let matches = |keyword| {
            let due = DueFilter::combine(Some(keyword), None, None, &calendar);
            model::matches(&TaskFilter { due, ..TaskFilter::default() }, &task)
        };
        prop_assert_eq!(matches(DueKeyword::Today), days == 0);
        prop_assert_eq!(matches(DueKeyword::Upcoming), (1..8).contains(&days));
    }
}
