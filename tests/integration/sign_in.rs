//! Signing in and out, as Better Auth answers it.

use axum::http::Method;
use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::{BASE_URL, Person, TestApp};
use crate::support::http::{Call, Response};

pub const CLEARING: [&str; 3] = [
    "better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "better-auth.session_data=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "better-auth.dont_remember=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
];

async fn sign_in(app: &TestApp, body: Value) -> Response {
    app.send(Call::post("/api/auth/sign-in/email").json(&body)).await
}

fn credentials(person: &Person) -> Value {
    json!({"email": person.email, "password": person.password})
}

fn refusal(message: &str, code: &str) -> String {
    format!(r#"{{"message":"{message}","code":"{code}"}}"#)
}

on_every_engine! {
    async fn signing_in_begins_another_session(app: TestApp) {
        let ada = app.person("ada").await;
        let answer =
            sign_in(&app, json!({"email": "ADA@example.com", "password": ada.password})).await;
        let token = answer.expect(200)["token"].as_str().expect("a token").to_owned();
        let expected = format!(
            r#"{{"redirect":false,"token":"{token}","user":{{"name":"ada","email":"ada@example.com","emailVerified":false,"image":null,"createdAt":"2026-11-23T07:00:00.000Z","updatedAt":"2026-11-23T07:00:00.000Z","id":"{}"}}}}"#,
            ada.id,
        );
        assert_eq!(answer.text(), expected);
        assert_ne!(token, ada.session_token);
        assert_eq!(answer.set_cookies().len(), 1);
        assert!(
            answer.set_cookies()[0].ends_with("; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax")
        );
        for token in [&token, &ada.session_token] {
            app.send(Call::get("/api/me/tasks").bearer(token)).await.expect(200);
        }
    }

    async fn a_wrong_password_and_an_unknown_address_are_answered_alike(app: TestApp) {
        let ada = app.person("ada").await;
        for (email, password) in [
            (&*ada.email, "wrong password"),
            ("nobody@example.com", "wrong password"),
            (&ada.email, ""),
            (&ada.email, "short"),
        ] {
            let answer = sign_in(&app, json!({"email": email, "password": password})).await;
            assert_eq!(answer.status, 401);
            assert_eq!(
                answer.text(),
                refusal("Invalid email or password", "INVALID_EMAIL_OR_PASSWORD")
            );
            assert_eq!(answer.set_cookies(), Vec::<String>::new());
        }
    }

    async fn what_does_not_read_is_refused_in_better_auths_words(app: TestApp) {
        let long = "x".repeat(129);
        for (body, message, code) in [
            (json!({"email": "x@localhost", "password": "x"}), "Invalid email", "INVALID_EMAIL"),
            (json!({"email": "", "password": "x"}), "Invalid email", "INVALID_EMAIL"),
            (
                json!({"email": "a@example.com", "password": long}),
                "Password too long",
                "PASSWORD_TOO_LONG",
            ),
            (
                json!({"email": null}),
                "[body.email] Invalid input: expected string, received null; [body.password] Invalid input: expected string, received undefined",
                "VALIDATION_ERROR",
            ),
            (
                json!({"email": "a@example.com", "password": "x", "rememberMe": 1}),
                "[body.rememberMe] Invalid input: expected boolean, received number",
                "VALIDATION_ERROR",
            ),
            (
                json!([]),
                "[body] Invalid input: expected object, received array",
                "VALIDATION_ERROR",
            ),
        ] {
            let answer = sign_in(&app, body).await;
            assert_eq!(answer.status, 400);
            assert_eq!(answer.text(), refusal(message, code));
        }
        for body in ["{", " ", "{} x"] {
            let answer = app
                .send(Call::post("/api/auth/sign-in/email").body("application/json", body))
                .await;
            assert_eq!(answer.status, 400);
            assert_eq!(
                answer.text(),
                refusal("Invalid JSON in request body", "BAD_REQUEST"),
                "{body}"
            );
        }
    }

    async fn a_page_to_go_to_is_handed_back(app: TestApp) {
        let ada = app.person("ada").await;
        let mut body = credentials(&ada);
        body["callbackURL"] = json!("/dashboard?a=b");
        let answer = sign_in(&app, body.clone()).await;
        let json = answer.expect(200);
        assert_eq!(answer.header("location"), "/dashboard?a=b");
        let keys: Vec<_> =
            json.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, ["redirect", "token", "url", "user"]);
        assert_eq!((&json["redirect"], &json["url"]), (&json!(true), &json!("/dashboard?a=b")));
        body["callbackURL"] = json!("");
        let answer = sign_in(&app, body).await;
        assert_eq!(
            (&answer.json()["redirect"], &answer.json()["url"]),
            (&json!(false), &json!(""))
        );
        assert!(answer.headers.get("location").is_none());
    }

    async fn a_form_signs_in_too(app: TestApp) {
        let ada = app.person("ada").await;
        let form = "email=nobody%40example.com&email=ada%40example.com&password=password+of+ada";
        let media_type = "application/x-www-form-urlencoded";
        let call = Call::post("/api/auth/sign-in/email").body(media_type, form);
        assert_eq!(app.send(call).await.expect(200)["user"]["id"], ada.id.as_str());
        let call = Call::post("/api/auth/sign-in/email")
            .body(media_type, format!("{form}&rememberMe=false"));
        let message = "[body.rememberMe] Invalid input: expected boolean, received string";
        assert_eq!(app.send(call).await.text(), refusal(message, "VALIDATION_ERROR"));
    }

    async fn another_media_type_is_refused_with_its_name(app: TestApp) {
        let ada = app.person("ada").await;
        let json = "application/json";
        let forms = "application/x-www-form-urlencoded, application/json";
        for (path, allowed) in [
            ("sign-up/email", forms),
            ("sign-in/email", forms),
            ("sign-out", json),
            ("revoke-sessions", json),
            ("revoke-other-sessions", json),
            ("update-user", json),
            ("change-password", json),
            ("revoke-session", json),
        ] {
            let call = Call::post(&format!("/api/auth/{path}")).body("Text/Plain; charset=x", "{}");
            let answer = app.send(call.bearer(&ada.session_token)).await;
            assert_eq!(answer.status, 415, "{path}");
            let message = format!(
                r#"Content-Type \"Text/Plain; charset=x\" is not allowed. Allowed types: {allowed}"#
            );
            assert_eq!(answer.text(), refusal(&message, "UNSUPPORTED_MEDIA_TYPE"), "{path}");
        }
    }

    async fn a_body_is_read_as_leniently_as_better_auth_reads_it(app: TestApp) {
        let ada = app.person("ada").await;
        let fine = r#"{"email":"x","email":"ada@example.com","password":"password of ada"}"#;
        for (media_type, body) in [
            ("APPLICATION/json; charset=utf-8", fine.to_owned()),
            ("application/json", format!("\u{feff}{fine}")),
        ] {
            let call = Call::post("/api/auth/sign-in/email").body(media_type, body);
            assert_eq!(app.send(call).await.expect(200)["user"]["id"], ada.id.as_str());
        }
    }

    async fn without_remember_me_the_cookies_end_with_the_browser(app: TestApp) {
        let ada = app.person("ada").await;
        let mut body = credentials(&ada);
        body["rememberMe"] = json!(false);
        let answer = sign_in(&app, body).await;
        let cookies = answer.set_cookies();
        assert_eq!(cookies.len(), 2, "{cookies:?}");
        assert!(
            cookies[0].starts_with("better-auth.session_token=")
                && cookies[1].starts_with("better-auth.dont_remember=true.")
        );
        assert!(cookies.iter().all(|cookie| cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax")
            && !cookie.contains("Max-Age")));
        let jar = format!(
            "{}; {}",
            answer.cookie_pair("better-auth.session_token"),
            answer.cookie_pair("better-auth.dont_remember")
        );
        let session = app.send(Call::get("/api/auth/get-session").cookie(&jar)).await.json();
        assert_eq!(session["session"]["expiresAt"], "2026-11-24T07:00:00.000Z");
        let remembered = Call::post("/api/auth/sign-in/email")
            .json(&credentials(&ada))
            .cookie(&jar)
            .header("origin", BASE_URL);
        let cookies = app.send(remembered).await.set_cookies();
        assert_eq!(cookies.len(), 2, "{cookies:?}");
        assert_eq!(cookies[1], CLEARING[2]);
    }

    async fn signing_out_ends_the_session_and_nothing_else(app: TestApp) {
        let ada = app.person("ada").await;
        let other = sign_in(&app, credentials(&ada)).await.json()["token"]
            .as_str()
            .expect("a token")
            .to_owned();
        let call = Call::post("/api/auth/sign-out").cookie(&ada.cookie).header("origin", BASE_URL);
        let answer = app.send(call).await;
        assert_eq!(answer.text(), r#"{"success":true}"#);
        assert_eq!(answer.set_cookies(), CLEARING);
        app.send(Call::get("/api/me/tasks").bearer(&ada.session_token))
            .await
            .problem(401, "unauthorized");
        app.send(Call::get("/api/me/tasks").bearer(&other)).await.expect(200);
        for call in [
            Call::post("/api/auth/sign-out"),
            Call::post("/api/auth/sign-out").json(&json!({})).bearer("garbage"),
        ] {
            let answer = app.send(call).await;
            assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (200, 3));
        }
    }

    async fn whatever_is_no_route_is_an_empty_404(app: TestApp) {
        let ada = app.person("ada").await;
        for (method, path) in [
            ("GET", "/api/auth"),
            ("GET", "/api/auth/"),
            ("GET", "/api/auth/nothing"),
            ("GET", "/api/auth/tasks"),
            ("POST", "/api/auth/tasks"),
            ("GET", "/api/auth/ok/"),
            ("GET", "/api/auth//ok"),
            ("GET", "/api/auth/OK"),
            ("POST", "/api/auth/ok"),
            ("HEAD", "/api/auth/ok"),
            ("OPTIONS", "/api/auth/ok"),
            ("GET", "/api/auth/sign-in/email"),
            ("GET", "/api/auth/sign-out"),
            ("PUT", "/api/auth/sign-up/email"),
            ("GET", "/api/auth/update-user"),
            ("POST", "/api/auth/token"),
            ("HEAD", "/api/auth/get-session"),
            ("GET", "/api/auth/.well-known/jwks.json"),
            ("POST", "/api/auth/forget-password"),
            ("GET", "/api/auth/delete-user"),
            ("GET", "/api/auth/reset-password"),
            ("GET", "/api/auth/reset-password/"),
            ("POST", "/api/auth/reset-password/token"),
            ("HEAD", "/api/auth/verify-email"),
        ] {
            let method: Method = method.parse().expect("a method");
            // Nothing is checked before, not even where the cookie comes from.
            let answer = app.send(Call::new(method.clone(), path).cookie(&ada.cookie)).await;
            assert_eq!(
                (answer.status.as_u16(), answer.text().as_str()),
                (404, ""),
                "{method} {path}"
            );
            for header in ["content-type", "allow"] {
                assert!(answer.headers.get(header).is_none(), "{method} {path}: {header}");
            }
        }
        let ok = app.send(Call::get("/api/auth/ok?whatever=5")).await;
        assert_eq!((ok.status.as_u16(), ok.text().as_str()), (200, r#"{"ok":true}"#));
    }
}
