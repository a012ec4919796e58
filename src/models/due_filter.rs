//! Which due dates a list asks for: `due`, `due_before` and `due_after` as windows of days and of instants.
//!
//! A task that is due on a day is compared by day, one that is due at an instant by instant. The zone of the request
//! decides where the two meet: a day there begins at one certain instant.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::due_date::DueDate;
use super::timestamp::{EARLIEST, truncate_to_millis};

/// The values of `due`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueKeyword {
    Today,
    /// Before now, or on a day before today. Only pending tasks are ever overdue; that is for the status filter to say.
    Overdue,
    /// The seven days after today.
    Upcoming,
    /// Without a due date.
    None,
}

impl DueKeyword {
    /// Every keyword.
    pub const ALL: [Self; 4] = [Self::Today, Self::Overdue, Self::Upcoming, Self::None];

    /// The keyword of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|keyword| keyword.as_str() == text)
    }

    /// The name that stands in a query.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Overdue => "overdue",
            Self::Upcoming => "upcoming",
            Self::None => "none",
        }
    }
}

/// The due dates that match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DueFilter {
    /// All of them, and none.
    #[default]
    Any,
    /// Tasks without a due date.
    Missing,
    /// No task at all: what was asked for contradicts itself.
    Nothing,
    /// Tasks with a due date in the window.
    Within(DueWindow),
}

/// Two half-open ranges `[from, until)`, one for tasks due on a day and one for tasks due at an instant. `None` is no
/// bound; a range may be empty.
///
/// A day can be one further than a task's due date can; [`DueDate::to_stored`] takes it nevertheless.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DueWindow {
    pub day_from: Option<Date>,
    pub day_until: Option<Date>,
    pub at_from: Option<Timestamp>,
    pub at_until: Option<Timestamp>,
}

/// What the words of a request mean: its zone, and the time it came in.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
    now: Timestamp,
}

impl DueFilter {
    /// What satisfies all that is given.
    pub fn combine(
        keyword: Option<DueKeyword>,
        before: Option<DueDate>,
        after: Option<DueDate>,
        calendar: &Calendar,
    ) -> Self {
        let before = before.map(|due| calendar.before(due));
        let after = after.map(|due| calendar.after(due));
        let named = match keyword {
            Some(DueKeyword::None) if before.is_some() || after.is_some() => return Self::Nothing,
            Some(DueKeyword::None) => return Self::Missing,
            Some(DueKeyword::Today) => Some(calendar.today()),
            Some(DueKeyword::Overdue) => Some(calendar.overdue()),
            Some(DueKeyword::Upcoming) => Some(calendar.upcoming()),
            None => None,
        };
        let windows = [named, before, after].into_iter().flatten();
        windows.reduce(DueWindow::intersection).map_or(Self::Any, Self::Within)
    }
}

impl DueWindow {
    /// What is in both.
    pub fn intersection(self, other: Self) -> Self {
        Self {
            day_from: self.day_from.max(other.day_from),
            day_until: earlier(self.day_until, other.day_until),
            at_from: self.at_from.max(other.at_from),
            at_until: earlier(self.at_until, other.at_until),
        }
    }
}

impl Calendar {
    /// The days of `zone`, at `now` (cut to the millisecond, as due dates are).
    pub fn new(zone: TimeZone, now: Timestamp) -> Self {
        Self { zone, now: truncate_to_millis(now) }
    }

    fn today(&self) -> DueWindow {
        let today = self.day_of(self.now);
        self.days(today, days_after(today, 1))
    }

    fn upcoming(&self) -> DueWindow {
        let today = self.day_of(self.now);
        self.days(days_after(today, 1), days_after(today, 8))
    }

    fn overdue(&self) -> DueWindow {
        self.before(DueDate::At(self.now))
    }

    /// Days before the day that is named or that the instant falls on; instants before it.
    fn before(&self, due: DueDate) -> DueWindow {
        let (day, instant) = match due {
            DueDate::Day(day) => (day, self.start_of(day)),
            DueDate::At(instant) => (self.day_of(instant), instant.max(EARLIEST)),
        };
        DueWindow { day_until: Some(day), at_until: Some(instant), ..DueWindow::default() }
    }

    /// Days after the day that is named or that the instant falls on; instants after it.
    fn after(&self, due: DueDate) -> DueWindow {
        let (day, instant) = match due {
            DueDate::Day(day) => (days_after(day, 1), self.start_of(days_after(day, 1))),
            DueDate::At(instant) => (days_after(self.day_of(instant), 1), next_milli(instant)),
        };
        DueWindow { day_from: Some(day), at_from: Some(instant), ..DueWindow::default() }
    }

    fn days(&self, from: Date, until: Date) -> DueWindow {
        DueWindow {
            day_from: Some(from),
            day_until: Some(until),
            at_from: Some(self.start_of(from)),
            at_until: Some(self.start_of(until)),
        }
    }

    fn day_of(&self, instant: Timestamp) -> Date {
        self.zone.to_datetime(instant).date()
    }

    /// Midnight of `day`, kept in the range of instants. Where the clocks skip midnight, as much later as they skip
    /// (RFC 5545 section 3.3.5).
    fn start_of(&self, day: Date) -> Timestamp {
        let beyond = if day.year() > 0 { Timestamp::MAX } else { EARLIEST };
        let start = self.zone.to_timestamp(day.to_datetime(Time::midnight()));
        start.map_or(beyond, |start| start.max(EARLIEST))
    }
}

fn days_after(day: Date, days: i64) -> Date {
    day.saturating_add(days.days())
}

fn next_milli(instant: Timestamp) -> Timestamp {
    instant.checked_add(SignedDuration::from_millis(1)).unwrap_or(Timestamp::MAX)
}

fn earlier<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
