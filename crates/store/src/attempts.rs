//! Tries at a gate: counted for each visitor or account, and for the gate as a whole.

use crate::connection::Tx;
use crate::statements::statements;
use crate::{Error, GateId, Result, Store, Visitor};
use links::{UnixTime, UserId};

statements! {
    TRIES = "
        select a.started_at, coalesce(c.wrong, a.wrong), coalesce(c.next_try_at, a.next_try_at), a.person
        from attempts a
        left join account_attempts c on c.gate = a.gate and c.person = a.person
        where a.gate = $1 and a.visitor = $2";
    START = "
        insert into attempts (gate, visitor, started_at)
        values ($1, $2, $3)
        on conflict (gate, visitor) do nothing";
    TURN = "update gates set turns = turns + 1 where id = $1";
    SPENT = "
        select
            cast(coalesce(sum(case when minute = $1 then wrong else 0 end), 0) as bigint),
            cast(coalesce(sum(wrong), 0) as bigint)
        from guesses
        where gate = $2 and minute > $3";
    SPEND = "
        insert into guesses (gate, minute, wrong)
        values ($1, $2, 1)
        on conflict (gate, minute) do update set wrong = guesses.wrong + 1";
    COUNT_FOR_VISITOR = "
        insert into attempts (gate, visitor, started_at, wrong, next_try_at)
        values ($1, $2, $3, 1, $4)
        on conflict (gate, visitor) do update set
            wrong = attempts.wrong + 1,
            next_try_at = excluded.next_try_at
        where attempts.next_try_at <= excluded.started_at and attempts.wrong < $5 and attempts.person is null
        returning wrong";
    COUNT_FOR_ACCOUNT = "
        insert into account_attempts (gate, person, wrong, next_try_at)
        values ($1, $2, $3, $4)
        on conflict (gate, person) do update set
            wrong = account_attempts.wrong + 1,
            next_try_at = excluded.next_try_at
        where account_attempts.next_try_at <= $5 and account_attempts.wrong < $6
        returning wrong";
}

/// How many wrong answers a gate takes from everybody without an account together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    /// In a minute of the clock.
    pub per_minute: u32,
    /// In that minute and the 59 before it.
    pub per_hour: u32,
}

/// What somebody tried so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tries {
    /// When they began, if they did.
    pub started_at: Option<UnixTime>,
    /// How many wrong answers they gave; of an account, whichever visitor it was.
    pub wrong: u32,
    /// When the next may come.
    pub next_try_at: UnixTime,
    /// The account they showed to be theirs.
    pub person: Option<UserId>,
}

/// What became of a wrong answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counted {
    /// It counts.
    Counted {
        /// How many they gave now.
        wrong: u32,
    },
    /// It came too soon, and was not looked at.
    TooSoon {
        /// When the next may come.
        until: UnixTime,
    },
    /// They had no tries left.
    NoMoreTries,
    /// The gate takes no more wrong answers for now, and was not to be asked.
    BudgetSpent,
    /// There is no such gate any more.
    NoSuchGate,
}

/// What limits a wrong answer.
#[derive(Clone, Copy, Debug)]
struct Limits {
    next_try_at: UnixTime,
    max_tries: u32,
    budget: Budget,
}

type Row = (UnixTime, u32, UnixTime, Option<UserId>);

impl Store {
    /// What a visitor tried so far.
    pub async fn tries(&self, gate: GateId, visitor: Visitor) -> Result<Tries> {
        self.read(move |tx| tries(tx, gate, visitor)).await
    }

    /// A visitor begins; again is nothing new.
    pub async fn start(&self, gate: GateId, visitor: Visitor, now: UnixTime) -> Result<()> {
        self.write(move |tx| tx.execute(START, &[&gate, &visitor, &now]).map(drop)).await
    }

    /// Counts a wrong answer, or refuses to have looked at it: of an account against its own tries, of anybody else
    /// against the visitor's and the gate's.
    pub async fn wrong(
        &self,
        gate: GateId,
        visitor: Visitor,
        now: UnixTime,
        next_try_at: UnixTime,
        max_tries: u32,
        budget: Budget,
    ) -> Result<Counted> {
        let limits = Limits { next_try_at, max_tries, budget };
        self.write(move |tx| {
            let so_far = tries(tx, gate, visitor)?;
            if so_far.wrong >= max_tries {
                Ok(Counted::NoMoreTries)
            } else if so_far.next_try_at > now {
                Ok(Counted::TooSoon { until: so_far.next_try_at })
            } else if let Some(person) = so_far.person {
                count_for_account(tx, gate, person, so_far.wrong, now, limits)
            } else {
                count_for_visitor(tx, gate, visitor, now, limits)
            }
        })
        .await
    }
}

pub(crate) fn tries(tx: &mut Tx<'_>, gate: GateId, visitor: Visitor) -> Result<Tries> {
    let row: Option<Row> = tx.row(TRIES, &[&gate, &visitor])?;
    Ok(match row {
        Some((started_at, wrong, next_try_at, person)) => {
            Tries { started_at: Some(started_at), wrong, next_try_at, person }
        }
        None => Tries { started_at: None, wrong: 0, next_try_at: UnixTime::new(0), person: None },
    })
}

fn count_for_account(
    tx: &mut Tx<'_>,
    gate: GateId,
    person: UserId,
    before: u32,
    now: UnixTime,
    limits: Limits,
) -> Result<Counted> {
    let counted: Option<(u32,)> = tx.row(
        COUNT_FOR_ACCOUNT,
        &[&gate, &person, &(before + 1), &limits.next_try_at, &now, &limits.max_tries],
    )?;
    // Another answer of theirs came between our look and this.
    counted.map(|(wrong,)| Counted::Counted { wrong }).ok_or(Error::Contended)
}

fn count_for_visitor(
    tx: &mut Tx<'_>,
    gate: GateId,
    visitor: Visitor,
    now: UnixTime,
    limits: Limits,
) -> Result<Counted> {
    // Once without writing, so that guessing on costs nothing; and once when nobody else can spend.
    if is_spent(tx, gate, now, limits.budget)? {
        return Ok(Counted::BudgetSpent);
    }
    if tx.execute(TURN, &[&gate])? == 0 {
        return Ok(Counted::NoSuchGate);
    }
    if is_spent(tx, gate, now, limits.budget)? {
        return Ok(Counted::BudgetSpent);
    }
    let counted: Option<(u32,)> =
        tx.row(COUNT_FOR_VISITOR, &[&gate, &visitor, &now, &limits.next_try_at, &limits.max_tries])?;
    let (wrong,) = counted.ok_or(Error::Contended)?;
    tx.execute(SPEND, &[&gate, &minute(now)])?;
    Ok(Counted::Counted { wrong })
}

/// Whether a gate has no wrong answers left. Exact for whoever has the gate's turn.
pub(crate) fn is_spent(tx: &mut Tx<'_>, gate: GateId, now: UnixTime, budget: Budget) -> Result<bool> {
    let this = minute(now);
    let (in_minute, in_hour): (u32, u32) = tx.one(SPENT, &[&this, &gate, &(this - 60)])?;
    Ok(in_minute >= budget.per_minute || in_hour >= budget.per_hour)
}

fn minute(now: UnixTime) -> i64 {
    now.get().div_euclid(60)
}
