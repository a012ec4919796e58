//! What is seen from outside.

mod account;
mod around;
mod bad_input;
mod conditions;
mod deployments;
mod filters;
mod guesses;
mod isolation;
mod jwt;
mod listing;
mod merge;
mod origins;
mod panics;
mod rate_limits;
mod sessions;
mod sign_in;
mod sign_up;
mod task_fields;
mod tasks;
