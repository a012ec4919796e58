//! What is around the routes: health, request ids, CORS, compression, documentation.

use std::path::Path;

use axum::http::Method;
use duly::api::openapi;
use serde_json::json;

use crate::on_every_engine;
use crate::support::app::{Deployment, TestApp};
use crate::support::http::Call;
use crate::support::storage::TestStorage;

const PAGE: &str = "https://app.example.com";

/// An application that other pages may call.
struct OpenApp(TestApp);

impl OpenApp {
    async fn start(storage: TestStorage) -> Self {
        let cors_origins = &[PAGE, "http://localhost:3000"];
        let deployment = Deployment { cors_origins, ..Deployment::default() };
        Self(TestApp::start_with(storage, deployment).await)
    }
}

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let committed = std::fs::read_to_string(path).expect("openapi.json is committed");
    assert!(committed == openapi::document(), "stale: run `duly openapi > openapi.json`");
}

on_every_engine! {
    async fn the_server_is_alive_and_ready_until_it_drains(app: TestApp) {
        assert_eq!(app.send(Call::get("/healthz")).await.expect(200), json!({"status": "ok"}));
        assert_eq!(app.send(Call::get("/readyz")).await.expect(200), json!({"status": "ready"}));
        app.state.start_draining();
        let draining = app.send(Call::get("/readyz")).await;
        draining.problem(503, "unavailable");
        assert_eq!(draining.header("retry-after"), "1");
        assert_eq!(app.send(Call::get("/healthz")).await.expect(200), json!({"status": "ok"}));
        let ada = app.person("ada").await;
        app.task(&ada, json!({"title": "What comes in is still finished"})).await;
    }

    async fn a_sane_request_id_is_taken_over_and_any_other_replaced(app: TestApp) {
        let long = "x".repeat(128);
        for sane in ["a", "0198c0de-7c1e", "trace:span_1.2", &long] {
            for path in
                ["/healthz", "/api/auth/ok", "/nothing", "/api/me/tasks", "/api/auth/nothing"]
            {
                let answer = app.send(Call::get(path).header("x-request-id", sane)).await;
                assert_eq!(answer.header("x-request-id"), sane, "{path}");
            }
        }
        let too_long = "x".repeat(129);
        let mut made = Vec::new();
        for insane in ["", "a b", "<script>", "a\"b", &too_long] {
            let answer = app.send(Call::get("/nothing").header("x-request-id", insane)).await;
            answer.problem(404, "no_route");
            let id = answer.header("x-request-id").to_owned();
            assert_ne!(id, insane);
            assert!(id.parse::<uuid::Uuid>().is_ok() && !made.contains(&id), "{id}");
            made.push(id);
        }
    }

    async fn without_configured_origins_no_page_elsewhere_may_read(app: TestApp) {
        let ada = app.person("ada").await;
        let read = Call::get("/api/me/tasks").bearer(&ada.jwt).header("origin", PAGE);
        let answer = app.send(read).await;
        answer.expect(200);
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
        let preflight = Call::new(Method::OPTIONS, "/api/me/tasks")
            .header("origin", PAGE)
            .header("access-control-request-method", "POST");
        let answer = app.send(preflight).await;
        answer.problem(405, "method_not_allowed");
        assert!(answer.headers.get("access-control-allow-origin").is_none());
    }

    async fn configured_origins_may_read_with_credentials_and_no_others(open: OpenApp) {
        let OpenApp(app) = open;
        for path in ["/api/me/tasks", "/api/auth/get-session", "/api/auth/nothing", "/nothing"] {
            for origin in [PAGE, "http://localhost:3000"] {
                let answer = app.send(Call::get(path).header("origin", origin)).await;
                assert_eq!(answer.header("access-control-allow-origin"), origin, "{path}");
                assert_eq!(answer.header("access-control-allow-credentials"), "true");
                let vary = answer.headers.get_all("vary").iter();
                assert!(
                    vary.into_iter()
                        .any(|names| names.to_str().is_ok_and(|names| names.contains("origin"))),
                    "{path}"
                );
            }
            for origin in [
                "https://evil.test",
                "http://app.example.com",
                "https://app.example.com.evil.test",
                "null",
            ] {
                let answer = app.send(Call::get(path).header("origin", origin)).await;
                assert!(
                    answer.headers.get("access-control-allow-origin").is_none(),
                    "{path} {origin}"
                );
            }
        }
        let exposed = app.send(Call::get("/api/me/tasks").header("origin", PAGE)).await;
        let exposed = exposed.header("access-control-expose-headers").to_owned();
        for name in ["etag", "location", "retry-after", "www-authenticate", "x-request-id"] {
            assert!(exposed.contains(name), "{name} in {exposed}");
        }
    }

    async fn a_preflight_is_answered_for_configured_origins(open: OpenApp) {
        let OpenApp(app) = open;
        for path in
            ["/api/me/tasks/0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11", "/api/auth/sign-in/email"]
        {
            let preflight = Call::new(Method::OPTIONS, path)
                .header("origin", PAGE)
                .header("access-control-request-method", "PATCH")
                .header("access-control-request-headers", "authorization,content-type,if-match");
            let answer = app.send(preflight).await;
            assert!(answer.status.is_success(), "{}", answer.status);
            assert_eq!(answer.header("access-control-allow-origin"), PAGE);
            assert_eq!(answer.header("access-control-allow-credentials"), "true");
            assert_eq!(answer.header("access-control-max-age"), "600");
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                assert!(answer.header("access-control-allow-methods").contains(method), "{method}");
            }
            for name in ["authorization", "content-type", "if-match", "if-none-match"] {
                assert!(answer.header("access-control-allow-headers").contains(name), "{name}");
            }
        }
    }

    async fn a_token_that_is_sent_is_exposed_to_configured_pages(open: OpenApp) {
        let OpenApp(app) = open;
        let ada = app.person("ada").await;
        let call =
            Call::get("/api/auth/get-session").bearer(&ada.session_token).header("origin", PAGE);
        let answer = app.send(call).await;
        let lists = answer.headers.get_all("access-control-expose-headers").iter();
        let exposed: Vec<_> = lists.map(|list| list.to_str().expect("ASCII")).collect();
        assert!(exposed.concat().contains("set-auth-jwt"), "{exposed:?}");
    }

    async fn large_answers_are_compressed_for_who_takes_it(app: TestApp) {
        let ada = app.person("ada").await;
        app.task(&ada, json!({"title": "x", "description": "y".repeat(5_000)})).await;
        let plain = app.send_as(&ada, Call::get("/api/me/tasks")).await;
        assert!(plain.headers.get("content-encoding").is_none());
        for encoding in ["gzip", "br"] {
            let call =
                Call::get("/api/me/tasks").bearer(&ada.jwt).header("accept-encoding", encoding);
            let packed = app.send_unchecked(call.into_request()).await;
            assert_eq!(packed.header("content-encoding"), encoding);
            assert!(packed.header("vary").to_ascii_lowercase().contains("accept-encoding"));
            assert!(packed.body.len() < plain.body.len() / 4);
            assert_eq!(packed.decoded(), plain.body);
        }
        for encodings in ["identity", "gzip;q=0", "gzip;q=0.4, identity"] {
            let list = Call::get("/api/me/tasks").header("accept-encoding", encodings);
            assert_eq!(app.send_as(&ada, list).await.body, plain.body, "{encodings}");
        }
        // By then it is done: nobody is told that it was not.
        for refusing in ["identity;q=0", "*;q=0", "*;q=0, identity;q=0", "deflate, identity;q=0"] {
            let create = Call::post("/api/me/tasks").json(&json!({"title": refusing}));
            let created = app.send_as(&ada, create.header("accept-encoding", refusing)).await;
            assert_eq!(created.expect(201)["title"], refusing);
        }
        // What holds tokens is not: lengths would tell what else is in it.
        let token = Call::get("/api/auth/get-session").bearer(&ada.session_token).header("accept-encoding", "gzip, br");
        let token = app.send(token).await;
        assert!(token.body.len() > 200 && token.headers.get("content-encoding").is_none());
    }

    async fn the_documentation_is_served_from_the_program_alone(app: TestApp) {
        let document = app.send(Call::get("/openapi.json")).await;
        assert_eq!(document.header("content-type"), "application/json");
        assert_eq!(document.text(), openapi::document());
        assert!(document.json()["openapi"].as_str().expect("a version").starts_with("3.1"));
        let page = app.send(Call::get("/docs/")).await;
        assert_eq!(page.status, 200);
        assert!(page.header("content-type").starts_with("text/html"));
        let text = page.text();
        let elsewhere = text.split(['"', '\'']).find(|part| part.contains("//"));
        assert_eq!(elsewhere, None);
        let parts: Vec<String> = page.text().split('"').map(str::to_owned).collect();
        let local: Vec<_> =
            parts.iter().filter(|part| part.ends_with(".js") || part.ends_with(".css")).collect();
        assert!(!local.is_empty());
        for part in local {
            let path = format!("/docs/{}", part.trim_start_matches("./"));
            let answer = app.send(Call::get(&path).header("accept-encoding", "gzip, br")).await;
            assert_eq!(answer.status, 200, "{path}");
            // Megabytes, which anybody may ask for as often as they like.
            assert!(answer.headers.get("content-encoding").is_none(), "{path} is compressed");
        }
    }
}
