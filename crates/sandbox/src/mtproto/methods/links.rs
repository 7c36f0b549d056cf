//! Links: made, changed, replaced, listed, deleted; looked at and used by visitors.

use super::call::{Call, Outcome, at_the_door};
use super::chats::page;
use super::updates::done;
use crate::mtproto::objects::{pricing, seconds};
use crate::world::{ChatKind, Invite, Joining, LinkNo, NewLink, Prospect, QueryState, Target, Word};
use grammers_tl_types::functions::messages;
use grammers_tl_types::{Serializable, enums, types};
use std::collections::BTreeMap;

pub(super) fn export(
    call: &mut Call,
    asked: messages::ExportChatInvite,
) -> Outcome<enums::ExportedChatInvite> {
    let chat = call.chat(&asked.peer)?;
    let user = call.user();
    let made = if asked.legacy_revoke_permanent {
        call.world.replace_primary(user, chat)?
    } else {
        let mut new = NewLink {
            name: clean(asked.title.as_deref()),
            expires_at: at_least_zero(asked.expire_date, Word("EXPIRE_DATE_INVALID"))?,
            limit: at_least_zero(asked.usage_limit, Word("USAGE_LIMIT_INVALID"))?,
            by_request: asked.request_needed,
            ..NewLink::default()
        };
        if let Some(enums::StarsSubscriptionPricing::Pricing(price)) = asked.subscription_pricing {
            let period = u32::try_from(price.period).ok().filter(|&period| period > 0);
            let stars = u32::try_from(price.amount).ok().filter(|&stars| stars > 0);
            new.period_seconds = period.ok_or(Word("SUBSCRIPTION_PERIOD_INVALID"))?;
            new.stars = stars.ok_or(Word("PRICING_CHAT_INVALID"))?;
            nothing_beside_a_price(&new)?;
        }
        not_both(&new)?;
        call.world.create_link(user, chat, new)?
    };
    call.entry.link = made;
    Ok(call.view().invite(shown(call, made)))
}

/// What is not mentioned stays as it was.
pub(super) fn edit(
    call: &mut Call,
    asked: messages::EditExportedChatInvite,
) -> Outcome<enums::messages::ExportedChatInvite> {
    let chat = call.chat(&asked.peer)?;
    let (user, number) = (call.user(), call.link(chat, &asked.link)?);
    if asked.revoked {
        let (revoked, new) = call.world.revoke_link(user, chat, &asked.link)?;
        let (old, new) = (shown(call, revoked), new.map(|new| shown(call, new)));
        let (view, users) = (call.view(), call.view().users([old.creator]));
        let invite = view.invite(old);
        return Ok(match new {
            Some(new) => {
                let new_invite = view.invite(new);
                types::messages::ExportedChatInviteReplaced { invite, new_invite, users }.into()
            }
            None => types::messages::ExportedChatInvite { invite, users }.into(),
        });
    }
    let was = shown(call, number);
    if was.creator != user && call.world.bot(was.creator).is_some() {
        return Err(Word("EDIT_BOT_INVITE_FORBIDDEN").into());
    }
    let new = NewLink {
        name: asked.title.map_or_else(|| was.name.to_string(), |title| clean(Some(&title))),
        expires_at: match asked.expire_date {
            Some(_) => at_least_zero(asked.expire_date, Word("EXPIRE_DATE_INVALID"))?,
            None => was.expires_at,
        },
        limit: match asked.usage_limit {
            Some(_) => at_least_zero(asked.usage_limit, Word("USAGE_LIMIT_INVALID"))?,
            // Whoever makes a link ask takes its limit away.
            None if asked.request_needed == Some(true) => 0,
            None => was.limit,
        },
        by_request: asked.request_needed.unwrap_or(was.by_request),
        ..NewLink::default()
    };
    not_both(&new)?;
    let edited = call.world.edit_link(user, chat, &asked.link, new)?;
    Ok(one(call, edited))
}

/// Newest first. A page goes on after the link that ended the one before.
pub(super) fn list(
    call: &mut Call,
    asked: messages::GetExportedChatInvites,
) -> Outcome<enums::messages::ExportedChatInvites> {
    let chat = call.chat(&asked.peer)?;
    let whose = call.account(&asked.admin_id).map_err(|_| Word("ADMIN_ID_INVALID"))?;
    let chat = call.world.inspectable(call.user(), chat, whose)?;
    let last = asked.offset_link.as_deref().and_then(|text| call.world.place_of(text));
    let before = asked.offset_date.filter(|_| last.is_none());
    let meant = |invite: &Invite| invite.creator == whose && invite.is_revoked == asked.revoked;
    let theirs = || call.world.numbered_invites_of(chat).filter(|(_, invite)| meant(invite));
    let page: Vec<_> = theirs()
        .rev()
        .filter(|(number, _)| last.is_none_or(|last| *number < last))
        .filter(|(_, invite)| before.is_none_or(|before| seconds(invite.created_at) < before))
        .take(page(asked.limit))
        .collect();
    let view = call.view();
    Ok(types::messages::ExportedChatInvites {
        count: i32::try_from(theirs().count()).unwrap_or(i32::MAX),
        invites: page.iter().map(|(_, invite)| view.invite(invite)).collect(),
        users: view.users([whose]),
    }
    .into())
}

pub(super) fn show(
    call: &mut Call,
    asked: messages::GetExportedChatInvite,
) -> Outcome<enums::messages::ExportedChatInvite> {
    let chat = call.chat(&asked.peer)?;
    let number = call.link(chat, &asked.link)?;
    Ok(one(call, number))
}

pub(super) fn delete(call: &mut Call, asked: messages::DeleteExportedChatInvite) -> Outcome<bool> {
    let chat = call.chat(&asked.peer)?;
    call.link(chat, &asked.link)?;
    call.world.delete_link(call.user(), chat, &asked.link)?;
    Ok(true)
}

pub(super) fn delete_revoked(
    call: &mut Call,
    asked: messages::DeleteRevokedExportedChatInvites,
) -> Outcome<bool> {
    let chat = call.chat(&asked.peer)?;
    let whose = call.account(&asked.admin_id).map_err(|_| Word("ADMIN_ID_INVALID"))?;
    call.world.delete_revoked(call.user(), chat, whose)?;
    Ok(true)
}

/// For the owner only.
pub(super) fn admins(
    call: &mut Call,
    asked: messages::GetAdminsWithInvites,
) -> Outcome<enums::messages::ChatAdminsWithInvites> {
    let chat = call.chat(&asked.peer)?;
    let chat = call.world.manageable(call.user(), chat)?;
    if chat.owner != call.user() {
        return Err(Word("CHAT_ADMIN_REQUIRED").into());
    }
    let mut counts: BTreeMap<i64, (i32, i32)> = BTreeMap::new();
    for invite in call.world.invites_of(chat) {
        let (live, revoked) = counts.entry(invite.creator).or_default();
        *(if invite.is_revoked { revoked } else { live }) += 1;
    }
    let users = call.view().users(counts.keys().copied());
    let admins = counts.into_iter().map(|(admin_id, (live, revoked))| {
        types::ChatAdminWithInvites { admin_id, invites_count: live, revoked_invites_count: revoked }.into()
    });
    Ok(types::messages::ChatAdminsWithInvites { admins: admins.collect(), users }.into())
}

pub(super) fn check(call: &mut Call, asked: messages::CheckChatInvite) -> Outcome<enums::ChatInvite> {
    let number = at_hash(call, &asked.hash)?;
    let user = call.user();
    let prospect = call.world.prospect(user, Target::Link(number));
    let invite = shown(call, number);
    let chat = call.at(invite.chat);
    if prospect == Prospect::Already {
        return Ok(types::ChatInviteAlready { chat: call.view().chat(chat) }.into());
    }
    if let Prospect::Refused(word) = prospect {
        return Err(at_the_door(word));
    }
    Ok(enums::ChatInvite::Invite(types::ChatInvite {
        channel: chat.kind != ChatKind::Group,
        broadcast: chat.kind == ChatKind::Channel,
        public: chat.username.is_some(),
        megagroup: chat.kind == ChatKind::Supergroup,
        request_needed: prospect == Prospect::Ask,
        verified: false,
        scam: false,
        fake: false,
        can_refulfill_subscription: false,
        title: chat.title.clone(),
        about: None,
        photo: enums::Photo::Empty(types::PhotoEmpty { id: 0 }),
        participants_count: i32::try_from(chat.member_count()).unwrap_or(i32::MAX),
        participants: None,
        color: 0,
        subscription_pricing: invite.is_paid().then(|| pricing(invite)),
        subscription_form_id: invite.is_paid().then_some(1),
        bot_verification: None,
    }))
}

pub(super) fn import(
    call: &mut Call,
    asked: messages::ImportChatInvite,
) -> Outcome<enums::messages::ChatInviteJoinResult> {
    let number = at_hash(call, &asked.hash)?;
    let (user, chat) = (call.user(), shown(call, number).chat);
    match call.world.join(user, Target::Link(number), false) {
        Joining::Joined => Ok(joined(call, chat)),
        Joining::Requested => Err(Word("INVITE_REQUEST_SENT").into()),
        Joining::Guarded(query) => {
            call.guarded = Some(query);
            Err(Word("INVITE_REQUEST_SENT").into())
        }
        Joining::Already => Err(Word("USER_ALREADY_PARTICIPANT").into()),
        Joining::Refused(word) => Err(at_the_door(word)),
    }
}

fn joined(call: &mut Call, chat: i64) -> enums::messages::ChatInviteJoinResult {
    types::messages::ChatInviteJoinResultOk { updates: done(call, chat) }.into()
}

/// What a guard bot's first word makes of a request; nothing, as long as it says none.
pub(in crate::mtproto) fn verdict(call: &mut Call, query: &str) -> Option<Outcome<Vec<u8>>> {
    let guard = call.world.guard_of(query).unwrap_or_default();
    let chat = call.world.query_of(guard, query).map(|(chat, _)| chat).unwrap_or_default();
    // One that is forgotten was over a day ago.
    let word = match call.world.query(query).unwrap_or(&QueryState::TimedOut) {
        QueryState::Open => return None,
        QueryState::Approved => return Some(Ok(joined(call, chat).to_bytes())),
        QueryState::WebApp(_) => {
            let shown = types::messages::ChatInviteJoinResultWebView {
                bot_id: guard,
                query_id: query.parse().unwrap_or_default(),
                users: call.view().users([guard]),
            };
            return Some(Ok(enums::messages::ChatInviteJoinResult::from(shown).to_bytes()));
        }
        QueryState::Declined => "INVITE_REQUEST_DECLINED",
        QueryState::TimedOut => "JOIN_GUARD_TIMEOUT",
        QueryState::Queued | QueryState::Withdrawn => "INVITE_REQUEST_SENT",
    };
    Some(Err(Word(word).into()))
}

fn at_hash(call: &mut Call, hash: &str) -> Outcome<LinkNo> {
    if hash.is_empty() {
        return Err(Word("INVITE_HASH_EMPTY").into());
    }
    let hash = ::links::LinkHash::new(hash).map_err(|_| Word("INVITE_HASH_INVALID"))?;
    let number = call.world.find_link(hash.url().as_str());
    let number = number.ok_or_else(|| at_the_door(Word("INVITE_HASH_EXPIRED")))?;
    call.entry.link = number;
    call.entry.chat = shown(call, number).chat;
    Ok(number)
}

fn one(call: &Call, number: LinkNo) -> enums::messages::ExportedChatInvite {
    let (view, invite) = (call.view(), shown(call, number));
    let users = view.users([invite.creator]);
    types::messages::ExportedChatInvite { invite: view.invite(invite), users }.into()
}

fn shown<'a>(call: &'a Call, number: LinkNo) -> &'a Invite {
    call.world.invite(number).expect("it was just found")
}

fn clean(title: Option<&str>) -> String {
    title.and_then(::links::LinkName::clean).map(String::from).unwrap_or_default()
}

fn at_least_zero(number: Option<i32>, word: Word) -> Result<u32, Word> {
    u32::try_from(number.unwrap_or_default()).map_err(|_| word)
}

/// Whoever pays comes in at once, and a link that costs something has no end but being revoked.
fn nothing_beside_a_price(new: &NewLink) -> Result<(), Word> {
    match new {
        NewLink { expires_at: 1.., .. } => Err(Word("EXPIRE_DATE_INVALID")),
        NewLink { limit: 1.., .. } => Err(Word("USAGE_LIMIT_INVALID")),
        NewLink { by_request: true, .. } => Err(Word("PRICING_CHAT_INVALID")),
        _ => Ok(()),
    }
}

/// A link that asks counts nobody.
fn not_both(new: &NewLink) -> Result<(), Word> {
    if new.by_request && new.limit > 0 { Err(Word("USAGE_LIMIT_INVALID")) } else { Ok(()) }
}
