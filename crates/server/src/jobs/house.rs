//! What has to be done now and then and concerns no bot: passes expire, the audit is chained, what served its time is
//! forgotten. All of it is safe to do twice, so every node does it.

use crate::app::App;
use crate::error::{Trouble, chain};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

const LOOK: Duration = Duration::from_secs(2);
/// Every so many looks the audit is chained, and every so many what is old is forgotten.
const SEAL_EVERY: u32 = 5;
const TIDY_EVERY: u32 = 300;

/// Goes on for as long as this future is polled.
pub(crate) async fn keep_house(app: App) {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for look in 0u32.. {
        ticks.tick().await;
        if let Err(why) = once(&app, look).await {
            warn!(error = chain(&why), "the house could not be kept");
        }
    }
}

async fn once(app: &App, look: u32) -> Result<(), Trouble> {
    let now = app.clock.now();
    app.store.expire(now).await?;
    if look.is_multiple_of(SEAL_EVERY) {
        app.store.seal_audit().await?;
    }
    if look.is_multiple_of(TIDY_EVERY) {
        app.store.tidy(now).await?;
    }
    Ok(())
}
