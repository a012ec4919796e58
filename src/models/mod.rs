//! What a task, a user, a session, a page of a list *is*: checked types and pure rules.
//!
//! Nothing here speaks HTTP or SQL, and nothing looks at a clock: the time is passed in. A checked type is made by
//! `parse` and is valid from then on; what is wrong with a text is a [`validation::Violation`].

pub mod client_address;
pub mod cursor;
pub mod due_date;
pub mod due_filter;
pub mod email;
pub mod folding;
pub mod idempotency_key;
pub mod json_object;
pub mod lenient_json;
pub mod origin_pattern;
pub mod priority;
pub mod query_string;
pub mod redirect;
pub mod secret;
pub mod session;
pub mod sort;
pub mod task;
pub mod task_fields;
pub mod task_query;
pub mod task_text;
pub mod timestamp;
pub mod user;
pub mod validation;
