//! Chats: found by name, listed, looked at.

use super::call::{Call, Outcome, Refusal, few_enough, number};
use crate::mtproto::objects::blank;
use crate::world::Word;
use grammers_tl_types::functions::{channels, contacts, messages};
use grammers_tl_types::{Serializable, enums, types};

/// The longest page of anything.
pub(super) const LONGEST_PAGE: usize = 100;

/// So many of a page were asked for; without a number, as many as there can be.
pub(super) fn page(limit: i32) -> usize {
    usize::try_from(limit)
        .ok()
        .filter(|&limit| limit > 0)
        .map_or(LONGEST_PAGE, |limit| limit.min(LONGEST_PAGE))
}

pub(super) fn resolve_username(
    call: &mut Call,
    asked: contacts::ResolveUsername,
) -> Outcome<enums::contacts::ResolvedPeer> {
    let name = asked.username.trim_start_matches('@');
    let view = call.view();
    let resolved = if let Some(chat) = call.world.chat_by_name(name) {
        types::contacts::ResolvedPeer {
            peer: view.peer(chat),
            chats: vec![view.chat(chat)],
            users: Vec::new(),
        }
    } else if let Some(account) = call.world.account_by_name(name) {
        let peer = enums::Peer::User(types::PeerUser { user_id: account.id });
        types::contacts::ResolvedPeer { peer, chats: Vec::new(), users: view.users([account.id]) }
    } else if name.is_empty() {
        return Err(Word("USERNAME_INVALID").into());
    } else {
        return Err(Word("USERNAME_NOT_OCCUPIED").into());
    };
    Ok(resolved.into())
}

/// The chats somebody is in and the bots they wrote to, in the order of their numbers; nothing here has a last message.
/// The page goes on after `offset_peer`, if they were told of it; otherwise it is the first, as Telegram has it.
pub(super) fn get_dialogs(call: &mut Call, asked: messages::GetDialogs) -> Outcome<enums::messages::Dialogs> {
    let (user, after) = (call.user(), place(call, &asked.offset_peer));
    let view = call.view();
    let is_next = |id: i64| after.is_none_or(|after| id > after);
    let chats = || call.world.chats().filter(|chat| chat.has(user));
    let bots = || call.world.bots().filter(|bot| bot.was_started_by(user) || bot.is_blocked_by(user));
    let limit = page(asked.limit);
    let chats_here: Vec<_> = chats().filter(|chat| is_next(chat.id)).take(limit).collect();
    let bots_here = bots().map(|bot| bot.id).filter(|&id| is_next(id));
    let bots_here: Vec<_> = bots_here.take(limit - chats_here.len()).collect();
    let settings = enums::PeerNotifySettings::Settings(blank(&[&[0; 4]])).to_bytes();
    let with = |&user_id: &i64| enums::Peer::from(types::PeerUser { user_id });
    let dialog = |peer: enums::Peer| {
        let parts = [&[0; 4][..], &peer.to_bytes(), &[0; 28], &settings];
        enums::Dialog::Dialog(types::Dialog { peer, ..blank(&parts) })
    };
    Ok(types::messages::DialogsSlice {
        count: i32::try_from(chats().count() + bots().count()).unwrap_or(i32::MAX),
        dialogs: chats_here
            .iter()
            .map(|chat| view.peer(chat))
            .chain(bots_here.iter().map(with))
            .map(dialog)
            .collect(),
        messages: Vec::new(),
        chats: chats_here.iter().map(|chat| view.chat(chat)).collect(),
        users: view.users(bots_here.iter().copied().chain([user])),
    }
    .into())
}

/// The number of the chat or person that a page ended with.
fn place(call: &Call, last: &enums::InputPeer) -> Option<i64> {
    let is_told = |id: i64, hash: i64| (hash == call.view().access_hash(id)).then_some(id);
    match last {
        enums::InputPeer::User(it) => is_told(it.user_id, it.access_hash),
        enums::InputPeer::Channel(it) => is_told(number(last)?, it.access_hash),
        _ => number(last),
    }
}

pub(super) fn get_chats(call: &mut Call, asked: messages::GetChats) -> Outcome<enums::messages::Chats> {
    few_enough(&asked.id)?;
    let mut chats = Vec::new();
    for id in asked.id {
        let chat = group(call, id)?;
        chats.push(call.view().chat(call.at(chat)));
    }
    Ok(types::messages::Chats { chats }.into())
}

pub(super) fn get_full_chat(
    call: &mut Call,
    asked: messages::GetFullChat,
) -> Outcome<enums::messages::ChatFull> {
    let chat = group(call, asked.chat_id)?;
    Ok(full(call, chat))
}

pub(super) fn get_channels(call: &mut Call, asked: channels::GetChannels) -> Outcome<enums::messages::Chats> {
    few_enough(&asked.id)?;
    let mut chats = Vec::new();
    for channel in asked.id {
        let chat = call.channel(&channel)?;
        chats.push(call.view().chat(call.at(chat)));
    }
    Ok(types::messages::Chats { chats }.into())
}

pub(super) fn get_full_channel(
    call: &mut Call,
    asked: channels::GetFullChannel,
) -> Outcome<enums::messages::ChatFull> {
    let chat = call.channel(&asked.channel)?;
    Ok(full(call, chat))
}

fn group(call: &mut Call, id: i64) -> Result<i64, Refusal> {
    let peer = enums::InputPeer::Chat(types::InputPeerChat { chat_id: id });
    call.chat(&peer)
}

fn full(call: &Call, chat: i64) -> enums::messages::ChatFull {
    let (view, chat) = (call.view(), call.at(chat));
    // Who waits is told to those who may let them in.
    let may_invite = chat.may_invite(call.user());
    let waiting = if may_invite { view.waiting(chat).1 } else { Vec::new() };
    let users = view.users(waiting.into_iter().chain([call.user()]));
    types::messages::ChatFull { full_chat: view.full_chat(chat), chats: vec![view.chat(chat)], users }.into()
}
