//! A task, as it is kept and as it is answered.

use jiff::Timestamp;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::due_date::DueDate;
use super::priority::Priority;
use super::timestamp;
use super::user::UserId;
use super::validation::{Violation, code};

/// One task of one owner. In JSON the twelve fields of API.md, "Tasks", in that order.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    pub id: Uuid,
    pub user_id: UserId,
    pub title: String,
    pub description: Option<String>,
    /// Set by the server when the task was completed; `None` while it is pending.
    pub completed_at: Option<Timestamp>,
    pub priority: Priority,
    pub due_date: Option<DueDate>,
    pub tags: Vec<String>,
    /// The owner's change number at the last change of this task.
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Task {
    /// Whether the task is done.
    pub fn completed(&self) -> bool {
        self.completed_at.is_some()
    }
}

impl Serialize for Task {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut task = serializer.serialize_struct("Task", 12)?;
        task.serialize_field("id", &self.id)?;
        task.serialize_field("user_id", &self.user_id)?;
        task.serialize_field("title", &self.title)?;
        task.serialize_field("description", &self.description)?;
        task.serialize_field("completed", &self.completed())?;
        task.serialize_field("completed_at", &self.completed_at.map(Instant))?;
        task.serialize_field("priority", &self.priority)?;
        task.serialize_field("due_date", &self.due_date)?;
        task.serialize_field("tags", &self.tags)?;
        task.serialize_field("version", &self.version)?;
        task.serialize_field("created_at", &Instant(self.created_at))?;
        task.serialize_field("updated_at", &Instant(self.updated_at))?;
        task.end()
    }
}

struct Instant(Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        timestamp::serialize(&self.0, serializer)
    }
}

/// A new id: a UUID of version 7 (RFC 9562), so that ids come in the order of time.
pub fn new_task_id(now: Timestamp) -> Uuid {
    let (seconds, nanos) = (now.as_second(), now.subsec_nanosecond());
    Uuid::new_v7(uuid::Timestamp::from_unix(
        uuid::NoContext,
        seconds.try_into().unwrap_or(0),
        nanos.try_into().unwrap_or(0),
    ))
}

/// The task id in `text`: a UUID of any version but nil, with hyphens, in either case (RFC 9562 section 4).
///
/// # Errors
/// `format` for any other shape, `value` for the nil UUID.
pub fn parse_task_id(text: &str) -> Result<Uuid, Violation> {
    let hyphenated = (text.len() == uuid::fmt::Hyphenated::LENGTH).then_some(text);
    let id = hyphenated
        .and_then(|text| Uuid::try_parse(text).ok())
        .ok_or_else(|| Violation::new(code::FORMAT, "a UUID with hyphens, 36 characters"))?;
    if id.is_nil() {
        return Err(Violation::new(code::VALUE, "another UUID than the nil one"));
    }
    Ok(id)
}
