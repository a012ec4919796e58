//! Filling a database straight by SQL, before the server starts on it.

use std::fmt::Write as _;
use std::path::Path;
use std::pin::pin;

use bytes::Bytes;
use duly::clock::Clock;
use duly::config::{EmbeddedSettings, PostgresSettings, Storage};
use duly::database::Database;
use duly::database::keys::{self, StoredKey};
use futures_util::SinkExt;
use jiff::Timestamp;
use tokio_postgres::{Client, NoTls};

use super::contents::Row;
use super::people::{Scale, user, user_id};

const TASK_COLUMNS: &str = "user_id, id, title, title_folded, description, description_folded, completed_at, \
     priority, due_at, due_has_time, tags, version, created_at, updated_at";
const CHUNK_BYTES: usize = 1 << 20;

pub fn embedded(directory: &Path) -> Storage {
    Storage::Embedded(EmbeddedSettings::within(directory.to_owned()))
}

/// The schema, and the key that signs tokens.
async fn prepare(storage: &Storage, key: &StoredKey) {
    let database = Database::open(storage).await.expect("it opens");
    keys::insert_key(&database, key).await.expect("it takes a key");
    database.close().await;
}

/// A connection, which must be awaited in a runtime of its own or in the same.
pub async fn connect(url: &str) -> Client {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.expect("it takes connections");
    tokio::spawn(connection);
    client
}

/// Fills an empty PostgreSQL.
pub async fn postgres(url: &str, key: &StoredKey, scale: Scale) {
    let settings = PostgresSettings::parse(url).expect("the scripts print URLs");
    prepare(&Storage::Postgres(settings), key).await;
    let client = connect(url).await;
    let now = Clock::System.now();
    let mut users = String::new();
    let mut owners = String::new();
    for person in 0..scale.people() {
        let (user, tasks) = (user(person, now), scale.tasks_of(person));
        let (id, name, email) = (user.id, user.name, user.email);
        line(&mut users, format_args!("{id}\t{name}\t{email}\tt\t{now}\t{now}"));
        line(&mut owners, format_args!("{id}\t{tasks}\t{tasks}\t{now}\t{id}"));
    }
    let columns = r#""user" (id, name, email, "emailVerified", "createdAt", "updatedAt")"#;
    copy(&client, columns, [users]).await;
    let columns = "owners (user_id, version, task_count, created_at, local_user_id)";
    copy(&client, columns, [owners]).await;
    let chunks = Chunks { scale, now: now.as_microsecond(), person: 0, task: 0 };
    copy(&client, &format!("tasks ({TASK_COLUMNS})"), chunks).await;
    client.batch_execute("VACUUM ANALYZE").await.expect("it is ours");
    client.batch_execute("CHECKPOINT").await.expect("it is ours");
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("writing to a String cannot fail");
}

async fn copy(client: &Client, into: &str, chunks: impl IntoIterator<Item = String>) {
    let sink = client.copy_in::<_, Bytes>(&format!("COPY {into} FROM STDIN")).await;
    let mut sink = pin!(sink.expect("the table is there"));
    for chunk in chunks {
        sink.send(chunk.into()).await.expect("it takes the rows");
    }
    sink.finish().await.expect("it takes the rows");
}

/// All tasks as COPY reads them, some thousand at a time.
struct Chunks {
    scale: Scale,
    now: i64,
    person: u64,
    task: u64,
}

impl Iterator for Chunks {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut chunk = String::with_capacity(CHUNK_BYTES + 4_096);
        while self.person < self.scale.people() && chunk.len() < CHUNK_BYTES {
            let tasks = self.scale.tasks_of(self.person);
            if self.task == tasks {
                (self.person, self.task) = (self.person + 1, 0);
                continue;
            }
            write_row(&mut chunk, self.person, &Row::new(self.person, self.task, tasks, self.now));
            self.task += 1;
        }
        (!chunk.is_empty()).then_some(chunk)
    }
}

/// None of the texts has a backslash, a tab or the end of a line in it.
fn write_row(chunk: &mut String, person: u64, row: &Row) {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "\\N".to_owned());
    let instant = |micros: i64| Timestamp::from_microsecond(micros).expect("near now").to_string();
    let optional = |micros: Option<i64>| micros.map_or_else(|| "\\N".to_owned(), instant);
    let Row { id, title, title_folded, priority, due_has_time, tags, version, .. } = row;
    let (description, folded) = (text(&row.description), text(&row.description_folded));
    let (completed, due) = (optional(row.completed_at), optional(row.due_at));
    let (created, updated) = (instant(row.created_at), instant(row.updated_at));
    line(
        chunk,
        format_args!(
            "{}\t{id}\t{title}\t{title_folded}\t{description}\t{folded}\t{completed}\t{priority}\t{due}\t\
             {due_has_time}\t{tags}\t{version}\t{created}\t{updated}",
            user_id(person)
        ),
    );
}

/// Fills an embedded database that is not there yet.
pub async fn sqlite(directory: &Path, key: &StoredKey, scale: Scale) {
    let storage = embedded(directory);
    prepare(&storage, key).await;
    let Storage::Embedded(settings) = storage else { return };
    let connection = rusqlite::Connection::open(settings.file).expect("it is there");
    fill(&connection, scale).expect("it takes the rows");
}

fn fill(connection: &rusqlite::Connection, scale: Scale) -> rusqlite::Result<()> {
    // Nobody needs what is there before all is.
    let fast =
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN";
    connection.execute_batch(fast)?;
    let now = Clock::System.now();
    let micros = now.as_microsecond();
    for person in 0..scale.people() {
        let (user, tasks) = (user(person, now), scale.tasks_of(person));
        let id = user.id.as_str();
        connection
            .prepare_cached(
                r#"INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
                   VALUES (?1, ?2, ?3, 1, ?4, ?4)"#,
            )?
            .execute((id, &user.name, &user.email, micros))?;
        connection
            .prepare_cached(
                "INSERT INTO owners (user_id, version, task_count, created_at, local_user_id) \
                 VALUES (?1, ?2, ?2, ?3, ?1)",
            )?
            .execute((id, tasks as i64, micros))?;
        let mut insert = connection.prepare_cached(&format!(
            "INSERT INTO tasks ({TASK_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
        ))?;
        for task in 0..tasks {
            let row = Row::new(person, task, tasks, micros);
            insert.execute(rusqlite::params![
                id,
                row.id.as_bytes(),
                row.title,
                row.title_folded,
                row.description,
                row.description_folded,
                row.completed_at,
                row.priority,
                row.due_at,
                row.due_has_time,
                row.tags,
                row.version,
                row.created_at,
                row.updated_at,
            ])?;
        }
    }
    connection.execute_batch("COMMIT; PRAGMA journal_mode = WAL;")
}
