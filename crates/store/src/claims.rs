//! Claims on PostgreSQL: right answers that wait for a connection at the same time are granted by the same few
//! statements.
//!
//! There, what takes the time is the way to the server and back: a claim alone goes it six times. So whoever can be
//! granted without a closer look is granted together with everybody else. Who cannot - they were wrong before, they
//! showed an account, they have a pass, places run out - is told nothing here, and goes alone as on SQLite; so there is
//! one place that says why somebody is refused.

use crate::attempts::is_spent;
use crate::connection::Tx;
use crate::passes::{Given, Taken, may_give};
use crate::statements::statements;
use crate::writer::Job;
use crate::{Error, GateId, PassId, Result, SavedGate, Store, Visitor};
use gate::Code;
use links::{ChatId, UnixTime};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::oneshot;

statements! {
    TAKE_PLACES = "
        update gates set issued = issued + $1
        where id = $2
            and revision = $3
            and state = 'open'
            and (opens_at is null or opens_at <= $4)
            and (closes_at is null or closes_at > $4)
            and (quota is null or issued + $1 <= quota)";
    GIVE_BACK = "update gates set issued = issued - $1 where id = $2";
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
    OPEN_ENTRIES = "
        with granted as (
            select pass, place from unnest($1::bigint[]) with ordinality as p (pass, place)),
        oldest as (
            select id, marker, url, expires_at from links
            where gate = $2 and chat = $3 and state = 'free' and expires_at >= $4
            order by expires_at, id
            limit $5
            for no key update skip locked),
        paired as (
            select g.pass, f.id, f.marker, f.url, f.expires_at
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
        select pass, id, marker, url, expires_at from paired order by pass";
}

/// As many as are granted by the same statements.
const MOST_TOGETHER: usize = 256;

/// The claims that wait for the writer. They are carried by a job in its queue; when the job is gone, so are they.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<Weak<Door>>);

/// Claims that still take others in; nothing, once they are being granted.
type Door = Mutex<Option<Vec<Claim>>>;

struct Claim {
    gate: SavedGate,
    visitor: Visitor,
    now: UnixTime,
    answer: oneshot::Sender<Result<Option<Given>>>,
}

impl Store {
    /// Grants a right answer together with all that wait at the same time; nothing, if it has to be looked at alone.
    pub(crate) async fn claim(
        &self,
        gate: &SavedGate,
        visitor: Visitor,
        now: UnixTime,
    ) -> Result<Option<Given>> {
        let (answer, given) = oneshot::channel();
        let claim = Claim { gate: gate.clone(), visitor, now, answer };
        // From here to the end of the block nobody can be dropped half-way: who joins others relies on their job.
        {
            let place = self.inner.writers.place().await?;
            if let Some(group) = self.inner.claims.join(claim) {
                place.send(Box::new(group));
            }
        }
        given.await.unwrap_or(Err(Error::Closed))
    }
}

impl Waiting {
    /// Joins those who wait. If nobody does, this is the first of a group that somebody has to carry to the writer.
    fn join(&self, claim: Claim) -> Option<Group> {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(door) = latest.upgrade() {
            let mut open = door.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(claims) = open.as_mut().filter(|claims| claims.len() < MOST_TOGETHER) {
                claims.push(claim);
                return None;
            }
        }
        let door = Arc::new(Mutex::new(Some(vec![claim])));
        *latest = Arc::downgrade(&door);
        Some(Group { door, claims: Vec::new(), given: Vec::new() })
    }
}

/// Claims on their way, as one transition.
struct Group {
    door: Arc<Door>,
    claims: Vec<Claim>,
    /// For each of them what came of it.
    given: Vec<Option<Given>>,
}

impl Group {
    /// Whoever comes from now on waits for the next.
    fn close(&mut self) {
        let claims = self.door.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.claims.extend(claims.into_iter().flatten());
    }
}

impl Job for Group {
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.close();
        self.given = grant_together(tx, &self.claims)?;
        Ok(())
    }

    fn answer(mut self: Box<Self>, end: Result<()>) {
        self.close();
        let Self { claims, mut given, .. } = *self;
        if end.is_err() {
            given.clear();
        }
        given.resize_with(claims.len(), || None);
        for (claim, given) in claims.into_iter().zip(given) {
            let answer = match &end {
                Err(Error::InDoubt(cause)) => Err(Error::InDoubt(cause.to_string().into())),
                Err(Error::Unavailable(cause)) => Err(Error::Unavailable(cause.to_string().into())),
                // What was in the way of all need not be in the way of each, and whoever it is in the way of hears it.
                Ok(()) | Err(_) => Ok(given),
            };
            // Whoever asked may have gone away; what was done is done.
            let _ = claim.answer.send(answer);
        }
    }
}

/// Answers in the order of the claims.
fn grant_together(tx: &mut Tx<'_>, claims: &[Claim]) -> Result<Vec<Option<Given>>> {
    // In the order of the gates, so that two nodes never wait for each other's turns.
    let mut alike: BTreeMap<(GateId, i64, UnixTime), Vec<usize>> = BTreeMap::new();
    for (place, Claim { gate, now, .. }) in claims.iter().enumerate() {
        alike.entry((gate.id, gate.revision, *now)).or_default().push(place);
    }
    let mut given: Vec<Option<Given>> = claims.iter().map(|_| None).collect();
    for ((_, _, now), places) in alike {
        let visitors: Vec<Visitor> = places.iter().map(|place| claims[*place].visitor).collect();
        for (visitor, pass) in grant_at(tx, &claims[places[0]].gate, &visitors, now)? {
            // Of several claims of one visitor the first has the pass.
            if let Some(place) = places.iter().find(|place| claims[**place].visitor == visitor) {
                given[*place] = Some(pass);
            }
        }
    }
    Ok(given)
}

/// Grants to all visitors of one gate who need no closer look.
fn grant_at(
    tx: &mut Tx<'_>,
    gate: &SavedGate,
    visitors: &Vec<Visitor>,
    now: UnixTime,
) -> Result<Vec<(Visitor, Given)>> {
    if tx.execute(TAKE_PLACES, &[&count(visitors), &gate.id, &gate.revision, &now])? == 0 {
        return Ok(Vec::new());
    }
    // The turn is ours: what is seen from here on stays so.
    let new: Vec<(PassId, Visitor)> = match is_spent(tx, gate.id, gate.gate.guesses, now)? {
        true => Vec::new(),
        false => tx.rows(NEW_PASSES, &[&gate.id, &now, visitors])?,
    };
    if new.len() < visitors.len() {
        tx.execute(GIVE_BACK, &[&(count(visitors) - count(&new)), &gate.id])?;
    }
    let passes: Vec<PassId> = new.iter().map(|(pass, _)| *pass).collect();
    let mut entries: BTreeMap<PassId, Vec<(ChatId, Option<Taken>)>> = BTreeMap::new();
    if !passes.is_empty() {
        for chat in gate.gate.chats.iter() {
            for (pass, taken) in open_entries(tx, gate, *chat, &passes, now)? {
                entries.entry(pass).or_default().push((*chat, taken));
            }
        }
    }
    let given = |(pass, visitor)| (visitor, Given::Granted(pass, entries.remove(&pass).unwrap_or_default()));
    Ok(new.into_iter().map(given).collect())
}

/// Begins the way of new passes into one chat, with the oldest free links as far as they go. Not everybody who ends a
/// free link has the gate's turn: what they are about to end is passed over, so that what is paired is free and ours.
fn open_entries(
    tx: &mut Tx<'_>,
    gate: &SavedGate,
    chat: ChatId,
    passes: &Vec<PassId>,
    now: UnixTime,
) -> Result<Vec<(PassId, Option<Taken>)>> {
    type Paired = (PassId, Option<crate::LinkId>, Option<Code>, Option<Vec<u8>>, Option<UnixTime>);
    let alive_until = gate.gate.promised_until(now);
    let links = if may_give(tx, gate.bot, chat)? { count(passes) } else { 0 };
    let paired: Vec<Paired> =
        tx.rows(OPEN_ENTRIES, &[passes, &gate.id, &chat, &alive_until, &links, &now])?;
    let taken = |(pass, link, marker, url, expires_at): Paired| {
        let taken = link.zip(marker).zip(url).zip(expires_at);
        (pass, taken.map(|(((link, marker), url), expires_at)| (link, marker, url, expires_at)))
    };
    Ok(paired.into_iter().map(taken).collect())
}

fn count<T>(of: &[T]) -> i64 {
    i64::try_from(of.len()).unwrap_or(i64::MAX)
}
