//! News as Telegram writes them: updates, with the chats and people they name.

use super::objects::{View, all_rights, bare, blank, seconds, some_rights};
use crate::world::{Change, Chat, ChatKind, LinkNo, Membership, News, Office, Told};
use grammers_tl_types::{enums, types};
use std::collections::BTreeSet;

/// Some news of one account.
#[derive(Default)]
pub(super) struct Bulletin {
    updates: Vec<enums::Update>,
    /// In the order they are named.
    chats: Vec<i64>,
    users: BTreeSet<i64>,
}

impl Bulletin {
    pub(super) fn of<'a>(view: View<'_>, news: impl Iterator<Item = Told<'a>>) -> Self {
        let (mut bulletin, mut latest) = (Self::default(), BTreeSet::new());
        for (number, at, news) in news {
            match news {
                // Both say how it is now, however often it changed.
                News::Waiting { chat } if latest.insert((0, *chat)) => bulletin.waiting(view, *chat),
                News::Standing { chat } if latest.insert((1, *chat)) => {
                    let channel_id = bare(*chat);
                    bulletin.name(*chat);
                    bulletin.updates.push(types::UpdateChannel { channel_id }.into());
                }
                News::Waiting { .. } | News::Standing { .. } => {}
                News::Office(change) => bulletin.change(view, change, seconds(at), number),
                News::Asked { chat, person, via, query } => {
                    let Some(known) = view.world.chat(*chat) else { continue };
                    bulletin.name(*chat);
                    bulletin.users.insert(*person);
                    let invite = bulletin.invite(view, *via, true);
                    let about = view.world.account(*person).and_then(|account| account.bio.clone());
                    bulletin.updates.push(
                        types::UpdateBotChatInviteRequester {
                            peer: view.peer(known),
                            date: seconds(at),
                            user_id: *person,
                            about: about.unwrap_or_default(),
                            invite: invite.unwrap_or(enums::ExportedChatInvite::ChatInvitePublicJoinRequests),
                            qts: number,
                            query_id: query.as_ref().and_then(|query| query.parse().ok()),
                        }
                        .into(),
                    );
                }
            }
        }
        bulletin
    }

    /// The same, and this chat is named whatever happened.
    pub(super) fn about(mut self, chat: i64) -> Self {
        self.name(chat);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.updates.is_empty()
    }

    pub(super) fn updates(self, view: View<'_>) -> enums::Updates {
        self.whole(view).into()
    }

    pub(super) fn whole(self, view: View<'_>) -> types::Updates {
        let chats = self.chats.iter().filter_map(|&chat| view.world.chat(chat));
        types::Updates {
            chats: chats.map(|chat| view.chat(chat)).collect(),
            users: view.users(self.users),
            updates: self.updates,
            date: seconds(view.world.now),
            seq: 0,
        }
    }

    fn name(&mut self, chat: i64) {
        if !self.chats.contains(&chat) {
            self.chats.push(chat);
        }
    }

    /// Whoever may not decide any more is not told.
    fn waiting(&mut self, view: View<'_>, chat: i64) {
        let Some(known) = view.world.chat(chat).filter(|chat| chat.may_invite(view.viewer)) else { return };
        let (requests_pending, recent_requesters) = view.waiting(known);
        self.name(chat);
        self.users.extend(&recent_requesters);
        let peer = view.peer(known);
        let update = types::UpdatePendingJoinRequests { peer, requests_pending, recent_requesters };
        self.updates.push(update.into());
    }

    fn change(&mut self, view: View<'_>, change: &Change, date: i32, qts: i32) {
        let Some(chat) = view.world.chat(change.chat) else { return };
        self.name(change.chat);
        self.users.extend([change.who, change.actor]);
        let invite = self.invite(view, change.via, change.asked_directly);
        let (actor_id, user_id) = (change.actor, change.who);
        self.updates.push(match chat.kind {
            ChatKind::Group => {
                let participant = |membership| group_participant(chat, user_id, membership);
                types::UpdateChatParticipant {
                    chat_id: bare(chat.id),
                    date,
                    actor_id,
                    user_id,
                    prev_participant: participant(&change.before),
                    new_participant: participant(&change.after),
                    invite,
                    qts,
                }
                .into()
            }
            ChatKind::Supergroup | ChatKind::Channel => {
                let participant = |membership| participant(view, chat, change, date, membership);
                types::UpdateChannelParticipant {
                    via_chatlist: false,
                    channel_id: bare(chat.id),
                    date,
                    actor_id,
                    user_id,
                    prev_participant: participant(&change.before),
                    new_participant: participant(&change.after),
                    invite,
                    qts,
                }
                .into()
            }
        });
    }

    fn invite(
        &mut self,
        view: View<'_>,
        via: Option<LinkNo>,
        asked_directly: bool,
    ) -> Option<enums::ExportedChatInvite> {
        match via.and_then(|number| view.world.invite(number)) {
            Some(invite) => {
                self.users.insert(invite.creator);
                Some(view.told_invite(invite))
            }
            None => asked_directly.then_some(enums::ExportedChatInvite::ChatInvitePublicJoinRequests),
        }
    }
}

/// What somebody is in a supergroup or channel; nothing, if they are not in it and may come.
fn participant(
    view: View<'_>,
    chat: &Chat,
    change: &Change,
    date: i32,
    membership: &Membership,
) -> Option<enums::ChannelParticipant> {
    let (user_id, owner) = (change.who, chat.owner);
    let is_self = user_id == view.viewer;
    let since = seconds(membership.since);
    let subscription_until_date = membership.until.map(seconds);
    Some(match membership.office {
        Office::Owner => {
            let admin_rights = enums::ChatAdminRights::Rights(all_rights());
            types::ChannelParticipantCreator { user_id, admin_rights, rank: None }.into()
        }
        Office::Administrator(rights) => types::ChannelParticipantAdmin {
            can_edit: false,
            is_self,
            user_id,
            inviter_id: is_self.then_some(owner),
            promoted_by: owner,
            date: since,
            admin_rights: enums::ChatAdminRights::Rights(some_rights(rights)),
            rank: None,
        }
        .into(),
        Office::Member if is_self => types::ChannelParticipantSelf {
            via_request: false,
            user_id,
            inviter_id: owner,
            date: since,
            subscription_until_date,
            rank: None,
        }
        .into(),
        Office::Member => {
            types::ChannelParticipant { user_id, date: since, subscription_until_date, rank: None }.into()
        }
        office @ Office::Banned { until } if office.is_banned(view.world.now) => {
            let nothing = types::ChatBannedRights {
                view_messages: true,
                until_date: seconds(until),
                ..blank(&[&[0; 8]])
            };
            types::ChannelParticipantBanned {
                left: true,
                peer: types::PeerUser { user_id }.into(),
                kicked_by: change.actor,
                date,
                banned_rights: enums::ChatBannedRights::Rights(nothing),
                rank: None,
            }
            .into()
        }
        Office::Left | Office::Banned { .. } => return None,
    })
}

/// What somebody is in a basic group.
fn group_participant(chat: &Chat, user_id: i64, membership: &Membership) -> Option<enums::ChatParticipant> {
    let (inviter_id, date) = (chat.owner, seconds(membership.since));
    match membership.office {
        Office::Owner => Some(types::ChatParticipantCreator { user_id, rank: None }.into()),
        Office::Administrator(_) => {
            Some(types::ChatParticipantAdmin { user_id, inviter_id, date, rank: None }.into())
        }
        Office::Member => Some(types::ChatParticipant { user_id, inviter_id, date, rank: None }.into()),
        Office::Left | Office::Banned { .. } => None,
    }
}
