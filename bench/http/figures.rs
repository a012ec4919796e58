//! What is not throughput: start, memory, idle connections, and how cost grows.

use std::time::{Duration, Instant};

use crate::Bench;
use crate::options::Engine;
use crate::requests::{LIST_PATH, get, task_path};
use crate::runtime;
use crate::shared::client::Client;
use crate::shared::load::Load;
use crate::shared::people::Scale;
use crate::shared::processes::{Server, cpu_time, memory};
use crate::shared::seed;
use crate::throughput::median;

/// How long after its first answer the memory of a program is looked at.
const SETTLED_AFTER: Duration = Duration::from_millis(500);

/// Of an engine.
pub struct Figures {
    pub engine: Engine,
    /// From the start of the process to the answer with a task: the median, and the longest. Milliseconds.
    pub start: [f64; 2],
    /// Megabytes after that.
    pub resident: f64,
    /// Megabytes with idle connections that have each been answered once.
    pub resident_idle: f64,
}

/// On the seeded database, before there has been any load.
pub fn measure(bench: &mut Bench, engine: Engine) -> Figures {
    let tokens = bench.issuer.tokens(bench.options.scale.people());
    let mut starts = Vec::new();
    let mut resident = Vec::new();
    for _ in 0..bench.options.starts {
        bench.stop(engine);
        let began = Instant::now();
        let server = Server::start(&bench.settings(engine));
        runtime().block_on(ask(&server, &get(&task_path(0, 3), &tokens[0])));
        starts.push(began.elapsed().as_secs_f64() * 1e3);
        std::thread::sleep(SETTLED_AFTER);
        resident.push(memory(server.id()).resident);
        bench.keep(engine, server);
    }
    let resident_idle = with_idle_connections(bench, engine, &tokens);
    bench.stop(engine);
    let longest = starts.iter().copied().fold(0.0, f64::max);
    Figures { engine, start: [median(starts), longest], resident: median(resident), resident_idle }
}

async fn ask(server: &Server, request: &str) -> Client {
    let mut client = Client::connect(server.address).await;
    let (status, body) = client.send(request).await;
    assert_eq!(status, 200, "{body}");
    client
}

fn with_idle_connections(bench: &Bench, engine: Engine, tokens: &[String]) -> f64 {
    let server = bench.server(engine);
    runtime().block_on(async {
        let mut clients = Vec::new();
        for index in 0..bench.options.idle_connections {
            let person = index as u64 % bench.options.scale.users;
            let request = get(&task_path(person, 3), &tokens[person as usize]);
            clients.push(ask(server, &request).await);
        }
        memory(server.id()).resident
    })
}

/// The cost of a list of one person's thousand tasks, beside few tasks and beside many.
pub struct Growth {
    pub engine: Engine,
    /// Tasks in the database.
    pub tasks: u64,
    /// Milliseconds.
    pub p50: f64,
    /// CPU time of program and database together, in microseconds.
    pub cpu: f64,
}

/// On databases of their own.
pub fn growth(bench: &mut Bench, people: [u64; 2]) -> Vec<Growth> {
    let mut grown = Vec::new();
    for engine in bench.options.engines.clone() {
        for users in people {
            let scale = Scale { users, tasks: 1_000, many: 0 };
            eprintln!("growth: {} with {} tasks", engine.name(), scale.total());
            grown.push(beside(bench, engine, scale));
        }
    }
    grown
}

fn beside(bench: &mut Bench, engine: Engine, scale: Scale) -> Growth {
    let tokens = bench.issuer.tokens(scale.people());
    let person = scale.users / 2;
    let key = bench.issuer.key();
    let name = format!("growth_{}", scale.users);
    let place = bench.folder.path().join(&name).display().to_string();
    let url = format!("{}/{name}", bench.url.rsplit_once('/').expect("a database").0);
    runtime().block_on(async {
        match engine {
            Engine::Postgres => {
                let client = seed::connect(&bench.url).await;
                let create = format!("CREATE DATABASE {name}");
                client.batch_execute(&create).await.expect("there is none");
                seed::postgres(&url, key, scale).await;
            }
            Engine::Embedded => {
                std::fs::create_dir(&place).expect("there is none");
                seed::sqlite(place.as_ref(), key, scale).await;
            }
        }
    });
    let setting = match engine {
        Engine::Postgres => ("DATABASE_URL", url.as_str()),
        Engine::Embedded => ("DATA_DIR", place.as_str()),
    };
    let server = Server::start(&[setting]);
    let request = get(LIST_PATH, &tokens[person as usize]);
    let load = Load {
        address: server.address,
        connections: 1,
        threads: 1,
        thinking: Duration::ZERO,
        requests: std::sync::Arc::new(move |_, text| {
            text.extend_from_slice(request.as_bytes());
            200
        }),
    };
    let used = || cpu_time(server.id()) + cpu_time(bench.postmaster);
    let (outcome, [before, after]) = load.run(bench.options.warm_up, bench.options.round, used);
    assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
    Growth {
        engine,
        tasks: scale.total(),
        p50: outcome.percentile(0.5).as_secs_f64() * 1e3,
        cpu: (after - before).as_secs_f64() * 1e6 / outcome.requests as f64,
    }
}
