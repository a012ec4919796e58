//! A new password by e-mail (BETTER-AUTH.md 5.8).

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::AuthApp;
use super::else_not_found;
use super::fields::Fields;
use super::reply::{AuthError, Reply};
use super::request::AuthRequest;
use super::sign_in::password_length;
use crate::models::redirect;
use crate::services::accounts;
use crate::services::password_reset::{self, Reset};

pub(super) fn routes() -> OpenApiRouter<AuthApp> {
    OpenApiRouter::new()
        .routes(else_not_found(routes!(request_password_reset)))
        .routes(else_not_found(routes!(open_reset_link)))
        .routes(else_not_found(routes!(reset_password)))
}

/// Have the link to a new password sent
#[utoipa::path(post, path = "/request-password-reset", operation_id = "request_password_reset", tag = "auth",
    security(()), request_body = inline(Object),
    responses(
        (status = 200, description = "The same whether anybody has the address or not", body = inline(Object)),
        (status = 400, description = "A field is not valid", body = inline(Object)),
    ))]
async fn request_password_reset(
    State(app): State<AuthApp>,
    mut request: AuthRequest,
) -> Result<Reply, AuthError> {
    let mut fields = Fields::of(request.body.take(), &["object"])?;
    let email = fields.email("email");
    let redirect_to = fields.optional_string("redirectTo");
    fields.finish()?;
    if let Some(email) = email {
        password_reset::request(app.issuer(), email, redirect_to.unwrap_or_default())?;
    }
    Ok(Reply::json(&serde_json::json!({
        "status": true,
        "message": "If this email exists in our system, check your email for the reset link",
    })))
}

/// Open the link to a new password
#[utoipa::path(get, path = "/reset-password/{token}", operation_id = "open_reset_link", tag = "auth", security(()),
    params(
        ("token" = String, Path, description = "From the e-mail"),
        ("callbackURL" = String, Query, description = "The page that asks for the new password"),
    ),
    responses(
        (status = 302, description = "To that page, with `token`, or with `error`"),
        (status = 400, description = "A parameter is not valid", body = inline(Object)),
        (status = 403, description = "The page is not trusted", body = inline(Object)),
    ))]
async fn open_reset_link(
    State(app): State<AuthApp>,
    request: AuthRequest,
) -> Result<Reply, AuthError> {
    let mut fields = Fields::of_query(&request.query);
    let callback = fields.string("callbackURL");
    fields.finish()?;
    request.check_callback(&app, &callback)?;
    // As it was sent: the token is letters and digits, and nothing else is one.
    let token = request.path.rsplit('/').next().unwrap_or_default();
    let is_good = password_reset::is_good(app.issuer(), token).await?;
    let error_page = format!("{}/error", app.issuer().auth_url);
    let (target, name, value) = match (callback.as_str(), is_good) {
        ("", _) => (error_page.as_str(), "error", "INVALID_TOKEN"),
        (callback, true) => (callback, "token", token),
        (callback, false) => (callback, "error", "INVALID_TOKEN"),
    };
    let target = redirect::with_parameter_set(&app.issuer().auth_url, target, name, value);
    Ok(Reply::redirect(target.as_deref().unwrap_or(&error_page)))
}

/// Set a new password
#[utoipa::path(post, path = "/reset-password", operation_id = "reset_password", tag = "auth", security(()),
    request_body = inline(Object),
    responses(
        (status = 200, description = "It is set, and every session of the user has ended", body = inline(Object)),
        (status = 400, description = "A field is not valid, or the token is not good", body = inline(Object)),
    ))]
async fn reset_password(
    State(app): State<AuthApp>,
    mut request: AuthRequest,
) -> Result<Reply, AuthError> {
    let mut fields = Fields::of(request.body.take(), &["object"])?;
    let new = fields.string("newPassword");
    let from_body = fields.optional_string("token");
    fields.finish()?;
    let mut query = Fields::of_query(&request.query);
    let from_query = query.optional_string("token");
    query.finish()?;
    let sent = [from_body, from_query].into_iter().flatten().find(|token| !token.is_empty());
    let token = sent.ok_or_else(invalid_token)?;
    accounts::check_new_password(&new).map_err(password_length)?;
    match password_reset::reset(app.issuer(), &token, &new, request.address).await? {
        Reset::Done => Ok(Reply::json(&serde_json::json!({"status": true}))),
        Reset::InvalidToken => Err(invalid_token()),
        Reset::UserNotFound => {
            Err(AuthError::new(StatusCode::BAD_REQUEST, "USER_NOT_FOUND", "User not found"))
        }
    }
}

fn invalid_token() -> AuthError {
    AuthError::new(StatusCode::BAD_REQUEST, "INVALID_TOKEN", "Invalid token")
}
