//! A person is forgotten: wherever their number stands, a number stands that is nobody's. So what they used stays used,
//! whoever came by their link is still not them, and nothing tells who they were.

use crate::audit::{self, Deed};
use crate::connection::Tx;
use crate::statements::statements;
use crate::{Error, GateId, PassId, Result, Store};
use crate::{gates, passes, updates};
use links::{ChatId, UnixTime, UserId};
use std::collections::BTreeSet;

statements! {
    KNOWN = "
        select count(*) from (
            select 1 from passes where person = $1
            union all select 1 from entries where used_by = $1
            union all select 1 from links where used_by = $1
            union all select 1 from attempts where person = $1
            union all select 1 from account_attempts where person = $1
            union all select 1 from sightings where person = $1
            union all select 1 from foreign_links where creator = $1
            union all select 1 from chats where owner = $1
            union all select 1 from strangers where person = $1) as places";
    STRANGER_IN = "
        select distinct chat from strangers
        where person = $1 and settled_at is null
        order by chat";
    GATES = "select id from gates order by id";
    OPEN_PASSES = "
        select distinct p.id
        from passes p
        join entries e on e.pass = p.id
        where p.person = $1 and p.revoked_at is null and e.state in ('granted', 'issued', 'leaked', 'expired')
        order by p.id";
    TAKE_COUNT = "
        insert into meta (name, value) values ('erased', $1)
        on conflict (name) do update set value = meta.value
        returning value";
    SET_COUNT = "update meta set value = $1 where name = 'erased'";
    LINKS_COMPARED = "
        update links set compared_at = coalesce(compared_at, $1)
        where used_by = $2
            or id in (select link from sightings where person = $2 and link is not null)
            or pass in (select id from passes where person = $2)";
    FOREIGN_LINKS_COMPARED = "
        update foreign_links set compared_at = $1
        where id in (select foreign_link from sightings where person = $2 and foreign_link is not null)";
    REQUESTS_COMPARED = "
        insert into meta (name, value) values ('requests', $1)
        on conflict (name) do update set value = excluded.value";
    IN_PASSES = "update passes set person = $1 where person = $2";
    IN_ENTRIES = "update entries set used_by = $1 where used_by = $2";
    IN_LINKS = "update links set used_by = $1 where used_by = $2";
    IN_ATTEMPTS = "update attempts set person = $1 where person = $2";
    IN_ACCOUNTS = "update account_attempts set person = $1 where person = $2";
    IN_SIGHTINGS = "update sightings set person = $1 where person = $2";
    IN_FOREIGN_LINKS = "update foreign_links set creator = $1 where creator = $2";
    IN_CHATS = "update chats set owner = $1 where owner = $2";
    IN_STRANGERS = "update strangers set person = $1 where person = $2";
}

/// The last number a person could have. Those who are erased are counted down from it, far from the numbers that
/// Telegram gives.
const LAST: i64 = (1 << 40) - 1;

/// What became of a person who was to be erased.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Erased {
    /// They are forgotten.
    Erased {
        /// What stands in their place now.
        number: UserId,
        /// In how many places.
        places: u64,
        /// Passes of theirs that opened something still, and were taken back.
        revoked: Vec<PassId>,
    },
    /// They came into these chats by somebody else's link and are not removed yet. Nobody could be, under another
    /// number.
    StrangerIn(Vec<ChatId>),
    /// Nothing is known of them.
    Unknown,
}

impl Store {
    /// Forgets a person. What they have not used is taken back, for nobody could tell any more whose it is.
    pub async fn erase_person(&self, person: UserId, who: &str, now: UnixTime) -> Result<Erased> {
        let who = who.to_owned();
        self.write(move |tx| erase(tx, person, &who, now)).await
    }

    /// Why this person would not be forgotten, if so.
    pub async fn cannot_erase(&self, person: UserId) -> Result<Option<Erased>> {
        self.read(move |tx| cannot_erase(tx, person)).await
    }
}

fn cannot_erase(tx: &mut Tx<'_>, person: UserId) -> Result<Option<Erased>> {
    let strange: Vec<(ChatId,)> = tx.rows(STRANGER_IN, &[&person])?;
    if !strange.is_empty() {
        return Ok(Some(Erased::StrangerIn(strange.into_iter().map(|(chat,)| chat).collect())));
    }
    let is_known = tx.one::<(i64,)>(KNOWN, &[&person])?.0 > 0;
    Ok((!is_known).then_some(Erased::Unknown))
}

fn erase(tx: &mut Tx<'_>, person: UserId, who: &str, now: UnixTime) -> Result<Erased> {
    // Nobody hears of them meanwhile: what was not written down yet could not be found.
    updates::hold_people(tx, &BTreeSet::from([person]))?;
    // Nobody grants, counts or hands on meanwhile.
    for (gate,) in tx.rows::<(GateId,)>(GATES, &[])? {
        gates::turn(tx, gate)?;
    }
    if let Some(why) = cannot_erase(tx, person)? {
        return Ok(why);
    }
    let revoked: Vec<PassId> =
        tx.rows(OPEN_PASSES, &[&person])?.into_iter().map(|(pass,): (PassId,)| pass).collect();
    for pass in &revoked {
        passes::revoke(tx, *pass, who, now)?;
    }
    // Telegram's list of who came by a link, or waits, has their own number still, and would be news of somebody else.
    tx.execute(LINKS_COMPARED, &[&now, &person])?;
    tx.execute(FOREIGN_LINKS_COMPARED, &[&now, &person])?;
    tx.execute(REQUESTS_COMPARED, &[&now.get().to_be_bytes().to_vec()])?;
    let number = next_number(tx)?;
    let mut places = 0;
    let places_of_people = [
        IN_PASSES,
        IN_ENTRIES,
        IN_LINKS,
        IN_ATTEMPTS,
        IN_ACCOUNTS,
        IN_SIGHTINGS,
        IN_FOREIGN_LINKS,
        IN_CHATS,
        IN_STRANGERS,
    ];
    for statement in places_of_people {
        places += tx.execute(statement, &[&number, &person])?;
    }
    audit::record(tx, Deed::ErasePerson, who, &format!("now {number}"), now)?;
    Ok(Erased::Erased { number, places, revoked })
}

/// A number that is nobody's.
fn next_number(tx: &mut Tx<'_>) -> Result<UserId> {
    let damaged = || Error::Damaged("the count of people who were erased");
    let (count,): (Vec<u8>,) = tx.one(TAKE_COUNT, &[&0i64.to_be_bytes().to_vec()])?;
    let count = i64::from_be_bytes(count.try_into().map_err(|_| damaged())?);
    tx.execute(SET_COUNT, &[&(count + 1).to_be_bytes().to_vec()])?;
    UserId::new(LAST - count).map_err(|_| damaged())
}
