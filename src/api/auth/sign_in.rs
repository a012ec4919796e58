//! Signing up, in and out (BETTER-AUTH.md 1.2).

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::AuthApp;
use super::cookies;
use super::else_not_found;
use super::fields::Fields;
use super::reply::{AuthError, Reply, SessionHeaders};
use super::request::AuthRequest;
use crate::database::sessions;
use crate::models::email::Email;
use crate::models::redirect;
use crate::models::user::User;
use crate::services::accounts::{self, PasswordLength, SignIn, SignUp, SignedIn};
use crate::services::sessions::Remember;

pub(super) fn routes() -> OpenApiRouter<AuthApp> {
    OpenApiRouter::new()
        .routes(else_not_found(routes!(sign_up)))
        .routes(else_not_found(routes!(sign_in)))
        .routes(else_not_found(routes!(sign_out)))
}

#[derive(Serialize)]
struct SignUpBody<'a> {
    token: &'a str,
    user: &'a User,
}

/// Sign up
#[utoipa::path(post, path = "/sign-up/email", operation_id = "sign_up_email", tag = "auth", security(()),
    request_body = inline(Object),
    responses(
        (status = 200, description = "`{token, user}`, and the session cookie", body = inline(Object)),
        (status = 400, description = "A field is not valid", body = inline(Object)),
        (status = 422, description = "The e-mail address is taken", body = inline(Object)),
    ))]
async fn sign_up(State(app): State<AuthApp>, mut request: AuthRequest) -> Result<Reply, AuthError> {
    let mut fields = Fields::of(request.body.take(), &["object", "record"])?;
    let name = fields.string("name");
    let email = fields.email("email");
    let password = fields.string("password");
    if password.is_empty() && fields.accepts("password") {
        fields.refuse("password", "Too small: expected string to have >=1 characters");
    }
    let image = fields.optional_string("image");
    let _ = fields.optional_string("callbackURL");
    let remember = remember(fields.optional_bool("rememberMe"));
    fields.finish()?;
    let email = email.ok_or_else(invalid_email)?; // refused already
    request.check_sign_in_origin(&app)?;
    accounts::check_new_password(&password).map_err(password_length)?;
    if name.contains('\0') || image.as_ref().is_some_and(|image| image.contains('\0')) {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(AuthError::new(status, "FAILED_TO_CREATE_USER", "Failed to create user"));
    }
    let sign_up = SignUp {
        name: &name,
        email,
        password: &password,
        image,
        remember,
        client: request.client(),
    };
    let Some(SignedIn { user, session }) = accounts::sign_up(app.issuer(), sign_up).await? else {
        return Err(AuthError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
            "User already exists. Use another email.",
        ));
    };
    Ok(Reply::json(&SignUpBody { token: &session.token, user: &user }).with_session(begin(
        &app,
        &request,
        &session.token,
        remember,
    )))
}

#[derive(Serialize)]
struct SignInBody<'a> {
    redirect: bool,
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    user: &'a User,
}

/// Sign in
#[utoipa::path(post, path = "/sign-in/email", operation_id = "sign_in_email", tag = "auth", security(()),
    request_body = inline(Object),
    responses(
        (status = 200, description = "`{redirect, token, user}`, and the session cookie", body = inline(Object)),
        (status = 401, description = "E-mail address and password do not belong together", body = inline(Object)),
    ))]
async fn sign_in(State(app): State<AuthApp>, mut request: AuthRequest) -> Result<Reply, AuthError> {
    let mut fields = Fields::of(request.body.take(), &["object"])?;
    let email = fields.string("email");
    let password = fields.string("password");
    let callback = fields.optional_string("callbackURL");
    let remember = remember(fields.optional_bool("rememberMe"));
    fields.finish()?;
    request.check_sign_in_origin(&app)?;
    let email = Email::parse(&email).ok_or_else(invalid_email)?;
    accounts::check_password_bound(&password).map_err(password_length)?;
    let client = request.client();
    let signed_in = accounts::sign_in(app.issuer(), &email, &password, remember, client).await?;
    let SignedIn { user, session } = match signed_in {
        SignIn::SignedIn(signed_in) => *signed_in,
        SignIn::Wrong => return Err(wrong_credentials()),
        SignIn::TooMany(too_many) => return Err(too_many.into()),
    };
    let target = callback.as_deref().filter(|callback| !callback.is_empty());
    let body = SignInBody {
        redirect: target.is_some(),
        token: &session.token,
        url: callback.as_deref(),
        user: &user,
    };
    let reply = Reply::json(&body).with_session(begin(&app, &request, &session.token, remember));
    Ok(match target.map(|target| HeaderValue::from_str(&redirect::location(target))) {
        Some(Ok(location)) => reply.with_header(header::LOCATION, location),
        _ => reply,
    })
}

/// Sign out
#[utoipa::path(post, path = "/sign-out", operation_id = "sign_out", tag = "auth", security(()),
    responses((status = 200, description = "The session, if there was one, has ended", body = inline(Object))))]
async fn sign_out(
    State(app): State<AuthApp>,
    mut request: AuthRequest,
) -> Result<Reply, AuthError> {
    if request.body.is_some() {
        let mut fields = Fields::of(request.body.take(), &["object"])?;
        let _ = fields.optional_string("callbackURL");
        let _ = fields.optional_bool("disableRedirect");
        let _ = fields.optional_string("state");
        fields.finish()?;
    }
    if let Some(token) = request.presented_token(&app).filter(|token| !token.contains('\0')) {
        sessions::delete_session(&app.services.database, &token).await?;
    }
    Ok(Reply::json(&serde_json::json!({"success": true}))
        .with_session(SessionHeaders::clear(&app, &request.headers)))
}

fn begin(app: &AuthApp, request: &AuthRequest, token: &str, remember: Remember) -> SessionHeaders {
    let mut headers = SessionHeaders::begin(app, token, remember);
    if remember == Remember::Yes && request.says_dont_remember(app) {
        headers.push_cookie(cookies::forget_dont_remember(app));
    }
    headers
}

fn remember(remember_me: Option<bool>) -> Remember {
    if remember_me == Some(false) { Remember::No } else { Remember::Yes }
}

fn wrong_credentials() -> AuthError {
    let code = "INVALID_EMAIL_OR_PASSWORD";
    AuthError::new(StatusCode::UNAUTHORIZED, code, "Invalid email or password")
}

fn invalid_email() -> AuthError {
    AuthError::new(StatusCode::BAD_REQUEST, "INVALID_EMAIL", "Invalid email")
}

pub(super) fn password_length(length: PasswordLength) -> AuthError {
    let (code, message) = match length {
        PasswordLength::TooShort => ("PASSWORD_TOO_SHORT", "Password too short"),
        PasswordLength::TooLong => ("PASSWORD_TOO_LONG", "Password too long"),
    };
    AuthError::new(StatusCode::BAD_REQUEST, code, message)
}
