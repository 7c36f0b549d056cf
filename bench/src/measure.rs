//! Rounds, taken in turns, and their medians.

use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// A runtime whose work is all done by the thread that waits for it.
pub(crate) fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime needs nothing but descriptors")
}

/// What one round cost.
#[derive(Clone, Copy)]
pub(crate) struct Round {
    pub(crate) per_second: f64,
    /// Of whoever does the work; nothing where the system does not tell.
    pub(crate) micros_per_call: Option<f64>,
}

/// Times so many calls, whose work is done by one thread of ours or of another process, or by children.
pub(crate) fn round(calls: u32, worker: Worker, work: impl FnOnce()) -> Round {
    let (cpu, begun) = (worker.cpu_time(), Instant::now());
    work();
    let took = begun.elapsed();
    let cpu = worker.cpu_time().zip(cpu).map(|(after, before)| after - before);
    let calls = f64::from(calls);
    Round {
        per_second: calls / took.as_secs_f64(),
        micros_per_call: cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / calls),
    }
}

/// Rounds of the floor and of ours.
pub(crate) type Pairs = [(Round, Round)];

/// Medians of the calls per second.
pub(crate) fn per_second(rounds: &Pairs) -> (f64, f64, f64) {
    medians(rounds.iter().map(|(floor, ours)| (floor.per_second, ours.per_second)))
}

/// Medians of what a call cost, in microseconds.
pub(crate) fn micros_per_call(rounds: &Pairs) -> Option<(f64, f64, f64)> {
    let pairs = rounds.iter().map(|(floor, ours)| floor.micros_per_call.zip(ours.micros_per_call));
    Some(medians(pairs.collect::<Option<Vec<_>>>()?.into_iter()))
}

/// The medians of the floor, of ours, and of their ratios.
pub(crate) fn medians(rounds: impl Iterator<Item = (f64, f64)>) -> (f64, f64, f64) {
    let (floor, ours): (Vec<f64>, Vec<f64>) = rounds.unzip();
    let ratios = floor.iter().zip(&ours).map(|(floor, ours)| ours / floor).collect();
    (median(floor), median(ours), median(ratios))
}

pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// Who does the work that is measured.
#[derive(Clone, Copy)]
pub(crate) enum Worker {
    /// This thread.
    Ourselves,
    /// The first thread of this process.
    Process(u32),
    /// Processes that we start and wait for, with all their threads.
    Children,
}

impl Worker {
    /// What Linux says it has run for.
    fn cpu_time(self) -> Option<Duration> {
        let path = match self {
            Self::Ourselves => "/proc/thread-self/schedstat".to_owned(),
            Self::Process(id) => format!("/proc/{id}/task/{id}/schedstat"),
            Self::Children => return children_cpu_time(),
        };
        let nanoseconds = std::fs::read_to_string(path).ok()?;
        nanoseconds.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
    }
}

/// What all threads of a process have run for, in seconds.
pub(crate) fn cpu_of_process(process: u32) -> Option<f64> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).ok()?;
    tasks
        .map(|task| {
            let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            let nanoseconds: f64 = text.split_whitespace().next()?.parse().ok()?;
            Some(nanoseconds / 1e9)
        })
        .sum()
}

/// In hundredths of a second, so for rounds of a second or more.
fn children_cpu_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name, which may have anything in it, ends with the last bracket.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let [user, system] = fields.get(13..15)? else { return None };
    let ticks: u64 = user.parse::<u64>().ok()? + system.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

/// Memory of another process as Linux tells it, in bytes: `VmRSS` is what it holds now, `VmHWM` the most it ever
/// held.
pub(crate) fn memory(process: u32, field: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024.0)
}
