//! Changing the password, the name and the image, as Better Auth answers it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::{Person, TestApp};
use crate::support::http::{Call, Response};

const NEW: &str = "an even better password";

async fn change_password(app: &TestApp, person: &Person, body: Value) -> Response {
    let call = Call::post("/api/auth/change-password").json(&body);
    app.send(call.bearer(&person.session_token)).await
}

async fn update_user(app: &TestApp, person: &Person, body: Value) -> Response {
    app.send(Call::post("/api/auth/update-user").json(&body).bearer(&person.session_token)).await
}

async fn user(app: &TestApp, token: &str) -> Value {
    let answer = app.send(Call::get("/api/auth/get-session").bearer(token)).await;
    answer.expect(200)["user"].clone()
}

async fn can_sign_in(app: &TestApp, person: &Person, password: &str) -> bool {
    let body = json!({"email": person.email, "password": password});
    app.send(Call::post("/api/auth/sign-in/email").json(&body)).await.status == 200
}

fn refusal(message: &str, code: &str) -> String {
    format!(r#"{{"message":"{message}","code":"{code}"}}"#)
}

on_every_engine! {
    async fn a_changed_password_is_the_only_one_that_counts(app: TestApp) {
        let ada = app.person("ada").await;
        app.advance(Duration::from_secs(60));
        let before = user(&app, &ada.session_token).await;
        let body = json!({"currentPassword": ada.password, "newPassword": NEW});
        let answer = change_password(&app, &ada, body).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.text(), format!(r#"{{"token":null,"user":{before}}}"#));
        assert_eq!(answer.set_cookies(), Vec::<String>::new());
        assert!(can_sign_in(&app, &ada, NEW).await);
        assert!(!can_sign_in(&app, &ada, &ada.password).await);
        assert_eq!(user(&app, &ada.session_token).await, before);
    }

    async fn changing_the_password_can_end_every_session_and_begin_a_new_one(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        let body = json!({"email": ada.email, "password": ada.password});
        let other = app.send(Call::post("/api/auth/sign-in/email").json(&body)).await.json();
        let body = json!({"currentPassword": ada.password, "newPassword": NEW, "revokeOtherSessions": true});
        let answer = change_password(&app, &ada, body).await;
        let token = answer.expect(200)["token"].as_str().expect("a token").to_owned();
        assert!(answer.header("set-auth-token").starts_with(&format!("{token}.")));
        assert_eq!(answer.header("access-control-expose-headers"), "set-auth-token");
        assert_eq!(answer.set_cookies().len(), 1);
        assert!(
            answer.set_cookies()[0].ends_with("; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax")
        );
        assert_eq!(user(&app, &token).await["id"], ada.id.as_str());
        for gone in [ada.session_token.as_str(), other["token"].as_str().expect("a token")] {
            assert_eq!(
                app.send(Call::get("/api/auth/get-session").bearer(gone)).await.text(),
                "null"
            );
        }
        assert_eq!(user(&app, &bob.session_token).await["id"], bob.id.as_str());
    }

    async fn a_password_that_does_not_do_changes_nothing(app: TestApp) {
        let ada = app.person("ada").await;
        let long = "x".repeat(129);
        let current = ada.password.as_str();
        let wrong = refusal("Invalid password", "INVALID_PASSWORD");
        let too_short = refusal("Password too short", "PASSWORD_TOO_SHORT");
        let too_long = refusal("Password too long", "PASSWORD_TOO_LONG");
        for (current, new, expected) in [
            ("wrong password", NEW, &wrong),
            ("", NEW, &wrong),
            (current, "short", &too_short),
            ("wrong password", "short", &too_short),
            (current, &long, &too_long),
            (&long, NEW, &too_long),
        ] {
            let body = json!({"currentPassword": current, "newPassword": new, "revokeOtherSessions": true});
            let answer = change_password(&app, &ada, body).await;
            assert_eq!((answer.status.as_u16(), &answer.text()), (400, expected));
        }
        let answer = change_password(&app, &ada, json!({"revokeOtherSessions": "yes"})).await;
        let message = "[body.newPassword] Invalid input: expected string, received undefined; [body.currentPassword] Invalid input: expected string, received undefined; [body.revokeOtherSessions] Invalid input: expected boolean, received string";
        assert_eq!(answer.text(), refusal(message, "VALIDATION_ERROR"));
        assert!(can_sign_in(&app, &ada, &ada.password).await);
        assert_eq!(user(&app, &ada.session_token).await["id"], ada.id.as_str());
        let same = json!({"currentPassword": ada.password, "newPassword": ada.password});
        change_password(&app, &ada, same).await.expect(200);
    }

    async fn a_bad_body_is_refused_before_the_session_is_looked_at(app: TestApp) {
        for path in ["change-password", "revoke-session", "update-user"] {
            let answer = app.send(Call::post(&format!("/api/auth/{path}")).json(&json!([]))).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["code"]),
                (400, &json!("VALIDATION_ERROR")),
                "{path}"
            );
        }
    }

    async fn name_and_image_change_and_show_at_once(app: TestApp) {
        let ada = app.person("ada").await;
        app.advance(Duration::from_secs(60));
        let body = json!({"name": "Countess", "image": "https://example.com/a.png", "role": "admin", "emailVerified": true});
        let answer = update_user(&app, &ada, body).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, r#"{"status":true}"#));
        assert_eq!(
            answer.set_cookies(),
            [format!("{}; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax", ada.cookie)]
        );
        let changed = user(&app, &ada.session_token).await;
        assert_eq!(
            changed,
            json!({
                "name": "Countess", "email": "ada@example.com", "emailVerified": false, "image": "https://example.com/a.png",
                "createdAt": "2026-11-23T07:00:00.000Z", "updatedAt": "2026-11-23T07:01:00.000Z", "id": ada.id,
            })
        );
        update_user(&app, &ada, json!({"image": null})).await.expect(200);
        let cleared = user(&app, &ada.session_token).await;
        assert_eq!((&cleared["name"], &cleared["image"]), (&json!("Countess"), &Value::Null));
        update_user(&app, &ada, json!({"image": "", "name": ""})).await.expect(200);
        let empty = user(&app, &ada.session_token).await;
        assert_eq!((&empty["name"], &empty["image"]), (&json!(""), &json!("")));
    }

    async fn an_update_without_a_field_is_refused(app: TestApp) {
        let ada = app.person("ada").await;
        let nothing = r#"{"message":"No fields to update"}"#.to_owned();
        let email = refusal("Email can not be updated", "EMAIL_CAN_NOT_BE_UPDATED");
        let record = |found: &str| {
            refusal(
                &format!("[body] Invalid input: expected record, received {found}"),
                "VALIDATION_ERROR",
            )
        };
        for (body, expected) in [
            (json!({}), &nothing),
            (json!({"role": "admin"}), &nothing),
            (json!({"email": ""}), &nothing),
            (json!({"email": null}), &nothing),
            (json!({"email": 0}), &nothing),
            (json!({"email": "b@example.com"}), &email),
            (json!({"email": "b@example.com", "name": "x"}), &email),
            (json!({"email": 5}), &email),
            (json!([]), &record("array")),
            (json!(null), &record("null")),
            (json!("x"), &record("string")),
        ] {
            let answer = update_user(&app, &ada, body.clone()).await;
            assert_eq!((answer.status.as_u16(), &answer.text()), (400, expected), "{body}");
        }
        for body in [
            json!({"name": null}),
            json!({"name": 5}),
            json!({"name": "a\0b"}),
            json!({"image": ["x"]}),
            json!({"image": "a\0b"}),
        ] {
            let answer = update_user(&app, &ada, body.clone()).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["code"]),
                (400, &json!("VALIDATION_ERROR")),
                "{body}"
            );
        }
        assert_eq!(user(&app, &ada.session_token).await["name"], "ada");
    }
}
