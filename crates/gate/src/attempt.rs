//! One visitor's tries: how many were wrong, and when the next may come.

use crate::ask::Asked;
use crate::gate::Gate;
use links::UnixTime;

/// What is remembered of one visitor's tries at a gate. Right answers leave no trace here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tries {
    /// How many answers were wrong.
    pub wrong: u32,
    /// When the last of them was.
    pub last_wrong_at: Option<UnixTime>,
    /// When the visitor pressed *Start*, where there is one to press.
    pub started_at: Option<UnixTime>,
}

impl Tries {
    /// The same with one more wrong answer. The next try starts anew.
    pub fn and_wrong(self, now: UnixTime) -> Self {
        Self { wrong: self.wrong.saturating_add(1), last_wrong_at: Some(now), started_at: None }
    }
}

/// Whether an answer is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum May {
    /// It is.
    Now,
    /// Not before this.
    Wait {
        /// When the wait ends.
        until: UnixTime,
    },
    /// Never again, at this gate.
    NoMore,
}

impl Gate {
    /// Whether this visitor's next answer is looked at.
    ///
    /// Who has answered nothing wrong never waits. Who has, waits before the next answer is *graded*, be it right or
    /// wrong: were only wrong answers refused during the wait, being refused would tell that an answer is wrong, and
    /// the wait would slow nobody down.
    pub fn may_try(&self, tries: &Tries, now: UnixTime) -> May {
        if tries.wrong >= self.tries.most.get() {
            return May::NoMore;
        }
        let Some(last) = tries.last_wrong_at.filter(|_| tries.wrong > 0) else { return May::Now };
        let wait = self.wait_seconds(tries.wrong);
        // A clock that was set back, or that of another machine, does not make a wait longer than it is.
        let until = after(last, wait).min(after(now, wait));
        if until <= now { May::Now } else { May::Wait { until } }
    }

    /// Until when the questions may be answered by somebody who started at this moment; no limit, if there is none.
    ///
    /// Questions are shown together, so their times add up. A later answer is not graded and counts as a wrong one:
    /// the questions are the same at the next start, and otherwise the limit would limit nothing.
    pub fn deadline(&self, asked: &[Asked<'_>], started_at: UnixTime) -> Option<UnixTime> {
        let seconds = asked.iter().map(|question| question.seconds).sum::<Option<u32>>();
        seconds.filter(|_| !asked.is_empty()).map(|seconds| after(started_at, seconds))
    }

    /// The first wait, doubled by every wrong answer after the first, up to the longest.
    fn wait_seconds(&self, wrong: u32) -> u32 {
        let first = u64::from(self.tries.first_wait_seconds.get());
        let doubled = first << wrong.saturating_sub(1).min(32);
        let longest = self.tries.longest_wait_seconds.get();
        u32::try_from(doubled).map_or(longest, |wait| wait.min(longest))
    }
}

fn after(time: UnixTime, seconds: u32) -> UnixTime {
    UnixTime::new(time.get().saturating_add(i64::from(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{gate, gate_from};
    use proptest::prelude::*;

    const NOW: UnixTime = UnixTime::new(1_790_000_000);

    fn later(seconds: i64) -> UnixTime {
        UnixTime::new(NOW.get() + seconds)
    }

    fn tries(wrong: u32, last_wrong_at: UnixTime) -> Tries {
        Tries { wrong, last_wrong_at: Some(last_wrong_at), started_at: None }
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let gate = gate("tries = { most = 100, first_wait_seconds = 10, longest_wait_seconds = 100 }");
        let check = |wrong: u32, wait: i64| {
            assert_eq!(gate.may_try(&tries(wrong, NOW), NOW), May::Wait { until: later(wait) }, "{wrong}");
            assert_eq!(gate.may_try(&tries(wrong, NOW), later(wait - 1)), May::Wait { until: later(wait) });
            assert_eq!(gate.may_try(&tries(wrong, NOW), later(wait)), May::Now, "{wrong}");
        };
        check(1, 10);
        check(2, 20);
        check(3, 40);
        check(4, 80);
        check(5, 100);
        check(99, 100);
    }

    #[test]
    fn tries_run_out() {
        let gate = gate("tries = { most = 3 }");
        assert_eq!(gate.may_try(&tries(2, NOW), later(3600)), May::Now);
        assert_eq!(gate.may_try(&tries(3, NOW), later(999_999_999)), May::NoMore);
        assert_eq!(gate.may_try(&tries(u32::MAX, NOW), NOW), May::NoMore);
    }

    #[test]
    fn no_wait_is_a_wait_of_nothing() {
        let gate = gate("tries = { first_wait_seconds = 0 }");
        assert_eq!(gate.may_try(&tries(4, NOW), NOW), May::Now);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_wait_longer() {
        let gate = gate("");
        assert_eq!(gate.may_try(&tries(1, later(1_000_000)), NOW), May::Wait { until: later(10) });
    }

    #[test]
    fn time_is_for_all_questions_together() {
        let timed = "ask = '?'\nanswers = ['x']\nseconds = 30\n";
        let gate = gate_from("draw = 2", &format!("{timed}[[questions]]\n{timed}[[questions]]\n{timed}"));
        assert_eq!(gate.deadline(&gate.ask(&[1; 16]), NOW), Some(later(60)));
        assert!(gate.needs_start());
        let untimed = crate::tests::gate("");
        assert_eq!(untimed.deadline(&untimed.ask(&[1; 16]), NOW), None);
        assert!(!untimed.needs_start());
    }

    proptest! {
        #[test]
        fn who_was_never_wrong_never_waits(
            last in proptest::option::of(any::<i64>().prop_map(UnixTime::new)),
            started in proptest::option::of(any::<i64>().prop_map(UnixTime::new)),
            now in any::<i64>().prop_map(UnixTime::new),
        ) {
            let tries = Tries { wrong: 0, last_wrong_at: last, started_at: started };
            prop_assert_eq!(gate("").may_try(&tries, now), May::Now);
        }

        #[test]
        fn a_wait_ends_when_it_was_said_to(wrong in 0u32..4, now in any::<i64>().prop_map(UnixTime::new)) {
            let gate = gate("");
            let after = tries(wrong, now).and_wrong(now);
            match gate.may_try(&after, now) {
                May::Wait { until } => {
                    prop_assert!(until > now);
                    prop_assert_eq!(gate.may_try(&after, until), May::Now);
                }
                // No clock goes further.
                May::Now => prop_assert!(now > UnixTime::new(i64::MAX - 86_400)),
                May::NoMore => prop_assert_eq!(after.wrong, 5),
            }
        }
    }
}
