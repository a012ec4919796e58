//! A database full of odd things, and everything that a database holds, as texts.

use duly::config::{Place, Storage};
use duly::database::Database;
use duly::database::statement::{Dialect, Kind, Row, Statement, Value};
use duly::database::transfer::tables::{TABLES, Table};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::database::Dice;

const TEXTS: [&str; 8] = [
    "",
    "plain",
    "Grüße, 世界 👩‍👩‍👧‍👦 e\u{301}",
    "'; DROP TABLE tasks; -- $1 ? \" \\",
    "\u{1}\n\t\u{2028}",
    "NULL",
    "\u{10ffff}",
    "  spaces  ",
];

/// Ids whose order is one thing by their bytes, and another in a language.
const OWNERS: [&str; 12] =
    ["a", "B", "b", "A", "ä", "Z", "z", "aa", "a-b", "ab", "Uy1g2YWZbMfigGODjxnq478IY8mjxbcd", "𝔞"];

/// The place that a storage is, under a name that is good for one copy.
pub fn place(storage: &Storage, name: &str) -> Place {
    Place { storage: storage.clone(), name: name.to_owned() }
}

/// Writes some hundreds of rows at a time: each by itself would take as long as many at once.
async fn write(database: &Database, rows: Vec<Statement>) {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let batch = rows.by_ref().take(500).collect();
        database.write(batch).await.expect("the rows are added");
    }
}

fn insert(table: &str, values: Vec<(&str, Value)>) -> Statement {
    let mut insert = Statement::across_owners("INSERT INTO ");
    let names: Vec<String> = values.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    insert.push(&format!("\"{table}\" ({}) VALUES (", names.join(", ")));
    for (index, (_, value)) in values.into_iter().enumerate() {
        insert.push(if index > 0 { ", " } else { "" }).push_bind(value);
    }
    insert.push(")");
    insert
}

/// Fills every table: twelve people with odd ids who have an account and sessions, others who live elsewhere, and
/// `tasks` tasks of one of the latter.
pub async fn fill(database: &Database, tasks: i64) {
    let mut rows = Vec::new();
    for id in OWNERS {
        rows.extend(user(id));
        rows.extend(owner(id, Some(id), 3));
    }
    for number in 0..300 {
        rows.extend(owner(&format!("elsewhere {number}"), None, number % 3));
    }
    rows.extend(owner("busy", None, tasks));
    for number in 0..300_i64 {
        let values = vec![
            ("id", format!("v{number}").into()),
            ("identifier", format!("reset-password:{number}").into()),
            ("value", odd_text(number).into()),
            ("expiresAt", odd_instant(number).into()),
            ("createdAt", odd_instant(number + 1).into()),
            ("updatedAt", odd_instant(number + 2).into()),
        ];
        rows.push(insert("verification", values));
    }
    for (id, alg) in [("k1", Some("EdDSA".to_owned())), ("k2", None)] {
        let values = vec![
            ("id", id.into()),
            ("publicKey", "{\"x\":\"1\"}".into()),
            ("privateKey", "\"encrypted\"".into()),
            ("createdAt", odd_instant(1).into()),
            ("expiresAt", alg.is_none().then(|| odd_instant(2)).into()),
            ("alg", alg.into()),
            ("crv", None::<String>.into()),
        ];
        rows.push(insert("jwks", values));
    }
    write(database, rows).await;
}

/// Adds somebody who has tasks and an account elsewhere. All owners have tasks with the same ids.
pub async fn add_owner(database: &Database, id: &str, tasks: i64) {
    write(database, owner(id, None, tasks)).await;
}

/// A user who has two sessions and an account.
fn user(id: &str) -> Vec<Statement> {
    let number = id.len() as i64;
    let user = vec![
        ("id", id.into()),
        ("name", odd_text(number).into()),
        ("email", format!("{}@example.com", hex::encode(id)).into()),
        ("emailVerified", (number % 2 == 0).into()),
        ("image", (number % 3 == 0).then(|| "https://example.com/🦀".to_owned()).into()),
        ("createdAt", odd_instant(number).into()),
        ("updatedAt", odd_instant(number + 1).into()),
    ];
    let account = vec![
        ("id", format!("account of {id}").into()),
        ("accountId", id.into()),
        ("providerId", "credential".into()),
        ("userId", id.into()),
        ("accessToken", None::<String>.into()),
        ("refreshToken", Some("refresh".to_owned()).into()),
        ("idToken", None::<String>.into()),
        ("accessTokenExpiresAt", Some(odd_instant(3)).into()),
        ("refreshTokenExpiresAt", None::<Timestamp>.into()),
        ("scope", Some(String::new()).into()),
        ("password", Some("salt:key".to_owned()).into()),
        ("createdAt", odd_instant(4).into()),
        ("updatedAt", odd_instant(5).into()),
    ];
    vec![insert("user", user), session(id, 0), session(id, 1), insert("account", account)]
}

fn session(user: &str, number: i64) -> Statement {
    let values = vec![
        ("id", format!("s{number} of {user}").into()),
        ("expiresAt", odd_instant(number).into()),
        ("token", format!("token {number} of {user}").into()),
        ("createdAt", odd_instant(number + 1).into()),
        ("updatedAt", odd_instant(number + 2).into()),
        ("ipAddress", (number == 0).then(|| "2001:db8::1".to_owned()).into()),
        ("userAgent", (number == 0).then(|| odd_text(4)).into()),
        ("userId", user.into()),
    ];
    insert("session", values)
}

fn owner(id: &str, local: Option<&str>, tasks: i64) -> Vec<Statement> {
    let values = vec![
        ("user_id", id.into()),
        ("version", (tasks * 7 + 1).into()),
        ("task_count", tasks.into()),
        ("created_at", odd_instant(tasks).into()),
        ("local_user_id", local.map(str::to_owned).into()),
    ];
    let mut dice = Dice(tasks.unsigned_abs());
    let tasks = (0..tasks).map(|number| task(id, number, &mut dice));
    std::iter::once(insert("owners", values)).chain(tasks).collect()
}

fn task(owner: &str, number: i64, dice: &mut Dice) -> Statement {
    let tags: Vec<String> =
        (0..[0, 1, 32][dice.roll(3)]).map(|tag| format!("{tag} {}", odd_text(tag))).collect();
    let description = (number % 2 == 0).then(|| odd_text(number).repeat(dice.roll(30)));
    let due_at = (number % 3 == 0).then(|| odd_instant(number));
    let values = vec![
        ("user_id", owner.into()),
        ("id", odd_id(number).into()),
        ("title", odd_text(number).into()),
        ("title_folded", odd_text(number + 1).into()),
        ("description", description.clone().into()),
        ("description_folded", description.into()),
        ("completed_at", (number % 5 == 0).then(|| odd_instant(number)).into()),
        ("priority", (number % 5).into()),
        ("due_at", due_at.into()),
        ("due_has_time", (due_at.is_some() && number % 2 == 0).into()),
        ("tags", Value::Json(json!(tags).to_string())),
        ("version", (number + 1).into()),
        ("created_at", odd_instant(number + 1).into()),
        ("updated_at", odd_instant(number + 2).into()),
    ];
    insert("tasks", values)
}

fn odd_text(number: i64) -> String {
    TEXTS[number.unsigned_abs() as usize % TEXTS.len()].to_owned()
}

fn odd_id(number: i64) -> Uuid {
    match number {
        0 => Uuid::nil(),
        1 => Uuid::max(),
        number => Uuid::from_u128(u128::from(number.unsigned_abs()).rotate_right(7)),
    }
}

fn odd_instant(number: i64) -> Timestamp {
    match number % 7 {
        0 => "0001-01-01T00:00:00Z",
        1 => "9999-12-30T22:00:00.999999Z",
        2 => "1969-12-31T23:59:59.999999Z",
        3 => "1970-01-01T00:00:00Z",
        4 => "2000-01-01T00:00:00.000001Z",
        5 => "2026-11-23T07:07:34.087Z",
        _ => "1582-10-14T00:00:00Z",
    }
    .parse()
    .expect("a timestamp")
}

/// Everything that is kept, one text for each row. Databases that hold the same give the same, whatever the engine.
pub async fn contents(database: &Database) -> Vec<String> {
    let mut texts = Vec::new();
    for table in TABLES {
        texts.extend(rows(database, table).await);
    }
    texts
}

async fn rows(database: &Database, table: &Table) -> Vec<String> {
    let dialect = database.dialect();
    let columns: Vec<String> =
        table.columns.iter().map(|(name, kind)| as_text(dialect, name, *kind)).collect();
    let mut select = Statement::across_owners("SELECT ");
    select.push(&format!("{} FROM \"{}\"", columns.join(", "), table.name));
    let rows: Vec<Row> = database.read(select).await.expect("a table is read");
    let mut texts: Vec<String> = rows.into_iter().map(|row| text(table, row)).collect();
    texts.sort();
    texts
}

fn text(table: &Table, mut row: Row) -> String {
    let mut text = table.name.to_owned();
    for (index, (name, kind)) in table.columns.iter().enumerate() {
        let value: Option<String> = row.take_optional(index).expect("it is a text");
        // The two write JSON with different spaces.
        let value = match (kind, value) {
            (Kind::Json, Some(json)) => {
                let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
                Some(json.to_string())
            }
            (_, value) => value,
        };
        text.push_str(&format!(" {name}={value:?}"));
    }
    text
}

fn as_text(dialect: Dialect, name: &str, kind: Kind) -> String {
    match (dialect, kind) {
        (Dialect::Postgres, Kind::Instant) => {
            format!("(extract(epoch FROM \"{name}\") * 1000000)::bigint::text")
        }
        (Dialect::Postgres, Kind::Boolean) => format!("\"{name}\"::int::text"),
        (Dialect::Postgres, Kind::Uuid) => format!("replace(\"{name}\"::text, '-', '')"),
        (Dialect::Postgres, _) => format!("\"{name}\"::text"),
        (Dialect::Sqlite, Kind::Uuid) => format!("lower(hex(\"{name}\"))"),
        (Dialect::Sqlite, _) => format!("CAST(\"{name}\" AS TEXT)"),
    }
}
