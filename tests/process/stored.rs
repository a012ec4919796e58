//! A look behind the servers' backs: what is in their PostgreSQL database.

use tokio_postgres::{Client, NoTls, Row};

use super::server::Program;

/// Lets something work on the program's database.
pub fn with_database<T>(program: &Program, work: impl AsyncFnOnce(&mut Client) -> T) -> T {
    let mut settings = program.settings.iter();
    let (_, url) = settings.find(|(name, _)| name == "DATABASE_URL").expect("it is on PostgreSQL");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(async {
        let (mut client, connection) =
            tokio_postgres::connect(url, NoTls).await.expect("the test server takes connections");
        let connection = tokio::spawn(connection);
        let outcome = work(&mut client).await;
        drop(client);
        let _ = connection.await;
        outcome
    })
}

/// The rows of a query without parameters; of a change, those that it returns.
pub fn rows(program: &Program, sql: &str) -> Vec<Row> {
    with_database(program, async |client| client.query(sql, &[]).await)
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// The one number that a query gives.
pub fn number(program: &Program, sql: &str) -> i64 {
    rows(program, sql)[0].get(0)
}
