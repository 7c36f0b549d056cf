//! What has to be there before anybody can come: a bot, and a gate that is open.

use crate::CannotStart;
use crate::bots::{Unusable, who_is};
use gate::Gate;
use links::{UnixTime, UserId};
use store::{GateState, NewGate, Store};
use telegram::bot_api::{Settings as Road, Token};

/// Takes a bot in, if Telegram knows it, and says who it is.
pub async fn add_bot(store: &Store, token: Token, road: &Road, now: UnixTime) -> Result<UserId, CannotStart> {
    let me = who_is(token.clone(), road).await?;
    let id = UserId::new(me.id).map_err(|_| CannotStart::Bot(Unusable::Nobody))?;
    let username = me.username.unwrap_or_default();
    store.remember_bot(id, &username, token.reveal(), now).await?;
    Ok(id)
}

/// Saves a gate and opens it. One that is already kept as it is stays at its revision.
pub async fn open_gate(store: &Store, gate: &Gate, bot: UserId, now: UnixTime) -> Result<(), CannotStart> {
    let definition = serde_json::to_vec(gate).expect("a gate is plain data");
    let slug = gate.slug.as_str();
    let kept = store.gate(slug).await?;
    if kept.is_none_or(|kept| kept.definition != definition || kept.bot != bot) {
        let new = NewGate {
            slug: slug.to_owned(),
            bot,
            definition,
            chats: gate.chats.to_vec(),
            quota: gate.quota.map(|quota| quota.get()),
            opens_at: gate.opens_at,
            closes_at: gate.closes_at,
        };
        store.save_gate(new, now).await?;
    }
    store.set_gate_state(slug, GateState::Open, now).await?;
    Ok(())
}
