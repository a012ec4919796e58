//! What can go wrong: with a statement ([`DatabaseError`]), and with a request to the task routes
//! ([`Error`]). Each variant of the latter says its status and code; `api::problem` is the one place that
//! turns them into answers.

use crate::models::task::Task;
use crate::models::validation::{FieldError, ParameterError};

/// Why a request was not answered with what it asked for (API.md, "Errors").
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400 `malformed_request`: the request cannot be read.
    #[error("{0}")]
    Malformed(String),
    /// 400 `invalid_parameter`: query parameters are unknown, repeated or out of range.
    #[error("{} query parameters are not valid", .0.len())]
    InvalidParameters(Vec<ParameterError>),
    /// 401 `unauthorized`, with `WWW-Authenticate: Bearer` (RFC 6750).
    #[error("{0}")]
    Unauthorized(#[from] Unauthorized),
    /// 403 `forbidden`: the path names somebody else.
    #[error("the path names another user")]
    Forbidden,
    /// 403 `invalid_origin`: a cookie came with a request from a page that is not trusted.
    #[error("the Origin of the request is not trusted")]
    InvalidOrigin,
    /// 404 `not_found`: the caller has no such task.
    #[error("there is no such task")]
    NotFound,
    /// 404 `no_route`: nothing is served under this path.
    #[error("nothing is served under this path")]
    NoRoute,
    /// 405 `method_not_allowed`, with `Allow`.
    #[error("this path does not take that method")]
    MethodNotAllowed,
    /// 406 `not_acceptable`: the `Accept` header leaves out JSON.
    #[error("answers are JSON, which the Accept header leaves out")]
    NotAcceptable,
    /// 408 `body_timeout`: the body did not come in time. The connection is closed.
    #[error("the body did not come in time")]
    BodyTimeout,
    /// 409 `quota_exceeded`: the owner has as many tasks as they may.
    #[error("you have {0} tasks, which is as many as you may keep")]
    QuotaExceeded(i64),
    /// 409 `id_taken`: one of the owner's tasks has the id that was chosen.
    #[error("you already have a task with this id")]
    IdTaken,
    /// 409 `still_running`, with `Retry-After`: a request with the same `Idempotency-Key` is being answered.
    #[error("a request with this Idempotency-Key is being answered; ask again for its answer")]
    StillRunning,
    /// 412 `precondition_failed`: a stale `If-Match`. Carries the task as it is now, if there is one.
    #[error("the task is not in the state that the request is conditional on")]
    PreconditionFailed(Option<Box<Task>>),
    /// 413 `too_large`.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// 415 `unsupported_media_type`.
    #[error("the body must be {0}")]
    UnsupportedMediaType(&'static str),
    /// 422 `invalid_field`: the JSON reads, but these fields are not valid.
    #[error("{} fields are not valid", .0.len())]
    InvalidFields(Vec<FieldError>),
    /// 422 `key_reused`: the `Idempotency-Key` has been used for something else.
    #[error("this Idempotency-Key has been used for another request; take a new one")]
    KeyReused,
    /// 429 `too_many_requests`, with `Retry-After`: the person has asked too often. Carries the seconds to wait.
    #[error("you have asked too often; wait for {0} s")]
    TooManyRequests(i64),
    /// 503 `timeout`, with `Retry-After`: the answer took too long.
    #[error("the answer took too long")]
    Timeout,
    /// 503 `overloaded`, with `Retry-After`: there is more to do than can be done. Nothing has happened. Carries
    /// why, for the log; nothing where it stands there already.
    #[error("there is more to do than can be done at the moment; come again")]
    Overloaded(Option<&'static str>),
    /// 503 `unavailable`, with `Retry-After`: the database cannot be reached.
    #[error("the service is not available at the moment")]
    Unavailable(#[source] DatabaseError),
    /// 500 `internal`: a mistake of ours. The cause is logged, and never answered.
    #[error("something went wrong on our side")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why nobody is known to be calling. The text goes into `error_description`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unauthorized {
    /// No credential at all: RFC 6750 wants no `error` then.
    #[error("sign in, or send a token as Authorization: Bearer")]
    Missing,
    /// An `Authorization` header of another scheme or shape.
    #[error("the Authorization header must be: Bearer, a space, and a token")]
    MalformedHeader,
    /// A JWT that does not read, or whose claims are not ours.
    #[error("the token does not read as one of ours")]
    InvalidToken,
    /// A JWT that is not looked at.
    #[error(
        "the token is longer than 16 KiB; it holds what is known of its user, such as the image"
    )]
    TokenTooLong,
    /// A JWT of another issuer, or for another audience.
    #[error("the token was issued by somebody else, or for somebody else")]
    Foreign,
    /// A JWT of a key that is not known.
    #[error("the token names a key that is not known")]
    UnknownKey,
    /// A JWT with a signature that does not fit.
    #[error("the token's signature is not valid")]
    BadSignature,
    /// A JWT that is over.
    #[error("the token has expired")]
    Expired,
    /// A JWT, while none of the issuer's keys is known because it has not answered yet.
    #[error("the keys of the issuer cannot be read at the moment")]
    NoKeys,
    /// A JWT that outlives its user.
    #[error("the user is gone")]
    UserGone,
    /// A session token where only JWTs are taken, because somebody else signs people in.
    #[error(
        "this is a session token; call GET /api/auth/token on the server that issued it, and send the JWT it answers"
    )]
    SessionToken,
    /// A session token or cookie without a running session.
    #[error("the session has ended or never was")]
    NoSession,
}

impl From<DatabaseError> for Error {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Unavailable(_) => Self::Unavailable(error),
            DatabaseError::Busy(reason) => Self::Overloaded(Some(reason)),
            DatabaseError::UserGone => Unauthorized::UserGone.into(),
            DatabaseError::Unique(_) | DatabaseError::Failed(_) => Self::Internal(Box::new(error)),
        }
    }
}

/// What can go wrong with a statement.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A key that must be unique is taken.
    #[error("the key {0:?} is taken")]
    Unique(Constraint),
    /// What was to be kept belongs to a user who is not there, or no longer.
    #[error("the user is gone")]
    UserGone,
    /// The database cannot be reached, or is not accepting work. Trying again later can help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Too much is waiting already. Nothing has happened; trying again later helps.
    #[error("there is too much to do: {0}")]
    Busy(&'static str),
    /// A mistake of ours: SQL that does not fit the schema, a row that does not read.
    #[error("the database refused a statement: {0}")]
    Failed(String),
}

impl DatabaseError {
    /// The database was closed while something waited for it.
    pub(crate) fn closed() -> Self {
        Self::Unavailable("it is closed".to_owned())
    }

    /// A column (counted from 0) that holds something else than it should.
    pub(crate) fn unreadable(index: usize, found: &str) -> Self {
        Self::Failed(format!("column {index} holds {found}"))
    }
}

/// A constraint of the schema that callers branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constraint {
    UserEmail,
    TaskId,
    IdempotencyKey,
}
