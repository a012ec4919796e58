//! Times on the wire: UTC, RFC 3339, exactly three fractional digits, `Z` (API.md, "Tasks").

use jiff::Timestamp;
use jiff::tz::Offset;
use serde::Serializer;

/// `0001-01-01T00:00:00Z`, the earliest instant that is kept or compared with. The latest is [`Timestamp::MAX`].
pub const EARLIEST: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// `2026-11-23T07:07:34.087Z`. Finer digits are cut off; anything before [`EARLIEST`] is written as that.
pub fn to_rfc3339(time: Timestamp) -> String {
    Rfc3339::of(time).as_str().to_owned()
}

/// For `#[serde(serialize_with = "timestamp::serialize")]`: as [`to_rfc3339`], without its `String`.
///
/// # Errors
/// Only what the serializer itself reports.
pub fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(Rfc3339::of(*time).as_str())
}

/// As [`serialize`], with `null` for `None`.
///
/// # Errors
/// Only what the serializer itself reports.
pub fn serialize_option<S: Serializer>(
    time: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serialize(time, serializer),
        None => serializer.serialize_none(),
    }
}

/// The instant so many microseconds after 1970, or `None` outside of the years that exist. Unlike jiff's own
/// `from_microsecond` it reads every instant that there is: that one leaves out the last second.
pub fn from_micros(micros: i64) -> Option<Timestamp> {
    Timestamp::from_nanosecond(i128::from(micros) * 1_000).ok()
}

/// The last whole millisecond at or before `time`: what the wire can show of it.
pub fn truncate_to_millis(time: Timestamp) -> Timestamp {
    let millis = time.as_nanosecond().div_euclid(1_000_000);
    Timestamp::from_nanosecond(millis * 1_000_000)
        .expect("the earliest timestamp is a whole second, so rounding down stays in range")
}

/// The text of one instant, without an allocation.
struct Rfc3339([u8; 24]);

impl Rfc3339 {
    fn of(time: Timestamp) -> Self {
        let utc = Offset::UTC.to_datetime(time.max(EARLIEST));
        let mut text = *b"0000-00-00T00:00:00.000Z";
        put_digits(&mut text[0..4], utc.year().unsigned_abs());
        put_digits(&mut text[5..7], utc.month().unsigned_abs().into());
        put_digits(&mut text[8..10], utc.day().unsigned_abs().into());
        put_digits(&mut text[11..13], utc.hour().unsigned_abs().into());
        put_digits(&mut text[14..16], utc.minute().unsigned_abs().into());
        put_digits(&mut text[17..19], utc.second().unsigned_abs().into());
        put_digits(&mut text[20..23], utc.millisecond().unsigned_abs());
        Self(text)
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII was written")
    }
}

fn put_digits(target: &mut [u8], mut number: u16) {
    for digit in target.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}
