//! What is seen from outside.

mod account;
mod around;
mod bad_input;
mod conditions;
mod deletion;
mod deployments;
mod email_changes;
mod filters;
mod guesses;
mod isolation;
mod jwt;
mod listing;
mod merge;
mod origins;
mod panics;
mod password_reset;
mod rate_limits;
mod remote;
mod remote_keys;
mod remote_tokens;
mod sessions;
mod sign_in;
mod sign_up;
mod task_fields;
mod tasks;
