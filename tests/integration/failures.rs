//! A handler that panics, or never ends, behind the layers that every route has.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use axum::routing::get;
use axum::{Router, middleware};
use duly::api::{failures, request_id};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

const TASKS: &str = "/api/me/tasks";
const AUTH: &str = "/api/auth/get-session";
const LIMIT: Duration = Duration::from_millis(50);

async fn panicking() {
    panic!("the password is hunter2");
}

/// Status, content type and document of an answer, which has the request's id.
async fn read(answer: Response<Body>) -> (u16, String, Value) {
    assert_eq!(answer.headers()["x-request-id"], "the-one");
    let status = answer.status().as_u16();
    let media_type = answer.headers()["content-type"].to_str().expect("text").to_owned();
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, media_type, serde_json::from_slice(&body).expect("JSON"))
}

async fn send(router: Router, path: &str) -> (u16, String, Value) {
    let router = router
        .layer(middleware::from_fn_with_state(LIMIT, failures::limit_time))
        .layer(middleware::from_fn(failures::catch_panics))
        .layer(middleware::from_fn(request_id::assign));
    let request = Request::get(path).header("x-request-id", "the-one").body(Body::empty());
    read(router.oneshot(request.expect("a request")).await.expect("an answer")).await
}

#[tokio::test]
async fn a_panic_is_an_error_that_tells_nothing_of_its_cause() {
    let router = || Router::new().fallback(get(panicking));
    let (status, media_type, problem) = send(router(), TASKS).await;
    assert_eq!((status, media_type.as_str()), (500, "application/problem+json"));
    assert_eq!(problem["code"], "internal");
    assert_eq!(problem["request_id"], "the-one");
    assert!(!problem.to_string().contains("hunter2"), "{problem}");
    let (status, media_type, error) = send(router(), AUTH).await;
    assert_eq!((status, media_type.as_str()), (500, "application/json"));
    assert_eq!(error, json!({"message": "Internal Server Error", "code": "INTERNAL_SERVER_ERROR"}));
}

#[tokio::test]
async fn what_takes_too_long_is_told_to_come_again() {
    let router = || Router::new().fallback(get(std::future::pending::<()>));
    let (status, media_type, problem) = send(router(), TASKS).await;
    assert_eq!((status, media_type.as_str()), (503, "application/problem+json"));
    assert_eq!(problem["code"], "timeout");
    let (status, media_type, error) = send(router(), AUTH).await;
    assert_eq!((status, media_type.as_str()), (503, "application/json"));
    assert_eq!(error["code"], "SERVICE_UNAVAILABLE");
}
