//! What the trials ask of a service from outside: where to end, how far its clock is ahead, and to move it. Only a build
//! with the server's `crash-points`, as the tests make it, listens to that.

use crate::config::Variables;
use server::{Clock, Points};
use std::io::{self, Write};
use std::thread;

/// A clock that may be ahead of the machine's own. Such a one is moved by as many seconds as a line of stdin says, and
/// the line comes back when that is done.
pub(crate) fn clock(variables: Variables<'_>) -> Clock {
    let clock = Clock::default();
    if let Some(seconds) = order(variables, "ADMIT_CLOCK_AHEAD").and_then(|text| text.parse().ok()) {
        clock.advance(seconds);
        let moved = clock.clone();
        thread::spawn(move || {
            for line in io::stdin().lines().map_while(Result::ok) {
                let Ok(seconds) = line.parse() else { continue };
                moved.advance(seconds);
                // Whoever does not read this does not wait for it.
                let _ = writeln!(io::stdout(), "{line}");
            }
        });
    }
    clock
}

/// Where to end, such as `answer.granted:3`.
pub(crate) fn points(variables: Variables<'_>) -> Points {
    order(variables, "ADMIT_END_AT").and_then(|text| Points::ending_at(&text)).unwrap_or_default()
}

fn order(variables: Variables<'_>, name: &str) -> Option<String> {
    if Points::CAN_END { variables(name) } else { None }
}
