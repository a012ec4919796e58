//! `/api/{user_id}/tasks`: a person's tasks (API.md, "Tasks").

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Map;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::caller::{Owner, TaskId};
use super::conditions::{ReadCondition, WriteCondition};
use super::idempotency::{Repeatable, Running, answer_before};
use super::json::{AcceptsJson, JsonObject, MergePatch, OptionalJsonObject};
use super::schemas::{CompletionDocument, ProblemDocument, TaskDocument, TaskInputDocument};
use super::task_answers::{answer, created, not_modified};
use super::{App, AppState};
use crate::database::tasks::{self, Completion, Delete, Insert, Precondition, Put, Update};
use crate::error::Error;
use crate::models::task::new_task_id;
use crate::models::task_fields::{CompleteRequest, IdField, TaskCreate, TaskFields};
use crate::models::user::UserId;

/// The routes, with their documentation.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create_task))
        .routes(routes!(get_task, put_task, update_task, delete_task))
        .routes(routes!(complete_task))
}

/// Create a task
#[utoipa::path(
    post,
    path = "/api/{user_id}/tasks",
    operation_id = "create_task",
    tag = "tasks",
    params(
        ("user_id" = String, Path, description = "The caller's id, or `me`"),
        ("Idempotency-Key" = Option<String>, Header, pattern = r#"^"([ !#-\[\]-~]|\\["\\])+"$"#, max_length = 257, description = "A name for this write, in quotes: asked for again, it happens once"),
    ),
    request_body = TaskInputDocument,
    responses(
        (status = "default", description = "A problem", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 201, description = "The task", body = TaskDocument, headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "The id is taken, or the owner has as many tasks as they may", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field is not valid", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
async fn create_task(
    Owner(owner): Owner,
    _: AcceptsJson,
    repeatable: Repeatable,
    State(app): State<AppState>,
    JsonObject(body): JsonObject,
) -> Result<Response, Error> {
    let running = repeatable.begin(&app, &owner, &body)?;
    let task = TaskCreate::parse(body, IdField::ClientChosen).map_err(Error::InvalidFields)?;
    let id = task.id.unwrap_or_else(|| new_task_id(app.services.clock.now()));
    let (database, max) = (&app.services.database, app.max_tasks_per_user);
    match tasks::insert_task(database, &owner, id, &task, running.attempt(), max).await? {
        Insert::Created(task) => Ok(created(&task)),
        Insert::Before(before) => answer_before(before),
        Insert::IdTaken => Err(Error::IdTaken),
        Insert::QuotaExceeded => Err(Error::QuotaExceeded(max)),
    }
}

/// Get a task
#[utoipa::path(
    get,
    path = "/api/{user_id}/tasks/{id}",
    operation_id = "get_task",
    tag = "tasks",
    params(
        ("user_id" = String, Path, description = "The caller's id, or `me`"),
        ("id" = Uuid, Path),
        ("If-None-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, (W/)?"[!#-~]*"){0,15})$"#, description = "An `ETag` that the caller has"),
    ),
    responses(
        (status = "default", description = "A problem", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 200, description = "The task", body = TaskDocument, headers(("ETag" = String))),
        (status = 304, description = "The caller has it"),
        (status = 404, description = "The caller has no such task", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
async fn get_task(
    Owner(owner): Owner,
    _: AcceptsJson,
    TaskId(id): TaskId,
    condition: ReadCondition,
    State(app): State<AppState>,
) -> Result<Response, Error> {
    let found = tasks::find_task(&app.services.database, &owner, id).await?;
    let task = found.ok_or(Error::NotFound)?;
    if condition.is_met_by(task.version) {
        return Ok(not_modified(task.version));
    }
    Ok(answer(StatusCode::OK, &task))
}

/// Put a task
///
/// Makes the task where the id is new, else changes the fields that are sent; a field that is not sent keeps
/// its value.
#[utoipa::path(
    put,
    path = "/api/{user_id}/tasks/{id}",
    operation_id = "put_task",
    tag = "tasks",
    params(
        ("user_id" = String, Path, description = "The caller's id, or `me`"),
        ("id" = Uuid, Path),
        ("If-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, (W/)?"[!#-~]*"){0,15})$"#, description = "Only if the task has this `ETag`; `*`: only if it exists"),
        ("If-None-Match" = Option<String>, Header, pattern = r#"^\*$"#, description = "`*`: only if it does not exist"),
        ("Idempotency-Key" = Option<String>, Header, pattern = r#"^"([ !#-\[\]-~]|\\["\\])+"$"#, max_length = 257, description = "A name for this write, in quotes: asked for again, it happens once"),
    ),
    request_body = TaskInputDocument,
    responses(
        (status = "default", description = "A problem", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 200, description = "The task was there, and was changed", body = TaskDocument, headers(("ETag" = String))),
        (status = 201, description = "The task is new", body = TaskDocument, headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "The owner has as many tasks as they may", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "The task is in another state; `current` holds it", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field is not valid", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
async fn put_task(
    Owner(owner): Owner,
    _: AcceptsJson,
    TaskId(id): TaskId,
    WriteCondition(condition): WriteCondition,
    repeatable: Repeatable,
    State(app): State<AppState>,
    JsonObject(body): JsonObject,
) -> Result<Response, Error> {
    let running = repeatable.begin(&app, &owner, &body)?;
    let fields = TaskFields::parse(body, IdField::ReadOnly).map_err(Error::InvalidFields)?;
    let (database, max) = (&app.services.database, app.max_tasks_per_user);
    let attempt = running.attempt();
    match tasks::put_task(database, &owner, id, &fields, &condition, attempt, max).await? {
        Put::Before(before) => answer_before(before),
        Put::Created(task) => Ok(created(&task)),
        Put::Updated(task) => Ok(answer(StatusCode::OK, &task)),
        Put::Stale(current) => Err(Error::PreconditionFailed(current.map(Box::new))),
        Put::TitleMissing => Err(Error::InvalidFields(vec![TaskCreate::missing_title()])),
        Put::QuotaExceeded => Err(Error::QuotaExceeded(max)),
    }
}

/// Change a task
///
/// A JSON merge patch (RFC 7396): absent keeps, `null` clears.
#[utoipa::path(
    patch,
    path = "/api/{user_id}/tasks/{id}",
    operation_id = "update_task",
    tag = "tasks",
    params(
        ("user_id" = String, Path, description = "The caller's id, or `me`"),
        ("id" = Uuid, Path),
        ("If-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, (W/)?"[!#-~]*"){0,15})$"#, description = "Only if the task has this `ETag`"),
        ("Idempotency-Key" = Option<String>, Header, pattern = r#"^"([ !#-\[\]-~]|\\["\\])+"$"#, max_length = 257, description = "A name for this write, in quotes: asked for again, it happens once"),
    ),
    request_body(content((TaskInputDocument = "application/merge-patch+json"), (TaskInputDocument = "application/json"))),
    responses(
        (status = "default", description = "A problem", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 200, description = "The task", body = TaskDocument, headers(("ETag" = String))),
        (status = 404, description = "The caller has no such task", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "The task is in another state; `current` holds it", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field is not valid", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
async fn update_task(
    Owner(owner): Owner,
    _: AcceptsJson,
    TaskId(id): TaskId,
    WriteCondition(condition): WriteCondition,
    repeatable: Repeatable,
    State(app): State<AppState>,
    MergePatch(body): MergePatch,
) -> Result<Response, Error> {
    let running = repeatable.begin(&app, &owner, &body)?;
    let fields = TaskFields::parse(body, IdField::ReadOnly).map_err(Error::InvalidFields)?;
    update(&app, &owner, id, &fields, None, &condition, &running).await
}

/// Complete or reopen a task
///
/// Toggles, or sets what the body says.
#[utoipa::path(
    patch,
    path = "/api/{user_id}/tasks/{id}/complete",
    operation_id = "complete_task",
    tag = "tasks",
    params(
        ("user_id" = String, Path, description = "The caller's id, or `me`"),
        ("id" = Uuid, Path),
        ("If-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, (W/)?"[!#-~]*"){0,15})$"#, description = "Only if the task has this `ETag`"),
        ("Idempotency-Key" = Option<String>, Header, pattern = r#"^"([ !#-\[\]-~]|\\["\\])+"$"#, max_length = 257, description = "A name for this write, in quotes: asked for again, it happens once"),
    ),
    request_body = Option<CompletionDocument>,
    responses(
        (status = "default", description = "A problem", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 200, description = "The task", body = TaskDocument, headers(("ETag" = String))),
        (status = 404, description = "The caller has no such task", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "The task is in another state; `current` holds it", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field is not valid", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
async fn complete_task(
    Owner(owner): Owner,
    _: AcceptsJson,
    TaskId(id): TaskId,
    WriteCondition(condition): WriteCondition,
    repeatable: Repeatable,
    State(app): State<AppState>,
    OptionalJsonObject(body): OptionalJsonObject,
) -> Result<Response, Error> {
    let running = repeatable.begin(&app, &owner, &body)?;
    let request = CompleteRequest::parse(body).map_err(Error::InvalidFields)?;
    let completion = request.completed.map_or(Completion::Toggle, Completion::Set);
    update(&app, &owner, id, &TaskFields::default(), Some(completion), &condition, &running).await
}

/// Delete a task
#[utoipa::path(
    delete,
    path = "/api/{user_id}/tasks/{id}",
    operation_id = "delete_task",
    tag = "tasks",
    params(
        ("user_id" = String, Path, description = "The caller's id, or `me`"),
        ("id" = Uuid, Path),
        ("If-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, (W/)?"[!#-~]*"){0,15})$"#, description = "Only if the task has this `ETag`"),
        ("Idempotency-Key" = Option<String>, Header, pattern = r#"^"([ !#-\[\]-~]|\\["\\])+"$"#, max_length = 257, description = "A name for this write, in quotes: asked for again, it happens once"),
    ),
    responses(
        (status = "default", description = "A problem", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 204, description = "The task is gone"),
        (status = 404, description = "The caller has no such task", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "The task is in another state; `current` holds it", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
async fn delete_task(
    Owner(owner): Owner,
    _: AcceptsJson,
    TaskId(id): TaskId,
    WriteCondition(condition): WriteCondition,
    repeatable: Repeatable,
    State(app): State<AppState>,
) -> Result<Response, Error> {
    let running = repeatable.begin(&app, &owner, &Map::new())?;
    refuse_absent(&condition)?;
    let (database, attempt) = (&app.services.database, running.attempt());
    match tasks::delete_task(database, &owner, id, &condition, attempt).await? {
        Delete::Before(before) => answer_before(before),
        Delete::Deleted => Ok(StatusCode::NO_CONTENT.into_response()),
        Delete::Stale(current) => Err(Error::PreconditionFailed(Some(Box::new(current)))),
        Delete::Missing => Err(Error::NotFound),
    }
}

async fn update(
    app: &App,
    owner: &UserId,
    id: Uuid,
    fields: &TaskFields,
    completion: Option<Completion>,
    condition: &Precondition,
    running: &Running,
) -> Result<Response, Error> {
    refuse_absent(condition)?;
    let (database, attempt) = (&app.services.database, running.attempt());
    match tasks::update_task(database, owner, id, fields, completion, condition, attempt).await? {
        Update::Before(before) => answer_before(before),
        Update::Updated(task) => Ok(answer(StatusCode::OK, &task)),
        Update::Stale(current) => Err(Error::PreconditionFailed(Some(Box::new(current)))),
        Update::Missing => Err(Error::NotFound),
    }
}

/// `If-None-Match: *` asks for a task that is not there, which only `PUT` can make.
fn refuse_absent(condition: &Precondition) -> Result<(), Error> {
    match condition {
        Precondition::Absent => {
            Err(Error::Malformed("If-None-Match: * goes with PUT only".to_owned()))
        }
        _ => Ok(()),
    }
}
