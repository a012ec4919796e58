//! What can go wrong around any handler, and errors in the form that they have below a path.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use super::auth::AuthError;
use super::{request_id, security_headers};
use crate::error::Error;

/// Better Auth's form below `/api/auth`, a problem document elsewhere.
pub fn answer(path: &str, error: Error) -> Response {
    if path.starts_with("/api/auth/") {
        AuthError::from(error).into_response()
    } else {
        error.into_response()
    }
}

/// The answer to a request that gets no further than this, with what every answer has.
pub fn refusal<B>(request: &Request<B>, error: Error) -> Response {
    let path = request.uri().path();
    let mut response = request_id::answer(request.headers(), || answer(path, error));
    security_headers::add_to(response.headers_mut(), path);
    response
}

/// Ends a request that takes too long. Its work in the database ends by itself, whole or not at all.
pub async fn limit_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => answer(uri.path(), Error::Timeout),
    }
}

/// Answers where a handler panics.
pub async fn catch_panics(request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    // What a handler leaves half-done belongs to its request, and goes with it.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let error = format!("a handler panicked: {}", text_of(panic.as_ref()));
            answer(uri.path(), Error::Internal(error.into()))
        }
    }
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let formatted = panic.downcast_ref::<String>().map(String::as_str);
    formatted.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text")
}
