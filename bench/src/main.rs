//! Numbers for the issues and the commits: `cargo run --release -p admit-bench -- client`.
//!
//! Each measures a part of ours and its floor in one run, in turns, and prints their ratio, so that a slow
//! machine or a busy one moves both.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench speaks to a terminal")]

mod client;
mod measure;
mod server;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["client"] => client::run(),
        // The other side of a measurement, in a process of its own so that its work is not counted as ours.
        ["server"] => server::run(),
        _ => {
            eprintln!("say what to measure: `client`");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
