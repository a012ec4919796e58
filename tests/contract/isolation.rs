//! What one owner does, no other sees.

use duly::database::task_list;
use duly::database::tasks::{self, Completion, Delete, Precondition, Put, Update};
use duly::models::task_query::TaskQuery;
use serde_json::json;

use crate::on_every_engine;
use crate::support::database::{PLENTY, TestDatabase, created, fields, now, owner, titled};

/// User ids that could be taken for each other.
const LOOKALIKES: [&str; 8] =
    ["ada", "Ada", "ada ", "ada%", "ad_", "ádа", "ada\u{301}", "ada' OR '1'='1"];

on_every_engine! {
    async fn another_owner_finds_changes_and_deletes_nothing(database: TestDatabase) {
        let ada = owner("ada");
        let task = database.insert(&ada, &titled("Ada's")).await;
        let conditions = [
            Precondition::None, Precondition::Exists, Precondition::Versions(vec![task.version]),
        ];
        for name in &LOOKALIKES[1..] {
            let other = owner(name);
            assert_eq!(tasks::find_task(&database, &other, task.id).await.unwrap(), None);
            for condition in &conditions {
                let nothing = fields(&json!({"title": "stolen"}));
                let toggle = Some(Completion::Toggle);
                let outcome = tasks::update_task(&database, &other, task.id, &nothing, toggle, condition, now()).await;
                assert!(matches!(outcome, Ok(Update::Missing)), "{name}: {outcome:?}");
                let outcome = tasks::delete_task(&database, &other, task.id, condition, now()).await;
                assert!(matches!(outcome, Ok(Delete::Missing)), "{name}: {outcome:?}");
                if *condition != Precondition::None {
                    let outcome = tasks::put_task(&database, &other, task.id, &nothing, condition, now(), PLENTY).await;
                    assert!(matches!(outcome, Ok(Put::Stale(None))), "{name}: {outcome:?}");
                }
            }
            let query = TaskQuery::parse("include=total", now(), &other).unwrap();
            let page = task_list::list_tasks(&database, &other, &query).await.unwrap();
            assert!(page.tasks.is_empty() && page.total == Some(0) && !page.has_more, "{name}: {page:?}");
            assert_eq!(database.counts(&other).await, (0, 0));
        }
        assert_eq!(tasks::find_task(&database, &ada, task.id).await.unwrap(), Some(task));
        assert_eq!(database.counts(&ada).await, (1, 1));
    }

    async fn one_id_is_as_many_tasks_as_it_has_owners(database: TestDatabase) {
        let id = uuid::Uuid::from_u128(1);
        for name in LOOKALIKES {
            let task = tasks::insert_task(&database, &owner(name), id, &titled(name.trim()), now(), 1).await;
            assert_eq!(created(task).version, 1, "each owner counts for themselves");
        }
        let put = fields(&json!({"title": "changed"}));
        let outcome = tasks::put_task(&database, &owner("ada"), id, &put, &Precondition::None, now(), 1).await;
        assert!(matches!(outcome, Ok(Put::Updated(_))), "{outcome:?}");
        tasks::delete_task(&database, &owner("Ada"), id, &Precondition::None, now()).await.unwrap();
        for name in LOOKALIKES {
            let found = tasks::find_task(&database, &owner(name), id).await.unwrap();
            match name {
                "ada" => assert_eq!(found.unwrap().title, "changed"),
                "Ada" => assert_eq!(found, None),
                other => assert_eq!(found.unwrap().title, other.trim()),
            }
        }
    }

    async fn a_list_holds_only_ones_own(database: TestDatabase) {
        for name in LOOKALIKES {
            for index in 0..3 {
                database.insert(&owner(name), &titled(&format!("{index}"))).await;
            }
        }
        for name in LOOKALIKES {
            for raw in ["include=total", "q=1&include=total", "sort=title&due=none&include=total&limit=2"] {
                let owner = owner(name);
                let query = TaskQuery::parse(raw, now(), &owner).unwrap();
                let page = task_list::list_tasks(&database, &owner, &query).await.unwrap();
                let expected = if raw.starts_with('q') { 1 } else { 3 };
                assert_eq!(page.total, Some(expected), "{name} {raw}");
                assert!(page.tasks.iter().all(|task| task.user_id == owner));
            }
        }
    }
}
