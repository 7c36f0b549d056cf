//! Somebody answers a gate: is it right, may it count, and what do they get for it.
//!
//! Whether an answer counts is decided by the statement that writes it down, and not here: a wrong one is told to be
//! wrong, and a right one opens, only if it was within the visitor's tries and the gate's budget at that moment. Both
//! are held back in the same words, so that nobody guesses past the limits by watching.

use super::presence::{self, Presence};
use crate::app::App;
use crate::error::Trouble;
use crate::metrics::Answer;
use gate::{Given, Grade, May, QuestionId, Tries, Unclear};
use links::{UnixTime, UserId};
use std::time::Duration;
use store::{Attempt, Counted, Granted, SavedGate, Visitor};
use tokio::time::Instant;

/// How long an answer may wait for Telegram, and for a link that has to be made first: so long that whoever answered sees
/// their link, or their place, within two seconds, also where a thousand came at once.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Another node may make the link, and its bells are not heard here.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What became of an answer.
pub(crate) enum Outcome {
    /// They hold a pass.
    In,
    /// It could not be read, so nothing counts.
    Unclear { which: Vec<(QuestionId, Unclear)> },
    /// Not right.
    Wrong { which: Vec<QuestionId>, left: u32, next_try_at: UnixTime },
    /// Too late after pressing Start; it counts as wrong.
    OutOfTime { left: u32 },
    /// Too soon after a wrong one.
    Wait { until: UnixTime },
    /// Wrong too often.
    NoMoreTries,
    /// Too many wrong answers came to this gate; for a while it looks at none.
    Crowded,
    /// This gate begins with pressing Start.
    NotStarted,
    /// Not open any more, or changed since the gate was read.
    NotOpen,
    /// All passes are given.
    Full,
    /// They are in already, wherever the gate leads.
    Inside,
    /// They are kept out of where the gate leads.
    Banned,
}

pub(crate) async fn answer(
    app: &App,
    gate: &SavedGate,
    visitor: Visitor,
    given: &Given,
) -> Result<Outcome, Trouble> {
    let now = app.clock.now();
    let asked = gate.gate.ask(visitor.as_bytes());
    if gate.gate.needs_start() {
        let tries = match tries(app, gate, visitor, now).await? {
            Ok(tries) => tries,
            Err(outcome) => return Ok(outcome),
        };
        let Some(started_at) = tries.started_at else { return Ok(Outcome::NotStarted) };
        if gate.gate.deadline(&asked, started_at).is_some_and(|deadline| deadline < now) {
            return count_wrong(app, gate, visitor, now, |left, _| Outcome::OutOfTime { left }).await;
        }
    }
    match gate.gate.grade(&asked, given) {
        Grade::Right => give(app, gate, visitor, now).await,
        Grade::Wrong { which } => {
            let wrong = |left, next_try_at| Outcome::Wrong { which, left, next_try_at };
            count_wrong(app, gate, visitor, now, wrong).await
        }
        // Nothing will be written down that could tell who needs no answer, or may give none.
        Grade::Unclear { which } => {
            Ok(tries(app, gate, visitor, now).await?.err().unwrap_or(Outcome::Unclear { which }))
        }
    }
}

/// What somebody tried so far; or what they are told, if no answer of theirs is looked at.
pub(crate) async fn tries(
    app: &App,
    gate: &SavedGate,
    visitor: Visitor,
    now: UnixTime,
) -> Result<Result<Tries, Outcome>, Trouble> {
    let Attempt { pass, tries, .. } = app.store.attempt(gate.id, visitor).await?;
    if pass.is_some() {
        wait_for_link(app, gate, visitor, Instant::now() + PATIENCE).await?;
        return Ok(Err(Outcome::In));
    }
    Ok(match gate.gate.may_try(&tries, now) {
        May::Now => Ok(tries),
        May::Wait { until } => Err(Outcome::Wait { until }),
        May::NoMore => Err(Outcome::NoMoreTries),
    })
}

async fn count_wrong(
    app: &App,
    gate: &SavedGate,
    visitor: Visitor,
    now: UnixTime,
    outcome: impl FnOnce(u32, UnixTime) -> Outcome,
) -> Result<Outcome, Trouble> {
    let counted = app.store.wrong(gate, visitor, now).await?;
    app.metrics.answered(if matches!(counted, Counted::Counted(_)) { Answer::Wrong } else { Answer::Held });
    Ok(match counted {
        Counted::Counted(tries) => {
            let left = gate.gate.tries.most.get().saturating_sub(tries.wrong);
            let next_try_at = match gate.gate.may_try(&tries, now) {
                May::Wait { until } => until,
                May::Now | May::NoMore => now,
            };
            outcome(left, next_try_at)
        }
        Counted::TooSoon { until } => Outcome::Wait { until },
        Counted::NoMoreTries => Outcome::NoMoreTries,
        Counted::BudgetSpent => Outcome::Crowded,
        Counted::Already { .. } => {
            wait_for_link(app, gate, visitor, Instant::now() + PATIENCE).await?;
            Outcome::In
        }
        Counted::Changed => Outcome::NotOpen,
    })
}

/// Why a pass would lead its person nowhere, where Telegram can be asked about them: in every chat of the gate they are a
/// member already, or banned.
async fn needless(app: App, gate: SavedGate, person: UserId) -> Result<Option<Outcome>, Trouble> {
    let Some(bot) = app.bots.get(gate.bot) else { return Ok(None) };
    let mut why = Outcome::Inside;
    for &chat in gate.gate.chats.iter() {
        match presence::of(&app, &bot, chat, person).await? {
            Some(Presence::In { .. }) => {}
            Some(Presence::Banned) => why = Outcome::Banned,
            Some(Presence::Out) | None => return Ok(None),
        }
    }
    Ok(Some(why))
}

async fn give(app: &App, gate: &SavedGate, visitor: Visitor, now: UnixTime) -> Result<Outcome, Trouble> {
    let until = Instant::now() + PATIENCE;
    let mut granted = app.store.grant_unless_known(gate, visitor, now).await?;
    if let Granted::Known { person } = granted {
        // If Telegram does not say so in time, nobody knows that they would need none.
        let asked = app.within(until, needless(app.clone(), gate.clone(), person)).await?;
        if let Some(needless) = asked.flatten() {
            return Ok(needless);
        }
        granted = app.store.grant(gate, visitor, now).await?;
    }
    app.points.pass("answer.granted");
    Ok(match granted {
        Granted::Granted { entries, .. } => {
            app.metrics.answered(Answer::Right);
            // A pool that has one less is filled up at the maker's next look.
            if entries.iter().any(|entry| entry.link.is_none()) {
                app.bells.wanted.ring();
                wait_for_link(app, gate, visitor, until).await?;
            }
            Outcome::In
        }
        Granted::Already { .. } => {
            wait_for_link(app, gate, visitor, until).await?;
            Outcome::In
        }
        Granted::TooSoon { until } => held(app, Outcome::Wait { until }),
        Granted::NoMoreTries => held(app, Outcome::NoMoreTries),
        Granted::BudgetSpent => held(app, Outcome::Crowded),
        Granted::Full => Outcome::Full,
        Granted::Changed | Granted::NotOpen | Granted::NoSuchGate | Granted::Known { .. } => Outcome::NotOpen,
    })
}

fn held(app: &App, outcome: Outcome) -> Outcome {
    app.metrics.answered(Answer::Held);
    outcome
}

/// The pool was empty. A link is made within moments, or there is a queue.
pub(crate) async fn wait_for_link(
    app: &App,
    gate: &SavedGate,
    visitor: Visitor,
    until: Instant,
) -> Result<(), Trouble> {
    let mut ear = app.bells.made.listen();
    while Instant::now() < until {
        match app.store.holding(gate.id, visitor).await? {
            Some(holding) if holding.waits() => ear.wait(LOOK_AGAIN).await,
            _ => break,
        }
    }
    Ok(())
}
