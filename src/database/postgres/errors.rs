//! What PostgreSQL and the way to it report, as what the rest of the program knows.

use std::error::Error as StdError;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity, SqlState};

use super::tls;
use crate::database::DatabaseError;
use crate::database::statement::Constraint;

/// What an error means to those who asked.
pub(super) fn classify(error: &Error) -> DatabaseError {
    let Some(reported) = error.as_db_error() else {
        return if is_lost(error) {
            DatabaseError::Unavailable(describe(error))
        } else {
            DatabaseError::Failed(describe(error))
        };
    };
    let code = reported.code();
    if *code == SqlState::UNIQUE_VIOLATION
        && let Some(constraint) = reported.constraint().and_then(Constraint::by_name)
    {
        return DatabaseError::Unique(constraint);
    }
    if *code == SqlState::FOREIGN_KEY_VIOLATION
        && reported.constraint().is_some_and(references_user)
    {
        return DatabaseError::UserGone;
    }
    if *code == SqlState::T_R_DEADLOCK_DETECTED || *code == SqlState::T_R_SERIALIZATION_FAILURE {
        return DatabaseError::Busy("two writes met");
    }
    if *code == SqlState::LOCK_NOT_AVAILABLE {
        return DatabaseError::Busy("another write holds what this one needs");
    }
    // Classes: 08 connection, 53 out of resources, 55 not now, 57 operator intervention, 58 the system around it.
    let transient =
        ["08", "53", "55", "57", "58"].iter().any(|class| code.code().starts_with(class));
    if transient || is_read_only(error) {
        DatabaseError::Unavailable(describe(error))
    } else {
        DatabaseError::Failed(describe(error))
    }
}

/// Whether the connection is gone, or is about to go: what was sent on it may have happened, or not.
pub(super) fn is_lost(error: &Error) -> bool {
    match error.as_db_error() {
        None => error.is_closed() || source_of::<std::io::Error>(error).is_some(),
        // A fatal error is the last word on a connection, whatever it is about.
        Some(reported) => {
            let code = reported.code();
            code.code().starts_with("08") || is_shutting_down(code) || is_fatal(reported)
        }
    }
}

/// Whether another attempt to connect may go better in a moment.
pub(super) fn is_passing(error: &Error) -> bool {
    let Some(reported) = error.as_db_error() else {
        // No name, no listener, reset, or too slow; and a certificate that is refused comes as an i/o error, too.
        return source_of::<rustls::Error>(error).is_none() && is_lost(error);
    };
    let code = reported.code();
    let is_crowded = code.code().starts_with("53");
    is_crowded
        || is_shutting_down(code)
        || (code.code().starts_with("08") && !refuses_options(error))
}

/// Whether PgBouncer has answered in the place of a server that it could not reach, or had no room at. It never does so
/// once a server has got the work.
pub(super) fn had_no_connection(error: &Error) -> bool {
    error.as_db_error().is_some_and(|reported| {
        *reported.code() == SqlState::PROTOCOL_VIOLATION
            && ["server login has been failing", "query_wait_timeout"]
                .iter()
                .any(|text| reported.message().contains(text))
    })
}

/// Whether nobody answered in the time there was.
pub(super) fn is_timeout(error: &Error) -> bool {
    source_of::<std::io::Error>(error)
        .is_some_and(|error| error.kind() == std::io::ErrorKind::TimedOut)
}

/// The session is not what it was: what was prepared on it is gone, or made for a schema that has changed, or somebody
/// has cancelled a COMMIT. Nothing has happened, and another connection does.
pub(super) fn is_out_of_date(error: &Error) -> bool {
    error.as_db_error().is_some_and(|reported| {
        [SqlState::INVALID_SQL_STATEMENT_NAME, SqlState::IN_FAILED_SQL_TRANSACTION]
            .contains(reported.code())
            || (*reported.code() == SqlState::FEATURE_NOT_SUPPORTED
                && reported.message().contains("cached plan"))
    })
}

/// The database takes no writes: this is not, or no longer, the one that does.
pub(super) fn is_read_only(error: &Error) -> bool {
    error.code().is_some_and(|code| *code == SqlState::READ_ONLY_SQL_TRANSACTION)
}

/// Where the server, or a pooler before it, takes no settings of ours at the beginning of a session.
pub(super) fn refuses_options(error: &Error) -> bool {
    error.as_db_error().is_some_and(|reported| {
        *reported.code() == SqlState::PROTOCOL_VIOLATION
            && reported.message().contains("startup parameter")
    })
}

/// Whether the server would take a connection that is encrypted, where this one was not, or the other way round.
pub(super) fn may_want_other_encryption(error: &Error) -> bool {
    let no_entry = SqlState::INVALID_AUTHORIZATION_SPECIFICATION;
    error.code().is_some_and(|code| *code == no_entry)
        || source_of::<rustls::Error>(error).is_some()
}

fn is_fatal(reported: &DbError) -> bool {
    matches!(reported.parsed_severity(), Some(Severity::Fatal | Severity::Panic))
}

fn is_shutting_down(code: &SqlState) -> bool {
    [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW]
        .contains(code)
}

/// Our own name for the key of `owners`, and PostgreSQL's for those that Better Auth makes.
fn references_user(constraint: &str) -> bool {
    ["owners_local_user_id_fkey", "session_userId_fkey", "account_userId_fkey"]
        .contains(&constraint)
}

/// The error with its causes, which the driver keeps apart, and with what to do about a connection that is refused.
pub(in crate::database) fn describe(error: &Error) -> String {
    if let Some(rustls::Error::InvalidCertificate(problem)) = source_of::<rustls::Error>(error) {
        return format!("{} ({problem})", tls::advice(problem));
    }
    let mut text = match error.as_db_error() {
        Some(reported) => report(reported),
        None => with_causes(error),
    };
    if let Some(advice) = advice(error, &text) {
        text = format!("{text}. {advice}");
    }
    text
}

/// What the server says. Where it is about data that it refuses, the details show the row; and what it says of a value
/// that it cannot read, or what a trigger of somebody's says, may show it as well.
fn report(reported: &DbError) -> String {
    let is_of =
        |classes: &[&str]| classes.iter().any(|class| reported.code().code().starts_with(class));
    if is_of(&["22", "P0"]) {
        let table =
            reported.table().map(|table| format!(" in the table {table}")).unwrap_or_default();
        return format!("a value was refused{table} (SQLSTATE {})", reported.code().code());
    }
    let is_about_data = is_of(&["23"]);
    let mut text = format!("{}: {}", reported.severity(), reported.message());
    let detail = reported.detail().filter(|_| !is_about_data);
    for more in [detail, reported.hint()].into_iter().flatten() {
        text = format!("{text}. {more}");
    }
    text
}

fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

const OTHERS_TABLE: &str =
    "Where another program has something of the same name, give duly a database of its own";

fn advice(error: &Error, text: &str) -> Option<&'static str> {
    if text.contains("does not support TLS") {
        return Some(
            "Turn on ssl in the server, or, on a network that you trust, connect with sslmode=disable",
        );
    }
    if text.contains("channel binding") {
        return Some(
            "channel_binding=require needs sslmode=require or stricter, a server with TLS, and a password that it keeps \
             for SCRAM-SHA-256",
        );
    }
    let code = error.code()?;
    let advice = [
        (SqlState::INVALID_PASSWORD, "Look at the user and the password in the connection string"),
        (
            SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
            "Look at the role, and at the server's pg_hba.conf: it says who may connect, from where, and whether in clear",
        ),
        (
            SqlState::INSUFFICIENT_PRIVILEGE,
            "The role must own its tables and may need the right to make them: GRANT CREATE ON SCHEMA public TO the role, \
             given by the owner of the database",
        ),
        (
            SqlState::INVALID_SCHEMA_NAME,
            "The search_path of the role, or the one in the connection string, must name a schema that is there",
        ),
        (SqlState::DUPLICATE_TABLE, OTHERS_TABLE),
        (SqlState::DUPLICATE_OBJECT, OTHERS_TABLE),
        (SqlState::WRONG_OBJECT_TYPE, OTHERS_TABLE),
        (SqlState::UNDEFINED_COLUMN, OTHERS_TABLE),
        (
            SqlState::READ_ONLY_SQL_TRANSACTION,
            "Connect to the server that takes writes: target_session_attrs=read-write chooses it among several hosts",
        ),
    ];
    advice.into_iter().find(|(of, _)| of == code).map(|(_, advice)| advice)
}

fn source_of<T: StdError + 'static>(error: &Error) -> Option<&T> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        // An i/o error shows the source of what it wraps, not what it wraps.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|wrapped| wrapped.downcast_ref::<T>()) {
            return Some(found);
        }
        cause = error.source();
    }
    None
}
