//! HTTP load on either engine, beside what PostgreSQL itself can do on the same statements.
//!
//!     script/bench --quick
//!
//! bench/README.md says what is measured and how; bench/RESULTS.md holds the last run.

mod ceiling;
mod figures;
mod options;
mod overload;
mod plot;
mod recovery;
mod report;
mod requests;
#[path = "../shared/mod.rs"]
mod shared;
mod throughput;
mod trouble;
mod walks;

use std::path::{Path, PathBuf};
use std::time::Instant;

use ceiling::Ceiling;
use options::{Engine, Options};
use report::Results;
use shared::people::Issuer;
use shared::processes::{Server, process_id, script};
use shared::seed;
use tempfile::TempDir;

/// Everything that is measured, and what measures it.
struct Bench {
    options: Options,
    issuer: Issuer,
    ceiling: Ceiling,
    /// The process of PostgreSQL that all others are children of.
    postmaster: u32,
    url: String,
    servers: Vec<(Engine, Server)>,
    cluster: Cluster,
    /// Dropped last.
    folder: TempDir,
}

/// A PostgreSQL of our own, stopped in the end.
struct Cluster(PathBuf);

impl Drop for Cluster {
    fn drop(&mut self) {
        script("postgres", &["stop", &self.0.display().to_string()], &[]);
    }
}

/// A runtime of the calling thread.
fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts")
}

impl Bench {
    /// Starts PostgreSQL, and fills both databases.
    fn prepare(options: Options) -> Self {
        let folder = shared::folder();
        let directory = folder.path().join("postgres");
        let url = script("postgres", &["start", &text(&directory)], &[("DURABLE", "1")]);
        let cluster = Cluster(directory);
        let postmaster = process_id(&cluster.0.join("cluster/postmaster.pid"));
        let mut issuer = Issuer::new();
        let scale = options.scale;
        let began = Instant::now();
        runtime().block_on(async {
            seed::postgres(&url, issuer.key(), scale).await;
            std::fs::create_dir(folder.path().join("embedded")).expect("the folder is ours");
            seed::sqlite(&folder.path().join("embedded"), issuer.key(), scale).await;
        });
        let token = issuer.tokens(scale.people())[0].clone();
        let scripts = folder.path().join("pgbench");
        let ceiling = runtime()
            .block_on(Ceiling::prepare(&scripts, &cluster.0, &url, postmaster, scale, &token));
        eprintln!("{} tasks in either database after {:.0?}", scale.total(), began.elapsed());
        let servers = Vec::new();
        Self { options, issuer, ceiling, postmaster, url, servers, cluster, folder }
    }

    fn settings(&self, engine: Engine) -> Vec<(&'static str, String)> {
        match engine {
            Engine::Postgres => vec![("DATABASE_URL", self.url.clone())],
            Engine::Embedded => vec![("DATA_DIR", text(&self.folder.path().join("embedded")))],
        }
    }

    /// Starts what is not running yet.
    fn start_servers(&mut self) {
        for engine in self.options.engines.clone() {
            if self.servers.iter().all(|(running, _)| *running != engine) {
                let server = Server::start(&self.settings(engine));
                self.keep(engine, server);
            }
        }
    }

    fn postgres_version(&self) -> String {
        runtime().block_on(async {
            let client = seed::connect(&self.url).await;
            let row = client.query_one("SHOW server_version", &[]).await.expect("it runs");
            let version: String = row.get(0);
            format!("PostgreSQL {}", version.split_whitespace().next().unwrap_or_default())
        })
    }

    fn keep(&mut self, engine: Engine, server: Server) {
        self.servers.push((engine, server));
    }

    fn stop(&mut self, engine: Engine) {
        self.servers.retain(|(running, _)| *running != engine);
    }

    fn server(&self, engine: Engine) -> &Server {
        let found = self.servers.iter().find(|(running, _)| *running == engine);
        &found.expect("it was started").1
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn main() {
    let Some(options) = Options::read() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = if options.is_whole() { root.join("bench") } else { root.join("target/bench") };
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let mut bench = Bench::prepare(options);
    if bench.options.trouble {
        trouble::measure(&mut bench, &folder);
    } else {
        measure(&mut bench, &folder);
    }
}

fn measure(bench: &mut Bench, folder: &Path) {
    let mut results = Results::default();
    if bench.options.other_figures {
        for engine in bench.options.engines.clone() {
            eprintln!("start, memory and idle connections: {}", engine.name());
            results.figures.push(figures::measure(bench, engine));
            eprintln!("one person with {} tasks: {}", bench.options.scale.many, engine.name());
            bench.start_servers();
            results.walks.push(walks::measure(bench, engine));
            // What it has grown to by then is not to be seen in what follows.
            bench.stop(engine);
        }
    }
    bench.start_servers();
    results.throughput = throughput::measure(bench);
    if let Some(people) = bench.options.growth {
        results.growth = figures::growth(bench, people);
    }
    let report = report::write(bench, &results);
    std::fs::write(folder.join("RESULTS.md"), &report).expect("the folder is ours");
    let ratios = plot::ratios(&results.throughput);
    std::fs::write(folder.join("throughput.svg"), ratios).expect("the folder is ours");
    let latencies = plot::latencies(&results.throughput);
    std::fs::write(folder.join("latency.svg"), latencies).expect("the folder is ours");
    println!("{report}\nwritten to {}", folder.join("RESULTS.md").display());
}
