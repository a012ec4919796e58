//! Bodies of the task routes: what is taken obeys the bounds of API.md, and reads back as it is written.

use duly::models::json_object::parse_object;
use duly::models::task_fields::{CompleteRequest, IdField, TaskCreate, TaskFields};
use duly::models::validation::{FieldError, MAX_LISTED_ERRORS};
use serde_json::{Map, Value, json};

pub fn run(input: &[u8]) {
    let Ok(object) = parse_object(input) else { return };
    // No name stands there twice, so others read the same.
    assert_eq!(serde_json::from_slice::<Value>(input).ok(), Some(Value::Object(object.clone())));
    for id_field in [IdField::ClientChosen, IdField::ReadOnly] {
        match TaskCreate::parse(object.clone(), id_field) {
            Ok(task) => check_task(&task),
            Err(errors) => check_errors(&errors),
        }
        match TaskFields::parse(object.clone(), id_field) {
            Ok(fields) => check_names(&fields, &object, id_field),
            Err(errors) => check_errors(&errors),
        }
    }
    match CompleteRequest::parse(object.clone()) {
        Ok(request) => {
            assert_eq!(request.completed, object.get("completed").and_then(Value::as_bool));
        }
        Err(errors) => check_errors(&errors),
    }
}

fn check_task(task: &TaskCreate) {
    let title = task.title.as_str();
    assert!((1..=200).contains(&title.chars().count()) && title.trim() == title);
    assert!(!title.chars().any(char::is_control));
    if let Some(description) = &task.description {
        assert!(description.as_str().chars().count() <= 10_000);
    }
    let tags = task.tags.clone().into_strings();
    assert!(tags.len() <= 32);
    assert!(tags.iter().all(|tag| (1..=64).contains(&tag.chars().count())));
    assert!(tags.iter().enumerate().all(|(index, tag)| !tags[..index].contains(tag)));
    assert!(task.id.is_none_or(|id| !id.is_nil()));
    let written = json!({
        "id": task.id,
        "title": title,
        "description": task.description.as_ref().map(|text| text.as_str()),
        "completed": task.completed,
        "priority": task.priority.as_str(),
        "due_date": task.due_date,
        "tags": tags,
    });
    let read = parse_object(written.to_string().as_bytes()).expect("it is an object");
    assert_eq!(TaskCreate::parse(read, IdField::ClientChosen).as_ref(), Ok(task));
}

/// A field is changed where it was named, and only there.
fn check_names(fields: &TaskFields, object: &Map<String, Value>, id_field: IdField) {
    let named = |name: &str| object.contains_key(name);
    assert_eq!(fields.title.is_some(), named("title"));
    assert_eq!(fields.description.is_some(), named("description"));
    assert_eq!(fields.completed.is_some(), named("completed"));
    assert_eq!(fields.priority.is_some(), named("priority"));
    assert_eq!(fields.due_date.is_some(), named("due_date"));
    assert_eq!(fields.tags.is_some(), named("tags"));
    assert!(fields.id.is_none() || id_field == IdField::ClientChosen && named("id"));
}

/// However much is wrong, the answer stays small.
fn check_errors(errors: &[FieldError]) {
    assert!((1..=MAX_LISTED_ERRORS).contains(&errors.len()));
    for error in errors {
        assert!(error.pointer.starts_with('/') && error.pointer.chars().count() <= 2 + 2 * 64);
        assert!(!error.code.is_empty() && error.detail.chars().count() < 200);
    }
}
