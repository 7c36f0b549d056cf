//! Claims: right answers that wait for the writer at the same time are granted by the same few statements.
//!
//! Whoever can be granted without a closer look is granted together with everybody else. Who cannot - they were wrong
//! before, they showed an account, they have a pass, places run out - is looked at alone, so there is one place that says
//! why somebody is refused. Whether somebody is heard at all is asked before anything else, as for a wrong answer, so that
//! how long it takes to be refused does not tell which it was: on SQLite here, on PostgreSQL before the queue.

use crate::attempts::{is_spent, unheard_among};
use crate::connection::Tx;
use crate::grants::{self, Granted, Whom};
use crate::statements::statements;
use crate::writer::Job;
use crate::{Error, GateId, PassId, Result, SavedGate, Store, Visitor, many};
use links::UnixTime;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::oneshot;

statements! {
    GIVE_BACK = "update gates set issued = issued - $1 where id = $2";
}

/// As many as are granted by the same statements.
const MOST_TOGETHER: usize = 256;

/// The claims that wait for the writer. They are carried by a job in its queue; when the job is gone, so are they.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<Weak<Door>>);

/// Claims that still take others in; nothing, once they are being granted.
type Door = Mutex<Option<Vec<Claim>>>;

struct Claim {
    whom: Whom,
    gate: SavedGate,
    visitor: Visitor,
    now: UnixTime,
    answer: oneshot::Sender<Result<Option<Granted>>>,
}

impl Store {
    /// Grants a right answer together with all that wait at the same time; nothing, if it has to be looked at alone.
    pub(crate) async fn claim(
        &self,
        whom: Whom,
        gate: &SavedGate,
        visitor: Visitor,
        now: UnixTime,
    ) -> Result<Option<Granted>> {
        let (answer, granted) = oneshot::channel();
        let claim = Claim { whom, gate: gate.clone(), visitor, now, answer };
        // From here to the end of the block nobody can be dropped half-way: who joins others relies on their job.
        {
            let place = self.inner.writers.place().await?;
            if let Some(group) = self.inner.claims.join(claim) {
                place.send(Box::new(group));
            }
        }
        granted.await.unwrap_or(Err(Error::Closed))
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
        Some(Group { door, claims: Vec::new(), granted: Vec::new() })
    }
}

/// Claims on their way, as one transition.
struct Group {
    door: Arc<Door>,
    claims: Vec<Claim>,
    /// For each of them what came of it, if that is known.
    granted: Vec<Option<Granted>>,
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
        self.granted = match tx.is_alone() {
            true => grant_all(tx, &self.claims)?,
            false => {
                let all: Vec<usize> = (0..self.claims.len()).collect();
                grant_together(tx, &self.claims, &all)?
            }
        };
        Ok(())
    }

    fn answer(mut self: Box<Self>, end: Result<()>) {
        self.close();
        let Self { claims, mut granted, .. } = *self;
        if end.is_err() {
            granted.clear();
        }
        granted.resize_with(claims.len(), || None);
        for (claim, granted) in claims.into_iter().zip(granted) {
            let answer = match &end {
                Err(Error::InDoubt(cause)) => Err(Error::InDoubt(cause.to_string().into())),
                Err(Error::Unavailable(cause)) => Err(Error::Unavailable(cause.to_string().into())),
                // What was in the way of all need not be in the way of each, and whoever it is in the way of hears it.
                Ok(()) | Err(_) => Ok(granted),
            };
            // Whoever asked may have gone away; what was done is done.
            let _ = claim.answer.send(answer);
        }
    }
}

/// Where nobody else writes: in one turn all are told what became of them, in the order of the claims.
fn grant_all(tx: &mut Tx<'_>, claims: &[Claim]) -> Result<Vec<Option<Granted>>> {
    let mut spent: BTreeMap<(GateId, UnixTime), Option<bool>> = BTreeMap::new();
    let (mut heard, mut unknown) = (Vec::with_capacity(claims.len()), Vec::with_capacity(claims.len()));
    for (place, Claim { gate, visitor, now, .. }) in claims.iter().enumerate() {
        let spent = spent.entry((gate.id, *now)).or_default();
        let (attempt, unheard) = unheard_among(tx, gate, *visitor, *now, spent)?;
        if unheard.is_none() && attempt.person.is_none() {
            unknown.push(place);
        }
        heard.push(unheard);
    }
    let together = grant_together(tx, claims, &unknown)?;
    let each = claims.iter().zip(heard).zip(together);
    each.map(|((claim, unheard), granted)| match (unheard, granted) {
        (Some(unheard), _) => Ok(Some(unheard.into())),
        (None, Some(granted)) => Ok(Some(granted)),
        (None, None) => grants::give(tx, &claim.gate, claim.visitor, claim.whom, claim.now).map(Some),
    })
    .collect()
}

/// Grants those of the claims that are at these places and need no closer look.
fn grant_together(tx: &mut Tx<'_>, claims: &[Claim], which: &[usize]) -> Result<Vec<Option<Granted>>> {
    // In the order of the gates, so that two nodes never wait for each other's turns.
    let mut alike: BTreeMap<(GateId, i64, UnixTime), Vec<usize>> = BTreeMap::new();
    for &place in which {
        let Claim { gate, now, .. } = &claims[place];
        alike.entry((gate.id, gate.revision, *now)).or_default().push(place);
    }
    let mut granted: Vec<Option<Granted>> = claims.iter().map(|_| None).collect();
    for ((_, _, now), places) in alike {
        let visitors: Vec<Visitor> = places.iter().map(|place| claims[*place].visitor).collect();
        for (visitor, pass) in grant_at(tx, &claims[places[0]].gate, &visitors, now)? {
            // Of several claims of one visitor the first has the pass.
            if let Some(place) = places.iter().find(|place| claims[**place].visitor == visitor) {
                granted[*place] = Some(pass);
            }
        }
    }
    Ok(granted)
}

/// Grants to all visitors of one gate who need no closer look.
fn grant_at(
    tx: &mut Tx<'_>,
    gate: &SavedGate,
    visitors: &Vec<Visitor>,
    now: UnixTime,
) -> Result<Vec<(Visitor, Granted)>> {
    let new = match tx.is_alone() {
        true => new_passes(tx, gate, visitors, now)?,
        false => new_passes_among_others(tx, gate, visitors, now)?,
    };
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let passes = new.iter().map(|(pass, _)| *pass).collect();
    let mut entries = grants::open_entries(tx, gate, &passes, now)?;
    let granted = |(pass, visitor)| {
        (visitor, Granted::Granted { pass, entries: entries.remove(&pass).unwrap_or_default() })
    };
    Ok(new.into_iter().map(granted).collect())
}

/// Where nobody else writes, for people who are heard and showed no account: what is seen stays so, and the places are
/// taken last.
fn new_passes(
    tx: &mut Tx<'_>,
    gate: &SavedGate,
    visitors: &[Visitor],
    now: UnixTime,
) -> Result<Vec<(PassId, Visitor)>> {
    let has_places = grants::places(tx, gate, now)?.is_ok_and(|left| left >= many::count(visitors));
    if !has_places {
        return Ok(Vec::new());
    }
    let mut new = Vec::with_capacity(visitors.len());
    for visitor in visitors {
        let pass = grants::new_pass_alone(tx, gate.id, *visitor, None, now)?;
        new.extend(pass.map(|pass| (pass, *visitor)));
    }
    if !new.is_empty() && !grants::take_places(tx, gate, many::count(&new), now)? {
        return Err(Error::Contended);
    }
    Ok(new)
}

/// The places are taken first, and with them the gate's turn: what is seen from then on stays so.
fn new_passes_among_others(
    tx: &mut Tx<'_>,
    gate: &SavedGate,
    visitors: &Vec<Visitor>,
    now: UnixTime,
) -> Result<Vec<(PassId, Visitor)>> {
    if !grants::take_places(tx, gate, many::count(visitors), now)? {
        return Ok(Vec::new());
    }
    let new = match is_spent(tx, gate.id, gate.gate.guesses, now)? {
        true => Vec::new(),
        false => many::new_passes(tx, gate.id, visitors, now)?,
    };
    let unneeded = visitors.len() - new.len();
    if unneeded > 0 {
        tx.execute(GIVE_BACK, &[&many::count(&visitors[..unneeded]), &gate.id])?;
    }
    Ok(new)
}
