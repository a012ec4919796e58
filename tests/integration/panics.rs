//! A handler that panics, behind the layers that every route has.

use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use axum::{Router, middleware};
use duly::api::{problem, request_id};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;

async fn panicking() {
    panic!("the password is hunter2");
}

#[tokio::test]
async fn a_panic_is_a_problem_that_tells_nothing_of_its_cause() {
    let router: Router = Router::new()
        .route("/", get(panicking))
        .layer(CatchPanicLayer::custom(problem::from_panic))
        .layer(middleware::from_fn(request_id::assign));
    let request = Request::get("/").header("x-request-id", "the-one").body(Body::empty());
    let answer = router.oneshot(request.expect("a request")).await.expect("an answer");
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()["x-request-id"], "the-one");
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    let problem: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(problem["code"], "internal");
    assert_eq!(problem["request_id"], "the-one");
    assert!(!problem.to_string().contains("hunter2"), "{problem}");
}
