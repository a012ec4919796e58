//! What stands between us and PostgreSQL costs: a pooler, a round trip, a database that sleeps.
//!
//!     cargo bench --bench postgres
//!
//! Starts a PostgreSQL as its defaults make it (durable) and a PgBouncer before it, and the release binary on either.
//! bench/README.md says what the figures mean.

mod pool_sizes;
#[path = "../../tests/support/fault_proxy.rs"]
#[expect(dead_code, reason = "it can do more than count")]
mod proxy;
mod round_trips;
#[path = "../shared/mod.rs"]
#[expect(dead_code, reason = "people sign up here, and memory is looked at elsewhere")]
mod shared;
mod sleep;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use shared::client::Client;
use shared::folder;
use shared::load::{Load, Outcome, Requests};
use shared::processes::{Server, cpu_time, process_id, script};
use tempfile::TempDir;

const USERS: usize = 20;
const TASKS: usize = 1_000;
const CONNECTIONS: usize = 32;
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(4);

/// A port that nobody listens on now.
pub fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it is bound").port().to_string()
}

/// PostgreSQL, and PgBouncer before it.
struct Databases {
    folder: TempDir,
    direct: String,
    pooled: String,
}

impl Databases {
    fn start() -> Self {
        let folder = folder();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let direct = script("postgres", &["start", &path("postgres")], &[("DURABLE", "1")]);
        let pooled =
            script("pgbouncer", &["start", &path("pgbouncer")], &[("TEST_DATABASE_URL", &direct)]);
        Self { folder, direct, pooled }
    }

    fn cluster(&self) -> PathBuf {
        self.folder.path().join("postgres")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        for name in ["pgbouncer", "postgres"] {
            script(name, &["stop", &self.path(name).display().to_string()], &[]);
        }
    }
}

/// Somebody who calls.
#[derive(Clone)]
pub struct Person {
    jwt: String,
    /// One of their tasks.
    task: String,
}

/// The text of a request.
pub fn request(method: &str, path: &str, token: &str, body: &str) -> String {
    let authorization =
        if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: duly.bench\r\n{authorization}content-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

async fn call(client: &mut Client, method: &str, path: &str, token: &str, body: &str) -> Json {
    let (status, answer) = client.send(&request(method, path, token, body)).await;
    assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    serde_json::from_str(&answer).unwrap_or(Json::Null)
}

/// Signs people up and gives each a thousand tasks.
async fn people(server: &Server, database: &str) -> Vec<Person> {
    let mut client = Client::connect(server.address).await;
    let mut people = Vec::new();
    for number in 0..USERS {
        let body = format!(
            r#"{{"name":"n","email":"{number}@bench.example","password":"a long password"}}"#
        );
        let signed_up = call(&mut client, "POST", "/api/auth/sign-up/email", "", &body).await;
        let session = signed_up["token"].as_str().expect("a token").to_owned();
        let token = call(&mut client, "GET", "/api/auth/token", &session, "").await;
        let jwt = token["token"].as_str().expect("a JWT").to_owned();
        let created =
            call(&mut client, "POST", "/api/me/tasks", &jwt, r#"{"title":"first"}"#).await;
        people.push(Person { jwt, task: created["id"].as_str().expect("an id").to_owned() });
    }
    fill(database).await;
    people
}

async fn fill(database: &str) {
    let (client, connection) = tokio_postgres::connect(database, tokio_postgres::NoTls)
        .await
        .expect("it takes connections");
    tokio::spawn(connection);
    let tasks = TASKS - 1;
    let fill = format!(
        "INSERT INTO tasks SELECT user_id, gen_random_uuid(), 'task ' || n, 'task ' || n, NULL, NULL, \
         CASE WHEN n % 3 = 0 THEN now() END, n % 5, CASE WHEN n % 4 > 0 THEN now() + n * interval '1 hour' END, \
         true, '[\"home\"]', n, now() - n * interval '1 minute', now() FROM owners, generate_series(1, {tasks}) n; \
         UPDATE owners SET task_count = {TASKS}, version = {TASKS}; ANALYZE"
    );
    client.batch_execute(&fill).await.expect("it is filled");
}

/// What is asked, by people at random.
fn loads(people: &[Person]) -> [(&'static str, Requests); 3] {
    let ask = |status: u16, text: fn(&Person) -> String| -> Requests {
        let requests: Vec<String> = people.iter().map(text).collect();
        Arc::new(move |random, request| {
            request.extend_from_slice(random.pick(&requests).as_bytes());
            status
        })
    };
    [
        (
            "get",
            ask(200, |person| {
                request("GET", &format!("/api/me/tasks/{}", person.task), &person.jwt, "")
            }),
        ),
        (
            "list",
            ask(200, |person| {
                let path =
                    "/api/me/tasks?status=pending&priority=high,urgent&sort=due_date&include=total";
                request("GET", path, &person.jwt, "")
            }),
        ),
        (
            "create",
            ask(201, |person| request("POST", "/api/me/tasks", &person.jwt, r#"{"title":"new"}"#)),
        ),
    ]
}

/// One way to the database, and what one round of a load on it came to.
struct Way<'a> {
    name: &'a str,
    server: Server,
}

struct Round {
    outcome: Outcome,
    /// Microseconds a request: ours, PostgreSQL's, PgBouncer's.
    cpu: [f64; 3],
}

/// So many connections for so long, none of whose answers is an error. `look` is called at its begin and end.
pub fn put_under_load<T>(
    server: &Server,
    connections: usize,
    time: Duration,
    requests: &Requests,
    look: impl Fn() -> T,
) -> (Outcome, [T; 2]) {
    let requests = Arc::clone(requests);
    let address = server.address;
    let load = Load { address, connections, threads: 1, thinking: Duration::ZERO, requests };
    let (outcome, looks) = load.run(Duration::from_secs(1), time, look);
    assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
    (outcome, looks)
}

fn round(way: &Way<'_>, databases: &Databases, requests: &Requests) -> Round {
    let cluster = process_id(&databases.cluster().join("cluster/postmaster.pid"));
    let pooler = process_id(&databases.path("pgbouncer").join("pgbouncer.pid"));
    let used = || [way.server.id(), cluster, pooler].map(cpu_time);
    let (outcome, [before, after]) =
        put_under_load(&way.server, CONNECTIONS, ROUND, requests, used);
    let cpu = std::array::from_fn(|index| {
        (after[index] - before[index]).as_secs_f64() * 1e6 / outcome.requests as f64
    });
    Round { outcome, cpu }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Gives the people who were signed up for it.
async fn compare(databases: &Databases) -> Vec<Person> {
    let pool = ("DATABASE_MAX_CONNECTIONS", "16");
    let (direct, pooled) = (databases.direct.as_str(), databases.pooled.as_str());
    let ways = [
        Way { name: "direct", server: Server::start(&[("DATABASE_URL", direct), pool]) },
        Way {
            name: "direct, unnamed",
            server: Server::start(&[
                ("DATABASE_URL", direct),
                ("DATABASE_POOLER", "transaction"),
                pool,
            ]),
        },
        Way { name: "PgBouncer", server: Server::start(&[("DATABASE_URL", pooled), pool]) },
    ];
    let people = people(&ways[0].server, direct).await;
    println!(
        "\n## Through a pooler, {CONNECTIONS} connections, medians of {ROUNDS} rounds of {ROUND:?}\n"
    );
    println!(
        "| load | way | requests/s | of direct | p50 ms | p99 ms | CPU µs a request: duly | PostgreSQL | PgBouncer |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (load, requests) in loads(&people) {
        let mut rounds: Vec<Vec<Round>> = ways.iter().map(|_| Vec::new()).collect();
        for _ in 0..ROUNDS {
            for (way, rounds) in ways.iter().zip(&mut rounds) {
                rounds.push(round(way, databases, &requests));
            }
        }
        let of = |rounds: &[Round], figure: &dyn Fn(&Round) -> f64| {
            median(rounds.iter().map(figure).collect())
        };
        let base = of(&rounds[0], &|round| round.outcome.per_second());
        for (way, rounds) in ways.iter().zip(&rounds) {
            let per_second = of(rounds, &|round| round.outcome.per_second());
            let milliseconds = |share| {
                of(rounds, &move |round| round.outcome.percentile(share).as_secs_f64() * 1e3)
            };
            let cpu = [0, 1, 2].map(|index| of(rounds, &move |round| round.cpu[index]));
            println!(
                "| {load} | {} | {per_second:.0} | {:.2} | {:.2} | {:.2} | {:.0} | {:.0} | {:.0} |",
                way.name,
                per_second / base,
                milliseconds(0.5),
                milliseconds(0.99),
                cpu[0],
                cpu[1],
                cpu[2],
            );
        }
    }
    people
}

fn main() {
    // `cargo bench` and `cargo test --benches` pass flags of the built-in harness; there is nothing to choose here.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let databases = Databases::start();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    runtime.block_on(async {
        let people = compare(&databases).await;
        let [get, _, create] = loads(&people);
        pool_sizes::sweep(&databases.direct, &[get, create]).await;
        round_trips::count(&databases.direct, &databases.pooled).await;
    });
    sleep::wake(&runtime);
}
