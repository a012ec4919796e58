use std::collections::HashMap;
use std::net::IpAddr;

use duly::models::client_address::ClientAddress;
use duly::models::email::Email;
use duly::services::rate_limits::{
    Account, GuessBudgets, MAX_GUESSES_PER_ACCOUNT, MAX_GUESSES_PER_ADDRESS, Obstacle,
    PasswordGuesses, TooMany,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{instant, owner};

fn client(number: u32) -> ClientAddress {
    ClientAddress::of(IpAddr::from(number.to_be_bytes()))
}

fn ada() -> Email {
    Email::parse("ada@example.com").unwrap()
}

/// On the hour, when a slot begins.
fn after(minutes: i64) -> Timestamp {
    instant("2026-11-23T07:00:00Z") + SignedDuration::from_mins(minutes)
}

/// Guesses wrongly until it is refused; gives how often it could, and why it could no more.
fn guess_on(
    guesses: &PasswordGuesses,
    account: Account<'_>,
    client: ClientAddress,
    now: Timestamp,
) -> (u32, Obstacle) {
    for number in 0.. {
        if let Err(obstacle) = guesses.reserve(account, client, now) {
            return (number, obstacle);
        }
    }
    unreachable!()
}

/// Uses up what an account has, from as many addresses as it takes.
fn exhaust(guesses: &PasswordGuesses, account: Account<'_>, now: Timestamp) -> u32 {
    let mut wrong = 0;
    for number in 1_000.. {
        match guess_on(guesses, account, client(number), now) {
            (made, Obstacle::Address(_)) => wrong += made,
            (made, Obstacle::Account(_)) => return wrong + made,
        }
    }
    unreachable!()
}

#[test]
fn one_address_uses_up_only_its_share_of_an_account() {
    let (guesses, ada) = (PasswordGuesses::new(GuessBudgets::default()), ada());
    let account = Account::Email(&ada);
    let (made, obstacle) = guess_on(&guesses, account, client(1), after(5));
    // The budget of the last hour is looked at in parts of twenty minutes.
    let expected = Obstacle::Address(TooMany { retry_after_seconds: 75 * 60 });
    assert_eq!((made, obstacle), (MAX_GUESSES_PER_ADDRESS, expected));
    assert!(guesses.reserve(account, client(2), after(5)).is_ok());
    let bob = Email::parse("bob@example.com").unwrap();
    assert!(guesses.reserve(Account::Email(&bob), client(1), after(5)).is_ok());
    assert!(guesses.reserve(account, client(1), after(79)).is_err());
    assert!(guesses.reserve(account, client(1), after(80)).is_ok());
}

#[test]
fn all_addresses_together_have_one_budget_for_an_account() {
    let (guesses, ada) = (PasswordGuesses::new(GuessBudgets::default()), ada());
    let account = Account::Email(&ada);
    assert_eq!(exhaust(&guesses, account, after(0)), MAX_GUESSES_PER_ACCOUNT);
    let refused = guesses.reserve(account, client(1), after(10)).unwrap_err();
    assert_eq!(refused, Obstacle::Account(TooMany { retry_after_seconds: 70 * 60 }));
    assert_eq!(exhaust(&guesses, account, after(79)), 0);
    assert_eq!(exhaust(&guesses, account, after(80)), MAX_GUESSES_PER_ACCOUNT);
    // Who is signed in has a budget of their own.
    let user = owner();
    assert_eq!(exhaust(&guesses, Account::User(&user), after(80)), MAX_GUESSES_PER_ACCOUNT);
}

#[test]
fn a_known_address_needs_nothing_of_the_accounts_budget_but_has_only_its_own() {
    let (guesses, ada) = (PasswordGuesses::new(GuessBudgets::default()), ada());
    let account = Account::Email(&ada);
    guesses.remember(account, client(1), after(0));
    exhaust(&guesses, account, after(0));
    let (made, obstacle) = guess_on(&guesses, account, client(1), after(1));
    assert_eq!(made, MAX_GUESSES_PER_ADDRESS);
    assert!(matches!(obstacle, Obstacle::Address(_)));
    assert!(guesses.reserve(account, client(2), after(1)).is_err());
    for _ in 0..MAX_GUESSES_PER_ADDRESS {
        assert!(guesses.reserve_for_known(account, client(2), after(1)).is_ok());
    }
    let refused = guesses.reserve_for_known(account, client(2), after(1));
    assert!(matches!(refused, Err(Obstacle::Address(_))));
    // Known at one account is not known at another, and not for ever.
    let bob = Email::parse("bob@example.com").unwrap();
    exhaust(&guesses, Account::Email(&bob), after(1));
    assert!(guesses.reserve(Account::Email(&bob), client(1), after(1)).is_err());
    let week = 7 * 24 * 60;
    exhaust(&guesses, account, after(week - 1));
    assert!(guesses.reserve(account, client(1), after(week - 1)).is_ok());
    assert!(guesses.reserve(account, client(1), after(week)).is_err());
}

#[test]
fn a_right_guess_gives_back_itself_and_nothing_else() {
    let (guesses, ada) = (PasswordGuesses::new(GuessBudgets::default()), ada());
    let account = Account::Email(&ada);
    for _ in 0..MAX_GUESSES_PER_ADDRESS - 1 {
        guesses.reserve(account, client(1), after(0)).unwrap();
    }
    for _ in 0..50 {
        let right = guesses.reserve(account, client(1), after(0)).unwrap();
        guesses.give_back(right);
        guesses.remember(account, client(1), after(0));
    }
    assert_eq!(guess_on(&guesses, account, client(1), after(0)).0, 1);
    assert_eq!(
        exhaust(&guesses, account, after(0)),
        MAX_GUESSES_PER_ACCOUNT - MAX_GUESSES_PER_ADDRESS
    );
}

#[test]
fn what_is_given_back_late_is_not_given_back_twice() {
    let (guesses, ada) = (PasswordGuesses::new(GuessBudgets::default()), ada());
    let account = Account::Email(&ada);
    let early = guesses.reserve(account, client(1), after(0)).unwrap();
    for _ in 0..MAX_GUESSES_PER_ADDRESS {
        guesses.reserve(account, client(1), after(80)).unwrap();
    }
    guesses.give_back(early);
    assert!(guesses.reserve(account, client(1), after(80)).is_err());
}

#[test]
fn filling_the_memory_frees_no_account() {
    let (guesses, ada) = (PasswordGuesses::new(GuessBudgets::default()), ada());
    let account = Account::Email(&ada);
    exhaust(&guesses, account, after(0));
    for number in 0..200_000 {
        let other = Email::parse(&format!("{number}@example.org")).unwrap();
        let _ = guesses.reserve(Account::Email(&other), client(number), after(1));
        guesses.remember(Account::Email(&other), client(number), after(1));
    }
    assert!(guesses.reserve(account, client(1), after(2)).is_err());
    // Nor does it lock anybody else, though a few guesses less may be left to them.
    let bob = Email::parse("bob@example.com").unwrap();
    let (made, _) = guess_on(&guesses, Account::Email(&bob), client(1), after(2));
    assert!(made > MAX_GUESSES_PER_ADDRESS / 2, "{made}");
}

proptest! {
    /// Whatever is guessed when, from where, and whether right: no hour has more wrong guesses than it may.
    #[test]
    fn no_hour_has_more_wrong_guesses_than_its_budget(
        steps in proptest::collection::vec((0..600_i64, 0..3_u32, any::<bool>()), 1..300),
    ) {
        let guesses = PasswordGuesses::new(GuessBudgets { per_account: 7, per_address: 4 });
        let ada = ada();
        let (mut now, mut wrong) = (after(3), Vec::new());
        for (seconds, number, is_right) in steps {
            now += SignedDuration::from_secs(seconds);
            if let Ok(reservation) = guesses.reserve(Account::Email(&ada), client(number), now) {
                if is_right { guesses.give_back(reservation) } else { wrong.push((now, number)) }
            }
        }
        for (index, (start, _)) in wrong.iter().enumerate() {
            let hour = wrong[index..].iter();
            let hour: Vec<_> =
                hour.take_while(|(then, _)| then.duration_since(*start) < SignedDuration::from_hours(1)).collect();
            let mut by_client = HashMap::new();
            for (_, number) in &hour {
                *by_client.entry(number).or_insert(0) += 1;
            }
            prop_assert!(hour.len() <= 7 && by_client.values().all(|count| *count <= 4));
        }
    }
}
