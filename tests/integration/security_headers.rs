//! What every answer tells browsers, shown for every operation of the OpenAPI document and for what is no operation.

use axum::http::Method;

use super::isolation::MISSING_ID;
use crate::on_every_engine;
use crate::support::app::TestApp;
use crate::support::http::{Call, Response};
use crate::support::openapi::operations;

fn assert_guarded(what: &str, answer: &Response) {
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{what}");
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{what}: {policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{what}: {policy}");
    assert!(
        !policy.contains("unsafe-eval") && !policy.contains("script-src 'unsafe"),
        "{what}: {policy}"
    );
}

/// Nobody but the caller may keep it, and a cache that keeps it all the same keeps it for them alone.
fn assert_private(what: &str, answer: &Response) {
    assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    let vary: Vec<_> =
        answer.headers.get_all("vary").iter().filter_map(|value| value.to_str().ok()).collect();
    let vary = vary.join(", ").to_lowercase();
    assert!(vary.contains("authorization") && vary.contains("cookie"), "{what}: {vary}");
}

on_every_engine! {
    async fn every_answer_is_guarded_and_what_is_somebodys_is_kept_by_nobody(app: TestApp) {
        let ada = app.person("ada").await;
        for operation in operations() {
            let path = operation.path.replace("{user_id}", "me").replace("{id}", MISSING_ID);
            let what = format!("{} {path}", operation.method);
            let call = Call::new(operation.method.clone(), &path);
            assert_guarded(&what, &app.send(call.clone()).await);
            for call in [call.clone().bearer(&ada.jwt), call.cookie(&ada.cookie)] {
                let answer = app.send(call).await;
                assert_guarded(&what, &answer);
                if path.starts_with("/api/me/") {
                    assert_private(&what, &answer);
                }
            }
        }
        let task = app.task(&ada, serde_json::json!({"title": "private"})).await;
        let path = format!("/api/me/tasks/{}", task["id"].as_str().expect("an id"));
        let read = app.send_as(&ada, Call::get(&path)).await;
        assert_private("a task", &read);
        let unchanged = app.send_as(&ada, Call::get(&path).header("if-none-match", read.header("etag"))).await;
        assert_eq!(unchanged.status, 304);
        assert_private("304", &unchanged);
    }

    async fn pages_and_what_is_not_there_are_guarded_too(app: TestApp) {
        for path in ["/", "/docs/", "/docs/swagger-initializer.js", "/openapi.json", "/nowhere", "/api/auth/error?error=%3Cb%3E"] {
            assert_guarded(path, &app.send(Call::get(path)).await);
        }
        assert_guarded("a wrong method", &app.send(Call::new(Method::TRACE, "/healthz")).await);
        let docs = app.send(Call::get("/docs/")).await;
        assert!(docs.header("content-security-policy").contains("script-src 'self'"));
        // The policy allows no script within the page; there is none.
        let page = docs.text();
        assert!(page.match_indices("<script").all(|(at, _)| page[at..].starts_with("<script src=")), "{page}");
    }
}
