//! Numbers for the issues and the commits: `cargo run --release -p admit-bench`, or with the name of a row.
//!
//! Each row measures a part of ours and its floor in one run, in turns, and prints their ratio, so that a slow
//! machine or a busy one moves both. It ends with 1 when a bar is missed; see [`report`] for how much is noise.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench speaks to a terminal")]

mod admit;
mod bulk;
mod burst;
mod claimer;
mod claims;
mod client;
mod fans;
mod house;
mod load;
mod measure;
mod passes;
mod pool;
mod postgres;
mod process;
mod report;
mod sandbox;
mod server;
mod session;
mod stored;
mod updates;

use report::Report;
use std::process::ExitCode;

/// As in the binary that is measured, so that floors stand on the same ground.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Row = (&'static str, fn(&mut Report));

/// The table, each row in a file of its own.
const ROWS: [Row; 10] = [
    ("client", client::run),
    ("process", process::run),
    ("bulk", bulk::run),
    ("sandbox", sandbox::run),
    ("passes", passes::run),
    ("claims", claims::run),
    ("stored", stored::run),
    ("burst", burst::run),
    ("updates", updates::run),
    ("session", session::run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let named = |name: &str| -> Vec<Row> { ROWS.into_iter().filter(|(row, _)| name == *row).collect() };
    let rows = match words[..] {
        // The other sides of measurements, in processes of their own so that their work is not counted as ours.
        ["server"] => return server::run(server::Way::Cheapest),
        ["pages", file] => return passes::pages::serve(file),
        ["hyper-server"] => return server::run(server::Way::Hyper),
        [] => ROWS.to_vec(),
        [name] => named(name),
        _ => Vec::new(),
    };
    if rows.is_empty() {
        let names: Vec<String> = ROWS.iter().map(|(name, _)| format!("`{name}`")).collect();
        eprintln!("say which row to measure: {}; without a word, all of them", names.join(", "));
        return ExitCode::from(2);
    }
    if cfg!(debug_assertions) {
        eprintln!("numbers of a debug build mean nothing: `cargo run --release -p admit-bench`");
        return ExitCode::from(2);
    }
    let mut report = Report::default();
    for (_, run) in rows {
        run(&mut report);
    }
    report.end()
}
