//! Plots of a run, as SVG.

use std::fmt::Write as _;

use crate::options::{ENGINES, Engine};
use crate::overload::{Curve, Point};
use crate::report::aimed_ratio;
use crate::requests::{MODES, Mode};
use crate::throughput::{Measured, Throughput};

const INK: &str = "#24292f";
const FAINT: &str = "#d0d7de";
const SOFT: &str = "#57606a";

/// Dark for few connections, light for many.
fn colour(engine: Engine, is_many: bool) -> &'static str {
    match (engine, is_many) {
        (Engine::Postgres, false) => "#2b6a99",
        (Engine::Postgres, true) => "#8fbcdb",
        (Engine::Embedded, false) => "#c8662b",
        (Engine::Embedded, true) => "#eeb48c",
    }
}

struct Svg {
    text: String,
}

impl Svg {
    fn new(width: f64, height: f64, title: &str) -> Self {
        let mut svg = Self { text: String::new() };
        svg.add(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\" role=\"img\" \
             aria-label=\"{title}\">\n<rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#ffffff\"/>"
        ));
        svg.label(24.0, 34.0, "start", INK, &format!("<tspan font-size=\"17\">{title}</tspan>"));
        svg
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        writeln!(self.text, "{element}").expect("writing to a String cannot fail");
    }

    fn bar(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], colour: &str) {
        self.add(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"2\" fill=\"{colour}\"/>"
        ));
    }

    fn line(&mut self, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2], colour: &str, width: f64) {
        self.add(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" \
             stroke-width=\"{width}\"/>"
        ));
    }

    fn dot(&mut self, [x, y]: [f64; 2], radius: f64, colour: &str) {
        self.add(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{colour}\"/>"
        ));
    }

    fn label(&mut self, x: f64, y: f64, anchor: &str, colour: &str, text: &str) {
        self.add(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{text}</text>"
        ));
    }

    fn end(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }
}

/// Bars by mode: what share of PostgreSQL's own limit each reaches.
pub fn ratios(throughput: &Throughput) -> String {
    const LEFT: f64 = 60.0;
    const BASE: f64 = 350.0;
    const HEIGHT: f64 = 250.0;
    const GROUP: f64 = 190.0;
    const BAR: f64 = 36.0;
    let modes: Vec<Mode> = MODES.into_iter().filter(|mode| *mode != Mode::Think).collect();
    let width = LEFT + GROUP * modes.len() as f64 + 20.0;
    let mut svg =
        Svg::new(width, 430.0, "Requests a second, as a share of what PostgreSQL itself can do");
    let ratios = throughput.measured.iter().filter_map(|measured| measured.ratio);
    // The highest that is aimed at is 2.5.
    let top = ratios.fold(2.5, f64::max) * 1.05;
    let y = |ratio: f64| BASE - HEIGHT * ratio / top;
    for tick in 0..=(top / 0.5) as usize {
        let ratio = tick as f64 * 0.5;
        svg.line([LEFT, y(ratio)], [width - 20.0, y(ratio)], FAINT, 1.0);
        svg.label(LEFT - 8.0, y(ratio) + 4.0, "end", SOFT, &format!("{ratio:.1}"));
    }
    for (index, mode) in modes.iter().enumerate() {
        let start = LEFT + GROUP * index as f64 + 16.0;
        let ceiling = throughput.ceilings.iter().find(|ceiling| ceiling.mode == *mode);
        let limit = ceiling.map_or(0.0, |ceiling| ceiling.per_second);
        svg.label(start + 2.0 * BAR, BASE + 20.0, "middle", INK, mode.name());
        svg.label(start + 2.0 * BAR, BASE + 37.0, "middle", SOFT, &format!("1.0 is {limit:.0}/s"));
        for (place, measured) in of_mode(throughput, *mode).into_iter().enumerate() {
            let Some(ratio) = measured.ratio else { continue };
            let is_many = is_many(measured);
            let x = start + (BAR + 2.0) * place as f64;
            let shade = colour(measured.engine, is_many);
            svg.bar([x, y(ratio)], [BAR, BASE - y(ratio)], shade);
            let ink = if is_many { INK } else { "#ffffff" };
            svg.label(x + BAR / 2.0, BASE - 7.0, "middle", ink, &format!("{ratio:.2}"));
            if let Some(aim) = aimed_ratio(*mode, measured.engine)[usize::from(is_many)] {
                svg.line([x - 1.0, y(aim)], [x + BAR + 1.0, y(aim)], "#cf222e", 2.0);
            }
        }
    }
    svg.line([LEFT, y(1.0)], [width - 20.0, y(1.0)], INK, 1.5);
    legend(&mut svg, 412.0);
    svg.line([width - 130.0, 30.0], [width - 94.0, 30.0], "#cf222e", 2.0);
    svg.label(width - 86.0, 34.0, "start", SOFT, "aimed at");
    svg.end()
}

/// Half, 99 % and 99.9 % of requests, by mode, on a logarithmic axis.
pub fn latencies(throughput: &Throughput) -> String {
    const LEFT: f64 = 100.0;
    const WIDTH: f64 = 680.0;
    const ROW: f64 = 17.0;
    const TOP: f64 = 60.0;
    let rows = throughput.measured.len() as f64 * ROW + MODES.len() as f64 * 14.0;
    let height = TOP + rows + 70.0;
    let mut svg =
        Svg::new(LEFT + WIDTH + 40.0, height, "Latency in ms: half, 99 %, 99.9 % of requests");
    let slowest = throughput.measured.iter().map(|measured| measured.p999).fold(10.0, f64::max);
    let (first, last) = (0.1_f64, slowest.log10().ceil());
    let x = |milliseconds: f64| {
        let share = (milliseconds.max(first).log10() - first.log10()) / (last - first.log10());
        LEFT + WIDTH * share
    };
    let bottom = TOP + rows;
    for exponent in -1..=last as i32 {
        let at = 10_f64.powi(exponent);
        svg.line([x(at), TOP - 6.0], [x(at), bottom], FAINT, 1.0);
        svg.label(x(at), bottom + 18.0, "middle", SOFT, &at.to_string());
    }
    let mut y = TOP + 8.0;
    for mode in MODES {
        let measured = of_mode(throughput, mode);
        if measured.is_empty() {
            continue;
        }
        svg.label(
            LEFT - 14.0,
            y + ROW * measured.len() as f64 / 2.0 - 2.0,
            "end",
            INK,
            mode.name(),
        );
        for one in measured {
            let shade = colour(one.engine, is_many(one));
            svg.line([x(one.p50), y], [x(one.p999), y], shade, 4.0);
            svg.dot([x(one.p50), y], 6.0, shade);
            svg.dot([x(one.p99), y], 5.0, shade);
            svg.dot([x(one.p999), y], 3.0, INK);
            y += ROW;
        }
        y += 14.0;
    }
    legend(&mut svg, height - 18.0);
    svg.end()
}

/// Lines by engine: right answers, as a share of the best, over what is offered; the middle line is all that is offered.
pub fn goodput(curves: &[Curve]) -> String {
    const LEFT: f64 = 70.0;
    const BASE: f64 = 330.0;
    const HEIGHT: f64 = 250.0;
    const WIDTH: f64 = 560.0;
    let mut svg = Svg::new(680.0, 400.0, "Right answers over what is offered, both to the best");
    let offered = |point: &Point| point.offered;
    let most = curves.iter().flat_map(|curve| curve.points.iter().map(offered)).fold(1.0, f64::max);
    let x = |offered: f64| LEFT + WIDTH * offered / most;
    let y = |good: f64| BASE - HEIGHT * good / 1.2;
    for tick in 0..=6 {
        let good = f64::from(tick) * 0.2;
        svg.line([LEFT, y(good)], [LEFT + WIDTH, y(good)], FAINT, 1.0);
        svg.label(LEFT - 8.0, y(good) + 4.0, "end", SOFT, &format!("{good:.1}"));
    }
    for times in 0..=most as usize {
        svg.label(x(times as f64), BASE + 20.0, "middle", SOFT, &format!("{times}×"));
    }
    svg.line([x(0.0), y(0.0)], [x(1.0), y(1.0)], SOFT, 1.0);
    svg.line([x(1.0), y(0.9)], [LEFT + WIDTH, y(0.9)], "#cf222e", 2.0);
    svg.label(LEFT + WIDTH, y(0.9) + 16.0, "end", "#cf222e", "aimed at");
    for (index, curve) in curves.iter().enumerate() {
        let shade = colour(curve.engine, false);
        let places: Vec<_> =
            curve.points.iter().map(|point| [x(point.offered), y(point.good)]).collect();
        for pair in places.windows(2) {
            svg.line(pair[0], pair[1], shade, 3.0);
        }
        for place in places {
            svg.dot(place, 5.0, shade);
        }
        let left = LEFT + 150.0 * index as f64;
        svg.bar([left, 368.0], [13.0, 13.0], shade);
        svg.label(left + 19.0, 379.0, "start", SOFT, curve.engine.name());
    }
    svg.end()
}

fn legend(svg: &mut Svg, y: f64) {
    let mut x = 60.0;
    for engine in ENGINES {
        for many in [false, true] {
            svg.bar([x, y - 11.0], [13.0, 13.0], colour(engine, many));
            let connections = if many { "1,000 connections" } else { "64" };
            svg.label(x + 19.0, y, "start", SOFT, &format!("{}, {connections}", engine.name()));
            x += if many { 235.0 } else { 130.0 };
        }
    }
}

fn of_mode(throughput: &Throughput, mode: Mode) -> Vec<&Measured> {
    throughput.measured.iter().filter(|measured| measured.mode == mode).collect()
}

fn is_many(measured: &Measured) -> bool {
    measured.connections >= 1_000
}
