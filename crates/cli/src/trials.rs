//! What the trials ask of a service from outside: where to end, and how far its clock is ahead. Only a build with the
//! server's `crash-points`, as the tests make it, listens to that.

use crate::config::Variables;
use server::{Clock, Points};

/// A clock that may be ahead of the machine's own.
pub(crate) fn clock(variables: Variables<'_>) -> Clock {
    let clock = Clock::default();
    if let Some(seconds) = order(variables, "ADMIT_CLOCK_AHEAD").and_then(|text| text.parse().ok()) {
        clock.advance(seconds);
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
