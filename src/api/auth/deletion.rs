//! Deleting oneself, with everything that is kept (BETTER-AUTH.md 5.8).

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::account::{credential_account_not_found, invalid_password};
use super::app::AuthApp;
use super::else_not_found;
use super::fields::Fields;
use super::link::Link;
use super::reply::{AuthError, Reply, SessionHeaders};
use super::request::{AuthRequest, Caller};
use super::sign_in::password_length;
use crate::database::users;
use crate::models::client_address::ClientAddress;
use crate::models::user::UserId;
use crate::services::accounts::{self, PasswordCheck};
use crate::services::random;

pub(super) fn routes() -> OpenApiRouter<AuthApp> {
    OpenApiRouter::new()
        .routes(else_not_found(routes!(delete_user)))
        .routes(else_not_found(routes!(open_deletion_link)))
}

/// Delete the caller: their tasks, sessions and accounts go in one batch
#[utoipa::path(post, path = "/delete-user", operation_id = "delete_user", tag = "auth",
    request_body = inline(Object),
    responses(
        (status = 200, description = "They are deleted", body = inline(Object)),
        (status = 400, description = "A field is not valid, the password is another, or the caller signed in more than a day ago and sent none", body = inline(Object)),
        (status = 401, description = "Nobody is signed in", body = inline(Object)),
        (status = 404, description = "The token is not good", body = inline(Object)),
    ))]
async fn delete_user(
    State(app): State<AuthApp>,
    mut request: AuthRequest,
) -> Result<Reply, AuthError> {
    let mut fields = Fields::of(request.body.take(), &["object"])?;
    let _ = fields.optional_string("callbackURL");
    let password = fields.optional_string("password").filter(|password| !password.is_empty());
    let token = fields.optional_string("token").filter(|token| !token.is_empty());
    fields.finish()?;
    let (active, headers) = request.require_session(&app).await?;
    let user = &active.user.id;
    if let Some(password) = &password
        && let Err(refusal) = check_password(&app, user, password, request.address).await
    {
        return Err(refusal.with_session(headers));
    }
    if let Some(token) = token {
        if let Err(refusal) = delete_with_token(&app, user, &token).await {
            return Err(refusal.with_session(headers));
        }
    } else {
        if password.is_none() && !active.session.is_fresh(app.services.clock.now()) {
            let message = "Session expired. Re-authenticate to perform this action.";
            let stale = AuthError::new(StatusCode::BAD_REQUEST, "SESSION_EXPIRED", message);
            return Err(stale.with_session(headers));
        }
        users::delete_user(&app.services.database, user).await?;
    }
    Ok(Reply::json(&deleted()).with_session(SessionHeaders::clear(&app, &request.headers)))
}

/// Open the link that deletes the caller, as another server on the same database sends it
#[utoipa::path(get, path = "/delete-user/callback", operation_id = "open_deletion_link", tag = "auth", security(()),
    params(
        ("token" = String, Query, description = "From the e-mail"),
        ("callbackURL" = Option<String>, Query, description = "Where to go then"),
    ),
    responses(
        (status = 200, description = "They are deleted", body = inline(Object)),
        (status = 302, description = "They are deleted; to the callback"),
        (status = 400, description = "A parameter is not valid", body = inline(Object)),
        (status = 403, description = "The callback is not trusted", body = inline(Object)),
        (status = 404, description = "Nobody is signed in, or the token is not good", body = inline(Object)),
    ))]
async fn open_deletion_link(
    State(app): State<AuthApp>,
    request: AuthRequest,
) -> Result<Reply, AuthError> {
    let link = Link::opened(&app, &request)?;
    let (caller, headers) = request.caller_with_headers(&app).await?;
    let Caller::SignedIn(active) = caller else {
        let (status, code) = (StatusCode::NOT_FOUND, "FAILED_TO_GET_USER_INFO");
        return Err(AuthError::new(status, code, "Failed to get user info").with_session(headers));
    };
    if let Err(refusal) = delete_with_token(&app, &active.user.id, &link.token).await {
        return Err(refusal.with_session(headers));
    }
    Ok(link.done(&deleted()).with_session(SessionHeaders::clear(&app, &request.headers)))
}

fn deleted() -> Value {
    json!({"success": true, "message": "User deleted"})
}

async fn check_password(
    app: &AuthApp,
    user: &UserId,
    password: &str,
    address: ClientAddress,
) -> Result<(), AuthError> {
    accounts::check_password_bound(password).map_err(password_length)?;
    match accounts::check_own_password(app.issuer(), user, password, address).await? {
        PasswordCheck::Correct => Ok(()),
        PasswordCheck::NoPassword => Err(credential_account_not_found()),
        PasswordCheck::TooMany(too_many) => Err(too_many.into()),
        PasswordCheck::Wrong => Err(invalid_password()),
    }
}

async fn delete_with_token(app: &AuthApp, user: &UserId, token: &str) -> Result<(), AuthError> {
    let identifier = format!("delete-account-{token}");
    let (database, now) = (&app.services.database, app.services.clock.now());
    let deleted = !token.contains('\0')
        && users::delete_user_with_token(database, user, &identifier, &random::id(), now).await?;
    if deleted {
        return Ok(());
    }
    Err(AuthError::new(StatusCode::NOT_FOUND, "INVALID_TOKEN", "Invalid token"))
}
