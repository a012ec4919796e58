//! `/api/{user_id}/tasks`: a person's tasks (API.md, "Tasks").

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::caller::{Owner, TaskId};
use super::conditions::{ReadCondition, WriteCondition, entity_tag};
use super::json::{AcceptsJson, JsonObject, MergePatch, OptionalJsonObject, private};
use super::schemas::{CompletionDocument, ProblemDocument, TaskDocument, TaskInputDocument};
use super::{App, AppState};
use crate::database::tasks::{self, Completion, Delete, Insert, Precondition, Put, Update};
use crate::error::Error;
use crate::models::task::Task;
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
    params(("user_id" = String, Path, description = "The caller's id, or `me`")),
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
    State(app): State<AppState>,
    JsonObject(body): JsonObject,
) -> Result<Response, Error> {
    let task = TaskCreate::parse(body, IdField::ClientChosen).map_err(Error::InvalidFields)?;
    let id = task.id.unwrap_or_else(|| new_id(&app));
    let (now, max) = (app.services.clock.now(), app.max_tasks_per_user);
    match tasks::insert_task(&app.services.database, &owner, id, &task, now, max).await? {
        Insert::Created(task) => Ok(created(&task)),
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
        ("If-None-Match" = Option<String>, Header, description = "An `ETag` that the caller has"),
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
        let headers = [
            (header::ETAG, entity_tag(task.version)),
            (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        ];
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
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
        ("If-Match" = Option<String>, Header, description = "Only if the task has this `ETag`; `*`: only if it exists"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if it does not exist"),
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
    State(app): State<AppState>,
    JsonObject(body): JsonObject,
) -> Result<Response, Error> {
    let fields = TaskFields::parse(body, IdField::ReadOnly).map_err(Error::InvalidFields)?;
    let (now, max) = (app.services.clock.now(), app.max_tasks_per_user);
    let database = &app.services.database;
    match tasks::put_task(database, &owner, id, &fields, &condition, now, max).await? {
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
        ("If-Match" = Option<String>, Header, description = "Only if the task has this `ETag`"),
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
    State(app): State<AppState>,
    MergePatch(body): MergePatch,
) -> Result<Response, Error> {
    let fields = TaskFields::parse(body, IdField::ReadOnly).map_err(Error::InvalidFields)?;
    update(&app, &owner, id, &fields, None, &condition).await
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
        ("If-Match" = Option<String>, Header, description = "Only if the task has this `ETag`"),
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
    State(app): State<AppState>,
    OptionalJsonObject(body): OptionalJsonObject,
) -> Result<Response, Error> {
    let request = CompleteRequest::parse(body).map_err(Error::InvalidFields)?;
    let completion = request.completed.map_or(Completion::Toggle, Completion::Set);
    update(&app, &owner, id, &TaskFields::default(), Some(completion), &condition).await
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
        ("If-Match" = Option<String>, Header, description = "Only if the task has this `ETag`"),
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
    State(app): State<AppState>,
) -> Result<Response, Error> {
    refuse_absent(&condition)?;
    let (database, now) = (&app.services.database, app.services.clock.now());
    match tasks::delete_task(database, &owner, id, &condition, now).await? {
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
) -> Result<Response, Error> {
    refuse_absent(condition)?;
    let (database, now) = (&app.services.database, app.services.clock.now());
    match tasks::update_task(database, owner, id, fields, completion, condition, now).await? {
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

fn new_id(app: &App) -> Uuid {
    let now = app.services.clock.now();
    let (seconds, nanos) = (now.as_second(), now.subsec_nanosecond());
    let timestamp = uuid::Timestamp::from_unix(
        uuid::NoContext,
        seconds.try_into().unwrap_or(0),
        nanos.try_into().unwrap_or(0),
    );
    Uuid::new_v7(timestamp)
}

fn created(task: &Task) -> Response {
    let mut response = answer(StatusCode::CREATED, task);
    let location = format!("/api/me/tasks/{}", task.id);
    let location = HeaderValue::from_str(&location).expect("a UUID is ASCII");
    response.headers_mut().insert(header::LOCATION, location);
    response
}

fn answer(status: StatusCode, task: &Task) -> Response {
    let mut response = private(status, task);
    response.headers_mut().insert(header::ETAG, entity_tag(task.version));
    response
}
