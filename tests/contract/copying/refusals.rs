//! Ends that other programs have had their hands in: what is refused, what is said, and that nothing is left behind.

use std::ops::ControlFlow;

use duly::config::{PostgresSettings, Storage};
use duly::database::Database;
use duly::database::statement::Row;
use duly::services::copy::{CopyError, ForeignColumns, copy};

use super::{Side, all};
use crate::support::database::statement;
use crate::support::storage;

async fn tables(side: &Side) -> Vec<String> {
    let database = Database::open_read_only(&side.storage.storage).await.expect("it opens");
    let sql = match &side.storage.storage {
        Storage::Postgres(_) => {
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
        }
        Storage::Embedded(_) => "SELECT name FROM sqlite_schema ORDER BY 1",
    };
    let rows: Vec<Row> = database.read(statement(sql)).await.expect("it reads");
    database.close().await;
    rows.into_iter().map(|mut row| row.take(0).expect("a name")).collect()
}

async fn every_engine() -> Vec<storage::TestStorage> {
    let mut all = vec![storage::embedded()];
    all.extend(storage::postgres().await);
    all
}

#[tokio::test]
async fn a_source_that_lacks_a_column_or_a_table_is_refused() {
    for source in every_engine().await {
        let from = Side::filled(source, 2).await;
        let to = Side::new(storage::embedded(), "target");
        from.execute("ALTER TABLE tasks DROP COLUMN description_folded").await;
        let refused = all(&from, &to).await.unwrap_err().to_string();
        assert!(
            refused.contains("source") && refused.contains("tasks.description_folded"),
            "{refused}"
        );
        from.execute("DROP TABLE \"verification\"").await;
        let refused = all(&from, &to).await.unwrap_err().to_string();
        assert!(refused.contains("verification is missing"), "{refused}");
    }
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_named_and_not_altered() {
    let from = Side::filled(storage::embedded(), 700).await;
    for (spoil, named) in [
        (
            "UPDATE tasks SET title = CAST(X'61FF' AS TEXT) WHERE user_id = 'elsewhere 8'",
            ["tasks.title", "elsewhere 8"],
        ),
        (
            "UPDATE \"user\" SET \"name\" = CAST(X'C328' AS TEXT) WHERE \"id\" = 'ab'",
            ["user.name", "id \"ab\""],
        ),
    ] {
        from.execute(spoil).await;
        let to = Side::new(storage::embedded(), "target");
        let refused = all(&from, &to).await.unwrap_err().to_string();
        assert!(named.iter().all(|named| refused.contains(named)), "{refused}");
        assert!(refused.contains("UTF-8"), "{refused}");
    }
}

#[tokio::test]
async fn tags_that_are_none_and_characters_that_postgresql_does_not_keep_are_named() {
    for source in every_engine().await {
        let is_postgres = matches!(source.storage, Storage::Postgres(_));
        let from = Side::filled(source, 5).await;
        let mut cases = vec![
            ("tags = '[1.10, 100000000000000000000000001]'", "tasks.tags"),
            ("tags = '{\"a\": \"b\"}'", "tasks.tags"),
        ];
        if !is_postgres {
            cases.push(("tags = '[\"a\\u0000b\"]'", "tasks.tags"));
            cases.push(("title = 'a' || char(0) || 'b'", "tasks.title"));
        }
        for (change, named) in cases {
            from.execute(&format!("UPDATE tasks SET {change}")).await;
            let to = Side::new(storage::embedded(), "target");
            let refused = all(&from, &to).await.unwrap_err().to_string();
            assert!(refused.contains(&format!("{named} of the row with")), "{change}: {refused}");
            from.execute("UPDATE tasks SET tags = '[]'").await;
        }
    }
}

#[tokio::test]
async fn what_a_trigger_of_the_target_says_about_a_row_is_not_repeated() {
    let Some(target) = storage::postgres().await else { return };
    let from = Side::filled(storage::embedded(), 2).await;
    from.execute("UPDATE tasks SET title = 'nobodys business'").await;
    let to = Side::new(target, "target");
    to.open().await.close().await;
    for complaint in ["PERFORM new.title::integer", "RAISE EXCEPTION 'row %', new"] {
        to.execute(&format!(
            "CREATE OR REPLACE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN {complaint}; RETURN new; END $$"
        ))
        .await;
        to.execute(
            "CREATE OR REPLACE TRIGGER complain BEFORE INSERT ON tasks \
             FOR EACH ROW EXECUTE FUNCTION complain()",
        )
        .await;
        let refused = all(&from, &to).await.unwrap_err().to_string();
        assert!(refused.contains("tasks") && refused.contains("SQLSTATE"), "{refused}");
        assert!(!refused.contains("business"), "{refused}");
    }
}

#[tokio::test]
async fn instants_beyond_the_years_that_exist_are_named() {
    let Some(source) = storage::postgres().await else { return };
    let from = Side::filled(source, 700).await;
    let cases = [
        ("tasks", "due_at", "user_id = 'busy' AND version = 600", "busy"),
        ("owners", "created_at", "user_id = 'b'", "b"),
        ("session", "expiresAt", "\"id\" = 's1 of a'", "s1 of a"),
    ];
    for (table, column, which, key) in cases {
        for instant in ["infinity", "-infinity", "20000-01-01", "4000-01-01 BC"] {
            from.execute(&format!(
                "UPDATE \"{table}\" SET \"{column}\" = '{instant}' WHERE {which}"
            ))
            .await;
            let to = Side::new(storage::embedded(), "target");
            let outcome = all(&from, &to).await;
            if instant.ends_with("BC") && outcome.is_ok() {
                continue;
            }
            let refused = outcome.unwrap_err().to_string();
            assert!(refused.contains(&format!("{table}.{column} of the row with")), "{refused}");
            assert!(refused.contains(&format!("{key:?}")), "{refused}");
        }
    }
    // The same in an embedded source: a number that is no instant.
    let from = Side::filled(storage::embedded(), 5).await;
    from.execute("UPDATE \"user\" SET \"createdAt\" = 9223372036854775807 WHERE \"id\" = 'ab'")
        .await;
    let to = Side::new(storage::embedded(), "target");
    let refused = all(&from, &to).await.unwrap_err().to_string();
    assert!(refused.contains("user.createdAt of the row with id \"ab\""), "{refused}");
}

#[tokio::test]
async fn a_table_of_another_program_in_the_target_is_refused_and_nothing_is_left() {
    let from = Side::filled(storage::embedded(), 2).await;
    for create in [
        "CREATE TABLE tasks (id integer, name text)",
        "CREATE TABLE owners (user_id text, version bigint)",
        "CREATE TABLE \"session\" (sid text, data text)",
        "CREATE VIEW tasks AS SELECT 1 AS user_id WHERE FALSE",
    ] {
        for target in every_engine().await {
            let to = Side::new(target, "target");
            to.execute(create).await;
            let before = tables(&to).await;
            let refused = all(&from, &to).await.unwrap_err();
            assert!(matches!(refused, CopyError::ForeignTable(_)), "{create}: {refused}");
            assert_eq!(tables(&to).await, before);
        }
    }
}

#[tokio::test]
async fn a_column_that_must_not_be_empty_is_noticed_before_anything_is_written() {
    let from = Side::filled(storage::embedded(), 2).await;
    let Some(target) = storage::postgres().await else { return };
    let to = Side::new(target, "target");
    to.open().await.close().await;
    to.execute("ALTER TABLE \"user\" ADD COLUMN role text NOT NULL").await;
    let before = tables(&to).await;
    let refused = all(&from, &to).await.unwrap_err().to_string();
    assert!(refused.contains("\"user\".\"role\""), "{refused}");
    assert_eq!(tables(&to).await, before);
    to.execute("ALTER TABLE \"user\" ALTER COLUMN role SET DEFAULT 'user'").await;
    all(&from, &to).await.unwrap();
}

#[tokio::test]
async fn a_constraint_of_the_target_is_named_and_no_value() {
    let from = Side::filled(storage::embedded(), 2).await;
    for (constraint, named) in [
        (
            "ALTER TABLE \"user\" ADD CONSTRAINT no_at CHECK (\"email\" NOT LIKE '%@%')",
            ["user", "no_at"],
        ),
        ("ALTER TABLE \"account\" ALTER COLUMN \"idToken\" SET NOT NULL", ["account", "idToken"]),
        (
            "ALTER TABLE owners ADD CONSTRAINT short CHECK (length(user_id) < 5)",
            ["owners", "short"],
        ),
    ] {
        let Some(target) = storage::postgres().await else { return };
        let to = Side::new(target, "target");
        to.open().await.close().await;
        to.execute(constraint).await;
        let refused = all(&from, &to).await.unwrap_err();
        let said = format!("{refused} {refused:?}");
        assert!(named.iter().all(|named| said.contains(named)), "{said}");
        for value in ["@example.com", "account of", "elsewhere", "refresh"] {
            assert!(!said.contains(value), "{said}");
        }
    }
}

#[tokio::test]
async fn rows_that_a_role_may_not_see_are_not_left_behind_in_silence() {
    let (Some(source), Some(empty)) = (storage::postgres().await, storage::postgres().await) else {
        return;
    };
    let (from, to) = (Side::filled(source, 5).await, Side::new(empty, "target"));
    to.open().await.close().await;
    for (side, table) in [(&from, "tasks"), (&to, "user")] {
        side.execute(&format!("ALTER TABLE \"{table}\" ENABLE ROW LEVEL SECURITY")).await;
        // Other tests make it, too.
        side.execute(
            "DO $$ BEGIN CREATE ROLE duly_sees_little LOGIN; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$",
        )
        .await;
        side.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO duly_sees_little").await;
        side.execute("GRANT ALL ON SCHEMA public TO duly_sees_little").await;
    }
    let as_other = |side: &Side| {
        let mut place = side.place.clone();
        let Storage::Postgres(settings) = &mut place.storage else { panic!("it is PostgreSQL") };
        // A pooler may know one role only.
        if let Ok(direct) = std::env::var("TEST_DATABASE_ADMIN_URL") {
            let name = settings.config.get_dbname().expect("it has a name").to_owned();
            *settings = PostgresSettings::parse(&direct).expect("TEST_DATABASE_ADMIN_URL reads");
            settings.config.dbname(name);
        }
        settings.config.user("duly_sees_little");
        place
    };
    let elsewhere = Side::new(storage::embedded(), "elsewhere");
    let go_on = |_: &_| ControlFlow::Continue(());
    let refused = copy(&as_other(&from), &elsewhere.place, ForeignColumns::Refuse, &go_on).await;
    assert!(
        matches!(refused, Err(CopyError::Hidden { end: "source", table: "tasks" })),
        "{refused:?}"
    );
    let source = Side::filled(storage::embedded(), 5).await;
    let refused = copy(&source.place, &as_other(&to), ForeignColumns::Refuse, &go_on).await;
    assert!(
        matches!(refused, Err(CopyError::Hidden { end: "target", table: "user" })),
        "{refused:?}"
    );
    // Whoever sees everything may.
    all(&from, &elsewhere).await.unwrap();
    all(&source, &to).await.unwrap();
}
