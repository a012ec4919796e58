//! Who is calling. A handler that takes an [`Owner`] can only ever be run for the person whose path it is:
//! its signature is its access rule.

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use super::auth::{AuthApp, cookies};
use super::{AppState, person_limits};
use crate::error::{Error, Unauthorized};
use crate::models::task::parse_task_id;
use crate::models::user::UserId;
use crate::services::sessions::{Extension, find_active};

/// The signed-in person whose id, or `me`, stands in the path.
pub struct Owner(pub UserId);

impl FromRequestParts<AppState> for Owner {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Error> {
        let caller = authenticate(app, &parts.method, &parts.headers).await?;
        tracing::Span::current().record("user", caller.as_str());
        match path_parameter(parts, "user_id") {
            Some(named) if named == "me" || named == caller.as_str() => {
                person_limits::count(app, &caller)?;
                Ok(Self(caller))
            }
            _ => Err(Error::Forbidden),
        }
    }
}

/// The id of a task in the path. Comes behind [`Owner`] in a handler's parameters, so that nobody learns
/// anything about a path that is not theirs.
pub struct TaskId(pub Uuid);

impl FromRequestParts<AppState> for TaskId {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Error> {
        let text = path_parameter(parts, "id").unwrap_or_default();
        parse_task_id(&text).map(Self).map_err(|wrong| {
            Error::Malformed(format!("the id in the path must be {}", wrong.detail))
        })
    }
}

/// A decoded parameter of the path; `None` where it is not UTF-8. Each is read by itself (axum reads all or
/// none), so that an id that does not read does not look like somebody else's path.
pub(super) fn path_parameter(parts: &Parts, name: &str) -> Option<String> {
    let route = parts.extensions.get::<MatchedPath>()?.as_str().split('/');
    let mut named = route.zip(parts.uri.path().split('/')).filter(|(part, _)| {
        part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) == Some(name)
    });
    let (_, value) = named.next()?;
    Some(percent_decode_str(value).decode_utf8().ok()?.into_owned())
}

/// A credential, in the order in which they are looked for (API.md, "Who is calling").
enum Credential<'a> {
    Jwt(&'a str),
    /// Without a dot, or with one: then it is signed.
    SessionToken(&'a str),
    /// No header; there may be a cookie.
    Cookie,
}

async fn authenticate(
    app: &AppState,
    method: &Method,
    headers: &HeaderMap,
) -> Result<UserId, Error> {
    let (auth, token) = match (credential(headers)?, AuthApp::of(app)) {
        (Credential::Jwt(token), _) => {
            let services = &app.services;
            return services.verifier.verify(token, services.clock.now()).await;
        }
        (Credential::SessionToken(_), None) => return Err(Unauthorized::SessionToken.into()),
        (Credential::Cookie, None) => {
            let has_cookie = cookies::has_session_cookie(headers);
            let hint = if has_cookie { Unauthorized::SessionToken } else { Unauthorized::Missing };
            return Err(hint.into());
        }
        (Credential::SessionToken(token), Some(auth)) => {
            let token = match token.contains('.') {
                true => cookies::verified(&auth, token).ok_or(Unauthorized::NoSession)?,
                false => token.to_owned(),
            };
            (auth, token)
        }
        (Credential::Cookie, Some(auth)) => {
            let token = cookies::session_token(&auth, headers).ok_or(Unauthorized::Missing)?;
            let token = token.ok_or(Unauthorized::NoSession)?;
            if !method.is_safe() {
                app.origins.check(headers).map_err(|_| Error::InvalidOrigin)?;
            }
            (auth, token)
        }
    };
    let active = find_active(auth.issuer(), &token, Extension::Never).await?;
    active.map(|active| active.user.id).ok_or_else(|| Unauthorized::NoSession.into())
}

fn credential(headers: &HeaderMap) -> Result<Credential<'_>, Unauthorized> {
    let mut authorization = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = authorization.next() else {
        return Ok(Credential::Cookie);
    };
    let token = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty() && authorization.next().is_none())
        .ok_or(Unauthorized::MalformedHeader)?;
    match token.bytes().filter(|byte| *byte == b'.').count() {
        0 | 1 => Ok(Credential::SessionToken(token)),
        2 => Ok(Credential::Jwt(token)),
        _ => Err(Unauthorized::InvalidToken),
    }
}
