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

    /// When the next try may come, if this one was wrong.
    pub fn after_wrong(&self, tries: &Tries, now: UnixTime) -> UnixTime {
        after(now, self.wait_seconds(tries.wrong.saturating_add(1)))
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
