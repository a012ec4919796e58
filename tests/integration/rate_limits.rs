//! Requests by address and path: Better Auth's limits and its answer.

use std::time::Duration;

use axum::http::Method;
use duly::config::RateLimiting;
use serde_json::json;

use crate::on_every_engine;
use crate::support::app::{Deployment, TestApp};
use crate::support::http::{Call, Response};
use crate::support::openapi;
use crate::support::storage::TestStorage;

/// An application that limits, behind a proxy at 10.0.0.1.
struct LimitedApp(TestApp);

impl LimitedApp {
    async fn start(storage: TestStorage) -> Self {
        let deployment = Deployment {
            rate_limiting: RateLimiting::On,
            trusted_proxies: &["10.0.0.0/8"],
            ..Deployment::default()
        };
        Self(TestApp::start_with(storage, deployment).await)
    }
}

/// A sign-in that is refused before any password is hashed.
fn sign_in() -> Call {
    Call::post("/api/auth/sign-in/email").json(&json!({"email": "nobody", "password": "x"}))
}

#[track_caller]
fn assert_too_many(answer: &Response, seconds: &str) {
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert_eq!(answer.text(), r#"{"message":"Too many requests. Please try again later."}"#);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-retry-after"), seconds);
    assert!(answer.headers.get("retry-after").is_none());
    assert_eq!(answer.set_cookies(), Vec::<String>::new());
}

/// How many are let through, and how long none is then.
async fn allowed(app: &TestApp, call: &Call) -> (usize, String) {
    for number in 0..=100 {
        let answer = app.send(call.clone()).await;
        if answer.status == 429 {
            let seconds = answer.header("x-retry-after").to_owned();
            if call.method != Method::HEAD {
                assert_too_many(&answer, &seconds);
            }
            return (number, seconds);
        }
    }
    panic!("{call:?} has no limit");
}

/// What the document's operations are limited to.
fn expected(path: &str) -> (usize, &'static str) {
    match path.trim_start_matches("/api/auth") {
        "/sign-in/email" | "/sign-up/email" | "/change-password" | "/change-email" => (3, "10"),
        "/request-password-reset" | "/send-verification-email" => (3, "60"),
        _ => (100, "10"),
    }
}

on_every_engine! {
    async fn the_fourth_sign_in_within_ten_seconds_is_refused(limited: LimitedApp) {
        let LimitedApp(app) = limited;
        for _ in 0..3 {
            assert_eq!(app.send(sign_in()).await.json()["code"], "INVALID_EMAIL");
            app.advance(Duration::from_secs(4));
        }
        assert_too_many(&app.send(sign_in()).await, "6");
        app.advance(Duration::from_millis(5_500));
        assert_too_many(&app.send(sign_in()).await, "1");
        // Nobody else minds, nor does another path.
        assert_eq!(app.send(sign_in().peer("127.0.0.2")).await.status, 400);
        assert_eq!(app.send(Call::post("/api/auth/sign-up/email")).await.status, 400);
        app.send(Call::get("/api/auth/get-session")).await.expect(200);
        app.advance(Duration::from_millis(500));
        assert_eq!(app.send(sign_in()).await.status, 400);
    }

    async fn every_route_has_its_limit_and_so_has_what_is_none(limited: LimitedApp) {
        let LimitedApp(app) = limited;
        let auth = openapi::operations().into_iter();
        let auth = auth.filter(|operation| operation.path.starts_with("/api/auth/"));
        let documented = auth.map(|operation| {
            assert!(operation.document["responses"]["429"].is_object(), "{operation:?}");
            (operation.method, operation.path)
        });
        let others = ["", "/", "/nothing", "//ok", "/.well-known/jwks.json"];
        let others = others.map(|path| (Method::GET, format!("/api/auth{path}")));
        let methods = [Method::HEAD, Method::OPTIONS, Method::DELETE];
        let methods = methods.map(|method| (method, "/api/auth/ok".to_owned()));
        let calls: Vec<_> = documented.chain(others).chain(methods).collect();
        assert!(calls.len() > 20, "{calls:?}");
        for (number, (method, path)) in calls.iter().enumerate() {
            let call = Call::new(method.clone(), &path.replace(['{', '}'], "x"));
            let call = call.peer(&format!("192.0.2.{number}"));
            let (made, seconds) = allowed(&app, &call).await;
            assert_eq!((made, seconds.as_str()), expected(path), "{method} {path}");
        }
    }

    async fn a_slash_at_the_end_and_another_method_count_for_the_same_path(limited: LimitedApp) {
        let LimitedApp(app) = limited;
        for call in [
            Call::get("/api/auth/sign-in/email"),
            Call::post("/api/auth/sign-in/email/"),
            Call::post("/api/auth/sign-in/email?a=b"),
        ] {
            assert_ne!(app.send(call).await.status, 429);
        }
        assert_too_many(&app.send(sign_in()).await, "10");
    }

    async fn it_is_refused_before_anything_else_is_looked_at(limited: LimitedApp) {
        let LimitedApp(app) = limited;
        assert_eq!(allowed(&app, &sign_in()).await.0, 3);
        for call in [
            sign_in().cookie("a=b").header("origin", "https://evil.test"),
            Call::post("/api/auth/sign-in/email").body("text/plain", "{"),
            Call::post("/api/auth/sign-in/email").body("application/json", "x".repeat(70_000)),
        ] {
            assert_too_many(&app.send(call).await, "10");
        }
    }

    async fn what_is_not_below_api_auth_is_not_limited(limited: LimitedApp) {
        let LimitedApp(app) = limited;
        for path in ["/api/me/tasks", "/healthz", "/api/authentic", "/nothing"] {
            for _ in 0..150 {
                assert_ne!(app.send(Call::get(path)).await.status, 429, "{path}");
            }
        }
    }

    async fn a_client_is_its_peer_unless_a_trusted_proxy_names_another(limited: LimitedApp) {
        let LimitedApp(app) = limited;
        let named = |peer: &str, forwarded_for: &str| {
            sign_in().peer(peer).header("x-forwarded-for", forwarded_for)
        };
        // A stranger may name whom they like.
        for number in 0..3 {
            let call = named("9.9.9.9", &format!("1.1.1.{number}"));
            assert_eq!(app.send(call).await.status, 400);
        }
        assert_too_many(&app.send(named("9.9.9.9", "1.1.1.9")).await, "10");
        assert_too_many(&app.send(sign_in().peer("9.9.9.9")).await, "10");
        // The proxy names its clients, whatever these have written before.
        for number in 0..5 {
            let call = named("10.0.0.1", &format!("1.1.1.{number}"));
            assert_eq!(app.send(call).await.status, 400);
        }
        for number in 0..2 {
            let call = named("10.0.0.1", &format!("2.2.2.{number}")).header("x-forwarded-for", "1.1.1.0, 10.0.0.2");
            assert_eq!(app.send(call).await.status, 400);
        }
        assert_too_many(&app.send(named("10.0.0.1", "3.3.3.3, 1.1.1.0")).await, "10");
        // All of a /64 network is one client.
        for number in 0..3 {
            let call = named("10.0.0.1", &format!("2001:db8::{number}"));
            assert_eq!(app.send(call).await.status, 400);
        }
        assert_too_many(&app.send(named("10.0.0.1", "2001:db8::ffff:1")).await, "10");
        assert_eq!(app.send(named("10.0.0.1", "2001:db8:0:1::1")).await.status, 400);
    }

    async fn a_session_records_the_address_of_the_client(limited: LimitedApp) {
        let LimitedApp(app) = limited;
        let through = |call: Call, address: &str| call.peer("10.0.0.1").header("x-forwarded-for", address);
        let address = async |token: &str| {
            let session = app.send(Call::get("/api/auth/get-session").bearer(token)).await;
            session.json()["session"]["ipAddress"].as_str().expect("a text").to_owned()
        };
        let token = |answer: Response| answer.expect(200)["token"].as_str().expect("a token").to_owned();
        let body = json!({"name": "Ada", "email": "ada@example.com", "password": "long enough"});
        let call = through(Call::post("/api/auth/sign-up/email").json(&body), "6.6.6.6, 1.1.1.1");
        let signed_up = token(app.send(call).await);
        assert_eq!(address(&signed_up).await, "1.1.1.1");
        let call = through(Call::post("/api/auth/sign-in/email").json(&body), "2001:db8:1:2:3:4:5:6");
        let signed_in = token(app.send(call).await);
        assert_eq!(address(&signed_in).await, "2001:0db8:0001:0002:0000:0000:0000:0000");
        let body = json!({"currentPassword": "long enough", "newPassword": "longer than that", "revokeOtherSessions": true});
        let call = Call::post("/api/auth/change-password").json(&body).bearer(&signed_in);
        let changed = token(app.send(call.peer("::ffff:8.8.8.8").header("x-forwarded-for", "6.6.6.6")).await);
        assert_eq!(address(&changed).await, "8.8.8.8");
    }

    async fn where_limiting_is_off_nothing_is_limited(app: TestApp) {
        for _ in 0..150 {
            assert_eq!(app.send(sign_in()).await.status, 400);
        }
    }
}
