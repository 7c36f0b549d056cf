//! Tries at a gate: counted for each visitor or account, and for the gate as a whole.

use crate::connection::Tx;
use crate::gates;
use crate::statements::statements;
use crate::{Error, GateId, PassId, Result, SavedGate, Store, Visitor};
use gate::{Budget, May, Tries};
use links::{UnixTime, UserId};

statements! {
    TRIES = "
        select
            coalesce(
                (select id from passes where gate = $1 and visitor = $2),
                (select id from passes where gate = $1 and person = a.person)),
            a.started_at, a.person, coalesce(c.wrong, a.wrong, 0), coalesce(c.last_wrong_at, a.last_wrong_at)
        from (select 1 as one) as always
        left join attempts a on a.gate = $1 and a.visitor = $2
        left join account_attempts c on c.gate = a.gate and c.person = a.person";
    START = "
        insert into attempts (gate, visitor, started_at)
        values ($1, $2, $3)
        on conflict (gate, visitor) do update set started_at = excluded.started_at
        where attempts.started_at is null";
    BIND = "
        insert into attempts (gate, visitor, person, bound_at, bound_update)
        select $1, $2, $3, $4, $5
        where exists (select 1 from gates where id = $1)
        on conflict (gate, visitor) do update set
            person = excluded.person, bound_at = excluded.bound_at, bound_update = excluded.bound_update
        where attempts.bound_at is null
            or (attempts.bound_at, attempts.bound_update) > (excluded.bound_at, excluded.bound_update)";
    SPENT = "
        select
            cast(coalesce(sum(case when slot > $1 then wrong else 0 end), 0) as bigint),
            cast(coalesce(sum(wrong), 0) as bigint)
        from guesses
        where gate = $2 and slot > $3";
    SPEND = "
        insert into guesses (gate, slot, wrong)
        values ($1, $2, 1)
        on conflict (gate, slot) do update set wrong = guesses.wrong + 1";
    COUNT_FOR_VISITOR = "
        insert into attempts (gate, visitor, wrong, last_wrong_at)
        values ($1, $2, 1, $3)
        on conflict (gate, visitor) do update set
            started_at = null,
            wrong = attempts.wrong + 1,
            last_wrong_at = excluded.last_wrong_at
        where attempts.person is null";
    COUNT_FOR_ACCOUNT = "
        insert into account_attempts (gate, person, wrong, last_wrong_at)
        values ($1, $2, $3, $4)
        on conflict (gate, person) do update set
            wrong = account_attempts.wrong + 1,
            last_wrong_at = excluded.last_wrong_at";
    START_ANEW = "update attempts set started_at = null where gate = $1 and visitor = $2";
    FORGET_GUESSES = "delete from guesses where slot < $1";
}

/// Wrong answers are counted by so many seconds, so that within *any* minute or hour there are never more than may be:
/// a row that lies half within it counts.
const SLOT_SECONDS: i64 = 10;

/// What somebody came to so far, and who they showed to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attempt {
    /// The pass they hold, by themselves or by their account.
    pub pass: Option<PassId>,
    /// Their tries; of an account, whichever visitor it came as.
    pub tries: Tries,
    /// Their account, if they showed one.
    pub person: Option<UserId>,
}

/// What became of a wrong answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counted {
    /// It counts.
    Counted(Tries),
    /// It came too soon, and must not be told from a right one.
    TooSoon {
        /// When the next may come.
        until: UnixTime,
    },
    /// They had no tries left.
    NoMoreTries,
    /// The gate takes no answers from strangers for now, right or wrong; one who shows an account is let through.
    BudgetSpent,
    /// They hold a pass already, and need no answer.
    Already {
        /// That pass.
        pass: PassId,
    },
    /// The gate was changed, paused or taken away since it was read; read it again.
    Changed,
}

/// Why an answer is not looked at.
pub(crate) enum Unheard {
    Already { pass: PassId },
    TooSoon { until: UnixTime },
    NoMoreTries,
    BudgetSpent,
}

impl Store {
    /// What a visitor tried so far.
    pub async fn attempt(&self, gate: GateId, visitor: Visitor) -> Result<Attempt> {
        self.read(move |tx| attempt(tx, gate, visitor)).await
    }

    /// A visitor begins a try; one that runs goes on.
    pub async fn start(&self, gate: GateId, visitor: Visitor, now: UnixTime) -> Result<()> {
        self.write(move |tx| tx.execute(START, &[&gate, &visitor, &now]).map(drop)).await
    }

    /// Counts a wrong answer, or refuses to have looked at it: of an account against its own tries, of anybody else
    /// against the visitor's and the gate's.
    pub async fn wrong(&self, gate: &SavedGate, visitor: Visitor, now: UnixTime) -> Result<Counted> {
        // Once without writing, so that guessing on costs nothing; and once when nobody else can count.
        if let Some(unheard) = self.unheard(gate, visitor, now).await? {
            return Ok(unheard.into());
        }
        let gate = gate.clone();
        self.write(move |tx| {
            if tx.is_alone()
                && let (_, Some(unheard)) = unheard(tx, &gate, visitor, now)?
            {
                return Ok(unheard.into());
            }
            if !gates::turn_unchanged(tx, &gate)? {
                return Ok(Counted::Changed);
            }
            match unheard(tx, &gate, visitor, now)? {
                (_, Some(unheard)) => Ok(unheard.into()),
                (attempt, None) => count(tx, gate.id, visitor, attempt, now),
            }
        })
        .await
    }

    /// Why an answer is not looked at, as far as it is known without the gate's turn. A right and a wrong one are both
    /// asked this first, and go their own ways only then: how long it takes to be refused tells nobody which it was. On
    /// SQLite this is nothing: there both ways begin with the same look, in the one writer.
    pub(crate) async fn unheard(
        &self,
        gate: &SavedGate,
        visitor: Visitor,
        now: UnixTime,
    ) -> Result<Option<Unheard>> {
        if self.is_sqlite() {
            return Ok(None);
        }
        let gate = gate.clone();
        self.read(move |tx| Ok(unheard(tx, &gate, visitor, now)?.1)).await
    }
}

/// What somebody tried so far, and why their answer is not looked at, if it is not. Exact for whoever has the gate's
/// turn.
pub(crate) fn unheard(
    tx: &mut Tx<'_>,
    gate: &SavedGate,
    visitor: Visitor,
    now: UnixTime,
) -> Result<(Attempt, Option<Unheard>)> {
    unheard_among(tx, gate, visitor, now, &mut None)
}

/// The same for several at once: whether the gate's budget is spent is looked up for the first who needs it.
pub(crate) fn unheard_among(
    tx: &mut Tx<'_>,
    gate: &SavedGate,
    visitor: Visitor,
    now: UnixTime,
    spent: &mut Option<bool>,
) -> Result<(Attempt, Option<Unheard>)> {
    let attempt = attempt(tx, gate.id, visitor)?;
    if let Some(pass) = attempt.pass {
        return Ok((attempt, Some(Unheard::Already { pass })));
    }
    let why = match gate.gate.may_try(&attempt.tries, now) {
        May::Wait { until } => Some(Unheard::TooSoon { until }),
        May::NoMore => Some(Unheard::NoMoreTries),
        May::Now if attempt.person.is_some() => None,
        May::Now => {
            let spent = match *spent {
                Some(spent) => spent,
                None => *spent.insert(is_spent(tx, gate.id, gate.gate.guesses, now)?),
            };
            spent.then_some(Unheard::BudgetSpent)
        }
    };
    Ok((attempt, why))
}

/// The visitor is this account from now on, unless somebody showed another one before. Tells whether that is news.
pub(crate) fn bind(
    tx: &mut Tx<'_>,
    gate: GateId,
    visitor: Visitor,
    person: UserId,
    at: UnixTime,
    update: i64,
) -> Result<bool> {
    Ok(tx.execute(BIND, &[&gate, &visitor, &person, &at, &update])? == 1)
}

/// Forgets wrong answers that no budget counts any more.
pub(crate) fn forget(tx: &mut Tx<'_>, now: UnixTime) -> Result<()> {
    tx.execute(FORGET_GUESSES, &[&(slot(now) - 2 * 3600 / SLOT_SECONDS)]).map(drop)
}

fn attempt(tx: &mut Tx<'_>, gate: GateId, visitor: Visitor) -> Result<Attempt> {
    let (pass, started_at, person, wrong, last_wrong_at) = tx.one(TRIES, &[&gate, &visitor])?;
    Ok(Attempt { pass, tries: Tries { wrong, last_wrong_at, started_at }, person })
}

fn count(
    tx: &mut Tx<'_>,
    gate: GateId,
    visitor: Visitor,
    attempt: Attempt,
    now: UnixTime,
) -> Result<Counted> {
    let tries = attempt.tries.and_wrong(now);
    match attempt.person {
        Some(person) => {
            tx.execute(COUNT_FOR_ACCOUNT, &[&gate, &person, &tries.wrong, &now])?;
            tx.execute(START_ANEW, &[&gate, &visitor])?;
        }
        None => {
            // An account was shown meanwhile; then it is the account that counts.
            if tx.execute(COUNT_FOR_VISITOR, &[&gate, &visitor, &now])? == 0 {
                return Err(Error::Contended);
            }
            tx.execute(SPEND, &[&gate, &slot(now)])?;
        }
    }
    Ok(Counted::Counted(tries))
}

/// Whether the budget is spent. Exact for whoever has the gate's turn.
pub(crate) fn is_spent(tx: &mut Tx<'_>, gate: GateId, budget: Budget, now: UnixTime) -> Result<bool> {
    let slot = slot(now);
    let before = |seconds: i64| slot - seconds / SLOT_SECONDS - 1;
    let (in_minute, in_hour): (u32, u32) = tx.one(SPENT, &[&before(60), &gate, &before(3600)])?;
    Ok(!budget.allows(in_minute, in_hour))
}

fn slot(now: UnixTime) -> i64 {
    now.get().div_euclid(SLOT_SECONDS)
}

impl From<Unheard> for Counted {
    fn from(why: Unheard) -> Self {
        match why {
            Unheard::Already { pass } => Self::Already { pass },
            Unheard::TooSoon { until } => Self::TooSoon { until },
            Unheard::NoMoreTries => Self::NoMoreTries,
            Unheard::BudgetSpent => Self::BudgetSpent,
        }
    }
}
