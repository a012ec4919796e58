//! Guesses of passwords, by account: nobody can lock a person out alone, and many together cannot go on for ever.

use std::time::Duration;

use duly::config::RateLimiting;
use duly::models::client_address::ClientAddress;
use duly::models::email::Email;
use duly::services::rate_limits::{Account, GuessBudgets, begin_guess};
use serde_json::json;

use crate::on_every_engine;
use crate::support::app::{Deployment, Person, TestApp};
use crate::support::http::{Call, Response};
use crate::support::storage::TestStorage;

/// Budgets small enough to be used up in a test: each guess is a tenth of a second of work.
const BUDGETS: GuessBudgets = GuessBudgets { per_account: 5, per_address: 2 };
/// As long as a window of requests.
const PAUSE: Duration = Duration::from_secs(10);
/// When everything that was guessed is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(80 * 60);

/// An application with small budgets, which has been asked for nothing in a while.
struct GuardedApp(TestApp);

impl GuardedApp {
    async fn start(storage: TestStorage) -> Self {
        let deployment = Deployment {
            rate_limiting: RateLimiting::On,
            budgets: BUDGETS,
            ..Deployment::default()
        };
        Self(TestApp::start_with(storage, deployment).await)
    }
}

async fn sign_in(app: &TestApp, email: &str, password: &str, peer: &str) -> Response {
    app.advance(PAUSE);
    let body = json!({"email": email, "password": password});
    app.send(Call::post("/api/auth/sign-in/email").json(&body).peer(peer)).await
}

async fn change_password(app: &TestApp, person: &Person, current: &str, peer: &str) -> Response {
    app.advance(PAUSE);
    let body = json!({"currentPassword": current, "newPassword": person.password});
    let call = Call::post("/api/auth/change-password").json(&body).peer(peer);
    app.send(call.bearer(&person.session_token)).await
}

async fn reset_password(app: &TestApp, email: &str, new: &str, peer: &str) {
    let ask = json!({"email": email});
    app.send(Call::post("/api/auth/request-password-reset").json(&ask)).await.expect(200);
    let link = app.link_to(email).await;
    let token = link.split(['/', '?']).nth(4).expect("a token");
    let reset = json!({"token": token, "newPassword": new});
    app.send(Call::post("/api/auth/reset-password").json(&reset).peer(peer)).await.expect(200);
}

/// Uses up the budget of an account, from three addresses.
async fn attack(app: &TestApp, email: &str) {
    for (number, peer) in ["6.6.6.1", "6.6.6.1", "6.6.6.2", "6.6.6.2", "6.6.6.3"].iter().enumerate()
    {
        let answer = sign_in(app, email, "a guess", peer).await;
        assert_eq!(answer.status, 401, "{number}");
    }
}

#[track_caller]
fn assert_too_many(answer: &Response) {
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert_eq!(answer.text(), r#"{"message":"Too many requests. Please try again later."}"#);
    assert_eq!(answer.header("content-type"), "application/json");
    let seconds: u64 = answer.header("x-retry-after").parse().expect("a number");
    assert!(seconds > 3_000 && seconds <= 4_800, "{seconds}");
}

on_every_engine! {
    async fn one_address_is_refused_for_an_account_and_locks_nobody_out(guarded: GuardedApp) {
        let GuardedApp(app) = guarded;
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        for _ in 0..2 {
            assert_eq!(sign_in(&app, &ada.email, "a guess", "6.6.6.6").await.status, 401);
        }
        // Not even the right password is looked at, nor does another /64 or spelling of the account help.
        assert_too_many(&sign_in(&app, &ada.email, &ada.password, "6.6.6.6").await);
        assert_too_many(&sign_in(&app, "ADA@example.COM", &ada.password, "::ffff:6.6.6.6").await);
        sign_in(&app, &ada.email, &ada.password, "1.1.1.1").await.expect(200);
        sign_in(&app, &bob.email, &bob.password, "6.6.6.6").await.expect(200);
        app.advance(FORGOTTEN);
        sign_in(&app, &ada.email, &ada.password, "6.6.6.6").await.expect(200);
    }

    async fn many_addresses_share_the_budget_of_an_account(guarded: GuardedApp) {
        let GuardedApp(app) = guarded;
        let ada = app.person("ada").await;
        attack(&app, &ada.email).await;
        assert_too_many(&sign_in(&app, &ada.email, &ada.password, "6.6.6.3").await);
        assert_too_many(&sign_in(&app, &ada.email, &ada.password, "6.6.6.4").await);
        app.advance(FORGOTTEN);
        sign_in(&app, &ada.email, &ada.password, "6.6.6.4").await.expect(200);
    }

    async fn where_a_session_runs_its_owner_gets_in_all_the_same(guarded: GuardedApp) {
        let GuardedApp(app) = guarded;
        let ada = app.person("ada").await; // from 127.0.0.1
        attack(&app, &ada.email).await;
        assert_eq!(sign_in(&app, &ada.email, "a slip", "127.0.0.1").await.status, 401);
        let token = sign_in(&app, &ada.email, &ada.password, "127.0.0.1").await;
        let token = token.expect(200)["token"].as_str().expect("a token").to_owned();
        // A known address has no more guesses than any other.
        assert_eq!(sign_in(&app, &ada.email, "a slip", "127.0.0.1").await.status, 401);
        assert_too_many(&sign_in(&app, &ada.email, &ada.password, "127.0.0.1").await);
        // Known to one account is not known to another, and a session that has ended is none.
        let bob = app.person("bob").await;
        attack(&app, &bob.email).await;
        let out = app.send(Call::post("/api/auth/sign-out").bearer(&bob.session_token)).await;
        out.expect(200);
        assert_too_many(&sign_in(&app, &bob.email, &bob.password, "127.0.0.1").await);
        app.send(Call::get("/api/me/tasks").bearer(&token)).await.expect(200);
    }

    async fn an_address_of_which_a_password_was_right_is_remembered_after_signing_out(guarded: GuardedApp) {
        let GuardedApp(app) = guarded;
        let ada = app.person("ada").await;
        let answer = sign_in(&app, &ada.email, &ada.password, "1.1.1.1").await;
        let token = answer.expect(200)["token"].as_str().expect("a token").to_owned();
        app.send(Call::post("/api/auth/sign-out").bearer(&token)).await.expect(200);
        attack(&app, &ada.email).await;
        sign_in(&app, &ada.email, &ada.password, "1.1.1.1").await.expect(200);
        assert_too_many(&sign_in(&app, &ada.email, &ada.password, "1.1.1.2").await);
    }

    async fn what_is_right_gives_back_nothing_but_itself(guarded: GuardedApp) {
        let GuardedApp(app) = guarded;
        let (ada, eve) = (app.person("ada").await, app.person("eve").await);
        for _ in 0..2 {
            assert_eq!(sign_in(&app, &ada.email, "a guess", "6.6.6.6").await.status, 401);
            sign_in(&app, &eve.email, &eve.password, "6.6.6.6").await.expect(200);
            sign_in(&app, &ada.email, &ada.password, "1.1.1.1").await.expect(200);
        }
        assert_too_many(&sign_in(&app, &ada.email, "a guess", "6.6.6.6").await);
        for _ in 0..3 {
            sign_in(&app, &ada.email, &ada.password, "1.1.1.1").await.expect(200);
        }
    }

    async fn an_account_that_is_not_there_is_refused_alike(guarded: GuardedApp) {
        let GuardedApp(app) = guarded;
        let ada = app.person("ada").await;
        let mut seen = Vec::new();
        for email in [&*ada.email, "nobody@example.com"] {
            let mut answers = Vec::new();
            for peer in ["6.6.6.1", "6.6.6.1", "6.6.6.1", "6.6.6.2", "6.6.6.2", "6.6.6.3", "6.6.6.4"] {
                let answer = sign_in(&app, email, "a guess", peer).await;
                let mut headers = answer.headers.clone();
                headers.remove("x-request-id");
                answers.push((answer.status, headers, answer.text()));
            }
            seen.push(answers);
            app.advance(FORGOTTEN - 7 * PAUSE);
        }
        let statuses: Vec<u16> = seen[0].iter().map(|(status, ..)| status.as_u16()).collect();
        assert_eq!(statuses, [401, 401, 429, 401, 401, 401, 429]);
        assert_eq!(seen[0], seen[1]);
    }

    async fn of_many_guesses_at_once_no_more_are_made_than_one_after_the_other(guarded: GuardedApp) {
        let GuardedApp(app) = guarded;
        let ada = app.person("ada").await;
        let attempts = (0..30).map(|number| {
            let body = json!({"email": ada.email, "password": "a guess"});
            let call = Call::post("/api/auth/sign-in/email").json(&body);
            app.send(call.peer(&format!("6.6.6.{}", number / 3)))
        });
        let answers = futures_util::future::join_all(attempts).await;
        let made = answers.iter().filter(|answer| answer.status == 401).count();
        let refused = answers.iter().filter(|answer| answer.status == 429).count();
        assert_eq!((made, refused), (5, 25));
    }

    async fn a_guess_that_is_not_made_after_all_does_not_count(guarded: GuardedApp) {
        let GuardedApp(app) = guarded;
        let ada = app.person("ada").await;
        let issuer = app.state.services.issuer.as_ref().expect("it signs people in");
        let email = Email::parse(&ada.email).expect("an address");
        let client = ClientAddress::of([6, 6, 6, 6].into());
        for _ in 0..10 {
            // As where the database fails while the user is looked up.
            let guess = begin_guess(issuer, Account::Email(&email), client).await;
            drop(guess.expect("nothing needs to be looked up").expect("there is room"));
        }
        sign_in(&app, &ada.email, &ada.password, "6.6.6.6").await.expect(200);
    }

    async fn a_guess_of_a_client_that_hung_up_counts(guarded: GuardedApp) {
        let GuardedApp(app) = guarded;
        let ada = app.person("ada").await;
        for _ in 0..100 {
            let guess = sign_in(&app, &ada.email, "a guess", "6.6.6.6");
            // On a busy machine a client may hang up before its guess is begun, which then does not count.
            if let Ok(answer) = tokio::time::timeout(Duration::from_millis(30), guess).await {
                return assert_too_many(&answer);
            }
        }
        panic!("a hundred guesses were made, and none counted");
    }

    async fn changing_the_password_is_guessing_too_with_a_budget_of_its_own(guarded: GuardedApp) {
        let GuardedApp(app) = guarded;
        let ada = app.person("ada").await;
        attack(&app, &ada.email).await;
        change_password(&app, &ada, &ada.password, "1.1.1.1").await.expect(200);
        for peer in ["6.6.6.1", "6.6.6.1", "6.6.6.2", "6.6.6.2", "6.6.6.3"] {
            let answer = change_password(&app, &ada, "a guess", peer).await;
            assert_eq!(answer.json()["code"], "INVALID_PASSWORD");
        }
        assert_too_many(&change_password(&app, &ada, &ada.password, "6.6.6.4").await);
        assert_too_many(&change_password(&app, &ada, &ada.password, "6.6.6.1").await);
        // Where it was right before, and where the session began.
        change_password(&app, &ada, &ada.password, "1.1.1.1").await.expect(200);
        change_password(&app, &ada, &ada.password, "127.0.0.1").await.expect(200);
        // What is not a guess is not counted as one.
        let short = json!({"currentPassword": "a guess", "newPassword": "short"});
        app.advance(PAUSE);
        let call = Call::post("/api/auth/change-password").json(&short).peer("6.6.6.1");
        assert_eq!(app.send(call.bearer(&ada.session_token)).await.json()["code"], "PASSWORD_TOO_SHORT");
    }

    async fn a_new_password_by_email_lets_its_owner_in_during_an_attack(guarded: GuardedApp) {
        let GuardedApp(app) = guarded;
        let ada = app.person("ada").await;
        attack(&app, &ada.email).await;
        assert_too_many(&sign_in(&app, &ada.email, &ada.password, "1.1.1.1").await);
        reset_password(&app, &ada.email, "a new password", "1.1.1.1").await;
        for peer in ["1.1.1.1", "1.1.1.2"] {
            sign_in(&app, &ada.email, "a new password", peer).await.expect(200);
        }
        // Also where the next attack has used everything up again.
        attack(&app, &ada.email).await;
        sign_in(&app, &ada.email, "a new password", "1.1.1.1").await.expect(200);
        assert_too_many(&sign_in(&app, &ada.email, "a new password", "1.1.1.3").await);
    }

    async fn a_new_password_by_email_forgets_what_its_owner_got_wrong(guarded: GuardedApp) {
        let GuardedApp(app) = guarded;
        let ada = app.person("ada").await;
        for _ in 0..2 {
            assert_eq!(sign_in(&app, &ada.email, "a typo", "1.1.1.1").await.status, 401);
        }
        assert_too_many(&sign_in(&app, &ada.email, &ada.password, "1.1.1.1").await);
        reset_password(&app, &ada.email, "a new password", "1.1.1.1").await;
        sign_in(&app, &ada.email, "a new password", "1.1.1.1").await.expect(200);
    }

    async fn all_networks_of_a_subscriber_guess_as_one(guarded: GuardedApp) {
        let GuardedApp(app) = guarded;
        let ada = app.person("ada").await;
        for peer in ["2001:db8:1:1::1", "2001:db8:1:2::1"] {
            assert_eq!(sign_in(&app, &ada.email, "a guess", peer).await.status, 401);
        }
        assert_too_many(&sign_in(&app, &ada.email, "a guess", "2001:db8:1:ffff::1").await);
        sign_in(&app, &ada.email, &ada.password, "2001:db8:2::1").await.expect(200);
    }

    async fn deleting_oneself_with_a_password_is_guessing_too(guarded: GuardedApp) {
        let GuardedApp(app) = guarded;
        let ada = app.person("ada").await;
        let delete = async |password: &str, peer: &str| {
            app.advance(PAUSE);
            let call = Call::post("/api/auth/delete-user").json(&json!({"password": password}));
            app.send(call.peer(peer).bearer(&ada.session_token)).await
        };
        for _ in 0..2 {
            assert_eq!(delete("a guess", "6.6.6.6").await.json()["code"], "INVALID_PASSWORD");
        }
        assert_too_many(&delete(&ada.password, "6.6.6.6").await);
        assert_eq!(delete(&ada.password, "1.1.1.1").await.expect(200)["success"], true);
    }

    async fn an_address_is_sent_three_emails_a_minute_whoever_asks(guarded: GuardedApp) {
        let GuardedApp(app) = guarded;
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        let ask = async |email: &str, number: usize| {
            let call = Call::post("/api/auth/request-password-reset").json(&json!({"email": email}));
            let answer = app.send(call.peer(&format!("6.6.{number}.6"))).await;
            answer.expect(200);
            answer.text()
        };
        let told = ask("nobody@example.com", 0).await;
        for number in 1..=8 {
            assert_eq!(ask(&ada.email, number).await, told);
        }
        assert_eq!(ask(&bob.email, 9).await, told);
        app.mail_to(&bob.email, 1).await;
        app.mail_to(&ada.email, 3).await;
        app.state.services.issuer.as_ref().expect("it signs people in").outbox.close().await;
        assert_eq!(app.mail_count(), 4);
    }
}
