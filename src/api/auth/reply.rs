//! Answers of the auth routes: Better Auth's bodies, codes and headers (BETTER-AUTH.md 1.1).

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::app::AuthApp;
use super::cookies;
use crate::error::{DatabaseError, Error};
use crate::models::redirect;
use crate::services::rate_limits::TooMany;
use crate::services::sessions::Remember;

const SET_AUTH_TOKEN: HeaderName = HeaderName::from_static("set-auth-token");
const SET_AUTH_JWT: HeaderName = HeaderName::from_static("set-auth-jwt");
const X_RETRY_AFTER: HeaderName = HeaderName::from_static("x-retry-after");

/// The longest JWT that goes into a header: Node takes 16 KiB of headers in all, many proxies 8.
const MAX_JWT_HEADER_BYTES: usize = 6 * 1024;

/// An answer in the making.
#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    body: Vec<u8>,
    session: SessionHeaders,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What an answer tells a client to do with its session.
#[derive(Debug, Default)]
pub struct SessionHeaders {
    cookies: Vec<HeaderValue>,
    /// The signed token, for clients that send it as a bearer.
    token: Option<HeaderValue>,
    jwt: Option<HeaderValue>,
}

impl SessionHeaders {
    /// Begins or renews a session in the client.
    pub fn begin(app: &AuthApp, token: &str, remember: Remember) -> Self {
        let signed = app.issuer().signatures.sign(token);
        Self {
            cookies: cookies::session(app, token, remember),
            token: HeaderValue::from_str(&signed).ok(),
            jwt: None,
        }
    }

    /// Ends the session in the client.
    pub fn clear(app: &AuthApp, sent: &HeaderMap) -> Self {
        Self { cookies: cookies::clearing(app, sent), ..Self::default() }
    }

    /// Takes back what another server has cached of the session in a cookie that came along.
    pub fn clear_cached(app: &AuthApp, sent: &HeaderMap) -> Self {
        Self { cookies: cookies::clearing_cached(app, sent).collect(), ..Self::default() }
    }

    /// Adds a cookie behind the others.
    pub fn push_cookie(&mut self, cookie: HeaderValue) {
        self.cookies.push(cookie);
    }

    /// Adds a JWT, unless it is longer than clients take a header for.
    pub fn set_jwt(&mut self, jwt: &str) {
        self.jwt = HeaderValue::from_str(jwt).ok().filter(|jwt| jwt.len() <= MAX_JWT_HEADER_BYTES);
    }

    /// Puts another's headers behind these; its token wins.
    pub fn extend(&mut self, later: Self) {
        self.cookies.extend(later.cookies);
        self.token = later.token.or(self.token.take());
        self.jwt = later.jwt.or(self.jwt.take());
    }

    fn write(self, response: &mut Response) {
        let headers = response.headers_mut();
        for cookie in self.cookies {
            headers.append(header::SET_COOKIE, cookie);
        }
        let exposed = match (&self.jwt, &self.token) {
            (Some(_), Some(_)) => Some("set-auth-jwt, set-auth-token"),
            (Some(_), None) => Some("set-auth-jwt"),
            (None, Some(_)) => Some("set-auth-token"),
            (None, None) => None,
        };
        if let Some(exposed) = exposed {
            let exposed = HeaderValue::from_static(exposed);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
        headers.extend(self.jwt.map(|jwt| (SET_AUTH_JWT, jwt)));
        headers.extend(self.token.map(|token| (SET_AUTH_TOKEN, token)));
    }
}

impl Reply {
    /// 200 with a JSON body.
    pub fn json(body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("answers have only texts for keys");
        Self {
            status: StatusCode::OK,
            body,
            session: SessionHeaders::default(),
            headers: Vec::new(),
        }
    }

    /// 302 to a target, which is an address or a path. Better Auth calls the empty body JSON.
    pub fn redirect(target: &str) -> Self {
        let location = HeaderValue::from_str(&redirect::location(target))
            .expect("what a header cannot hold has been percent-encoded");
        Self {
            status: StatusCode::FOUND,
            body: Vec::new(),
            session: SessionHeaders::default(),
            headers: vec![(header::LOCATION, location)],
        }
    }

    /// Puts session headers on it, behind those that are there.
    pub fn with_session(mut self, session: SessionHeaders) -> Self {
        self.session.extend(session);
        self
    }

    /// Adds a header.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let content_type = [(header::CONTENT_TYPE, "application/json")];
        let mut response = (self.status, content_type, self.body).into_response();
        response.headers_mut().extend(self.headers);
        self.session.write(&mut response);
        response
    }
}

/// Why an auth route does not do what it was asked for.
#[derive(Debug)]
pub enum AuthError {
    /// An answer of Better Auth's making.
    Refused {
        status: StatusCode,
        code: Option<&'static str>,
        message: String,
        /// Boxed to keep errors small.
        session: Box<SessionHeaders>,
    },
    /// 429: too many requests, or too many guesses.
    TooMany(TooMany),
    /// The database or we ourselves.
    Failed(Error),
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
}

impl AuthError {
    /// A refusal with Better Auth's code and message.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::Refused { status, code: Some(code), message, session: Box::default() }
    }

    /// A refusal that has no code in Better Auth.
    pub fn without_code(status: StatusCode, message: impl Into<String>) -> Self {
        Self::Refused { status, code: None, message: message.into(), session: Box::default() }
    }

    /// 401: nobody is signed in.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Unauthorized")
    }

    /// Puts session headers on a refusal.
    pub fn with_session(mut self, added: SessionHeaders) -> Self {
        if let Self::Refused { session, .. } = &mut self {
            session.extend(added);
        }
        self
    }
}

impl From<DatabaseError> for AuthError {
    fn from(error: DatabaseError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<TooMany> for AuthError {
    fn from(too_many: TooMany) -> Self {
        Self::TooMany(too_many)
    }
}

impl From<Error> for AuthError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl IntoResponse for AuthError {
    fn into_response(self) -> Response {
        match self {
            Self::Refused { status, code, message, session } => {
                let body = serde_json::to_vec(&ErrorBody { message: &message, code })
                    .expect("an error has only texts for keys");
                Reply { status, body, session: *session, headers: Vec::new() }.into_response()
            }
            Self::TooMany(too_many) => {
                let message = "Too many requests. Please try again later.";
                let refusal = Self::without_code(StatusCode::TOO_MANY_REQUESTS, message);
                let seconds = HeaderValue::from(too_many.retry_after_seconds);
                ([(X_RETRY_AFTER, seconds)], refusal).into_response()
            }
            Self::Failed(error) => from_error(error),
        }
    }
}

/// Better Auth has no answers of its own for these; ours keep its form.
fn from_error(error: Error) -> Response {
    let (code, message) = match &error {
        Error::TooLarge(_) => ("PAYLOAD_TOO_LARGE", "Request body is too large"),
        Error::Unavailable(_) | Error::Timeout | Error::Overloaded(_) => {
            ("SERVICE_UNAVAILABLE", "Not available at the moment")
        }
        Error::UnsupportedMediaType(_) => ("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type"),
        Error::Malformed(_) => ("BAD_REQUEST", "The request cannot be read"),
        _ => ("INTERNAL_SERVER_ERROR", "Internal Server Error"),
    };
    // The problem document's status, headers and log line are right as they are; only the body differs.
    let (mut parts, _) = error.into_response().into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = serde_json::to_vec(&ErrorBody { message, code: Some(code) })
        .expect("an error has only texts for keys");
    Response::from_parts(parts, body.into())
}
