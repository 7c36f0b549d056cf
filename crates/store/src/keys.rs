//! Another key: everything that is sealed is sealed anew, a little at a time, while the store is used.

use crate::audit::{self, Deed};
use crate::connection::Tx;
use crate::seal::{CannotOpen, Place, sealed_with};
use crate::statements::statements;
use crate::{Error, Keyring, Result, Store};
use crate::{bots, foreign, gates, ledger, outbox};
use links::UnixTime;

statements! {
    OLD_TOKENS = "
        select id, cast(id as text) as name, token from bots
        where substr(token, 1, 4) <> $1
        order by id limit $2";
    OLD_GATES = "
        select id, slug, definition from gates
        where substr(definition, 1, 4) <> $1
        order by id limit $2";
    OLD_LINKS = "
        select id, marker, url from links
        where id > $1 and url is not null and substr(url, 1, 4) <> $2
        order by id limit $3";
    OLD_FOREIGN_LINKS = "
        select id, cast(id as text) as name, url from foreign_links
        where substr(url, 1, 4) <> $1
        order by id limit $2";
    OLD_ERRANDS = "
        select id, what, body from outbox
        where substr(body, 1, 4) <> $1
        order by id limit $2";
    CHECK = "select value from meta where name = 'seal'";
    OLD_CHECK = "select value from meta where name = 'seal' and substr(value, 1, 4) <> $1";
    NEW_TOKEN = "update bots set token = $1 where id = $2 and token = $3";
    NEW_GATE = "update gates set definition = $1 where id = $2 and definition = $3";
    NEW_LINK = "update links set url = $1 where id = $2 and url = $3";
    NEW_FOREIGN_LINK = "update foreign_links set url = $1 where id = $2 and url = $3";
    NEW_ERRAND = "update outbox set body = $1 where id = $2 and body = $3";
    NEW_CHECK = "update meta set value = $1 where name = 'seal' and value = $2";
}

/// Rows that are sealed anew in one transaction: little enough that nobody waits noticeably.
const CHUNK: u32 = 200;

type Row = (i64, String, Vec<u8>);

impl Store {
    /// Seals everything anew with the newest key, after which the older ones are needed no more. Answers how many rows
    /// that were. Safe to break off and to repeat.
    pub async fn reseal(&self, who: &str, now: UnixTime) -> Result<u64> {
        // Whoever has only older keys seals nothing from here on, so nothing is left behind.
        let keys = self.keys().clone();
        self.write(move |tx| reseal_check(tx, &keys)).await?;
        let mut sealed = 0;
        for table in [Table::Bots, Table::Gates, Table::Links, Table::ForeignLinks, Table::Outbox] {
            let mut after = 0;
            loop {
                let keys = self.keys().clone();
                let (some, last) = self.write(move |tx| reseal_some(tx, &keys, table, after)).await?;
                sealed += some;
                match last {
                    Some(last) => after = last,
                    None => break,
                }
            }
        }
        let (who, about) = (who.to_owned(), format!("key {}", self.keys().newest_id()));
        self.write(move |tx| audit::record(tx, Deed::RotateKeys, &who, &about, now)).await?;
        Ok(sealed)
    }
}

/// The same for PostgreSQL: a rotation waits until what is being sealed is written down, and so finds it.
const CHECK_AND_HOLD: &str = "select value from meta where name = 'seal' for share";

/// Refuses whoever has only older keys than those that seal now: what they sealed, nobody could open.
pub(crate) fn expect_current(tx: &mut Tx<'_>, keys: &Keyring) -> Result<()> {
    let statement = if tx.is_alone() { CHECK } else { CHECK_AND_HOLD };
    let (sealed,): (Vec<u8>,) = tx.one(statement, &[])?;
    let id = sealed_with(&sealed)?;
    if keys.ids().contains(&id) { Ok(()) } else { Err(CannotOpen::NoSuchKey(id).into()) }
}

#[derive(Clone, Copy)]
enum Table {
    Bots,
    Gates,
    Links,
    ForeignLinks,
    Outbox,
}

impl Table {
    fn place(self, row: &str) -> Place<'_> {
        match self {
            Self::Bots => bots::place(row),
            Self::Gates => gates::place(row),
            Self::Links => ledger::place(row),
            Self::ForeignLinks => foreign::place(row),
            Self::Outbox => outbox::place(row),
        }
    }
}

/// Seals some rows anew, and answers the last of them if there may be more.
fn reseal_some(tx: &mut Tx<'_>, keys: &Keyring, table: Table, after: i64) -> Result<(u64, Option<i64>)> {
    let newest = keys.newest_id().to_be_bytes().to_vec();
    let rows: Vec<Row> = match table {
        Table::Bots => tx.rows(OLD_TOKENS, &[&newest, &CHUNK])?,
        Table::Gates => tx.rows(OLD_GATES, &[&newest, &CHUNK])?,
        Table::Links => tx.rows(OLD_LINKS, &[&after, &newest, &CHUNK])?,
        Table::ForeignLinks => tx.rows(OLD_FOREIGN_LINKS, &[&newest, &CHUNK])?,
        Table::Outbox => tx.rows(OLD_ERRANDS, &[&newest, &CHUNK])?,
    };
    for (id, row, old) in &rows {
        let place = table.place(row);
        let new = keys.seal(place, &keys.open(place, old)?);
        let statement = match table {
            Table::Bots => NEW_TOKEN,
            Table::Gates => NEW_GATE,
            Table::Links => NEW_LINK,
            Table::ForeignLinks => NEW_FOREIGN_LINK,
            Table::Outbox => NEW_ERRAND,
        };
        if tx.execute(statement, &[&new, id, old])? == 0 {
            return Err(Error::Contended);
        }
    }
    Ok((rows.len() as u64, rows.last().map(|(id, _, _)| *id)))
}

fn reseal_check(tx: &mut Tx<'_>, keys: &Keyring) -> Result<()> {
    let newest = keys.newest_id().to_be_bytes().to_vec();
    if let Some((old,)) = tx.row::<(Vec<u8>,)>(OLD_CHECK, &[&newest])? {
        debug_assert_ne!(sealed_with(&old).ok(), Some(keys.newest_id()));
        let new = keys.seal(crate::CHECK, &keys.open(crate::CHECK, &old)?);
        tx.execute(NEW_CHECK, &[&new, &old])?;
    }
    Ok(())
}
