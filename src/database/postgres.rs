//! The PostgreSQL end of the seam: a pool of connections, and batches pipelined into one round trip.
//!
//! A statement runs in a task of its own that owns the connection until every answer has arrived. A request
//! that is dropped half-way therefore never puts back a connection with work in flight.

use bytes::{BufMut, BytesMut};
use deadpool_postgres::{
    ClientWrapper, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use futures_util::future::{join_all, join3, try_join_all};
use jiff::Timestamp;
use std::error::Error as StdError;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres_rustls::MakeRustlsConnect;
use uuid::Uuid;

use super::migrations::MigrationError;
use super::statement::{Batch, Constraint, Kind, Row, Statement, Value};
use super::{DatabaseError, Load, WAIT};
use crate::config::PostgresSettings;
use crate::models::timestamp;

/// How many prepared statements a connection keeps. Lists are put together from what is asked for, and
/// nobody may fill the server's memory with shapes.
const MAX_PREPARED: usize = 256;

/// Microseconds between 1970 and 2000, where PostgreSQL counts from.
const EPOCH_OFFSET_MICROS: i64 = 946_684_800_000_000;

pub(super) struct Postgres {
    pool: Pool,
}

impl Postgres {
    /// A pool for the database. Connections are made when they are first needed.
    pub(super) fn connect(settings: &PostgresSettings) -> Result<Self, MigrationError> {
        let manager = Manager::from_config(
            settings.config.clone(),
            tls(),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(settings.max_connections)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .recycle_timeout(Some(WAIT))
            .build()
            .map_err(|error| MigrationError::Unreachable(error.to_string()))?;
        Ok(Self { pool })
    }

    pub(super) async fn read(&self, statement: Statement) -> Result<Vec<Row>, DatabaseError> {
        let client = self.client().await?;
        in_own_task(async move { run(&client, &statement).await }).await
    }

    pub(super) async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, DatabaseError> {
        let client = self.client().await?;
        in_own_task(async move {
            match batch.as_slice() {
                [] => Ok(Vec::new()),
                // One statement is a transaction as it is.
                [statement] => Ok(vec![run(&client, statement).await?]),
                statements => run_transaction(&client, statements).await,
            }
        })
        .await
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }

    pub(super) fn load(&self) -> Load {
        let status = self.pool.status();
        Load { connections: status.size, idle: status.available, waiting: status.waiting }
    }

    async fn client(&self) -> Result<Object, DatabaseError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Timeout(_) => DatabaseError::Busy("no connection became free in time"),
            PoolError::Backend(error) => DatabaseError::Unavailable(describe(&error)),
            other => DatabaseError::Unavailable(other.to_string()),
        })
    }
}

/// The connector: encrypted where the connection string asks for it, verified against the public roots.
pub(super) fn tls() -> MakeRustlsConnect {
    MakeRustlsConnect::with_webpki_roots()
}

async fn in_own_task<T: Send + 'static>(
    work: impl Future<Output = Result<T, tokio_postgres::Error>> + Send + 'static,
) -> Result<T, DatabaseError> {
    match tokio::spawn(work).await {
        Ok(outcome) => outcome.map_err(|error| classify(&error)),
        Err(panic) => Err(DatabaseError::Failed(panic.to_string())),
    }
}

async fn run(
    client: &ClientWrapper,
    statement: &Statement,
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let prepared = prepare(client, statement).await?;
    query(client, &prepared, statement).await
}

/// Sends `BEGIN`, the statements and `COMMIT` in one flight. Joined futures are first polled in order, and
/// the first poll of each puts its message on the wire, so nothing waits for the answer before it. When a
/// statement fails the server refuses the ones behind it and turns the `COMMIT` into a rollback.
async fn run_transaction(
    client: &ClientWrapper,
    statements: &[Statement],
) -> Result<Vec<Vec<Row>>, tokio_postgres::Error> {
    let prepared =
        try_join_all(statements.iter().map(|statement| prepare(client, statement))).await?;
    let queries = statements
        .iter()
        .zip(&prepared)
        .map(|(statement, prepared)| query(client, prepared, statement));
    let (begun, answers, committed) =
        join3(client.batch_execute("BEGIN"), join_all(queries), client.batch_execute("COMMIT"))
            .await;
    begun?;
    let rows = answers.into_iter().collect::<Result<_, _>>()?;
    committed?;
    Ok(rows)
}

async fn prepare(
    client: &ClientWrapper,
    statement: &Statement,
) -> Result<tokio_postgres::Statement, tokio_postgres::Error> {
    if client.statement_cache.size() >= MAX_PREPARED {
        client.statement_cache.clear();
    }
    let types: Vec<Type> =
        statement.values.iter().map(|value| postgres_type(value.kind())).collect();
    client.prepare_typed_cached(&statement.sql, &types).await
}

async fn query(
    client: &ClientWrapper,
    prepared: &tokio_postgres::Statement,
    statement: &Statement,
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let values: Vec<&(dyn ToSql + Sync)> =
        statement.values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
    client.query(prepared, &values).await?.iter().map(read_row).collect()
}

fn read_row(row: &tokio_postgres::Row) -> Result<Row, tokio_postgres::Error> {
    (0..row.len())
        .map(|index| row.try_get::<_, Option<Value>>(index))
        .collect::<Result<_, _>>()
        .map(Row)
}

fn postgres_type(kind: Kind) -> Type {
    match kind {
        Kind::Text => Type::TEXT,
        Kind::Integer => Type::INT8,
        Kind::Real => Type::FLOAT8,
        Kind::Boolean => Type::BOOL,
        Kind::Bytes => Type::BYTEA,
        Kind::Uuid => Type::UUID,
        Kind::Instant => Type::TIMESTAMPTZ,
        Kind::Json => Type::JSONB,
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null(_) => return Ok(IsNull::Yes),
            Self::Text(text) => out.put_slice(text.as_bytes()),
            Self::Integer(number) => out.put_i64(*number),
            Self::Real(number) => out.put_f64(*number),
            Self::Boolean(boolean) => out.put_u8(u8::from(*boolean)),
            Self::Bytes(bytes) => out.put_slice(bytes),
            Self::Uuid(uuid) => out.put_slice(uuid.as_bytes()),
            Self::Instant(instant) => out.put_i64(instant.as_microsecond() - EPOCH_OFFSET_MICROS),
            Self::Json(text) => {
                out.put_u8(1); // the version of the binary form of jsonb
                out.put_slice(text.as_bytes());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true // every statement is prepared with the types of its values
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(match *kind {
            Type::TEXT | Type::VARCHAR | Type::NAME => Self::Text(String::from_sql(kind, raw)?),
            Type::INT8 => Self::Integer(i64::from_sql(kind, raw)?),
            Type::INT4 => Self::Integer(i32::from_sql(kind, raw)?.into()),
            Type::INT2 => Self::Integer(i16::from_sql(kind, raw)?.into()),
            Type::FLOAT8 => Self::Real(f64::from_sql(kind, raw)?),
            Type::BOOL => Self::Boolean(bool::from_sql(kind, raw)?),
            Type::BYTEA => Self::Bytes(raw.to_vec()),
            Type::UUID => Self::Uuid(Uuid::from_slice(raw)?),
            Type::TIMESTAMPTZ => Self::Instant(read_instant(i64::from_be_bytes(raw.try_into()?))?),
            Type::JSONB => {
                Self::Json(String::from_utf8(raw.get(1..).unwrap_or_default().to_vec())?)
            }
            ref other => return Err(format!("the type {other} does not cross the seam").into()),
        })
    }

    fn accepts(_: &Type) -> bool {
        true // from_sql says so itself where it does not
    }
}

fn read_instant(micros_since_2000: i64) -> Result<Timestamp, &'static str> {
    timestamp::from_micros(micros_since_2000.saturating_add(EPOCH_OFFSET_MICROS))
        .ok_or("an instant beyond the years that exist")
}

fn classify(error: &tokio_postgres::Error) -> DatabaseError {
    let Some(reported) = error.as_db_error() else {
        return if error.is_closed() || is_io(error) {
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
    // Classes: 08 connection, 25006 read-only, 53 out of resources, 55 not now, 57 operator intervention.
    let transient = ["08", "53", "55", "57"].iter().any(|class| code.code().starts_with(class));
    if transient || *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        DatabaseError::Unavailable(describe(error))
    } else {
        DatabaseError::Failed(describe(error))
    }
}

/// Our own name for the key of `owners`, and PostgreSQL's for those that Better Auth makes.
fn references_user(constraint: &str) -> bool {
    ["owners_local_user_id_fkey", "session_userId_fkey", "account_userId_fkey"]
        .contains(&constraint)
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(|source| source.is::<std::io::Error>())
}

/// The error with its causes, which tokio-postgres keeps apart.
pub(super) fn describe(error: &tokio_postgres::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
