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
const FOR_EVER: &str = "the token named it, and bots are for ever";

pub(super) async fn get(hub: &Hub, bot: i64, arguments: &Arguments) -> Result<Answer, Failure> {
    let outcome = fetch(hub, bot, arguments).await;
    let entry = Entry::new(What::Call).method("getUpdates");
    hub.turn(|world| {
        world.note(match &outcome {
            Ok(_) => entry,
            Err(refused) => entry.error(&refused.description),
        });
    });
    if outcome.is_err() {
        hold_back_conflict(hub, bot).await;
    }
    outcome
}

/// Two who quarrel are not told so more often than every three seconds. (`Client::fail_query_conflict`.)
pub(super) async fn hold_back_conflict(hub: &Hub, bot: i64) {
    let moment = hub.clock.elapsed_milliseconds();
    let waits = hub.turn(|world| {
        let queue = &mut world.bot_mut(bot).expect(FOR_EVER).queue;
        let waits = moment < queue.conflicts_wait_until;
        if !waits {
            queue.conflicts_wait_until = moment + HASTE_MILLISECONDS;
        }
        waits
    });
    if waits {
        tokio::time::sleep(Duration::from_millis(HASTE_MILLISECONDS.unsigned_abs())).await;
    }
}

async fn fetch(hub: &Hub, bot: i64, arguments: &Arguments) -> Result<Answer, Failure> {
    let given = |name: &str| !arguments.bytes(name).is_empty();
    let offset = i64::from(arguments.int("offset", i32::MIN, i32::MAX));
    let mut limit = if given("limit") { arguments.int("limit", 1, 100) } else { 100 };
    let mut timeout = i64::from(arguments.int("timeout", 0, 50));
    let allowed = allowed_from(&arguments.lossy("allowed_updates"));
    let moment = hub.clock.elapsed_milliseconds();
    let take = |queue: &mut Queue, now: i64, limit: i32| {
        queue.drop_expired(now);
        queue.confirm(offset);
        queue.read(usize::try_from(limit).unwrap_or(1))
    };

    let mut bell = hub.listen();
    let (mut updates, turn, token) = with_queue(hub, bot, |queue, now| {
        if queue.webhook.is_some() {
            return Err(Failure::new(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
            ));
        }
        if let Some(allowed) = allowed {
            queue.allowed = allowed;
        }
        let last = queue.last_poll.replace((offset, moment));
        if let Some((_, before)) = last.filter(|&(same, _)| same == offset) {
            if moment - before < HASTE_MILLISECONDS && timeout < 3 {
                timeout = 3;
            }
            if moment - before < GREAT_HASTE_MILLISECONDS {
                limit = 1;
            }
        }
        let updates = take(queue, now, limit);
        if updates.is_empty() && timeout > 0 {
            queue.polls += 1;
        }
        Ok((updates, queue.polls, queue.tokens))
    })?;
    if updates.is_empty() && timeout > 0 {
        // Whoever waited before is out, now.
        hub.ring();
        bell.mark_unchanged();
    }

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
            if queue.tokens != token {
                return Err(Failure::new(401, "Unauthorized"));
            }
            if queue.polls != turn {
                return Err(Failure::new(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                ));
            }
            Ok(take(queue, now, limit))
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
        let bot = world.bot_mut(bot).expect(FOR_EVER);
        act(&mut bot.queue, now)
    })
}
