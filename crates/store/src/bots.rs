//! Bots and their tokens.

use crate::audit::{self, Deed};
use crate::seal::Place;
use crate::statements::statements;
use crate::{Keyring, Result, Store, keys};
use links::{UnixTime, UserId};
use std::fmt;

statements! {
    REMEMBER = "
        insert into bots (id, username, token, added_at)
        values ($1, $2, $3, $4)
        on conflict (id) do update set username = excluded.username, token = excluded.token, dead_at = null";
    FORGET = "delete from bots where id = $1";
    ALL = "select id, username, token, added_at, dead_at, heard_at from bots order by id";
    ONE = "select id, username, token, added_at, dead_at, heard_at from bots where id = $1";
    DEAD = "update bots set dead_at = $1 where id = $2 and dead_at is null";
    ALIVE = "update bots set dead_at = null where id = $1 and dead_at is not null";
}

/// A bot's token. A debug print says nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes the text as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The token itself, for whoever sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// A bot we hold the token of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bot {
    /// Telegram's number for it.
    pub id: UserId,
    /// Its public name, without `@`.
    pub username: String,
    /// Its token.
    pub token: Token,
    /// Since when it is known here.
    pub added_at: UnixTime,
    /// Since when Telegram refuses the token.
    pub dead_at: Option<UnixTime>,
    /// Everything that happened before then was told to us, or is doubted where it was not.
    pub heard_at: Option<UnixTime>,
}

type Row = (UserId, String, Vec<u8>, UnixTime, Option<UnixTime>, Option<UnixTime>);

impl Store {
    /// Remembers a bot, or its new token.
    pub async fn remember_bot(
        &self,
        id: UserId,
        username: &str,
        token: &Token,
        who: &str,
        now: UnixTime,
    ) -> Result<()> {
        let sealed = self.keys().seal(place(&id.to_string()), token.reveal().as_bytes());
        let (username, who) = (username.to_owned(), who.to_owned());
        let keys = self.keys().clone();
        self.write(move |tx| {
            keys::expect_current(tx, &keys)?;
            tx.execute(REMEMBER, &[&id, &username, &sealed, &now])?;
            audit::record(tx, Deed::AddBot, &who, &id.to_string(), now)
        })
        .await
    }

    /// Forgets a bot, its token and what it is in its chats. Tells whether it was known.
    pub async fn forget_bot(&self, id: UserId, who: &str, now: UnixTime) -> Result<bool> {
        let who = who.to_owned();
        self.write(move |tx| {
            let was_known = tx.execute(FORGET, &[&id])? == 1;
            if was_known {
                audit::record(tx, Deed::ForgetBot, &who, &id.to_string(), now)?;
            }
            Ok(was_known)
        })
        .await
    }

    /// Every bot.
    pub async fn bots(&self) -> Result<Vec<Bot>> {
        let rows = self.read(|tx| tx.rows::<Row>(ALL, &[])).await?;
        rows.into_iter().map(|row| open(self.keys(), row)).collect()
    }

    /// One bot.
    pub async fn bot(&self, id: UserId) -> Result<Option<Bot>> {
        let row = self.read(move |tx| tx.row::<Row>(ONE, &[&id])).await?;
        row.map(|row| open(self.keys(), row)).transpose()
    }

    /// Telegram refused the token. Tells whether that is news.
    pub async fn bot_died(&self, id: UserId, at: UnixTime) -> Result<bool> {
        self.write(move |tx| Ok(tx.execute(DEAD, &[&at, &id])? == 1)).await
    }

    /// Telegram took the token. Tells whether that is news.
    pub async fn bot_lives(&self, id: UserId) -> Result<bool> {
        self.write(move |tx| Ok(tx.execute(ALIVE, &[&id])? == 1)).await
    }
}

fn open(keys: &Keyring, (id, username, sealed, added_at, dead_at, heard_at): Row) -> Result<Bot> {
    let token = Token::new(keys.open_text(place(&id.to_string()), &sealed)?);
    Ok(Bot { id, username, token, added_at, dead_at, heard_at })
}

pub(crate) fn place(id: &str) -> Place<'_> {
    Place { table: "bots", column: "token", row: id }
}
