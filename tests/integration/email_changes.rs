//! Verifying an address, and changing it.

use std::time::Duration;

use duly::models::secret::{Secret, Secrets};
use duly::models::user::UserId;
use duly::services::email_tokens::{ChangeStep, EmailTokens};
use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::{Person, SECRET, TestApp, link_in};
use crate::support::http::{Call, Response};

const NEW: &str = "new@example.com";

async fn post(app: &TestApp, path: &str, person: Option<&Person>, body: Value) -> Response {
    let call = Call::post(&format!("/api/auth/{path}")).json(&body);
    app.send(match person {
        Some(person) => call.bearer(&person.session_token),
        None => call,
    })
    .await
}

async fn user(app: &TestApp, person: &Person) -> Value {
    let call = Call::get("/api/auth/get-session").bearer(&person.session_token);
    app.send(call).await.expect(200)["user"].clone()
}

/// Somebody whose address is verified.
async fn verified(app: &TestApp, name: &str) -> Person {
    let person = app.person(name).await;
    let sql =
        format!("UPDATE \"user\" SET \"emailVerified\" = TRUE WHERE \"id\" = '{}'", person.id);
    app.execute(&sql).await;
    person
}

fn tokens(secret: &str) -> EmailTokens {
    EmailTokens::new(&Secrets::single(Secret::parse(secret).expect("long enough")))
}

fn said(answer: &Response) -> (u16, String) {
    (answer.status.as_u16(), answer.text())
}

fn refusal(status: u16, code: &str, message: &str) -> (u16, String) {
    (status, format!(r#"{{"message":"{message}","code":"{code}"}}"#))
}

on_every_engine! {
    async fn the_link_verifies_the_address(app: TestApp) {
        let ada = app.person("ada").await;
        let body = json!({"email": "Ada@Example.com", "callbackURL": "/welcome?a=1"});
        let sent = post(&app, "send-verification-email", None, body).await;
        assert_eq!(said(&sent), (200, r#"{"status":true}"#.to_owned()));
        let link = app.link_to(&ada.email).await;
        assert!(link.ends_with("&callbackURL=%2Fwelcome%3Fa%3D1"), "{link}");
        assert_eq!(user(&app, &ada).await["emailVerified"], false);
        let opened = app.send(Call::get(&link)).await;
        assert_eq!((opened.status.as_u16(), opened.header("location")), (302, "/welcome?a=1"));
        assert_eq!(user(&app, &ada).await["emailVerified"], true);
        // Again, without anywhere to go.
        let bare = link.split_once('&').expect("two parameters").0;
        let again = app.send(Call::get(bare)).await;
        assert_eq!(said(&again), (200, r#"{"status":true,"user":null}"#.to_owned()));
        assert_eq!(again.set_cookies(), Vec::<String>::new());
    }

    async fn only_who_needs_it_gets_a_link(app: TestApp) {
        let (ada, bob) = (verified(&app, "ada").await, app.person("bob").await);
        for email in ["nobody@example.com", &ada.email, &bob.email] {
            let sent = post(&app, "send-verification-email", None, json!({"email": email})).await;
            assert_eq!(said(&sent), (200, r#"{"status":true}"#.to_owned()));
        }
        let link = app.link_to(&bob.email).await;
        assert!(link.ends_with("&callbackURL=%2F"), "{link}");
        assert_eq!(app.mail_count(), 1);
        for (person, email, code, message) in [
            (&ada, &bob.email, "EMAIL_MISMATCH", "Email mismatch"),
            (&ada, &ada.email, "EMAIL_ALREADY_VERIFIED", "Email is already verified"),
        ] {
            let body = json!({"email": email});
            let refused = post(&app, "send-verification-email", Some(person), body).await;
            assert_eq!(said(&refused), refusal(400, code, message));
        }
        post(&app, "send-verification-email", Some(&bob), json!({"email": bob.email})).await.expect(200);
        app.mail_to(&bob.email, 2).await;
    }

    async fn an_address_that_is_not_verified_changes_with_one_link(app: TestApp) {
        let ada = app.person("ada").await;
        let body = json!({"newEmail": "New@example.com", "callbackURL": "/done"});
        let asked = post(&app, "change-email", Some(&ada), body).await;
        assert_eq!(said(&asked), (200, r#"{"status":true}"#.to_owned()));
        let link = app.link_to(NEW).await;
        assert_eq!(user(&app, &ada).await["email"], ada.email.as_str());
        let opened = app.send(Call::get(&link).cookie(&ada.cookie)).await;
        assert_eq!((opened.status.as_u16(), opened.header("location")), (302, "/done"));
        assert_eq!(opened.cookie_pair("better-auth.session_token"), ada.cookie);
        assert_eq!((&user(&app, &ada).await["email"], &user(&app, &ada).await["emailVerified"]), (&json!(NEW), &json!(false)));
        // The address that the link replaces is no longer there.
        let again = app.send(Call::get(&link)).await;
        assert_eq!(again.header("location"), "/done?error=INVALID_TOKEN");
    }

    async fn a_verified_address_is_asked_before_the_new_one(app: TestApp) {
        let ada = verified(&app, "ada").await;
        post(&app, "change-email", Some(&ada), json!({"newEmail": NEW})).await.expect(200);
        let confirm = app.link_to(&ada.email).await;
        assert_eq!(app.mail_count(), 1);
        let confirm = confirm.split_once('&').expect("two parameters").0.to_owned();
        let confirmed = app.send(Call::get(&confirm)).await;
        assert_eq!(said(&confirmed), (200, r#"{"status":true}"#.to_owned()));
        let link = app.link_to(NEW).await;
        assert_eq!(user(&app, &ada).await["email"], ada.email.as_str());
        let changed = app.send(Call::get(link.split_once('&').expect("two parameters").0)).await.expect(200);
        assert_eq!((&changed["status"], &changed["user"]["email"], &changed["user"]["emailVerified"]), (&json!(true), &json!(NEW), &json!(true)));
        assert_eq!(user(&app, &ada).await, changed["user"]);
    }

    async fn an_address_that_somebody_has_gets_no_mail_and_cannot_be_taken(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        post(&app, "change-email", Some(&ada), json!({"newEmail": bob.email})).await.expect(200);
        let same = post(&app, "change-email", Some(&ada), json!({"newEmail": "ADA@example.com"})).await;
        assert_eq!(said(&same), (400, r#"{"message":"Email is the same"}"#.to_owned()));
        post(&app, "change-email", Some(&ada), json!({"newEmail": NEW})).await.expect(200);
        let link = app.link_to(NEW).await;
        assert_eq!(app.mail_count(), 1);
        // Taken between the e-mail and the click.
        app.execute(&format!("UPDATE \"user\" SET \"email\" = '{NEW}' WHERE \"id\" = '{}'", bob.id)).await;
        let late = app.send(Call::get(link.split_once('&').expect("two parameters").0)).await;
        assert_eq!(late.status, 401);
        assert_eq!(late.json()["code"], "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL");
        assert_eq!(user(&app, &ada).await["email"], ada.email.as_str());
    }

    async fn a_link_of_no_known_step_changes_at_once_and_asks_afterwards(app: TestApp) {
        let ada = verified(&app, "ada").await;
        let claims = json!({"email": ada.email, "updateTo": NEW, "userId": ada.id, "exp": 4_000_000_000_u64});
        let token = signed(&claims);
        let changed = app.send(Call::get(&format!("/api/auth/verify-email?token={token}"))).await.expect(200);
        assert_eq!((&changed["user"]["email"], &changed["user"]["emailVerified"]), (&json!(NEW), &json!(false)));
        app.send(Call::get(&link_in(&app.mail_to(NEW, 1).await[0]))).await;
        assert_eq!(user(&app, &ada).await["emailVerified"], true);
    }

    async fn a_new_password_ends_the_links_from_before_it(app: TestApp) {
        let ada = app.person("ada").await;
        post(&app, "change-email", Some(&ada), json!({"newEmail": NEW})).await.expect(200);
        let begun_by_another = app.link_to(NEW).await;
        app.advance(Duration::from_secs(1));
        post(&app, "request-password-reset", None, json!({"email": ada.email})).await.expect(200);
        let link = app.link_to(&ada.email).await;
        let token = link.split(['/', '?']).nth(4).expect("a token");
        let reset = json!({"token": token, "newPassword": "a new password"});
        post(&app, "reset-password", None, reset).await.expect(200);
        let refused = app.send(Call::get(begun_by_another.split_once('&').expect("two").0)).await;
        assert_eq!(said(&refused), refusal(401, "INVALID_TOKEN", "Invalid token"));
        assert_eq!(app.number(&format!("SELECT count(*) FROM \"user\" WHERE \"email\" = '{NEW}'")).await, 0);
    }

    async fn a_new_address_ends_the_links_to_a_new_password(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        for email in [&ada.email, &bob.email] {
            post(&app, "request-password-reset", None, json!({"email": email})).await.expect(200);
            app.mail_to(email, 1).await;
        }
        post(&app, "change-email", Some(&ada), json!({"newEmail": NEW})).await.expect(200);
        app.send(Call::get(&app.link_to(NEW).await)).await;
        assert_eq!(user(&app, &ada).await["email"], NEW);
        for (email, status) in [(&ada.email, 400), (&bob.email, 200)] {
            let link = app.link_to(email).await;
            let token = link.split(['/', '?']).nth(4).expect("a token");
            let reset = json!({"token": token, "newPassword": "a new password"});
            assert_eq!(post(&app, "reset-password", None, reset).await.status, status, "{email}");
        }
    }

    async fn somebody_elses_session_stops_a_change(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        post(&app, "change-email", Some(&ada), json!({"newEmail": NEW})).await.expect(200);
        let link = app.link_to(NEW).await;
        let stopped = app.send(Call::get(&link).cookie(&bob.cookie)).await;
        assert_eq!(stopped.header("location"), "/?error=INVALID_USER");
        let bare = link.split_once('&').expect("two parameters").0;
        let stopped = app.send(Call::get(bare).cookie(&bob.cookie)).await;
        assert_eq!(said(&stopped), refusal(401, "INVALID_USER", "Invalid user"));
        assert_eq!(user(&app, &ada).await["email"], ada.email.as_str());
    }

    async fn a_token_that_is_not_good_does_nothing(app: TestApp) {
        let ada = app.person("ada").await;
        let (id, now) = (UserId::parse(&ada.id).expect("an id"), app.state.services.clock.now());
        let good = tokens(SECRET).verification(&ada.email, &id, now);
        let [header, claims, signature] = [0, 1, 2].map(|part| good.split('.').nth(part).expect("three parts"));
        let open = async |token: &str| app.send(Call::get(&format!("/api/auth/verify-email?token={token}"))).await;
        let none = jsonwebtoken::encode(&jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS512), &json!({"email": ada.email}), &jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes())).expect("signed");
        let other_secret = tokens("another secret that is as long as it must be").verification(&ada.email, &id, now);
        let bad = [
            String::new(),
            "nope".to_owned(),
            format!("{claims}.{claims}.{signature}"),
            format!("{header}.{claims}."),
            format!("{header}.{claims}.{signature}.x"),
            format!("eyJhbGciOiJub25lIn0.{claims}."),
            none,
            other_secret,
            signed(&json!({"email": "no address"})),
            signed(&json!({"email": ada.email, "userId": 5})),
            signed(&json!({"email": ada.email, "exp": "soon"})),
            signed(&json!({"email": ada.email, "nbf": 4_000_000_000_u64})),
            signed(&json!({"email": ada.email, "userId": "somebody else"})),
            signed(&json!({"email": ada.email, "updateTo": NEW})),
            tokens(SECRET).change("other@example.com", &id, NEW, ChangeStep::Verification, now),
        ];
        for token in bad {
            assert_eq!(said(&open(&token).await), refusal(401, "INVALID_TOKEN", "Invalid token"), "{token}");
        }
        let unknown = signed(&json!({"email": "nobody@example.com"}));
        assert_eq!(said(&open(&unknown).await), refusal(401, "USER_NOT_FOUND", "User not found"));
        app.advance(Duration::from_secs(3599));
        open(&good).await.expect(200);
        app.advance(Duration::from_secs(1));
        assert_eq!(said(&open(&good).await), refusal(401, "TOKEN_EXPIRED", "Token expired"));
        for (callback, location) in [
            ("/x", "/x?error=TOKEN_EXPIRED"),
            ("/x%3Fa%3D1%23f", "/x?a=1&error=TOKEN_EXPIRED#f"),
            ("/a/../b", "/b?error=TOKEN_EXPIRED"),
            ("http://duly.test", "http://duly.test/?error=TOKEN_EXPIRED"),
        ] {
            let answer = open(&format!("{good}&callbackURL={callback}")).await;
            assert_eq!((answer.status.as_u16(), answer.header("location")), (302, location));
        }
        for stranger in ["https://evil.example", "/..//evil.example", "/a/%252e%252e//evil.example", "/a/%2e%2e//evil.example"] {
            let stranger = open(&format!("{good}&callbackURL={stranger}")).await;
            assert_eq!(said(&stranger), refusal(403, "INVALID_CALLBACK_URL", "Invalid callbackURL"));
        }
    }

    async fn accounts_are_listed_without_their_secrets(app: TestApp) {
        let ada = app.person("ada").await;
        let list = async || app.send(Call::get("/api/auth/list-accounts").bearer(&ada.session_token)).await;
        let listed = list().await;
        let names: Vec<String> = listed.json()[0].as_object().expect("an object").keys().cloned().collect();
        assert_eq!(names, ["accountId", "providerId", "userId", "createdAt", "updatedAt", "id", "scopes"]);
        assert_eq!(listed.json()[0]["scopes"], json!([]));
        assert_eq!(listed.json()[0]["accountId"], ada.id.as_str());
        app.execute("UPDATE \"account\" SET \"scope\" = 'openid, ,profile'").await;
        assert_eq!(list().await.json()[0]["scopes"], json!(["openid", "profile"]));
    }

    async fn the_error_page_shows_codes_and_escapes_the_rest(app: TestApp) {
        let open = async |query: &str| app.send_unchecked(Call::get(&format!("/api/auth/error{query}")).into_request()).await;
        let page = open("?error=INVALID_TOKEN&error_description=%3Cscript%3E%26%22").await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html"));
        assert!(page.text().contains("INVALID_TOKEN") && page.text().contains("&lt;script&gt;&amp;&quot;"));
        for query in ["", "?error=", "?error=%3Cscript%3E", "?error=a+b"] {
            let text = open(query).await.text();
            assert!(text.contains("UNKNOWN") && !text.contains("<script>"), "{query}");
        }
    }
}

/// A token with the deployment's secret and any claims.
fn signed(claims: &Value) -> String {
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.typ = None;
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&header, claims, &key).expect("it is signed")
}
