//! Checking the fields of a body or a query as Better Auth does, with its sentences.

use axum::http::StatusCode;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::reply::AuthError;
use crate::models::email::Email;

/// A body or a query that is being checked. Every bad field is named, in the order in which they are asked for.
pub struct Fields {
    /// `body` or `query`.
    place: &'static str,
    object: Map<String, Value>,
    issues: Vec<String>,
}

impl Fields {
    /// The fields of a body that must be an object.
    ///
    /// # Errors
    /// 400 `VALIDATION_ERROR` for anything else; `expected` says what, in Better Auth's words.
    pub fn of(body: Option<Value>, expected: &[&str]) -> Result<Self, AuthError> {
        match body {
            Some(Value::Object(object)) => Ok(Self { place: "body", object, issues: Vec::new() }),
            other => {
                let received = type_name(other.as_ref());
                let issues = expected.iter().map(|expected| {
                    format!("[body] Invalid input: expected {expected}, received {received}")
                });
                Err(validation_error(&issues.collect::<Vec<_>>()))
            }
        }
    }

    /// The parameters of a query. One that stands there twice is an array, which no parameter may be.
    pub fn of_query(query: &str) -> Self {
        let mut object = Map::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = match object.contains_key(&*name) {
                true => Value::Array(Vec::new()),
                false => value.into_owned().into(),
            };
            object.insert(name.into_owned(), value);
        }
        Self { place: "query", object, issues: Vec::new() }
    }

    /// A text that must be an e-mail address; `None` where it is none, which [`Fields::finish`] then tells.
    pub fn email(&mut self, name: &str) -> Option<Email> {
        let text = self.string(name);
        let parsed = Email::parse(&text);
        if parsed.is_none() && self.accepts(name) {
            self.refuse(name, "Invalid email address");
        }
        parsed
    }

    /// A text that must be there; empty where it is not, which [`Fields::finish`] then tells.
    pub fn string(&mut self, name: &str) -> String {
        match self.object.remove(name) {
            Some(Value::String(text)) => text,
            other => {
                self.mistype(name, "string", other.as_ref());
                String::new()
            }
        }
    }

    /// A text that may be left out, but not be null.
    pub fn optional_string(&mut self, name: &str) -> Option<String> {
        self.object.contains_key(name).then(|| self.string(name))
    }

    /// `true` or `false`, which may be left out, but not be null.
    pub fn optional_bool(&mut self, name: &str) -> Option<bool> {
        match self.object.remove(name) {
            None => None,
            Some(Value::Bool(value)) => Some(value),
            other => {
                self.mistype(name, "boolean", other.as_ref());
                None
            }
        }
    }

    /// Any value that was sent.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.object.remove(name)
    }

    /// Notes that something else is wrong with a field.
    pub fn refuse(&mut self, name: &str, issue: &str) {
        self.issues.push(format!("[{}.{name}] {issue}", self.place));
    }

    /// Whether nothing is wrong with a field so far.
    pub fn accepts(&self, name: &str) -> bool {
        let prefix = format!("[{}.{name}]", self.place);
        !self.issues.iter().any(|issue| issue.starts_with(&prefix))
    }

    /// Ends the check.
    ///
    /// # Errors
    /// 400 `VALIDATION_ERROR` that names every bad field.
    pub fn finish(self) -> Result<(), AuthError> {
        if self.issues.is_empty() { Ok(()) } else { Err(validation_error(&self.issues)) }
    }

    fn mistype(&mut self, name: &str, expected: &str, found: Option<&Value>) {
        let received = type_name(found);
        self.refuse(name, &format!("Invalid input: expected {expected}, received {received}"));
    }
}

fn validation_error(issues: &[String]) -> AuthError {
    AuthError::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", issues.join("; "))
}

fn type_name(value: Option<&Value>) -> &'static str {
    match value {
        None => "undefined",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "string",
        Some(Value::Array(_)) => "array",
        Some(Value::Object(_)) => "object",
    }
}
