//! A session as Better Auth keeps and shows one, and its rules of time (BETTER-AUTH.md 1.2).

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::timestamp;
use super::user::UserId;

/// How long a session lives from its last extension.
pub const SESSION_LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long one lives whose user did not want to be remembered.
pub const SHORT_SESSION_LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// How long after its last extension a session is extended again.
const EXTENSION_INTERVAL: SignedDuration = SignedDuration::from_hours(24);
/// How long a session counts as just signed in.
const FRESH_FOR: SignedDuration = SignedDuration::from_hours(24);

/// A session: the field order is that of Better Auth's answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    #[serde(serialize_with = "timestamp::serialize")]
    pub expires_at: Timestamp,
    pub token: String,
    #[serde(serialize_with = "timestamp::serialize")]
    pub created_at: Timestamp,
    #[serde(serialize_with = "timestamp::serialize")]
    pub updated_at: Timestamp,
    /// Empty where it is not known.
    pub ip_address: String,
    /// Empty where it is not known.
    pub user_agent: String,
    pub user_id: UserId,
    pub id: String,
}

impl Session {
    /// Whether the session is over.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// Whether it is time to extend the session: a day and more since it was last extended.
    pub fn is_due_for_extension(&self, now: Timestamp) -> bool {
        self.expires_at - SESSION_LIFETIME + EXTENSION_INTERVAL <= now
    }

    /// Whether the user signed in within the last day.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.created_at + FRESH_FOR
    }
}
