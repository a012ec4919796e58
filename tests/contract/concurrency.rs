//! Many writers at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use duly::database::tasks::{self, Completion, Delete, Insert, Precondition, Put, Update};
use duly::models::user::UserId;
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::on_every_engine;
use crate::support::database::{PLENTY, TestDatabase, created, fields, now, owner, titled};

/// Creates `count` tasks at the same time, from several threads' worth of tasks; gives their versions.
async fn create_at_once(
    database: &Arc<TestDatabase>,
    owner: &UserId,
    count: usize,
) -> BTreeSet<i64> {
    let creates = (0..count).map(|index| {
        let (database, owner) = (Arc::clone(database), owner.clone());
        tokio::spawn(async move {
            let task = titled(&format!("task {index}"));
            created(
                tasks::insert_task(&database, &owner, Uuid::now_v7(), &task, now(), PLENTY).await,
            )
        })
    });
    join_all(creates).await.into_iter().map(|task| task.unwrap().version).collect()
}

fn completed(update: Update) -> bool {
    match update {
        Update::Updated(task) => task.completed(),
        other => panic!("{other:?}"),
    }
}

on_every_engine! {
    async fn concurrent_creates_of_one_owner_take_every_version_once(database: TestDatabase) {
        let database = Arc::new(database);
        let ada = owner("ada");
        let versions = create_at_once(&database, &ada, 50).await;
        assert_eq!(versions, (1..=50).collect());
        assert_eq!(database.counts(&ada).await, (50, 50));
    }

    async fn owners_write_beside_each_other(database: TestDatabase) {
        let database = Arc::new(database);
        let owners: Vec<UserId> = ["ada", "grace", "linus", "mary"].map(owner).to_vec();
        let all = join_all(owners.iter().map(|owner| create_at_once(&database, owner, 25))).await;
        for (owner, versions) in owners.iter().zip(all) {
            assert_eq!(versions, (1..=25).collect(), "{owner}");
            assert_eq!(database.counts(owner).await, (25, 25));
        }
    }

    async fn at_the_quota_exactly_so_many_are_made(database: TestDatabase) {
        let ada = owner("ada");
        let inserts = (0..40_u128).map(|index| {
            let (database, ada) = (&database, &ada);
            async move {
                let fields = fields(&json!({"title": format!("task {index}")}));
                let id = Uuid::from_u128(index + 1);
                if index % 2 == 0 {
                    let create = fields.to_create().unwrap();
                    match tasks::insert_task(database, ada, id, &create, now(), 10).await.unwrap() {
                        Insert::Created(_) => true,
                        Insert::QuotaExceeded => false,
                        other => panic!("{other:?}"),
                    }
                } else {
                    match tasks::put_task(database, ada, id, &fields, &Precondition::None, now(), 10).await.unwrap() {
                        Put::Created(_) => true,
                        Put::QuotaExceeded => false,
                        other => panic!("{other:?}"),
                    }
                }
            }
        });
        let made = join_all(inserts).await.into_iter().filter(|made| *made).count();
        assert_eq!(made, 10);
        assert_eq!(database.counts(&ada).await, (10, 10));
    }

    async fn deletes_and_creates_at_the_quota_keep_the_count_right(database: TestDatabase) {
        let ada = owner("ada");
        let ids: Vec<Uuid> = (1..=10).map(Uuid::from_u128).collect();
        for id in &ids {
            created(tasks::insert_task(&database, &ada, *id, &titled("old"), now(), 10).await);
        }
        let deletes = join_all(ids.iter().chain(&ids).map(|id| {
            tasks::delete_task(&database, &ada, *id, &Precondition::None, now())
        }));
        let creates = join_all((0..30).map(|_| {
            let (database, ada) = (&database, &ada);
            async move {
                tasks::insert_task(database, ada, Uuid::now_v7(), &titled("new"), now(), 10).await
            }
        }));
        let watched = async {
            for _ in 0..20 {
                let (counted, real) = database.counts(&ada).await;
                assert!(real <= 10, "{real} tasks");
                assert_eq!(counted, real);
            }
        };
        let (deletes, creates, ()) = tokio::join!(deletes, creates, watched);
        let deleted = deletes.iter().filter(|outcome| matches!(outcome, Ok(Delete::Deleted))).count();
        assert_eq!(deleted, 10, "each task is deleted once");
        let made = creates.iter().filter(|outcome| matches!(outcome, Ok(Insert::Created(_)))).count();
        let left = i64::try_from(made).unwrap();
        assert_eq!(database.counts(&ada).await, (left, left));
    }

    async fn one_of_many_conditional_writes_wins(database: TestDatabase) {
        let ada = owner("ada");
        let task = database.insert(&ada, &titled("first")).await;
        let condition = Precondition::Versions(vec![task.version]);
        let updates = (0..20).map(|index| {
            let (database, ada, condition) = (&database, &ada, &condition);
            async move {
                let fields = fields(&json!({"title": format!("writer {index}")}));
                tasks::update_task(database, ada, task.id, &fields, None, condition, now()).await.unwrap()
            }
        });
        let outcomes = join_all(updates).await;
        let mut winners = outcomes.iter().filter_map(|outcome| match outcome {
            Update::Updated(task) => Some(task),
            _ => None,
        });
        let winner = winners.next().expect("one wins");
        assert!(winners.next().is_none());
        let found = tasks::find_task(&database, &ada, task.id).await.unwrap().unwrap();
        assert_eq!(&found, winner);
        for outcome in &outcomes {
            match outcome {
                Update::Updated(_) => {}
                Update::Stale(current) => assert_eq!(current, winner),
                Update::Missing | Update::Before(_) => panic!("it is there, and there is no key"),
            }
        }
    }

    async fn toggles_at_once_are_each_carried_out(database: TestDatabase) {
        let ada = owner("ada");
        let task = database.insert(&ada, &titled("toggled")).await;
        let toggles = join_all((0..21).map(|_| {
            let (database, ada) = (&database, &ada);
            async move {
                let nothing = fields(&json!({}));
                let toggle = Some(Completion::Toggle);
                completed(
                    tasks::update_task(database, ada, task.id, &nothing, toggle, &Precondition::None, now())
                        .await
                        .unwrap(),
                )
            }
        }))
        .await;
        assert_eq!(toggles.iter().filter(|completed| **completed).count(), 11);
        assert!(tasks::find_task(&database, &ada, task.id).await.unwrap().unwrap().completed());
    }

    async fn one_of_many_sign_ups_with_an_address_wins(database: TestDatabase) {
        use crate::support::database::{session, user};
        use duly::database::users::{self, InsertUser};
        let sign_ups = (0..10).map(|index| {
            let database = &database;
            async move {
                let name = format!("user{index}");
                let mut user = user(&name);
                user.email = "same@example.com".to_owned();
                let (account, token) = (format!("account {index}"), format!("token {index}"));
                users::insert_user(database, &user, &account, "hash", &session(&name, &token)).await.unwrap()
            }
        });
        let outcomes = join_all(sign_ups).await;
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == InsertUser::Inserted).count(), 1);
        assert_eq!(database.number("SELECT count(*) FROM \"session\"").await, 1);
    }
}
