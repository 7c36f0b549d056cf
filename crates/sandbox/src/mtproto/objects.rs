//! The world as one account sees it, in Telegram's objects.

use crate::world::{Chat, ChatKind, Invite, Office, Rights, World};
use grammers_tl_types::{Deserializable, Serializable, enums, types};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Supergroups and channels are numbered from here down, for bots; Telegram itself numbers them from one up.
const CHANNELS_BEGIN: i64 = -1_000_000_000_000;

/// The number bots use for a chat that Telegram itself numbers so.
pub(super) fn channel(bare: i64) -> i64 {
    CHANNELS_BEGIN.saturating_sub(bare)
}

/// Through whose eyes.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) world: &'a World,
    pub(super) viewer: i64,
    pub(super) secret: u64,
}

impl View<'_> {
    /// The number that this account has to know, to name another account or a chat.
    pub(super) fn access_hash(&self, of: i64) -> i64 {
        let digest = Sha256::new()
            .chain_update(self.secret.to_le_bytes())
            .chain_update(self.viewer.to_le_bytes())
            .chain_update(of.to_le_bytes())
            .finalize();
        i64::from_le_bytes(digest[..8].try_into().expect("eight of 32 bytes"))
    }

    pub(super) fn user(&self, id: i64) -> enums::User {
        let shown = self.world.user(id);
        let account = self.world.account(id).filter(|account| !account.is_deleted);
        let is_self = id == self.viewer;
        enums::User::User(types::User {
            id,
            is_self,
            deleted: account.is_none(),
            bot: shown.is_bot,
            access_hash: Some(self.access_hash(id)),
            first_name: Some(shown.first_name).filter(|_| account.is_some()),
            username: shown.username,
            phone: account.and_then(|account| account.phone.clone()).filter(|_| is_self),
            lang_code: shown.language_code.filter(|_| is_self),
            bot_info_version: shown.is_bot.then_some(1),
            ..blank(&[&[0; 16]])
        })
    }

    /// Each of these accounts, once.
    pub(super) fn users(&self, ids: impl IntoIterator<Item = i64>) -> Vec<enums::User> {
        let ids: BTreeSet<i64> = ids.into_iter().collect();
        ids.into_iter().map(|id| self.user(id)).collect()
    }

    pub(super) fn chat(&self, chat: &Chat) -> enums::Chat {
        let office = chat.office(self.viewer).copied().unwrap_or(Office::Left);
        let bare = bare(chat.id);
        let nothing = || types::ChatBannedRights { until_date: i32::MAX, ..blank(&[&[0; 8]]) };
        if office.is_banned(self.world.now) && chat.kind != ChatKind::Group {
            return enums::Chat::ChannelForbidden(types::ChannelForbidden {
                broadcast: chat.kind == ChatKind::Channel,
                megagroup: chat.kind == ChatKind::Supergroup,
                monoforum: false,
                id: bare,
                access_hash: self.access_hash(chat.id),
                title: chat.title.clone(),
                until_date: None,
            });
        }
        let admin_rights = match office {
            Office::Owner => Some(all_rights()),
            Office::Administrator(rights) => Some(some_rights(rights)),
            _ => None,
        };
        let admin_rights = admin_rights.map(enums::ChatAdminRights::Rights);
        let default_banned_rights = Some(enums::ChatBannedRights::Rights(nothing()));
        let participants = i32::try_from(chat.member_count()).unwrap_or(i32::MAX);
        if chat.kind == ChatKind::Group {
            return enums::Chat::Chat(types::Chat {
                creator: office == Office::Owner,
                left: !office.is_in(),
                deactivated: chat.upgraded_to.is_some(),
                migrated_to: chat.upgraded_to.map(|to| {
                    enums::InputChannel::Channel(types::InputChannel {
                        channel_id: self::bare(to),
                        access_hash: self.access_hash(to),
                    })
                }),
                id: bare,
                title: chat.title.clone(),
                participants_count: participants,
                admin_rights,
                default_banned_rights,
                ..blank(&[&[0; 16], &enums::ChatPhoto::Empty.to_bytes(), &[0; 12]])
            });
        }
        enums::Chat::Channel(types::Channel {
            creator: office == Office::Owner,
            left: !office.is_in(),
            broadcast: chat.kind == ChatKind::Channel,
            megagroup: chat.kind == ChatKind::Supergroup,
            join_request: chat.join_by_request,
            id: bare,
            access_hash: Some(self.access_hash(chat.id)),
            title: chat.title.clone(),
            username: chat.username.clone(),
            admin_rights,
            default_banned_rights,
            participants_count: Some(participants),
            ..blank(&[&[0; 20], &enums::ChatPhoto::Empty.to_bytes(), &[0; 4]])
        })
    }

    pub(super) fn full_chat(&self, chat: &Chat) -> enums::ChatFull {
        let settings = enums::PeerNotifySettings::Settings(blank(&[&[0; 4]])).to_bytes();
        let may_invite = chat.may_invite(self.viewer);
        let (waiting, recent) = may_invite.then(|| self.waiting(chat)).unzip();
        let participants_count = i32::try_from(chat.member_count()).unwrap_or(i32::MAX);
        let primary = chat.primary_of(self.viewer).and_then(|number| self.world.invite(number));
        let exported_invite = primary.filter(|_| may_invite).map(|invite| self.invite(invite));
        if chat.kind == ChatKind::Group {
            let hidden = types::ChatParticipantsForbidden { chat_id: bare(chat.id), self_participant: None };
            let hidden = enums::ChatParticipants::Forbidden(hidden).to_bytes();
            return enums::ChatFull::Full(types::ChatFull {
                id: bare(chat.id),
                exported_invite,
                requests_pending: waiting,
                recent_requesters: recent,
                ..blank(&[&[0; 16], &hidden, &settings])
            });
        }
        let no_photo = enums::Photo::Empty(types::PhotoEmpty { id: 0 }).to_bytes();
        let no_bots = Vec::<enums::BotInfo>::new().to_bytes();
        enums::ChatFull::ChannelFull(types::ChannelFull {
            id: bare(chat.id),
            participants_count: Some(participants_count),
            exported_invite,
            requests_pending: waiting,
            recent_requesters: recent,
            guard_bot_id: chat.guard.filter(|_| may_invite),
            ..blank(&[&[0; 32], &no_photo, &settings, &no_bots, &[0; 4]])
        })
    }

    /// How many wait in a chat, and up to three of them.
    pub(super) fn waiting(&self, chat: &Chat) -> (i32, Vec<i64>) {
        let (count, newest) = chat.waiting();
        (i32::try_from(count).unwrap_or(i32::MAX), newest)
    }

    pub(super) fn full_user(&self, id: i64) -> enums::UserFull {
        let peer = enums::PeerSettings::Settings(blank(&[&[0; 4]])).to_bytes();
        let notify = enums::PeerNotifySettings::Settings(blank(&[&[0; 4]])).to_bytes();
        enums::UserFull::Full(types::UserFull {
            id,
            about: self.world.account(id).and_then(|account| account.bio.clone()),
            ..blank(&[&[0; 16], &peer, &notify, &[0; 4]])
        })
    }

    /// A link as bots are told of it: the tail of others' is hidden.
    pub(super) fn told_invite(&self, invite: &Invite) -> enums::ExportedChatInvite {
        let mut shown = self.invite(invite);
        if let enums::ExportedChatInvite::ChatInviteExported(it) = &mut shown
            && invite.creator != self.viewer
        {
            let hidden = it.link.len().saturating_sub(8);
            it.link.truncate(hidden);
            it.link.push_str("...");
        }
        shown
    }

    /// A link with nothing hidden: whoever is not to see its tail is shown no link at all.
    pub(super) fn invite(&self, invite: &Invite) -> enums::ExportedChatInvite {
        let some = |number: u32| (number != 0).then(|| i32::try_from(number).unwrap_or(i32::MAX));
        let pricing = invite.is_paid().then(|| pricing(invite));
        enums::ExportedChatInvite::ChatInviteExported(types::ChatInviteExported {
            revoked: invite.is_revoked,
            permanent: invite.is_primary,
            request_needed: invite.by_request,
            link: self.world.url(invite),
            admin_id: invite.creator,
            date: seconds(invite.created_at),
            start_date: None,
            expire_date: some(invite.expires_at),
            usage_limit: some(invite.limit),
            usage: some(invite.uses),
            requested: some(invite.pending),
            subscription_expired: some(invite.lapsed),
            title: (!invite.name.is_empty()).then(|| invite.name.to_string()),
            subscription_pricing: pricing,
        })
    }

    pub(super) fn peer(&self, chat: &Chat) -> enums::Peer {
        match chat.kind {
            ChatKind::Group => enums::Peer::Chat(types::PeerChat { chat_id: bare(chat.id) }),
            ChatKind::Supergroup | ChatKind::Channel => {
                enums::Peer::Channel(types::PeerChannel { channel_id: bare(chat.id) })
            }
        }
    }
}

pub(super) fn pricing(invite: &Invite) -> enums::StarsSubscriptionPricing {
    enums::StarsSubscriptionPricing::Pricing(types::StarsSubscriptionPricing {
        period: i32::try_from(invite.period_seconds).unwrap_or(i32::MAX),
        amount: invite.stars.into(),
    })
}

/// A moment as Telegram writes it.
pub(super) fn seconds(moment: i64) -> i32 {
    i32::try_from(moment).unwrap_or(i32::MAX)
}

/// The number that Telegram itself has for a chat.
pub(super) fn bare(chat: i64) -> i64 {
    if chat < CHANNELS_BEGIN { CHANNELS_BEGIN - chat } else { -chat }
}

pub(super) fn all_rights() -> types::ChatAdminRights {
    types::ChatAdminRights {
        change_info: true,
        delete_messages: true,
        ban_users: true,
        invite_users: true,
        pin_messages: true,
        add_admins: true,
        other: true,
        ..blank(&[&[0; 4]])
    }
}

pub(super) fn some_rights(rights: Rights) -> types::ChatAdminRights {
    types::ChatAdminRights {
        change_info: rights.has("can_change_info"),
        delete_messages: rights.has("can_delete_messages"),
        ban_users: rights.has("can_restrict_members"),
        invite_users: rights.has("can_invite_users"),
        pin_messages: rights.has("can_pin_messages"),
        add_admins: rights.has("can_promote_members"),
        other: true,
        ..blank(&[&[0; 4]])
    }
}

/// An object of which nothing is said: flags that are off and numbers that are zero, as they lie on the wire, with
/// what cannot be left out between them. Telegram's largest objects have sixty fields, and more with every layer.
pub(super) fn blank<T: Deserializable>(parts: &[&[u8]]) -> T {
    T::from_bytes(&parts.concat()).expect("each blank is tried by a test")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Unknowns;

    #[test]
    fn every_kind_of_object_can_be_written() {
        let mut world = World::new(1_800_000_000, 0, "https://t.me", Unknowns::default()).unwrap();
        let bot = world.add_bot("one_bot", false);
        for kind in [ChatKind::Group, ChatKind::Supergroup, ChatKind::Channel] {
            let id = world.add_chat(kind, "Owls", None, false);
            let rights = Rights::named(["can_invite_users"]).unwrap();
            world.set_office(id, bot, Office::Administrator(rights)).unwrap();
            let owner = world.chat(id).unwrap().owner;
            world.primary_link(owner, id).unwrap();
            let stranger = world.add_person("Ann").id;
            for viewer in [owner, bot, stranger] {
                let view = View { world: &world, viewer, secret: 1 };
                let chat = world.chat(id).unwrap();
                let written = view.chat(chat).to_bytes();
                assert_eq!(enums::Chat::from_bytes(&written).unwrap(), view.chat(chat));
                let written = view.full_chat(chat).to_bytes();
                assert_eq!(enums::ChatFull::from_bytes(&written).unwrap(), view.full_chat(chat));
                let written = view.full_user(viewer).to_bytes();
                assert_eq!(enums::UserFull::from_bytes(&written).unwrap(), view.full_user(viewer));
                let written = view.user(owner).to_bytes();
                assert_eq!(enums::User::from_bytes(&written).unwrap(), view.user(owner));
            }
            world.ban(owner, id, stranger, 0).unwrap();
            let view = View { world: &world, viewer: stranger, secret: 1 };
            view.chat(world.chat(id).unwrap());
        }
    }

    #[test]
    fn nobody_can_use_the_number_that_another_was_told() {
        let world = World::new(1_800_000_000, 0, "https://t.me", Unknowns::default()).unwrap();
        let view = |viewer| View { world: &world, viewer, secret: 1 };
        assert_ne!(view(1).access_hash(5), view(2).access_hash(5));
        assert_eq!(view(1).access_hash(5), view(1).access_hash(5));
    }
}
