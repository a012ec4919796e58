//! Looking at sessions and ending them (BETTER-AUTH.md 1.2 and 2).

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::AuthApp;
use super::else_not_found;
use super::fields::Fields;
use super::reply::{AuthError, Reply, SessionHeaders};
use super::request::{AuthRequest, Caller};
use crate::database::sessions;
use crate::models::session::Session;
use crate::models::user::User;

/// Nobody keeps what `/get-session` answers.
const NOT_STORED: [(HeaderName, &str); 2] =
    [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")];

pub(super) fn routes() -> OpenApiRouter<AuthApp> {
    OpenApiRouter::new()
        .routes(else_not_found(routes!(get_session, post_session)))
        .routes(else_not_found(routes!(list_sessions)))
        .routes(else_not_found(routes!(revoke_session)))
        .routes(else_not_found(routes!(revoke_sessions)))
        .routes(else_not_found(routes!(revoke_other_sessions)))
}

#[derive(Serialize)]
struct SessionBody<'a> {
    session: &'a Session,
    user: &'a User,
}

/// The session of the caller, or `null`
#[utoipa::path(get, path = "/get-session", operation_id = "get_session", tag = "auth", security(()),
    responses((status = 200, description = "`{session, user}` or `null`")))]
async fn get_session(
    State(app): State<AuthApp>,
    request: AuthRequest,
) -> Result<impl IntoResponse, AuthError> {
    let cleared =
        |reply: Reply| reply.with_session(SessionHeaders::clear_cached(&app, &request.headers));
    let reply = match request.caller_with_headers(&app).await? {
        (Caller::Nobody | Caller::Gone, headers) => cleared(Reply::json(&())).with_session(headers),
        (Caller::SignedIn(active), mut headers) => {
            let (issuer, user) = (app.issuer(), &active.user);
            headers.set_jwt(&issuer.tokens.issue(user, issuer.clock.now()).await?);
            cleared(Reply::json(&SessionBody { session: &active.session, user }))
                .with_session(headers)
        }
    };
    Ok((NOT_STORED, reply))
}

/// Not supported, and says so
#[utoipa::path(post, path = "/get-session", operation_id = "post_session", tag = "auth", security(()),
    responses((status = 405, description = "Use GET", body = inline(Object))))]
async fn post_session(_: AuthRequest) -> Response {
    let refusal = AuthError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED",
        "POST method requires deferSessionRefresh to be enabled in session config",
    );
    (NOT_STORED, refusal).into_response()
}

/// The caller's sessions
#[utoipa::path(get, path = "/list-sessions", operation_id = "list_sessions", tag = "auth",
    responses(
        (status = 200, description = "An array of sessions", body = inline(Vec<Object>)),
        (status = 401, description = "Nobody is signed in", body = inline(Object)),
        (status = 403, description = "The caller signed in more than a day ago", body = inline(Object)),
    ))]
async fn list_sessions(
    State(app): State<AuthApp>,
    request: AuthRequest,
) -> Result<Reply, AuthError> {
    let (active, headers) = request.require_session(&app).await?;
    let now = app.services.clock.now();
    if !active.session.is_fresh(now) {
        let error =
            AuthError::new(StatusCode::FORBIDDEN, "SESSION_NOT_FRESH", "Session is not fresh");
        return Err(error.with_session(headers));
    }
    let listed = sessions::list_sessions(&app.services.database, &active.user.id, now).await?;
    Ok(Reply::json(&listed).with_session(headers))
}

/// End one of the caller's sessions
#[utoipa::path(post, path = "/revoke-session", operation_id = "revoke_session", tag = "auth",
    request_body = inline(Object),
    responses(
        (status = 200, description = "It has ended, if it was the caller's", body = inline(Object)),
        (status = 400, description = "A field is not valid", body = inline(Object)),
        (status = 401, description = "Nobody is signed in", body = inline(Object)),
    ))]
async fn revoke_session(
    State(app): State<AuthApp>,
    mut request: AuthRequest,
) -> Result<Reply, AuthError> {
    let mut fields = Fields::of(request.body.take(), &["object"])?;
    let token = fields.string("token");
    fields.finish()?;
    let (active, mut headers) = request.require_session(&app).await?;
    if !token.contains('\0') {
        sessions::delete_own_session(&app.services.database, &active.user.id, &token).await?;
    }
    if token == active.session.token {
        headers = SessionHeaders::clear(&app, &request.headers);
    }
    Ok(done().with_session(headers))
}

/// End all of the caller's sessions
#[utoipa::path(post, path = "/revoke-sessions", operation_id = "revoke_sessions", tag = "auth",
    responses(
        (status = 200, description = "They have ended", body = inline(Object)),
        (status = 401, description = "Nobody is signed in", body = inline(Object)),
    ))]
async fn revoke_sessions(
    State(app): State<AuthApp>,
    request: AuthRequest,
) -> Result<Reply, AuthError> {
    let (active, _) = request.require_session(&app).await?;
    sessions::delete_sessions(&app.services.database, &active.user.id).await?;
    Ok(done().with_session(SessionHeaders::clear(&app, &request.headers)))
}

/// End all of the caller's sessions but this one
#[utoipa::path(post, path = "/revoke-other-sessions", operation_id = "revoke_other_sessions", tag = "auth",
    responses(
        (status = 200, description = "They have ended", body = inline(Object)),
        (status = 401, description = "Nobody is signed in", body = inline(Object)),
    ))]
async fn revoke_other_sessions(
    State(app): State<AuthApp>,
    request: AuthRequest,
) -> Result<Reply, AuthError> {
    let (active, headers) = request.require_session(&app).await?;
    let (user, kept) = (&active.user.id, &active.session.token);
    let now = app.services.clock.now();
    sessions::delete_other_sessions(&app.services.database, user, kept, now).await?;
    Ok(done().with_session(headers))
}

fn done() -> Reply {
    Reply::json(&serde_json::json!({"status": true}))
}
