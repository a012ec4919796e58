//! Errors as answers: problem documents (RFC 9457), in one place.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

use super::{overload, request_id};
use crate::error::{Error, Unauthorized};
use crate::models::task::Task;

/// The media type of a problem document.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// What the `type` of a problem begins with. It identifies; nothing has to be served there.
const TYPE_BASE: &str = "https://duly.invalid/problems/";
/// How long a client should wait for what is soon over, in seconds.
const RETRY_AFTER_SECONDS: i64 = 1;

#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<Option<&'a Task>>,
    request_id: String,
}

impl Error {
    /// The status, the code and the title of the problem.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed(_) => {
                (StatusCode::BAD_REQUEST, "malformed_request", "The request cannot be read")
            }
            Self::InvalidParameters(_) => {
                (StatusCode::BAD_REQUEST, "invalid_parameter", "A query parameter is not valid")
            }
            Self::Unauthorized(_) => {
                (StatusCode::UNAUTHORIZED, "unauthorized", "You are not signed in")
            }
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "Not yours"),
            Self::InvalidOrigin => {
                (StatusCode::FORBIDDEN, "invalid_origin", "The page is not trusted")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "No such task"),
            Self::NoRoute => (StatusCode::NOT_FOUND, "no_route", "No such path"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Not this method")
            }
            Self::NotAcceptable => {
                (StatusCode::NOT_ACCEPTABLE, "not_acceptable", "Only JSON is answered")
            }
            Self::BodyTimeout => {
                (StatusCode::REQUEST_TIMEOUT, "body_timeout", "The body did not come in time")
            }
            Self::QuotaExceeded(_) => {
                (StatusCode::CONFLICT, "quota_exceeded", "You have as many tasks as you may keep")
            }
            Self::IdTaken => (StatusCode::CONFLICT, "id_taken", "The id is taken"),
            Self::StillRunning => {
                (StatusCode::CONFLICT, "still_running", "The first request is still running")
            }
            Self::PreconditionFailed(_) => {
                (StatusCode::PRECONDITION_FAILED, "precondition_failed", "The task has changed")
            }
            Self::TooLarge(_) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The request is too large")
            }
            Self::UnsupportedMediaType(_) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The media type is not supported",
            ),
            Self::InvalidFields(_) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", "A field is not valid")
            }
            Self::KeyReused => {
                (StatusCode::UNPROCESSABLE_ENTITY, "key_reused", "The key was used before")
            }
            Self::TooManyRequests(_) => {
                (StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "You have asked too often")
            }
            Self::Timeout => {
                (StatusCode::SERVICE_UNAVAILABLE, "timeout", "The answer took too long")
            }
            Self::Overloaded(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Too much to do")
            }
            Self::Unavailable(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available at the moment")
            }
            Self::Internal(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong")
            }
        }
    }

    fn detail(&self) -> String {
        match self {
            // One mistake is said outright, several are counted.
            Self::InvalidFields(errors) if errors.len() == 1 => match errors[0].pointer.as_str() {
                "" => errors[0].detail.clone(),
                pointer => format!("{pointer}: {}", errors[0].detail),
            },
            Self::InvalidParameters(errors) if errors.len() == 1 => {
                format!("{}: {}", errors[0].parameter, errors[0].detail)
            }
            _ => self.to_string(),
        }
    }

    fn errors(&self) -> Option<Value> {
        let listed = match self {
            Self::InvalidFields(errors) => serde_json::to_value(errors),
            Self::InvalidParameters(errors) => serde_json::to_value(errors),
            _ => return None,
        };
        listed.ok()
    }

    /// After how many seconds it is worth asking again.
    fn retry_after(&self) -> Option<i64> {
        match self {
            Self::TooManyRequests(seconds) => Some(*seconds),
            Self::Overloaded(_) => Some(overload::retry_after()),
            Self::StillRunning | Self::Timeout | Self::Unavailable(_) => Some(RETRY_AFTER_SECONDS),
            _ => None,
        }
    }

    /// A 5xx is logged here, once, where it leaves; its cause goes no further.
    fn log(&self) {
        match self {
            Self::Internal(cause) => tracing::error!(%cause, "a request failed"),
            Self::Unavailable(cause) => tracing::warn!(%cause, "a request was turned away"),
            Self::Overloaded(Some(reason)) => overload::log_refusal(reason),
            Self::Timeout => tracing::warn!("a request took too long"),
            _ => {}
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.log();
        let (status, code, title) = self.kind();
        let current = match &self {
            Self::PreconditionFailed(current) => Some(current.as_deref()),
            _ => None,
        };
        let problem = Problem {
            r#type: format!("{TYPE_BASE}{}", code.replace('_', "-")),
            title,
            status: status.as_u16(),
            code,
            detail: self.detail(),
            errors: self.errors(),
            current,
            request_id: request_id::current(),
        };
        let body = serde_json::to_vec(&problem).expect("a problem has only texts for keys");
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Self::Unauthorized(reason) = self {
            headers.insert(header::WWW_AUTHENTICATE, challenge(reason));
        }
        if status == StatusCode::REQUEST_TIMEOUT {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// The challenge of RFC 6750, section 3.
fn challenge(reason: Unauthorized) -> HeaderValue {
    let error = match reason {
        Unauthorized::Missing => return HeaderValue::from_static("Bearer"),
        Unauthorized::MalformedHeader => "invalid_request",
        _ => "invalid_token",
    };
    let text = format!("Bearer error=\"{error}\", error_description=\"{reason}\"");
    HeaderValue::from_str(&text).expect("reasons are plain ASCII without quotes")
}
