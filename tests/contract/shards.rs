//! Several databases as shards of one: an owner's rows lie on the one that their id says, and nobody can tell.

use std::collections::BTreeSet;

use duly::database::statement::Row;
use duly::database::task_list;
use duly::database::tasks::{self, Completion, Precondition};
use duly::database::users;
use duly::models::task_query::TaskQuery;
use duly::models::user::UserId;
use futures_util::future::join_all;
use jiff::SignedDuration;
use uuid::Uuid;

use super::paging::{any_filter, any_task, sorts};
use crate::support::database::{
    Dice, TestDatabase, cursor_after, fields, now, owner, session, statement, task, user,
};
use crate::support::storage;

const SHARDS: usize = 4;
const OWNERS: usize = 36;
const STEPS: usize = 40;
/// So few that the quota is met.
const MAX_TASKS: i64 = 6;

/// What has to go where `owners` is distributed and "user" is not (docs/SCALING.md).
const DROP_KEY_TO_USERS: &str = "ALTER TABLE owners DROP CONSTRAINT owners_local_user_id_fkey";

/// The databases that are shards, and one that holds everything.
struct Cluster {
    shards: Vec<TestDatabase>,
    whole: TestDatabase,
}

impl Cluster {
    async fn start() -> Option<Self> {
        let mut databases = Vec::new();
        for _ in 0..=SHARDS {
            databases.push(TestDatabase::start(storage::postgres().await?).await);
        }
        let whole = databases.pop()?;
        Some(Self { shards: databases, whole })
    }

    /// Users live in the whole database; the shards know nothing of them.
    async fn with_users_apart(self) -> Self {
        for name in names() {
            let (user, session) = (user(name.as_str()), session(name.as_str(), name.as_str()));
            users::insert_user(&self.whole, &user, name.as_str(), "hash", &session)
                .await
                .expect("they sign up");
        }
        for shard in &self.shards {
            shard.execute(DROP_KEY_TO_USERS).await;
        }
        let local = |it: TestDatabase| TestDatabase {
            database: it.database.with_local_users(),
            storage: it.storage,
        };
        Self { shards: self.shards.into_iter().map(local).collect(), whole: local(self.whole) }
    }

    fn shard_of(&self, owner: &UserId) -> &TestDatabase {
        &self.shards[number_of(owner)]
    }

    /// Everybody does what their dice say, beside each other, here and there.
    async fn play(&self) {
        join_all((0..).zip(names()).map(async |(seed, name)| {
            let mut dice = Dice(seed);
            for step in 0..STEPS {
                let on_shard = act(self.shard_of(&name), &name, &mut dice.clone()).await;
                let on_whole = act(&self.whole, &name, &mut dice).await;
                assert_eq!(on_shard, on_whole, "{name}, step {step}");
                let counts = self.shard_of(&name).counts(&name).await;
                assert_eq!(counts, self.whole.counts(&name).await, "{name}, step {step}");
            }
        }))
        .await;
    }

    /// Each shard holds the rows of its own owners, and all of them together hold everything once.
    async fn assert_parts_make_the_whole(&self) {
        for (table, at_least) in [("owners", OWNERS / 2), ("tasks", OWNERS)] {
            let mut all = BTreeSet::new();
            for (number, shard) in self.shards.iter().enumerate() {
                let rows = rows_of(shard, table).await;
                assert!(!rows.is_empty(), "nothing of {table} is on shard {number}");
                for (owner, row) in rows {
                    assert_eq!(number_of(&owner), number, "{row}");
                    assert!(all.insert((owner, row)), "a row of {table} is on two shards");
                }
            }
            assert!(all.len() >= at_least, "{} rows of {table}", all.len());
            assert_eq!(all, rows_of(&self.whole, table).await, "{table}");
        }
    }
}

fn names() -> impl Iterator<Item = UserId> {
    (0..OWNERS).map(|number| owner(&format!("owner {number}")))
}

/// Which shard an owner is on: their id alone decides (FNV-1a).
fn number_of(owner: &UserId) -> usize {
    let hash = owner
        .as_str()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash as usize % SHARDS
}

/// Whose each row of a table is, and all of its columns.
async fn rows_of(database: &TestDatabase, table: &str) -> BTreeSet<(UserId, String)> {
    let sql = format!("SELECT user_id, to_jsonb(t)::text FROM {table} t");
    let rows: Vec<Row> = database.read(statement(&sql)).await.expect("the rows are read");
    let read = |mut row: Row| {
        let name: String = row.take(0).expect("an owner");
        (owner(&name), row.take(1).expect("a row"))
    };
    rows.into_iter().map(read).collect()
}

fn any_precondition(dice: &mut Dice) -> Precondition {
    match dice.roll(6) {
        0 => Precondition::Exists,
        1 => Precondition::Absent,
        2 => Precondition::Versions((0..3).map(|_| dice.roll(STEPS) as i64).collect()),
        _ => Precondition::None,
    }
}

/// One thing that an owner asks for, and everything that the answer says.
async fn act(database: &TestDatabase, owner: &UserId, dice: &mut Dice) -> String {
    // Few ids, the same for everybody: one is often taken, and often somebody else's.
    let id = Uuid::from_u128(1 + dice.roll(9) as u128);
    let at = now() + SignedDuration::from_secs(dice.roll(1_000) as i64);
    let json = any_task(dice);
    let condition = any_precondition(dice);
    match dice.roll(8) {
        0 | 1 => {
            let made = tasks::insert_task(database, owner, id, &task(&json), at, MAX_TASKS).await;
            format!("{:?}", made.expect("it is answered"))
        }
        2 => {
            let fields = fields(&json);
            let put = tasks::put_task(database, owner, id, &fields, &condition, at, MAX_TASKS);
            format!("{:?}", put.await.expect("it is answered"))
        }
        3 | 4 => {
            let completion =
                *dice.pick(&[None, Some(Completion::Toggle), Some(Completion::Set(true))]);
            let fields = fields(&json);
            let updated =
                tasks::update_task(database, owner, id, &fields, completion, &condition, at);
            format!("{:?}", updated.await.expect("it is answered"))
        }
        5 => {
            let deleted = tasks::delete_task(database, owner, id, &condition, at).await;
            format!("{:?}", deleted.expect("it is answered"))
        }
        6 => format!("{:?}", tasks::find_task(database, owner, id).await.expect("it is answered")),
        _ => pages(database, owner, dice).await,
    }
}

/// All pages of a list, in an order and with filters that the dice choose.
async fn pages(database: &TestDatabase, owner: &UserId, dice: &mut Dice) -> String {
    let (sort, limit) = (dice.pick(&sorts()).clone(), 1 + dice.roll(4));
    let filter = if dice.roll(2) == 0 { String::new() } else { any_filter(dice) };
    let list = format!("{filter}&sort={sort}&limit={limit}&include=total");
    let (mut seen, mut cursor) = (String::new(), String::new());
    loop {
        let raw = format!("{list}{cursor}");
        let query = TaskQuery::parse(raw.trim_start_matches('&'), now(), owner)
            .unwrap_or_else(|errors| panic!("{raw}: {errors:?}"));
        let page = task_list::list_tasks(database, owner, &query).await.expect("it is answered");
        seen.push_str(&format!("{page:?}"));
        match page.tasks.last().filter(|_| page.has_more) {
            Some(last) => cursor = format!("&cursor={}", cursor_after(last, &query.sort, owner)),
            None => return seen,
        }
    }
}

#[tokio::test]
async fn shards_answer_as_one_database_does_and_hold_their_own_owners_only() {
    let Some(cluster) = Cluster::start().await else { return };
    cluster.play().await;
    cluster.assert_parts_make_the_whole().await;
}

#[tokio::test]
async fn shards_need_no_users_once_the_key_to_them_is_dropped() {
    let Some(cluster) = Cluster::start().await else { return };
    let cluster = cluster.with_users_apart().await;
    cluster.play().await;
    cluster.assert_parts_make_the_whole().await;
    for shard in &cluster.shards {
        assert_eq!(shard.number(r#"SELECT count(*) FROM "user""#).await, 0);
    }
    // Who is deleted takes their tasks along, on the shard as well.
    for name in names().step_by(3) {
        for database in [cluster.shard_of(&name), &cluster.whole] {
            users::delete_user(database, &name).await.expect("they are deleted");
            assert_eq!(database.counts(&name).await, (0, 0));
        }
    }
    cluster.assert_parts_make_the_whole().await;
}

/// Keys, indexes and foreign keys of a table: name, and the first column of each side.
const KEYS: &str = r#"
    SELECT t.relname || ': ' || i.relname, a.attname::text, a.attname::text
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
    WHERE t.relname IN ('owners', 'tasks', 'idempotency_keys')
    UNION ALL
    SELECT t.relname || ': ' || c.conname, a.attname::text, f.attname::text
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1]
    JOIN pg_attribute f ON f.attrelid = c.confrelid AND f.attnum = c.confkey[1]
    WHERE c.contype = 'f' AND c.confrelid::regclass::text || t.relname ~ 'owners|tasks|idempotency_keys'"#;

#[tokio::test]
async fn keys_indexes_and_foreign_keys_start_with_the_owner() {
    let Some(storage) = storage::postgres().await else { return };
    let database = TestDatabase::start(storage).await;
    let read = async || -> BTreeSet<[String; 3]> {
        let rows: Vec<Row> = database.read(statement(KEYS)).await.expect("the catalogue is read");
        let read = |mut row: Row| [0, 1, 2].map(|index| row.take(index).expect("a name"));
        rows.into_iter().map(read).collect()
    };
    let starts_otherwise = |keys: &BTreeSet<[String; 3]>| -> Vec<String> {
        let other = keys.iter().filter(|[_, from, to]| from != "user_id" || to != "user_id");
        other.map(|[name, ..]| name.clone()).collect()
    };
    let keys = read().await;
    let names: Vec<&str> = keys.iter().map(|[name, ..]| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "idempotency_keys: idempotency_keys_expires_at_idx",
            "idempotency_keys: idempotency_keys_pkey",
            "idempotency_keys: idempotency_keys_user_id_change_number_idx",
            "idempotency_keys: idempotency_keys_user_id_fkey",
            "owners: owners_local_user_id_fkey",
            "owners: owners_local_user_id_idx",
            "owners: owners_pkey",
            "tasks: tasks_created_idx",
            "tasks: tasks_due_idx",
            "tasks: tasks_pkey",
            "tasks: tasks_status_idx",
            "tasks: tasks_user_id_fkey",
        ]
    );
    // What ties an owner to a user of this very database. It holds the owner's own id (owners_local_user_id_check), but
    // the key leads to a table that is not distributed. Nothing is unique by the index, and without the key it is idle.
    let tied = ["owners: owners_local_user_id_fkey", "owners: owners_local_user_id_idx"];
    // What sweeping goes by, each shard its own.
    let swept = "idempotency_keys: idempotency_keys_expires_at_idx";
    assert_eq!(starts_otherwise(&keys), [&[swept], tied.as_slice()].concat());
    database.execute(DROP_KEY_TO_USERS).await;
    database.execute("DROP INDEX owners_local_user_id_idx").await;
    assert_eq!(starts_otherwise(&read().await), [swept]);
}
