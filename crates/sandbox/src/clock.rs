//! The sandbox's clock: whole seconds, from the host's time on, and it can be moved.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Whether time passes by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ClockMode {
    /// A second takes a second.
    #[default]
    Ticking,
    /// Time stands still until it is moved.
    Frozen,
}

/// Ticks or stands, and is moved forwards.
pub(crate) struct Clock {
    started_at_milliseconds: i64,
    started: Instant,
    mode: ClockMode,
    moved_seconds: AtomicI64,
}

impl Clock {
    /// A clock that shows the host's time.
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the edge where the sandbox reads the host's clock, once"
    )]
    pub(crate) fn start(mode: ClockMode) -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let started_at_milliseconds = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        Self { started_at_milliseconds, started: Instant::now(), mode, moved_seconds: AtomicI64::new(0) }
    }

    /// Seconds since 1970, here.
    pub(crate) fn now(&self) -> i64 {
        self.now_milliseconds() / 1000
    }

    pub(crate) fn now_milliseconds(&self) -> i64 {
        let passed = match self.mode {
            ClockMode::Ticking => self.elapsed_milliseconds(),
            ClockMode::Frozen => 0,
        };
        self.started_at_milliseconds + self.moved_seconds.load(Ordering::Relaxed) * 1000 + passed
    }

    /// The host's time, which nobody moves: for clients that compare it with their own.
    pub(crate) fn host_milliseconds(&self) -> i64 {
        self.started_at_milliseconds + self.elapsed_milliseconds()
    }

    /// Milliseconds since the start that pass even while the clock stands: for slowing down hasty clients.
    pub(crate) fn elapsed_milliseconds(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.moved_seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.mode == ClockMode::Frozen
    }

    /// How long until that second begins, if time passes by itself.
    pub(crate) fn until(&self, moment: i64) -> Option<Duration> {
        let milliseconds = (moment * 1000).saturating_sub(self.now_milliseconds());
        let left = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0));
        (!self.is_frozen() || left.is_zero()).then_some(left)
    }
}
