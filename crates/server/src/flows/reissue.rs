//! Somebody whose link expired or leaked asks for another.

use super::answer::wait_for_link;
use crate::app::App;
use crate::error::Trouble;
use gate::pass::State;
use std::time::Duration;
use store::{GateState, Reissued, SavedGate, Visitor};
use tokio::time::Instant;

/// How long to wait for Telegram to end the old link first.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What became of the wish.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// There is a new link or a place in the queue, or there was nothing to replace.
    Done,
    /// The old link still works at Telegram and is being ended, or news of who came by it is awaited.
    NotYet,
    /// Nobody knows whether somebody came by it.
    Unsure,
    /// The gate is paused.
    Paused,
    /// They hold nothing here.
    NoPass,
}

pub(crate) async fn reissue(app: &App, gate: &SavedGate, visitor: Visitor) -> Result<Outcome, Trouble> {
    if gate.state != GateState::Open {
        return Ok(Outcome::Paused);
    }
    // What ran out a moment ago may not be written down yet.
    app.store.expire(app.clock.now()).await?;
    let Some(holding) = app.store.holding(gate.id, visitor).await? else { return Ok(Outcome::NoPass) };
    let until = Instant::now() + PATIENCE;
    let mut ear = app.bells.ended.listen();
    for entry in &holding.entries {
        if !matches!(entry.state, State::Expired | State::Leaked) {
            continue;
        }
        loop {
            let now = app.clock.now();
            let again = app.store.reissue(holding.pass, entry.chat, gate.alive_until(now), None, now).await?;
            match again {
                Reissued::NotYet if Instant::now() >= until => return Ok(Outcome::NotYet),
                Reissued::NotYet => {
                    app.bells.ending.ring();
                    ear.wait(LOOK_AGAIN).await;
                }
                Reissued::Reissued(_) => {
                    app.bells.wanted.ring();
                    break;
                }
                Reissued::Unsure => return Ok(Outcome::Unsure),
                Reissued::Not(_) | Reissued::NoSuchPass => break,
            }
        }
    }
    wait_for_link(app, gate, visitor).await?;
    Ok(Outcome::Done)
}
