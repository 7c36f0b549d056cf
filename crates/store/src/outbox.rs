//! What has to be done at Telegram besides links, such as messages and removals, each by one node at a time.

use crate::connection::Tx;
use crate::seal::Place;
use crate::statements::statements;
use crate::{ErrandId, Keyring, Result, Store, keys};
use links::{UnixTime, UserId};
use std::fmt;

statements! {
    ADD = "insert into outbox (bot, what, body, due_at) values ($1, $2, $3, $4) returning id";
    TAKE = "
        update outbox set taken_by = $1, taken_until = $2, tries = tries + 1
        where taken_until <= $3 and due_at <= $3 and id in (
            select id from outbox
            where bot = $4 and due_at <= $3 and taken_until <= $3
            order by due_at, id
            limit $5)
        returning id, what, body, tries";
    DONE = "delete from outbox where id = $1";
    LATER = "update outbox set due_at = $1, taken_until = 0 where id = $2";
}

/// Something to do that is decided with something else: it is written down with that, or not at all.
#[derive(Clone, PartialEq, Eq)]
pub struct NewErrand {
    /// What kind of thing.
    pub what: &'static str,
    /// All that has to be known for it.
    pub body: Vec<u8>,
}

/// A body may hold a link.
impl fmt::Debug for NewErrand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewErrand({})", self.what)
    }
}

/// Something to do that was taken.
#[derive(Clone, PartialEq, Eq)]
pub struct Errand {
    /// Its row.
    pub id: ErrandId,
    /// What kind of thing.
    pub what: String,
    /// All that has to be known for it.
    pub body: Vec<u8>,
    /// How often it was taken, this time included.
    pub tries: u32,
}

/// A body may hold a link.
impl fmt::Debug for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Errand({}, {}, try {})", self.id, self.what, self.tries)
    }
}

impl Store {
    /// Something has to be done, not before `due_at`.
    pub async fn send_out(&self, bot: UserId, errand: NewErrand, due_at: UnixTime) -> Result<ErrandId> {
        let keys = self.keys().clone();
        self.write(move |tx| add(tx, &keys, bot, &errand, due_at)).await
    }

    /// Takes what is due, the longest due first. It is ours until `until`; if it is not done by then, others take it.
    pub async fn take_errands(
        &self,
        bot: UserId,
        holder: &str,
        limit: u32,
        now: UnixTime,
        until: UnixTime,
    ) -> Result<Vec<Errand>> {
        let holder = holder.to_owned();
        let rows: Vec<(ErrandId, String, Vec<u8>, u32)> =
            self.write(move |tx| tx.rows(TAKE, &[&holder, &until, &now, &bot, &limit])).await?;
        let mut errands = rows
            .into_iter()
            .filter_map(|(id, what, sealed, tries)| match self.keys().open(place(&what), &sealed) {
                Ok(body) => Some(Errand { id, what, body, tries }),
                // It waits for its key, and holds up no other.
                Err(why) => {
                    tracing::error!(errand = id.get(), error = %why, "an errand cannot be opened");
                    None
                }
            })
            .collect::<Vec<_>>();
        errands.sort_by_key(|errand| errand.id);
        Ok(errands)
    }

    /// It is done, or will never be.
    pub async fn errand_done(&self, id: ErrandId) -> Result<()> {
        self.write(move |tx| tx.execute(DONE, &[&id]).map(drop)).await
    }

    /// It has to be tried again, not before `due_at`.
    pub async fn errand_later(&self, id: ErrandId, due_at: UnixTime) -> Result<()> {
        self.write(move |tx| tx.execute(LATER, &[&due_at, &id]).map(drop)).await
    }
}

/// Writes it down with whatever else this transaction does.
pub(crate) fn add(
    tx: &mut Tx<'_>,
    keys: &Keyring,
    bot: UserId,
    NewErrand { what, body }: &NewErrand,
    due_at: UnixTime,
) -> Result<ErrandId> {
    keys::expect_current(tx, keys)?;
    let sealed = keys.seal(place(what), body);
    Ok(tx.one::<(ErrandId,)>(ADD, &[&bot, what, &sealed, &due_at])?.0)
}

pub(crate) fn place(what: &str) -> Place<'_> {
    Place { table: "outbox", column: "body", row: what }
}
