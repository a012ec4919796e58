use std::net::IpAddr;

use duly::config::RateLimiting;
use duly::models::client_address::ClientAddress;
use duly::models::email::Email;
use duly::services::rate_limits::{MAX_MAILS_PER_DAY, MailKind, RateLimits, Requests, TooMany};
use jiff::{SignedDuration, Timestamp};

use super::instant;

/// A client for each number.
fn client(number: u32) -> ClientAddress {
    ClientAddress::of(IpAddr::from(number.to_be_bytes()))
}

fn start() -> Timestamp {
    instant("2026-11-23T07:00:00Z")
}

fn after(millis: i64) -> Timestamp {
    start() + SignedDuration::from_millis(millis)
}

/// Everything but what is below `/nothing` is a route.
fn count(requests: &Requests, client: ClientAddress, path: &str, now: Timestamp) -> Option<i64> {
    let is_route = |path: &str| !path.starts_with("/nothing") && !path.ends_with("nothing");
    let counted = requests.count(client, path, is_route, now);
    counted.err().map(|TooMany { retry_after_seconds }| retry_after_seconds)
}

/// How many are let through at one moment, and for how many seconds none is then.
fn allowed(requests: &Requests, client: ClientAddress, path: &str) -> (u32, i64) {
    for number in 0..1_000 {
        if let Some(seconds) = count(requests, client, path, start()) {
            return (number, seconds);
        }
    }
    panic!("{path} has no limit");
}

#[test]
fn each_path_has_better_auths_limit() {
    let requests = Requests::default();
    for (number, (path, expected)) in [
        ("/sign-in/email", (3, 10)),
        ("/sign-in/social", (3, 10)),
        ("/sign-in", (3, 10)),
        ("/sign-up/email", (3, 10)),
        ("/change-password", (3, 10)),
        ("/change-email", (3, 10)),
        ("/change-email/nothing", (3, 10)),
        ("/request-password-reset", (3, 60)),
        ("/send-verification-email", (3, 60)),
        ("/forget-password", (3, 60)),
        ("/forget-password/email-otp", (3, 60)),
        ("/request-password-reset/nothing", (100, 10)),
        ("/send-verification-emails", (100, 10)),
        ("/reset-password", (100, 10)),
        ("/reset-password/some-token", (100, 10)),
        ("/delete-user", (100, 10)),
        ("/sign-out", (100, 10)),
        ("/get-session", (100, 10)),
        ("/SIGN-IN/email", (100, 10)),
        ("/api/auth/sign-in/email", (100, 10)),
        ("/nothing", (100, 10)),
        ("", (100, 10)),
    ]
    .into_iter()
    .enumerate()
    {
        let client = client(u32::try_from(number).unwrap());
        assert_eq!(allowed(&requests, client, path), expected, "{path}");
    }
}

#[test]
fn a_window_ends_when_nothing_was_allowed_in_it_for_its_length() {
    let requests = Requests::default();
    for (millis, expected) in [
        (0, None),
        (4_000, None),
        (13_999, None),
        // Refused, for what is left since the last that was allowed, in whole seconds and rounded up.
        (13_999, Some(10)),
        (14_000, Some(10)),
        (15_000, Some(9)),
        (23_998, Some(1)),
        // What was refused has not made it longer.
        (23_999, None),
        (23_999, None),
        (33_998, None),
        (43_997, Some(1)),
        (43_998, None),
    ] {
        let found = count(&requests, client(1), "/sign-in/email", after(millis));
        assert_eq!(found, expected, "{millis}");
    }
}

#[test]
fn addresses_and_paths_do_not_count_for_each_other() {
    let requests = Requests::default();
    assert_eq!(allowed(&requests, client(1), "/sign-in/email"), (3, 10));
    assert_eq!(allowed(&requests, client(2), "/sign-in/email"), (3, 10));
    assert_eq!(allowed(&requests, client(1), "/sign-up/email"), (3, 10));
    assert_eq!(allowed(&requests, client(1), "/sign-in/social"), (3, 10));
}

#[test]
fn paths_that_are_no_routes_count_as_one_for_each_rule() {
    let requests = Requests::default();
    for number in 0..100 {
        assert_eq!(count(&requests, client(1), &format!("/nothing/{number}"), start()), None);
    }
    assert_eq!(count(&requests, client(1), "/nothing/else", start()), Some(10));
    assert_eq!(count(&requests, client(1), "/get-session", start()), None);
    for number in 0..3 {
        let path = format!("/sign-in/{number}/nothing");
        assert_eq!(count(&requests, client(1), &path, start()), None);
    }
    assert_eq!(count(&requests, client(1), "/sign-up/nothing", start()), Some(10));
    assert_eq!(count(&requests, client(1), "/sign-in/email", start()), None);
}

#[test]
fn a_clock_that_is_set_back_neither_frees_nor_locks() {
    let requests = Requests::default();
    assert_eq!(allowed(&requests, client(1), "/sign-in/email"), (3, 10));
    assert_eq!(count(&requests, client(1), "/sign-in/email", after(-1)), Some(11));
    assert_eq!(count(&requests, client(1), "/sign-in/email", after(-3_600_000)), None);
}

#[test]
fn others_do_not_push_a_window_out_before_there_are_very_many() {
    let requests = Requests::default();
    assert_eq!(allowed(&requests, client(0), "/sign-in/email"), (3, 10));
    for number in 1..50_000 {
        count(&requests, client(number), "/sign-in/email", after(1));
    }
    assert_eq!(count(&requests, client(0), "/sign-in/email", after(2)), Some(10));
}

#[test]
fn an_address_of_e_mail_gets_three_in_a_minute_and_twenty_in_a_day() {
    let limits = RateLimits::new(RateLimiting::On);
    let (ada, bob) =
        (Email::parse("ada@example.com").unwrap(), Email::parse("bob@example.com").unwrap());
    let mut sent = Vec::new();
    // One is asked for each second, all day long.
    for second in 0..86_400 {
        if limits.allow_mail(&ada, MailKind::PasswordReset, after(second * 1_000)) {
            sent.push(second);
        }
    }
    assert_eq!(sent[..7], [0, 1, 2, 62, 63, 64, 124]);
    assert_eq!(sent.len(), usize::try_from(MAX_MAILS_PER_DAY).unwrap());
    // Other e-mail to her, and to others, is not kept back by it.
    assert!(limits.allow_mail(&ada, MailKind::Verification, after(79_999_000)));
    assert!(limits.allow_mail(&bob, MailKind::PasswordReset, after(80_000_000)));
    // They come back within the eight hours that follow.
    assert!(limits.allow_mail(&ada, MailKind::PasswordReset, after((24 + 8) * 3_600_000)));
}

#[test]
fn nothing_is_counted_where_limiting_is_off() {
    let limits = RateLimits::new(RateLimiting::Off);
    let ada = Email::parse("ada@example.com").unwrap();
    assert!((0..1_000).all(|_| limits.allow_mail(&ada, MailKind::PasswordReset, start())));
    assert!(!limits.are_on());
}
