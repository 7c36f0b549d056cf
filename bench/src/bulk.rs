//! `admit link create --count N --out FILE`, beside our client making as many links and keeping none of them.

use crate::admit::{Admit, CHAT};
use crate::client::{AT_ONCE, Ours};
use crate::measure::{self, Round, Worker, median, memory, round};
use crate::report::{Bar, Report};
use crate::server::Server;
use std::fs;
use std::process::Command;
use std::time::Duration;

const LINKS: u32 = 100_000;
const FEW: u32 = 10_000;
const ROUNDS: usize = 11;
const MEMORY_ROUNDS: usize = 5;
const MIB: f64 = 1024.0 * 1024.0;

pub(crate) fn run(report: &mut Report) {
    let admit = Admit::build();
    let server = Server::cheapest();
    let runtime = measure::runtime();
    let client = Ours::new(&server.url());
    let batch = Batch { admit: &admit, url: server.url() };

    // A first round fills the pool and is not counted.
    let mut rounds: Vec<(Round, Round)> = (0..=ROUNDS)
        .map(|_| {
            let floor = client.round(&runtime, LINKS);
            let ours = round(LINKS, Worker::Children, || batch.run(LINKS));
            (floor, ours)
        })
        .collect();
    rounds.remove(0);

    report
        .row(format_args!("bulk: {LINKS} links into a file, {AT_ONCE} at once, medians of {ROUNDS} rounds"));
    report.ratio("links/s", measure::per_second(&rounds), "", Bar::AtLeast(0.85));
    // On a busy machine links per second tell of the others too. The whole process is in it, and its end.
    match measure::micros_per_call(&rounds) {
        Some(medians) => report.ratio("CPU per link", medians, "us", Bar::AtMost(1.0 / 0.85)),
        None => report.aside("CPU per link: not told by this system"),
    }

    let peaks = |count| (0..MEMORY_ROUNDS).map(|_| batch.peak(count)).collect::<Option<Vec<_>>>().map(median);
    match peaks(FEW).zip(peaks(LINKS)) {
        Some((few, many)) => {
            report.size("peak memory", many / MIB, "MiB", Bar::AtMost(30.0));
            // A byte for each link would be a tenth of that; the rest is what an allocator leaves to chance.
            report.size("of it not needed for a tenth", (many - few) / MIB, "MiB", Bar::AtMost(0.9));
        }
        None => report.aside("memory: not told by this system"),
    }
}

/// A batch, made again and again.
struct Batch<'a> {
    admit: &'a Admit,
    url: String,
}

impl Batch<'_> {
    fn command(&self, count: u32) -> Command {
        let out = self.admit.directory.path().join("links.ndjson");
        // What was made before would not be made again.
        let _ = fs::remove_file(&out);
        let mut command = self.admit.command(&self.url);
        command.args(["link", "create", "--chat", CHAT, "--limit", "1", "--count", &count.to_string()]);
        command.args(["--concurrency", &AT_ONCE.to_string(), "--out"]).arg(out);
        command
    }

    fn run(&self, count: u32) {
        let status = self.command(count).status().expect("what was built can be run");
        assert!(status.success(), "the batch ended with {status}");
    }

    /// The most it ever held, looked at until it ends.
    fn peak(&self, count: u32) -> Option<f64> {
        let mut process = self.command(count).spawn().expect("what was built can be run");
        let mut peak = None;
        while process.try_wait().expect("a child can be waited for").is_none() {
            // A process that has just ended has no memory to tell of.
            peak = memory(process.id(), "VmHWM").or(peak);
            std::thread::sleep(Duration::from_millis(1));
        }
        peak
    }
}
