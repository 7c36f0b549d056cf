//! How long to wait and whether to try again: one pure function of plain values.
//!
//! No rate is invented here. Telegram says when it has had enough, and for how long; that is obeyed to the
//! second. Only a network that fails says nothing, and there the waits grow by doubling.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

/// Told when a call begins to wait because Telegram asked for it: which method, and how long.
pub type OnWait = Arc<dyn Fn(&str, Duration) + Send + Sync>;

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
    /// Nothing was sent, and nothing will be until somebody changes something: a login, a certificate.
    Barred,
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
        (Ending::Refused | Ending::Garbled | Ending::Barred, _) => return give_up,
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
///
/// When a hold ends, all who waited go, and Telegram says again which of them it wants to wait. To let one go first as a
/// scout would delay the rest by its round trip, and end in the same rush; how many may go at once is a rate, and
/// those we do not invent.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(effect: Effect, ending: Ending, in_doubt: bool, expected: Step) {
        let left = Duration::from_secs(30);
        let step = next(Try { effect, ending, failures: 1, in_doubt, left, jitter: 0.0 });
        assert_eq!(step, expected, "{effect:?} {ending:?} {in_doubt}");
    }

    #[test]
    fn what_is_sent_again_and_what_is_not() {
        use Effect::{New, Read, Same};
        use Ending::{Barred, Failed, Garbled, Held, Lost, Refused, Throttled, Unsent};
        let again = Step::Again(FIRST);
        for effect in [Read, Same, New] {
            check(effect, Unsent, false, again);
            check(effect, Throttled, false, again);
            check(effect, Refused, false, Step::Report);
            check(effect, Barred, false, Step::Report);
            check(effect, Held(Duration::from_secs(7)), false, Step::Again(Duration::from_secs(7)));
            check(effect, Held(Duration::from_secs(29)), false, Step::Again(Duration::from_secs(29)));
            check(effect, Held(Duration::from_secs(30)), false, Step::Report);
        }
        for ending in [Lost, Failed] {
            check(Read, ending, false, again);
            check(Same, ending, false, again);
            check(New, ending, false, Step::ReportUnknown);
        }
        check(Read, Garbled, false, Step::Report);
        check(Same, Garbled, false, Step::ReportUnknown);
        check(New, Garbled, false, Step::ReportUnknown);
        // A refusal answers the second try; the first may have been carried out.
        check(Same, Refused, true, Step::ReportUnknown);
        check(Same, Barred, true, Step::ReportUnknown);
        check(Same, Held(Duration::from_secs(30)), true, Step::ReportUnknown);
        check(Read, Refused, true, Step::Report);
    }

    #[test]
    fn waits_double_up_to_a_cap() {
        let waits: Vec<u128> = (1..=8).map(|failures| back_off(failures, 0.0).as_millis()).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 4000, 4000, 4000]);
        assert_eq!(back_off(1, 1.0), FIRST / 2);
    }

    fn any_try() -> impl Strategy<Value = Try> {
        let effect = prop_oneof![Just(Effect::Read), Just(Effect::Same), Just(Effect::New)];
        let ending = prop_oneof![
            any::<u32>().prop_map(|seconds| Ending::Held(Duration::from_secs(seconds.into()))),
            Just(Ending::Throttled),
            Just(Ending::Unsent),
            Just(Ending::Barred),
            Just(Ending::Lost),
            Just(Ending::Failed),
            Just(Ending::Garbled),
            Just(Ending::Refused),
        ];
        let left = (0u64..100_000).prop_map(Duration::from_millis);
        (effect, ending, any::<u32>(), any::<bool>(), left, any::<f64>()).prop_map(
            |(effect, ending, failures, in_doubt, left, jitter)| Try {
                effect,
                ending,
                failures,
                in_doubt,
                left,
                jitter: if jitter.is_nan() { 0.5 } else { jitter },
            },
        )
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_what_is_left(after in any_try()) {
            if let Step::Again(wait) = next(after) {
                prop_assert!(wait < after.left);
            }
        }

        #[test]
        fn something_new_is_never_sent_twice(after in any_try()) {
            if after.effect == Effect::New && after.ending.leaves_doubt() {
                prop_assert_eq!(next(after), Step::ReportUnknown);
            }
        }

        #[test]
        fn looking_never_leaves_doubt(after in any_try()) {
            prop_assert!(after.effect != Effect::Read || next(after) != Step::ReportUnknown);
        }

        #[test]
        fn telegrams_own_wait_is_neither_shortened_nor_stretched(after in any_try()) {
            if let (Ending::Held(asked), Step::Again(wait)) = (after.ending, next(after)) {
                prop_assert_eq!(asked, wait);
            }
        }

        #[test]
        fn failures_end(after in any_try()) {
            let held = matches!(after.ending, Ending::Held(_));
            if !held && after.failures >= MOST_FAILURES {
                prop_assert!(!matches!(next(after), Step::Again(_)));
            }
        }

        #[test]
        fn a_hold_only_grows_and_then_ends(first in 1u32..100, second in 1u32..100, other in 1u32..100) {
            let mut holds = Holds::new();
            holds.hold("create", first, 0);
            holds.hold("create", second, 0);
            holds.hold("revoke", other, 0);
            prop_assert_eq!(holds.until(&"create", 0), Some(first.max(second)));
            prop_assert_eq!(holds.until(&"create", first.max(second)), None);
            prop_assert_eq!(holds.until(&"edit", 0), None);
        }
    }
}
