//! The bots we hold tokens of: their links through `dyn Links`, and what is no link operation beside it.

use crate::CannotStart;
use crate::flows::hear::KINDS;
use links::{ChatId, Links, UnixTime, UserId};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use store::LinkId;
use telegram::bot_api::methods::{GetMe, Method};
use telegram::bot_api::types::Me;
use telegram::bot_api::updates::Updates;
use telegram::bot_api::{BadSettings, Client, Settings, Token};

/// How long one call may take. What Telegram asks us to wait is not sat out inside it: that is remembered in the
/// store, where a restart and the other nodes find it.
pub(crate) const CALL_LIMIT: Duration = Duration::from_secs(20);

/// The bots that are tended here.
#[derive(Default)]
pub(crate) struct Bots(RwLock<HashMap<UserId, Bot>>);

impl Bots {
    pub(crate) fn get(&self, id: UserId) -> Option<Bot> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    pub(crate) fn ids(&self) -> Vec<UserId> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    pub(crate) fn put(&self, bot: Bot) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(bot.id, bot);
    }

    pub(crate) fn remove(&self, id: UserId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

/// A bot and the way to Telegram in its name.
#[derive(Clone)]
pub(crate) struct Bot {
    pub(crate) id: UserId,
    /// Its public name, without `@`.
    pub(crate) username: String,
    client: Client,
    patience: Arc<Mutex<Patience>>,
}

/// What this node leaves alone, and until when. A restart forgets it, and asks once too often.
#[derive(Default)]
struct Patience {
    /// Calls that failed, with how long they rest after their next failure.
    rests: HashMap<(&'static str, ChatId), (UnixTime, i64)>,
    /// When each chat is looked at next.
    looks: HashMap<ChatId, UnixTime>,
    /// The public names that updates showed last.
    names: HashMap<ChatId, Option<String>>,
    /// Links Telegram was asked about a moment ago.
    asked: HashMap<LinkId, UnixTime>,
}

impl Bot {
    /// A bot as the store knows it. Nothing is sent.
    pub(crate) fn new(known: &store::Bot, road: &Settings) -> Result<Self, CannotStart> {
        let token = Token::new(known.token.reveal()).map_err(|_| CannotStart::Token(known.id))?;
        let settings = Settings { limit: CALL_LIMIT, longest_wait: Duration::ZERO, ..road.clone() };
        let client = Client::new(token, &settings)?;
        Ok(Self { id: known.id, username: known.username.clone(), client, patience: Arc::default() })
    }

    /// What makes and ends links.
    pub(crate) fn links(&self) -> &dyn Links {
        &self.client
    }

    /// What is no link operation.
    pub(crate) async fn call<M: Method>(&self, method: &M) -> links::Result<M::Answer> {
        self.client.call(method).await
    }

    /// Leaves a chat alone for a while after a failure. What Telegram itself asks to hold back is in the store.
    pub(crate) fn rest(&self, method: &'static str, chat: ChatId, until: UnixTime) {
        let mut patience = self.patience();
        let next = patience.rests.get(&(method, chat)).map_or(0, |(_, next)| *next);
        patience.rests.insert((method, chat), (until, next));
    }

    /// The same, for twice as long as the last time; answers for how many seconds. Nothing, if it rests already: calls that
    /// were under way together fail together.
    pub(crate) fn rest_longer(
        &self,
        method: &'static str,
        chat: ChatId,
        now: UnixTime,
        bounds: RangeInclusive<i64>,
    ) -> Option<i64> {
        let mut patience = self.patience();
        let (until, next) = patience.rests.get(&(method, chat)).copied().unwrap_or((now, 0));
        if until > now {
            return None;
        }
        let seconds = next.clamp(*bounds.start(), *bounds.end());
        let until = UnixTime::new(now.get().saturating_add(seconds));
        patience.rests.insert((method, chat), (until, seconds.saturating_mul(2)));
        Some(seconds)
    }

    pub(crate) fn rests(&self, method: &'static str, chat: ChatId, now: UnixTime) -> bool {
        self.patience().rests.get(&(method, chat)).is_some_and(|(until, _)| *until > now)
    }

    /// It was done: should it fail again, that is another failure.
    pub(crate) fn done(&self, method: &'static str, chat: ChatId) {
        self.patience().rests.remove(&(method, chat));
    }

    /// Something changed in a chat: whatever failed there may be tried again.
    pub(crate) fn wake(&self, chat: ChatId) {
        self.patience().rests.retain(|(_, resting), _| *resting != chat);
    }

    /// The chat is to be looked at then, and not before.
    pub(crate) fn look_at(&self, chat: ChatId, at: UnixTime) {
        self.patience().looks.insert(chat, at);
    }

    /// Whether the chat is to be looked at now.
    pub(crate) fn is_due(&self, chat: ChatId, now: UnixTime) -> bool {
        self.patience().looks.get(&chat).is_none_or(|at| *at <= now)
    }

    /// The chat was seen with this public name, or none. If that is another one than before, it is to be looked at.
    pub(crate) fn saw_name(&self, chat: ChatId, name: Option<&str>) {
        let mut patience = self.patience();
        if patience.names.get(&chat).is_some_and(|known| known.as_deref() == name) {
            return;
        }
        if patience.names.insert(chat, name.map(str::to_owned)).is_some() || name.is_some() {
            patience.looks.remove(&chat);
        }
    }

    /// Whether Telegram was not asked about this link a moment ago; if not, it is now, and not before `until` again.
    pub(crate) fn may_ask_about(&self, link: LinkId, now: UnixTime, until: UnixTime) -> bool {
        let mut patience = self.patience();
        patience.asked.retain(|_, until| *until > now);
        patience.asked.insert(link, until).is_none()
    }

    fn patience(&self) -> MutexGuard<'_, Patience> {
        // Never held across an await.
        self.patience.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What tells us who came and went.
    pub(crate) fn ear(&self) -> Updates {
        self.client.updates(KINDS)
    }
}

/// Who this token is, asked of Telegram.
pub(crate) async fn who_is(token: Token, road: &Settings) -> Result<Me, Unusable> {
    Ok(Client::new(token, road)?.call(&GetMe {}).await?)
}

/// Why a token cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Unusable {
    #[error(transparent)]
    Settings(#[from] BadSettings),
    #[error("Telegram does not answer as this bot")]
    Telegram(#[from] links::Error),
    #[error("Telegram says that this token's bot is nobody")]
    Nobody,
}
