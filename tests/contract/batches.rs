//! A batch happens whole or not at all.

use duly::database::statement::{Batch, Constraint, Row, Statement};
use duly::database::tasks::{self, Insert};
use duly::database::users::{self, InsertUser};
use duly::database::{Database, DatabaseError};
use futures_util::future::join_all;
use uuid::Uuid;

use crate::on_every_engine;
use crate::support::database::{
    Dice, PLENTY, TestDatabase, created, now, owner, session, titled, user,
};

fn insert_owner(name: &str) -> Statement {
    Statement::across_owners(
        "INSERT INTO owners (user_id, version, task_count, created_at) VALUES ($1, 1, 0, $2)",
    )
    .bind(name)
    .bind(now())
}

async fn owners(database: &TestDatabase) -> i64 {
    database.number("SELECT count(*) FROM owners").await
}

/// Three owners.
fn three(prefix: &str) -> Batch {
    (0..3).map(|index| insert_owner(&format!("{prefix} {index}"))).collect()
}

async fn write_and_drop_after_first_poll(database: &Database, batch: Batch) {
    tokio::select! {
        biased;
        _ = database.write(batch) => {}
        () = std::future::ready(()) => {}
    }
}

on_every_engine! {
    async fn a_batch_gives_the_rows_of_each_statement(database: TestDatabase) {
        let rows = database.write(vec![
            insert_owner("a"),
            Statement::across_owners("SELECT user_id, version FROM owners"),
            Statement::across_owners("UPDATE owners SET version = 9 RETURNING version"),
            Statement::across_owners("DELETE FROM owners WHERE version = 1"),
        ]).await.unwrap();
        assert_eq!(rows.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1, 1, 0]);
        assert_eq!(rows[1][0].clone().take::<i64>(1).unwrap(), 1);
        assert_eq!(rows[2][0].clone().take::<i64>(0).unwrap(), 9);
        assert!(database.write(Vec::new()).await.unwrap().is_empty());
    }

    async fn a_batch_that_fails_at_any_place_leaves_nothing(database: TestDatabase) {
        for place in 0..=3 {
            for failing in ["SELECT * FROM no_such_table", "INSERT INTO owners VALUES (NULL, 1, 1, NULL)",
                            "not even SQL", "INSERT INTO tasks (user_id) VALUES ('nobody')",
                            "UPDATE owners SET task_count = -1"] {
                let mut batch = three("lost");
                batch.insert(place, Statement::across_owners(failing));
                let outcome = database.write(batch).await;
                // Without a row there is nothing to refuse yet.
                if failing.starts_with("UPDATE") && place == 0 {
                    outcome.unwrap();
                    database.execute("DELETE FROM owners").await;
                    continue;
                }
                assert!(matches!(outcome, Err(DatabaseError::Failed(_))), "{failing}: {outcome:?}");
                assert_eq!(owners(&database).await, 0, "{failing} at {place}");
            }
        }
        database.write(three("kept")).await.unwrap();
        assert_eq!(owners(&database).await, 3);
    }

    async fn the_batches_beside_one_that_fails_survive(database: TestDatabase) {
        let writes = (0..90).map(|index| {
            let mut batch = three(&format!("batch {index}"));
            match index % 3 {
                0 => batch.push(Statement::across_owners("SELECT * FROM no_such_table")),
                1 => batch.insert(1, insert_owner(&format!("batch {index} 0"))),
                _ => {}
            }
            database.write(batch)
        });
        let outcomes = join_all(writes).await;
        for (index, outcome) in outcomes.iter().enumerate() {
            assert_eq!(outcome.is_ok(), index % 3 == 2, "{index}: {outcome:?}");
        }
        assert_eq!(owners(&database).await, 90);
        let whole = "SELECT count(*) FROM owners WHERE user_id LIKE 'batch % 2'";
        assert_eq!(database.number(whole).await, 30);
    }

    async fn a_taken_key_is_the_same_error_everywhere(database: TestDatabase) {
        let id = Uuid::from_u128(1);
        let ada = owner("ada");
        created(tasks::insert_task(&database, &ada, id, &titled("one"), now(), PLENTY).await);
        let again = tasks::insert_task(&database, &ada, id, &titled("two"), now(), PLENTY).await;
        assert!(matches!(again, Ok(Insert::IdTaken)), "{again:?}");
        assert_eq!(database.counts(&ada).await, (1, 1));

        let copy = Statement::across_owners("INSERT INTO tasks (user_id, id, title, title_folded, priority, due_has_time, tags, version, created_at, updated_at) \
             SELECT user_id, id, title, title_folded, priority, due_has_time, tags, version, created_at, updated_at FROM tasks",
        );
        let error = database.write(vec![copy]).await.unwrap_err();
        assert!(matches!(error, DatabaseError::Unique(Constraint::TaskId)), "{error:?}");

        let inserted = users::insert_user(&database, &user("ada"), "a1", "hash", &session("ada", "t1")).await;
        assert_eq!(inserted.unwrap(), InsertUser::Inserted);
        let mut other = user("grace");
        other.email = user("ada").email;
        let taken = users::insert_user(&database, &other, "a2", "hash", &session("grace", "t2")).await;
        assert_eq!(taken.unwrap(), InsertUser::EmailTaken);
        let mut email = Statement::across_owners("UPDATE \"user\" SET \"email\" = ");
        email.push_bind("ada@example.com");
        email.push(" WHERE \"id\" = ").push_bind("ada");
        database.write(vec![email]).await.unwrap();
        for table in ["user", "account", "session"] {
            assert_eq!(database.number(&format!("SELECT count(*) FROM \"{table}\"")).await, 1, "{table}");
        }
        // A key that nobody branches on is a mistake of ours.
        let error = database.write(vec![insert_owner("ada")]).await.unwrap_err();
        assert!(matches!(error, DatabaseError::Failed(_)), "{error:?}");
    }

    async fn a_dropped_request_leaves_all_or_nothing(database: TestDatabase) {
        let mut dice = Dice(7);
        for round in 0..200 {
            let batch = three(&format!("round {round}"));
            match dice.roll(3) {
                0 => write_and_drop_after_first_poll(&database, batch).await,
                1 => {
                    let patience = std::time::Duration::from_micros(dice.roll(3000) as u64);
                    let _ = tokio::time::timeout(patience, database.write(batch)).await;
                }
                _ => {
                    let read = database.read::<Row>(Statement::across_owners("SELECT user_id FROM owners"));
                    let _ = tokio::time::timeout(std::time::Duration::ZERO, read).await;
                    database.write(batch).await.unwrap();
                    let mine = format!("SELECT count(*) FROM owners WHERE user_id LIKE 'round {round} %'");
                    assert_eq!(database.number(&mine).await, 3);
                }
            }
        }
        // As many writes as there are connections: whatever was left behind is through.
        for outcome in join_all((0..8).map(|index| database.write(three(&format!("end {index}"))))).await {
            outcome.unwrap();
        }
        let first = database.number("SELECT count(*) FROM owners WHERE user_id LIKE '% 0'").await;
        let last = database.number("SELECT count(*) FROM owners WHERE user_id LIKE '% 2'").await;
        assert_eq!(first, last);
        assert_eq!(owners(&database).await, 3 * first);
        database.ping().await.unwrap();
    }

    async fn a_closed_database_is_unavailable(database: TestDatabase) {
        let accepted = join_all((0..20).map(|index| database.write(three(&format!("batch {index}"))))).await;
        assert!(accepted.iter().all(Result::is_ok));
        database.close().await;
        let written = database.write(three("late")).await;
        assert!(matches!(written, Err(DatabaseError::Unavailable(_))), "{written:?}");
        assert!(matches!(database.ping().await, Err(DatabaseError::Unavailable(_))));
        database.close().await;
        let again = Database::open(&database.storage.storage).await;
        let again = again.map_err(|error| error.to_string()).unwrap();
        let rows: Vec<Row> = again.read(Statement::across_owners("SELECT user_id FROM owners")).await.unwrap();
        assert_eq!(rows.len(), 60);
    }

    async fn what_is_accepted_before_closing_is_kept(database: TestDatabase) {
        let writes = join_all((0..50).map(|index| database.write(three(&format!("batch {index}")))));
        let (outcomes, ()) = tokio::join!(writes, async {
            tokio::task::yield_now().await;
            database.close().await;
        });
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        for outcome in &outcomes {
            assert!(matches!(outcome, Ok(_) | Err(DatabaseError::Unavailable(_))), "{outcome:?}");
        }
        let again = Database::open(&database.storage.storage).await;
        let again = again.map_err(|error| error.to_string()).unwrap();
        let rows: Vec<Row> = again.read(Statement::across_owners("SELECT user_id FROM owners")).await.unwrap();
        assert_eq!(rows.len(), 3 * done);
    }
}
