//! The OpenAPI document, made from the handlers, and the pages that show it.

use axum::Router;
use axum::http::header;
use axum::middleware;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::auth::cookies::SESSION_COOKIE;
use super::{AppState, auth, health, leave_uncompressed, task_list, tasks};

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

/// The OpenAPI 3.1 document as text, as it is committed: with the auth routes.
pub fn document() -> String {
    to_text(with_auth(routes().into_openapi()))
}

fn with_auth(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    document.merge(auth::documentation());
    document
}

/// Where somebody else signs people in there are no auth routes, and there is no cookie of ours.
fn without_cookie(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    if let Some(components) = &mut document.components {
        components.security_schemes.remove("cookie");
    }
    if let Some(tags) = &mut document.tags {
        tags.retain(|tag| tag.name != "auth");
    }
    document.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
    document
}

fn to_text(document: utoipa::openapi::OpenApi) -> String {
    let mut text = document.to_pretty_json().expect("an OpenAPI document has only texts for keys");
    text.push('\n');
    text
}

/// `/openapi.json`, and Swagger UI under `/docs`, from the binary.
pub fn router(app: &AppState, document: utoipa::openapi::OpenApi) -> Router<AppState> {
    let signs_in = app.services.issuer.is_some();
    let document = to_text(if signs_in { with_auth(document) } else { without_cookie(document) });
    // Megabytes that anybody may ask for: compressing them anew each time would be more work than all else that there is.
    let pages = Router::from(SwaggerUi::new("/docs").config(Config::from("/openapi.json")))
        .layer(middleware::map_response(leave_uncompressed));
    Router::new()
        .route(
            "/openapi.json",
            get(async move || ([(header::CONTENT_TYPE, "application/json")], document)),
        )
        .merge(pages)
}
