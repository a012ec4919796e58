//! The OpenAPI document, made from the handlers, and the pages that show it.

use axum::Router;
use axum::http::header;
use axum::response::Redirect;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::auth::cookies::SESSION_COOKIE;
use super::{AppState, auth, health, task_list, tasks};

#[derive(OpenApi)]
#[openapi(
    info(title = "duly", description = "The backend of a to-do application."),
    tags(
        (name = "tasks", description = "A person's tasks"),
        (name = "auth", description = "Signing in, as Better Auth does it"),
        (name = "health", description = "For load balancers and process managers"),
    ),
    security(("token" = []), ("cookie" = [])),
)]
struct Document;

/// Every documented route outside of `/api/auth`, with its documentation.
pub fn routes() -> OpenApiRouter<AppState> {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    components
        .add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    let cookie = ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE));
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    OpenApiRouter::with_openapi(document)
        .merge(task_list::routes())
        .merge(tasks::routes())
        .merge(health::routes())
}

/// The OpenAPI 3.1 document as text, as it is committed.
pub fn document() -> String {
    with_auth(routes().into_openapi())
}

fn with_auth(mut document: utoipa::openapi::OpenApi) -> String {
    document.merge(auth::documentation());
    let mut text = document.to_pretty_json().expect("an OpenAPI document has only texts for keys");
    text.push('\n');
    text
}

/// `/openapi.json`, and Swagger UI under `/docs`, from the binary.
pub fn router(document: utoipa::openapi::OpenApi) -> Router<AppState> {
    let document = with_auth(document);
    Router::new()
        .route(
            "/openapi.json",
            get(async move || ([(header::CONTENT_TYPE, "application/json")], document)),
        )
        // Until there is a page of our own, the documentation is what a visitor looks for.
        .route("/", get(async || Redirect::temporary("/docs/")))
        .merge(SwaggerUi::new("/docs").config(Config::from("/openapi.json")))
}
