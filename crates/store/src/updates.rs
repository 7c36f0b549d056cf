//! What Telegram tells us, taken in once however often it is told.

use crate::connection::Tx;
use crate::seal;
use crate::statements::statements;
use crate::{LinkId, Marker, PassId, Result, Store};
use links::{ChatId, LinkHash, UnixTime, UserId};

statements! {
    TAKE_IN = "
        insert into inbox (bot, update_id, received_at)
        values ($1, $2, $3)
        on conflict (bot, update_id) do nothing";
    LINK_BY_HASH = "select id, pass from links where hash = $1";
    LINK_BY_MARKER = "select id, pass from links where marker = $1";
    SEE = "
        insert into sightings (chat, person, at, update_id, what, link, pass)
        values ($1, $2, $3, $4, $5, $6, $7)";
    USE_LINK = "
        update links set
            used_at = $1, used_by = $2,
            revoke_wanted_at = case when revoke_wanted_at < $1 then revoke_wanted_at else $1 end
        where id = $3 and used_at is null";
    USE_ENTRY = "
        update entries set state = 'used', used_at = $1, used_by = $2
        where pass = $3 and chat = $4 and state in ('granted', 'issued', 'expired')";
}

/// An update as it came, and what it means.
#[derive(Clone, Debug)]
pub struct Update {
    /// Telegram's number for it.
    pub id: i64,
    /// When we had it.
    pub received_at: UnixTime,
    /// What it means.
    pub effect: Effect,
}

/// What an update means to us.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Somebody came in.
    Joined {
        /// Where.
        chat: ChatId,
        /// Who.
        person: UserId,
        /// When.
        at: UnixTime,
        /// By which link, as far as it was told.
        by: By,
    },
    /// Nothing; it is only remembered that it came.
    None,
}

/// By what a link is known again.
#[derive(Clone, Default, Debug)]
pub struct By {
    /// The name it bears.
    pub marker: Option<Marker>,
    /// What stands after `t.me/+`, where it was told whole.
    pub hash: Option<LinkHash>,
}

/// What an update did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It came before.
    Repeated,
    /// It was written down, and concerns no link of ours.
    Noted,
    /// The person of a pass is in.
    Entered {
        /// The pass.
        pass: PassId,
        /// The link, which is now to be revoked.
        link: LinkId,
    },
}

impl Store {
    /// Takes updates in, with what they change, in one transaction. Answers for each what it did; after that they may be
    /// acknowledged.
    pub async fn take_in(&self, bot: UserId, updates: Vec<Update>) -> Result<Vec<Outcome>> {
        self.write(move |tx| updates.iter().map(|update| take_in(tx, bot, update)).collect()).await
    }
}

fn take_in(tx: &mut Tx<'_>, bot: UserId, update: &Update) -> Result<Outcome> {
    if tx.execute(TAKE_IN, &[&bot, &update.id, &update.received_at])? == 0 {
        return Ok(Outcome::Repeated);
    }
    match &update.effect {
        Effect::Joined { chat, person, at, by } => joined(tx, update.id, *chat, *person, *at, by),
        Effect::None => Ok(Outcome::Noted),
    }
}

fn joined(
    tx: &mut Tx<'_>,
    update_id: i64,
    chat: ChatId,
    person: UserId,
    at: UnixTime,
    by: &By,
) -> Result<Outcome> {
    let found = find_link(tx, by)?;
    let (link, pass) = (found.map(|(link, _)| link), found.and_then(|(_, pass)| pass));
    tx.execute(SEE, &[&chat, &person, &at, &update_id, &"joined", &link, &pass])?;
    let Some(link) = link else { return Ok(Outcome::Noted) };
    tx.execute(USE_LINK, &[&at, &person, &link])?;
    let Some(pass) = pass else { return Ok(Outcome::Noted) };
    tx.execute(USE_ENTRY, &[&at, &person, &pass, &chat])?;
    Ok(Outcome::Entered { pass, link })
}

fn find_link(tx: &mut Tx<'_>, by: &By) -> Result<Option<(LinkId, Option<PassId>)>> {
    if let Some(hash) = &by.hash
        && let Some(found) = tx.row(LINK_BY_HASH, &[&seal::hash_of_link(hash)])?
    {
        return Ok(Some(found));
    }
    match &by.marker {
        Some(marker) => tx.row(LINK_BY_MARKER, &[marker]),
        None => Ok(None),
    }
}
