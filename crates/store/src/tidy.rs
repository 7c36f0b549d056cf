//! What is kept for a time only, forgotten.

use crate::{Result, Store, attempts, ledger, pace, updates};
use links::UnixTime;

impl Store {
    /// Forgets what served its time: updates that Telegram will not repeat, wrong answers that no budget counts, calls
    /// that are held back no more, links that ended in a pool.
    pub async fn tidy(&self, now: UnixTime) -> Result<()> {
        self.write(move |tx| {
            updates::forget(tx, now)?;
            attempts::forget(tx, now)?;
            pace::forget(tx, now)?;
            ledger::drop_expired(tx, now)
        })
        .await
    }
}
