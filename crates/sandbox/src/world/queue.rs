//! The updates that wait for a bot: numbered, filtered when they arrive, gone after their time. (Bot API server,
//! `TQueue`, `add_update_*`, `get_allowed_update_types`.)

use super::World;
use std::collections::{HashSet, VecDeque};

/// Every kind of update Telegram has, in its order.
pub(crate) const KINDS: [&str; 28] = [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "custom_event",
    "custom_query",
    "shipping_query",
    "pre_checkout_query",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "message_reaction",
    "message_reaction_count",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "purchased_paid_media",
    "managed_bot",
    "guest_message",
    "subscription",
];

/// The kinds a bot gets only when it asks for them.
const ON_REQUEST: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

const LONGEST: usize = 100_000;
const WEEK: i64 = 7 * 24 * 3600;
/// How long an update waits.
pub(super) const LIFE_SECONDS: i64 = 24 * 3600;

/// Updates of one webhook queue are delivered one after the other: a class of updates, and whose they are.
pub(crate) type Lane = (u8, i64);

/// An update that waits.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) id: i64,
    pub(crate) lane: Lane,
    pub(crate) expires_at: i64,
    /// The update as it goes out, number and all.
    pub(crate) body: Box<str>,
    /// Deliveries that failed.
    pub(crate) failures: u32,
    /// Not before this moment.
    pub(crate) next_try: i64,
}

/// A bot's updates, and how it takes them.
pub(crate) struct Queue {
    waiting: VecDeque<Waiting>,
    next_id: i64,
    last_at: i64,
    /// The kinds it wants; the default set without.
    pub(crate) allowed: Option<Vec<&'static str>>,
    pub(crate) webhook: Option<Webhook>,
    /// The last `getUpdates`: its offset and its moment, in milliseconds that pass even while the clock stands.
    pub(crate) last_poll: Option<(i64, i64)>,
    /// Until then, in the same milliseconds, a conflict is answered late.
    pub(crate) conflicts_wait_until: i64,
    /// When the webhook was last set, in the same milliseconds.
    pub(crate) webhook_set_at: Option<i64>,
    /// Rises with each poll that has to wait: who finds it risen is out.
    pub(crate) polls: u64,
    /// Rises with each new token: who asked with the one before is out.
    pub(crate) tokens: u64,
    /// Rises whenever somebody sets or deletes a webhook: who finds it risen is out.
    pub(crate) settings: u64,
    /// Staged: so many coming updates are handed over twice, so many answers in reverse.
    pub(crate) duplicates: u32,
    pub(crate) reorders: u32,
}

/// Where updates are sent instead of being fetched.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) max_connections: usize,
    pub(crate) ip_address: Option<String>,
    pub(crate) last_error: Option<(i64, String)>,
    /// Since when every answer was 410.
    pub(crate) gone_since: Option<i64>,
    /// Lanes with a delivery under way.
    pub(crate) busy: HashSet<Lane>,
    /// Tells this webhook from the one before it.
    pub(crate) generation: u64,
}

impl Queue {
    pub(super) fn new(next_id: i64, now: i64) -> Self {
        Self {
            waiting: VecDeque::new(),
            next_id,
            last_at: now,
            allowed: None,
            webhook: None,
            last_poll: None,
            conflicts_wait_until: 0,
            webhook_set_at: None,
            polls: 0,
            tokens: 0,
            settings: 0,
            duplicates: 0,
            reorders: 0,
        }
    }

    fn wants(&self, kind: &str) -> bool {
        match &self.allowed {
            Some(kinds) => kinds.contains(&kind),
            None => !ON_REQUEST.contains(&kind),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    pub(crate) fn drop_expired(&mut self, now: i64) {
        self.waiting.retain(|update| update.expires_at > now);
    }

    /// Confirms and reads as `getUpdates` does: a positive offset confirms everything below it, a negative one
    /// keeps only so many of the newest.
    pub(crate) fn confirm(&mut self, offset: i64) {
        let head = self.waiting.front().map_or(self.next_id, |update| update.id);
        if offset < 0 {
            let surplus = self.waiting.len().saturating_sub(usize::try_from(-offset).unwrap_or(usize::MAX));
            self.waiting.drain(..surplus);
        } else if offset > head && offset <= self.next_id + 10 {
            self.waiting.retain(|update| update.id >= offset);
        }
    }

    /// Up to `limit` updates from the head, within about four megabytes.
    pub(crate) fn read(&mut self, limit: usize) -> Vec<Waiting> {
        let mut room = 4 << 20;
        let fits = |update: &&Waiting| {
            room -= i64::try_from(update.body.len()).unwrap_or(i64::MAX);
            room > 0
        };
        let mut updates: Vec<_> = self.waiting.iter().take(limit).take_while(fits).cloned().collect();
        if self.reorders > 0 && updates.len() > 1 {
            self.reorders -= 1;
            updates.reverse();
        }
        updates
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Waiting> {
        self.waiting.iter()
    }

    pub(crate) fn get_mut(&mut self, id: i64) -> Option<&mut Waiting> {
        self.waiting.iter_mut().find(|update| update.id == id)
    }

    /// One copy of the update is delivered.
    pub(crate) fn remove(&mut self, id: i64) {
        if let Some(at) = self.waiting.iter().position(|update| update.id == id) {
            self.waiting.remove(at);
        }
    }
}

impl World {
    /// Staged: what every bot gets next comes twice, or in reverse, so many times more.
    pub(crate) fn spoil_queues(&mut self, how: impl Fn(&mut Queue) -> &mut u32, times: u32) {
        for bot in self.bots.values_mut() {
            let left = how(&mut bot.queue);
            *left = left.saturating_add(times);
        }
    }

    /// Gives a bot an update, if it wants this kind.
    pub(super) fn push(&mut self, bot: i64, kind: &'static str, lane: Lane, object: &str) {
        let (now, fresh) = (self.now, self.chance.i64(2_000_001..=1_000_000_000));
        let Some(queue) = self.bots.get_mut(&bot).map(|bot| &mut bot.queue) else { return };
        if !queue.wants(kind) || queue.waiting.len() >= LONGEST {
            return;
        }
        if queue.waiting.is_empty() && now - queue.last_at > WEEK {
            queue.next_id = fresh;
        }
        let life = if kind == "callback_query" { 150 } else { LIFE_SECONDS };
        let id = queue.next_id;
        let update = Waiting {
            id,
            lane,
            expires_at: now + life,
            body: format!("{{\"update_id\":{id},\n\"{kind}\":{object}}}").into(),
            failures: 0,
            next_try: now,
        };
        if queue.duplicates > 0 {
            queue.duplicates -= 1;
            queue.waiting.push_back(update.clone());
        }
        queue.waiting.push_back(update);
        queue.next_id += 1;
        queue.last_at = now;
        self.stirred = true;
    }
}

/// The kinds that an `allowed_updates` argument names, or nothing if it cannot be read; an empty list and a list
/// of unknown names mean the default set.
pub(crate) fn allowed_from(argument: &str) -> Option<Option<Vec<&'static str>>> {
    let names: Vec<String> = serde_json::from_str(argument).ok()?;
    let is_named = |kind: &&&str| names.iter().any(|name| name.eq_ignore_ascii_case(kind));
    let kinds: Vec<_> = KINDS.iter().filter(is_named).copied().collect();
    Some((!kinds.is_empty()).then_some(kinds))
}
