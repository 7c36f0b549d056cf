//! The bots we hold tokens of: their links through `dyn Links`, and what is no link operation beside it. Nothing is
//! asked of Telegram that it wants held back, by whichever node and before whichever restart it was told so.

use crate::CannotStart;
use crate::clock::Clock;
use crate::flows::hear::KINDS;
use links::{Chat, ChatId, Edit, Kind, Link, LinkUrl, Links, Terms, UnixTime, UserId};
use std::collections::HashMap;
use std::error::Error;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use store::{LinkId, Store};
use telegram::bot_api::methods::{
    CreateChatInviteLink, EditChatInviteLink, GetMe, GetUpdates, Method, RevokeChatInviteLink,
};
use telegram::bot_api::types::{Me, Update};
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

/// What Telegram answers; or our own trouble, which says nothing of Telegram.
pub(crate) type Asked<T> = store::Result<links::Result<T>>;

/// A bot and the way to Telegram in its name.
#[derive(Clone)]
pub(crate) struct Bot {
    pub(crate) id: UserId,
    /// Its public name, without `@`.
    pub(crate) username: String,
    /// Since when it is known here.
    pub(crate) added_at: UnixTime,
    client: Client,
    store: Store,
    clock: Clock,
    patience: Arc<Mutex<Patience>>,
}

/// What is left alone after a failure: a method in a chat, or there for one person only.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) chat: ChatId,
    pub(crate) person: Option<UserId>,
}

impl Call {
    /// Whatever it is for.
    pub(crate) fn of_chat(method: &'static str, chat: ChatId) -> Self {
        Self { method, chat, person: None }
    }
}

/// What this node leaves alone, and until when. A restart forgets it, and asks once too often.
#[derive(Default)]
struct Patience {
    /// Calls that failed, with how long they rest after their next failure.
    rests: HashMap<Call, (UnixTime, i64)>,
    /// When each chat is looked at next.
    looks: HashMap<ChatId, UnixTime>,
    /// The public names that updates showed last.
    names: HashMap<ChatId, Option<String>>,
    /// Links Telegram was asked about a moment ago.
    asked: HashMap<LinkId, UnixTime>,
}

impl Bot {
    /// A bot as the store knows it. Nothing is sent.
    pub(crate) fn new(
        known: &store::Bot,
        road: &Settings,
        store: Store,
        clock: Clock,
    ) -> Result<Self, CannotStart> {
        let token = Token::new(known.token.reveal()).map_err(|_| CannotStart::Token(known.id))?;
        let settings = Settings { limit: CALL_LIMIT, longest_wait: Duration::ZERO, ..road.clone() };
        let client = Client::new(token, &settings)?;
        let (id, username, added_at) = (known.id, known.username.clone(), known.added_at);
        Ok(Self { id, username, added_at, client, store, clock, patience: Arc::default() })
    }

    /// Makes a link.
    pub(crate) async fn create(&self, chat: ChatId, terms: &Terms) -> Asked<Link> {
        let name = Chat::from(chat);
        self.ask(CreateChatInviteLink::NAME, Some(chat), self.links().create(&name, terms)).await
    }

    /// Gives a link these terms.
    pub(crate) async fn edit(&self, chat: ChatId, link: &LinkUrl, edit: &Edit) -> Asked<Link> {
        let name = Chat::from(chat);
        self.ask(EditChatInviteLink::NAME, Some(chat), self.links().edit(&name, link, edit, None)).await
    }

    /// Ends a link.
    pub(crate) async fn revoke(&self, chat: ChatId, link: &LinkUrl) -> Asked<()> {
        let name = Chat::from(chat);
        let revoked = self.ask(RevokeChatInviteLink::NAME, Some(chat), self.links().revoke(&name, link));
        Ok(revoked.await?.map(drop))
    }

    /// What happened after the update that is `done`; Telegram may wait for it so long.
    pub(crate) async fn updates(&self, done: Option<i64>, seconds: u32) -> Asked<Vec<Update>> {
        let ear = self.client.updates(KINDS);
        self.ask(GetUpdates::NAME, None, ear.within(done, seconds)).await
    }

    /// What is no link operation.
    pub(crate) async fn call<M: Method>(&self, method: &M) -> Asked<M::Answer> {
        let chat = match method.chat() {
            Some(Chat::Id(chat)) => Some(*chat),
            Some(Chat::Name(_)) | None => None,
        };
        self.ask(M::NAME, chat, self.client.call(method)).await
    }

    /// Until when Telegram wants this held back, if it does.
    pub(crate) async fn held(
        &self,
        method: &'static str,
        chat: Option<ChatId>,
    ) -> store::Result<Option<UnixTime>> {
        self.store.held(self.id, method, chat, self.clock.now()).await
    }

    /// Asks, unless Telegram wants this held back. Should it want that from now on, it is written down before anything
    /// else, for every node and for whoever starts after us. There is no other way from here to Telegram.
    async fn ask<T>(
        &self,
        method: &'static str,
        chat: Option<ChatId>,
        call: impl Future<Output = links::Result<T>>,
    ) -> Asked<T> {
        if let Some(until) = self.held(method, chat).await? {
            let seconds = until.get().saturating_sub(self.clock.now().get());
            let seconds = u32::try_from(seconds.max(1)).unwrap_or(u32::MAX);
            return Ok(Err(links::Error::new(Kind::Wait { seconds })));
        }
        let answer = call.await;
        if let Err(error) = &answer
            && let Some(seconds) = wait_of(error)
        {
            // Our clock shows whole seconds; up to one of them is over already.
            let until = UnixTime::new(self.clock.now().get().saturating_add(i64::from(seconds) + 1));
            self.store.hold(self.id, method, chat, until).await?;
        }
        Ok(answer)
    }

    /// What makes and ends links.
    fn links(&self) -> &dyn Links {
        &self.client
    }

    /// Leaves something alone for a while after a failure. What Telegram itself asks to hold back is in the store.
    pub(crate) fn rest(&self, call: Call, until: UnixTime) {
        let mut patience = self.patience();
        let next = patience.rests.get(&call).map_or(0, |(_, next)| *next);
        patience.rests.insert(call, (until, next));
    }

    /// The same, for twice as long as the last time; answers for how many seconds. Nothing, if it rests already: calls that
    /// were under way together fail together.
    pub(crate) fn rest_longer(&self, call: Call, now: UnixTime, bounds: RangeInclusive<i64>) -> Option<i64> {
        let mut patience = self.patience();
        let (until, next) = patience.rests.get(&call).copied().unwrap_or((now, 0));
        if until > now {
            return None;
        }
        let seconds = next.clamp(*bounds.start(), *bounds.end());
        let until = UnixTime::new(now.get().saturating_add(seconds));
        patience.rests.insert(call, (until, seconds.saturating_mul(2)));
        Some(seconds)
    }

    pub(crate) fn rests(&self, call: Call, now: UnixTime) -> bool {
        self.patience().rests.get(&call).is_some_and(|(until, _)| *until > now)
    }

    /// It was done: should it fail again, that is another failure.
    pub(crate) fn done(&self, call: Call) {
        self.patience().rests.remove(&call);
    }

    /// Something changed in a chat: whatever failed there may be tried again.
    pub(crate) fn wake(&self, chat: ChatId) {
        self.patience().rests.retain(|call, _| call.chat != chat);
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
}

/// How long Telegram wants us to wait. Where an earlier try may have been carried out, that is not what the error says
/// first.
fn wait_of(error: &links::Error) -> Option<u32> {
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(error) = cause {
        if let Some(seconds) = error.downcast_ref().and_then(links::Error::retry_after_seconds) {
            return Some(seconds);
        }
        cause = error.source();
    }
    None
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
