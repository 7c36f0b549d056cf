//! A moment, as Telegram counts them.

use std::fmt;

/// Whole seconds since 1970 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct UnixTime(i64);

impl UnixTime {
    /// The moment `seconds` after 1970 began.
    pub const fn new(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// When a link stops working. Telegram reads 32 bits here, and drops dates before 2001.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Expiry(UnixTime);

impl Expiry {
    /// An expiry Telegram understands as it was meant.
    pub fn new(at: UnixTime) -> Result<Self, BadExpiry> {
        match at.get() {
            1_000_000_000..=2_147_483_647 => Ok(Self(at)),
            1_000_000_000_000.. => Err(BadExpiry::Milliseconds(at.get())),
            other => Err(BadExpiry::OutOfRange(other)),
        }
    }

    /// The moment.
    pub fn at(self) -> UnixTime {
        self.0
    }
}

/// This number is no expiry.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadExpiry {
    /// Somebody counted milliseconds.
    #[error("`{0}` counts milliseconds; Telegram counts seconds: `{seconds}`", seconds = .0 / 1000)]
    Milliseconds(i64),
    /// Before 2001 or after 2038.
    #[error("`{0}` is outside what Telegram can keep: 1000000000 (2001) to 2147483647 (2038)")]
    OutOfRange(i64),
}
