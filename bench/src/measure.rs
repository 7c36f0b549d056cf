//! Rounds, taken in turns, and their medians.

use std::time::{Duration, Instant};

/// What one round cost.
#[derive(Clone, Copy)]
pub(crate) struct Round {
    pub(crate) per_second: f64,
    /// What this thread ran for, which does all the work; nothing where the system does not tell.
    pub(crate) cpu: Option<Duration>,
}

/// Times so many calls.
pub(crate) fn round(calls: u32, work: impl FnOnce()) -> Round {
    let (cpu, begun) = (cpu_time(), Instant::now());
    work();
    let took = begun.elapsed();
    let cpu = cpu_time().zip(cpu).map(|(after, before)| after - before);
    Round { per_second: f64::from(calls) / took.as_secs_f64(), cpu }
}

/// The medians of the floor, of ours, and of their ratios.
pub(crate) fn medians(rounds: impl Iterator<Item = (f64, f64)>) -> (f64, f64, f64) {
    let (floor, ours): (Vec<f64>, Vec<f64>) = rounds.unzip();
    let ratios = floor.iter().zip(&ours).map(|(floor, ours)| ours / floor).collect();
    (median(floor), median(ours), median(ratios))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// What Linux says this thread has run for, in nanoseconds.
fn cpu_time() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
