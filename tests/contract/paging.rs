//! Lists against the reference model: every order, random filters, page by page, on both engines.

use std::collections::HashSet;

use duly::database::task_list;
use duly::database::tasks::{self, Precondition};
use duly::models::sort::{Sort, SortField, SortKey};
use duly::models::task::Task;
use duly::models::task_query::TaskQuery;
use duly::models::user::UserId;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::on_every_engine;
use crate::support::database::{
    Dice, PLENTY, TestDatabase, created, cursor_after, fields, now, owner, task, titled,
};
use crate::support::{model, storage};

const TITLES: [&str; 12] = [
    "milk",
    "Milk",
    "MILK",
    "Crème brûlée",
    "creme BRULEE",
    "Straße",
    "strasse",
    "100% sure_thing\\",
    "🦀 crab",
    "z",
    "Ärger",
    "a b",
];
const DUE: [&str; 8] = [
    "2026-11-22",
    "2026-11-23",
    "2026-11-23T00:00:00Z",
    "2026-11-23T06:59:59.999Z",
    "2026-11-24",
    "2026-12-01T23:00:00-05:00",
    "0001-01-01",
    "9999-12-30",
];
const PRIORITIES: [&str; 5] = ["none", "low", "medium", "high", "urgent"];
const TAGS: [&str; 5] = ["home", "Home", "süß", "a\"b", "100%"];

pub(super) fn any_task(dice: &mut Dice) -> Json {
    let mut json = json!({
        "title": dice.pick(&TITLES),
        "priority": dice.pick(&PRIORITIES),
        "completed": dice.roll(3) == 0,
        "tags": (0..dice.roll(4)).map(|_| *dice.pick(&TAGS)).collect::<Vec<_>>(),
    });
    if dice.roll(3) > 0 {
        json["due_date"] = (*dice.pick(&DUE)).into();
    }
    if dice.roll(2) == 0 {
        json["description"] = format!("for {}, \n{}", dice.pick(&TITLES), dice.pick(&TAGS)).into();
    }
    json
}

/// The same tasks for the same seed: some at the same time, some changed later.
async fn fill(database: &TestDatabase, owner: &UserId, seed: u64, count: usize) -> Vec<Task> {
    let mut dice = Dice(seed);
    let mut made = Vec::new();
    for _ in 0..count {
        let id = Uuid::from_u128(
            (dice.roll(usize::MAX) as u128) << 64 | (dice.roll(usize::MAX) as u128),
        );
        let at = now() + SignedDuration::from_secs(dice.roll(6) as i64);
        let create = task(&any_task(&mut dice));
        let mut task = created(tasks::insert_task(database, owner, id, &create, at, PLENTY).await);
        if dice.roll(4) == 0 {
            let later = at + SignedDuration::from_mins(dice.roll(3) as i64);
            let change = fields(&any_task(&mut dice));
            let outcome =
                tasks::update_task(database, owner, id, &change, None, &Precondition::None, later)
                    .await;
            task = match outcome.unwrap() {
                tasks::Update::Updated(task) => task,
                other => panic!("{other:?}"),
            };
        }
        made.push(task);
    }
    made
}

fn keys() -> Vec<String> {
    let names = SortField::ALL.map(SortField::as_str);
    names.iter().flat_map(|name| [(*name).to_owned(), format!("-{name}")]).collect()
}

/// Every order of one key, every one of two, and some longer ones.
pub(super) fn sorts() -> Vec<String> {
    let mut sorts = keys();
    for one in keys() {
        let others =
            keys().into_iter().filter(|other| Sort::parse(&format!("{one},{other}")).is_ok());
        sorts.extend(others.map(|other| format!("{one},{other}")));
    }
    let mut dice = Dice(11);
    while sorts.len() < 130 {
        let length = 3 + dice.roll(2);
        let keys: Vec<String> = (0..length).map(|_| dice.pick(&keys()).clone()).collect();
        sorts.extend(Some(keys.join(",")).filter(|sort| Sort::parse(sort).is_ok()));
    }
    sorts
}

pub(super) fn any_filter(dice: &mut Dice) -> String {
    let mut parts = Vec::new();
    let choices: [&[&str]; 7] = [
        &["status=all", "status=pending", "status=completed"],
        &["priority=none", "priority=low,urgent", "priority=medium,high,none"],
        &["tag=home", "tag=home&tag=s%C3%BC%C3%9F", "tag=a%22b", "tag=100%25", "tag=nowhere"],
        &["due=today", "due=overdue", "due=upcoming", "due=none"],
        &[
            "due_before=2026-11-24",
            "due_after=2026-11-23",
            "due_after=2026-11-23T01:00:00Z",
            "due_before=2026-12-02T04:00:00Z",
        ],
        &[
            "q=milk",
            "q=CREME",
            "q=strasse",
            "q=%25",
            "q=_",
            "q=%5C",
            "q=%F0%9F%A6%80",
            "q=a+b",
            "q=for+home",
        ],
        &["tz=America/New_York", "tz=Pacific/Auckland"],
    ];
    for choice in choices {
        if dice.roll(3) == 0 {
            parts.push(*dice.pick(choice));
        }
    }
    parts.join("&")
}

/// The pages of a list, one after the other, and the cursors between them.
async fn walk(
    database: &TestDatabase,
    owner: &UserId,
    raw: &str,
    total: usize,
) -> (Vec<Vec<Task>>, Vec<String>) {
    let (mut pages, mut cursors) = (Vec::new(), Vec::new());
    loop {
        let cursor = cursors.last().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let raw = format!("include=total&{raw}{cursor}");
        let query = TaskQuery::parse(raw.trim_end_matches('&'), now(), owner)
            .unwrap_or_else(|errors| panic!("{raw}: {errors:?}"));
        let page = task_list::list_tasks(database, owner, &query).await.expect("the list is read");
        assert_eq!(page.total, i64::try_from(total).ok(), "{raw}");
        assert!(page.tasks.len() <= query.limit as usize, "{raw}");
        let without = TaskQuery { include_total: false, ..query.clone() };
        let without =
            task_list::list_tasks(database, owner, &without).await.expect("the list is read");
        assert_eq!(
            (&without.tasks, without.has_more, without.total),
            (&page.tasks, page.has_more, None),
            "{raw}"
        );
        let last = page.tasks.last().map(|last| cursor_after(last, &query.sort, owner));
        pages.push(page.tasks);
        assert!(pages.len() <= total.max(1), "{raw}: it never ends");
        if !page.has_more {
            return (pages, cursors);
        }
        cursors.push(last.expect("a page that is not the last holds tasks"));
    }
}

async fn assert_follows_model(
    database: &TestDatabase,
    owner: &UserId,
    tasks: &[Task],
    raw: &str,
) -> (Vec<Vec<Task>>, Vec<String>) {
    let query =
        TaskQuery::parse(raw, now(), owner).unwrap_or_else(|errors| panic!("{raw}: {errors:?}"));
    let expected = model::page(tasks, &TaskQuery { limit: u32::MAX, ..query });
    let walked = walk(database, owner, raw, expected.len()).await;
    let order =
        |tasks: &[Task]| tasks.iter().map(|task| (task.title.clone(), task.id)).collect::<Vec<_>>();
    assert_eq!(order(&walked.0.concat()), order(&expected), "{raw}");
    assert_eq!(walked.0.concat(), expected, "{raw}");
    walked
}

/// Every order without a filter, and random filters in random orders.
fn queries() -> Vec<String> {
    let mut dice = Dice(23);
    let sorts = sorts();
    let mut queries: Vec<String> =
        sorts.iter().map(|sort| format!("sort={sort}&limit=9")).collect();
    for _ in 0..120 {
        let (sort, limit) = (dice.pick(&sorts).clone(), 1 + dice.roll(7));
        let filter = any_filter(&mut dice);
        let and = if filter.is_empty() { "" } else { "&" };
        queries.push(format!("{filter}{and}sort={sort}&limit={limit}"));
    }
    queries
}

on_every_engine! {
    async fn pages_give_every_matching_task_once_in_the_models_order(database: TestDatabase) {
        let ada = owner("ada");
        fill(&database, &owner("grace"), 5, 10).await;
        let tasks = fill(&database, &ada, 3, 37).await;
        for raw in queries() {
            assert_follows_model(&database, &ada, &tasks, &raw).await;
        }
    }

    async fn a_list_of_nothing_has_a_total(database: TestDatabase) {
        let ada = owner("ada");
        assert_follows_model(&database, &ada, &[], "sort=title&limit=1").await;
        let one = database.insert(&ada, &titled("one")).await;
        assert_follows_model(&database, &ada, std::slice::from_ref(&one), "sort=title&limit=1").await;
        assert_follows_model(&database, &ada, &[one], "q=other&sort=title&limit=1").await;
    }

    async fn the_last_page_may_be_full(database: TestDatabase) {
        let ada = owner("ada");
        let tasks = fill(&database, &ada, 9, 12).await;
        for limit in [1, 2, 3, 4, 6, 11, 12, 13, 100] {
            let (pages, _) = assert_follows_model(&database, &ada, &tasks, &format!("limit={limit}")).await;
            assert_eq!(pages.len(), 12_usize.div_ceil(limit), "{limit}");
        }
    }

    async fn paging_while_others_come_and_go_keeps_what_stays(database: TestDatabase) {
        let ada = owner("ada");
        let mut dice = Dice(77);
        for sort in ["-created", "created,title", "due_date,-priority", "-due_date", "title", "-updated,due_date"] {
            database.execute("DELETE FROM owners").await;
            let tasks = fill(&database, &ada, 31, 40).await;
            let staying: HashSet<Uuid> = tasks.iter().step_by(2).map(|task| task.id).collect();
            let mut leaving: Vec<Uuid> = tasks.iter().skip(1).step_by(2).map(|task| task.id).collect();
            let sort_by = Sort::parse(sort).unwrap();
            let mut seen = Vec::new();
            let mut cursor = String::new();
            loop {
                let raw = format!("sort={sort}&limit=3{cursor}");
                let query = TaskQuery::parse(&raw, now(), &ada).unwrap();
                let page = task_list::list_tasks(&database, &ada, &query).await.unwrap();
                seen.extend(page.tasks.iter().map(|task| task.id));
                if !page.has_more {
                    break;
                }
                cursor = format!("&cursor={}", cursor_after(page.tasks.last().unwrap(), &sort_by, &ada));
                // The task that the cursor stands on may itself be among those that go.
                for _ in 0..2 {
                    if let Some(id) = leaving.pop() {
                        tasks::delete_task(&database, &ada, id, &Precondition::None, now()).await.unwrap();
                    }
                }
                database.insert(&ada, &task(&any_task(&mut dice))).await;
                assert!(seen.len() < 200, "{sort}: it never ends");
            }
            let distinct: HashSet<Uuid> = seen.iter().copied().collect();
            assert_eq!(distinct.len(), seen.len(), "{sort}: a task came twice");
            assert!(staying.is_subset(&distinct), "{sort}: a task was skipped");
        }
    }
}

#[tokio::test]
async fn both_engines_give_the_same_pages_and_cursors() {
    let Some(postgres) = storage::postgres().await else { return };
    let postgres = TestDatabase::start(postgres).await;
    let embedded = TestDatabase::start(storage::embedded()).await;
    let ada = owner("ada");
    let tasks = fill(&postgres, &ada, 41, 30).await;
    assert_eq!(fill(&embedded, &ada, 41, 30).await, tasks);
    for raw in queries().iter().step_by(3) {
        let expected = assert_follows_model(&postgres, &ada, &tasks, raw).await;
        assert_eq!(assert_follows_model(&embedded, &ada, &tasks, raw).await, expected, "{raw}");
    }
}

#[test]
fn the_orders_that_are_tried_hold_every_key_first_and_second() {
    let parsed: Vec<Sort> = sorts().iter().map(|sort| Sort::parse(sort).unwrap()).collect();
    let pairs: HashSet<&[SortKey]> =
        parsed.iter().map(Sort::keys).filter(|keys| keys.len() == 2).collect();
    assert_eq!(pairs.len(), 80);
    assert!(parsed.iter().any(|sort| sort.keys().len() == 4));
}
