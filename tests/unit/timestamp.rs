use duly::models::timestamp::{EARLIEST, serialize_option, to_rfc3339, truncate_to_millis};
use jiff::Timestamp;
use proptest::prelude::*;

use super::{any_instant, instant};

#[test]
fn times_have_three_fractional_digits_and_a_z() {
    for (time, expected) in [
        (instant("2026-11-23T07:07:34.087Z"), "2026-11-23T07:07:34.087Z"),
        (instant("2026-11-23T07:07:34Z"), "2026-11-23T07:07:34.000Z"),
        (instant("2026-11-23T07:07:34.999999999Z"), "2026-11-23T07:07:34.999Z"),
        (instant("1969-12-31T23:59:59.9999Z"), "1969-12-31T23:59:59.999Z"),
        (EARLIEST, "0001-01-01T00:00:00.000Z"),
        (Timestamp::MIN, "0001-01-01T00:00:00.000Z"),
        (Timestamp::MAX, "9999-12-30T22:00:00.999Z"),
    ] {
        assert_eq!(to_rfc3339(time), expected);
    }
}

#[test]
fn truncation_rounds_down_also_before_1970() {
    for (time, expected) in [
        ("2026-11-23T07:07:34.087999Z", "2026-11-23T07:07:34.087Z"),
        ("1969-12-31T23:59:59.0001Z", "1969-12-31T23:59:59Z"),
    ] {
        assert_eq!(truncate_to_millis(instant(time)), instant(expected));
    }
    assert_eq!(truncate_to_millis(Timestamp::MIN), Timestamp::MIN);
}

#[test]
fn a_missing_time_is_null() {
    let json = serialize_option(&None, serde_json::value::Serializer).unwrap();
    assert!(json.is_null());
    let json = serialize_option(&Some(EARLIEST), serde_json::value::Serializer).unwrap();
    assert_eq!(json, "0001-01-01T00:00:00.000Z");
}

proptest! {
    #[test]
    fn what_is_written_reads_back(time in any_instant()) {
        let text = to_rfc3339(time);
        prop_assert_eq!(text.len(), 24);
        prop_assert_eq!(instant(&text), time);
    }

    #[test]
    fn truncation_keeps_what_the_wire_shows(nanos in any::<i64>()) {
        let time = Timestamp::from_nanosecond(nanos.into()).unwrap();
        let truncated = truncate_to_millis(time);
        prop_assert!(truncated <= time);
        prop_assert_eq!(truncate_to_millis(truncated), truncated);
        prop_assert_eq!(to_rfc3339(truncated), to_rfc3339(time));
    }
}
