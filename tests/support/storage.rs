//! A fresh place to keep things: a temporary folder, or a PostgreSQL database that is dropped afterwards.

use duly::config::{EmbeddedSettings, PostgresSettings, Storage};
use tempfile::TempDir;
use tokio_postgres::NoTls;
use uuid::Uuid;

/// A storage and what keeps it alive.
pub struct TestStorage {
    pub storage: Storage,
    cleanup: Cleanup,
}

enum Cleanup {
    Folder(#[allow(dead_code)] TempDir),
    Database { server: String, name: String },
}

/// A temporary folder.
pub fn embedded() -> TestStorage {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let settings = EmbeddedSettings::within(folder.path().to_owned());
    TestStorage { storage: Storage::Embedded(settings), cleanup: Cleanup::Folder(folder) }
}

/// A database of its own on the server of `TEST_DATABASE_URL`; `None` where there is no such server.
///
/// Where a pooler stands before that server, `TEST_DATABASE_ADMIN_URL` leads around it: databases are made and
/// dropped there.
pub async fn postgres() -> Option<TestStorage> {
    let Ok(url) = std::env::var("TEST_DATABASE_URL") else {
        assert!(std::env::var("CI").is_err(), "TEST_DATABASE_URL must be set in CI");
        eprintln!("skipped: TEST_DATABASE_URL is not set; script/test starts a server");
        return None;
    };
    let server = std::env::var("TEST_DATABASE_ADMIN_URL").unwrap_or_else(|_| url.clone());
    let name = format!("duly_{}", Uuid::now_v7().simple());
    execute(&server, &format!("CREATE DATABASE {name}")).await;
    let mut settings = PostgresSettings::parse(&url).expect("TEST_DATABASE_URL reads");
    settings.config.dbname(&name);
    settings.max_connections = 8;
    let storage = Storage::Postgres(settings);
    Some(TestStorage { storage, cleanup: Cleanup::Database { server, name } })
}

async fn execute(server: &str, sql: &str) {
    let (client, connection) =
        tokio_postgres::connect(server, NoTls).await.expect("the test server takes connections");
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.expect("the test server does as it is told");
    drop(client);
    let _ = connection.await;
}

impl Drop for TestStorage {
    fn drop(&mut self) {
        if let Cleanup::Database { server, name } = &self.cleanup {
            let (server, sql) = (server.clone(), format!("DROP DATABASE {name} WITH (FORCE)"));
            // Dropping happens inside of a runtime, which cannot be blocked on; a thread has one of its own.
            let dropped = std::thread::spawn(move || {
                tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime starts")
                    .block_on(execute(&server, &sql));
            });
            let _ = dropped.join();
        }
    }
}
