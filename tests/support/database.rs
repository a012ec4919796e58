//! An open database of a test's own, and short ways to make what is put into it.

use duly::database::statement::{Dialect, Row, Statement};
use duly::database::tasks::{self, Insert};
use duly::database::{Database, DatabaseError};
use duly::models::cursor;
use duly::models::cursor::Position;
use duly::models::session::Session;
use duly::models::sort::Sort;
use duly::models::task::Task;
use duly::models::task_fields::{IdField, TaskCreate, TaskFields};
use duly::models::user::{User, UserId};
use jiff::Timestamp;
use serde_json::Value as Json;
use uuid::Uuid;

use super::storage::TestStorage;

/// Far more tasks than a test makes.
pub const PLENTY: i64 = 1_000_000;

/// A database with an up-to-date schema. Derefs to [`Database`].
pub struct TestDatabase {
    pub database: Database,
    pub storage: TestStorage,
}

impl TestDatabase {
    pub async fn start(storage: TestStorage) -> Self {
        let database = Database::open(&storage.storage).await.expect("the storage opens");
        Self { database, storage }
    }

    /// The first of these in PostgreSQL, the second in SQLite.
    pub fn either<T>(&self, postgres: T, sqlite: T) -> T {
        match self.dialect() {
            Dialect::Postgres => postgres,
            Dialect::Sqlite => sqlite,
        }
    }

    /// Runs one statement without parameters.
    pub async fn execute(&self, sql: &str) {
        self.write(vec![statement(sql)]).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The number that a query without parameters gives.
    pub async fn number(&self, sql: &str) -> i64 {
        let rows: Result<Vec<Row>, _> = self.read(statement(sql)).await;
        rows.unwrap_or_else(|error| panic!("{sql}: {error}"))[0].take(0).expect("a number")
    }

    /// What is counted for an owner, and what there is.
    pub async fn counts(&self, owner: &UserId) -> (i64, i64) {
        let sql = "SELECT COALESCE((SELECT task_count FROM owners WHERE user_id = $1), 0), \
                   (SELECT count(*) FROM tasks WHERE user_id = $1)";
        let mut rows: Vec<Row> =
            self.read(Statement::of(owner, sql)).await.expect("counting tasks works");
        (rows[0].take(0).expect("a number"), rows[0].take(1).expect("a number"))
    }

    /// Adds a task with a new id.
    pub async fn insert(&self, owner: &UserId, task: &TaskCreate) -> Task {
        created(
            tasks::insert_task(&self.database, owner, Uuid::now_v7(), task, now(), PLENTY).await,
        )
    }
}

impl std::ops::Deref for TestDatabase {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

pub fn created(outcome: Result<Insert, DatabaseError>) -> Task {
    match outcome {
        Ok(Insert::Created(task)) => task,
        other => panic!("the task was not created: {other:?}"),
    }
}

/// SQL that is put together in a test, and may read what is everybody's.
pub fn statement(sql: &str) -> Statement {
    Statement::across_owners(sql.to_owned())
}

pub fn now() -> Timestamp {
    instant("2026-11-23T07:00:00Z")
}

pub fn instant(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

pub fn owner(name: &str) -> UserId {
    UserId::parse(name).expect("a user id")
}

/// A task to be made, as a client would send it.
pub fn task(json: &Json) -> TaskCreate {
    let object = json.as_object().expect("an object").clone();
    TaskCreate::parse(object, IdField::ClientChosen).expect("a valid task")
}

pub fn titled(title: &str) -> TaskCreate {
    task(&serde_json::json!({ "title": title }))
}

/// Changes of a task, as a client would send them.
pub fn fields(json: &Json) -> TaskFields {
    let object = json.as_object().expect("an object").clone();
    TaskFields::parse(object, IdField::ReadOnly).expect("valid fields")
}

/// Where a page that ends with `task` ends.
pub fn cursor_after(task: &Task, sort: &Sort, owner: &UserId) -> String {
    cursor::encode(&Position::of(task, sort), sort, owner)
}

pub fn user(name: &str) -> User {
    User {
        id: owner(name),
        name: name.to_owned(),
        email: format!("{name}@example.com"),
        email_verified: false,
        image: None,
        created_at: now(),
        updated_at: now(),
    }
}

/// A session of somebody's for a week.
pub fn session(name: &str, token: &str) -> Session {
    Session {
        id: format!("id of {token}"),
        token: token.to_owned(),
        user_id: owner(name),
        expires_at: instant("2026-11-30T07:00:00Z"),
        created_at: now(),
        updated_at: now(),
        ip_address: String::new(),
        user_agent: "a test".to_owned(),
    }
}

/// Numbers that are the same in every run with the same seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).expect("it is below a usize")
    }

    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.roll(choices.len())]
    }
}
