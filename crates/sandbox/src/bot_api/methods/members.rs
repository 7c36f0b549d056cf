//! Chats and who is in them: looked at, banned, let back.

use super::call::{Access, Call, Outcome, Place};
use crate::bot_api::answer::{Answer, Failure};
use crate::world::{Chat, ChatKind, Office};
use telegram::bot_api::types;

pub(super) fn get_chat(call: &mut Call) -> Outcome {
    let chat = match call.chat(Access::Read)? {
        Place::Person(person) => {
            let person = call.world.account(person).ok_or_else(|| Failure::bad("chat not found"))?;
            let chat = person.private_chat();
            let bio = person.bio.clone();
            let active_usernames = chat.username.clone().into_iter().collect();
            let named =
                types::ChatFullInfo { id: chat.id, kind: chat.kind, bio, ..types::ChatFullInfo::default() };
            let named = types::ChatFullInfo { first_name: chat.first_name, active_usernames, ..named };
            types::ChatFullInfo { username: chat.username, ..named }
        }
        Place::Chat(chat) => {
            let may_invite = call.at(chat).may_invite(call.bot) && call.at(chat).upgraded_to.is_none();
            let primary = if may_invite { Some(call.world.primary_link(call.bot, chat)?) } else { None };
            let primary = primary.and_then(|number| call.world.invite(number));
            let invite_link = primary.map(|invite| call.world.url(invite));
            full_chat(call, call.at(chat), invite_link)
        }
    };
    Ok(Answer::of(&chat))
}

fn full_chat(call: &Call, chat: &Chat, invite_link: Option<String>) -> types::ChatFullInfo {
    let is_administrator = matches!(chat.office(call.bot), Some(Office::Administrator(_)));
    types::ChatFullInfo {
        id: chat.id,
        title: Some(chat.title.clone()),
        username: chat.username.clone(),
        kind: chat.kind.as_str().to_owned(),
        active_usernames: chat.username.clone().into_iter().collect(),
        invite_link,
        permissions: (chat.kind != ChatKind::Channel).then(types::ChatPermissions::default),
        join_by_request: chat.join_by_request && chat.kind == ChatKind::Supergroup,
        all_members_are_administrators: (chat.kind == ChatKind::Group).then_some(true),
        max_reaction_count: 11,
        guard_bot: chat.guard.filter(|_| is_administrator).map(|bot| call.world.user(bot)),
        ..types::ChatFullInfo::default()
    }
}

pub(super) fn get_chat_member(call: &mut Call) -> Outcome {
    let person = call.user_id()?;
    let itself = person == call.bot;
    let chat = call.chat(if itself { Access::Read } else { Access::ReadMembers })?;
    let Place::Chat(chat) = chat else { return Err(Failure::bad("member not found")) };
    let chat = call.at(chat);
    let known = itself || chat.membership(person).is_some() || call.bot().has_met(person);
    if chat.kind == ChatKind::Channel
        && !itself
        && !matches!(chat.office(call.bot), Some(Office::Administrator(_)))
    {
        return Err(Failure::bad("member list is inaccessible"));
    }
    if !known || call.world.account(person).is_none() {
        return Err(Failure::bad("member not found"));
    }
    Ok(Answer::of(&call.world.shown_member(chat.kind, person, chat.membership(person))))
}

pub(super) fn get_chat_administrators(call: &mut Call) -> Outcome {
    let Place::Chat(chat) = call.chat(Access::ReadMembers)? else {
        return Err(Failure::bad("there are no administrators in the private chat"));
    };
    let with_bots = call.arguments.flag("return_bots");
    let chat = call.at(chat);
    let is_shown = |who: i64| with_bots || who == call.bot || call.world.bot(who).is_none();
    let administrators: Vec<_> = chat
        .memberships()
        .filter(|(who, it)| matches!(it.office, Office::Owner | Office::Administrator(_)) && is_shown(*who))
        .map(|(who, membership)| call.world.shown_member(chat.kind, who, Some(membership)))
        .collect();
    Ok(Answer::of(&administrators))
}

pub(super) fn get_chat_member_count(call: &mut Call) -> Outcome {
    let count = match call.chat(Access::Read)? {
        Place::Person(person) => 1 + usize::from(person != call.bot),
        Place::Chat(chat) => call.at(chat).member_count(),
    };
    Ok(Answer::of(&count))
}

pub(super) fn ban(call: &mut Call) -> Outcome {
    let person = call.user_id()?;
    let until = i64::from(call.arguments.int("until_date", i32::MIN, i32::MAX));
    let chat = call.removable(person)?;
    let ahead = until - call.world.now;
    let until = if (30..=366 * 24 * 3600).contains(&ahead) { until } else { 0 };
    call.world.ban(call.bot, chat, person, until)?;
    Ok(Answer::yes())
}

/// The first half of `unbanChatMember`: whether a member has to be put out first.
pub(crate) enum Unban {
    /// Nothing to do any more.
    Done,
    /// They were banned a moment ago, so that they are out; one second later they may come back.
    ThenLetBack { chat: i64, person: i64 },
}

pub(crate) fn unban(call: &mut Call) -> Result<Unban, Failure> {
    let person = call.user_id()?;
    let only_if_banned = call.arguments.flag("only_if_banned");
    let chat = call.removable(person)?;
    if call.at(chat).kind == ChatKind::Group {
        return Err(Failure::bad("method is available for supergroup and channel chats only"));
    }
    let office = call.at(chat).office(person).copied();
    let now = call.world.now;
    match office {
        Some(office) if office.is_banned(now) => call.world.unban(call.bot, chat, person),
        Some(office) if office.is_in() && !only_if_banned => {
            call.world.ban(call.bot, chat, person, now + 60)?;
            return Ok(Unban::ThenLetBack { chat, person });
        }
        _ => {}
    }
    Ok(Unban::Done)
}

pub(super) fn leave(call: &mut Call) -> Outcome {
    let Place::Chat(chat) = call.chat(Access::Write)? else { return Err(Failure::bad("chat not found")) };
    call.world.leave(call.bot, chat)?;
    Ok(Answer::yes())
}
