//! JSON in and out: bodies that are read by our own rules, and answers.

use std::time::Duration;

use axum::body::{Bytes, HttpBody as _};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

use super::origins::text;
use super::{AppState, MAX_BODY_BYTES};
use crate::error::Error;
use crate::models::json_object::{JsonObjectError, parse_object};
use crate::models::validation::{Violation, code};

/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A body that is a JSON object, sent as `application/json`.
pub struct JsonObject(pub Map<String, Value>);

/// As [`JsonObject`], or sent as `application/merge-patch+json` (RFC 7396).
pub struct MergePatch(pub Map<String, Value>);

/// As [`JsonObject`], or nothing at all.
pub struct OptionalJsonObject(pub Map<String, Value>);

impl FromRequest<AppState> for JsonObject {
    type Rejection = Error;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Error> {
        require_media_type(request.headers(), &["application/json"], "application/json")?;
        read(request).await.map(Self)
    }
}

impl FromRequest<AppState> for MergePatch {
    type Rejection = Error;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Error> {
        require_media_type(
            request.headers(),
            &["application/json", "application/merge-patch+json"],
            "application/merge-patch+json or application/json",
        )?;
        read(request).await.map(Self)
    }
}

impl FromRequest<AppState> for OptionalJsonObject {
    type Rejection = Error;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Error> {
        let media_type =
            require_media_type(request.headers(), &["application/json"], "application/json");
        let body = read_bytes(request).await?;
        if body.is_empty() {
            return Ok(Self(Map::new()));
        }
        media_type?;
        parse(&body).map(Self)
    }
}

async fn read(request: Request) -> Result<Map<String, Value>, Error> {
    parse(&read_bytes(request).await?)
}

/// The body, up to [`MAX_BODY_BYTES`], as long as it comes within ten seconds. Nothing is read of one that says that it is
/// longer: so nobody is asked to go on (`Expect: 100-continue`).
pub async fn read_bytes(request: Request) -> Result<Bytes, Error> {
    if request.body().size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(Error::TooLarge(MAX_BODY_BYTES));
    }
    let encoding = text(request.headers(), header::CONTENT_ENCODING);
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
        return Err(Error::UnsupportedMediaType("a body without Content-Encoding"));
    }
    let read = tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, &()));
    let read = read.await.map_err(|_| Error::BodyTimeout)?;
    read.map_err(|rejection| match rejection {
        BytesRejection::FailedToBufferBody(inner)
            if inner.status() == StatusCode::PAYLOAD_TOO_LARGE =>
        {
            Error::TooLarge(MAX_BODY_BYTES)
        }
        _ => Error::Malformed("the body ended before it was whole".to_owned()),
    })
}

fn parse(body: &[u8]) -> Result<Map<String, Value>, Error> {
    parse_object(body).map_err(|error| match error {
        JsonObjectError::NotAnObject => {
            let violation = Violation::new(code::TYPE, "the body must be a JSON object");
            Error::InvalidFields(vec![violation.at("")])
        }
        syntax => Error::Malformed(syntax.to_string()),
    })
}

fn require_media_type(
    headers: &HeaderMap,
    allowed: &[&str],
    expected: &'static str,
) -> Result<(), Error> {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = sent.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(essence)) {
        Ok(())
    } else {
        Err(Error::UnsupportedMediaType(expected))
    }
}

/// A caller who takes JSON for an answer (RFC 9110, section 12.5.1).
pub struct AcceptsJson;

impl FromRequestParts<AppState> for AcceptsJson {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Error> {
        let mut best = None;
        for value in parts.headers.get_all(header::ACCEPT) {
            let ranges = value.to_str().map_err(|_| Error::NotAcceptable)?;
            for range in ranges.split(',').filter(|range| !range.trim().is_empty()) {
                best = best.max(Some(rank(range)));
            }
        }
        match best {
            None => Ok(Self),
            Some((precision, true)) if precision > 0 => Ok(Self),
            Some(_) => Err(Error::NotAcceptable),
        }
    }
}

/// How precisely a media range means JSON (0: not at all), and whether it wants it. The most precise range
/// decides.
fn rank(range: &str) -> (u8, bool) {
    let mut parts = range.split(';').map(str::trim);
    let precision = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "application/json" => 3,
        "application/*" => 2,
        "*/*" => 1,
        _ => 0,
    };
    let quality = parts
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .and_then(|(_, value)| value.trim().parse::<f32>().ok())
        .unwrap_or(1.0);
    (precision, quality > 0.0)
}

/// An answer in JSON that nobody but the caller may keep.
pub fn private(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => {
            let mut response =
                (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => Error::Internal(error.into()).into_response(),
    }
}
