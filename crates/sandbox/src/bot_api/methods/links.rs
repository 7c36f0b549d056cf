//! Links: made, edited, replaced, revoked.

use super::call::{Access, Call, Outcome};
use crate::bot_api::answer::{Answer, Failure};
use crate::world::NewLink;

pub(super) fn create(call: &mut Call) -> Outcome {
    let new = call.terms();
    let place = call.chat(Access::Write)?;
    let new = new?;
    if new.by_request && new.limit > 0 {
        return Err(limit_with_approval());
    }
    let chat = call.links_of(place)?;
    let made = call.world.create_link(call.bot, chat, new)?;
    Ok(call.link(made))
}

pub(super) fn create_subscription(call: &mut Call) -> Outcome {
    let name = call.link_name();
    let period = call.arguments.int("subscription_period", 0, 1_000_000_000).unsigned_abs();
    let stars = call.arguments.int("subscription_price", 0, 1_000_000).unsigned_abs();
    let place = call.chat(Access::Write)?;
    let name = name?;
    if period == 0 || stars == 0 {
        return Err(Failure::bad("invalid subscription pricing specified"));
    }
    let chat = call.links_of(place)?;
    let new = NewLink { name, period_seconds: period, stars, ..NewLink::default() };
    let made = call.world.create_link(call.bot, chat, new)?;
    Ok(call.link(made))
}

pub(super) fn export(call: &mut Call) -> Outcome {
    let place = call.chat(Access::Write)?;
    let chat = call.links_of(place)?;
    let made = call.world.replace_primary(call.bot, chat)?;
    call.entry.link = made;
    let invite = call.world.invite(made).expect("it was just made");
    Ok(Answer::of(&call.world.url(invite)))
}

pub(super) fn edit(call: &mut Call) -> Outcome {
    let new = call.terms();
    let place = call.chat(Access::Write)?;
    let new = new?;
    let link = call.link_text()?;
    let chat = call.links_of(place)?;
    if new.by_request && new.limit > 0 {
        return Err(limit_with_approval());
    }
    let link = not_empty(link)?;
    let edited = call.world.edit_link(call.bot, chat, &link, new)?;
    Ok(call.link(edited))
}

pub(super) fn edit_subscription(call: &mut Call) -> Outcome {
    let name = call.link_name();
    let place = call.chat(Access::Write)?;
    let name = name?;
    let link = call.link_text()?;
    let chat = call.links_of(place)?;
    let link = not_empty(link)?;
    let edited = call.world.rename_link(call.bot, chat, &link, name)?;
    Ok(call.link(edited))
}

pub(super) fn revoke(call: &mut Call) -> Outcome {
    let place = call.chat(Access::Write)?;
    let link = call.link_text()?;
    let chat = call.links_of(place)?;
    let link = not_empty(link)?;
    let (revoked, _) = call.world.revoke_link(call.bot, chat, &link)?;
    Ok(call.link(revoked))
}

fn limit_with_approval() -> Failure {
    Failure::bad("member limit can't be specified for links requiring administrator approval")
}

fn not_empty(link: String) -> Result<String, Failure> {
    if link.is_empty() { Err(Failure::bad("invite link must be non-empty")) } else { Ok(link) }
}
