//! JWTs, and the keys that verify them (BETTER-AUTH.md 1.6).

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::AuthApp;
use super::else_not_found;
use super::reply::{AuthError, Reply};
use super::request::AuthRequest;

pub(super) fn routes() -> OpenApiRouter<AuthApp> {
    OpenApiRouter::new()
        .routes(else_not_found(routes!(token)))
        .routes(else_not_found(routes!(jwks)))
}

/// A JWT for the caller
#[utoipa::path(get, path = "/token", operation_id = "get_token", tag = "auth",
    responses(
        (status = 200, description = "`{token}`, valid for fifteen minutes", body = inline(Object)),
        (status = 401, description = "Nobody is signed in", body = inline(Object)),
    ))]
async fn token(State(app): State<AuthApp>, request: AuthRequest) -> Result<Reply, AuthError> {
    let (active, headers) = request.require_session(&app).await?;
    let issuer = app.issuer();
    let token = issuer.tokens.issue(&active.user, issuer.clock.now()).await?;
    Ok(Reply::json(&serde_json::json!({"token": token})).with_session(headers))
}

/// The public keys
#[utoipa::path(get, path = "/jwks", operation_id = "get_jwks", tag = "auth", security(()),
    responses((status = 200, description = "A JSON Web Key Set (RFC 7517)", body = inline(Object))))]
async fn jwks(State(app): State<AuthApp>) -> Result<Reply, AuthError> {
    let issuer = app.issuer();
    let keys = issuer.tokens.published(issuer.clock.now()).await?;
    Ok(Reply::json(&serde_json::json!({"keys": keys})))
}
