//! Bots and their tokens.

use crate::audit::{self, Deed};
use crate::connection::Tx;
use crate::seal::Place;
use crate::statements::statements;
use crate::{Error, Keyring, Result, Store, keys};
use links::{UnixTime, UserId};
use std::fmt;

statements! {
    REMEMBER = "
        insert into bots (id, username, token, added_at)
        values ($1, $2, $3, $4)
        on conflict (id) do update set username = excluded.username, token = excluded.token, dead_at = null";
    FORGET = "
        delete from bots
        where id = $1
            and not exists (select 1 from gates where bot = $1 and state = 'open')
            and not exists (
                select 1 from links
                where bot = $1 and state = 'given' and revoked_at is null and expires_at > $2)
            and not exists (
                select 1 from strangers s
                join links l on l.id = s.link
                where l.bot = $1 and s.settled_at is null)";
    OPEN_GATES = "select slug from gates where bot = $1 and state = 'open' order by slug";
    UNFINISHED = "
        select
            (select count(*) from links
                where bot = $1 and state = 'given' and revoked_at is null and expires_at > $2),
            (select count(*) from strangers s
                join links l on l.id = s.link
                where l.bot = $1 and s.settled_at is null)";
    FORGET_ERRANDS = "delete from outbox where bot = $1";
    ALL = "select id, username, token, dead_at, heard_at from bots order by id";
    ONE = "select id, username, token, dead_at, heard_at from bots where id = $1";
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
    /// Since when Telegram refuses the token.
    pub dead_at: Option<UnixTime>,
    /// Everything that happened before then was told to us, or is doubted where it was not.
    pub heard_at: Option<UnixTime>,
}

/// What became of a bot that was to be forgotten.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Forgotten {
    /// It is, and its token with it.
    Forgotten,
    /// It was not known.
    Unknown,
    /// These gates are open, and nobody else makes their links.
    Open(Vec<String>),
    /// Nobody else could end these links, or remove these strangers.
    Unfinished {
        /// Links that were given to somebody and may work still.
        links: u32,
        /// People who came in by somebody else's link, and with whom nobody has dealt.
        strangers: u32,
    },
}

type Row = (UserId, String, Vec<u8>, Option<UnixTime>, Option<UnixTime>);

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

    /// Forgets a bot that nobody needs: its token, what it is in its chats, and what it was to say.
    pub async fn forget_bot(&self, id: UserId, who: &str, now: UnixTime) -> Result<Forgotten> {
        let who = who.to_owned();
        self.write(move |tx| {
            if tx.execute(FORGET, &[&id, &now])? == 0 {
                // If nothing is in the way any more, trying again will tell.
                return needed(tx, id, now)?.ok_or(Error::Contended);
            }
            tx.execute(FORGET_ERRANDS, &[&id])?;
            audit::record(tx, Deed::ForgetBot, &who, &id.to_string(), now)?;
            Ok(Forgotten::Forgotten)
        })
        .await
    }

    /// Why this bot would not be forgotten, if so.
    pub async fn cannot_forget(&self, id: UserId, now: UnixTime) -> Result<Option<Forgotten>> {
        self.read(move |tx| needed(tx, id, now)).await
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

/// Why a bot is not forgotten.
fn needed(tx: &mut Tx<'_>, id: UserId, now: UnixTime) -> Result<Option<Forgotten>> {
    if tx.row::<Row>(ONE, &[&id])?.is_none() {
        return Ok(Some(Forgotten::Unknown));
    }
    let open: Vec<(String,)> = tx.rows(OPEN_GATES, &[&id])?;
    if !open.is_empty() {
        return Ok(Some(Forgotten::Open(open.into_iter().map(|(slug,)| slug).collect())));
    }
    let (links, strangers) = tx.one(UNFINISHED, &[&id, &now])?;
    Ok((links > 0 || strangers > 0).then_some(Forgotten::Unfinished { links, strangers }))
}

fn open(keys: &Keyring, (id, username, sealed, dead_at, heard_at): Row) -> Result<Bot> {
    let token = Token::new(keys.open_text(place(&id.to_string()), &sealed)?);
    Ok(Bot { id, username, token, dead_at, heard_at })
}

pub(crate) fn place(id: &str) -> Place<'_> {
    Place { table: "bots", column: "token", row: id }
}
