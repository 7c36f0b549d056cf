//! The bots we hold tokens of: their links through `dyn Links`, and what is no link operation beside it.

use links::{Links, UserId};
use std::time::Duration;
use telegram::bot_api::methods::GetMe;
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
}

impl Bot {
    /// A bot of this token. Nothing is sent.
    pub(crate) fn new(id: UserId, token: Token, road: &Settings) -> Result<Self, BadSettings> {
        let settings = Settings { limit: CALL_LIMIT, longest_wait: Duration::ZERO, ..road.clone() };
        Ok(Self { id, client: Client::new(token, &settings)? })
    }

    /// What makes and ends links.
    pub(crate) fn links(&self) -> &dyn Links {
        &self.client
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
