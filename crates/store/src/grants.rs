//! Grants: a right answer becomes a pass, and for each chat of its gate a link or a place in the queue.

use crate::attempts::{self, Attempt, Unheard};
use crate::audit::{self, Deed};
use crate::connection::Tx;
use crate::statements::statements;
use crate::{Error, GateId, GateState, LinkId, PassId, Result, SavedGate, Store, Visitor, gates, many};
use gate::pass::State;
use links::{ChatId, UnixTime, UserId};
use std::collections::BTreeMap;

statements! {
    OF_VISITOR = "select id from passes where gate = $1 and visitor = $2";
    OF_PERSON = "select id from passes where gate = $1 and person = $2";
    TAKE_PLACES = "
        update gates set issued = issued + $1
        where id = $2
            and revision = $3
            and state = 'open'
            and (opens_at is null or opens_at <= $4)
            and (closes_at is null or closes_at > $4)
            and (quota is null or issued + $1 <= quota)";
    TAKE_PLACE_BY_HAND = "
        update gates set issued = issued + 1
        where id = $1 and (quota is null or issued < quota)";
    STANDING = "select revision, state, opens_at, closes_at, quota, issued from gates where id = $1";
    NEW_PASS = "
        insert into passes (gate, visitor, person, granted_at)
        select $1, $2, $3, $4
        where not exists (
                select 1 from attempts
                where gate = $1 and visitor = $2
                    and (person is distinct from $3 or (person is null and wrong <> $5)))
            and not exists (
                select 1 from account_attempts
                where gate = $1 and person = $3 and wrong <> $5)
        on conflict do nothing
        returning id";
    NEW_PASS_ALONE = "
        insert into passes (gate, visitor, person, granted_at)
        values ($1, $2, $3, $4)
        on conflict do nothing";
    NEW_PASS_BY_HAND = "
        insert into passes (gate, visitor, person, granted_at, granted_by)
        values ($1, $2, $3, $4, $5)
        on conflict do nothing
        returning id";
    MAY_GIVE = "
        select count(*) from (select 1 as one) as always
        where not exists (select 1 from bots where id = $1 and dead_at is not null)
            and not exists (
                select 1 from chats
                where bot = $1 and id = $2
                    and (deaf_from is not null or username is not null
                        or ' ' || rights || ' ' not like '% can_invite_users %'))";
    OLDEST_LINKS = "
        select id, expires_at from links
        where gate = $1 and chat = $2 and state = 'free' and expires_at >= $3
        order by expires_at, id
        limit $4";
    GIVE_LINK = "
        update links set state = 'given', pass = $1, generation = $2, given_at = $3
        where id = $4";
    ENTER = "
        insert into entries (pass, chat, gate, generation, state, link, queued_at, issued_at, expires_at)
        values ($1, $2, $3, 1, $4, $5, $6, $7, $8)";
    ISSUE = "
        update entries set state = 'issued', link = $1, issued_at = $2, expires_at = $3
        where pass = $4 and chat = $5 and state = 'granted'";
}

/// What became of a right answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Granted {
    /// A pass, with a link for each chat that had one ready.
    Granted {
        /// The pass.
        pass: PassId,
        /// Its way into each chat, in the gate's order.
        entries: Vec<Handed>,
    },
    /// They had one.
    Already {
        /// That one.
        pass: PassId,
    },
    /// Nothing yet: they showed an account, and whoever asked wanted to be told.
    Known {
        /// That account.
        person: UserId,
    },
    /// The gate gave all it may.
    Full,
    /// The gate takes no answers now.
    NotOpen,
    /// The gate was changed since it was read; read it again.
    Changed,
    /// A wrong answer came before this one, and the wait after it is not over.
    TooSoon {
        /// When the next may come.
        until: UnixTime,
    },
    /// They had no tries left.
    NoMoreTries,
    /// The gate takes no answers from strangers for now, right or wrong; one who shows an account is let through.
    BudgetSpent,
    /// There is no such gate any more.
    NoSuchGate,
}

/// The way into one chat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Handed {
    /// Which chat.
    pub chat: ChatId,
    /// The link in the ledger, unless one has to be waited for.
    pub link: Option<LinkId>,
    /// When it ends.
    pub expires_at: Option<UnixTime>,
}

impl Store {
    /// Gives a pass for a right answer, and for each chat the oldest free link if there is one. Refuses as it would a
    /// wrong answer, so that answers which come together are looked at one after the other.
    pub async fn grant(&self, gate: &SavedGate, visitor: Visitor, now: UnixTime) -> Result<Granted> {
        self.grant_to(Whom::Anybody, gate, visitor, now).await
    }

    /// As [`grant`](Self::grant), for whoever showed no account. Of others it says who they are, and gives nothing.
    pub async fn grant_unless_known(
        &self,
        gate: &SavedGate,
        visitor: Visitor,
        now: UnixTime,
    ) -> Result<Granted> {
        self.grant_to(Whom::Unknown, gate, visitor, now).await
    }

    async fn grant_to(
        &self,
        whom: Whom,
        gate: &SavedGate,
        visitor: Visitor,
        now: UnixTime,
    ) -> Result<Granted> {
        if let Some(unheard) = self.unheard(gate, visitor, now).await? {
            return Ok(unheard.into());
        }
        if let Some(granted) = self.claim(whom, gate, visitor, now).await? {
            return Ok(granted);
        }
        let gate = gate.clone();
        self.write(move |tx| give(tx, &gate, visitor, whom, now)).await
    }

    /// Gives a pass without an answer, also where the gate is not open. It counts towards the quota.
    pub async fn grant_by_hand(
        &self,
        gate: &SavedGate,
        visitor: Visitor,
        person: Option<UserId>,
        who: &str,
        now: UnixTime,
    ) -> Result<Granted> {
        let (gate, who) = (gate.clone(), who.to_owned());
        self.write(move |tx| give_by_hand(tx, &gate, visitor, person, &who, now)).await
    }
}

/// To whom a pass may be given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whom {
    Anybody,
    Unknown,
}

/// Gives a pass to one visitor, or says why not.
pub(crate) fn give(
    tx: &mut Tx<'_>,
    gate: &SavedGate,
    visitor: Visitor,
    whom: Whom,
    now: UnixTime,
) -> Result<Granted> {
    let (Attempt { tries, person, .. }, unheard) = attempts::unheard(tx, gate, visitor, now)?;
    if let Some(unheard) = unheard {
        return Ok(unheard.into());
    }
    if let (Whom::Unknown, Some(person)) = (whom, person) {
        // That this answer is right is told, so it has its turn among those that are wrong.
        if !gates::turn_unchanged(tx, gate)? {
            return why_not(tx, gate, now);
        }
        let (_, unheard) = attempts::unheard(tx, gate, visitor, now)?;
        return Ok(unheard.map_or(Granted::Known { person }, Granted::from));
    }
    if !take_places(tx, gate, 1, now)? {
        // While we waited for our turn they may have taken the last place themselves, on another node.
        return match pass_of(tx, gate.id, visitor, person)? {
            Some(pass) => Ok(Granted::Already { pass }),
            None => why_not(tx, gate, now),
        };
    }
    // On another node somebody may have come at the same time with the same name, or been wrong: they show now that the
    // turn is ours, and again when we look.
    let pass = match tx.is_alone() {
        true => new_pass_alone(tx, gate.id, visitor, person, now)?,
        false => tx
            .row(NEW_PASS, &[&gate.id, &visitor, &person, &now, &tries.wrong])?
            .map(|(pass,): (PassId,)| pass),
    };
    granted(tx, gate, pass.ok_or(Error::Contended)?, now)
}

/// Where nobody else writes. Nothing, if they have one.
pub(crate) fn new_pass_alone(
    tx: &mut Tx<'_>,
    gate: GateId,
    visitor: Visitor,
    person: Option<UserId>,
    now: UnixTime,
) -> Result<Option<PassId>> {
    let is_new = tx.execute(NEW_PASS_ALONE, &[&gate, &visitor, &person, &now])? == 1;
    Ok(is_new.then(|| tx.last_row()).transpose()?.map(PassId::new))
}

fn give_by_hand(
    tx: &mut Tx<'_>,
    gate: &SavedGate,
    visitor: Visitor,
    person: Option<UserId>,
    who: &str,
    now: UnixTime,
) -> Result<Granted> {
    if let Some(pass) = pass_of(tx, gate.id, visitor, person)? {
        return Ok(Granted::Already { pass });
    }
    if tx.execute(TAKE_PLACE_BY_HAND, &[&gate.id])? == 0 {
        let is_there = tx.row::<Standing>(STANDING, &[&gate.id])?.is_some();
        return Ok(if is_there { Granted::Full } else { Granted::NoSuchGate });
    }
    let pass = tx.row(NEW_PASS_BY_HAND, &[&gate.id, &visitor, &person, &now, &who])?;
    let (pass,): (PassId,) = pass.ok_or(Error::Contended)?;
    audit::record(tx, Deed::GrantByHand, who, &pass.to_string(), now)?;
    granted(tx, gate, pass, now)
}

fn granted(tx: &mut Tx<'_>, gate: &SavedGate, pass: PassId, now: UnixTime) -> Result<Granted> {
    let entries = open_entries(tx, gate, &vec![pass], now)?.remove(&pass).unwrap_or_default();
    Ok(Granted::Granted { pass, entries })
}

/// The pass somebody holds, by themselves or by their account.
fn pass_of(
    tx: &mut Tx<'_>,
    gate: GateId,
    visitor: Visitor,
    person: Option<UserId>,
) -> Result<Option<PassId>> {
    let mut found: Option<(PassId,)> = tx.row(OF_VISITOR, &[&gate, &visitor])?;
    if let (None, Some(person)) = (found, person) {
        found = tx.row(OF_PERSON, &[&gate, &person])?;
    }
    Ok(found.map(|(pass,)| pass))
}

/// Takes so many of the gate's places, all or none, and with them its turn.
pub(crate) fn take_places(tx: &mut Tx<'_>, gate: &SavedGate, wanted: u32, now: UnixTime) -> Result<bool> {
    Ok(tx.execute(TAKE_PLACES, &[&wanted, &gate.id, &gate.revision, &now])? == 1)
}

/// Begins the way of new passes into each chat of their gate, with the oldest free links as far as they go, or a place in
/// the queue. The caller has the gate's turn.
pub(crate) fn open_entries(
    tx: &mut Tx<'_>,
    gate: &SavedGate,
    passes: &Vec<PassId>,
    now: UnixTime,
) -> Result<BTreeMap<PassId, Vec<Handed>>> {
    let mut opened: BTreeMap<PassId, Vec<Handed>> = BTreeMap::new();
    for chat in gate.gate.chats.iter() {
        let links = if may_give(tx, gate.bot, *chat)? { many::count(passes) } else { 0 };
        let entered = match tx.is_alone() {
            true => enter(tx, gate, *chat, passes, links, now)?,
            false => many::enter(tx, gate, *chat, passes, links, now)?,
        };
        for (pass, link, expires_at) in entered {
            opened.entry(pass).or_default().push(Handed { chat: *chat, link, expires_at });
        }
    }
    Ok(opened)
}

/// A pass, and its link into a chat with its end, unless it waits for one.
pub(crate) type Entered = (PassId, Option<LinkId>, Option<UnixTime>);

/// As [`many::enter`], one after the other.
fn enter(
    tx: &mut Tx<'_>,
    gate: &SavedGate,
    chat: ChatId,
    passes: &[PassId],
    links: u32,
    now: UnixTime,
) -> Result<Vec<Entered>> {
    let free: Vec<Pooled> =
        tx.rows(OLDEST_LINKS, &[&gate.id, &chat, &gate.gate.promised_until(now), &links])?;
    let mut free = free.into_iter();
    let mut entered = Vec::with_capacity(passes.len());
    for pass in passes {
        let pooled = free.next();
        if let Some((link, _)) = pooled {
            give_link(tx, link, (*pass, 1), now)?;
        }
        let (state, issued_at) = match pooled {
            Some(_) => (State::Issued, Some(now)),
            None => (State::Granted, None),
        };
        let (link, expires_at) = pooled.unzip();
        tx.execute(ENTER, &[pass, &chat, &gate.id, &state, &link, &now, &issued_at, &expires_at])?;
        entered.push((*pass, link, expires_at));
    }
    Ok(entered)
}

/// Where a link is to lead, and who answers for it there.
#[derive(Clone, Copy)]
pub(crate) struct Into {
    pub(crate) gate: GateId,
    pub(crate) chat: ChatId,
    pub(crate) bot: UserId,
}

/// A link of a pool, and when it ends.
pub(crate) type Pooled = (LinkId, UnixTime);

/// Whether the bot could end a link after its first join: it could not if its token is dead, if it lost its right, or if
/// it is not told who comes.
pub(crate) fn may_give(tx: &mut Tx<'_>, bot: UserId, chat: ChatId) -> Result<bool> {
    Ok(tx.one::<(u32,)>(MAY_GIVE, &[&bot, &chat])?.0 == 1)
}

/// The oldest free link, if one may be given, for this generation of a pass. The caller has the gate's turn.
pub(crate) fn take_link(
    tx: &mut Tx<'_>,
    Into { gate, chat, bot }: Into,
    (pass, generation): (PassId, u32),
    alive_until: UnixTime,
    now: UnixTime,
) -> Result<Option<Pooled>> {
    if !may_give(tx, bot, chat)? {
        return Ok(None);
    }
    if !tx.is_alone() {
        return many::take_link(tx, (gate, chat), (pass, generation), alive_until, now);
    }
    let pooled: Option<Pooled> = tx.row(OLDEST_LINKS, &[&gate, &chat, &alive_until, &1u32])?;
    if let Some((link, _)) = pooled {
        give_link(tx, link, (pass, generation), now)?;
    }
    Ok(pooled)
}

/// A free link is this pass's from now on.
pub(crate) fn give_link(
    tx: &mut Tx<'_>,
    link: LinkId,
    (pass, generation): (PassId, u32),
    now: UnixTime,
) -> Result<()> {
    tx.execute(GIVE_LINK, &[&pass, &generation, &now, &link]).map(drop)
}

/// The entry that waited has the link that was given to its pass.
pub(crate) fn issue(
    tx: &mut Tx<'_>,
    (link, expires_at): Pooled,
    (pass, chat): (PassId, ChatId),
    now: UnixTime,
) -> Result<()> {
    match tx.execute(ISSUE, &[&link, &now, &expires_at, &pass, &chat])? {
        // Its person came in by an older link in this very moment.
        0 => Err(Error::Contended),
        _ => Ok(()),
    }
}

/// A gate's revision and state, when it opens and closes, how many passes it may give, and how many it gave.
type Standing = (i64, GateState, Option<UnixTime>, Option<UnixTime>, Option<u32>, u32);

/// How many passes the gate may still give now; or what somebody is told who gets none.
pub(crate) fn places(
    tx: &mut Tx<'_>,
    gate: &SavedGate,
    now: UnixTime,
) -> Result<std::result::Result<u32, Granted>> {
    let Some((latest, state, opens_at, closes_at, quota, issued)) =
        tx.row::<Standing>(STANDING, &[&gate.id])?
    else {
        return Ok(Err(Granted::NoSuchGate));
    };
    let in_time = opens_at.is_none_or(|at| at <= now) && closes_at.is_none_or(|at| at > now);
    let left = quota.map_or(u32::MAX, |quota| quota.saturating_sub(issued));
    Ok(if latest != gate.revision {
        Err(Granted::Changed)
    } else if state != GateState::Open || !in_time {
        Err(Granted::NotOpen)
    } else if left == 0 {
        Err(Granted::Full)
    } else {
        Ok(left)
    })
}

fn why_not(tx: &mut Tx<'_>, gate: &SavedGate, now: UnixTime) -> Result<Granted> {
    // If it became possible since, trying again will tell.
    places(tx, gate, now)?.err().ok_or(Error::Contended)
}

impl From<Unheard> for Granted {
    fn from(why: Unheard) -> Self {
        match why {
            Unheard::Already { pass } => Self::Already { pass },
            Unheard::TooSoon { until } => Self::TooSoon { until },
            Unheard::NoMoreTries => Self::NoMoreTries,
            Unheard::BudgetSpent => Self::BudgetSpent,
        }
    }
}
