//! The outcomes of every write of a task, and the count that goes with them.

use duly::database::tasks::{self, Completion, Delete, Insert, Precondition, Put, Update};
use duly::models::task::Task;
use duly::models::user::UserId;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::on_every_engine;
use crate::support::database::{
    Dice, PLENTY, TestDatabase, created, fields, instant, now, owner, task, titled,
};

const ID: Uuid = Uuid::from_u128(0x0198_c0de_7c1e_7a52_b6d4_5f0b_3a3f_9d11);

async fn put(database: &TestDatabase, json: Json, precondition: &Precondition, max: i64) -> Put {
    tasks::put_task(database, &owner("ada"), ID, &fields(&json), precondition, now(), max)
        .await
        .expect("the batch runs")
}

async fn update(database: &TestDatabase, json: Json, precondition: &Precondition) -> Update {
    tasks::update_task(database, &owner("ada"), ID, &fields(&json), None, precondition, now())
        .await
        .expect("the batch runs")
}

async fn find(database: &TestDatabase) -> Option<Task> {
    tasks::find_task(database, &owner("ada"), ID).await.expect("the statement runs")
}

async fn insert(database: &TestDatabase, json: Json) -> Task {
    created(tasks::insert_task(database, &owner("ada"), ID, &task(&json), now(), PLENTY).await)
}

fn full() -> Json {
    json!({
        "title": "Crème  brûlée 🍮", "description": "Zeile 1\nline 2", "completed": true, "priority": "urgent",
        "due_date": "2026-12-01T08:30:00.123Z", "tags": ["home", "süß"],
    })
}

fn updated(outcome: Update) -> Task {
    match outcome {
        Update::Updated(task) => task,
        other => panic!("not updated: {other:?}"),
    }
}

/// One operation of any kind on one of twelve ids. Everything but the outcome's shape is random.
async fn any_operation(database: &TestDatabase, owner: &UserId, dice: &mut Dice, max: i64) {
    let id = Uuid::from_u128(1 + dice.roll(12) as u128);
    let version = 1 + dice.roll(60) as i64;
    let precondition = match dice.roll(5) {
        0 => Precondition::Exists,
        1 => Precondition::Versions(vec![version, version + 1, version + 2]),
        2 => Precondition::Absent,
        _ => Precondition::None,
    };
    let some = fields(&dice.pick(&[json!({"title": "t"}), json!({}), full()]).clone());
    match dice.roll(4) {
        0 => {
            tasks::insert_task(database, owner, id, &titled("t"), now(), max)
                .await
                .map(drop)
                .unwrap();
        }
        1 => {
            tasks::put_task(database, owner, id, &some, &precondition, now(), max)
                .await
                .map(drop)
                .unwrap();
        }
        2 => {
            let toggle = Some(Completion::Toggle);
            tasks::update_task(database, owner, id, &some, toggle, &precondition, now())
                .await
                .map(drop)
                .unwrap();
        }
        _ => {
            tasks::delete_task(database, owner, id, &precondition, now()).await.map(drop).unwrap();
        }
    }
}

on_every_engine! {
    async fn a_task_is_found_as_it_was_made(database: TestDatabase) {
        let made = insert(&database, full()).await;
        assert_eq!(find(&database).await, Some(made.clone()));
        assert_eq!(made.title, "Crème  brûlée 🍮");
        assert_eq!(made.tags, ["home", "süß"]);
        assert_eq!(made.completed_at, Some(now()));
        assert_eq!((made.version, made.created_at, made.updated_at), (1, now(), now()));
        assert!(find(&database).await.is_some_and(|task| task.user_id == owner("ada")));
    }

    async fn due_dates_at_both_ends_of_time_are_kept(database: TestDatabase) {
        for due in ["0001-01-01", "9999-12-30", "0001-01-01T00:00:00Z", "9999-12-30T22:00:00.999Z", "1969-12-31"] {
            let due = json!({"title": "t", "due_date": due});
            let made = database.insert(&owner("ada"), &task(&due)).await;
            let found = tasks::find_task(&database, &owner("ada"), made.id).await.unwrap();
            assert_eq!(found.unwrap().due_date, task(&due).due_date);
        }
    }

    async fn the_quota_is_met_exactly(database: TestDatabase) {
        for index in 0..3_u128 {
            let id = Uuid::from_u128(index + 1);
            created(tasks::insert_task(&database, &owner("ada"), id, &titled("t"), now(), 3).await);
        }
        let one_more = tasks::insert_task(&database, &owner("ada"), ID, &titled("t"), now(), 3).await;
        assert!(matches!(one_more, Ok(Insert::QuotaExceeded)), "{one_more:?}");
        assert!(matches!(put(&database, json!({"title": "t"}), &Precondition::None, 3).await, Put::QuotaExceeded));
        assert!(matches!(put(&database, json!({"title": "t"}), &Precondition::Absent, 3).await, Put::QuotaExceeded));
        assert_eq!(database.counts(&owner("ada")).await, (3, 3));
        let first = Uuid::from_u128(1);
        let taken = tasks::insert_task(&database, &owner("ada"), first, &titled("t"), now(), 4).await;
        assert!(matches!(taken, Ok(Insert::IdTaken)), "{taken:?}");
        tasks::delete_task(&database, &owner("ada"), first, &Precondition::None, now()).await.unwrap();
        assert!(matches!(put(&database, json!({"title": "t"}), &Precondition::None, 3).await, Put::Created(_)));
        // What is there can be changed at the quota, and above a quota that was lowered.
        assert!(matches!(put(&database, json!({"title": "u"}), &Precondition::None, 1).await, Put::Updated(_)));
        assert_eq!(database.counts(&owner("ada")).await, (3, 3));
    }

    async fn above_a_lowered_quota_nothing_is_lost(database: TestDatabase) {
        for _ in 0..5 {
            database.insert(&owner("ada"), &titled("t")).await;
        }
        let refused = tasks::insert_task(&database, &owner("ada"), ID, &titled("t"), now(), 2).await;
        assert!(matches!(refused, Ok(Insert::QuotaExceeded)), "{refused:?}");
        assert!(matches!(put(&database, json!({"title": "t"}), &Precondition::None, 2).await, Put::QuotaExceeded));
        assert_eq!(database.counts(&owner("ada")).await, (5, 5));
    }

    async fn put_makes_a_task_or_changes_what_it_names(database: TestDatabase) {
        let anything = Precondition::None;
        assert!(matches!(put(&database, json!({"priority": "low"}), &anything, PLENTY).await, Put::TitleMissing));
        assert_eq!(database.counts(&owner("ada")).await, (0, 0));
        let Put::Created(made) = put(&database, full(), &anything, PLENTY).await else { panic!("not created") };
        let Put::Updated(changed) = put(&database, json!({"priority": "low"}), &anything, PLENTY).await else {
            panic!("not updated")
        };
        assert!(changed.version > made.version);
        assert_eq!(changed.priority.as_str(), "low");
        assert_eq!(Task { priority: made.priority, version: made.version, ..changed.clone() }, made);
        assert_eq!(find(&database).await, Some(changed));
        assert_eq!(database.counts(&owner("ada")).await, (1, 1));
    }

    async fn put_follows_every_precondition(database: TestDatabase) {
        let title = || json!({"title": "t"});
        let stale = Precondition::Versions(vec![i64::MAX]);
        // Nothing is there.
        for precondition in [&Precondition::Exists, &stale, &Precondition::Versions(Vec::new())] {
            let outcome = put(&database, title(), precondition, PLENTY).await;
            assert!(matches!(outcome, Put::Stale(None)), "{precondition:?}: {outcome:?}");
            let outcome = put(&database, json!({}), precondition, PLENTY).await;
            assert!(matches!(outcome, Put::Stale(None)), "{precondition:?}: {outcome:?}");
        }
        let outcome = put(&database, json!({}), &Precondition::Absent, PLENTY).await;
        assert!(matches!(outcome, Put::TitleMissing), "{outcome:?}");
        let Put::Created(made) = put(&database, title(), &Precondition::Absent, PLENTY).await else {
            panic!("not created")
        };
        // Something is.
        for precondition in [&Precondition::Absent, &stale, &Precondition::Versions(Vec::new())] {
            for body in [json!({"title": "lost"}), json!({}), full()] {
                match put(&database, body, precondition, PLENTY).await {
                    Put::Stale(Some(current)) => assert_eq!(current, made),
                    other => panic!("{precondition:?}: {other:?}"),
                }
            }
        }
        assert_eq!(find(&database).await, Some(made.clone()));
        let versions = Precondition::Versions(vec![-1, made.version, 0]);
        assert!(matches!(put(&database, title(), &versions, PLENTY).await, Put::Updated(_)));
        assert!(matches!(put(&database, title(), &Precondition::Exists, PLENTY).await, Put::Updated(_)));
        assert_eq!(database.counts(&owner("ada")).await, (1, 1));
    }

    async fn an_update_changes_what_it_names(database: TestDatabase) {
        let missing = update(&database, full(), &Precondition::None).await;
        assert!(matches!(missing, Update::Missing), "{missing:?}");
        let made = insert(&database, full()).await;
        let cleared = json!({"description": null, "due_date": null, "tags": null, "priority": null, "completed": false});
        let cleared = updated(update(&database, cleared, &Precondition::Exists).await);
        assert_eq!((cleared.description, cleared.due_date, cleared.completed_at), (None, None, None));
        assert!(cleared.tags.is_empty() && cleared.priority.rank() == 0 && cleared.title == made.title);
        let again = updated(update(&database, full(), &Precondition::Versions(vec![cleared.version])).await);
        assert_eq!(Task { version: made.version, ..again.clone() }, made);
        assert!(again.version > cleared.version && cleared.version > made.version);
        match update(&database, json!({"title": "lost"}), &Precondition::Versions(vec![made.version])).await {
            Update::Stale(current) => assert_eq!(current, again),
            other => panic!("{other:?}"),
        }
        let untouched = updated(update(&database, json!({}), &Precondition::None).await);
        assert_eq!(Task { version: again.version, ..untouched }, again);
    }

    async fn completing_again_keeps_the_first_time(database: TestDatabase) {
        insert(&database, json!({"title": "t"})).await;
        let later = instant("2026-11-24T00:00:00Z");
        let (database, ada) = (&database, &owner("ada"));
        let complete = async |completion, at| {
            let nothing = fields(&json!({}));
            let outcome = tasks::update_task(database, ada, ID, &nothing, Some(completion), &Precondition::None, at);
            updated(outcome.await.unwrap())
        };
        assert_eq!(complete(Completion::Set(true), now()).await.completed_at, Some(now()));
        let again = complete(Completion::Set(true), later).await;
        assert_eq!((again.completed_at, again.updated_at, again.created_at), (Some(now()), later, now()));
        assert_eq!(complete(Completion::Toggle, later).await.completed_at, None);
        assert_eq!(complete(Completion::Toggle, later).await.completed_at, Some(later));
        assert_eq!(complete(Completion::Set(false), later).await.completed_at, None);
    }

    async fn a_deleted_task_can_be_made_again(database: TestDatabase) {
        let (ada, any) = (owner("ada"), Precondition::None);
        assert!(matches!(tasks::delete_task(&database, &ada, ID, &any, now()).await, Ok(Delete::Missing)));
        let made = insert(&database, full()).await;
        let stale = Precondition::Versions(vec![made.version + 1]);
        match tasks::delete_task(&database, &ada, ID, &stale, now()).await.unwrap() {
            Delete::Stale(current) => assert_eq!(current, made),
            other => panic!("{other:?}"),
        }
        assert_eq!(database.counts(&ada).await, (1, 1));
        let right = Precondition::Versions(vec![made.version]);
        assert!(matches!(tasks::delete_task(&database, &ada, ID, &right, now()).await, Ok(Delete::Deleted)));
        assert!(matches!(tasks::delete_task(&database, &ada, ID, &any, now()).await, Ok(Delete::Missing)));
        assert_eq!((find(&database).await, database.counts(&ada).await), (None, (0, 0)));
        let again = insert(&database, json!({"title": "again"})).await;
        assert!(again.version > made.version, "a version never comes twice");
        assert_eq!((again.title.as_str(), again.description), ("again", None));
    }

    async fn the_count_is_the_number_of_tasks_after_anything(database: TestDatabase) {
        for seed in 0..3 {
            let mut dice = Dice(seed);
            let owner = owner(&format!("owner {seed}"));
            let mut last = 0;
            for step in 0..120 {
                any_operation(&database, &owner, &mut dice, 8).await;
                let (counted, real) = database.counts(&owner).await;
                assert_eq!(counted, real, "seed {seed}, step {step}");
                assert!(real <= 8, "seed {seed}, step {step}: {real} tasks");
                let version = database.number("SELECT COALESCE(max(version), 0) FROM tasks").await;
                let taken = database.number("SELECT COALESCE(max(version), 0) FROM owners").await;
                assert!(version <= taken && taken >= last, "seed {seed}, step {step}");
                last = taken;
            }
        }
    }

    async fn tasks_go_with_their_owner(database: TestDatabase) {
        insert(&database, full()).await;
        let kept = database.insert(&owner("grace"), &titled("kept")).await;
        database.execute("DELETE FROM owners WHERE user_id = 'ada'").await;
        assert_eq!(find(&database).await, None);
        assert_eq!(database.number("SELECT count(*) FROM tasks").await, 1);
        assert_eq!(tasks::find_task(&database, &owner("grace"), kept.id).await.unwrap(), Some(kept));
    }
}
