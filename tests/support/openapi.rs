//! Answers held against the OpenAPI document that the program itself gives out.

use std::sync::LazyLock;

use axum::http::Method;
use duly::api::openapi;
use serde_json::{Value, json};

use super::http::Response;

/// The document.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&openapi::document()).expect("the document is JSON"));

/// An operation of the document.
#[derive(Clone, Debug)]
pub struct Operation {
    pub method: Method,
    /// With `{user_id}` and `{id}` in it.
    pub path: String,
    pub document: &'static Value,
}

impl Operation {
    /// Whether only somebody who is signed in may call it.
    pub fn needs_sign_in(&self) -> bool {
        let open = self.document.get("security").and_then(Value::as_array);
        open.is_none_or(|requirements| requirements.iter().all(|one| one != &json!({})))
    }
}

/// Every operation.
pub fn operations() -> Vec<Operation> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().expect("a path item").iter().map(move |(method, document)| Operation {
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                document,
            })
        })
        .collect()
}

/// Panics where the document has the operation but not this answer of it.
pub fn check(method: &Method, path_and_query: &str, response: &Response) {
    let path = path_and_query.split('?').next().expect("split gives one at least");
    // The framing of Better Auth's own refusals is not documented route by route.
    let is_auth = path.starts_with("/api/auth/");
    let Some(operation) = operations()
        .into_iter()
        .filter(|operation| operation.path.starts_with("/api/auth/") == is_auth)
        .find(|operation| operation.method == *method && fits(&operation.path, path))
    else {
        return;
    };
    let responses = &operation.document["responses"];
    let documented = match responses.get(response.status.as_str()).or(responses.get("default")) {
        Some(documented) => documented,
        None if is_auth => return,
        None => panic!("{method} {path}: {} is not documented", response.status),
    };
    let Some(content) = documented.get("content") else {
        let empty = response.body.is_empty() || is_auth;
        assert!(empty, "{method} {path}: a body where none is documented");
        return;
    };
    let media_type = response.header("content-type");
    let schema = content
        .get(media_type)
        .unwrap_or_else(|| panic!("{method} {path}: {media_type:?} is not documented"));
    if !media_type.ends_with("json") {
        return; // a page is a page
    }
    let mut schema = schema["schema"].clone();
    schema["components"] = DOCUMENT["components"].clone();
    let validator = jsonschema::validator_for(&schema).expect("the schema compiles");
    let body = response.json();
    let errors: Vec<String> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{method} {path}: {errors:?} in {body}");
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    let same = |(template, part): (&&str, &&str)| template.starts_with('{') || template == part;
    template.len() == path.len() && template.iter().zip(&path).all(same)
}
