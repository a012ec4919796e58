//! Owners of tasks who are users of this database, and what becomes of their tasks without them.

use duly::database::statement::Row;
use duly::database::tasks::{self, Insert};
use duly::database::users::{self, InsertUser};
use duly::database::{Database, DatabaseError};
use duly::models::user::UserId;
use uuid::Uuid;

use crate::on_every_engine;
use crate::support::database::{
    PLENTY, TestDatabase, created, now, owner, session, statement, titled, user,
};
use crate::support::storage::TestStorage;

/// A database in which only its own users may have tasks.
struct Local {
    database: Database,
    _storage: TestStorage,
}

impl Local {
    async fn start(storage: TestStorage) -> Self {
        let database = Database::open(&storage.storage).await.expect("the storage opens");
        Self { database: database.with_local_users(), _storage: storage }
    }
}

async fn insert(database: &Database, owner: &UserId) -> Result<Insert, DatabaseError> {
    let id = Uuid::now_v7();
    tasks::insert_task(database, owner, id, &titled("kept"), now(), PLENTY).await
}

async fn sign_up(database: &Database, name: &str) {
    let (user, session) = (user(name), session(name, &format!("token of {name}")));
    let account = format!("account of {name}");
    let inserted = users::insert_user(database, &user, &account, "hash", &session).await;
    assert_eq!(inserted.expect("it is kept"), InsertUser::Inserted);
}

on_every_engine! {
    async fn only_who_is_there_may_have_tasks(local: Local) {
        let database = &local.database;
        let refused = insert(database, &owner("ada")).await;
        assert!(matches!(refused, Err(DatabaseError::UserGone)), "{refused:?}");
        sign_up(database, "ada").await;
        let task = created(insert(database, &owner("ada")).await);
        users::delete_user(database, &owner("ada")).await.expect("it is deleted");
        assert!(tasks::find_task(database, &owner("ada"), task.id).await.expect("it reads").is_none());
        let refused = insert(database, &owner("ada")).await;
        assert!(matches!(refused, Err(DatabaseError::UserGone)), "{refused:?}");
    }

    async fn a_write_and_a_deletion_at_once_leave_nothing_behind(local: Local) {
        let database = &local.database;
        for round in 0..20 {
            let name = format!("user {round}");
            let ada = owner(&name);
            sign_up(database, &name).await;
            let (one, _, three) = tokio::join!(
                insert(database, &ada),
                users::delete_user(database, &ada),
                insert(database, &ada),
            );
            for outcome in [one, three] {
                assert!(matches!(outcome, Ok(Insert::Created(_)) | Err(DatabaseError::UserGone)), "{outcome:?}");
            }
            for table in ["owners", "tasks"] {
                let count = statement(&format!("SELECT count(*) FROM {table}"));
                let mut rows: Vec<Row> = database.read(count).await.expect("it counts");
                assert_eq!(rows[0].take::<i64>(0).expect("a number"), 0, "{table}");
            }
        }
    }

    async fn tasks_of_strangers_stay_and_those_of_users_beside_us_go_with_them(database: TestDatabase) {
        sign_up(&database, "ada").await;
        let (ada, stranger) = (owner("ada"), owner("a stranger"));
        database.insert(&ada, &titled("hers")).await;
        database.insert(&stranger, &titled("theirs")).await;
        // As a server beside us deletes.
        database.execute("DELETE FROM \"user\"").await;
        assert_eq!(database.counts(&ada).await, (0, 0));
        assert_eq!(database.counts(&stranger).await, (1, 1));
    }

    async fn an_owner_from_before_its_user_becomes_theirs_with_the_next_write(database: TestDatabase) {
        let ada = owner("ada");
        database.insert(&ada, &titled("from before")).await;
        sign_up(&database, "ada").await;
        database.insert(&ada, &titled("since")).await;
        assert_eq!(database.counts(&ada).await, (2, 2));
        database.execute("DELETE FROM \"user\"").await;
        assert_eq!(database.counts(&ada).await, (0, 0));
    }
}
