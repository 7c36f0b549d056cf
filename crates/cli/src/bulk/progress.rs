//! How far a batch is: on a terminal a line that is drawn again, elsewhere a line now and then.

use crate::output::{Output, aside, is_watched};
use crate::when::{say_length, whole_seconds};
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const BETWEEN_FRAMES: Duration = Duration::from_millis(200);
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Counts what comes in and says so.
pub(crate) struct Progress {
    total: u64,
    before: u64,
    pub(crate) made: u64,
    pub(crate) failed: u64,
    pub(crate) unknown: u64,
    started: Instant,
    shown: Instant,
    is_watched: bool,
    is_quiet: bool,
    waits: Waits,
}

/// Until when Telegram asked to wait; a lock for short work, never held across an await.
#[derive(Clone, Default)]
pub(crate) struct Waits(Arc<Mutex<Option<Instant>>>);

impl Waits {
    /// Notes a wait. Many calls are told the same; only the first is news.
    pub(crate) fn note(&self, wait: Duration) -> bool {
        let now = Instant::now();
        let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = until.is_none_or(|until| until <= now);
        *until = (*until).max(Some(now + wait));
        is_news
    }

    fn left(&self) -> Option<Duration> {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until?.checked_duration_since(Instant::now())
    }
}

impl Progress {
    pub(crate) fn new(total: u64, made: u64, unknown: u64, output: &Output, waits: Waits) -> Self {
        let now = Instant::now();
        Self {
            total,
            before: made + unknown,
            made,
            failed: 0,
            unknown,
            started: now,
            shown: now,
            is_watched: is_watched(),
            is_quiet: output.quiet,
            waits,
        }
    }

    fn done(&self) -> u64 {
        self.made + self.failed + self.unknown
    }

    /// How often `show` wants to be called.
    pub(crate) fn interval(&self) -> Duration {
        if self.is_watched { BETWEEN_FRAMES } else { BETWEEN_LINES }
    }

    /// Shows how far it is.
    pub(crate) fn show(&mut self) {
        if self.is_quiet || self.shown.elapsed() < self.interval() / 2 {
            return;
        }
        self.shown = Instant::now();
        let words = self.words(self.started.elapsed());
        if self.is_watched {
            // Back to the line's start, and away with what a longer one left.
            let _ = write!(io::stderr(), "\r{words}\x1b[K");
        } else {
            aside(words);
        }
    }

    fn words(&self, elapsed: Duration) -> String {
        let new = self.done() - self.before;
        let rate = new as f64 / elapsed.as_secs_f64().max(0.001);
        let mut words = format!("{} of {} links, {rate:.0}/s", self.done(), self.total);
        if self.failed + self.unknown > 0 {
            words += &format!(", {} without a link", self.failed + self.unknown);
        }
        match self.waits.left() {
            Some(wait) => words += &format!("; Telegram asked to wait {} s", whole_seconds(wait)),
            None if new > 0 => {
                let left = (self.total - self.done()) as f64 / rate;
                words += &format!(", {} left", say_length(Duration::from_secs_f64(left.min(1e9))));
            }
            None => {}
        }
        words
    }

    /// Says something without tearing the drawn line.
    pub(crate) fn say(&self, words: impl Display) {
        if self.is_quiet {
            return;
        }
        self.clear();
        aside(words);
    }

    /// Takes the drawn line away.
    pub(crate) fn clear(&self) {
        if self.is_watched && !self.is_quiet {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    /// What came of it all.
    pub(crate) fn summary(&self) -> String {
        let mut words = format!("{} of {} links made", self.made, self.total);
        if self.failed > 0 {
            words += &format!(", {} failed", self.failed);
        }
        if self.unknown > 0 {
            words += &format!(", {} unknown", self.unknown);
        }
        words + &format!(", in {}", say_length(self.started.elapsed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Format;

    #[test]
    fn progress_tells_rate_failures_and_waits() {
        let output = Output { format: Format::Words, quiet: false, coloured: false };
        let waits = Waits::default();
        let mut progress = Progress::new(1000, 100, 0, &output, waits.clone());
        progress.made += 200;
        assert_eq!(progress.words(Duration::from_secs(2)), "300 of 1000 links, 100/s, 7 seconds left");
        progress.failed += 1;
        assert!(waits.note(Duration::from_secs(12)));
        assert!(!waits.note(Duration::from_secs(12)));
        assert_eq!(
            progress.words(Duration::from_secs(2)),
            "301 of 1000 links, 100/s, 1 without a link; Telegram asked to wait 12 s"
        );
        assert!(progress.summary().starts_with("300 of 1000 links made, 1 failed, in"));
    }
}
