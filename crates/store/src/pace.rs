//! Calls that Telegram wants held back, shared by every node.

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
    ALL_HELD = "select method, chat, until from holds where bot = $1 and until > $2 order by until";
    FORGET = "delete from holds where until <= $1";
}

/// Stands for calls that concern no chat. No chat has this number.
const NO_CHAT: i64 = 0;

/// A kind of call that is held back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hold {
    /// The method's name.
    pub method: String,
    /// In which chat, if it concerns one.
    pub chat: Option<ChatId>,
    /// Until when.
    pub until: UnixTime,
}

impl Store {
    /// Telegram wants these calls held back until then; never for less than it wanted before.
    pub async fn hold(&self, bot: UserId, method: &str, chat: Option<ChatId>, until: UnixTime) -> Result<()> {
        let method = method.to_owned();
        self.write(move |tx| tx.execute(HOLD, &[&bot, &method, &number(chat), &until]).map(drop)).await
    }

    /// Until when these calls are held back, if they are.
    pub async fn held(
        &self,
        bot: UserId,
        method: &str,
        chat: Option<ChatId>,
        now: UnixTime,
    ) -> Result<Option<UnixTime>> {
        let method = method.to_owned();
        let row = self.read(move |tx| tx.row(HELD, &[&bot, &method, &number(chat), &now])).await?;
        Ok(row.map(|(until,)| until))
    }

    /// Everything of a bot that is held back, what ends first before the rest.
    pub async fn holds(&self, bot: UserId, now: UnixTime) -> Result<Vec<Hold>> {
        let rows: Vec<(String, i64, UnixTime)> =
            self.read(move |tx| tx.rows(ALL_HELD, &[&bot, &now])).await?;
        let hold = |(method, chat, until)| Hold { method, chat: ChatId::new(chat).ok(), until };
        Ok(rows.into_iter().map(hold).collect())
    }
}

/// Forgets what is over.
pub(crate) fn forget(tx: &mut crate::connection::Tx<'_>, now: UnixTime) -> Result<()> {
    tx.execute(FORGET, &[&now]).map(drop)
}

fn number(chat: Option<ChatId>) -> i64 {
    chat.map_or(NO_CHAT, ChatId::get)
}
