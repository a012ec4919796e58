//! `GET /api/{user_id}/tasks`: a page of a person's tasks (API.md, "Listing").

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::Owner;
use super::json::{AcceptsJson, private};
use super::schemas::{DueValue, IncludeValue, PageDocument, ProblemDocument, StatusValue};
use crate::database::task_list;
use crate::error::Error;
use crate::models::cursor::{self, Position};
use crate::models::task::Task;
use crate::models::task_query::TaskQuery;

/// The route, with its documentation.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_tasks))
}

#[derive(Serialize)]
struct Page<'a> {
    tasks: &'a [Task],
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<i64>,
}

/// List tasks
///
/// One page of the caller's tasks, filtered and sorted. `next_cursor` asks for the next page.
#[utoipa::path(
    get,
    path = "/api/{user_id}/tasks",
    operation_id = "list_tasks",
    tag = "tasks",
    params(
        ("user_id" = String, Path, description = "The caller's id, or `me`"),
        ("status" = inline(Option<StatusValue>), Query, description = "Default: `all`"),
        ("priority" = Option<String>, Query, description = "One or more of `none`, `low`, `medium`, `high`, `urgent`, comma separated"),
        ("tag" = Option<Vec<String>>, Query, description = "Repeatable: every tag named must be there"),
        ("due" = inline(Option<DueValue>), Query, description = "`overdue`: pending and due before now; `upcoming`: in the seven days after today"),
        ("due_before" = Option<String>, Query, description = "A day or an RFC 3339 instant; exclusive"),
        ("due_after" = Option<String>, Query, description = "A day or an RFC 3339 instant; exclusive"),
        ("tz" = Option<String>, Query, description = "IANA zone that decides what a day is. Default: `UTC`"),
        ("q" = Option<String>, Query, description = "Words that must all occur in title or description, without regard to case or accents"),
        ("sort" = Option<String>, Query, description = "Up to four of `created`, `updated`, `title`, `due_date`, `priority`, comma separated, `-` in front for descending. Default: `-created`"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Default: 50"),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
        ("include" = inline(Option<IncludeValue>), Query, description = "`total` adds the number of tasks that match"),
    ),
    responses(
        (status = "default", description = "A problem", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 200, description = "A page", body = PageDocument),
        (status = 400, description = "A parameter is not valid", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
async fn list_tasks(
    Owner(owner): Owner,
    _: AcceptsJson,
    State(app): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let now = app.services.clock.now();
    let query = TaskQuery::parse(query.as_deref().unwrap_or_default(), now, &owner)
        .map_err(Error::InvalidParameters)?;
    let page = task_list::list_tasks(&app.services.database, &owner, &query).await?;
    let last = page.tasks.last().filter(|_| page.has_more);
    let next_cursor =
        last.map(|task| cursor::encode(&Position::of(task, &query.sort), &query.sort, &owner));
    Ok(private(StatusCode::OK, &Page { tasks: &page.tasks, next_cursor, total: page.total }))
}
