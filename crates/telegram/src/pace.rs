//! How long to wait and whether to try again: one pure function of plain values.
//!
//! No rate is invented here. Telegram says when it has had enough, and for how long; that is obeyed to the
//! second. Only a network that fails says nothing, and there the waits grow by doubling.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// The first wait after a failure that named no time.
const FIRST: Duration = Duration::from_millis(250);
/// The longest of these waits.
const LONGEST: Duration = Duration::from_secs(4);
/// After so many failures of this sort a call gives up, so that a wrong address is reported in seconds.
const MOST_FAILURES: u32 = 6;

/// What carrying a call out twice would do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing: it only looks.
    Read,
    /// The same as once: the second time finds the state it would bring about.
    Same,
    /// Something more each time, such as another link.
    New,
}

/// How a try ended, if not with the answer that was hoped for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Telegram wants the call held back for so long, and did not carry it out.
    Held(Duration),
    /// Telegram, or something before it, throttles, but does not say for how long.
    Throttled,
    /// Nothing was sent.
    Unsent,
    /// It was sent, and no whole answer came.
    Lost,
    /// The far side failed while it was at it.
    Failed,
    /// An answer came that cannot be understood, however often one asks.
    Garbled,
    /// Telegram refused.
    Refused,
}

impl Ending {
    /// Whether the call may have been carried out all the same.
    pub fn leaves_doubt(self) -> bool {
        matches!(self, Self::Lost | Self::Failed | Self::Garbled)
    }
}

/// A call after one of its tries.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Try {
    /// What carrying it out twice would do.
    pub effect: Effect,
    /// How this try ended.
    pub ending: Ending,
    /// How many tries failed so far without Telegram naming a time, this one included.
    pub failures: u32,
    /// An earlier try of the same call may have been carried out.
    pub in_doubt: bool,
    /// What is left of the call's time limit.
    pub left: Duration,
    /// A number from 0 to 1 that keeps clients from returning all at once.
    pub jitter: f64,
}

/// What to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Wait so long, then try again.
    Again(Duration),
    /// Report how the try ended.
    Report,
    /// Report that nobody knows whether the call was carried out.
    ReportUnknown,
}

/// What to do after a try.
pub fn next(after: Try) -> Step {
    let doubt = after.effect != Effect::Read && (after.in_doubt || after.ending.leaves_doubt());
    let give_up = if doubt { Step::ReportUnknown } else { Step::Report };
    let wait = match (after.ending, after.effect) {
        (Ending::Refused | Ending::Garbled, _) => return give_up,
        (Ending::Lost | Ending::Failed, Effect::New) => return give_up,
        (Ending::Held(wait), _) => wait,
        _ if after.failures >= MOST_FAILURES => return give_up,
        _ => back_off(after.failures, after.jitter),
    };
    // A wait that uses up the limit would leave no time for the try it is for.
    if wait < after.left { Step::Again(wait) } else { give_up }
}

/// Doubles with every failure up to a cap; the jitter takes away up to half.
fn back_off(failures: u32, jitter: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let whole = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    whole.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
}

/// Which calls Telegram wants held back, and until when; `T` is a moment.
#[derive(Debug)]
pub struct Holds<K, T> {
    until: HashMap<K, T>,
}

impl<K: Hash + Eq, T: Ord + Copy> Holds<K, T> {
    /// Holds nothing back.
    pub fn new() -> Self {
        Self { until: HashMap::new() }
    }

    /// Whether nothing is held back. Cheaper to ask than to name a call.
    pub fn is_empty(&self) -> bool {
        self.until.is_empty()
    }

    /// Until when these calls are held back, if `now` they still are.
    pub fn until(&self, calls: &K, now: T) -> Option<T> {
        self.until.get(calls).copied().filter(|until| *until > now)
    }

    /// Holds these calls back; never for less than before. What is over is forgotten.
    pub fn hold(&mut self, calls: K, until: T, now: T) {
        self.until.retain(|_, until| *until > now);
        let held = self.until.entry(calls).or_insert(until);
        *held = (*held).max(until);
    }
}

impl<K: Hash + Eq, T: Ord + Copy> Default for Holds<K, T> {
    fn default() -> Self {
        Self::new()
    }
}
