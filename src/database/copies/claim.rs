//! Who may write into the target of a copy: whoever has begun the copy or taken it over last, and nobody else.
//!
//! The mark carries a token of the copier. On PostgreSQL, triggers on every table refuse whoever has not said the token
//! in the same transaction: a server that runs on the target already, say. The copier's batches also begin by locking
//! the mark with its token, so that one that was overtaken, or comes back when the mark and the triggers are gone,
//! writes nothing. An embedded target needs none of this: it is locked for as long as it is open.

use super::MARK;
use crate::database::statement::{Batch, Dialect, Row, Statement};
use crate::database::transfer::tables::TABLES;
use crate::database::{Database, DatabaseError};

/// The triggers, and the function that they call.
const GUARD: &str = "duly_copy_guard";

/// Fails unless the mark is there with this token, and keeps it so until the transaction ends. The triggers are told.
const HOLD: &str = "SELECT 1 / count(*), set_config('duly.copy', $1, TRUE) \
     FROM (SELECT 1 FROM duly_copy WHERE token = $1 FOR SHARE) AS held";

/// 55000 is an error that passes: servers answer 503. Whoever writes may be another role than whoever copies, and look
/// for tables elsewhere.
const CREATE_GUARD: &str = "CREATE FUNCTION duly_copy_guard() RETURNS trigger LANGUAGE plpgsql \
     SECURITY DEFINER SET search_path FROM CURRENT AS $$ \
     DECLARE holder text; \
     BEGIN \
         SELECT token INTO holder FROM duly_copy FOR SHARE; \
         IF holder IS DISTINCT FROM current_setting('duly.copy', TRUE) THEN \
             RAISE EXCEPTION 'a duly copy into this database is not finished' USING ERRCODE = '55000'; \
         END IF; \
         RETURN NULL; \
     END $$";

/// The right to write into the target of a copy.
#[derive(Debug)]
pub struct Claim {
    token: String,
}

/// Who has the right to write into a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    This,
    Another,
    /// It is not marked as the target of a copy.
    Everybody,
}

impl Claim {
    /// Marks a database that is empty, has the tables and is not marked, as the target of a copy. `source` is the
    /// hexadecimal hash of what it is a copy of; `token` consists of letters and digits, and is nobody else's.
    ///
    /// # Errors
    /// [`DatabaseError`]. Then nothing has changed; in particular where a row or another mark has come meanwhile.
    pub async fn begin(
        database: &Database,
        source: &str,
        token: &str,
    ) -> Result<Self, DatabaseError> {
        // Statements that create something take no parameters.
        if ![source, token].iter().all(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        {
            return Err(DatabaseError::Failed("a mark has letters and digits only".to_owned()));
        }
        let mut create = Statement::across_owners("CREATE TABLE ");
        create.push(&format!("{MARK} AS SELECT '{source}' AS source, '{token}' AS token"));
        let mut batch = vec![create];
        if database.dialect() == Dialect::Postgres {
            batch.push(Statement::across_owners(CREATE_GUARD));
            batch.extend(TABLES.map(|table| create_trigger(table.name)));
            // Whoever was writing is done when there is a trigger. So this sees all that there will ever be.
            batch.push(fail_unless_empty());
        }
        database.write(batch).await?;
        Ok(Self { token: token.to_owned() })
    }

    /// Takes over a copy of this source that is not finished, when what another copier has on the way has arrived.
    /// `None` where there is none.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn take_over(
        database: &Database,
        source: &str,
        token: &str,
    ) -> Result<Option<Self>, DatabaseError> {
        let mut update = Statement::across_owners("UPDATE duly_copy SET token = ");
        update.push_bind(token).push(" WHERE source = ").push_bind(source);
        update.push(" RETURNING token");
        let written = database.write(vec![update]).await?;
        let is_there = written.first().is_some_and(|rows| !rows.is_empty());
        Ok(is_there.then(|| Self { token: token.to_owned() }))
    }

    /// Writes a batch, if the right to write is still this one.
    ///
    /// # Errors
    /// [`DatabaseError`]. Whether the right is gone says [`Claim::holder`].
    pub async fn write(&self, database: &Database, mut batch: Batch) -> Result<(), DatabaseError> {
        if database.dialect() == Dialect::Postgres {
            batch.insert(0, Statement::across_owners(HOLD).bind(self.token.as_str()));
        }
        database.write(batch).await.map(drop)
    }

    /// Takes the mark away, and with it what kept others from writing.
    ///
    /// # Errors
    /// As [`Claim::write`].
    pub async fn finish(&self, database: &Database) -> Result<(), DatabaseError> {
        let mut batch = Batch::new();
        if database.dialect() == Dialect::Postgres {
            let mut drop_guard = Statement::across_owners("DROP FUNCTION ");
            drop_guard.push(GUARD).push("() CASCADE");
            batch.push(drop_guard);
        }
        let mut drop_table = Statement::across_owners("DROP TABLE ");
        drop_table.push(MARK);
        batch.push(drop_table);
        self.write(database, batch).await
    }

    /// Who may write now.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn holder(&self, database: &Database) -> Result<Holder, DatabaseError> {
        if super::catalogue::columns(database, MARK).await?.is_empty() {
            return Ok(Holder::Everybody);
        }
        let rows: Vec<Row> =
            database.read(Statement::across_owners("SELECT token FROM duly_copy")).await?;
        let token = rows.into_iter().next().map(|mut row| row.take::<String>(0)).transpose()?;
        Ok(if token.as_ref() == Some(&self.token) { Holder::This } else { Holder::Another })
    }
}

fn create_trigger(table: &str) -> Statement {
    let mut create = Statement::across_owners("CREATE TRIGGER ");
    create.push(GUARD);
    create.push(&format!(" BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON \"{table}\" "));
    create.push(&format!("FOR EACH STATEMENT EXECUTE FUNCTION {GUARD}()"));
    create
}

/// A query that divides by zero where a table has a row.
fn fail_unless_empty() -> Statement {
    let mut select = Statement::across_owners("SELECT 1 / CASE WHEN FALSE");
    for table in TABLES {
        select.push(&format!(" OR EXISTS (SELECT 1 FROM \"{}\")", table.name));
    }
    select.push(" THEN 0 ELSE 1 END");
    select
}
