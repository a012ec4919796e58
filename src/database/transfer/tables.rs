//! Which tables and columns are copied. A test holds the lists against the catalogues of both engines.

use crate::database::statement::Kind;

/// A table that is copied.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    pub name: &'static str,
    /// Every column; those of the primary key come first.
    pub columns: &'static [(&'static str, Kind)],
    pub(super) key_length: usize,
}

/// Every table, in an order in which each row comes after the rows that it refers to.
pub const TABLES: [&Table; 7] =
    [&USERS, &SESSIONS, &ACCOUNTS, &VERIFICATIONS, &KEYS, &OWNERS, &TASKS];

/// Better Auth's, found by `id`. Two databases may order texts differently, and so these rows.
pub const AUTH_TABLES: [&Table; 5] = [&USERS, &SESSIONS, &ACCOUNTS, &VERIFICATIONS, &KEYS];

static USERS: Table = Table {
    name: "user",
    columns: &[
        ("id", Kind::Text),
        ("name", Kind::Text),
        ("email", Kind::Text),
        ("emailVerified", Kind::Boolean),
        ("image", Kind::Text),
        ("createdAt", Kind::Instant),
        ("updatedAt", Kind::Instant),
    ],
    key_length: 1,
};

static SESSIONS: Table = Table {
    name: "session",
    columns: &[
        ("id", Kind::Text),
        ("expiresAt", Kind::Instant),
        ("token", Kind::Text),
        ("createdAt", Kind::Instant),
        ("updatedAt", Kind::Instant),
        ("ipAddress", Kind::Text),
        ("userAgent", Kind::Text),
        ("userId", Kind::Text),
    ],
    key_length: 1,
};

static ACCOUNTS: Table = Table {
    name: "account",
    columns: &[
        ("id", Kind::Text),
        ("accountId", Kind::Text),
        ("providerId", Kind::Text),
        ("userId", Kind::Text),
        ("accessToken", Kind::Text),
        ("refreshToken", Kind::Text),
        ("idToken", Kind::Text),
        ("accessTokenExpiresAt", Kind::Instant),
        ("refreshTokenExpiresAt", Kind::Instant),
        ("scope", Kind::Text),
        ("password", Kind::Text),
        ("createdAt", Kind::Instant),
        ("updatedAt", Kind::Instant),
    ],
    key_length: 1,
};

static VERIFICATIONS: Table = Table {
    name: "verification",
    columns: &[
        ("id", Kind::Text),
        ("identifier", Kind::Text),
        ("value", Kind::Text),
        ("expiresAt", Kind::Instant),
        ("createdAt", Kind::Instant),
        ("updatedAt", Kind::Instant),
    ],
    key_length: 1,
};

static KEYS: Table = Table {
    name: "jwks",
    columns: &[
        ("id", Kind::Text),
        ("publicKey", Kind::Text),
        ("privateKey", Kind::Text),
        ("createdAt", Kind::Instant),
        ("expiresAt", Kind::Instant),
        ("alg", Kind::Text),
        ("crv", Kind::Text),
    ],
    key_length: 1,
};

/// In the order of the bytes of `user_id` on both engines.
pub static OWNERS: Table = Table {
    name: "owners",
    columns: &[
        ("user_id", Kind::Text),
        ("version", Kind::Integer),
        ("task_count", Kind::Integer),
        ("created_at", Kind::Instant),
        ("local_user_id", Kind::Text),
    ],
    key_length: 1,
};

/// In the order of the bytes of `user_id` and `id` on both engines.
pub static TASKS: Table = Table {
    name: "tasks",
    columns: &[
        ("user_id", Kind::Text),
        ("id", Kind::Uuid),
        ("title", Kind::Text),
        ("title_folded", Kind::Text),
        ("description", Kind::Text),
        ("description_folded", Kind::Text),
        ("completed_at", Kind::Instant),
        ("priority", Kind::Integer),
        ("due_at", Kind::Instant),
        ("due_has_time", Kind::Boolean),
        ("tags", Kind::Json),
        ("version", Kind::Integer),
        ("created_at", Kind::Instant),
        ("updated_at", Kind::Instant),
    ],
    key_length: 2,
};
