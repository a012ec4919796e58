//! Deleting oneself.

use std::time::Duration;

use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::{BASE_URL, Person, TestApp};
use crate::support::http::{Call, Response};

/// Every column that says whose a row is.
const WHOSE: [(&str, &str); 7] = [
    ("\"user\"", "\"id\""),
    ("\"session\"", "\"userId\""),
    ("\"account\"", "\"userId\""),
    ("\"verification\"", "\"value\""),
    ("owners", "user_id"),
    ("owners", "local_user_id"),
    ("tasks", "user_id"),
];

/// How many rows there are of somebody's, in each of those.
async fn rows_of(app: &TestApp, person: &Person) -> Vec<i64> {
    let mut counts = Vec::new();
    for (table, column) in WHOSE {
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} = '{}'", person.id);
        counts.push(app.number(&sql).await);
    }
    counts
}

async fn delete(app: &TestApp, person: &Person, body: Value) -> Response {
    let call = Call::post("/api/auth/delete-user").json(&body).cookie(&person.cookie);
    app.send(call.header("origin", BASE_URL)).await
}

/// Somebody with something in every table.
async fn person_with_everything(app: &TestApp, name: &str) -> Person {
    let person = app.person(name).await;
    app.task(&person, json!({"title": "One"})).await;
    app.task(&person, json!({"title": "Two"})).await;
    let ask = Call::post("/api/auth/request-password-reset");
    app.send(ask.json(&json!({"email": person.email}))).await.expect(200);
    app.mail_to(&person.email, 1).await;
    assert_eq!(rows_of(app, &person).await, [1, 1, 1, 1, 1, 1, 2]);
    person
}

/// A row as a TypeScript server with verified deletions makes it.
async fn deletion_token(app: &TestApp, token: &str, user: &str, minutes: i64) {
    let at = app.state.services.clock.now();
    let row = duly::database::verifications::Verification {
        identifier: format!("delete-account-{token}"),
        user: user.to_owned(),
        expires_at: at + jiff::SignedDuration::from_mins(minutes),
    };
    let database = &app.state.services.database;
    let id = format!("id of {token}");
    duly::database::verifications::insert_verification(database, &id, &row, at)
        .await
        .expect("kept");
}

fn refused(answer: &Response, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (status, Some(code)));
}

on_every_engine! {
    async fn everything_of_theirs_goes_and_nothing_of_anybody_elses(app: TestApp) {
        let ada = person_with_everything(&app, "ada").await;
        let bob = person_with_everything(&app, "bob").await;
        let answer = delete(&app, &ada, json!({"password": ada.password})).await;
        assert_eq!(answer.text(), r#"{"success":true,"message":"User deleted"}"#);
        assert_eq!(answer.set_cookies().len(), 3);
        assert!(answer.set_cookies().iter().all(|cookie| cookie.contains("=; Max-Age=0;")));
        assert_eq!(rows_of(&app, &ada).await, [0; 7]);
        assert_eq!(rows_of(&app, &bob).await, [1, 1, 1, 1, 1, 1, 2]);
        let sign_in = json!({"email": ada.email, "password": ada.password});
        let sign_in = Call::post("/api/auth/sign-in/email").json(&sign_in);
        refused(&app.send(sign_in).await, 401, "INVALID_EMAIL_OR_PASSWORD");
    }

    async fn a_jwt_that_outlives_its_user_keeps_nothing(app: TestApp) {
        let ada = app.person("ada").await;
        app.task(&ada, json!({"title": "One"})).await;
        delete(&app, &ada, json!({})).await.expect(200);
        assert_eq!(app.read(&ada, "/api/me/tasks").await["tasks"], json!([]));
        let id = "0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11";
        for call in [
            Call::post("/api/me/tasks").json(&json!({"title": "Two"})),
            Call::put(&format!("/api/me/tasks/{id}")).json(&json!({"title": "Two"})),
            Call::patch(&format!("/api/me/tasks/{id}")).json(&json!({"title": "Two"})),
            Call::delete(&format!("/api/me/tasks/{id}")),
        ] {
            app.send_as(&ada, call).await.problem(401, "unauthorized");
        }
        assert_eq!(rows_of(&app, &ada).await, [0; 7]);
    }

    async fn a_wrong_password_deletes_nothing(app: TestApp) {
        let ada = person_with_everything(&app, "ada").await;
        for (password, code) in [("wrong password", "INVALID_PASSWORD"), (&*"x".repeat(129), "PASSWORD_TOO_LONG")] {
            refused(&delete(&app, &ada, json!({"password": password})).await, 400, code);
        }
        let call = Call::post("/api/auth/delete-user").json(&json!({"password": ada.password}));
        refused(&app.send(call).await, 401, "UNAUTHORIZED");
        assert_eq!(rows_of(&app, &ada).await, [1, 1, 1, 1, 1, 1, 2]);
    }

    async fn without_a_password_only_a_fresh_session_will_do(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        app.advance(Duration::from_secs(24 * 3600 - 1));
        delete(&app, &ada, json!({"password": ""})).await.expect(200);
        app.advance(Duration::from_secs(1));
        let stale = delete(&app, &bob, json!({})).await;
        assert_eq!(
            stale.text(),
            r#"{"message":"Session expired. Re-authenticate to perform this action.","code":"SESSION_EXPIRED"}"#
        );
        // It was extended on the way.
        assert_eq!((stale.status.as_u16(), stale.set_cookies().len()), (400, 1));
        delete(&app, &bob, json!({"password": bob.password})).await.expect(200);
        assert_eq!(app.number("SELECT count(*) FROM \"user\"").await, 0);
    }

    async fn a_token_of_another_server_deletes_its_user_once(app: TestApp) {
        let ada = person_with_everything(&app, "ada").await;
        let bob = person_with_everything(&app, "bob").await;
        deletion_token(&app, "for-bob", &bob.id, 60).await;
        deletion_token(&app, "late", &ada.id, -1).await;
        for token in ["for-bob", "late", "unknown", "a\u{0}b"] {
            refused(&delete(&app, &ada, json!({"token": token})).await, 404, "INVALID_TOKEN");
        }
        // Used up by the wrong one, it is good for nobody any more.
        refused(&delete(&app, &bob, json!({"token": "for-bob"})).await, 404, "INVALID_TOKEN");
        deletion_token(&app, "for-ada", &ada.id, 60).await;
        app.advance(Duration::from_secs(30));
        delete(&app, &ada, json!({"token": "for-ada"})).await.expect(200);
        assert_eq!(rows_of(&app, &ada).await, [0; 7]);
        assert_eq!(rows_of(&app, &bob).await, [1, 1, 1, 1, 1, 1, 2]);
        assert_eq!(app.number("SELECT count(*) FROM \"verification\"").await, 1);
    }

    async fn the_link_of_another_server_does_the_same(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        let open = async |query: &str, person: Option<&Person>| {
            let call = Call::get(&format!("/api/auth/delete-user/callback{query}"));
            app.send(match person {
                Some(person) => call.cookie(&person.cookie),
                None => call,
            }).await
        };
        deletion_token(&app, "t1", &ada.id, 60).await;
        refused(&open("?token=t1", None).await, 404, "FAILED_TO_GET_USER_INFO");
        refused(&open("?token=t1&callbackURL=//evil.example", Some(&ada)).await, 403, "INVALID_CALLBACK_URL");
        refused(&open("", Some(&ada)).await, 400, "VALIDATION_ERROR");
        let left = open("?token=t1&callbackURL=/bye", Some(&ada)).await;
        assert_eq!((left.status.as_u16(), left.header("location")), (302, "/bye"));
        assert_eq!((left.text().as_str(), left.set_cookies().len()), ("", 3));
        refused(&open("?token=t1&callbackURL=/bye", Some(&bob)).await, 404, "INVALID_TOKEN");
        assert_eq!(app.number("SELECT count(*) FROM \"user\"").await, 1);
    }
}
