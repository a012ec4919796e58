//! Requests a second and latencies, by rounds in which the ceiling and each way to be measured come one after the other.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Bench;
use crate::options::Engine;
use crate::requests::{Mode, requests};
use crate::shared::load::Load;
use crate::shared::processes::{cpu_time, forget_peak, memory, own_cpu_time};

/// A second of thinking between requests.
const THINKING: Duration = Duration::from_secs(1);

/// A kind of load on an engine; medians of its rounds.
pub struct Measured {
    pub mode: Mode,
    pub engine: Engine,
    pub connections: usize,
    pub per_second: f64,
    /// To the ceiling of the same round.
    pub ratio: Option<f64>,
    /// Milliseconds.
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    /// CPU time in microseconds a request: the program's, PostgreSQL's, the load generator's.
    pub cpu: [f64; 3],
    /// Megabytes.
    pub peak: f64,
    /// Of all rounds.
    pub errors: BTreeMap<String, u64>,
}

/// What PostgreSQL can do; medians of the rounds.
pub struct CeilingMeasured {
    pub mode: Mode,
    pub per_second: f64,
    pub cpu_micros: f64,
}

#[derive(Default)]
pub struct Throughput {
    pub ceilings: Vec<CeilingMeasured>,
    pub measured: Vec<Measured>,
}

pub fn measure(bench: &mut Bench) -> Throughput {
    let mut throughput = Throughput::default();
    for mode in bench.options.modes.clone() {
        let mut ceilings = Vec::new();
        let mut rounds: BTreeMap<(Engine, usize), Vec<Measured>> = BTreeMap::new();
        for number in 1..=bench.options.rounds {
            eprintln!("{}: round {number} of {}", mode.name(), bench.options.rounds);
            let ceiling =
                (mode != Mode::Think).then(|| bench.ceiling.run(mode, bench.options.round));
            for engine in bench.options.engines.clone() {
                for connections in connections(bench, mode) {
                    let mut measured = round(bench, mode, engine, connections);
                    measured.ratio =
                        ceiling.as_ref().map(|ceiling| measured.per_second / ceiling.per_second);
                    show(&measured);
                    rounds.entry((engine, connections)).or_default().push(measured);
                }
            }
            ceilings.extend(ceiling);
        }
        if !ceilings.is_empty() {
            throughput.ceilings.push(CeilingMeasured {
                mode,
                per_second: median(ceilings.iter().map(|ran| ran.per_second)),
                cpu_micros: median(ceilings.iter().map(|ran| ran.cpu_micros)),
            });
        }
        throughput.measured.extend(rounds.into_values().map(medians));
    }
    throughput
}

fn connections(bench: &Bench, mode: Mode) -> Vec<usize> {
    let [few, many] = bench.options.connections;
    if mode == Mode::Think { vec![many] } else { vec![few, many] }
}

fn round(bench: &mut Bench, mode: Mode, engine: Engine, connections: usize) -> Measured {
    let tokens = bench.issuer.tokens(bench.options.scale.people());
    let server = bench.server(engine);
    let load = Load {
        address: server.address,
        connections,
        threads: bench.options.threads,
        thinking: if mode == Mode::Think { THINKING } else { Duration::ZERO },
        requests: requests(mode, bench.options.scale, &tokens),
    };
    forget_peak(server.id());
    let used = || [cpu_time(server.id()), cpu_time(bench.postmaster), own_cpu_time()];
    let warm_up = bench.options.warm_up + load.thinking;
    let (outcome, [before, after]) = load.run(warm_up, bench.options.round, used);
    let milliseconds = |share| match outcome.requests {
        0 => f64::NAN,
        _ => outcome.percentile(share).as_secs_f64() * 1e3,
    };
    let cpu = std::array::from_fn(|index| {
        (after[index] - before[index]).as_secs_f64() * 1e6 / outcome.requests.max(1) as f64
    });
    Measured {
        mode,
        engine,
        connections,
        per_second: outcome.per_second(),
        ratio: None,
        p50: milliseconds(0.5),
        p99: milliseconds(0.99),
        p999: milliseconds(0.999),
        cpu,
        peak: memory(server.id()).peak,
        errors: outcome.errors,
    }
}

fn show(measured: &Measured) {
    let Measured { engine, connections, per_second, p99, errors, .. } = measured;
    let ratio = measured.ratio.map(|ratio| format!(", {ratio:.2} of the ceiling"));
    eprintln!(
        "    {} at {connections}: {per_second:.0} a second{}, p99 {p99:.1} ms{}",
        engine.name(),
        ratio.unwrap_or_default(),
        if errors.is_empty() { String::new() } else { format!(", ERRORS: {errors:?}") },
    );
}

/// The middle one.
pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Of all rounds together.
pub fn sums<'a>(
    rounds: impl IntoIterator<Item = &'a BTreeMap<String, u64>>,
) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for (problem, times) in rounds.into_iter().flatten() {
        *sums.entry(problem.clone()).or_default() += times;
    }
    sums
}

fn medians(rounds: Vec<Measured>) -> Measured {
    let of = |figure: &dyn Fn(&Measured) -> f64| median(rounds.iter().map(figure));
    let first = &rounds[0];
    Measured {
        mode: first.mode,
        engine: first.engine,
        connections: first.connections,
        per_second: of(&|round| round.per_second),
        ratio: first.ratio.map(|_| of(&|round| round.ratio.unwrap_or_default())),
        p50: of(&|round| round.p50),
        p99: of(&|round| round.p99),
        p999: of(&|round| round.p999),
        cpu: std::array::from_fn(|index| of(&move |round: &Measured| round.cpu[index])),
        peak: rounds.iter().map(|round| round.peak).fold(0.0, f64::max),
        errors: sums(rounds.iter().map(|round| &round.errors)),
    }
}
