use duly::models::due_date::DueDate;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::{any_instant, instant};

fn code_of(text: &str) -> Option<&'static str> {
    DueDate::parse(text).err().map(|violation| violation.code)
}

#[test]
fn a_day_or_an_instant_is_a_due_date() {
    for (text, expected) in [
        ("2026-12-01", DueDate::Day(date(2026, 12, 1))),
        ("2024-02-29", DueDate::Day(date(2024, 2, 29))),
        ("0001-01-01", DueDate::Day(date(1, 1, 1))),
        ("9999-12-30", DueDate::Day(date(9999, 12, 30))),
        ("2026-12-01T08:30:00Z", DueDate::At(instant("2026-12-01T08:30:00Z"))),
        ("2026-12-01t08:30:00z", DueDate::At(instant("2026-12-01T08:30:00Z"))),
        ("2026-12-01T08:30:00+05:30", DueDate::At(instant("2026-12-01T03:00:00Z"))),
        ("2026-12-01T08:30:00-00:00", DueDate::At(instant("2026-12-01T08:30:00Z"))),
        ("2026-12-01T08:30:00.5-08:00", DueDate::At(instant("2026-12-01T16:30:00.5Z"))),
        ("2026-12-01T08:30:00.12Z", DueDate::At(instant("2026-12-01T08:30:00.12Z"))),
        ("1969-12-31T23:59:59.9999999999999Z", DueDate::At(instant("1969-12-31T23:59:59.999Z"))),
        ("2016-12-31T23:59:60Z", DueDate::At(instant("2016-12-31T23:59:59Z"))),
        ("0000-12-31T23:59:59-01:00", DueDate::At(instant("0001-01-01T00:59:59Z"))),
        ("9999-12-30T23:00:00+01:00", DueDate::At(instant("9999-12-30T22:00:00Z"))),
    ] {
        assert_eq!(DueDate::parse(text), Ok(expected), "{text}");
    }
}

#[test]
fn another_shape_is_a_format_error() {
    for text in [
        "",
        "2026",
        "2026-12",
        "2026-12-1",
        "20261201",
        "2026-12-01 ",
        " 2026-12-01",
        "2026/12/01",
        "+002026-12-01",
        "-2026-12-01",
        "２０２６-12-01",
        "2026-12-01T",
        "2026-12-01T08:30Z",
        "2026-12-01T08:30:00",
        "2026-12-01 08:30:00Z",
        "2026-12-01T08:30:00.Z",
        "2026-12-01T08:30:00,5Z",
        "2026-12-01T08:30:00+0530",
        "2026-12-01T08:30:00+05",
        "2026-12-01T08:30:00+05:30:00",
        "2026-12-01T08:30:00Z[UTC]",
        "2026-12-01T08:30:00ZZ",
        "2026-12-01T8:30:00Z",
        "tomorrow",
        "2026-12-01T08:30:00+05:30[Asia/Kolkata]",
    ] {
        assert_eq!(code_of(text), Some("format"), "{text}");
    }
}

#[test]
fn a_day_or_time_that_does_not_exist_is_a_value_error() {
    for text in [
        "2026-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-12-00",
        "2026-12-32",
        "0000-01-01",
        "9999-12-31",
        "2026-12-01T24:00:00Z",
        "2026-12-01T23:60:00Z",
        "2026-12-01T23:59:61Z",
        "2026-12-01T08:30:00+24:00",
        "2026-12-01T08:30:00+05:60",
        "0001-01-01T00:59:59+01:00",
        "9999-12-31T00:00:00Z",
        "2026-99-99T99:99:99+99:99",
    ] {
        assert_eq!(code_of(text), Some("value"), "{text}");
    }
}

#[test]
fn a_day_is_stored_as_its_midnight_in_utc() {
    let day = DueDate::Day(date(2026, 12, 1));
    assert_eq!(day.to_stored(), (instant("2026-12-01T00:00:00Z"), false));
    let at = DueDate::At(instant("2026-12-01T00:00:00Z"));
    assert_eq!(at.to_stored(), (instant("2026-12-01T00:00:00Z"), true));
}

#[test]
fn a_day_too_far_out_is_stored_beyond_every_due_date() {
    assert_eq!(DueDate::Day(Date::MAX).to_stored().0, Timestamp::MAX);
    assert_eq!(DueDate::Day(Date::MIN).to_stored().0, Timestamp::MIN);
    assert!(DueDate::parse("9999-12-30").unwrap().to_stored().0 < Timestamp::MAX);
}

#[test]
fn a_due_date_is_answered_as_a_day_or_in_utc() {
    for (text, expected) in [
        ("2026-12-01", "2026-12-01"),
        ("0099-01-02", "0099-01-02"),
        ("2026-12-01T08:30:00+05:30", "2026-12-01T03:00:00.000Z"),
    ] {
        assert_eq!(serde_json::to_value(DueDate::parse(text).unwrap()).unwrap(), expected);
    }
}

fn any_due_date() -> impl Strategy<Value = DueDate> {
    (any_instant(), any::<bool>())
        .prop_map(|(instant, has_time)| DueDate::from_stored(instant, has_time))
}

proptest! {
    #[test]
    fn what_is_answered_and_stored_reads_back(due in any_due_date()) {
        let json = serde_json::to_value(due).unwrap();
        prop_assert_eq!(DueDate::parse(json.as_str().unwrap()), Ok(due));
        let (instant, has_time) = due.to_stored();
        prop_assert_eq!(DueDate::from_stored(instant, has_time), due);
    }

    #[test]
    fn an_instant_is_what_jiff_reads(
        instant in any_instant(),
        minutes in -1439..1440_i32,
        fraction in "(\\.[0-9]{1,9})?",
    ) {
        let offset = jiff::tz::Offset::from_seconds(minutes * 60).unwrap();
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
        let local = offset.to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let text = format!("{local}{fraction}{sign}{hours:02}:{minutes:02}");
        prop_assume!((1..=9999).contains(&offset.to_datetime(instant).year()));
        let expected = text.parse::<Timestamp>().ok().map(|instant| {
            DueDate::At(duly::models::timestamp::truncate_to_millis(instant))
        });
        prop_assert_eq!(DueDate::parse(&text).ok(), expected);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[-0-9tTzZ+:. ]{0,40}|.*") {
        let _ = DueDate::parse(&text);
    }
}
