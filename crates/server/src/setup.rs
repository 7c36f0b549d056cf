//! What has to be there before anybody can come: a bot, and a gate that is open.

mod publish;

pub use publish::{
    CannotPublish, Refusal, change_gate, publish, refusals, refusals_of_itself, refusals_to_open,
    refusals_to_publish,
};

use crate::CannotStart;
use crate::bots::{Unusable, who_is};
use gate::Gate;
use links::{UnixTime, UserId};
use store::{GateState, Store};
use telegram::bot_api::{Settings as Road, Token};

/// Takes a bot in, if Telegram knows it, and says who it is.
pub async fn add_bot(
    store: &Store,
    token: Token,
    road: &Road,
    who: &str,
    now: UnixTime,
) -> Result<UserId, CannotStart> {
    let me = who_is(token.clone(), road).await?;
    let id = UserId::new(me.id).map_err(|_| CannotStart::Bot(Unusable::Nobody))?;
    let username = me.username.unwrap_or_default();
    store.remember_bot(id, &username, &store::Token::new(token.reveal()), who, now).await?;
    Ok(id)
}

/// Saves a gate and opens it, unlooked at. One that is already kept as it is stays at its revision.
pub async fn open_gate(
    store: &Store,
    gate: &Gate,
    bot: UserId,
    who: &str,
    now: UnixTime,
) -> Result<(), CannotStart> {
    let kept = store.gate(&gate.slug).await?;
    if kept.as_ref().is_none_or(|kept| *kept.gate != *gate || kept.bot != bot) {
        store.save_gate(gate, bot, who, now).await?;
    }
    let kept = store.gate(&gate.slug).await?;
    if let Some(kept) = kept.filter(|kept| kept.state != GateState::Open) {
        store.set_gate_state(&kept, GateState::Open, who, now).await?;
    }
    Ok(())
}
