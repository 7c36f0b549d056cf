//! The world as Telegram shows it: objects for answers, and updates for the bots that may know.

use super::joining::Came;
use super::{Account, Change, Chat, ChatKind, Invite, LinkNo, Membership, News, Office, World, links};
use serde::Serialize;
use std::io;
use telegram::bot_api::types;

impl World {
    /// A person or a bot, as others see them.
    pub(crate) fn user(&self, id: i64) -> types::User {
        self.accounts
            .get(&id)
            .map(Account::shown)
            .unwrap_or_else(|| types::User { id, ..types::User::default() })
    }

    /// A link as one administrator sees it; the tail of others' links is hidden.
    pub(crate) fn shown_link(&self, invite: &Invite, viewer: i64) -> types::ChatInviteLink {
        let mut shown = self.whole_link(invite);
        if invite.creator != viewer {
            shown.invite_link = format!("{}/+{}…", self.link_base, &links::as_text(&invite.hash)[..8]);
        }
        shown
    }

    /// A link with nothing hidden.
    pub(crate) fn whole_link(&self, invite: &Invite) -> types::ChatInviteLink {
        let some = |number: u32| (number != 0).then_some(number);
        types::ChatInviteLink {
            invite_link: self.url(invite),
            name: (!invite.name.is_empty()).then(|| invite.name.to_string()),
            creator: self.user(invite.creator),
            expire_date: some(invite.expires_at).map(i64::from),
            member_limit: some(invite.limit),
            pending_join_request_count: some(invite.pending),
            subscription_period: some(invite.period_seconds),
            subscription_price: invite.is_paid().then_some(invite.stars),
            creates_join_request: invite.by_request,
            is_primary: invite.is_primary,
            is_revoked: invite.is_revoked,
        }
    }

    /// Somebody's standing in a chat.
    pub(crate) fn shown_member(
        &self,
        kind: ChatKind,
        who: i64,
        membership: Option<&Membership>,
    ) -> types::ChatMember {
        let user = self.user(who);
        let Some(membership) = membership else { return types::ChatMember::Left(user) };
        match membership.office {
            Office::Owner => types::ChatMember::Creator(user, types::Creator::default()),
            Office::Administrator(rights) => {
                let administrator = types::Administrator {
                    can_be_edited: false,
                    rights: rights.shown(kind),
                    can_manage_voice_chats: rights.has("can_manage_video_chats"),
                    custom_title: None,
                };
                types::ChatMember::Administrator(user, administrator)
            }
            Office::Member => {
                types::ChatMember::Member(user, types::Plain { tag: None, until_date: membership.until })
            }
            office @ Office::Banned { until } if office.is_banned(self.now) => {
                types::ChatMember::Kicked(user, types::Kicked { until_date: until })
            }
            Office::Left | Office::Banned { .. } => types::ChatMember::Left(user),
        }
    }

    /// Tells every bot that may know of a change of office.
    pub(super) fn tell_office(
        &mut self,
        chat: i64,
        actor: i64,
        who: i64,
        before: &Membership,
        after: &Membership,
        came: Option<Came>,
    ) {
        let Some(at) = self.chats.get(&chat) else { return };
        let via = came.and_then(|came| came.via).and_then(|number| self.invite(number));
        let change = types::ChatMemberUpdated {
            chat: at.shown(),
            from: self.user(actor),
            date: self.now,
            old_chat_member: self.shown_member(at.kind, who, Some(before)),
            new_chat_member: self.shown_member(at.kind, who, Some(after)),
            invite_link: None,
            via_join_request: came.is_some_and(|came| came.asked_directly),
            via_chat_folder_invite_link: false,
        };
        let is_told = |one: i64| {
            let approved = came.is_some() && one == actor;
            one != who && self.bots.contains_key(&one) && (!approved || self.unknowns.approvers_are_told)
        };
        let listeners = at.administrators().filter(|&one| is_told(one));
        let bodies: Vec<_> = listeners
            .map(|bot| {
                let invite_link = via.map(|invite| self.shown_link(invite, bot));
                (bot, to_json(&types::ChatMemberUpdated { invite_link, ..change.clone() }))
            })
            .collect();
        for (bot, body) in &bodies {
            self.push(*bot, "chat_member", (6, who), body);
        }
        if self.bots.contains_key(&who) {
            self.push(who, "my_chat_member", (6, actor), &to_json(&change));
        }
        let bots: Vec<i64> = bodies.into_iter().map(|(bot, _)| bot).collect();
        let (before, after) = (before.clone(), after.clone());
        let change = Change { chat, actor, who, before, after, via: None, asked_directly: false };
        self.tell_change(&bots, came, change);
    }

    /// Tells the bots that decide requests that somebody asks; the guard gets the query.
    pub(super) fn tell_request(
        &mut self,
        chat: i64,
        person: i64,
        via: Option<LinkNo>,
        query: Option<(i64, &str)>,
    ) {
        let Some(at) = self.chats.get(&chat) else { return };
        let link = via;
        let via = via.and_then(|number| self.invite(number));
        let listeners = at.administrators().filter(|&one| self.bots.contains_key(&one) && at.may_invite(one));
        let bodies: Vec<_> = listeners
            .map(|bot| {
                let mut invite_link = via.map(|invite| self.shown_link(invite, bot));
                if let Some(link) = invite_link.as_mut().filter(|_| !self.unknowns.request_counts_itself) {
                    link.pending_join_request_count =
                        link.pending_join_request_count.map(|count| count - 1).filter(|&count| count > 0);
                }
                let request = types::ChatJoinRequest {
                    chat: at.shown(),
                    from: self.user(person),
                    user_chat_id: person,
                    date: self.now,
                    bio: self.account(person).and_then(|account| account.bio.clone()),
                    invite_link,
                    query_id: query.filter(|(guard, _)| *guard == bot).map(|(_, id)| id.to_owned()),
                };
                (bot, to_json(&request))
            })
            .collect();
        for (bot, body) in bodies {
            self.push(bot, "chat_join_request", (6, person), &body);
            let query = query.filter(|(guard, _)| *guard == bot).map(|(_, id)| id.to_owned());
            self.tell(bot, News::Asked { chat, person, via: link, query });
        }
    }
}

impl Account {
    fn shown(&self) -> types::User {
        types::User {
            id: self.id,
            is_bot: self.is_bot,
            first_name: self.first_name.clone(),
            last_name: None,
            username: self.username.clone(),
            language_code: self.language_code.clone(),
            is_premium: false,
            added_to_attachment_menu: false,
        }
    }

    /// The private chat with this person.
    pub(crate) fn private_chat(&self) -> types::Chat {
        types::Chat {
            id: self.id,
            first_name: Some(self.first_name.clone()),
            username: self.username.clone(),
            kind: "private".to_owned(),
            ..types::Chat::default()
        }
    }
}

impl Chat {
    /// The chat as updates show it.
    pub(crate) fn shown(&self) -> types::Chat {
        let group = self.kind == ChatKind::Group;
        types::Chat {
            id: self.id,
            title: Some(self.title.clone()),
            username: self.username.clone(),
            kind: self.kind.as_str().to_owned(),
            all_members_are_administrators: group.then_some(true),
            accepted_gift_types: group.then(types::AcceptedGiftTypes::default),
            ..types::Chat::default()
        }
    }
}

/// JSON as Telegram writes it: compact, and everything beyond ASCII as `\u` escapes.
pub(crate) fn to_json(value: &impl Serialize) -> String {
    let mut written = Vec::with_capacity(512);
    value
        .serialize(&mut serde_json::Serializer::with_formatter(&mut written, AsciiOnly))
        .expect("our own objects have text keys, and memory takes every byte");
    String::from_utf8(written).expect("ASCII is UTF-8")
}

struct AsciiOnly;

impl serde_json::ser::Formatter for AsciiOnly {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Nearly always so, and found out many bytes at a time.
        if fragment.is_ascii() {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(|each: char| !each.is_ascii()) {
            let (plain, odd) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let each = odd.chars().next().expect("something was found here");
            for unit in each.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &odd[each.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::to_json;

    #[test]
    fn only_ascii_leaves_the_house() {
        assert_eq!(to_json(&"a/b\n\"é\" 😀"), r#""a/b\n\"\u00e9\" \ud83d\ude00""#);
    }
}
