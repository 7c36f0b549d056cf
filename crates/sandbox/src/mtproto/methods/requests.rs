//! Who came by a link, who waits, and the verdict on those who wait.

use super::call::{Call, Outcome};
use super::chats::page;
use super::updates::done;
use crate::mtproto::objects::seconds;
use crate::world::{Chat, LinkNo, Word, World};
use grammers_tl_types::functions::messages;
use grammers_tl_types::{enums, types};

/// Somebody in a list: since when, and who. The order of the list is newest first.
type Place = (i64, i64);

pub(super) fn importers(
    call: &mut Call,
    asked: messages::GetChatInviteImporters,
) -> Outcome<enums::messages::ChatInviteImporters> {
    if asked.link.is_some() && asked.q.is_some() {
        return Err(Word("SEARCH_WITH_LINK_NOT_SUPPORTED").into());
    }
    let chat = call.chat(&asked.peer)?;
    let link = asked.link.as_deref().map(|link| call.link(chat, link)).transpose()?;
    let last = last(call, &asked)?;
    let (world, chat) = (&*call.world, call.world.manageable(call.user(), chat)?);
    let mut places: Vec<Place> = match asked.requested {
        true => waiting(world, chat, link, asked.q.as_deref().unwrap_or_default()).collect(),
        false if asked.subscription_expired => lapsed(chat, link).collect(),
        false => came(chat, link).collect(),
    };
    let count = i32::try_from(places.len()).unwrap_or(i32::MAX);
    if let Some(last) = last {
        places.retain(|place| *place < last);
    }
    // Of very many, only the newest are put in order.
    let limit = page(asked.limit);
    if places.len() > limit {
        places.select_nth_unstable_by(limit, |one, other| other.cmp(one));
        places.truncate(limit);
    }
    places.sort_unstable_by(|one, other| other.cmp(one));
    let importer = |&(at, who): &Place| {
        let approved_by = chat.membership(who).and_then(|membership| membership.approved_by);
        enums::ChatInviteImporter::Importer(types::ChatInviteImporter {
            requested: asked.requested,
            via_chatlist: false,
            user_id: who,
            date: seconds(at),
            about: world.account(who).and_then(|account| account.bio.clone()).filter(|_| asked.requested),
            approved_by: approved_by.filter(|_| !asked.requested),
        })
    };
    let users = call.view().users(places.iter().map(|(_, who)| *who));
    let importers = places.iter().map(importer).collect();
    Ok(types::messages::ChatInviteImporters { count, importers, users }.into())
}

/// The entry that ended the page before.
fn last(call: &Call, asked: &messages::GetChatInviteImporters) -> Outcome<Option<Place>> {
    let who = match &asked.offset_user {
        enums::InputUser::Empty => 0,
        named => call.account(named)?,
    };
    Ok((asked.offset_date != 0).then_some((asked.offset_date.into(), who)))
}

fn waiting(world: &World, chat: &Chat, link: Option<LinkNo>, search: &str) -> impl Iterator<Item = Place> {
    let search = search.to_lowercase();
    let matches = move |who: i64| {
        let Some(account) = world.account(who) else { return false };
        let names = [Some(&account.first_name), account.username.as_ref()];
        names.into_iter().flatten().any(|name| name.to_lowercase().contains(&search))
    };
    chat.requests()
        .filter(move |(_, asked)| link.is_none() || asked.via == link)
        .filter(move |(who, _)| matches(*who))
        .map(|(who, asked)| (asked.at, who))
}

fn came(chat: &Chat, link: Option<LinkNo>) -> impl Iterator<Item = Place> {
    chat.memberships()
        .filter(|(_, it)| it.office.is_in())
        .filter(move |(_, it)| it.via.is_some() && (link.is_none() || it.via == link))
        .map(|(who, it)| (it.since, who))
}

/// Nobody whose paid time is over is in: they were put out then.
fn lapsed(chat: &Chat, link: Option<LinkNo>) -> impl Iterator<Item = Place> {
    chat.memberships()
        .filter_map(|(who, it)| Some((who, it.lapsed?)))
        .filter(move |(_, it)| link.is_none_or(|link| it.via == link))
        .map(|(who, it)| (it.since, who))
}

pub(super) fn decide(call: &mut Call, asked: messages::HideChatJoinRequest) -> Outcome<enums::Updates> {
    let chat = call.chat(&asked.peer)?;
    let user = call.user();
    call.world.manageable(user, chat)?;
    let person = call.account(&asked.user_id)?;
    call.entry.user = person;
    call.world.decide(user, chat, person, asked.approved)?;
    Ok(done(call, chat))
}

pub(super) fn decide_all(
    call: &mut Call,
    asked: messages::HideAllChatJoinRequests,
) -> Outcome<enums::Updates> {
    let chat = call.chat(&asked.peer)?;
    let link = asked.link.as_deref().map(|link| call.link(chat, link)).transpose()?;
    call.world.decide_all(call.user(), chat, link, asked.approved)?;
    Ok(done(call, chat))
}
