//! Where the rows of tasks lie in the embedded file: those of one person side by side, whoever writes in between.

use duly::config::Storage;
use duly::database::tasks;
use refinery::Target;
use uuid::Uuid;

use crate::support::contents::add_owner;
use crate::support::database::{TestDatabase, owner, titled};
use crate::support::storage;

mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}

/// How often, from one row to the next, the person changes.
const CHANGES: &str = "SELECT count(*) FROM (SELECT user_id, lag(user_id) OVER (ORDER BY place) AS before FROM tasks) \
     WHERE before <> user_id";

#[tokio::test]
async fn the_tasks_of_a_person_lie_side_by_side() {
    let database = TestDatabase::start(storage::embedded()).await;
    for round in 0..20 {
        for person in ["ada", "grace", "hedy"] {
            database.insert(&owner(person), &titled(&format!("{round}"))).await;
        }
    }
    assert_eq!(database.number(CHANGES).await, 2);
}

#[tokio::test]
async fn rows_that_were_brought_in_are_in_nobodys_way() {
    let database = TestDatabase::start(storage::embedded()).await;
    for person in ["ada", "grace"] {
        add_owner(&database, person, 5).await;
    }
    assert_eq!(database.number(CHANGES).await, 1);
    database.insert(&owner("grace"), &titled("the first of her own")).await;
    // These come to lie among the places of whoever has the last one.
    add_owner(&database, "hedy", 5).await;
    for person in ["ada", "grace", "hedy"] {
        for _ in 0..3 {
            database.insert(&owner(person), &titled("one more")).await;
        }
    }
    for (person, count) in [("ada", 8), ("grace", 9), ("hedy", 8)] {
        assert_eq!(database.counts(&owner(person)).await, (count, count), "{person}");
    }
}

#[tokio::test]
async fn a_file_from_before_gets_its_places_and_keeps_every_task() {
    let storage = storage::embedded();
    let Storage::Embedded(settings) = &storage.storage else { panic!("it is embedded") };
    let mut file = rusqlite::Connection::open(&settings.file).unwrap();
    let mut runner = embedded::migrations::runner().set_target(Target::Version(4));
    runner.set_migration_table_name("duly_schema_history").run(&mut file).unwrap();
    file.execute_batch(
        r#"INSERT INTO "user" VALUES ('ada', 'Ada', 'ada@example.com', 1, NULL, 1000, 1000);
           INSERT INTO owners VALUES ('grace', 9, 2, 2000, NULL), ('ada', 7, 1, 3000, 'ada');
           INSERT INTO tasks VALUES
             ('grace', x'00000000000000000000000000000002', 'Two', 'two', NULL, NULL, NULL, 3, 4000, 1, '["a"]', 9, 5000, 6000),
             ('ada', x'00000000000000000000000000000001', 'Hers', 'hers', 'D', 'd', 8000, 0, NULL, 0, '[]', 7, 1000, 2000),
             ('grace', x'00000000000000000000000000000001', 'One', 'one', NULL, NULL, NULL, 1, NULL, 0, '[]', 8, 5000, 6000);"#,
    )
    .unwrap();
    drop(file);

    let database = TestDatabase::start(storage).await;
    let hers =
        tasks::find_task(&database, &owner("ada"), Uuid::from_u128(1)).await.unwrap().unwrap();
    assert_eq!(
        (hers.title.as_str(), hers.description.as_deref(), hers.version),
        ("Hers", Some("D"), 7)
    );
    assert_eq!(hers.completed_at.map(|instant| instant.as_microsecond()), Some(8_000));
    let two =
        tasks::find_task(&database, &owner("grace"), Uuid::from_u128(2)).await.unwrap().unwrap();
    assert_eq!(
        (two.title.as_str(), two.version, two.created_at.as_microsecond()),
        ("Two", 9, 5_000)
    );
    for (person, count, version) in [("ada", 1, 7), ("grace", 2, 9)] {
        assert_eq!(database.counts(&owner(person)).await, (count, count), "{person}");
        let new = database.insert(&owner(person), &titled("new")).await;
        assert_eq!(new.version, version + 1);
    }
    // Whoever goes takes their tasks along, as before.
    database.execute(r#"DELETE FROM "user" WHERE id = 'ada'"#).await;
    assert_eq!(database.number("SELECT count(*) FROM tasks WHERE user_id = 'ada'").await, 0);
    assert_eq!(database.number("SELECT count(*) FROM tasks").await, 3);
    assert_eq!(database.number("SELECT count(*) FROM pragma_foreign_key_check").await, 0);
}
