//! Answers that hold one task.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::conditions::entity_tag;
use super::json::private;
use crate::models::task::Task;

/// 201, with where it is.
pub fn created(task: &Task) -> Response {
    let mut response = answer(StatusCode::CREATED, task);
    let location = format!("/api/me/tasks/{}", task.id);
    let location = HeaderValue::from_str(&location).expect("a UUID is ASCII");
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// The task with its entity tag.
pub fn answer(status: StatusCode, task: &Task) -> Response {
    let mut response = private(status, task);
    response.headers_mut().insert(header::ETAG, entity_tag(task.version));
    response
}

/// 304: the caller has this version.
pub fn not_modified(version: i64) -> Response {
    let headers = [
        (header::ETAG, entity_tag(version)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::NOT_MODIFIED, headers).into_response()
}
