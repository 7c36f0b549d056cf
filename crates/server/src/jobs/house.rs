//! What has to be done now and then and concerns no bot: passes expire, the audit is chained, what served its time is
//! forgotten, and so are people who hold no pass. All of it is safe to do twice, so every node does it.

use crate::app::App;
use crate::error::{Trouble, chain};
use links::UnixTime;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

const LOOK: Duration = Duration::from_secs(2);
/// Every so many looks the audit is chained, every so many what is old is forgotten, and every so many people are.
const SEAL_EVERY: u32 = 5;
const TIDY_EVERY: u32 = 300;
const FORGET_EVERY: u32 = 1800;
const DAY_SECONDS: i64 = 86_400;

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
    if look.is_multiple_of(FORGET_EVERY) {
        let kept_seconds = i64::from(app.keep_days) * DAY_SECONDS;
        app.store.forget_others(UnixTime::new(now.get().saturating_sub(kept_seconds))).await?;
    }
    Ok(())
}
