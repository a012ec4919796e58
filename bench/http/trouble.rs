//! More than it can carry, as many as may be connected, and after a crash.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::Bench;
use crate::options::Engine;
use crate::overload::{self, Curve, LONGEST_WAIT, Point};
use crate::plot;
use crate::recovery::{self, Killed, Recovery};
use crate::report::{at_least, at_most, head, line};
use crate::requests::{Mode, requests};
use crate::shared::load::Load;
use crate::shared::processes::{Server, memory};

/// The pause between an answer and the next request of one of very many connections.
const THINKING: Duration = Duration::from_secs(20);

/// Measures everything, and writes `TROUBLE.md` and a plot into the folder.
pub fn measure(bench: &mut Bench, folder: &Path) {
    let curves = overload::measure(bench);
    let mut crowds = Vec::new();
    let mut recoveries = Vec::new();
    if bench.options.other_figures {
        let engines = bench.options.engines.clone().into_iter();
        crowds = engines.map(|engine| crowd(bench, engine)).collect();
        recoveries = recovery::measure(bench);
    }
    let mut text = String::new();
    head(&mut text, bench, "script/bench --trouble");
    overload_section(&mut text, &curves);
    if bench.options.other_figures {
        crowd_section(&mut text, bench, &crowds);
        recovery_section(&mut text, bench, &recoveries);
    }
    fs::write(folder.join("TROUBLE.md"), &text).expect("the folder is ours");
    fs::write(folder.join("goodput.svg"), plot::goodput(&curves)).expect("the folder is ours");
    println!("{text}\nwritten to {}", folder.join("TROUBLE.md").display());
}

/// As many connections as there may be, each of which asks now and then.
struct Crowd {
    engine: Engine,
    per_second: f64,
    /// Milliseconds.
    p50: f64,
    p99: f64,
    /// Megabytes.
    resident: f64,
    /// From the first connection on.
    errors: BTreeMap<String, u64>,
}

fn crowd(bench: &mut Bench, engine: Engine) -> Crowd {
    let tokens = bench.issuer.tokens(bench.options.scale.people());
    let server = Server::start(&bench.settings(engine));
    let load = Load {
        address: server.address,
        connections: bench.options.crowd,
        threads: 1,
        thinking: THINKING,
        requests: requests(Mode::Mixed, bench.options.scale, &tokens),
    };
    // Everybody has asked once by then.
    let (outcome, [_, resident]) =
        load.run(THINKING, bench.options.round, || memory(server.id()).resident);
    let milliseconds = |share| outcome.percentile(share).as_secs_f64() * 1e3;
    Crowd {
        engine,
        per_second: outcome.per_second(),
        p50: milliseconds(0.5),
        p99: milliseconds(0.99),
        resident,
        errors: outcome.errors,
    }
}

fn overload_section(text: &mut String, curves: &[Curve]) {
    line!(
        text,
        "## More than it can carry\n\n![Right answers over what is offered](goodput.svg)\n"
    );
    points(text, curves, |curve| &curve.points);
    for curve in curves {
        line!(
            text,
            "\n{}: {:.0} right answers a second at best. `/healthz`, of which no answer can take less, is answered {:.0} \
             times a second over as many connections.",
            curve.engine.name(),
            curve.best,
            curve.smallest
        );
    }
    line!(
        text,
        "\n### The same from people who come again when they were told to\n\nEach connection is somebody's, who asks for \
         nothing for as long as `Retry-After` says, and for up to as long again. {LONGEST_WAIT:?} more to warm up.\n"
    );
    points(text, curves, |curve| &curve.patient);
}

fn points(text: &mut String, curves: &[Curve], of: fn(&Curve) -> &[Point]) {
    line!(
        text,
        "| | offered | a second | right answers, of the best | p50 ms | p99 ms | p99.9 ms | 503 a second | their p99 ms | peak MB | \
         errors |"
    );
    line!(text, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (curve, point) in curves.iter().flat_map(|curve| of(curve).iter().map(move |p| (curve, p)))
    {
        let aim = (point.offered >= 1.0).then_some(0.9);
        let errors: u64 = point.errors.values().sum();
        line!(
            text,
            "| {} | {}× | {:.0} | {} | {:.1} | {} | {:.1} | {:.0} | {:.1} | {:.0} | {errors} |",
            curve.engine.name(),
            point.offered,
            point.offered * point.best,
            at_least(point.good, 2, aim),
            point.accepted[0],
            at_most(point.accepted[1], 1, Some(200.0)),
            point.accepted[2],
            point.refused,
            point.refused_p99,
            point.peak,
        );
    }
    for point in curves.iter().flat_map(of).filter(|point| !point.errors.is_empty()) {
        line!(text, "\nErrors at {}×: {:?}", point.offered, point.errors);
    }
}

fn crowd_section(text: &mut String, bench: &Bench, crowds: &[Crowd]) {
    line!(text, "\n## {} connections\n", bench.options.crowd);
    line!(text, "Each asks something of the mix, and {THINKING:?} after the answer again.\n");
    line!(
        text,
        "| | requests/s | p50 ms | p99 ms | resident MB | errors |\n|---|--:|--:|--:|--:|--:|"
    );
    for crowd in crowds {
        line!(
            text,
            "| {} | {:.0} | {:.1} | {} | {:.0} | {} |",
            crowd.engine.name(),
            crowd.per_second,
            crowd.p50,
            at_most(crowd.p99, 1, Some(200.0)),
            crowd.resident,
            crowd.errors.values().sum::<u64>(),
        );
    }
    for crowd in crowds.iter().filter(|crowd| !crowd.errors.is_empty()) {
        line!(text, "\nErrors, {}: {:?}", crowd.engine.name(), crowd.errors);
    }
}

fn recovery_section(text: &mut String, bench: &Bench, recoveries: &[Recovery]) {
    line!(text, "\n## After SIGKILL\n");
    line!(
        text,
        "On the database of {} tasks, killed {} times while 64 connections make tasks. Milliseconds from the new start to \
         the first answer: the median, and the longest.\n",
        bench.options.scale.total(),
        bench.options.starts
    );
    line!(
        text,
        "| killed | a task read | longest | a task made | longest |\n|---|--:|--:|--:|--:|"
    );
    for Recovery { killed, read, write } in recoveries {
        let what = match killed {
            Killed::Server(engine) => format!("the program, {}", engine.name()),
            Killed::Postgres => "PostgreSQL itself".to_owned(),
        };
        line!(
            text,
            "| {what} | {:.0} | {:.0} | {:.0} | {:.0} |",
            read[0],
            read[1],
            write[0],
            write[1]
        );
    }
}
