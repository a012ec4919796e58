//! Verifying one's address, and changing it (BETTER-AUTH.md 5.8).

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::AuthApp;
use super::else_not_found;
use super::fields::Fields;
use super::link::Link;
use super::reply::{AuthError, Reply, SessionHeaders};
use super::request::{AuthRequest, Caller};
use crate::models::redirect;
use crate::services::email_changes::{self, EmailChange, LinkRefused};
use crate::services::email_tokens::{EmailClaims, EmailTokenError};
use crate::services::mail::letters::Letter;

pub(super) fn routes() -> OpenApiRouter<AuthApp> {
    OpenApiRouter::new()
        .routes(else_not_found(routes!(send_verification_email)))
        .routes(else_not_found(routes!(verify_email)))
        .routes(else_not_found(routes!(change_email)))
}

/// Have the link sent that verifies an address
#[utoipa::path(post, path = "/send-verification-email", operation_id = "send_verification_email", tag = "auth",
    security(()), request_body = inline(Object),
    responses(
        (status = 200, description = "For nobody signed in: the same whether anybody has the address", body = inline(Object)),
        (status = 400, description = "A field is not valid; the caller has another address, or a verified one", body = inline(Object)),
    ))]
async fn send_verification_email(
    State(app): State<AuthApp>,
    mut request: AuthRequest,
) -> Result<Reply, AuthError> {
    let mut fields = Fields::of(request.body.take(), &["object"])?;
    let email = fields.email("email");
    let callback = fields.optional_string("callbackURL").unwrap_or_default();
    fields.finish()?;
    let (caller, headers) = request.caller_with_headers(&app).await?;
    let email = email.map(|email| email.into_string()).unwrap_or_default(); // refused already
    if let Caller::SignedIn(active) = caller {
        let refusal = if active.user.email.to_lowercase() != email {
            Some(("EMAIL_MISMATCH", "Email mismatch"))
        } else if active.user.email_verified {
            Some(("EMAIL_ALREADY_VERIFIED", "Email is already verified"))
        } else {
            None
        };
        if let Some((code, message)) = refusal {
            let refusal = AuthError::new(StatusCode::BAD_REQUEST, code, message);
            return Err(refusal.with_session(headers));
        }
    }
    app.issuer().outbox.reserve()?.post(Letter::Verification { email, callback });
    Ok(Reply::json(&json!({"status": true})).with_session(headers))
}

/// Open the link that verifies an address, or changes it
#[utoipa::path(get, path = "/verify-email", operation_id = "verify_email", tag = "auth", security(()),
    params(
        ("token" = String, Query, description = "From the e-mail"),
        ("callbackURL" = Option<String>, Query, description = "Where to go then"),
    ),
    responses(
        (status = 200, description = "`{status, user}`", body = inline(Object)),
        (status = 302, description = "To the callback, with `error` where it was refused"),
        (status = 400, description = "A parameter is not valid", body = inline(Object)),
        (status = 401, description = "The token is not good", body = inline(Object)),
        (status = 403, description = "The callback is not trusted", body = inline(Object)),
    ))]
async fn verify_email(
    State(app): State<AuthApp>,
    request: AuthRequest,
) -> Result<Reply, AuthError> {
    let link = Link::opened(&app, &request)?;
    let issuer = app.issuer();
    let claims = match issuer.email_tokens.verify(&link.token, issuer.clock.now()) {
        Ok(claims) => claims,
        Err(EmailTokenError::Expired) => return refuse(LinkRefused::TokenExpired, &link),
        Err(EmailTokenError::Invalid) => return refuse(LinkRefused::InvalidToken, &link),
    };
    if claims.change.is_some() {
        return change_by_link(&app, &request, claims, &link).await;
    }
    match email_changes::verify(issuer, &claims).await? {
        Ok(()) => Ok(link.done(&json!({"status": true, "user": null}))),
        Err(refused) => refuse(refused, &link),
    }
}

async fn change_by_link(
    app: &AuthApp,
    request: &AuthRequest,
    claims: EmailClaims,
    link: &Link,
) -> Result<Reply, AuthError> {
    let user = match email_changes::find_user(app.issuer(), &claims).await? {
        Ok(user) => user,
        Err(refused) => return refuse(refused, link),
    };
    let (caller, mut headers) = request.caller_with_headers(app).await?;
    let own_session = match caller {
        Caller::SignedIn(active) if active.user.id != user.id => {
            return refuse_with(LinkRefused::InvalidUser, link, headers);
        }
        Caller::SignedIn(active) => Some(active.session.token),
        Caller::Nobody | Caller::Gone => None,
    };
    let change = email_changes::go_on(app.issuer(), user, claims, link.callback.clone()).await?;
    let body = match change {
        Ok(EmailChange::Asked) => json!({"status": true}),
        Ok(EmailChange::Changed(user)) => {
            if let Some(token) = own_session {
                headers.extend(SessionHeaders::begin(app, &token, request.remembered(app)));
            }
            json!({"status": true, "user": user})
        }
        Err(refused) => return refuse_with(refused, link, headers),
    };
    Ok(link.done(&body).with_session(headers))
}

/// Ask for another address
#[utoipa::path(post, path = "/change-email", operation_id = "change_email", tag = "auth",
    request_body = inline(Object),
    responses(
        (status = 200, description = "The same whether anybody has the address or not", body = inline(Object)),
        (status = 400, description = "A field is not valid, or it is the address that the caller has", body = inline(Object)),
        (status = 401, description = "Nobody is signed in", body = inline(Object)),
    ))]
async fn change_email(
    State(app): State<AuthApp>,
    mut request: AuthRequest,
) -> Result<Reply, AuthError> {
    let mut fields = Fields::of(request.body.take(), &["object"])?;
    let new = fields.email("newEmail");
    let callback = fields.optional_string("callbackURL").unwrap_or_default();
    fields.finish()?;
    let (active, headers) = request.require_session(&app).await?;
    let new = new.map(|new| new.into_string()).unwrap_or_default(); // refused already
    if new == active.user.email {
        let same = AuthError::without_code(StatusCode::BAD_REQUEST, "Email is the same");
        return Err(same.with_session(headers));
    }
    email_changes::begin(app.issuer(), &active.user, new, callback).await?;
    Ok(Reply::json(&json!({"status": true})).with_session(headers))
}

fn refuse(refused: LinkRefused, link: &Link) -> Result<Reply, AuthError> {
    refuse_with(refused, link, SessionHeaders::default())
}

/// Says so to the page that the link named, or to whoever opened it.
fn refuse_with(
    refused: LinkRefused,
    link: &Link,
    headers: SessionHeaders,
) -> Result<Reply, AuthError> {
    let (code, message) = match refused {
        LinkRefused::TokenExpired => ("TOKEN_EXPIRED", "Token expired"),
        LinkRefused::InvalidToken => ("INVALID_TOKEN", "Invalid token"),
        LinkRefused::UserNotFound => ("USER_NOT_FOUND", "User not found"),
        LinkRefused::InvalidUser => ("INVALID_USER", "Invalid user"),
        LinkRefused::EmailTaken => {
            ("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email.")
        }
    };
    let target = Some(link.callback.as_str()).filter(|callback| !callback.is_empty());
    match target.and_then(|target| redirect::with_error(target, code)) {
        Some(target) => Ok(Reply::redirect(&target).with_session(headers)),
        None => Err(AuthError::new(StatusCode::UNAUTHORIZED, code, message).with_session(headers)),
    }
}
