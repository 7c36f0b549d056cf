//! Whole processes: `admit --version` beside `true`, and `admit link create` beside `curl` doing the same POST.

use crate::admit::{Admit, CHAT, TOKEN, bare};
use crate::measure::medians;
use crate::report::{Bar, Report};
use crate::server::Server;
use std::process::Command;
use std::time::{Duration, Instant};

const ROUNDS: usize = 400;

pub(crate) fn run(report: &mut Report) {
    let admit = Admit::build();
    let server = Server::cheapest();
    let url = server.url();
    let create = || {
        let mut command = admit.command(&url);
        command.args(["link", "create", "--chat", CHAT, "--limit", "1"]);
        command
    };
    let (mut told, mut quiet) = (create(), create());
    quiet.arg("--quiet");
    let mut version = admit.command(&url);
    version.arg("--version");
    let home = admit.directory.path();
    let mut nothing = bare("true", home);
    let mut curl = bare("curl", home);
    curl.args(["--silent", "--fail", "--header", "Content-Type: application/json", "--data"])
        .arg(format!(r#"{{"chat_id":{CHAT},"member_limit":1}}"#))
        .arg(format!("{url}/bot{TOKEN}/createChatInviteLink"));

    let mut rounds: Vec<Times> = (0..=ROUNDS)
        .map(|_| Times {
            nothing: time(&mut nothing),
            version: time(&mut version),
            curl: time(&mut curl),
            told: time(&mut told),
            quiet: time(&mut quiet),
        })
        .collect();
    // The first found its files cold.
    rounds.remove(0);

    report.row(format_args!("process: start to end, medians of {ROUNDS} rounds"));
    let mut compare = |what, floor: fn(&Times) -> f64, ours: fn(&Times) -> f64, bar| {
        let medians = medians(rounds.iter().map(|times| (floor(times), ours(times))));
        report.ratio(what, medians, "ms", bar);
    };
    compare("--version, true", |times| times.nothing, |times| times.version, Bar::AtMost(3.0));
    compare("link create, curl", |times| times.curl, |times| times.told, Bar::AtMost(0.5));
    compare("link create -q, curl", |times| times.curl, |times| times.quiet, Bar::AtMost(0.5));
}

/// Of one round, in milliseconds.
struct Times {
    nothing: f64,
    version: f64,
    curl: f64,
    told: f64,
    quiet: f64,
}

fn time(command: &mut Command) -> f64 {
    let begun = Instant::now();
    let status = command.status();
    let took = begun.elapsed();
    let program = command.get_program().display();
    match status {
        Ok(status) => assert!(status.success(), "`{program}` ended with {status}"),
        Err(why) => panic!("`{program}` cannot be run, and is needed as a floor: {why}"),
    }
    Duration::as_secs_f64(&took) * 1e3
}
