//! When a task is due: on a day, in whatever zone its owner is, or at an instant.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use serde::{Serialize, Serializer};

use super::timestamp;
use super::validation::{Violation, code};

const FIRST_DAY: Date = jiff::civil::date(1, 1, 1);
/// The last day whose midnight in UTC is a [`Timestamp`].
const LAST_DAY: Date = jiff::civil::date(9999, 12, 30);

/// In JSON `"2026-12-01"`, or the instant in UTC: `"2026-12-01T08:30:00.000Z"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DueDate {
    /// A day without a time or a zone.
    Day(Date),
    /// A whole millisecond.
    At(Timestamp),
}

impl DueDate {
    /// Reads `YYYY-MM-DD`, or an RFC 3339 `date-time` (section 5.6) with its offset.
    ///
    /// An instant is cut to the millisecond, and a leap second is read as the second before it.
    ///
    /// # Errors
    /// `format` for any other shape; `value` for a day or a time that does not exist, or one that in UTC is not within
    /// `0001-01-01` to `9999-12-30`.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let written = Written::read(text).ok_or_else(|| {
            Violation::new(code::FORMAT, "a day as YYYY-MM-DD, or an RFC 3339 instant with offset")
        })?;
        written.due_date().filter(Self::is_in_range).ok_or_else(|| {
            Violation::new(code::VALUE, "an existing day or instant from 0001-01-01 to 9999-12-30")
        })
    }

    /// The instant to store and sort by, and whether it has a time: a day is its midnight in UTC, without.
    ///
    /// A day too far out for an instant becomes the first or last there is, so comparisons with it stay right.
    pub fn to_stored(self) -> (Timestamp, bool) {
        match self {
            Self::Day(day) => (midnight_in_utc(day), false),
            Self::At(instant) => (instant, true),
        }
    }

    /// What [`Self::to_stored`] made these from.
    pub fn from_stored(instant: Timestamp, has_time: bool) -> Self {
        if has_time {
            Self::At(instant)
        } else {
            Self::Day(Offset::UTC.to_datetime(instant).date())
        }
    }

    fn is_in_range(&self) -> bool {
        match self {
            Self::Day(day) => (FIRST_DAY..=LAST_DAY).contains(day),
            Self::At(instant) => *instant >= timestamp::EARLIEST,
        }
    }
}

impl Serialize for DueDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Day(day) => serializer.collect_str(day),
            Self::At(instant) => timestamp::serialize(instant, serializer),
        }
    }
}

fn midnight_in_utc(day: Date) -> Timestamp {
    let midnight = DateTime::from_parts(day, Time::midnight());
    let beyond = if day < FIRST_DAY { Timestamp::MIN } else { Timestamp::MAX };
    Offset::UTC.to_timestamp(midnight).unwrap_or(beyond)
}

/// The numbers of a text that has the right shape; whether there is such a day or time is not known yet.
struct Written {
    /// Year, month, day.
    day: [u16; 3],
    time: Option<WrittenTime>,
}

struct WrittenTime {
    /// Hours, minutes, seconds.
    clock: [u16; 3],
    millisecond: u16,
    /// Hours and minutes, and whether they are west of Greenwich.
    offset: [u16; 2],
    is_west: bool,
}

impl Written {
    fn read(text: &str) -> Option<Self> {
        let mut scanner = Scanner(text.as_bytes());
        let day = [scanner.number(4)?, scanner.after(b'-', 2)?, scanner.after(b'-', 2)?];
        if scanner.0.is_empty() {
            return Some(Self { day, time: None });
        }
        scanner.one_of(b"Tt")?;
        let clock = [scanner.number(2)?, scanner.after(b':', 2)?, scanner.after(b':', 2)?];
        let millisecond =
            if scanner.one_of(b".").is_some() { scanner.fraction_in_millis()? } else { 0 };
        let sign = scanner.one_of(b"Zz+-")?;
        let offset = match sign {
            b'+' | b'-' => [scanner.number(2)?, scanner.after(b':', 2)?],
            _ => [0, 0],
        };
        let time = WrittenTime { clock, millisecond, offset, is_west: sign == b'-' };
        scanner.0.is_empty().then_some(Self { day, time: Some(time) })
    }

    fn due_date(&self) -> Option<DueDate> {
        let [year, month, day] = self.day.map(u16::cast_signed);
        let day = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        match &self.time {
            None => Some(DueDate::Day(day)),
            Some(time) => time.on(day).map(DueDate::At),
        }
    }
}

impl WrittenTime {
    fn on(&self, day: Date) -> Option<Timestamp> {
        let [hour, minute, second] = self.clock.map(|number| i8::try_from(number).ok());
        let second = second.map(|second| if second == 60 { 59 } else { second });
        let nanosecond = i32::from(self.millisecond) * 1_000_000;
        let time = Time::new(hour?, minute?, second?, nanosecond).ok()?;
        let [hours, minutes] = self.offset.map(i32::from);
        if hours > 23 || minutes > 59 {
            return None;
        }
        let seconds = (hours * 60 + minutes) * 60;
        let offset = Offset::from_seconds(if self.is_west { -seconds } else { seconds }).ok()?;
        offset.to_timestamp(DateTime::from_parts(day, time)).ok()
    }
}

/// What is still to be read.
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    fn one_of(&mut self, accepted: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        accepted.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    fn digit(&mut self) -> Option<u16> {
        self.one_of(b"0123456789").map(|digit| u16::from(digit - b'0'))
    }

    /// Up to four digits, so it fits.
    fn number(&mut self, digits: usize) -> Option<u16> {
        (0..digits).try_fold(0, |number, _| Some(number * 10 + self.digit()?))
    }

    fn after(&mut self, separator: u8, digits: usize) -> Option<u16> {
        self.one_of(&[separator])?;
        self.number(digits)
    }

    /// At least one digit, of which those after the third do not count.
    fn fraction_in_millis(&mut self) -> Option<u16> {
        let mut millis = self.digit()? * 100;
        for weight in [10, 1] {
            millis += self.digit().unwrap_or(0) * weight;
        }
        while self.digit().is_some() {}
        Some(millis)
    }
}
