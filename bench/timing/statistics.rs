//! Two samples of times beside each other.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// The columns of a [`Comparison`].
pub const HEADINGS: &str = "somebody has it: median (quartiles), ms | nobody has it | difference of the medians, ms | \
                            P(known takes longer) | Mann-Whitney p";

/// What can be told from two samples.
pub struct Comparison {
    known: Quartiles,
    unknown: Quartiles,
    /// The share of all pairs in which the known one took longer, half of those that are equal included: 0.5 tells
    /// nothing.
    longer: f64,
    /// How probable as great a difference of the ranks is by chance alone, by the normal approximation.
    p: f64,
}

/// The first quartile, the median and the third, in milliseconds.
struct Quartiles([f64; 3]);

impl Quartiles {
    fn of(sample: &[Duration]) -> Self {
        let mut sorted = sample.to_vec();
        sorted.sort_unstable();
        let at = |quarter: usize| sorted[(sorted.len() - 1) * quarter / 4].as_secs_f64() * 1e3;
        Self([at(1), at(2), at(3)])
    }
}

impl Comparison {
    /// The rank-sum test of Mann and Whitney, two-sided.
    pub fn of(known: &[Duration], unknown: &[Duration]) -> Self {
        let [n, m] = [known.len() as f64, unknown.len() as f64];
        let twice_wins: usize = known
            .iter()
            .map(|one| {
                let less = unknown.iter().filter(|other| *other < one).count();
                let equal = unknown.iter().filter(|other| *other == one).count();
                2 * less + equal
            })
            .sum();
        let u = twice_wins as f64 / 2.0;
        // Clocks count nanoseconds: ties are too few to be corrected for.
        let z = (u - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt();
        Self {
            known: Quartiles::of(known),
            unknown: Quartiles::of(unknown),
            longer: u / (n * m),
            p: two_sided(z),
        }
    }
}

/// The probability that a normal variable is at least as far from 0 as `z` (Abramowitz and Stegun 7.1.26, good to
/// seven digits).
fn two_sided(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let factors = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    let polynomial = factors.iter().rev().fold(0.0, |sum, factor| (sum + factor) * t);
    polynomial * (-x * x).exp()
}

impl Display for Quartiles {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let [first, median, third] = self.0;
        write!(formatter, "{median:.2} ({first:.2} to {third:.2})")
    }
}

impl Display for Comparison {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self { known, unknown, longer, p } = self;
        let difference = known.0[1] - unknown.0[1];
        write!(formatter, "{known} | {unknown} | {difference:+.3} | {longer:.3} | {p:.2}")
    }
}
