//! What a person's account can do with invite links: all of the trait [`links::Links`], and joining.

use super::client::{About, Client};
use super::error::last_word;
use super::lists::right_over;
use super::objects::{self, Cast};
use crate::common::{done_but_unread, nameable};
use crate::pace::Effect;
use crate::words::BAD_PRICE;
use async_trait::async_trait;
use futures_util::stream::TryStreamExt;
use grammers_tl_types::{enums, functions::messages};
use links::{
    AdminLinks, Admission, CannotMerge, Chat, ChatId, Edit, Error, Invitation, Kind, Link, LinkFilter,
    LinkHash, LinkName, LinkUrl, Links, List, Member, MemberFilter, MemberLimit, Operation, Request,
    RequestFilter, Result, Revoked, Right, Subscription, Terms, UserId, Verdict,
};
use tokio::time::Instant;

/// What came of joining.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Joined {
    /// We are in.
    In(ChatId),
    /// An administrator has to decide.
    Asked,
    /// The chat's bot said no.
    Declined,
}

#[async_trait]
impl Links for Client {
    fn backend(&self) -> &'static str {
        "a user session"
    }

    fn can(&self, _: Operation) -> bool {
        true
    }

    async fn create(&self, chat: &Chat, terms: &Terms) -> Result<Link> {
        let (limit, by_request) = admission(terms.admission);
        let request = |peer| messages::ExportChatInvite {
            request_needed: by_request,
            expire_date: terms.expires_at.map(|expiry| seconds(expiry.at().get())),
            usage_limit: limit,
            title: terms.name.as_ref().map(|name| name.as_str().to_owned()),
            ..nothing(peer)
        };
        self.export(chat, request).await
    }

    async fn edit(&self, chat: &Chat, link: &LinkUrl, edit: &Edit, was: Option<&Link>) -> Result<Link> {
        nameable(link)?;
        let deadline = self.deadline();
        let terms = match edit.merge(link, was) {
            // What the caller does not know, Telegram does.
            Err(CannotMerge::Unknown(_)) => {
                edit.merge(link, Some(&self.look_up(deadline, chat, link).await?))?
            }
            merged => merged?,
        };
        let (limit, by_request) = admission(terms.admission);
        let (id, peer) = self.peer(deadline, chat).await?;
        let request = messages::EditExportedChatInvite {
            expire_date: Some(terms.expires_at.map_or(0, |expiry| seconds(expiry.at().get()))),
            usage_limit: Some(limit.unwrap_or(0)),
            request_needed: Some(by_request),
            title: Some(terms.name.map(String::from).unwrap_or_default()),
            ..unchanged(peer, link)
        };
        self.changed(deadline, id, &request).await.map(|(link, _)| link)
    }

    async fn revoke(&self, chat: &Chat, link: &LinkUrl) -> Result<Revoked> {
        nameable(link)?;
        let deadline = self.deadline();
        let (id, peer) = self.peer(deadline, chat).await?;
        let request = messages::EditExportedChatInvite { revoked: true, ..unchanged(peer, link) };
        let (link, mut replaced_by) = self.changed(deadline, id, &request).await?;
        // If it was revoked already, by a try whose answer was lost or by whomever, Telegram does not say what by.
        if link.is_primary && replaced_by.is_none() {
            replaced_by = self.primary(deadline, chat, link.creator.id).await;
        }
        Ok(Revoked { link, replaced_by })
    }

    async fn rotate(&self, chat: &Chat) -> Result<LinkUrl> {
        let request = |peer| messages::ExportChatInvite { legacy_revoke_permanent: true, ..nothing(peer) };
        self.export(chat, request).await.map(|link| link.url)
    }

    async fn create_subscription(&self, chat: &Chat, subscription: &Subscription) -> Result<Link> {
        let request = |peer| messages::ExportChatInvite {
            title: subscription.name.as_ref().map(|name| name.as_str().to_owned()),
            subscription_pricing: Some(objects::price(subscription.pricing)),
            ..nothing(peer)
        };
        match self.export(chat, request).await {
            Err(why) if *why.kind() == BAD_PRICE && self.peers().is_group(chat) => {
                Err(Error::because(Kind::WrongKindOfChat, why))
            }
            made => made,
        }
    }

    async fn rename_subscription(
        &self,
        chat: &Chat,
        link: &LinkUrl,
        name: Option<&LinkName>,
    ) -> Result<Link> {
        nameable(link)?;
        let deadline = self.deadline();
        let title = Some(name.map_or_else(String::new, |name| name.as_str().to_owned()));
        let (id, peer) = self.peer(deadline, chat).await?;
        let request = messages::EditExportedChatInvite { title, ..unchanged(peer, link) };
        self.changed(deadline, id, &request).await.map(|(link, _)| link)
    }

    async fn decide(&self, chat: &Chat, person: UserId, verdict: Verdict) -> Result<()> {
        let deadline = self.deadline();
        let (id, peer) = self.peer(deadline, chat).await?;
        let request = messages::HideChatJoinRequest {
            approved: verdict == Verdict::Approve,
            peer,
            user_id: self.who_waits(deadline, chat, person).await?,
        };
        self.of_chat(about(id, Effect::Same, deadline), &request).await.map(drop)
    }

    fn list<'a>(&'a self, chat: &'a Chat, filter: &'a LinkFilter) -> List<'a, Link> {
        self.every_link(chat, filter, None)
    }

    async fn show(&self, chat: &Chat, link: &LinkUrl) -> Result<Link> {
        nameable(link)?;
        self.look_up(self.deadline(), chat, link).await
    }

    async fn delete(&self, chat: &Chat, link: &LinkUrl) -> Result<()> {
        nameable(link)?;
        let deadline = self.deadline();
        let (id, peer) = self.peer(deadline, chat).await?;
        let request = messages::DeleteExportedChatInvite { peer, link: link.as_str().to_owned() };
        match self.of_chat(about(id, Effect::Same, deadline), &request).await {
            // A try whose answer was lost may have deleted it; whether or not, this chat has no such link now.
            Err(why) if *why.kind() == Kind::OutcomeUnknown && *last_word(&why) == Kind::LinkDead => Ok(()),
            deleted => deleted.map(drop),
        }
    }

    async fn delete_revoked(&self, chat: &Chat, admin: UserId) -> Result<()> {
        let deadline = self.deadline();
        let (id, peer) = self.peer(deadline, chat).await?;
        let request = messages::DeleteRevokedExportedChatInvites {
            peer,
            admin_id: self.admin(deadline, chat, admin).await?,
        };
        let right = right_over(&request.admin_id);
        let about = About { right, ..about(id, Effect::Same, deadline) };
        self.of_chat(about, &request).await.map(drop)
    }

    fn members<'a>(&'a self, chat: &'a Chat, filter: &'a MemberFilter) -> List<'a, Member> {
        self.every_member(chat, filter)
    }

    fn requests<'a>(&'a self, chat: &'a Chat, filter: &'a RequestFilter) -> List<'a, Request> {
        self.every_request(chat, filter, None)
    }

    async fn decide_all(&self, chat: &Chat, link: Option<&LinkUrl>, verdict: Verdict) -> Result<()> {
        link.map(nameable).transpose()?;
        let deadline = self.deadline();
        let (id, peer) = self.peer(deadline, chat).await?;
        let request = messages::HideAllChatJoinRequests {
            approved: verdict == Verdict::Approve,
            peer,
            link: link.map(|link| link.as_str().to_owned()),
        };
        match self.of_chat(about(id, Effect::Same, deadline), &request).await {
            // Of nobody, everybody is decided.
            Err(why) if *last_word(&why) == Kind::NobodyWaiting => Ok(()),
            decided => decided.map(drop),
        }
    }

    fn admins<'a>(&'a self, chat: &'a Chat) -> List<'a, AdminLinks> {
        self.every_admin(chat, None)
    }

    async fn check(&self, link: &LinkHash) -> Result<Invitation> {
        let request = messages::CheckChatInvite { hash: link.as_str().to_owned() };
        let seen = self.call(visiting(Effect::Read, self.deadline()), &request).await?;
        objects::invitation(seen)
    }
}

impl Client {
    /// Joins by a link, or asks to.
    pub async fn join(&self, link: &LinkHash) -> Result<Joined> {
        let request = messages::ImportChatInvite { hash: link.as_str().to_owned() };
        let joined = match self.call(visiting(Effect::Same, self.deadline()), &request).await {
            Err(why) if is_request_sent(&why) => return Ok(Joined::Asked),
            Err(why) if is_declined(&why) => return Ok(Joined::Declined),
            joined => joined?,
        };
        let updates = match joined {
            enums::messages::ChatInviteJoinResult::Ok(it) => it.updates,
            // A guard bot wants to be talked to first.
            enums::messages::ChatInviteJoinResult::WebView(_) => return Ok(Joined::Asked),
        };
        let chats = match updates {
            enums::Updates::Updates(it) => it.chats,
            enums::Updates::Combined(it) => it.chats,
            _ => Vec::new(),
        };
        self.peers().learn_chats(&chats);
        let chat = chats.first().ok_or_else(|| Error::because(Kind::BrokenAnswer, "it names no chat"));
        chat.and_then(objects::chat_id).map(Joined::In).map_err(done_but_unread)
    }

    async fn export(
        &self,
        chat: &Chat,
        request: impl FnOnce(enums::InputPeer) -> messages::ExportChatInvite + Send,
    ) -> Result<Link> {
        let deadline = self.deadline();
        // Asked for first: once the link is made, nothing else must fail.
        let me = self.me_by(deadline).await?;
        let (id, peer) = self.peer(deadline, chat).await?;
        let request = request(peer);
        let made = self.of_chat(about(id, Effect::New, deadline), &request).await?;
        objects::new_link(made, me).map_err(done_but_unread)
    }

    /// Changes a link; answers it, and what replaced it.
    async fn changed(
        &self,
        deadline: Instant,
        chat: ChatId,
        request: &messages::EditExportedChatInvite,
    ) -> Result<(Link, Option<Link>)> {
        let changed = self.of_chat(about(chat, Effect::Same, deadline), request).await?;
        let read = match changed {
            enums::messages::ExportedChatInvite::Invite(it) => {
                Cast::of(&it.users).and_then(|cast| Ok((objects::link(it.invite, &cast)?, None)))
            }
            enums::messages::ExportedChatInvite::Replaced(it) => Cast::of(&it.users).and_then(|cast| {
                let new = objects::link(it.new_invite, &cast)?;
                Ok((objects::link(it.invite, &cast)?, Some(new)))
            }),
        };
        read.map_err(done_but_unread)
    }

    /// The primary link of an administrator, after the one before was revoked. That has succeeded already, so not
    /// learning this one is no error.
    async fn primary(&self, deadline: Instant, chat: &Chat, admin: UserId) -> Option<Link> {
        let theirs = LinkFilter { admin: Some(admin), revoked: false };
        let mut links = self.every_link(chat, &theirs, Some(deadline));
        while let Ok(Some(link)) = links.try_next().await {
            if link.is_primary {
                return Some(link);
            }
        }
        None
    }

    async fn look_up(&self, deadline: Instant, chat: &Chat, link: &LinkUrl) -> Result<Link> {
        let (id, peer) = self.peer(deadline, chat).await?;
        let request = messages::GetExportedChatInvite { peer, link: link.as_str().to_owned() };
        match self.of_chat(about(id, Effect::Read, deadline), &request).await? {
            enums::messages::ExportedChatInvite::Invite(it) => {
                objects::link(it.invite, &Cast::of(&it.users)?)
            }
            enums::messages::ExportedChatInvite::Replaced(it) => {
                objects::link(it.invite, &Cast::of(&it.users)?)
            }
        }
    }
}

fn about(chat: ChatId, effect: Effect, deadline: Instant) -> About {
    About { chat: Some(chat), effect, right: Right::InviteUsers, deadline }
}

fn visiting(effect: Effect, deadline: Instant) -> About {
    About { chat: None, effect, right: Right::Administrator, deadline }
}

fn is_declined(why: &Error) -> bool {
    matches!(last_word(why), Kind::Refused { text, .. } if text == "INVITE_REQUEST_DECLINED")
}

/// Telegram says so by refusing; for whoever asks it is what they wanted.
fn is_request_sent(why: &Error) -> bool {
    matches!(last_word(why), Kind::Refused { text, .. } if text == "INVITE_REQUEST_SENT" || text == "JOIN_GUARD_TIMEOUT")
}

/// A request for a link of which nothing is said.
fn nothing(peer: enums::InputPeer) -> messages::ExportChatInvite {
    messages::ExportChatInvite {
        legacy_revoke_permanent: false,
        request_needed: false,
        peer,
        expire_date: None,
        usage_limit: None,
        title: None,
        subscription_pricing: None,
    }
}

/// A change of a link that changes nothing.
fn unchanged(peer: enums::InputPeer, link: &LinkUrl) -> messages::EditExportedChatInvite {
    messages::EditExportedChatInvite {
        revoked: false,
        peer,
        link: link.as_str().to_owned(),
        expire_date: None,
        usage_limit: None,
        request_needed: None,
        title: None,
    }
}

/// A way to come in as Telegram writes it: the limit, and whether one asks.
fn admission(admission: Admission) -> (Option<i32>, bool) {
    match admission {
        Admission::Instant { limit } => {
            (limit.map(|limit: MemberLimit| i32::try_from(limit.get()).unwrap_or(i32::MAX)), false)
        }
        Admission::ByRequest => (None, true),
    }
}

/// An expiry fits by its type.
fn seconds(moment: i64) -> i32 {
    i32::try_from(moment).unwrap_or(i32::MAX)
}
