//! What is to be measured, and how long.

use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::requests::{MODES, Mode};
use crate::shared::people::Scale;

/// HTTP load on either engine, beside what PostgreSQL itself can do on the same statements.
///
/// The whole of it writes bench/RESULTS.md; anything less writes target/bench/RESULTS.md.
#[derive(Parser)]
#[command(name = "script/bench")]
struct Arguments {
    /// A short try: 50 users, one round of a second. Its figures mean nothing
    #[arg(long)]
    quick: bool,
    /// Also compare 10,000 tasks in the database with 5,000,000
    #[arg(long)]
    growth: bool,
    /// Instead of all else: more than it can carry, and how it recovers from a crash
    #[arg(long)]
    trouble: bool,
    /// With --trouble: these multiples of the best throughput alone, comma separated
    #[arg(long, value_delimiter = ',')]
    offered: Vec<f64>,
    /// These modes alone, comma separated
    #[arg(long, value_delimiter = ',')]
    only: Vec<Mode>,
    /// This engine alone
    #[arg(long)]
    engine: Option<Engine>,
    /// Rounds of each
    #[arg(long)]
    rounds: Option<usize>,
    /// Seconds of each round
    #[arg(long)]
    seconds: Option<u64>,
    /// Throughput and latency alone: no start, no idle connections, no walks, no crash
    #[arg(long)]
    only_load: bool,
    /// Threads of the load generator
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Of the harness that there is not
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Engine {
    Postgres,
    Embedded,
}

/// What is offered where nothing else is said.
const OFFERED: [f64; 7] = [0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0];

pub const ENGINES: [Engine; 2] = [Engine::Postgres, Engine::Embedded];

impl Engine {
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Embedded => "embedded",
        }
    }
}

/// What was chosen.
pub struct Options {
    pub is_quick: bool,
    pub trouble: bool,
    /// What is offered, as multiples of the best throughput.
    pub offered: Vec<f64>,
    pub modes: Vec<Mode>,
    pub engines: Vec<Engine>,
    pub rounds: usize,
    pub warm_up: Duration,
    pub round: Duration,
    pub scale: Scale,
    /// Connections of the two kinds of rounds.
    pub connections: [usize; 2],
    pub idle_connections: usize,
    /// As many as may be open, where a process may have twenty thousand files.
    pub crowd: usize,
    pub starts: usize,
    /// Pages that are asked for of the person with many tasks.
    pub pages: usize,
    /// People beside the one whose list is measured, a thousand tasks each. None: it is not compared.
    pub growth: Option<[u64; 2]>,
    /// Start, memory, idle connections, walks.
    pub other_figures: bool,
    pub threads: usize,
}

impl Options {
    /// `None` without `--bench`: `cargo test --benches` runs this, too, and there is nothing to be done then.
    pub fn read() -> Option<Self> {
        if !std::env::args().any(|argument| argument == "--bench") {
            return None;
        }
        let arguments = Arguments::parse();
        let is_quick = arguments.quick;
        let pick = |quick, whole| if is_quick { quick } else { whole };
        let is_chosen = |mode: &Mode| arguments.only.is_empty() || arguments.only.contains(mode);
        let scale = if is_quick {
            Scale { users: 50, tasks: 1_000, many: 10_000 }
        } else {
            Scale { users: 1_000, tasks: 1_000, many: 100_000 }
        };
        Some(Self {
            is_quick,
            trouble: arguments.trouble,
            offered: if arguments.offered.is_empty() {
                OFFERED.to_vec()
            } else {
                arguments.offered
            },
            modes: MODES.into_iter().filter(is_chosen).collect(),
            engines: arguments.engine.map_or(ENGINES.to_vec(), |engine| vec![engine]),
            rounds: arguments.rounds.unwrap_or(pick(1, 3) as usize).max(1),
            warm_up: Duration::from_millis(pick(300, 2_000)),
            round: Duration::from_secs(arguments.seconds.unwrap_or(pick(1, 8)).max(1)),
            scale,
            connections: [64, 1_000],
            idle_connections: pick(1_000, 10_000) as usize,
            crowd: pick(1_000, 19_800) as usize,
            starts: pick(2, 7) as usize,
            pages: pick(200, 1_500) as usize,
            growth: arguments.growth.then_some([10, pick(100, 5_000)]),
            other_figures: !arguments.only_load,
            threads: arguments.threads.max(1),
        })
    }

    /// Whether its figures are worth keeping in the tree.
    pub fn is_whole(&self) -> bool {
        !self.is_quick
            && self.rounds >= 3
            && self.engines == ENGINES
            && self.other_figures
            && if self.trouble { self.offered == OFFERED } else { self.modes == MODES }
    }
}
