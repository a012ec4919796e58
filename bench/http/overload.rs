//! More than it can carry: what is answered well, how fast, and what becomes of the rest.
//!
//! The program, and PostgreSQL with it, have the first processor; what asks them has the others. So what is offered does
//! not take from what answers it.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::Bench;
use crate::options::Engine;
use crate::requests::{Mode, requests};
use crate::shared::load::{Load, Requests};
use crate::shared::offered::{Callers, Offer, milliseconds};
use crate::shared::processes::{Server, memory};
use crate::throughput::{median, sums};

/// How many requests may be on their way at once.
const CONNECTIONS: usize = 4_000;
/// Connections with which the best throughput is looked for, each of which waits for its answer.
const BEST_WITH: [usize; 3] = [64, 256, 1_000];
/// From which multiple of the best on it is also measured what becomes of it where callers wait as they are told.
const PATIENT_FROM: f64 = 2.0;
/// The longest that a patient one waits: told three seconds, and up to as long again.
pub const LONGEST_WAIT: Duration = Duration::from_secs(6);
/// The default.
const MAX_WAIT_MS: &str = "150";
/// The processor of the server, and of its database.
const SERVERS: &str = "0";

/// An engine's answers to more and more.
pub struct Curve {
    pub engine: Engine,
    /// Right answers a second, where each connection waits for its answer.
    pub best: f64,
    /// Answers of `/healthz` a second, over as many connections as the requests of the curve: as little as any answer
    /// can take.
    pub smallest: f64,
    pub points: Vec<Point>,
    /// The same from callers who wait as they are told.
    pub patient: Vec<Point>,
}

/// Medians of the rounds.
pub struct Point {
    /// A multiple of the best, which is looked for anew just before: the machine is not always equally fast.
    pub offered: f64,
    /// Right answers a second at best.
    pub best: f64,
    /// Right answers, of those.
    pub good: f64,
    /// Milliseconds, of right answers: half, 99 %, 99.9 %.
    pub accepted: [f64; 3],
    /// Answers a second that say to come again.
    pub refused: f64,
    /// Milliseconds in which 99 % of those came.
    pub refused_p99: f64,
    /// Megabytes.
    pub peak: f64,
    pub errors: BTreeMap<String, u64>,
}

pub fn measure(bench: &mut Bench) -> Vec<Curve> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    assert!(processors > 1, "the load needs a processor of its own");
    bind(bench.postmaster, SERVERS);
    let curves = bench.options.engines.clone().into_iter().map(|engine| {
        // Started on one processor, it makes itself at home on one.
        bind(std::process::id(), SERVERS);
        let mut settings = bench.settings(engine);
        settings.push(("MAX_WAIT_MS", MAX_WAIT_MS.to_owned()));
        let server = Server::start(&settings);
        bind(std::process::id(), &format!("1-{}", processors - 1));
        curve(bench, engine, &server)
    });
    let curves = curves.collect();
    bind(std::process::id(), &format!("0-{}", processors - 1));
    bind(bench.postmaster, &format!("0-{}", processors - 1));
    curves
}

/// Lets a process, and what it starts from now on, run on these processors alone.
fn bind(process: u32, processors: &str) {
    let arguments = ["--all-tasks", "--cpu-list", "--pid", processors, &process.to_string()];
    let bound = Command::new("taskset").args(arguments).output().expect("util-linux has it");
    assert!(bound.status.success(), "{}", String::from_utf8_lossy(&bound.stderr));
}

fn curve(bench: &mut Bench, engine: Engine, server: &Server) -> Curve {
    let bests = BEST_WITH.map(|connections| (best(bench, server, connections), connections));
    let (_, connections) =
        bests.into_iter().max_by(|one, other| one.0.total_cmp(&other.0)).expect("some");
    let healthz: Requests = Arc::new(|_, request| {
        request.extend_from_slice(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
        200
    });
    let smallest = answered(bench, server, CONNECTIONS, healthz);
    eprintln!("overload, {}: best with {connections} connections", engine.name());
    let mut points = |callers, least| {
        let offered = bench.options.offered.clone().into_iter();
        let offered = offered.filter(|offered| *offered >= least);
        let points = offered.map(|offered| {
            let rounds = (1..=bench.options.rounds).map(|_| {
                let best = best(bench, server, connections);
                point(bench, server, callers, offered, best)
            });
            let point = medians(rounds.collect());
            report(callers, &point);
            point
        });
        points.collect::<Vec<Point>>()
    };
    let (careless, patient) =
        (points(Callers::Careless, 0.0), points(Callers::Patient, PATIENT_FROM));
    let best = median(careless.iter().map(|point| point.best));
    Curve { engine, best, smallest, points: careless, patient }
}

fn report(callers: Callers, point: &Point) {
    eprintln!(
        "    {callers:?}: {} times {:.0}: {:.2} of it, p99 {:.0} ms, {:.0} refused a second, p99 {:.0} ms{}",
        point.offered,
        point.best,
        point.good,
        point.accepted[1],
        point.refused,
        point.refused_p99,
        if point.errors.is_empty() { String::new() } else { format!(", {:?}", point.errors) },
    );
}

/// Right answers of the mix a second, where each connection waits for its answer.
fn best(bench: &mut Bench, server: &Server, connections: usize) -> f64 {
    let tokens = bench.issuer.tokens(bench.options.scale.people());
    answered(bench, server, connections, requests(Mode::Mixed, bench.options.scale, &tokens))
}

fn answered(bench: &Bench, server: &Server, connections: usize, requests: Requests) -> f64 {
    let (address, thinking) = (server.address, Duration::ZERO);
    let load = Load { address, connections, threads: 1, thinking, requests };
    load.run(bench.options.warm_up, bench.options.round, || ()).0.per_second()
}

fn point(bench: &mut Bench, server: &Server, callers: Callers, offered: f64, best: f64) -> Point {
    let tokens = bench.issuer.tokens(bench.options.scale.people());
    let offer = Offer {
        address: server.address,
        connections: CONNECTIONS,
        per_second: best * offered,
        callers,
        requests: requests(Mode::Mixed, bench.options.scale, &tokens),
    };
    let warm_up = match callers {
        Callers::Careless => bench.options.warm_up,
        // All begin together, and those who were too many then have come back by the end of it.
        Callers::Patient => bench.options.warm_up + LONGEST_WAIT,
    };
    let time = bench.options.round;
    let outcome = offer.run(warm_up, time);
    let seconds = time.as_secs_f64();
    Point {
        offered,
        best,
        good: outcome.accepted.len() as f64 / seconds / best,
        accepted: [0.5, 0.99, 0.999].map(|share| milliseconds(&outcome.accepted, share)),
        refused: outcome.refused.len() as f64 / seconds,
        refused_p99: milliseconds(&outcome.refused, 0.99),
        peak: memory(server.id()).peak,
        errors: outcome.errors,
    }
}

fn medians(rounds: Vec<Point>) -> Point {
    let of = |figure: &dyn Fn(&Point) -> f64| median(rounds.iter().map(figure));
    Point {
        offered: rounds[0].offered,
        best: of(&|round| round.best),
        good: of(&|round| round.good),
        accepted: std::array::from_fn(|index| of(&move |round: &Point| round.accepted[index])),
        refused: of(&|round| round.refused),
        refused_p99: of(&|round| round.refused_p99),
        peak: rounds.iter().map(|round| round.peak).fold(0.0, f64::max),
        errors: sums(rounds.iter().map(|round| &round.errors)),
    }
}
