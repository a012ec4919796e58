//! One id for each request: in the log, in `X-Request-Id`, and in problem documents.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

/// The header that carries it, in both directions.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const MAX_CHARS: usize = 128;

tokio::task_local! {
    static CURRENT: HeaderValue;
}

/// The id of the request that is being answered; empty outside of one.
pub fn current() -> String {
    CURRENT.try_with(|id| id.to_str().unwrap_or_default().to_owned()).unwrap_or_default()
}

/// Takes over a sane id, or makes one, and puts it on the request and on the answer.
pub async fn assign(mut request: Request, next: Next) -> Response {
    let id = of(request.headers());
    request.headers_mut().insert(HEADER, id.clone());
    let mut response = CURRENT.scope(id.clone(), next.run(request)).await;
    response.headers_mut().insert(HEADER, id);
    response
}

/// Answers at once, with the id that [`assign`] would assign.
pub fn answer(headers: &HeaderMap, answer: impl FnOnce() -> Response) -> Response {
    let id = of(headers);
    let mut response = CURRENT.sync_scope(id.clone(), answer);
    response.headers_mut().insert(HEADER, id);
    response
}

fn of(headers: &HeaderMap) -> HeaderValue {
    headers.get(HEADER).filter(|id| is_sane(id)).cloned().unwrap_or_else(make)
}

/// Letters, digits and `-_.:`, so that it can stand in any log.
fn is_sane(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    (1..=MAX_CHARS).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
}

fn make() -> HeaderValue {
    HeaderValue::from_str(&Uuid::now_v7().to_string()).expect("a UUID is ASCII")
}
