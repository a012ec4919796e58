//! When requests are refused because those before them took too long.

use std::time::{Duration, Instant};

use duly::api::overload::{Answer, Lateness};

const MAX_WAIT: Duration = Duration::from_millis(100);
const ACCEPTED: Answer = Answer { refuses: false, sends: false };
const ACCEPTED_AND_SENT: Answer = Answer { refuses: false, sends: true };
const REFUSED: Answer = Answer { refuses: true, sends: false };
const REFUSED_AND_SENT: Answer = Answer { refuses: true, sends: true };

/// What happens, at so many milliseconds from the start.
enum Event {
    Asked(u64, Answer),
    Came(u64),
    Lost,
}
use Event::{Asked, Came, Lost};

fn play(events: impl IntoIterator<Item = Event>) {
    let start = Instant::now();
    let mut lateness = Lateness::new(MAX_WAIT);
    for event in events {
        match event {
            Asked(at, expected) => {
                assert_eq!(lateness.ask(start + Duration::from_millis(at)), expected, "at {at} ms");
            }
            Lost => lateness.note_loss(),
            Came(at) => lateness.note_arrival(start + Duration::from_millis(at)),
        }
    }
}

#[test]
fn as_long_as_nothing_is_late_nothing_is_refused() {
    play([
        Asked(0, ACCEPTED_AND_SENT),
        Asked(1, ACCEPTED),
        Came(2),
        // The next byte follows after a while, with whoever comes then.
        Asked(3, ACCEPTED),
        Asked(8, ACCEPTED_AND_SENT),
        Asked(108, ACCEPTED),
        Came(108),
        Asked(100_000, ACCEPTED_AND_SENT),
    ]);
}

#[test]
fn a_machine_that_stood_still_once_refuses_nobody() {
    play([
        Asked(0, ACCEPTED_AND_SENT),
        Asked(500, ACCEPTED),
        Came(501),
        Asked(502, ACCEPTED_AND_SENT),
        Came(503),
        Asked(504, ACCEPTED_AND_SENT),
    ]);
}

#[test]
fn two_late_ones_within_a_second_are_more_than_can_be_done_until_a_few_are_in_time() {
    play([
        Asked(0, ACCEPTED_AND_SENT),
        Came(120),
        Asked(121, ACCEPTED_AND_SENT),
        // One between them may have been lucky.
        Came(123),
        Asked(124, ACCEPTED_AND_SENT),
        Asked(224, ACCEPTED),
        Asked(225, REFUSED),
        Came(230),
        Asked(231, REFUSED_AND_SENT),
        Asked(250, REFUSED),
        Came(260),
        Asked(261, REFUSED_AND_SENT),
        Came(262),
        Asked(263, REFUSED_AND_SENT),
        Came(264),
        Asked(265, ACCEPTED),
    ]);
}

/// Two that are late, and three that are not.
fn rush() -> impl Iterator<Item = Event> {
    [
        Asked(0, ACCEPTED_AND_SENT),
        Came(120),
        Asked(121, ACCEPTED_AND_SENT),
        Asked(222, REFUSED),
        Came(223),
        Asked(224, REFUSED_AND_SENT),
        Came(225),
        Asked(226, REFUSED_AND_SENT),
        Came(227),
        Asked(228, REFUSED_AND_SENT),
        Came(230),
    ]
    .into_iter()
}

#[test]
fn for_a_while_after_that_one_is_enough() {
    play(rush().chain([Asked(236, ACCEPTED_AND_SENT), Asked(336, ACCEPTED), Asked(337, REFUSED)]));
    play(rush().chain([
        Asked(1_236, ACCEPTED_AND_SENT),
        Asked(1_337, ACCEPTED),
        Came(1_340),
        Asked(1_341, ACCEPTED_AND_SENT),
    ]));
}

#[test]
fn what_was_late_before_everybody_was_silent_says_nothing_of_now() {
    play([
        Asked(0, ACCEPTED_AND_SENT),
        Came(120),
        Asked(121, ACCEPTED_AND_SENT),
        Asked(222, REFUSED),
        Came(223),
        Asked(400, ACCEPTED_AND_SENT),
        Came(401),
        Asked(402, ACCEPTED),
    ]);
}

#[test]
fn one_that_does_not_come_while_others_are_looked_at_is_enough() {
    play([
        Asked(0, ACCEPTED_AND_SENT),
        Asked(101, ACCEPTED),
        Asked(201, ACCEPTED),
        Asked(202, REFUSED),
        Asked(600, REFUSED),
        Came(601),
        Asked(602, REFUSED_AND_SENT),
    ]);
}

#[test]
fn a_byte_that_could_not_be_sent_is_not_waited_for() {
    play([
        Asked(0, ACCEPTED_AND_SENT),
        Lost,
        Asked(1, ACCEPTED_AND_SENT),
        Came(120),
        Asked(121, ACCEPTED_AND_SENT),
        Lost,
        Asked(300, ACCEPTED_AND_SENT),
        Asked(400, ACCEPTED),
    ]);
}
