//! Time: moved from one thing that falls due to the next.

use super::Outcome;
use crate::bot_api::courier;
use crate::hub::Hub;
use crate::world::World;
use crate::wrong::Wrong;
use serde::Deserialize;
use serde_json::json;
use std::time::{Duration, Instant};

#[derive(Deserialize)]
pub(super) struct Advance {
    seconds: i64,
}

/// A receiver that lets this much real time pass is not waited for.
const HANGING: Duration = Duration::from_secs(5);
/// However much there is to deliver, moving the clock takes no longer than this.
const LONGEST_MOVE: Duration = Duration::from_secs(60);

/// Moves the clock from one thing that falls due to the next, so that each happens at its own moment, and answers
/// when all of it has happened, webhook retries included.
pub(super) async fn advance(hub: &Hub, it: Advance) -> Outcome {
    if !(0..=10 * 366 * 24 * 3600).contains(&it.seconds) {
        return Err(Wrong::bad("time moves forwards only, by up to ten years at once"));
    }
    let began = Instant::now();
    let mut left = it.seconds;
    let mut is_quiet = true;
    loop {
        // Whoever hangs is waited for once.
        let patience = LONGEST_MOVE.saturating_sub(began.elapsed());
        is_quiet = is_quiet && tokio::time::timeout(patience, quiet(hub)).await.unwrap_or(false);
        if left == 0 {
            return Ok(json!({ "now": hub.clock.now() }));
        }
        let due = |world: &mut World| {
            let delivery = if is_quiet { courier::next_due(world) } else { None };
            let held = hub.next_held(world.now);
            Some([world.next_due(), delivery, held].into_iter().flatten().min()? - world.now)
        };
        let step = hub.turn(due).map_or(left, |seconds| seconds.clamp(1, left));
        left -= step;
        hub.clock.advance(step);
        hub.ring();
    }
}

/// Waits until every webhook delivery that is due has arrived or failed, and every call that was held back until
/// now is done; says no if some receiver hangs.
async fn quiet(hub: &Hub) -> bool {
    let mut bell = hub.listen();
    loop {
        bell.mark_unchanged();
        if hub.turn(|world| courier::is_quiet(world) && !hub.goes_on(world.now)) {
            return true;
        }
        if tokio::time::timeout(HANGING, hub.wait(&mut bell, None)).await.is_err() {
            return false;
        }
    }
}
