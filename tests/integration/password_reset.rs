//! A new password by e-mail.

use std::time::Duration;

use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::{BASE_URL, Person, TestApp, link_in};
use crate::support::http::{Call, Response};

const HOUR: Duration = Duration::from_secs(3600);
const NEW: &str = "a new password";

async fn ask(app: &TestApp, body: Value) -> Response {
    app.send(Call::post("/api/auth/request-password-reset").json(&body)).await
}

async fn reset(app: &TestApp, body: Value) -> Response {
    app.send(Call::post("/api/auth/reset-password").json(&body)).await
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> u16 {
    let body = json!({"email": email, "password": password});
    app.send(Call::post("/api/auth/sign-in/email").json(&body)).await.status.as_u16()
}

/// Asks, and takes the token out of the link in the e-mail.
async fn token_for(app: &TestApp, person: &Person) -> String {
    ask(app, json!({"email": person.email})).await.expect(200);
    let link = app.link_to(&person.email).await;
    let token = link.strip_prefix("/api/auth/reset-password/").expect("the link").split_once('?');
    token.expect("a query").0.to_owned()
}

fn refusal(status: u16, code: &str, message: &str) -> (u16, String) {
    (status, format!(r#"{{"message":"{message}","code":"{code}"}}"#))
}

fn said(answer: &Response) -> (u16, String) {
    (answer.status.as_u16(), answer.text())
}

on_every_engine! {
    async fn the_link_leads_to_a_new_password_and_ends_every_session(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        let asked = ask(&app, json!({"email": "ADA@example.com", "redirectTo": "/reset?x=1"})).await;
        assert_eq!(
            said(&asked),
            (200, r#"{"status":true,"message":"If this email exists in our system, check your email for the reset link"}"#.to_owned())
        );
        let link = app.link_to(&ada.email).await;
        assert!(link.ends_with("?callbackURL=%2Freset%3Fx%3D1"), "{link}");
        let opened = app.send(Call::get(&link)).await;
        assert_eq!((opened.status.as_u16(), opened.text().as_str()), (302, ""));
        let location = opened.header("location").to_owned();
        let token = location.strip_prefix("http://duly.test/reset?x=1&token=").expect("the page");
        assert!(token.len() == 24 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()));

        let done = reset(&app, json!({"newPassword": NEW, "token": token})).await;
        assert_eq!(said(&done), (200, r#"{"status":true}"#.to_owned()));
        assert_eq!(done.set_cookies(), Vec::<String>::new());
        assert_eq!(sign_in(&app, &ada.email, &ada.password).await, 401);
        assert_eq!(sign_in(&app, &ada.email, NEW).await, 200);
        let session = Call::get("/api/auth/get-session").bearer(&ada.session_token);
        assert_eq!(app.send(session).await.text(), "null");
        let others = Call::get("/api/auth/get-session").bearer(&bob.session_token);
        assert_eq!(app.send(others).await.expect(200)["user"]["id"], bob.id.as_str());
        assert_eq!(sign_in(&app, &bob.email, &bob.password).await, 200);
        // Used up: for a reset, and for a look.
        let again = reset(&app, json!({"newPassword": NEW, "token": token})).await;
        assert_eq!(said(&again), refusal(400, "INVALID_TOKEN", "Invalid token"));
        let opened = app.send(Call::get(&link)).await;
        assert_eq!(opened.header("location"), "http://duly.test/reset?x=1&error=INVALID_TOKEN");
    }

    async fn an_address_that_nobody_has_gets_the_same_answer_and_no_mail(app: TestApp) {
        let ada = app.person("ada").await;
        let unknown = ask(&app, json!({"email": "nobody@example.com"})).await;
        let known = ask(&app, json!({"email": ada.email})).await;
        assert_eq!(said(&known), said(&unknown));
        app.mail_to(&ada.email, 1).await;
        assert_eq!(app.mail_count(), 1);
    }

    async fn a_token_is_good_for_an_hour_and_others_stay_good(app: TestApp) {
        let ada = app.person("ada").await;
        let first = token_for(&app, &ada).await;
        app.advance(HOUR);
        ask(&app, json!({"email": ada.email})).await.expect(200);
        let second = link_in(&app.mail_to(&ada.email, 2).await[1]);
        let third = token_for(&app, &ada).await;
        assert_eq!(reset(&app, json!({"newPassword": NEW, "token": first})).await.status, 200);
        let second = second.trim_start_matches("/api/auth/reset-password/").split('?').next().expect("a token");
        assert_eq!(reset(&app, json!({"newPassword": NEW, "token": second})).await.status, 200);
        app.advance(HOUR + Duration::from_millis(1));
        let late = reset(&app, json!({"newPassword": NEW, "token": third})).await;
        assert_eq!(said(&late), refusal(400, "INVALID_TOKEN", "Invalid token"));
    }

    async fn a_password_that_is_refused_does_not_use_the_token_up(app: TestApp) {
        let ada = app.person("ada").await;
        let token = token_for(&app, &ada).await;
        for (password, code, message) in [
            ("short", "PASSWORD_TOO_SHORT", "Password too short"),
            (&*"x".repeat(129), "PASSWORD_TOO_LONG", "Password too long"),
        ] {
            let refused = reset(&app, json!({"newPassword": password, "token": token})).await;
            assert_eq!(said(&refused), refusal(400, code, message));
        }
        let query = format!("/api/auth/reset-password?token={token}");
        let body = json!({"newPassword": NEW});
        app.send(Call::post(&query).json(&body)).await.expect(200);
        assert_eq!(sign_in(&app, &ada.email, NEW).await, 200);
    }

    async fn of_many_who_use_one_token_one_gets_through(app: TestApp) {
        let ada = app.person("ada").await;
        let token = token_for(&app, &ada).await;
        let attempt = async |password: &str| {
            reset(&app, json!({"newPassword": password, "token": token})).await.status.as_u16()
        };
        let (one, two, three) =
            tokio::join!(attempt("password 1"), attempt("password 2"), attempt("password 3"));
        let mut statuses = [one, two, three];
        let winner = statuses.iter().position(|status| *status == 200).expect("one gets through") + 1;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400, 400]);
        for number in 1..=3 {
            let expected = if number == winner { 200 } else { 401 };
            assert_eq!(sign_in(&app, &ada.email, &format!("password {number}")).await, expected);
        }
    }

    async fn somebody_without_a_password_gets_one(app: TestApp) {
        let ada = app.person("ada").await;
        app.execute("DELETE FROM \"account\"").await;
        let change = json!({"currentPassword": ada.password, "newPassword": NEW});
        let change = Call::post("/api/auth/change-password").json(&change);
        let refused = app.send(change.bearer(&ada.session_token)).await;
        let code = "CREDENTIAL_ACCOUNT_NOT_FOUND";
        assert_eq!(said(&refused), refusal(400, code, "Credential account not found"));
        let token = token_for(&app, &ada).await;
        reset(&app, json!({"newPassword": NEW, "token": token})).await.expect(200);
        assert_eq!(sign_in(&app, &ada.email, NEW).await, 200);
    }

    async fn a_token_of_a_user_who_is_gone_is_refused(app: TestApp) {
        let ada = app.person("ada").await;
        let token = token_for(&app, &ada).await;
        app.execute("DELETE FROM \"user\"").await;
        let refused = reset(&app, json!({"newPassword": NEW, "token": token})).await;
        assert_eq!(said(&refused), refusal(400, "USER_NOT_FOUND", "User not found"));
    }

    async fn what_is_sent_is_checked(app: TestApp) {
        for (body, message) in [
            (json!([]), "[body] Invalid input: expected object, received array"),
            (json!({}), "[body.email] Invalid input: expected string, received undefined"),
            (json!({"email": ""}), "[body.email] Invalid email address"),
            (
                json!({"email": 1, "redirectTo": null}),
                "[body.email] Invalid input: expected string, received number; \
                 [body.redirectTo] Invalid input: expected string, received null",
            ),
        ] {
            let answer = ask(&app, body).await;
            assert_eq!(said(&answer), refusal(400, "VALIDATION_ERROR", message));
        }
        let stranger = json!({"email": "a@example.com", "redirectTo": "https://evil.example"});
        let refused = ask(&app, stranger).await;
        assert_eq!(said(&refused), refusal(403, "INVALID_REDIRECT_URL", "Invalid redirectURL"));
        for (query, body, message) in [
            ("", json!({"token": null}), "[body.newPassword] Invalid input: expected string, received undefined; [body.token] Invalid input: expected string, received null"),
            ("?token=a&token=b", json!({"newPassword": NEW}), "[query.token] Invalid input: expected string, received array"),
        ] {
            let call = Call::post(&format!("/api/auth/reset-password{query}")).json(&body);
            assert_eq!(said(&app.send(call).await), refusal(400, "VALIDATION_ERROR", message));
        }
        // Before its length is looked at.
        let tokenless = reset(&app, json!({"newPassword": "x", "token": ""})).await;
        assert_eq!(said(&tokenless), refusal(400, "INVALID_TOKEN", "Invalid token"));
        let nul = reset(&app, json!({"newPassword": NEW, "token": "a\u{0}b"})).await;
        assert_eq!(said(&nul), refusal(400, "INVALID_TOKEN", "Invalid token"));
    }

    async fn the_link_leads_to_trusted_pages_only(app: TestApp) {
        let open = async |query: &str| {
            app.send(Call::get(&format!("/api/auth/reset-password/token{query}"))).await
        };
        for (query, location) in [
            ("?callbackURL=", "http://duly.test/api/auth/error?error=INVALID_TOKEN"),
            ("?callbackURL=%2Fr", "http://duly.test/r?error=INVALID_TOKEN"),
            ("?callbackURL=%2Fa%2F..%2Fb%23f", "http://duly.test/b?error=INVALID_TOKEN#f"),
            ("?callbackURL=%2Fr%3Fq%3Da%2520b%26error%3Dold", "http://duly.test/r?q=a+b&error=INVALID_TOKEN"),
            ("?callbackURL=http://duly.test/r", "http://duly.test/r?error=INVALID_TOKEN"),
        ] {
            let answer = open(query).await;
            assert_eq!((answer.status.as_u16(), answer.header("location")), (302, location));
        }
        for query in ["?callbackURL=//evil.example", "?callbackURL=r", "?callbackURL=%2F%252fevil", "?callbackURL=https://evil.example"] {
            let answer = open(query).await;
            assert_eq!(said(&answer), refusal(403, "INVALID_CALLBACK_URL", "Invalid callbackURL"));
        }
        let missing = "[query.callbackURL] Invalid input: expected string, received undefined";
        assert_eq!(said(&open("").await), refusal(400, "VALIDATION_ERROR", missing));
    }

    async fn links_begin_with_the_public_address(app: TestApp) {
        let ada = app.person("ada").await;
        ask(&app, json!({"email": ada.email})).await.expect(200);
        let mail = &app.mail_to(&ada.email, 1).await[0];
        assert!(mail.contains(&format!("\n{BASE_URL}/api/auth/reset-password/")), "{mail}");
        assert!(mail.starts_with("X-Not-Sent: SMTP_URL is not set\n"), "{mail}");
    }
}
