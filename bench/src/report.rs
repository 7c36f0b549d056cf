//! What was measured, beside what must be reached.
//!
//! A ratio is a median of rounds taken in turns. On a machine that does nothing else it is the same within two
//! percent from run to run; beside other work it is not. So a timed bar that is missed by less than [`NOISE`] is
//! printed as missed and does not fail the run: a change of that size cannot be told from weather. What is
//! counted in bytes has no weather.

use std::fmt;
use std::process::ExitCode;

/// The part of a bar that a timed ratio may miss it by.
const NOISE: f64 = 0.05;

/// What must be reached.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    AtLeast(f64),
    AtMost(f64),
}

impl Bar {
    /// Whether the value reaches it, when it is moved by a part of itself.
    fn is_reached(self, value: f64, allowance: f64) -> bool {
        match self {
            Self::AtLeast(bar) => value >= bar * (1.0 - allowance),
            Self::AtMost(bar) => value <= bar * (1.0 + allowance),
        }
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bar) => write!(f, "at least {bar:.2}"),
            Self::AtMost(bar) => write!(f, "at most {bar:.2}"),
        }
    }
}

/// Prints as it goes, and remembers what was missed.
#[derive(Default)]
pub(crate) struct Report {
    missed: u32,
}

impl Report {
    /// A row of the table begins.
    pub(crate) fn row(&self, words: impl fmt::Display) {
        println!("\n{words}");
    }

    /// Something measured in time, as a ratio to its floor.
    pub(crate) fn ratio(&mut self, what: &str, (floor, ours, ratio): (f64, f64, f64), unit: &str, bar: Bar) {
        let (floor, ours) = (Digits(floor), Digits(ours));
        let verdict = self.judge(ratio, bar, NOISE);
        println!(
            "  {what:<20} floor {floor:>8} {unit:<3} ours {ours:>8} {unit:<3} ratio {ratio:<7.3} {bar:<14} {verdict}"
        );
    }

    /// Something counted.
    pub(crate) fn size(&mut self, what: &str, value: f64, unit: &str, bar: Bar) {
        let verdict = self.judge(value, bar, 0.0);
        let value = Digits(value);
        println!("  {what:<36} {value:>16} {unit:<17} {bar:<14} {verdict}");
    }

    /// Something worth knowing that has no bar.
    pub(crate) fn aside(&self, words: impl fmt::Display) {
        println!("  {words}");
    }

    fn judge(&mut self, value: f64, bar: Bar, allowance: f64) -> &'static str {
        if bar.is_reached(value, 0.0) {
            "reached"
        } else if bar.is_reached(value, allowance) {
            "missed, but within the noise"
        } else {
            self.missed += 1;
            "MISSED"
        }
    }

    /// What a script is told.
    pub(crate) fn end(self) -> ExitCode {
        if let Ok(load) = std::fs::read_to_string("/proc/loadavg") {
            // Ours is two: a client and a server.
            let last_minute = load.split(' ').next().unwrap_or_default();
            let processors = std::thread::available_parallelism().map_or(1, Into::into);
            println!("\nload of the last minute: {last_minute}, on {processors} processors");
        }
        match self.missed {
            0 => ExitCode::SUCCESS,
            missed => {
                println!("bars missed: {missed}");
                ExitCode::FAILURE
            }
        }
    }
}

/// Four digits or so, whatever the size.
struct Digits(f64);

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = if self.0 >= 100.0 { 0 } else { 2 };
        f.pad(&format!("{:.decimals$}", self.0))
    }
}
