//! The ledger of links: each is written down before Telegram is asked for it, waits in a pool or for a pass, and is
//! followed to its end.

use crate::connection::Tx;
use crate::seal::{self, Place};
use crate::statements::statements;
use crate::{GateId, LinkId, Marker, PassId, Result, Store};
use links::{ChatId, LinkHash, LinkUrl, UnixTime, UserId};

statements! {
    INTEND = "
        insert into links (gate, chat, bot, marker, fence, state, expires_at, intended_at)
        values ($1, $2, $3, $4, $5, 'making', $6, $7)
        returning id";
    TURN = "update gates set turns = turns + 1 where id = (select gate from links where id = $1)";
    FREE = "
        update links set state = 'free', url = $1, hash = $2, made_at = $3
        where id = $4 and state = 'making'
        returning gate, chat, marker, expires_at";
    TOO_LATE = "
        update links set url = $1, hash = $2, made_at = $3, revoke_wanted_at = $3
        where id = $4 and url is null";
    LONGEST_WAITING = "
        select pass, generation from entries
        where gate = $1 and chat = $2 and state = 'granted'
        order by queued_at, pass
        limit 1";
    GIVE = "update links set state = 'given', pass = $1, generation = $2, given_at = $3 where id = $4";
    ISSUE = "
        update entries set state = 'issued', link = $1, issued_at = $2, expires_at = $3
        where pass = $4 and chat = $5 and state = 'granted'";
    MARKER = "select marker from links where id = $1";
    NOT_MADE = "update links set state = $1 where id = $2 and state = 'making'";
    LOSE_EARLIER = "update links set state = 'lost' where bot = $1 and state = 'making' and fence < $2";
    STOCK = "
        select
            (select count(*) from links where gate = $1 and chat = $2 and state = 'free' and expires_at >= $3),
            (select count(*) from entries where gate = $1 and chat = $2 and state = 'granted'),
            (select count(*) from links where bot = $4 and gate = $1 and chat = $2 and state = 'making')";
    TO_REVOKE = "
        select id, chat, marker, url from links
        where bot = $1 and revoke_wanted_at is not null and revoked_at is null and url is not null
        order by revoke_wanted_at, id
        limit $2";
    REVOKED = "update links set revoked_at = $1 where id = $2 and revoked_at is null";
}

/// A link somebody is about to ask Telegram for.
#[derive(Clone, Copy, Debug)]
pub struct Intent {
    /// For which gate.
    pub gate: GateId,
    /// Into which chat.
    pub chat: ChatId,
    /// By which bot.
    pub bot: UserId,
    /// The name it will bear.
    pub marker: Marker,
    /// The fence of the lease under which links are made for this bot.
    pub fence: i64,
    /// When it ends.
    pub expires_at: UnixTime,
}

/// What became of a link that was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Made {
    /// Whoever waited longest has it.
    GivenTo(PassId),
    /// It waits in the pool.
    Pooled,
    /// It was given up meanwhile; it will be revoked, and nobody sees it.
    TooLate,
}

/// How many links of a gate there are for a chat, and how many are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stock {
    /// In the pool, with enough of their life left.
    pub free: u32,
    /// Passes that wait for one.
    pub waiting: u32,
    /// Asked for at this moment.
    pub in_making: u32,
}

/// A link that has to end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToRevoke {
    /// Its row.
    pub link: LinkId,
    /// Its chat.
    pub chat: ChatId,
    /// Its text.
    pub url: LinkUrl,
}

impl Store {
    /// Writes down that a link is about to be asked for. Only then is Telegram asked.
    pub async fn intend(&self, intent: Intent, now: UnixTime) -> Result<LinkId> {
        let Intent { gate, chat, bot, marker, fence, expires_at } = intent;
        self.write(move |tx| {
            Ok(tx.one::<(LinkId,)>(INTEND, &[&gate, &chat, &bot, &marker, &fence, &expires_at, &now])?.0)
        })
        .await
    }

    /// Telegram made the link: whoever waits longest has it, or the pool. `hash` is that of `url`.
    pub async fn made(&self, link: LinkId, url: &LinkUrl, hash: &LinkHash, now: UnixTime) -> Result<Made> {
        let hash = seal::hash_of_link(hash);
        let keys = self.keys().clone();
        let url = url.clone();
        self.write(move |tx| {
            // Without the turn, a pass could begin to wait while we find that nobody does.
            tx.execute(TURN, &[&link])?;
            let (marker,): (Marker,) = tx.one(MARKER, &[&link])?;
            let sealed = keys.seal(url_place(&marker), url.as_str().as_bytes());
            let freed: Option<Freed> = tx.row(FREE, &[&sealed, &hash, &now, &link])?;
            match freed {
                Some(freed) => hand_on(tx, link, freed, now),
                None => {
                    tx.execute(TOO_LATE, &[&sealed, &hash, &now, &link])?;
                    Ok(Made::TooLate)
                }
            }
        })
        .await
    }

    /// Nobody knows whether Telegram made the link. It was never shown and is not used; a new one is asked for under a
    /// new marker.
    pub async fn lost(&self, link: LinkId) -> Result<()> {
        self.not_made(link, "lost").await
    }

    /// Telegram refused to make the link.
    pub async fn refused(&self, link: LinkId) -> Result<()> {
        self.not_made(link, "refused").await
    }

    async fn not_made(&self, link: LinkId, state: &'static str) -> Result<()> {
        self.write(move |tx| tx.execute(NOT_MADE, &[&state, &link]).map(drop)).await
    }

    /// Gives up what earlier holders of the bot's lease asked for and never told of. Answers how many.
    pub async fn lose_earlier(&self, bot: UserId, fence: i64) -> Result<u64> {
        self.write(move |tx| tx.execute(LOSE_EARLIER, &[&bot, &fence])).await
    }

    /// How many links there are and how many are wanted. One that ends before `alive_until` does not count as free.
    pub async fn stock(
        &self,
        gate: GateId,
        chat: ChatId,
        bot: UserId,
        alive_until: UnixTime,
    ) -> Result<Stock> {
        let (free, waiting, in_making) =
            self.read(move |tx| tx.one(STOCK, &[&gate, &chat, &alive_until, &bot])).await?;
        Ok(Stock { free, waiting, in_making })
    }

    /// Links of a bot that have to end, those first that waited longest.
    pub async fn to_revoke(&self, bot: UserId, limit: u32) -> Result<Vec<ToRevoke>> {
        let rows: Vec<(LinkId, ChatId, Marker, Vec<u8>)> =
            self.read(move |tx| tx.rows(TO_REVOKE, &[&bot, &limit])).await?;
        rows.into_iter()
            .map(|(link, chat, marker, sealed)| {
                let url = LinkUrl::new(self.keys().open_text(url_place(&marker), &sealed)?);
                Ok(ToRevoke { link, chat, url })
            })
            .collect()
    }

    /// Telegram revoked the link, or said that it was dead already.
    pub async fn revoked(&self, link: LinkId, at: UnixTime) -> Result<()> {
        self.write(move |tx| tx.execute(REVOKED, &[&at, &link]).map(drop)).await
    }
}

type Freed = (GateId, ChatId, Marker, UnixTime);

/// Gives a free link to whoever waits longest.
pub(crate) fn hand_on(tx: &mut Tx<'_>, link: LinkId, freed: Freed, now: UnixTime) -> Result<Made> {
    let (gate, chat, _, expires_at) = freed;
    let waiting: Option<(PassId, u32)> = tx.row(LONGEST_WAITING, &[&gate, &chat])?;
    let Some((pass, generation)) = waiting else { return Ok(Made::Pooled) };
    tx.execute(GIVE, &[&pass, &generation, &now, &link])?;
    tx.execute(ISSUE, &[&link, &now, &expires_at, &pass, &chat])?;
    Ok(Made::GivenTo(pass))
}

pub(crate) fn url_place(marker: &Marker) -> Place<'_> {
    Place { table: "links", column: "url", row: marker.as_str() }
}
