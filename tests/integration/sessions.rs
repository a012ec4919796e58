//! Sessions: seen, extended, listed and ended, as Better Auth does it.

use std::time::Duration;

use serde_json::{Value, json};

use super::sign_in::CLEARING;
use crate::on_every_engine;
use crate::support::app::{BASE_URL, Person, TestApp};
use crate::support::http::{Call, Response};

const DAY: Duration = Duration::from_secs(24 * 3600);
const UNAUTHORIZED: &str = r#"{"message":"Unauthorized","code":"UNAUTHORIZED"}"#;

async fn get_session(app: &TestApp, token: &str) -> Response {
    app.send(Call::get("/api/auth/get-session").bearer(token)).await
}

/// Another session of the same person.
async fn sign_in(app: &TestApp, person: &Person, remember: bool) -> Response {
    let body = json!({"email": person.email, "password": person.password, "rememberMe": remember});
    let answer = app.send(Call::post("/api/auth/sign-in/email").json(&body)).await;
    answer.expect(200);
    answer
}

fn token_of(answer: &Response) -> String {
    answer.json()["token"].as_str().expect("a token").to_owned()
}

async fn is_alive(app: &TestApp, token: &str) -> bool {
    get_session(app, token).await.json() != Value::Null
}

async fn post(app: &TestApp, path: &str, person: &Person, body: Value) -> Response {
    app.send(Call::post(&format!("/api/auth/{path}")).json(&body).bearer(&person.session_token))
        .await
}

on_every_engine! {
    async fn a_session_is_shown_with_its_user_and_a_jwt(app: TestApp) {
        let body = json!({"name": "Ada", "email": "ada@example.com", "password": "long enough"});
        let call =
            Call::post("/api/auth/sign-up/email").json(&body).header("user-agent", "Test/1.0");
        let signed_up = app.send(call).await;
        let cookie = signed_up.cookie_pair("better-auth.session_token");
        let answer = app.send(Call::get("/api/auth/get-session").cookie(&cookie)).await;
        let json = answer.expect(200);
        let (id, user_id) =
            (json["session"]["id"].as_str().expect("an id"), &signed_up.json()["user"]["id"]);
        let expected = format!(
            r#"{{"session":{{"expiresAt":"2026-11-30T07:00:00.000Z","token":"{}","createdAt":"2026-11-23T07:00:00.000Z","updatedAt":"2026-11-23T07:00:00.000Z","ipAddress":"127.0.0.1","userAgent":"Test/1.0","userId":{user_id},"id":"{id}"}},"user":{}}}"#,
            token_of(&signed_up),
            signed_up.json()["user"],
        );
        assert_eq!(answer.text(), expected);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("pragma"), "no-cache");
        assert_eq!(answer.header("access-control-expose-headers"), "set-auth-jwt");
        assert_eq!(answer.set_cookies(), Vec::<String>::new());
        let jwt = answer.header("set-auth-jwt");
        app.send(Call::get("/api/me/tasks").bearer(jwt)).await.expect(200);
    }

    async fn of_what_a_client_calls_itself_the_beginning_is_kept(app: TestApp) {
        let body = json!({"name": "Ada", "email": "ada@example.com", "password": "long enough"});
        let call = Call::post("/api/auth/sign-up/email").json(&body);
        let signed_up = app.send(call.header("user-agent", &"Test/1.0".repeat(10_000))).await;
        let session = get_session(&app, &token_of(&signed_up)).await.json();
        assert_eq!(session["session"]["userAgent"], "Test/1.0".repeat(128));
    }

    async fn nobody_is_null_and_only_a_session_that_ended_clears_cookies(app: TestApp) {
        let ada = app.person("ada").await;
        let signed = ada.cookie.split_once('=').expect("a pair").1.to_owned();
        let forged =
            format!("better-auth.session_token={}.{}", ada.session_token, "A".repeat(43) + "%3D");
        for call in [
            Call::get("/api/auth/get-session"),
            Call::get("/api/auth/get-session").cookie(&forged),
            Call::get("/api/auth/get-session").cookie(&format!("__Secure-{}", ada.cookie)),
            Call::get("/api/auth/get-session").cookie("better-auth.session_token="),
            Call::get("/api/auth/get-session").bearer(&ada.jwt),
            Call::get("/api/auth/get-session").header("authorization", &format!("Basic {signed}")),
        ] {
            let answer = app.send(call).await;
            assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "null"));
            assert_eq!(answer.set_cookies(), Vec::<String>::new());
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(answer.headers.get("set-auth-jwt").is_none());
        }
        let garbage = Call::get("/api/auth/get-session").bearer("garbage").cookie(&ada.cookie);
        let answer = app.send(garbage).await;
        assert_eq!(
            (answer.text().as_str(), answer.set_cookies().as_slice()),
            ("null", &CLEARING.map(str::to_owned)[..])
        );
        app.advance(7 * DAY);
        let answer = app.send(Call::get("/api/auth/get-session").cookie(&ada.cookie)).await;
        assert_eq!(
            (answer.text().as_str(), answer.set_cookies().as_slice()),
            ("null", &CLEARING.map(str::to_owned)[..])
        );
        let answer = app.send(Call::get("/api/auth/token").cookie(&ada.cookie)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text().as_str(), answer.set_cookies().len()),
            (401, UNAUTHORIZED, 3)
        );
    }

    async fn a_credential_is_read_in_every_form_that_better_auth_reads(app: TestApp) {
        let ada = app.person("ada").await;
        let encoded = ada.cookie.split_once('=').expect("a pair").1.to_owned();
        let plain = encoded.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
        for call in [
            Call::get("/api/auth/get-session").bearer(&encoded),
            Call::get("/api/auth/get-session").bearer(&plain),
            Call::get("/api/auth/get-session")
                .header("authorization", &format!("bEARER   {} ", ada.session_token)),
            Call::get("/api/auth/get-session")
                .cookie(&format!("better-auth.session_token={plain}")),
            Call::get("/api/auth/get-session")
                .cookie(&format!("a=b; better-auth.session_token=\"{encoded}\"; c=d")),
            Call::get("/api/auth/get-session").cookie(&ada.cookie).bearer(&ada.jwt),
            Call::get("/api/auth/get-session")
                .cookie(&ada.cookie)
                .bearer(&format!("{}.AAAA", ada.session_token)),
        ] {
            let answer = app.send(call.clone()).await;
            assert_eq!(answer.expect(200)["user"]["id"], ada.id.as_str(), "{call:?}");
        }
    }

    async fn a_session_slides_a_day_after_it_was_last_extended(app: TestApp) {
        let ada = app.person("ada").await;
        app.advance(DAY - Duration::from_millis(1));
        let answer = get_session(&app, &ada.session_token).await;
        assert_eq!(answer.json()["session"]["expiresAt"], "2026-11-30T07:00:00.000Z");
        assert_eq!(answer.set_cookies(), Vec::<String>::new());
        app.advance(Duration::from_millis(1));
        let held = format!("{}?disableRefresh=false", "/api/auth/get-session");
        let answer = app.send(Call::get(&held).bearer(&ada.session_token)).await;
        assert_eq!(answer.set_cookies(), Vec::<String>::new());
        let answer = get_session(&app, &ada.session_token).await;
        let session = &answer.json()["session"];
        assert_eq!(session["expiresAt"], "2026-12-01T07:00:00.000Z");
        assert_eq!(session["updatedAt"], "2026-11-24T07:00:00.000Z");
        assert_eq!(session["createdAt"], "2026-11-23T07:00:00.000Z");
        assert_eq!(
            answer.set_cookies(),
            [format!("{}; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax", ada.cookie)]
        );
        assert_eq!(answer.header("access-control-expose-headers"), "set-auth-jwt, set-auth-token");
        assert_eq!(get_session(&app, &ada.session_token).await.set_cookies(), Vec::<String>::new());
        app.advance(DAY);
        let token = app.send(Call::get("/api/auth/token").bearer(&ada.session_token)).await;
        assert_eq!((token.status.as_u16(), token.set_cookies().len()), (200, 1));
        assert_eq!(token.header("access-control-expose-headers"), "set-auth-token");
    }

    async fn a_session_that_is_used_daily_does_not_end_and_one_that_is_not_does(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        for _ in 0..10 {
            app.advance(DAY);
            assert!(is_alive(&app, &ada.session_token).await);
        }
        assert!(!is_alive(&app, &bob.session_token).await);
        app.send(Call::get("/api/me/tasks").bearer(&bob.session_token))
            .await
            .problem(401, "unauthorized");
    }

    async fn a_session_that_is_not_remembered_lasts_a_day_and_does_not_slide(app: TestApp) {
        let ada = app.person("ada").await;
        let answer = sign_in(&app, &ada, false).await;
        let jar = format!(
            "{}; {}",
            answer.cookie_pair("better-auth.session_token"),
            answer.cookie_pair("better-auth.dont_remember")
        );
        app.advance(DAY - Duration::from_millis(1));
        let seen = app.send(Call::get("/api/auth/get-session").cookie(&jar)).await;
        assert_eq!(seen.json()["session"]["expiresAt"], "2026-11-24T07:00:00.000Z");
        assert_eq!(seen.set_cookies(), Vec::<String>::new());
        app.advance(Duration::from_millis(1));
        assert_eq!(app.send(Call::get("/api/auth/get-session").cookie(&jar)).await.text(), "null");
    }

    async fn sessions_are_listed_while_the_caller_is_fresh(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        app.advance(DAY - Duration::from_millis(1));
        let other = token_of(&sign_in(&app, &ada, true).await);
        let listed = app
            .send(Call::get("/api/auth/list-sessions").bearer(&ada.session_token))
            .await
            .expect(200);
        let mut tokens: Vec<_> = listed
            .as_array()
            .expect("a bare array")
            .iter()
            .map(|one| one["token"].clone())
            .collect();
        let mut expected = vec![json!(ada.session_token), json!(other)];
        tokens.sort_by_key(Value::to_string);
        expected.sort_by_key(Value::to_string);
        assert_eq!(tokens, expected);
        assert!(!listed.to_string().contains(&bob.session_token));
        let keys: Vec<_> =
            listed[0].as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "expiresAt",
                "token",
                "createdAt",
                "updatedAt",
                "ipAddress",
                "userAgent",
                "userId",
                "id"
            ]
        );
        app.advance(Duration::from_millis(1));
        let stale = app.send(Call::get("/api/auth/list-sessions").bearer(&ada.session_token)).await;
        assert_eq!((stale.status.as_u16(), stale.set_cookies().len()), (403, 1));
        assert_eq!(
            stale.text(),
            r#"{"message":"Session is not fresh","code":"SESSION_NOT_FRESH"}"#
        );
    }

    async fn one_session_of_ones_own_can_be_ended(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        let other = token_of(&sign_in(&app, &ada, true).await);
        for token in ["unknown", "", "a\0b", &bob.session_token, &other] {
            let answer = post(&app, "revoke-session", &ada, json!({"token": token})).await;
            assert_eq!(
                (answer.status.as_u16(), answer.text().as_str()),
                (200, r#"{"status":true}"#),
                "{token}"
            );
            assert_eq!(answer.set_cookies(), Vec::<String>::new());
        }
        assert!(is_alive(&app, &bob.session_token).await);
        assert!(!is_alive(&app, &other).await);
        let answer = post(&app, "revoke-session", &ada, json!({"token": ada.session_token})).await;
        assert_eq!(
            (answer.text().as_str(), answer.set_cookies().as_slice()),
            (r#"{"status":true}"#, &CLEARING.map(str::to_owned)[..])
        );
        assert!(!is_alive(&app, &ada.session_token).await);
        let answer = post(&app, "revoke-session", &bob, json!({})).await;
        let message = "[body.token] Invalid input: expected string, received undefined";
        assert_eq!(
            answer.text(),
            format!(r#"{{"message":"{message}","code":"VALIDATION_ERROR"}}"#)
        );
    }

    async fn all_sessions_or_all_others_can_be_ended(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        let other = token_of(&sign_in(&app, &ada, true).await);
        let answer = post(&app, "revoke-other-sessions", &ada, json!({})).await;
        assert_eq!((answer.text().as_str(), answer.set_cookies().len()), (r#"{"status":true}"#, 0));
        assert!(is_alive(&app, &ada.session_token).await && !is_alive(&app, &other).await);
        let other = token_of(&sign_in(&app, &ada, true).await);
        let answer = post(&app, "revoke-sessions", &ada, json!({})).await;
        assert_eq!(
            (answer.text().as_str(), answer.set_cookies().as_slice()),
            (r#"{"status":true}"#, &CLEARING.map(str::to_owned)[..])
        );
        assert!(!is_alive(&app, &ada.session_token).await && !is_alive(&app, &other).await);
        assert!(is_alive(&app, &bob.session_token).await);
        for call in [
            Call::get("/api/me/tasks").cookie(&ada.cookie),
            Call::get("/api/me/tasks").bearer(&ada.session_token),
        ] {
            app.send(call).await.problem(401, "unauthorized");
        }
    }

    async fn asking_for_the_session_with_post_is_not_supported_and_says_so(app: TestApp) {
        let ada = app.person("ada").await;
        let expected = r#"{"message":"POST method requires deferSessionRefresh to be enabled in session config","code":"METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED"}"#;
        let calls = [
            Call::post("/api/auth/get-session"),
            Call::post("/api/auth/get-session").body("text/plain", "{"),
            Call::post("/api/auth/get-session").cookie(&ada.cookie).header("origin", BASE_URL),
        ];
        for call in calls {
            let answer = app.send(call).await;
            assert_eq!((answer.status.as_u16(), answer.text().as_str()), (405, expected));
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        let without_origin =
            app.send(Call::post("/api/auth/get-session").cookie(&ada.cookie)).await;
        assert_eq!(without_origin.json()["code"], "MISSING_OR_NULL_ORIGIN");
    }
}
