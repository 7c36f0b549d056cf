//! The bots we hold tokens of: their links through `dyn Links`, and what is no link operation beside it.

use links::{ChatId, Links, UnixTime, UserId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use telegram::bot_api::methods::{GetMe, Method};
use telegram::bot_api::types::Me;
use telegram::bot_api::updates::{KINDS, Updates};
use telegram::bot_api::{BadSettings, Client, Settings, Token};

/// How long one call may take. What Telegram asks us to wait is not sat out inside it: that is remembered in the
/// store, where a restart and the other nodes find it.
const CALL_LIMIT: Duration = Duration::from_secs(20);

/// A bot and the way to Telegram in its name.
#[derive(Clone)]
pub(crate) struct Bot {
    pub(crate) id: UserId,
    client: Client,
    rests: Arc<Mutex<HashMap<(&'static str, ChatId), UnixTime>>>,
}

impl Bot {
    /// A bot of this token. Nothing is sent.
    pub(crate) fn new(id: UserId, token: Token, road: &Settings) -> Result<Self, BadSettings> {
        let settings = Settings { limit: CALL_LIMIT, longest_wait: Duration::ZERO, ..road.clone() };
        Ok(Self { id, client: Client::new(token, &settings)?, rests: Arc::default() })
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
        let mut rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        rests.insert((method, chat), until);
    }

    pub(crate) fn rests(&self, method: &'static str, chat: ChatId, now: UnixTime) -> bool {
        let rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        rests.get(&(method, chat)).is_some_and(|until| *until > now)
    }

    /// Something changed in a chat: whatever failed there may be tried again.
    pub(crate) fn wake(&self, chat: ChatId) {
        let mut rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        rests.retain(|(_, resting), _| *resting != chat);
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
