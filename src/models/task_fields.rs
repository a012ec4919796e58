//! What a request says about a task: the checked content of the bodies of `POST`, `PUT`, `PATCH` and `/complete`.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::due_date::DueDate;
use super::priority::Priority;
use super::task::parse_task_id;
use super::task_text::{Tag, Tags, TaskDescription, TaskTitle};
use super::validation::{FieldError, MAX_LISTED_ERRORS, Violation, code, shortened};

/// Whether the body may bring the id of the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdField {
    /// `POST`: a client may choose it.
    ClientChosen,
    /// `PUT` and `PATCH`: it is in the path, and what the body says is ignored.
    ReadOnly,
}

/// What was sent. The outer `Option` is whether a field was there at all, the inner one whether it was not `null`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFields {
    pub id: Option<Uuid>,
    pub title: Option<TaskTitle>,
    pub description: Option<Option<TaskDescription>>,
    pub completed: Option<bool>,
    pub priority: Option<Priority>,
    pub due_date: Option<Option<DueDate>>,
    pub tags: Option<Tags>,
}

/// A task to be made: what was not sent has its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskCreate {
    /// Only where the client chose it.
    pub id: Option<Uuid>,
    pub title: TaskTitle,
    pub description: Option<TaskDescription>,
    pub completed: bool,
    pub priority: Priority,
    pub due_date: Option<DueDate>,
    pub tags: Tags,
}

/// The body of `/complete`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompleteRequest {
    /// What to set; `None` is: toggle.
    pub completed: Option<bool>,
}

impl TaskFields {
    /// Reads `{"title": "Buy milk", "tags": ["home"], …}`; every field is optional.
    ///
    /// `null` clears a field: no description, no due date, no tags, priority `none`, not completed. A title cannot be
    /// cleared. The read-only fields of a task are ignored, whatever they hold.
    ///
    /// # Errors
    /// Every bad or unknown field, up to [`MAX_LISTED_ERRORS`].
    pub fn parse(object: Map<String, Value>, id_field: IdField) -> Result<Self, Vec<FieldError>> {
        let mut fields = Self::default();
        let mut errors = Vec::new();
        for (name, value) in object {
            match fields.set(&name, &value, id_field) {
                Ok(()) => {}
                Err(found) => errors.extend(found),
            }
        }
        errors.truncate(MAX_LISTED_ERRORS);
        if errors.is_empty() { Ok(fields) } else { Err(errors) }
    }

    /// The task that these make, with defaults for what was not sent; `None` without a title.
    pub fn to_create(&self) -> Option<TaskCreate> {
        let fields = self.clone();
        Some(TaskCreate {
            id: fields.id,
            title: fields.title?,
            description: fields.description.flatten(),
            completed: fields.completed.unwrap_or_default(),
            priority: fields.priority.unwrap_or_default(),
            due_date: fields.due_date.flatten(),
            tags: fields.tags.unwrap_or_default(),
        })
    }

    fn set(&mut self, name: &str, value: &Value, id: IdField) -> Result<(), Vec<FieldError>> {
        let outcome = match name {
            "tags" => {
                self.tags = Some(parse_tags(value)?);
                return Ok(());
            }
            "id" if id == IdField::ReadOnly => Ok(()),
            "user_id" | "completed_at" | "version" | "created_at" | "updated_at" => Ok(()),
            "id" => nullable_text(value, parse_task_id).map(|id| self.id = id),
            "title" => parse_title(value).map(|title| self.title = Some(title)),
            "description" => nullable_text(value, TaskDescription::parse)
                .map(|description| self.description = Some(description)),
            "completed" => nullable_bool(value)
                .map(|completed| self.completed = Some(completed.unwrap_or_default())),
            "priority" => nullable_text(value, parse_priority)
                .map(|priority| self.priority = Some(priority.unwrap_or_default())),
            "due_date" => {
                nullable_text(value, DueDate::parse).map(|due_date| self.due_date = Some(due_date))
            }
            _ => Err(unknown_field()),
        };
        outcome.map_err(|violation| vec![violation.at(pointer_to(name))])
    }
}

impl TaskCreate {
    /// As [`TaskFields::parse`], with a title.
    ///
    /// # Errors
    /// As there; a title that was not sent is listed with the rest.
    pub fn parse(object: Map<String, Value>, id_field: IdField) -> Result<Self, Vec<FieldError>> {
        let has_title = object.contains_key("title");
        match TaskFields::parse(object, id_field) {
            Ok(fields) => fields.to_create().ok_or_else(|| vec![Self::missing_title()]),
            Err(mut errors) => {
                if !has_title {
                    errors.insert(0, Self::missing_title());
                    errors.truncate(MAX_LISTED_ERRORS);
                }
                Err(errors)
            }
        }
    }

    /// What to answer where [`TaskFields::to_create`] had no title.
    pub fn missing_title() -> FieldError {
        Violation::new(code::REQUIRED, "a task must have a title").at("/title")
    }
}

impl CompleteRequest {
    /// Reads `{"completed": true}`; absent is: toggle. `null` is refused: whoever sends it has lost what to set.
    ///
    /// # Errors
    /// Every bad or unknown field, up to [`MAX_LISTED_ERRORS`].
    pub fn parse(object: Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut request = Self::default();
        let mut errors = Vec::new();
        for (name, value) in object {
            let outcome = match name.as_str() {
                "completed" => boolean(&value).map(|completed| request.completed = Some(completed)),
                _ => Err(unknown_field()),
            };
            errors.extend(outcome.err().map(|violation| violation.at(pointer_to(&name))));
        }
        errors.truncate(MAX_LISTED_ERRORS);
        if errors.is_empty() { Ok(request) } else { Err(errors) }
    }
}

fn parse_title(value: &Value) -> Result<TaskTitle, Violation> {
    nullable_text(value, TaskTitle::parse)?
        .ok_or_else(|| Violation::new(code::REQUIRED, "cannot be null"))
}

fn parse_priority(text: &str) -> Result<Priority, Violation> {
    Priority::parse(text)
        .ok_or_else(|| Violation::new(code::VALUE, Priority::ALL.map(Priority::as_str).join(", ")))
}

fn parse_tags(value: &Value) -> Result<Tags, Vec<FieldError>> {
    let values = match value {
        Value::Null => return Ok(Tags::default()),
        Value::Array(values) => values,
        _ => {
            let violation = Violation::new(code::TYPE, "an array of strings, or null");
            return Err(vec![violation.at("/tags")]);
        }
    };
    let (mut tags, mut errors) = (Vec::new(), Vec::new());
    for (index, value) in values.iter().enumerate() {
        let tag = match value {
            Value::String(text) => Tag::parse(text),
            _ => Err(Violation::new(code::TYPE, "a string")),
        };
        match tag {
            Ok(tag) => tags.push(tag),
            Err(violation) => errors.push(violation.at(format!("/tags/{index}"))),
        }
    }
    match Tags::parse(tags) {
        Ok(tags) if errors.is_empty() => Ok(tags),
        Ok(_) => Err(errors),
        Err(too_many) => {
            errors.insert(0, too_many.at("/tags"));
            Err(errors)
        }
    }
}

fn nullable_text<T>(
    value: &Value,
    parse: impl FnOnce(&str) -> Result<T, Violation>,
) -> Result<Option<T>, Violation> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => parse(text).map(Some),
        _ => Err(Violation::new(code::TYPE, "a string")),
    }
}

fn nullable_bool(value: &Value) -> Result<Option<bool>, Violation> {
    if value.is_null() { Ok(None) } else { boolean(value).map(Some) }
}

fn boolean(value: &Value) -> Result<bool, Violation> {
    value.as_bool().ok_or_else(|| Violation::new(code::TYPE, "true or false"))
}

fn unknown_field() -> Violation {
    Violation::new(code::UNKNOWN_FIELD, "there is no such field")
}

/// The JSON pointer to the member `name`, escaped (RFC 6901 section 3) and shortened.
fn pointer_to(name: &str) -> String {
    format!("/{}", shortened(name).replace('~', "~0").replace('/', "~1"))
}
