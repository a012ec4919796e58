//! `/api/auth`: signing in, byte for byte as Better Auth does it (BETTER-AUTH.md).

mod account;
mod app;
pub mod cookies;
mod deletion;
mod email;
mod error_page;
mod fields;
mod limits;
mod link;
mod password_reset;
mod reply;
mod request;
mod session;
mod sign_in;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use utoipa::openapi::{Content, Object, OpenApi, Paths, RefOr, ResponseBuilder, Type};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use super::{AppState, leave_uncompressed};
pub use app::AuthApp;
use limits::Limits;
pub(super) use reply::AuthError;

/// Where the routes are.
const PATH: &str = "/api/auth";

fn routes() -> OpenApiRouter<AuthApp> {
    OpenApiRouter::new()
        .routes(else_not_found(routes!(ok)))
        .merge(sign_in::routes())
        .merge(session::routes())
        .merge(token::routes())
        .merge(account::routes())
        .merge(email::routes())
        .merge(password_reset::routes())
        .merge(deletion::routes())
        .merge(error_page::routes())
}

/// A route that has other methods answered as if it were none. (axum's fallback for that says `Allow`, which Better
/// Auth does not.)
fn else_not_found(
    (schemas, paths, methods): UtoipaMethodRouter<AuthApp>,
) -> UtoipaMethodRouter<AuthApp> {
    (schemas, paths, methods.merge(any(not_found)))
}

/// The routes. Whatever is not a route, also a wrong method, is an empty 404.
pub fn router(app: AuthApp) -> Router<AppState> {
    let (router, document) = routes().split_for_parts();
    let limits = Limits::new(app.clone(), document.paths.paths.into_keys());
    let router = router
        // Routes of their own, so that no task route with a path like them is found instead.
        .route("/", any(not_found))
        .route("/{*path}", any(not_found))
        .layer(middleware::from_fn(refuse_head))
        .with_state(app);
    Router::new()
        .nest(PATH, router)
        .route(&format!("{PATH}/"), any(not_found)) // which nesting leaves out
        // Tokens are not compressed together with what somebody else has chosen: lengths would tell.
        .layer(middleware::map_response(leave_uncompressed))
        .layer(middleware::from_fn_with_state(Arc::new(limits), limits::limit))
}

/// The documentation of the routes, under their full paths.
pub fn documentation() -> OpenApi {
    let mut document = OpenApiRouter::new().nest(PATH, routes()).into_openapi();
    limits::document(&mut document.paths);
    document_refusals(&mut document.paths);
    document
}

/// Adds what a POST may hear before its handler runs, except where that has something to say of its own.
fn document_refusals(paths: &mut Paths) {
    let refusals = [
        ("400", "The body does not read"),
        ("403", "The page that it comes from, or one that it leads to, is not trusted"),
        ("415", "The body is of another media type"),
    ];
    let object = Content::new(Some(Object::with_type(Type::Object)));
    let operations = paths.paths.iter_mut().filter(|(path, _)| !path.ends_with("/get-session"));
    for operation in operations.filter_map(|(_, item)| item.post.as_mut()) {
        for (status, description) in refusals {
            let refusal = ResponseBuilder::new().description(description);
            let refusal = refusal.content("application/json", object.clone()).build();
            let documented = &mut operation.responses.responses;
            documented.entry(status.to_owned()).or_insert(RefOr::T(refusal));
        }
    }
}

/// What Better Auth answers where it has no route.
async fn not_found() -> StatusCode {
    StatusCode::NOT_FOUND
}

/// Better Auth has no HEAD, which axum answers wherever there is a GET.
async fn refuse_head(request: Request, next: Next) -> Response {
    if request.method() == Method::HEAD {
        return StatusCode::NOT_FOUND.into_response();
    }
    next.run(request).await
}

/// Whether the routes are there
#[utoipa::path(get, path = "/ok", operation_id = "auth_ok", tag = "auth", security(()),
    responses((status = 200, description = "They are", body = inline(Object))))]
async fn ok() -> reply::Reply {
    reply::Reply::json(&serde_json::json!({"ok": true}))
}
