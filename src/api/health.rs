//! `/healthz` and `/readyz`: for load balancers and process managers.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::schemas::{HealthDocument, ProblemDocument};
use crate::error::{DatabaseError, Error};

/// The routes, with their documentation.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// Whether the process lives
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "health", security(()),
    responses((status = 200, description = "It does", body = HealthDocument)))]
async fn healthz() -> Response {
    Json(Health { status: "ok" }).into_response()
}

/// Whether it can work: the database answers, and it is not about to stop
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "health", security(()),
    responses(
        (status = 200, description = "It can", body = HealthDocument),
        (status = 503, description = "It cannot", body = ProblemDocument, content_type = "application/problem+json"),
    ))]
async fn readyz(State(app): State<AppState>) -> Result<Response, Error> {
    if app.is_draining() {
        return Err(DatabaseError::Unavailable("the server is stopping".to_owned()).into());
    }
    app.services.database.ping().await?;
    Ok(Json(Health { status: "ready" }).into_response())
}
