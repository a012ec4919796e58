//! Migrations on PostgreSQL: under a lock, around the pooler where there is a way, and with a word about what takes long.

use std::pin::pin;
use std::time::Duration;

use refinery::{Runner, SchemaVersion};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::{HISTORY_TABLE, Migration, MigrationError, applied, configured, explain};
use crate::config::PostgresSettings;
use crate::database::copies;
use crate::database::postgres::Connector;

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// The advisory lock that copies of this program take while they migrate; the number is "duly" in ASCII.
const LOCK: i64 = 0x6475_6c79;
/// How long a copy waits before it asks for the lock again.
const LOCK_PAUSE: Duration = Duration::from_millis(100);
/// After how long it is said what is being waited for.
const SILENT_FOR: Duration = Duration::from_secs(3);
/// How long a connection may take to say anything at all. Behind a pooler it may have to wait for another to end.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

pub(super) fn runner() -> Runner {
    configured(embedded::migrations::runner())
}

/// Copies that start together migrate one after the other: each holds a lock for as long as a transaction on
/// a connection of its own. Through a pooler that shares connections by transaction this holds, too, which a
/// lock of a session would not.
pub(super) async fn run(settings: &PostgresSettings) -> Result<Vec<Migration>, MigrationError> {
    let connector = Connector::for_migrations(settings)?;
    let lock = connector.connect_patiently().await?;
    let waiting = "another copy of duly is migrating: waiting until it has finished";
    saying_so(waiting, take_lock(&lock)).await?;
    if settings.direct.is_some() {
        check_is_the_same(settings).await?;
    }
    let mut client = connector.connect_patiently().await?;
    if is_marked(&client).await? {
        return Err(MigrationError::Unfinished);
    }
    let runner = runner();
    let waiting = "migrating takes long: it may be waiting for somebody's transaction, see pg_blocking_pids in PostgreSQL";
    let report = saying_so(waiting, runner.run_async(&mut client)).await;
    let report = report.map_err(|error| explain(error, &runner))?;
    lock.batch_execute("COMMIT").await?;
    Ok(applied(&report))
}

/// 0 where none has been applied.
pub(super) async fn last_applied(
    settings: &PostgresSettings,
) -> Result<SchemaVersion, MigrationError> {
    let mut client = Connector::for_migrations(settings)?.connect_patiently().await?;
    let exists = "SELECT to_regclass($1) IS NOT NULL";
    let exists: bool =
        client.query_typed_one(exists, &[(&HISTORY_TABLE, Type::TEXT)]).await?.get(0);
    if !exists {
        return Ok(0);
    }
    let last = runner().get_last_applied_migration_async(&mut client).await?;
    Ok(last.map_or(0, |migration| migration.version()))
}

/// Asks again and again, and holds nothing in between: a copy that waited within a transaction would keep a connection
/// of the pooler from the one that migrates.
async fn take_lock(client: &Client) -> Result<(), MigrationError> {
    loop {
        answered(client.batch_execute("BEGIN")).await?;
        if try_lock(client).await? {
            return Ok(());
        }
        client.batch_execute("ROLLBACK").await?;
        tokio::time::sleep(LOCK_PAUSE).await;
    }
}

async fn try_lock(client: &Client) -> Result<bool, MigrationError> {
    let take = format!("SELECT pg_try_advisory_xact_lock({LOCK})");
    Ok(answered(client.query_typed_one(&take, &[])).await?.get(0))
}

/// The lock, which is held by now, can be had once in a database.
async fn check_is_the_same(settings: &PostgresSettings) -> Result<(), MigrationError> {
    let pooled = Connector::new(settings).map_err(MigrationError::Unreachable)?;
    match try_lock(&pooled.connect_patiently().await?).await? {
        true => Err(MigrationError::OtherDatabase),
        false => Ok(()),
    }
}

/// Whether it is the target of a copy that is not finished.
async fn is_marked(client: &Client) -> Result<bool, MigrationError> {
    let mark = format!("SELECT 1 WHERE to_regclass('{}') IS NOT NULL", copies::MARK);
    let marked = answered(client.simple_query(&mark)).await?;
    Ok(marked.iter().any(|message| matches!(message, SimpleQueryMessage::Row(_))))
}

/// The answer, if there is one within a while.
async fn answered<T>(
    answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, MigrationError> {
    match tokio::time::timeout(ANSWER_TIMEOUT, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(MigrationError::Unreachable(
            "it accepts connections and does not answer on them. A pooler must have two connections to give, \
             or DATABASE_DIRECT_URL lead around it"
                .to_owned(),
        )),
    }
}

/// Says what is being waited for if it takes long.
async fn saying_so<T>(waiting: &str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    if let Ok(done) = tokio::time::timeout(SILENT_FOR, &mut work).await {
        return done;
    }
    tracing::warn!("{waiting}");
    work.await
}
