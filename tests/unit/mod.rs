//! The checked types and pure rules, one file for each concept.

mod architecture;
mod client_address;
mod config;
mod config_auth;
mod connection_string;
mod cursor;
mod due_date;
mod due_filter;
mod email;
mod email_tokens;
mod folding;
mod guesses;
mod idempotency_key;
mod json_object;
mod key_encryption;
mod lenient_json;
mod origins;
mod overload;
mod passwords;
mod place;
mod priority;
mod query_string;
mod rate_limits;
mod redirect;
mod rush;
mod scopes;
mod secret;
mod signatures;
mod sort;
mod statement;
mod task;
mod task_fields;
mod task_query;
mod task_text;
mod timestamp;

use duly::models::priority::Priority;
use duly::models::task::Task;
use duly::models::user::UserId;
use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

fn owner() -> UserId {
    UserId::parse("Uy1g2YWZbMfigGODjxnq478IY8mjxbcd").unwrap()
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A pending task with nothing but a title.
fn task(title: &str) -> Task {
    Task {
        id: Uuid::from_u128(0x0198_c0de_7c1e_7a52_b6d4_5f0b_3a3f_9d11),
        user_id: owner(),
        title: title.to_owned(),
        description: None,
        completed_at: None,
        priority: Priority::None,
        due_date: None,
        tags: Vec::new(),
        version: 7,
        created_at: instant("2026-11-23T07:07:34.087Z"),
        updated_at: instant("2026-11-23T07:07:34.087Z"),
    }
}

/// Whole milliseconds within the years that are kept.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    (-62_135_596_800_000..=253_402_207_200_999_i64)
        .prop_map(|millis| Timestamp::from_millisecond(millis).unwrap())
}
