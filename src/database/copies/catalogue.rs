//! What the catalogues of the engines say about tables.

use crate::database::statement::{Dialect, Row, Statement};
use crate::database::{Database, DatabaseError};

/// A column of a table that is there.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// Whether a row that says nothing about it is refused.
    pub(super) is_required: bool,
}

/// A table's columns, in their order; none where there is no such table. Numbers that SQLite gives its rows are left out:
/// each file has its own.
pub(super) async fn columns(
    database: &Database,
    table: &str,
) -> Result<Vec<Column>, DatabaseError> {
    let rows: Vec<Row> = database.read(columns_of(database.dialect(), table)).await?;
    let column = |mut row: Row| Ok(Column { name: row.take(0)?, is_required: row.take(1)? });
    rows.into_iter().map(column).collect()
}

fn columns_of(dialect: Dialect, table: &str) -> Statement {
    Statement::across_owners(match dialect {
        Dialect::Postgres => {
            "SELECT attname::text, attnotnull AND NOT atthasdef AND attidentity = '' FROM pg_attribute \
             WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        }
        Dialect::Sqlite => {
            "SELECT name, \"notnull\" = 1 AND dflt_value IS NULL FROM pragma_table_info($1) \
             WHERE NOT (pk = 1 AND type = 'INTEGER') ORDER BY cid"
        }
    })
    .bind(table)
}

/// Whether row-level security may keep rows of a table from whoever asks, without a word.
pub(super) async fn hides_rows(database: &Database, table: &str) -> Result<bool, DatabaseError> {
    if database.dialect() == Dialect::Sqlite {
        return Ok(false);
    }
    let active = "SELECT COALESCE(row_security_active(to_regclass($1)::oid), FALSE)";
    let rows: Vec<Row> = database.read(Statement::across_owners(active).bind(table)).await?;
    rows.into_iter().next().map_or(Ok(false), |mut row| row.take(0))
}
