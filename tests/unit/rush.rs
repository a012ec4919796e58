//! Who is told to come again by a database that is asked for more than it can do.

use std::time::Duration;

use duly::database::postgres::rush::Rush;
use tokio::time::Instant;

const MAX_WAIT: Duration = Duration::from_millis(75);

/// A database that hands places on, by a clock of its own.
struct Handing {
    rush: Rush,
    start: Instant,
    now: u64,
}

impl Handing {
    fn new(max_wait: Option<Duration>) -> Self {
        Self { rush: Rush::new(max_wait), start: Instant::now(), now: 0 }
    }

    /// Whether somebody is let through now who has waited for so many milliseconds.
    fn lets_through(&mut self, waited: u64) -> bool {
        let now = self.start + Duration::from_millis(1_000 + self.now);
        self.rush.lets_through(now - Duration::from_millis(waited), now)
    }

    /// Every ten milliseconds, for so many, somebody comes through who has hardly waited.
    fn hand_on(&mut self, milliseconds: u64) {
        let until = self.now + milliseconds;
        while self.now < until {
            assert!(self.lets_through(1), "at {} ms", self.now);
            self.now += 10;
        }
    }

    /// Whether one who comes now with so many before them would have to wait for too long.
    fn is_too_long(&self, before: usize) -> bool {
        self.rush.is_too_long(before, self.start + Duration::from_millis(1_000 + self.now))
    }
}

#[test]
fn it_is_a_rush_when_places_were_handed_on_for_half_a_second() {
    let mut handing = Handing::new(Some(MAX_WAIT));
    handing.hand_on(490);
    assert!(handing.lets_through(10_000));
    assert!(!handing.is_too_long(8));
    handing.now += 10;
    assert!(!handing.lets_through(76));
    assert!(handing.lets_through(75));
    assert!(!handing.is_too_long(7));
    assert!(handing.is_too_long(8));
}

#[test]
fn what_was_no_rush_begins_anew_after_a_pause() {
    let mut handing = Handing::new(Some(MAX_WAIT));
    handing.hand_on(490);
    handing.now += 100;
    assert!(handing.lets_through(10_000));
    handing.hand_on(490);
    assert!(handing.lets_through(10_000));
}

#[test]
fn a_rush_goes_on_after_a_short_pause() {
    let mut handing = Handing::new(Some(MAX_WAIT));
    handing.hand_on(600);
    handing.now += 900;
    // Who waits now waits for whoever is about to answer again.
    assert!(!handing.is_too_long(1_000));
    assert!(!handing.lets_through(900));
    assert!(handing.is_too_long(1_000));
    assert!(handing.lets_through(1));
}

#[test]
fn a_database_that_was_away_for_a_second_is_not_in_a_rush() {
    let mut handing = Handing::new(Some(MAX_WAIT));
    handing.hand_on(600);
    handing.now += 1_000;
    assert!(handing.lets_through(10_000));
    assert!(!handing.is_too_long(1_000));
}

#[test]
fn where_no_wait_is_too_long_nobody_is_told_to_come_again() {
    let mut handing = Handing::new(None);
    handing.hand_on(2_000);
    assert!(handing.lets_through(10_000));
    assert!(!handing.is_too_long(1_000_000));
}
