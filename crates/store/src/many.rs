//! What only PostgreSQL is asked: links that are taken while others end some, and several grants in one statement, because
//! there it is the way to the server and back that takes the time.
//!
//! Not everybody who ends a free link has the gate's turn. What they are about to end is passed over, so that what is
//! taken is free and ours.

use crate::connection::Tx;
use crate::grants::{Entered, Pooled};
use crate::statements::statements;
use crate::{GateId, PassId, Result, SavedGate, Visitor};
use links::{ChatId, UnixTime};

statements! {
    TAKE_LINK = "
        update links set state = 'given', pass = $1, generation = $2, given_at = $3
        where id = (
            select id from links
            where gate = $4 and chat = $5 and state = 'free' and expires_at >= $6
            order by expires_at, id
            limit 1
            for no key update skip locked)
        returning id, expires_at";
    NEW_PASSES = "
        insert into passes (gate, visitor, granted_at)
        select $1, c.visitor, $2
        from unnest($3::bytea[]) with ordinality as c (visitor, place)
        where not exists (
            select 1 from attempts a
            where a.gate = $1 and a.visitor = c.visitor and (a.person is not null or a.wrong > 0))
        order by c.place
        on conflict do nothing
        returning id, visitor";
    ENTER = "
        with granted as (
            select pass, place from unnest($1::bigint[]) with ordinality as p (pass, place)),
        oldest as (
            select id, expires_at from links
            where gate = $2 and chat = $3 and state = 'free' and expires_at >= $4
            order by expires_at, id
            limit $5
            for no key update skip locked),
        paired as (
            select g.pass, f.id, f.expires_at
            from granted g
            left join (select *, row_number() over (order by expires_at, id) as place from oldest) f on f.place = g.place),
        given as (
            update links set state = 'given', pass = p.pass, generation = 1, given_at = $6
            from paired p
            where links.id = p.id),
        entered as (
            insert into entries (pass, chat, gate, generation, state, link, queued_at, issued_at, expires_at)
            select pass, $3, $2, 1, case when id is null then 'granted' else 'issued' end, id,
                $6, case when id is null then null else $6 end, expires_at
            from paired)
        select pass, id, expires_at from paired order by pass";
}

/// Gives the oldest free link to this generation of a pass. The caller has the gate's turn.
pub(crate) fn take_link(
    tx: &mut Tx<'_>,
    (gate, chat): (GateId, ChatId),
    (pass, generation): (PassId, u32),
    alive_until: UnixTime,
    now: UnixTime,
) -> Result<Option<Pooled>> {
    tx.row(TAKE_LINK, &[&pass, &generation, &now, &gate, &chat, &alive_until])
}

/// New passes for those visitors who need no closer look. The caller has the gate's turn.
pub(crate) fn new_passes(
    tx: &mut Tx<'_>,
    gate: GateId,
    visitors: &Vec<Visitor>,
    now: UnixTime,
) -> Result<Vec<(PassId, Visitor)>> {
    tx.rows(NEW_PASSES, &[&gate, &now, visitors])
}

/// Begins the way of new passes into one chat, with the oldest free links as far as they go. The caller has the gate's
/// turn.
pub(crate) fn enter(
    tx: &mut Tx<'_>,
    gate: &SavedGate,
    chat: ChatId,
    passes: &Vec<PassId>,
    links: u32,
    now: UnixTime,
) -> Result<Vec<Entered>> {
    tx.rows(ENTER, &[passes, &gate.id, &chat, &gate.gate.promised_until(now), &links, &now])
}

pub(crate) fn count<T>(of: &[T]) -> u32 {
    u32::try_from(of.len()).unwrap_or(u32::MAX)
}
