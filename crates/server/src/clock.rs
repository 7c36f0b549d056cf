//! The moment it is: read here, and handed on as an argument.

use links::UnixTime;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

/// Tells the time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// How many seconds it is ahead of the machine's own clock.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// The moment it is.
    pub fn now(&self) -> UnixTime {
        #[allow(clippy::disallowed_methods, reason = "the one place in the service that reads the clock")]
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let seconds = since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
        UnixTime::new(seconds.saturating_add(self.ahead.load(Ordering::Relaxed)))
    }

    /// Moves it, and every copy of it.
    pub fn advance(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }
}
