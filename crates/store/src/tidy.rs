//! What is kept for a time only, forgotten.

use crate::statements::statements;
use crate::{GateId, Result, Store, Visitor, attempts, ledger, pace, updates};
use links::{UnixTime, UserId};

statements! {
    OLD_ATTEMPTS = "
        select a.gate, a.visitor from attempts a
        where coalesce(a.started_at, 0) < $1 and coalesce(a.last_wrong_at, 0) < $1 and coalesce(a.bound_at, 0) < $1
            and not exists (select 1 from passes p where p.gate = a.gate and p.visitor = a.visitor)
            and not exists (select 1 from passes p where p.gate = a.gate and p.person = a.person)
        limit $2";
    FORGET_ATTEMPT = "
        delete from attempts
        where gate = $1 and visitor = $2
            and coalesce(started_at, 0) < $3 and coalesce(last_wrong_at, 0) < $3 and coalesce(bound_at, 0) < $3";
    OLD_ACCOUNTS = "
        select a.gate, a.person from account_attempts a
        where coalesce(a.last_wrong_at, 0) < $1
            and not exists (select 1 from passes p where p.gate = a.gate and p.person = a.person)
        limit $2";
    FORGET_ACCOUNT = "
        delete from account_attempts
        where gate = $1 and person = $2 and coalesce(last_wrong_at, 0) < $3";
    OLD_SIGHTINGS = "
        select s.id from sightings s
        where s.pass is null and s.at < $1
            and not exists (
                select 1 from sightings own
                where own.chat = s.chat and own.person = s.person and own.pass is not null)
        limit $2";
    FORGET_SIGHTING = "delete from sightings where id = $1";
}

/// So many rows are forgotten in one transaction, so that nobody waits long for it.
const AT_A_TIME: u32 = 500;

impl Store {
    /// Forgets what served its time: updates that Telegram will not repeat, wrong answers that no budget counts, calls
    /// that are held back no more, links that ended in a pool.
    pub async fn tidy(&self, now: UnixTime) -> Result<()> {
        self.write(move |tx| {
            updates::forget(tx, now)?;
            attempts::forget(tx, now)?;
            pace::forget(tx, now)?;
            ledger::drop_expired(tx, now)
        })
        .await
    }

    /// Forgets those who hold no pass: what they tried and showed, and that they were seen in a chat, if all of it was
    /// before then. Answers how many rows that were. They are looked for without keeping anybody from writing.
    pub async fn forget_others(&self, before: UnixTime) -> Result<u64> {
        let mut forgotten = 0;
        loop {
            let attempts: Vec<(GateId, Visitor)> =
                self.read(move |tx| tx.rows(OLD_ATTEMPTS, &[&before, &AT_A_TIME])).await?;
            let accounts: Vec<(GateId, UserId)> =
                self.read(move |tx| tx.rows(OLD_ACCOUNTS, &[&before, &AT_A_TIME])).await?;
            let sightings: Vec<(i64,)> =
                self.read(move |tx| tx.rows(OLD_SIGHTINGS, &[&before, &AT_A_TIME])).await?;
            if attempts.is_empty() && accounts.is_empty() && sightings.is_empty() {
                return Ok(forgotten);
            }
            let some = self.write(move |tx| {
                let mut some = 0;
                for (gate, visitor) in &attempts {
                    some += tx.execute(FORGET_ATTEMPT, &[gate, visitor, &before])?;
                }
                for (gate, person) in &accounts {
                    some += tx.execute(FORGET_ACCOUNT, &[gate, person, &before])?;
                }
                for (id,) in &sightings {
                    some += tx.execute(FORGET_SIGHTING, &[id])?;
                }
                Ok(some)
            });
            forgotten += some.await?;
        }
    }
}
