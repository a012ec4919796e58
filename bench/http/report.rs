//! What was measured, as Markdown, beside what is aimed at.

use std::fmt::Write as _;
use std::fs;

use duly::clock::Clock;
use jiff::tz::TimeZone;

use crate::Bench;
use crate::figures::{Figures, Growth};
use crate::options::Engine;
use crate::requests::Mode;
use crate::throughput::{Measured, Throughput};
use crate::walks::Walks;

#[derive(Default)]
pub struct Results {
    pub throughput: Throughput,
    pub figures: Vec<Figures>,
    pub walks: Vec<Walks>,
    pub growth: Vec<Growth>,
}

/// The least ratio to the ceiling that is aimed at, with few connections and with many.
pub fn aimed_ratio(mode: Mode, engine: Engine) -> [Option<f64>; 2] {
    match (engine, mode) {
        (_, Mode::Think | Mode::Once) => [None, None],
        (Engine::Postgres, Mode::Get) => [Some(0.60), Some(0.55)],
        (Engine::Postgres, Mode::List) => [Some(0.75), Some(0.70)],
        (Engine::Postgres, Mode::Create) => [Some(0.65), Some(0.60)],
        (Engine::Postgres, Mode::Mixed) => [Some(0.70), Some(0.65)],
        (Engine::Embedded, Mode::Get) => [Some(1.5), None],
        (Engine::Embedded, Mode::List) => [Some(2.5), None],
        (Engine::Embedded, Mode::Create | Mode::Mixed) => [Some(2.0), None],
    }
}

/// The longest p99 in milliseconds that is aimed at.
fn aimed_p99(measured: &Measured, is_many: bool) -> Option<f64> {
    match (measured.engine, measured.mode) {
        (Engine::Postgres, Mode::Think) => Some(15.0),
        (Engine::Embedded, _) if is_many => Some(200.0),
        _ => None,
    }
}

/// The most CPU time of the program that is aimed at, in microseconds a request.
fn aimed_cpu(mode: Mode, engine: Engine) -> Option<f64> {
    match (engine, mode) {
        (Engine::Postgres, Mode::Get) => Some(25.0),
        (Engine::Postgres, Mode::List) => Some(80.0),
        (Engine::Embedded, Mode::Get) => Some(30.0),
        (Engine::Embedded, Mode::List) => Some(90.0),
        _ => None,
    }
}

/// A figure with what it should be at the most, and whether it is.
pub fn at_most(figure: f64, digits: usize, aim: Option<f64>) -> String {
    against(figure, digits, aim, "≤", |figure, aim| figure <= aim)
}

pub fn at_least(figure: f64, digits: usize, aim: Option<f64>) -> String {
    against(figure, digits, aim, "≥", |figure, aim| figure >= aim)
}

fn against(
    figure: f64,
    digits: usize,
    aim: Option<f64>,
    sign: &str,
    is_met: fn(f64, f64) -> bool,
) -> String {
    let Some(aim) = aim else { return format!("{figure:.digits$}") };
    let mark = if is_met(figure, aim) { "✓" } else { "**✗**" };
    format!("{figure:.digits$} ({sign} {aim}) {mark}")
}

/// Appends a line.
macro_rules! line {
    ($text:expr, $($arguments:tt)*) => {
        writeln!($text, $($arguments)*).expect("writing to a String cannot fail")
    };
}

pub(crate) use line;

pub fn write(bench: &Bench, results: &Results) -> String {
    let mut text = String::new();
    head(&mut text, bench, "script/bench");
    if !results.throughput.measured.is_empty() {
        load(&mut text, bench, &results.throughput);
    }
    if !results.figures.is_empty() {
        figures(&mut text, bench, &results.figures);
        walks(&mut text, bench, &results.walks);
    }
    if !results.growth.is_empty() {
        growth(&mut text, &results.growth);
    }
    ceilings(&mut text, bench);
    text
}

/// What was measured where.
pub fn head(text: &mut String, bench: &Bench, command: &str) {
    let options = &bench.options;
    let day = Clock::System.now().to_zoned(TimeZone::UTC).strftime("%-d %B %Y").to_string();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("");
    let model = model.trim_start_matches(['\t', ' ', ':']);
    let version = bench.postgres_version();
    line!(text, "# The last run of {command}\n");
    if options.is_quick {
        line!(text, "**A quick try: these figures mean nothing.**\n");
    }
    line!(
        text,
        "{day}: {processors} processors ({model}), {version} with its defaults (durable), {} people with {} tasks each, \
         and one with {}. Medians of {} rounds of {:?} after {:?} to warm up. [README.md](README.md) says how it is \
         measured.\n",
        options.scale.users,
        options.scale.tasks,
        options.scale.many,
        options.rounds,
        options.round,
        options.warm_up,
    );
}

fn load(text: &mut String, bench: &Bench, throughput: &Throughput) {
    line!(text, "## Throughput and latency\n");
    line!(text, "![Ratio to the ceiling](throughput.svg)\n\n![Latencies](latency.svg)\n");
    line!(
        text,
        "| mode | | connections | requests/s | of the ceiling | p50 ms | p99 ms | p99.9 ms | CPU µs a request: ours \
         | PostgreSQL | generator | peak MB | errors |"
    );
    line!(text, "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for mode in &bench.options.modes {
        let ceiling = throughput.ceilings.iter().find(|ceiling| ceiling.mode == *mode);
        if let Some(ceiling) = ceiling {
            line!(
                text,
                "| **{}** | pgbench | 16 | {:.0} | 1 | | | | | {:.0} | | | |",
                mode.name(),
                ceiling.per_second,
                ceiling.cpu_micros
            );
        }
        let rows = throughput.measured.iter().filter(|measured| measured.mode == *mode);
        for measured in rows {
            measured_row(text, bench, measured);
        }
    }
    for measured in throughput.measured.iter().filter(|measured| !measured.errors.is_empty()) {
        line!(
            text,
            "\nErrors, {} at {} connections, {}: {:?}",
            measured.mode.name(),
            measured.connections,
            measured.engine.name(),
            measured.errors
        );
    }
}

fn measured_row(text: &mut String, bench: &Bench, measured: &Measured) {
    let Measured { mode, engine, connections, per_second, p50, p999, .. } = measured;
    let is_many = *connections == bench.options.connections[1];
    let errors: u64 = measured.errors.values().sum();
    let aim = aimed_ratio(*mode, *engine)[usize::from(is_many)];
    let ratio = measured.ratio.map(|ratio| at_least(ratio, 2, aim)).unwrap_or_default();
    let database = match engine {
        Engine::Postgres => format!("{:.0}", measured.cpu[1]),
        Engine::Embedded => "in ours".to_owned(),
    };
    line!(
        text,
        "| {} | {} | {connections} | {per_second:.0} | {ratio} | {p50:.2} | {} | {p999:.2} | {} | {database} | {:.0} | {} | {} |",
        mode.name(),
        engine.name(),
        at_most(measured.p99, 2, aimed_p99(measured, is_many)),
        at_most(measured.cpu[0], 0, aimed_cpu(*mode, *engine)),
        measured.cpu[2],
        at_most(measured.peak, 0, is_many.then_some(150.0)),
        if errors == 0 { "0".to_owned() } else { format!("**{errors}**") },
    );
}

fn figures(text: &mut String, bench: &Bench, figures: &[Figures]) {
    let Bench { options, .. } = bench;
    line!(text, "\n## Start and memory\n");
    line!(
        text,
        "On the database of {} tasks. The start is from the process's to the answer with a task, of {} starts.\n",
        options.scale.total(),
        options.starts
    );
    line!(
        text,
        "| | start ms, median | longest | resident MB after it | with {} idle connections |",
        options.idle_connections
    );
    line!(text, "|---|--:|--:|--:|--:|");
    for figure in figures {
        line!(
            text,
            "| {} | {} | {:.0} | {} | {} |",
            figure.engine.name(),
            at_most(figure.start[0], 0, Some(100.0)),
            figure.start[1],
            at_most(figure.resident, 0, Some(40.0)),
            at_most(figure.resident_idle, 0, Some(300.0)),
        );
    }
}

fn walks(text: &mut String, bench: &Bench, walks: &[Walks]) {
    line!(text, "\n## One person with {} tasks\n", bench.options.scale.many);
    line!(
        text,
        "Any filter, any order, some pages of each list from its begin or from somewhere within, one request after the \
         other, the same on either engine.\n"
    );
    line!(text, "| | pages | p50 ms | p99 ms |\n|---|--:|--:|--:|");
    for walk in walks {
        let p99 = at_most(walk.p99, 1, Some(50.0));
        line!(text, "| {} | {} | {:.1} | {p99} |", walk.engine.name(), walk.pages, walk.p50);
    }
    line!(text, "\nThe slowest lists:\n\n| | ms | list |\n|---|--:|---|");
    for walk in walks {
        for (milliseconds, list) in &walk.slowest {
            line!(text, "| {} | {milliseconds:.1} | `{list}` |", walk.engine.name());
        }
    }
}

fn growth(text: &mut String, growth: &[Growth]) {
    line!(text, "\n## How cost grows: a list of one person's 1,000 tasks\n");
    line!(text, "One connection. CPU is the program's and PostgreSQL's together.\n");
    line!(
        text,
        "| | tasks in the database | p50 ms | CPU µs | CPU, to the least |\n|---|--:|--:|--:|--:|"
    );
    for grown in growth {
        let least = growth.iter().find(|other| other.engine == grown.engine);
        let ratio = grown.cpu / least.expect("it is itself one").cpu;
        line!(
            text,
            "| {} | {} | {:.2} | {:.0} | {} |",
            grown.engine.name(),
            grown.tasks,
            grown.p50,
            grown.cpu,
            at_most(ratio, 2, Some(1.3)),
        );
    }
}

fn ceilings(text: &mut String, bench: &Bench) {
    line!(text, "\n## The statements of the ceiling\n");
    line!(text, "The reads as the program sent them, by PostgreSQL's own log:\n\n```sql");
    for (operation, sql) in bench.ceiling.statements() {
        line!(text, "-- {operation}\n{sql}");
    }
    line!(text, "```");
}
