//! Chance that can be had again: a run says its seed, and `ADMIT_TRIAL_SEED` repeats it.

use std::collections::hash_map::RandomState;
use std::env;
use std::fmt;
use std::hash::BuildHasher;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(u64);

impl Seed {
    /// A new one, unless one was asked for.
    pub(crate) fn any() -> Self {
        let wanted = env::var("ADMIT_TRIAL_SEED").ok();
        Self(wanted.map_or_else(|| RandomState::new().hash_one(0), |seed| seed.parse().unwrap()))
    }

    /// One for each part of a run.
    pub(crate) fn part(self, number: u64) -> Self {
        Self(self.0.wrapping_add(number))
    }

    pub(crate) fn chance(self) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.0)
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ADMIT_TRIAL_SEED={}", self.0)
    }
}
