//! Both engines have the same tables, columns, keys and indexes, under the same names. SQLite's `owners` and `tasks` have
//! a number besides, in whose order the rows lie; it is a primary key to SQLite, and theirs is unique.

use std::collections::BTreeSet;

use duly::database::statement::Row;

use crate::support::database::{TestDatabase, statement};
use crate::support::storage;

/// Rows of texts, without refinery's own table.
async fn texts(database: &TestDatabase, sql: &str) -> BTreeSet<Vec<String>> {
    let rows: Vec<Row> = database.read(statement(sql)).await.expect("the catalogue is read");
    rows.into_iter()
        .map(|mut row| {
            (0..4).map(|index| row.take_optional(index).unwrap().unwrap_or_default()).collect()
        })
        .filter(|row: &Vec<String>| row[0] != "duly_schema_history")
        .collect()
}

struct Both {
    postgres: TestDatabase,
    embedded: TestDatabase,
}

impl Both {
    async fn start() -> Option<Self> {
        let postgres = TestDatabase::start(storage::postgres().await?).await;
        Some(Self { postgres, embedded: TestDatabase::start(storage::embedded()).await })
    }

    async fn assert_same(&self, postgres: &str, embedded: &str) {
        let (postgres, embedded) =
            (texts(&self.postgres, postgres).await, texts(&self.embedded, embedded).await);
        assert!(!postgres.is_empty());
        assert_eq!(postgres, embedded);
    }
}

#[tokio::test]
async fn the_tables_and_columns_have_the_same_names_and_nullability() {
    let Some(both) = Both::start().await else { return };
    both.assert_same(
        "SELECT table_name::text, column_name::text, is_nullable::text, '' FROM information_schema.columns \
         WHERE table_schema = 'public'",
        "SELECT t.name, c.name, CASE c.\"notnull\" WHEN 1 THEN 'NO' ELSE 'YES' END, '' \
         FROM sqlite_schema t, pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND NOT (c.pk = 1 AND c.type = 'INTEGER')",
    )
    .await;
}

#[tokio::test]
async fn the_columns_stand_in_the_same_order() {
    let Some(both) = Both::start().await else { return };
    both.assert_same(
        "SELECT table_name::text, column_name::text, ordinal_position::text, '' FROM information_schema.columns \
         WHERE table_schema = 'public'",
        "SELECT t.name, c.name, CAST(c.cid + 1 AS TEXT), '' FROM sqlite_schema t, pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND NOT (c.pk = 1 AND c.type = 'INTEGER')",
    )
    .await;
}

#[tokio::test]
async fn the_indexes_have_the_same_names_and_columns() {
    let Some(both) = Both::start().await else { return };
    both.assert_same(
        "SELECT t.relname::text, i.relname::text, string_agg(a.attname, ',' ORDER BY k.place), x.indisunique::text \
         FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
         JOIN pg_namespace s ON s.oid = t.relnamespace AND s.nspname = 'public' \
         CROSS JOIN LATERAL unnest(x.indkey::int[]) WITH ORDINALITY AS k(number, place) \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number \
         WHERE NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = x.indexrelid) \
         GROUP BY 1, 2, x.indisunique",
        "SELECT t.name, i.name, (SELECT group_concat(c.name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno) c), \
         CASE i.\"unique\" WHEN 1 THEN 'true' ELSE 'false' END \
         FROM sqlite_schema t, pragma_index_list(t.name) i WHERE t.type = 'table' AND i.origin = 'c'",
    )
    .await;
}

#[tokio::test]
async fn the_keys_are_on_the_same_columns() {
    let Some(both) = Both::start().await else { return };
    both.assert_same(
        "SELECT t.relname::text, c.contype::text, string_agg(a.attname, ',' ORDER BY k.place), '' \
         FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid \
         CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k(number, place) \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number \
         WHERE c.connamespace = 'public'::regnamespace AND c.contype IN ('p', 'u') GROUP BY 1, 2, c.oid",
        "SELECT t.name, CASE WHEN i.origin = 'pk' OR t.name IN ('owners', 'tasks') THEN 'p' ELSE 'u' END, \
         (SELECT group_concat(c.name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno) c), '' \
         FROM sqlite_schema t, pragma_index_list(t.name) i WHERE t.type = 'table' AND i.origin IN ('pk', 'u')",
    )
    .await;
}

#[tokio::test]
async fn the_foreign_keys_are_the_same_and_cascade() {
    let Some(both) = Both::start().await else { return };
    both.assert_same(
        "SELECT t.relname::text, r.relname::text, a.attname::text, \
         CASE c.confdeltype WHEN 'c' THEN 'CASCADE' ELSE 'other' END \
         FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1] WHERE c.contype = 'f'",
        "SELECT t.name, f.\"table\", f.\"from\", f.on_delete \
         FROM sqlite_schema t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table'",
    )
    .await;
}
