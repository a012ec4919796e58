//! Cookies from other pages: what Better Auth lets through, on its routes and on the task routes.

use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::{BASE_URL, TestApp};
use crate::support::http::Call;

const MISSING: &str = r#"{"message":"Missing or null Origin","code":"MISSING_OR_NULL_ORIGIN"}"#;
const INVALID: &str = r#"{"message":"Invalid origin","code":"INVALID_ORIGIN"}"#;

/// Names and values.
type Headers = &'static [(&'static str, &'static str)];

/// Headers that come with a cookie, and what Better Auth says to them.
const ORIGINS: [(Headers, Option<&str>); 18] = [
    (&[], Some(MISSING)),
    (&[("origin", "null")], Some(MISSING)),
    (&[("origin", "null"), ("referer", "http://duly.test/x")], Some(MISSING)),
    (&[("origin", "null"), ("sec-fetch-site", "cross-site")], Some(MISSING)),
    (&[("origin", "http://evil.test")], Some(INVALID)),
    (&[("origin", "http://evil.test"), ("referer", "http://duly.test/x")], Some(INVALID)),
    (&[("referer", "http://evil.test/http://duly.test")], Some(INVALID)),
    (&[("origin", "https://duly.test")], Some(INVALID)),
    (&[("origin", "http://duly.test:81")], Some(INVALID)),
    (&[("origin", "http://duly.test.evil.test")], Some(INVALID)),
    (&[("origin", "http://duly.test@evil.test")], Some(INVALID)),
    (&[("origin", "/x")], Some(INVALID)),
    (&[("origin", "garbage")], Some(INVALID)),
    (&[("origin", "http://duly.test")], None),
    (&[("origin", "HTTP://duly.test/")], None),
    (&[("origin", "http://duly.test:80")], None),
    (&[("referer", "http://duly.test/some/page?x=y")], None),
    (&[("origin", "http://duly.test"), ("referer", "http://evil.test")], None),
];

fn with_headers(call: Call, headers: &[(&str, &str)]) -> Call {
    headers.iter().fold(call, |call, (name, value)| call.header(name, value))
}

on_every_engine! {
    async fn a_cookie_changes_tasks_only_from_a_trusted_page(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.task(&ada, json!({"title": "Mine"})).await;
        let path = format!("/api/me/tasks/{}", task["id"].as_str().expect("an id"));
        let body = json!({"title": "Changed"});
        for (headers, refusal) in ORIGINS {
            for call in [
                Call::post("/api/me/tasks").json(&body),
                Call::put(&path).json(&body),
                Call::patch(&path).json(&body),
                Call::patch(&format!("{path}/complete")),
            ] {
                let answer = app.send(with_headers(call, headers).cookie(&ada.cookie)).await;
                match refusal {
                    Some(_) => {
                        answer.problem(403, "invalid_origin");
                    }
                    None => assert!(answer.status.is_success(), "{headers:?}: {}", answer.text()),
                }
            }
            if refusal.is_some() {
                let delete = with_headers(Call::delete(&path), headers).cookie(&ada.cookie);
                app.send(delete).await.problem(403, "invalid_origin");
                assert_eq!(app.tasks_of(&ada).await, std::slice::from_ref(&task));
            }
        }
    }

    async fn a_cookie_reads_from_anywhere_and_a_bearer_needs_no_origin(app: TestApp) {
        let ada = app.person("ada").await;
        for headers in [&[][..], &[("origin", "http://evil.test")], &[("origin", "null")]] {
            let read = with_headers(Call::get("/api/me/tasks"), headers);
            app.send(read.cookie(&ada.cookie)).await.expect(200);
            for token in [&ada.jwt, &ada.session_token] {
                let create =
                    with_headers(Call::post("/api/me/tasks"), headers).json(&json!({"title": "x"}));
                app.send(create.bearer(token)).await.expect(201);
            }
        }
    }

    async fn a_cookie_with_a_wrong_signature_is_nobody(app: TestApp) {
        let ada = app.person("ada").await;
        let raw = format!("better-auth.session_token={}", ada.session_token);
        let forged = format!("{raw}.{}%3D", "A".repeat(43));
        for cookie in [&raw, &forged, "better-auth.session_token="] {
            let call = Call::get("/api/me/tasks").cookie(cookie);
            app.send(call).await.problem(401, "unauthorized");
            let unsigned = cookie.split_once('=').expect("a pair").1;
            if unsigned.contains('.') {
                app.send(Call::get("/api/me/tasks").bearer(unsigned))
                    .await
                    .problem(401, "unauthorized");
            }
        }
        let other = app.send(Call::get("/api/me/tasks").cookie("theme=dark")).await;
        assert_eq!(other.header("www-authenticate"), "Bearer");
        other.problem(401, "unauthorized");
    }

    async fn auth_routes_take_cookies_only_from_a_trusted_page(app: TestApp) {
        let ada = app.person("ada").await;
        for (headers, refusal) in ORIGINS {
            for cookie in ["a=b", "", ada.cookie.as_str()] {
                for path in
                    ["/api/auth/update-user", "/api/auth/sign-in/email", "/api/auth/get-session"]
                {
                    let call = with_headers(Call::post(path).json(&json!({"name": "x"})), headers)
                        .cookie(cookie);
                    // A bearer does not make up for it.
                    let answer = app.send(call.bearer(&ada.session_token)).await;
                    match refusal {
                        Some(refusal) => assert_eq!(
                            (answer.status.as_u16(), answer.text().as_str()),
                            (403, refusal),
                            "{headers:?}"
                        ),
                        None => assert_ne!(answer.status, 403, "{headers:?}: {}", answer.text()),
                    }
                }
            }
        }
    }

    async fn without_a_cookie_only_signing_in_and_up_looks_at_the_page(app: TestApp) {
        let ada = app.person("ada").await;
        let sign_in = Call::post("/api/auth/sign-in/email")
            .json(&json!({"email": ada.email, "password": ada.password}));
        let blocked = r#"{"message":"Cross-site navigation login blocked. This request appears to be a CSRF attack.","code":"CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"}"#;
        let cases: [(Headers, Option<&str>); 9] = [
            (&[], None),
            (&[("origin", BASE_URL)], None),
            (
                &[
                    ("origin", BASE_URL),
                    ("sec-fetch-site", "same-origin"),
                    ("sec-fetch-mode", "cors"),
                ],
                None,
            ),
            (&[("sec-fetch-site", "same-origin")], Some(MISSING)),
            (&[("sec-fetch-mode", "cors")], Some(MISSING)),
            (&[("sec-fetch-dest", "empty")], Some(MISSING)),
            (&[("origin", "http://evil.test")], Some(INVALID)),
            (&[("referer", "http://evil.test/x")], Some(INVALID)),
            (
                &[
                    ("origin", BASE_URL),
                    ("sec-fetch-site", "cross-site"),
                    ("sec-fetch-mode", "navigate"),
                ],
                Some(blocked),
            ),
        ];
        for (headers, refusal) in cases {
            let answer = app.send(with_headers(sign_in.clone(), headers)).await;
            match refusal {
                Some(refusal) => assert_eq!(
                    (answer.status.as_u16(), answer.text().as_str()),
                    (403, refusal),
                    "{headers:?}"
                ),
                None => assert_eq!(answer.status, 200, "{headers:?}: {}", answer.text()),
            }
        }
        let invalid = with_headers(
            Call::post("/api/auth/sign-up/email").json(&json!({})),
            &[("origin", "http://evil.test")],
        );
        assert_eq!(app.send(invalid).await.json()["code"], "VALIDATION_ERROR");
        let elsewhere = Call::post("/api/auth/update-user")
            .json(&json!({"name": "x"}))
            .header("origin", "http://evil.test");
        app.send(elsewhere.bearer(&ada.session_token)).await.expect(200);
    }

    async fn nobody_is_sent_to_a_strangers_page(app: TestApp) {
        let ada = app.person("ada").await;
        let post = async |path: &str, field: &str, target: Value| {
            let call = Call::post(&format!("/api/auth/{path}")).json(&json!({field: target}));
            app.send(call.bearer(&ada.session_token)).await
        };
        for (field, message, code) in [
            ("callbackURL", "Invalid callbackURL", "INVALID_CALLBACK_URL"),
            ("redirectTo", "Invalid redirectURL", "INVALID_REDIRECT_URL"),
            ("errorCallbackURL", "Invalid errorCallbackURL", "INVALID_ERROR_CALLBACK_URL"),
            ("newUserCallbackURL", "Invalid newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL"),
        ] {
            for target in [
                "http://evil.test",
                "//evil.test",
                "/\\evil.test",
                "/%2fevil.test",
                "/%5Cevil.test",
                "dashboard",
                "javascript:alert(1)",
                "https://duly.test/",
                "http://duly.test@evil.test",
                "http://duly.test\\@evil.test",
                "/a\nb",
                "/a\u{85}b",
            ] {
                for path in
                    ["sign-in/email", "sign-up/email", "sign-out", "revoke-sessions", "update-user"]
                {
                    let answer = post(path, field, json!(target)).await;
                    let expected = format!(r#"{{"message":"{message}","code":"{code}"}}"#);
                    assert_eq!(
                        (answer.status.as_u16(), answer.text()),
                        (403, expected),
                        "{path} {target}"
                    );
                }
            }
            for target in [
                json!("/a b"),
                json!("/a//b"),
                json!("/../x"),
                json!("/x?y=%2f"),
                json!("http://duly.test/x"),
                json!(""),
                json!(null),
                json!(0),
            ] {
                let answer = post("update-user", field, target.clone()).await;
                assert_eq!(
                    answer.text(),
                    r#"{"message":"No fields to update"}"#,
                    "{field} {target}"
                );
            }
            let answer = post("update-user", field, json!(5)).await;
            assert_eq!(answer.text(), format!(r#"{{"message":"{message}: expected a string"}}"#));
        }
        let by_query = Call::post("/api/auth/sign-out?callbackURL=http%3A%2F%2Fevil.test");
        assert_eq!(app.send(by_query).await.json()["code"], "INVALID_CALLBACK_URL");
    }
}
