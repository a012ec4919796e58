//! Bringing a database up to date.

use duly::config::Storage;
use duly::database::migrations::{self, Migration, MigrationError};
use duly::database::users::{self, InsertUser};
use duly::database::{Database, keys, sessions};
use futures_util::future::join_all;

use crate::on_every_engine;
use crate::support::database::{TestDatabase, owner, session, titled, user};
use crate::support::storage::{self, TestStorage};

/// A storage that nobody has opened yet.
struct Fresh(TestStorage);

impl Fresh {
    async fn start(storage: TestStorage) -> Self {
        Self(storage)
    }
}

fn named(migrations: &[Migration]) -> Vec<(i64, &str)> {
    migrations
        .iter()
        .map(|migration| (i64::from(migration.version), migration.name.as_str()))
        .collect()
}

/// What `auth migrate` of Better Auth makes on PostgreSQL (BETTER-AUTH.md 1.7).
const BETTER_AUTH: [&str; 8] = [
    r#"create table "user" ("id" text primary key, "name" text not null, "email" text not null unique, "emailVerified" boolean not null, "image" text, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "updatedAt" timestamptz default CURRENT_TIMESTAMP not null)"#,
    r#"create table "session" ("id" text primary key, "expiresAt" timestamptz not null, "token" text not null unique, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "updatedAt" timestamptz not null, "ipAddress" text, "userAgent" text, "userId" text not null references "user"("id") on delete cascade)"#,
    r#"create table "account" ("id" text primary key, "accountId" text not null, "providerId" text not null, "userId" text not null references "user"("id") on delete cascade, "accessToken" text, "refreshToken" text, "idToken" text, "accessTokenExpiresAt" timestamptz, "refreshTokenExpiresAt" timestamptz, "scope" text, "password" text, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "updatedAt" timestamptz not null)"#,
    r#"create table "verification" ("id" text primary key, "identifier" text not null, "value" text not null, "expiresAt" timestamptz not null, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "updatedAt" timestamptz default CURRENT_TIMESTAMP not null)"#,
    r#"create table "jwks" ("id" text primary key, "publicKey" text not null, "privateKey" text not null, "createdAt" timestamptz not null, "expiresAt" timestamptz, "alg" text, "crv" text)"#,
    r#"create index "session_userId_idx" on "session"("userId")"#,
    r#"create index "account_userId_idx" on "account"("userId")"#,
    r#"create index "verification_identifier_idx" on "verification"("identifier")"#,
];

on_every_engine! {
    async fn a_fresh_database_gets_everything_once(fresh: Fresh) {
        let storage = &fresh.0.storage;
        let before = migrations::status(storage).await.unwrap();
        assert!(!before.is_empty() && before.iter().all(|migration| !migration.applied));
        let run = migrations::run(storage).await.unwrap();
        assert_eq!(named(&run), named(&before));
        assert!(run.iter().all(|migration| migration.applied));
        assert!(migrations::run(storage).await.unwrap().is_empty());
        assert_eq!(migrations::status(storage).await.unwrap(), run);
    }

    async fn a_database_opens_again_with_what_was_in_it(fresh: Fresh) {
        for round in 1..=3 {
            let database = Database::open(&fresh.0.storage).await.map_err(|error| error.to_string()).unwrap();
            let database = TestDatabase { database, storage: fresh_placeholder().await };
            database.insert(&owner("ada"), &titled("kept")).await;
            assert_eq!(database.counts(&owner("ada")).await, (round, round));
            database.close().await;
        }
    }

    async fn a_database_of_a_newer_program_is_refused(database: TestDatabase) {
        let known = migrations::status(&database.storage.storage).await.unwrap();
        let known = known.iter().map(|migration| migration.version).max().unwrap();
        database.execute(
            "INSERT INTO duly_schema_history (version, name, applied_on, checksum) \
             VALUES (4711, 'from_the_future', '2030-01-01T00:00:00Z', '1')",
        ).await;
        database.insert(&owner("ada"), &titled("kept")).await;
        database.close().await;
        let Err(error) = Database::open(&database.storage.storage).await else { panic!("it is newer") };
        assert!(matches!(error, MigrationError::Newer { found: 4711, .. }), "{error:?}");
        let sentence = error.to_string();
        assert!(sentence.contains("4711") && sentence.contains(&format!("up to {known}")), "{sentence}");
    }

    async fn a_changed_migration_is_refused(database: TestDatabase) {
        database.execute("UPDATE duly_schema_history SET checksum = '1' WHERE version = 1").await;
        database.close().await;
        let Err(error) = Database::open(&database.storage.storage).await else { panic!("it has changed") };
        assert!(matches!(error, MigrationError::Failed(_)), "{error:?}");
    }
}

/// A folder that nothing is put into.
async fn fresh_placeholder() -> TestStorage {
    storage::embedded()
}

#[tokio::test]
async fn both_engines_have_the_same_migrations() {
    let Some(postgres) = storage::postgres().await else { return };
    let embedded = migrations::status(&storage::embedded().storage).await.unwrap();
    let postgres = migrations::status(&postgres.storage).await.unwrap();
    assert_eq!(named(&embedded), named(&postgres));
    let versions: Vec<i64> = named(&embedded).iter().map(|(version, _)| *version).collect();
    assert_eq!(versions, (1..=versions.len() as i64).collect::<Vec<_>>());
}

#[tokio::test]
async fn copies_that_start_together_migrate_once() {
    let Some(storage) = storage::postgres().await else { return };
    let opened = join_all((0..8).map(|_| {
        let mut storage = storage.storage.clone();
        if let Storage::Postgres(settings) = &mut storage {
            settings.max_connections = 2;
        }
        tokio::spawn(async move {
            let database = Database::open(&storage).await.map_err(|error| error.to_string())?;
            database.ping().await.map_err(|error| error.to_string())
        })
    }))
    .await;
    for outcome in opened {
        outcome.unwrap().unwrap();
    }
    let database = TestDatabase::start(storage).await;
    let applied = database.number("SELECT count(*) FROM duly_schema_history").await;
    let known = migrations::status(&database.storage.storage).await.unwrap().len();
    assert_eq!(applied, i64::try_from(known).unwrap());
}

#[tokio::test]
async fn the_tables_of_a_better_auth_server_are_kept_and_used() {
    let Some(storage) = storage::postgres().await else { return };
    let Storage::Postgres(settings) = &storage.storage else { panic!("it is PostgreSQL") };
    let (client, connection) = settings.config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for sql in BETTER_AUTH {
        client.batch_execute(sql).await.unwrap();
    }
    client
        .batch_execute(
            r#"INSERT INTO "user" VALUES ('theirs', 'Theirs', 'theirs@example.com', false, NULL, now(), now());
               INSERT INTO "account" ("id", "accountId", "providerId", "userId", "password", "updatedAt")
               VALUES ('a', 'theirs', 'credential', 'theirs', 'salt:key', now());
               INSERT INTO "session" ("id", "expiresAt", "token", "updatedAt", "userId")
               VALUES ('s', now() + interval '1 day', 'their token', now(), 'theirs')"#,
        )
        .await
        .unwrap();
    let database = TestDatabase::start(storage).await;
    let theirs = users::find_by_email(&database, "theirs@example.com").await.unwrap().unwrap();
    assert_eq!(theirs.password_hash.as_deref(), Some("salt:key"));
    let found = sessions::find_session(&database, "their token").await.unwrap().unwrap();
    assert_eq!((found.session.ip_address.as_str(), found.user.id), ("", owner("theirs")));
    let new = users::insert_user(&database, &user("ada"), "b", "hash", &session("ada", "t")).await;
    assert_eq!(new.unwrap(), InsertUser::Inserted);
    let mut taken = user("grace");
    taken.email = "theirs@example.com".to_owned();
    let taken = users::insert_user(&database, &taken, "c", "hash", &session("grace", "u")).await;
    assert_eq!(taken.unwrap(), InsertUser::EmailTaken);
    assert!(keys::list_keys(&database).await.unwrap().is_empty());
    database.insert(&owner("theirs"), &titled("works")).await;
}
