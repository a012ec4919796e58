//! A statement that is not about whom it says is refused before it reaches an engine.

use std::panic::AssertUnwindSafe;

use duly::database::DatabaseError;
use duly::database::statement::{Row, Statement};
use duly::models::user::UserId;
use futures_util::FutureExt;

use crate::on_every_engine;
use crate::support::database::{TestDatabase, owner, titled};

/// Whether a statement runs. What is looked at in builds for development alone ends in a panic.
async fn runs(database: &TestDatabase, statement: Statement) -> bool {
    let read = AssertUnwindSafe(database.read::<Row>(statement)).catch_unwind().await;
    read.is_ok_and(|rows| rows.is_ok())
}

fn version_of(owner: &UserId) -> Statement {
    Statement::of(owner, "SELECT version FROM owners WHERE user_id = $1")
}

on_every_engine! {
    async fn a_batch_is_about_one_person(database: TestDatabase) {
        let (ada, grace) = (owner("ada"), owner("grace"));
        for name in [&ada, &grace] {
            database.insert(name, &titled("kept")).await;
        }
        let hers = vec![version_of(&ada), Statement::without_owner("SELECT 1"), version_of(&ada)];
        assert_eq!(database.write(hers).await.expect("it is all hers").len(), 3);
        let delete = |name| Statement::of(name, "DELETE FROM owners WHERE user_id = $1");
        let both = database.write(vec![delete(&ada), delete(&grace)]).await;
        assert!(matches!(both, Err(DatabaseError::Failed(_))), "{both:?}");
        assert_eq!((database.counts(&ada).await, database.counts(&grace).await), ((1, 1), (1, 1)));
    }

    async fn what_people_keep_is_not_read_without_saying_whose(database: TestDatabase) {
        for sql in ["SELECT count(*) FROM tasks", "SELECT owners.version FROM owners",
                    r#"SELECT 1 FROM "user" JOIN tasks ON TRUE"#] {
            assert!(!runs(&database, Statement::without_owner(sql)).await, "{sql}");
            assert!(runs(&database, Statement::across_owners(sql)).await, "{sql}");
        }
        assert!(runs(&database, Statement::without_owner(r#"SELECT 'tasks', 1 AS "owners""#)).await);
    }

    async fn every_table_of_a_statement_is_restricted_to_its_owner(database: TestDatabase) {
        let insert = "INSERT INTO owners (user_id, version, task_count, created_at)";
        let when = database.either("now()", "0");
        for (sql, is_fine) in [
            ("SELECT version FROM owners WHERE user_id = $1", true),
            ("SELECT version FROM owners WHERE user_id=$1 AND owners.version > 0", true),
            ("SELECT 1 FROM tasks WHERE user_id = $1 AND version = (SELECT version FROM owners WHERE user_id = $1)", true),
            ("SELECT version FROM owners WHERE $1 <> ''", false),
            ("SELECT version FROM owners WHERE user_id <> $1", false),
            ("SELECT version FROM owners WHERE local_user_id = $1", false),
            ("SELECT 1 FROM tasks, owners WHERE owners.user_id = $1", false),
            ("SELECT 1 FROM tasks WHERE user_id = $1 AND version = (SELECT max(version) FROM owners)", false),
        ] {
            assert_eq!(runs(&database, Statement::of(&owner("ada"), sql)).await, is_fine, "{sql}");
        }
        for (row, is_fine) in [
            (format!("VALUES ($1, 1, 0, {when})"), true),
            (format!("SELECT $1, 1, 0, {when}"), true),
            (format!("SELECT 'grace', 1, 0, {when} WHERE $1 <> ''"), false),
            (format!("SELECT user_id, 1, 0, {when} FROM owners WHERE $1 <> ''"), false),
        ] {
            let write = vec![
                Statement::of(&owner("ada"), format!("{insert} {row}")),
                Statement::of(&owner("ada"), "DELETE FROM owners WHERE user_id = $1"),
            ];
            let written = AssertUnwindSafe(database.write(write)).catch_unwind().await;
            assert_eq!(written.is_ok_and(|rows| rows.is_ok()), is_fine, "{row}");
        }
    }
}
