//! Limits by person, and the headers that tell where somebody stands (IETF draft-ietf-httpapi-ratelimit-headers).

use std::cell::Cell;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use super::App;
use crate::error::Error;
use crate::models::user::UserId;
use crate::services::rate_limits::{Standing, WINDOW_SECONDS};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

tokio::task_local! {
    /// Where whoever asks stands, once that is known.
    static CALLER: Cell<Option<Standing>>;
}

/// Counts a request of somebody's.
///
/// # Errors
/// [`Error::TooManyRequests`].
pub fn count(app: &App, person: &UserId) -> Result<(), Error> {
    let Some(people) = &app.people else { return Ok(()) };
    let (standing, outcome) = people.count(person, app.services.clock.now());
    // Outside of a request nobody reads it.
    let _ = CALLER.try_with(|caller| caller.set(Some(standing)));
    outcome.map_err(|refused| Error::TooManyRequests(refused.retry_after_seconds))
}

/// Puts on the answer where the caller stands.
pub async fn tell(request: Request, next: Next) -> Response {
    let answer = async {
        let answer = next.run(request).await;
        (answer, CALLER.with(Cell::get))
    };
    let (mut answer, standing) = CALLER.scope(Cell::new(None), answer).await;
    if let Some(Standing { quota, left, full_in_seconds }) = standing {
        let policy = format!("\"person\";q={quota};w={WINDOW_SECONDS}");
        let limit = format!("\"person\";r={left};t={full_in_seconds}");
        for (name, value) in [(POLICY, policy), (LIMIT, limit)] {
            let value = HeaderValue::from_str(&value).expect("numbers are ASCII");
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}
