//! What is kept for a time only, forgotten.

use crate::{Result, Store, attempts, pace, updates};
use links::UnixTime;

impl Store {
    /// Forgets what served its time: updates that Telegram will not repeat, wrong answers that no budget counts, calls
    /// that are held back no more.
    pub async fn tidy(&self, now: UnixTime) -> Result<()> {
        self.write(move |tx| {
            updates::forget(tx, now)?;
            attempts::forget(tx, now)?;
            pace::forget(tx, now)
        })
        .await
    }
}
