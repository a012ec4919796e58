//! The shapes of tasks, pages and problems as OpenAPI shows them.
//!
//! The bodies are read and written by the models' own rules; these types only say so. Tests hold every answer
//! against them.
#![expect(dead_code, reason = "read by utoipa's derive, never made")]

use utoipa::ToSchema;
use uuid::Uuid;

/// A task
#[derive(ToSchema)]
#[schema(as = Task)]
pub struct TaskDocument {
    id: Uuid,
    #[schema(min_length = 1, max_length = 255)]
    user_id: String,
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    #[schema(max_length = 10_000, required = true)]
    description: Option<String>,
    completed: bool,
    #[schema(format = "date-time", required = true)]
    completed_at: Option<String>,
    #[schema(inline)]
    priority: PriorityValue,
    /// A day (`2026-12-01`) or an instant in UTC.
    #[schema(required = true)]
    due_date: Option<String>,
    #[schema(max_items = 32)]
    tags: Vec<String>,
    /// The owner's change number at the last change of this task; in quotes it is the `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(format = "date-time")]
    updated_at: String,
}

/// What may be said about a task. A new one needs a title; unknown fields are refused, the read-only fields of a
/// task are ignored.
#[derive(ToSchema)]
#[schema(as = TaskInput)]
pub struct TaskInputDocument {
    /// Only with `POST`: an id of the client's choice.
    id: Option<Uuid>,
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    title: Option<String>,
    #[schema(max_length = 10_000)]
    description: Option<String>,
    completed: Option<bool>,
    #[schema(inline)]
    priority: Option<PriorityValue>,
    /// `YYYY-MM-DD`, or an RFC 3339 instant with offset.
    due_date: Option<String>,
    #[schema(max_items = 32)]
    tags: Option<Vec<String>>,
}

/// A page of tasks
#[derive(ToSchema)]
#[schema(as = TaskPage)]
pub struct PageDocument {
    #[schema(max_items = 100)]
    tasks: Vec<TaskDocument>,
    /// Asks for the next page; `null` on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
    /// With `include=total`: how many tasks match on all pages together.
    #[schema(nullable = false, minimum = 0)]
    total: Option<i64>,
}

/// What `/complete` sets; without it, it toggles.
#[derive(ToSchema)]
#[schema(as = Completion)]
pub struct CompletionDocument {
    #[schema(required = false)]
    completed: bool,
}

/// A problem document (RFC 9457)
#[derive(ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    r#type: String,
    title: String,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What went wrong, for programs.
    code: String,
    /// What went wrong, for people.
    detail: String,
    /// Every field or parameter that is not valid.
    #[schema(nullable = false)]
    errors: Option<Vec<ViolationDocument>>,
    /// With 412: the task as it is now, or `null` where there is none.
    current: Option<TaskDocument>,
    request_id: String,
}

/// One thing that is not valid
#[derive(ToSchema)]
#[schema(as = Violation)]
pub struct ViolationDocument {
    /// A JSON pointer into the body.
    #[schema(nullable = false)]
    pointer: Option<String>,
    /// The name of a query parameter.
    #[schema(nullable = false)]
    parameter: Option<String>,
    code: String,
    detail: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum PriorityValue {
    None,
    Low,
    Medium,
    High,
    Urgent,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum StatusValue {
    All,
    Pending,
    Completed,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum DueValue {
    Today,
    Overdue,
    Upcoming,
    None,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum IncludeValue {
    Total,
}

/// Whether the server is well
#[derive(ToSchema)]
#[schema(as = Health)]
pub struct HealthDocument {
    status: String,
}
