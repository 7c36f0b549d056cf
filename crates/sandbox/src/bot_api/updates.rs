//! `getUpdates`: fetching, confirming, waiting, and the quarrels of two who fetch at once. (Bot API server,
//! `Client::process_get_updates_query`, `do_get_updates`.)

use super::answer::{Answer, Failure};
use super::arguments::Arguments;
use crate::hub::Hub;
use crate::world::{Entry, Queue, What, allowed_from};
use std::time::{Duration, Instant};

/// A client that asks the same thing again and again is slowed down to this.
const HASTE_MILLISECONDS: i64 = 3000;
const GREAT_HASTE_MILLISECONDS: i64 = 500;

pub(super) async fn get(hub: &Hub, bot: i64, arguments: &Arguments) -> Result<Answer, Failure> {
    let outcome = fetch(hub, bot, arguments).await;
    let entry = Entry::new(What::Call).method("getUpdates");
    hub.turn(|world| {
        world.note(match &outcome {
            Ok(_) => entry,
            Err(refused) => entry.error(&refused.description),
        });
    });
    outcome
}

async fn fetch(hub: &Hub, bot: i64, arguments: &Arguments) -> Result<Answer, Failure> {
    let given = |name: &str| !arguments.bytes(name).is_empty();
    let offset = i64::from(arguments.int("offset", i32::MIN, i32::MAX));
    let mut limit = if given("limit") { arguments.int("limit", 1, 100) } else { 100 };
    let mut timeout = i64::from(arguments.int("timeout", 0, 50));
    let allowed = allowed_from(&arguments.lossy("allowed_updates"));
    let moment = hub.clock.elapsed_milliseconds();

    let mut bell = hub.listen();
    let (mut updates, turn) = with_queue(hub, bot, |queue, now| {
        if queue.webhook.is_some() {
            return Err(Failure::new(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
            ));
        }
        if let Some(allowed) = allowed {
            queue.allowed = allowed;
        }
        let (last_offset, last_moment) = std::mem::replace(&mut queue.last_poll, (offset, moment));
        if last_offset == offset && moment - last_moment < HASTE_MILLISECONDS && timeout < 3 {
            timeout = 3;
            if moment - last_moment < GREAT_HASTE_MILLISECONDS {
                limit = 1;
            }
        }
        queue.drop_expired(now);
        queue.confirm(offset);
        let updates = queue.read(usize::try_from(limit).unwrap_or(1));
        if updates.is_empty() && timeout > 0 {
            queue.turn += 1;
        }
        Ok((updates, queue.turn))
    })?;
    // Whoever waited before is out, now.
    hub.ring();
    bell.mark_unchanged();

    let deadline = hub.clock.now() + timeout;
    let patience = Instant::now() + Duration::from_secs(timeout.unsigned_abs());
    while updates.is_empty() && hub.clock.now() < deadline && Instant::now() < patience {
        // A frozen clock does not make a client wait for ever.
        let real_time = patience.saturating_duration_since(Instant::now());
        let _ = tokio::time::timeout(real_time, hub.wait(&mut bell, Some(deadline))).await;
        updates = with_queue(hub, bot, |queue, now| {
            if queue.webhook.is_some() {
                return Err(Failure::new(409, "Conflict: terminated by setWebhook request"));
            }
            if queue.turn != turn {
                return Err(Failure::new(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                ));
            }
            queue.drop_expired(now);
            Ok(queue.read(usize::try_from(limit).unwrap_or(1)))
        })?;
    }
    let bodies: Vec<&str> = updates.iter().map(|update| &*update.body).collect();
    Ok(Answer { result: format!("[{}]", bodies.join(",\n")), description: None })
}

fn with_queue<T>(
    hub: &Hub,
    bot: i64,
    act: impl FnOnce(&mut Queue, i64) -> Result<T, Failure>,
) -> Result<T, Failure> {
    hub.turn(|world| {
        let now = world.now;
        let bot = world.bot_mut(bot).expect("the token named it, and bots are for ever");
        act(&mut bot.queue, now)
    })
}
