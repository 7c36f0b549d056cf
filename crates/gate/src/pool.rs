//! How many links to hold ready, and when to refill.

use crate::gate::{Gate, Standing};
use links::{BadExpiry, Expiry, UnixTime};

/// A pooled link may lie for a day, or for as long as the gate promises if that is longer.
const SHELF_SECONDS: i64 = 86_400;

/// The links of one gate for one of its chats, counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stock {
    /// How many should lie ready.
    pub target: u32,
    /// How many lie ready, and may still be handed out.
    pub free: u32,
    /// How many passes wait for one.
    pub waiting: u32,
    /// How many Telegram has been asked for and has not answered.
    pub making: u32,
}

impl Stock {
    /// How many links to ask Telegram for now: one for everybody who waits, and the pool filled up behind them.
    pub fn wanted(self) -> u32 {
        let needed = self.target.saturating_add(self.waiting);
        needed.saturating_sub(self.free).saturating_sub(self.making)
    }
}

impl Gate {
    /// How many links should lie ready for each chat, after so many passes were granted: none at a gate that is
    /// closed, and no more than there are passes left.
    pub fn pool_target(&self, granted: u32, now: UnixTime) -> u32 {
        if self.standing(now) == Standing::Closed {
            return 0;
        }
        let left = self.quota.map_or(u32::MAX, |quota| quota.get().saturating_sub(granted));
        self.pool.get().min(left)
    }

    /// Until when a link made now should work: as long as the gate promises, and as long as it may lie before.
    pub fn link_expiry(&self, now: UnixTime) -> Result<Expiry, BadExpiry> {
        let promised = i64::from(self.link_life_seconds.get());
        let seconds = promised + promised.max(SHELF_SECONDS);
        Expiry::new(UnixTime::new(now.get().saturating_add(seconds)))
    }

    /// Until when a link that is handed out now has to work: as long as the gate promises. One that ends before is not.
    pub fn promised_until(&self, now: UnixTime) -> UnixTime {
        UnixTime::new(now.get().saturating_add(self.link_life_seconds.get().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::gate;

    const NOW: UnixTime = UnixTime::new(1_790_000_000);

    fn later(seconds: i64) -> UnixTime {
        UnixTime::new(NOW.get() + seconds)
    }

    #[test]
    fn whoever_waits_comes_before_the_pool() {
        let check = |[target, free, waiting, making]: [u32; 4], expected| {
            let stock = Stock { target, free, waiting, making };
            assert_eq!(stock.wanted(), expected, "{stock:?}");
        };
        check([20, 0, 0, 0], 20);
        check([20, 20, 0, 0], 0);
        check([20, 15, 0, 5], 0);
        check([20, 15, 0, 4], 1);
        check([20, 0, 300, 0], 320);
        check([20, 0, 300, 320], 0);
        check([0, 0, 3, 1], 2);
        check([0, 9, 0, 0], 0);
        check([u32::MAX, 0, u32::MAX, 1], u32::MAX - 1);
    }

    #[test]
    fn a_pool_is_no_larger_than_what_is_left_to_grant() {
        let mut gate = gate("quota = 100");
        assert_eq!(gate.pool_target(0, NOW), 20);
        assert_eq!(gate.pool_target(95, NOW), 5);
        assert_eq!(gate.pool_target(200, NOW), 0);
        gate.closes_at = Some(NOW);
        assert_eq!(gate.pool_target(0, NOW), 0);
    }

    #[test]
    fn a_link_is_handed_out_with_the_life_that_was_promised() {
        let gate = gate("link_life_seconds = 3600");
        let expires_at = gate.link_expiry(NOW).unwrap().at();
        assert!(expires_at >= gate.promised_until(NOW));
        assert_eq!(expires_at, gate.promised_until(later(SHELF_SECONDS)));
        assert!(gate.link_expiry(UnixTime::new(i64::MAX)).is_err());
    }
}
