//! The bots we hold tokens of.

use crate::seal::Place;
use crate::statements::statements;
use crate::{Keyring, Result, Store};
use links::{UnixTime, UserId};

statements! {
    REMEMBER = "
        insert into bots (id, username, token, added_at)
        values ($1, $2, $3, $4)
        on conflict (id) do update set
            username = excluded.username,
            token = excluded.token,
            dead_at = null";
    ALL = "select id, username, token, dead_at from bots order by id";
    DIED = "update bots set dead_at = $1 where id = $2 and dead_at is null";
}

/// A bot, with what proves to Telegram that we are it.
#[derive(Clone)]
pub struct Bot {
    /// Telegram's number for it.
    pub id: UserId,
    /// The name people know it by.
    pub username: String,
    /// Its token.
    pub token: String,
    /// Since when Telegram does not take the token any more.
    pub dead_at: Option<UnixTime>,
}

impl std::fmt::Debug for Bot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bot({})", self.id)
    }
}

impl Store {
    /// Keeps a bot's token, which Telegram has just accepted.
    pub async fn remember_bot(&self, id: UserId, username: &str, token: &str, now: UnixTime) -> Result<()> {
        let sealed = self.keys().seal(place(&id.to_string()), token.as_bytes());
        let username = username.to_owned();
        self.write(move |tx| tx.execute(REMEMBER, &[&id, &username, &sealed, &now]).map(drop)).await
    }

    /// Every bot.
    pub async fn bots(&self) -> Result<Vec<Bot>> {
        let rows: Vec<Row> = self.read(|tx| tx.rows(ALL, &[])).await?;
        rows.into_iter().map(|row| open(self.keys(), row)).collect()
    }

    /// Telegram does not take this bot's token any more.
    pub async fn token_died(&self, id: UserId, now: UnixTime) -> Result<()> {
        self.write(move |tx| tx.execute(DIED, &[&now, &id]).map(drop)).await
    }
}

type Row = (UserId, String, Vec<u8>, Option<UnixTime>);

fn open(keys: &Keyring, (id, username, sealed, dead_at): Row) -> Result<Bot> {
    let token = keys.open_text(place(&id.to_string()), &sealed)?;
    Ok(Bot { id, username, token, dead_at })
}

fn place(id: &str) -> Place<'_> {
    Place { table: "bots", column: "token", row: id }
}
