//! Changing one's password and one's name (BETTER-AUTH.md 2).

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::AuthApp;
use super::else_not_found;
use super::fields::Fields;
use super::reply::{AuthError, Reply, SessionHeaders};
use super::request::{AuthRequest, is_falsy};
use super::sign_in::password_length;
use crate::database::accounts as stored;
use crate::database::users::{self, UserChange};
use crate::models::session::Session;
use crate::models::user::User;
use crate::services::accounts::{self, OtherSessions, PasswordChange};

pub(super) fn routes() -> OpenApiRouter<AuthApp> {
    OpenApiRouter::new()
        .routes(else_not_found(routes!(change_password)))
        .routes(else_not_found(routes!(update_user)))
        .routes(else_not_found(routes!(list_accounts)))
}

#[derive(Serialize)]
struct ChangedPassword<'a> {
    token: Option<&'a str>,
    user: &'a User,
}

/// Change the caller's password
#[utoipa::path(post, path = "/change-password", operation_id = "change_password", tag = "auth",
    request_body = inline(Object),
    responses(
        (status = 200, description = "`{token, user}`; with `revokeOtherSessions` a new session", body = inline(Object)),
        (status = 400, description = "A field is not valid, or the current password is another", body = inline(Object)),
        (status = 401, description = "Nobody is signed in", body = inline(Object)),
    ))]
async fn change_password(
    State(app): State<AuthApp>,
    mut request: AuthRequest,
) -> Result<Reply, AuthError> {
    let mut fields = Fields::of(request.body.take(), &["object"])?;
    let new = fields.string("newPassword");
    let current = fields.string("currentPassword");
    let revoke = fields.optional_bool("revokeOtherSessions") == Some(true);
    fields.finish()?;
    let (active, headers) = request.require_session(&app).await?;
    let others = if revoke { OtherSessions::Revoke } else { OtherSessions::Keep };
    let user = &active.user;
    match replace_password(&app, &request, user, &current, &new, others).await {
        Ok(None) => Ok(Reply::json(&ChangedPassword { token: None, user }).with_session(headers)),
        Ok(Some(session)) => {
            let token = session.token.as_str();
            let begun = SessionHeaders::begin(&app, token, request.remembered(&app));
            Ok(Reply::json(&ChangedPassword { token: Some(token), user }).with_session(begun))
        }
        Err(refusal) => Err(refusal.with_session(headers)),
    }
}

/// The session that began, where the others were to end.
async fn replace_password(
    app: &AuthApp,
    request: &AuthRequest,
    user: &User,
    current: &str,
    new: &str,
    others: OtherSessions,
) -> Result<Option<Session>, AuthError> {
    accounts::check_new_password(new).map_err(password_length)?;
    accounts::check_password_bound(current).map_err(password_length)?;
    let (issuer, client) = (app.issuer(), request.client());
    match accounts::change_password(issuer, &user.id, current, new, others, client).await? {
        PasswordChange::Changed { new_session } => Ok(new_session),
        PasswordChange::NoPassword => Err(credential_account_not_found()),
        PasswordChange::WrongPassword => Err(invalid_password()),
        PasswordChange::TooMany(too_many) => Err(too_many.into()),
    }
}

/// Change the caller's name or image
#[utoipa::path(post, path = "/update-user", operation_id = "update_user", tag = "auth",
    request_body = inline(Object),
    responses(
        (status = 200, description = "Changed", body = inline(Object)),
        (status = 400, description = "A field is not valid, or there is none", body = inline(Object)),
        (status = 401, description = "Nobody is signed in", body = inline(Object)),
    ))]
async fn update_user(
    State(app): State<AuthApp>,
    mut request: AuthRequest,
) -> Result<Reply, AuthError> {
    let fields = Fields::of(request.body.take(), &["record"])?;
    let (active, headers) = request.require_session(&app).await?;
    let change = match user_change(fields) {
        Ok(change) => change,
        Err(refusal) => return Err(refusal.with_session(headers)),
    };
    let now = app.services.clock.now();
    users::update_user(&app.services.database, &active.user.id, change, now).await?;
    let renewed = SessionHeaders::begin(&app, &active.session.token, request.remembered(&app));
    let reply = Reply::json(&serde_json::json!({"status": true}));
    Ok(reply.with_session(headers).with_session(renewed))
}

fn user_change(mut fields: Fields) -> Result<UserChange, AuthError> {
    if fields.take("email").is_some_and(|email| !is_falsy(&email)) {
        let (status, code) = (StatusCode::BAD_REQUEST, "EMAIL_CAN_NOT_BE_UPDATED");
        return Err(AuthError::new(status, code, "Email can not be updated"));
    }
    let change = UserChange {
        name: fields.take("name").map(|name| plain_text("name", name)).transpose()?,
        image: match fields.take("image") {
            Some(Value::Null) => Some(None),
            Some(image) => Some(Some(plain_text("image", image)?)),
            None => None,
        },
    };
    if change.name.is_none() && change.image.is_none() {
        return Err(AuthError::without_code(StatusCode::BAD_REQUEST, "No fields to update"));
    }
    Ok(change)
}

/// How the caller signs in
#[utoipa::path(get, path = "/list-accounts", operation_id = "list_accounts", tag = "auth",
    responses(
        (status = 200, description = "An array of accounts, without their secrets", body = inline(Vec<Object>)),
        (status = 401, description = "Nobody is signed in", body = inline(Object)),
    ))]
async fn list_accounts(
    State(app): State<AuthApp>,
    request: AuthRequest,
) -> Result<Reply, AuthError> {
    let (active, headers) = request.require_session(&app).await?;
    let listed = stored::list_accounts(&app.services.database, &active.user.id).await?;
    Ok(Reply::json(&listed).with_session(headers))
}

/// Better Auth lets the database driver make a text of anything; here anything else is refused.
fn plain_text(name: &str, value: Value) -> Result<String, AuthError> {
    match value {
        Value::String(text) if !text.contains('\0') => Ok(text),
        _ => Err(AuthError::new(
            StatusCode::BAD_REQUEST,
            "VALIDATION_ERROR",
            format!("[body.{name}] Invalid input: expected string"),
        )),
    }
}

/// Better Auth's answer to a password that is another than the user's.
pub(super) fn invalid_password() -> AuthError {
    AuthError::new(StatusCode::BAD_REQUEST, "INVALID_PASSWORD", "Invalid password")
}

/// Better Auth's answer where a password is asked for and there is none.
pub(super) fn credential_account_not_found() -> AuthError {
    let (status, code) = (StatusCode::BAD_REQUEST, "CREDENTIAL_ACCOUNT_NOT_FOUND");
    AuthError::new(status, code, "Credential account not found")
}
