//! What Telegram asked us to hold back, remembered for every node and over every restart.

use crate::statements::statements;
use crate::{Result, Store};
use links::{ChatId, UnixTime, UserId};

statements! {
    HOLD = "
        insert into holds (bot, method, chat, until)
        values ($1, $2, $3, $4)
        on conflict (bot, method, chat) do update set until = excluded.until
        where holds.until < excluded.until";
    HELD = "select until from holds where bot = $1 and method = $2 and chat = $3 and until > $4";
}

/// Calls that concern no chat are held back under this number, which no chat has.
const NO_CHAT: i64 = 0;

impl Store {
    /// Holds a method back in a chat; never for less than before.
    pub async fn hold(
        &self,
        bot: UserId,
        method: &'static str,
        chat: Option<ChatId>,
        until: UnixTime,
    ) -> Result<()> {
        let chat = number(chat);
        self.write(move |tx| tx.execute(HOLD, &[&bot, &method, &chat, &until]).map(drop)).await
    }

    /// Until when a method is held back in a chat, if `now` it still is.
    pub async fn held(
        &self,
        bot: UserId,
        method: &'static str,
        chat: Option<ChatId>,
        now: UnixTime,
    ) -> Result<Option<UnixTime>> {
        let chat = number(chat);
        let until: Option<(UnixTime,)> =
            self.read(move |tx| tx.row(HELD, &[&bot, &method, &chat, &now])).await?;
        Ok(until.map(|(until,)| until))
    }
}

fn number(chat: Option<ChatId>) -> i64 {
    chat.map_or(NO_CHAT, ChatId::get)
}
