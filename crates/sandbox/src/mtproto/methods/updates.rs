//! What accounts are told: in the answer to whoever made it happen, unasked to everybody else who listens, and to
//! whoever asks what they missed.

use super::call::{Call, Outcome};
use crate::mtproto::news::Bulletin;
use crate::mtproto::objects::seconds;
use crate::world::Told;
use grammers_tl_types::functions::updates as asks;
use grammers_tl_types::{enums, types};

/// What a call did in a chat, told to whoever made it. No other chat is named: clients take the one they find for the
/// one they meant.
pub(super) fn done(call: &mut Call, chat: i64) -> enums::Updates {
    let (user, since) = (call.user(), call.since);
    let bulletin = Bulletin::of(call.view(), call.world.news_after(user, since)).about(chat);
    let updates = bulletin.updates(call.view());
    if call.session.told == Some(since) {
        call.session.told = Some(call.world.listen(user));
    }
    updates
}

/// What the session was not told yet.
pub(in crate::mtproto) fn unasked(call: &mut Call) -> Option<enums::Updates> {
    let date = seconds(call.world.now);
    if let Some(shown) = call.session.shown.as_mut().filter(|shown| !shown.is_told)
        && call.offers.accepted(&shown.token).is_some()
    {
        shown.is_told = true;
        return Some(types::UpdateShort { update: enums::Update::LoginToken, date }.into());
    }
    let told = call.session.told?;
    let user = call.user();
    call.world.account(user).filter(|account| !account.is_deleted)?;
    let last = call.world.listen(user);
    call.session.told = Some(last);
    if call.world.is_news_forgotten(user, told) {
        return Some(enums::Updates::TooLong);
    }
    let bulletin = Bulletin::of(call.view(), call.world.news_after(user, told));
    (!bulletin.is_empty()).then(|| bulletin.updates(call.view()))
}

pub(super) fn get_state(call: &mut Call, _: asks::GetState) -> Outcome<enums::updates::State> {
    Ok(state(call))
}

/// Bots count what they are told; people say since when they have heard nothing. Of long ago only the newest is known.
pub(super) fn get_difference(
    call: &mut Call,
    asked: asks::GetDifference,
) -> Outcome<enums::updates::Difference> {
    let user = call.user();
    let is_missed = |it: &Told| match call.is_bot() {
        true => it.0 > asked.qts,
        false => it.1 >= asked.date.into(),
    };
    let bulletin = Bulletin::of(call.view(), call.world.news_after(user, 0).filter(is_missed));
    let types::Updates { updates, users, chats, date, seq } = bulletin.whole(call.view());
    let last = call.world.listen(user);
    call.session.told = call.session.told.map(|_| last);
    if updates.is_empty() {
        return Ok(types::updates::DifferenceEmpty { date, seq }.into());
    }
    Ok(types::updates::Difference {
        new_messages: Vec::new(),
        new_encrypted_messages: Vec::new(),
        other_updates: updates,
        chats,
        users,
        state: state(call),
    }
    .into())
}

fn state(call: &mut Call) -> enums::updates::State {
    let user = call.user();
    // Nobody is told of messages, which is what `pts` counts; `qts` counts what bots are told.
    let qts = if call.is_bot() { call.world.listen(user) } else { 0 };
    let date = seconds(call.world.now);
    types::updates::State { pts: 1, qts, date, seq: 0, unread_count: 0 }.into()
}
