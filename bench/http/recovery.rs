//! From being killed under load to answering again.

use std::time::{Duration, Instant};

use crate::options::Engine;
use crate::requests::{Mode, requests};
use crate::shared::client::Client;
use crate::shared::load::{Load, Requests};
use crate::shared::processes::{Server, kill_with_children, process_id, script};
use crate::shared::random::Random;
use crate::throughput::median;
use crate::{Bench, runtime};

/// For how long there is load before it is killed.
const LOAD: Duration = Duration::from_secs(3);
const CONNECTIONS: usize = 64;
/// How long to wait before a request is sent again that had to fail.
const PAUSE: Duration = Duration::from_millis(5);

/// What was killed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Killed {
    /// The program, on an engine; it is started at once.
    Server(Engine),
    /// PostgreSQL with all its processes; the program goes on running.
    Postgres,
}

/// Milliseconds from the new start to the first task read and the first task made: the median, and the longest.
pub struct Recovery {
    pub killed: Killed,
    pub read: [f64; 2],
    pub write: [f64; 2],
}

pub fn measure(bench: &mut Bench) -> Vec<Recovery> {
    let mut all = Vec::new();
    for engine in bench.options.engines.clone() {
        all.push(of(bench, Killed::Server(engine), engine));
    }
    if bench.options.engines.contains(&Engine::Postgres) {
        all.push(of(bench, Killed::Postgres, Engine::Postgres));
    }
    all
}

fn of(bench: &mut Bench, killed: Killed, engine: Engine) -> Recovery {
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    for _ in 0..bench.options.starts {
        let [read, write] = once(bench, killed, engine);
        reads.push(read);
        writes.push(write);
    }
    let longest = |figures: &[f64]| figures.iter().copied().fold(0.0, f64::max);
    let with_median = |figures: Vec<f64>| [median(figures.iter().copied()), longest(&figures)];
    Recovery { killed, read: with_median(reads), write: with_median(writes) }
}

fn once(bench: &mut Bench, killed: Killed, engine: Engine) -> [f64; 2] {
    let tokens = bench.issuer.tokens(bench.options.scale.people());
    let mut server = Server::start(&bench.settings(engine));
    let [reads, writes] =
        [Mode::Get, Mode::Create].map(|mode| requests(mode, bench.options.scale, &tokens));
    let load = Load {
        address: server.address,
        connections: CONNECTIONS,
        threads: 1,
        thinking: Duration::ZERO,
        requests: Requests::clone(&writes),
    };
    let load = std::thread::spawn(move || load.run(Duration::ZERO, LOAD, || ()));
    std::thread::sleep(LOAD * 4 / 5);
    let began = match killed {
        Killed::Server(_) => {
            drop(server);
            let began = Instant::now();
            server = Server::start(&bench.settings(engine));
            began
        }
        Killed::Postgres => {
            kill_with_children(bench.postmaster);
            let began = Instant::now();
            restart_postgres(bench);
            began
        }
    };
    let elapsed = runtime().block_on(async {
        until_answered(&server, &reads).await;
        let read = began.elapsed();
        until_answered(&server, &writes).await;
        [read, began.elapsed()]
    });
    drop(load.join());
    elapsed.map(|time| time.as_secs_f64() * 1e3)
}

/// On the port that it had.
fn restart_postgres(bench: &mut Bench) {
    let port = bench.url.rsplit_once(':').and_then(|(_, rest)| rest.split_once('/'));
    let (port, _) = port.expect("the URL has a port");
    let directory = bench.cluster.0.display().to_string();
    script("postgres", &["start", &directory], &[("DURABLE", "1"), ("POSTGRES_PORT", port)]);
    bench.postmaster = process_id(&bench.cluster.0.join("cluster/postmaster.pid"));
}

/// Sends one of the requests until it has the answer that is right.
async fn until_answered(server: &Server, requests: &Requests) {
    let mut request = Vec::new();
    let status = requests(&mut Random::new(1), &mut request);
    loop {
        if let Ok(mut client) = Client::try_connect(server.address).await
            && client.exchange(&request).await.is_ok_and(|answered| answered == status)
        {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
