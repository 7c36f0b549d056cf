//! What a bot can do with invite links: the trait [`links::Links`], in Telegram's methods.

use super::client::Client;
use super::methods::{
    self, ApproveChatJoinRequest, CreateChatInviteLink, CreateChatSubscriptionInviteLink,
    DeclineChatJoinRequest, EditChatInviteLink, EditChatSubscriptionInviteLink, ExportChatInviteLink,
    GetChat, RevokeChatInviteLink,
};
use super::types::{ChatInviteLink, User};
use crate::common::{done_but_unread, nameable, odd};
use crate::words::BAD_PRICE;
use async_trait::async_trait;
use links::{
    Admission, Chat, Edit, Entrance, Error, Kind, Link, LinkName, LinkUrl, Links, MemberLimit, Operation,
    Person, Pricing, Result, Revoked, Subscription, Terms, UnixTime, UserId, Verdict,
};
use std::time::Duration;
use tokio::time::Instant;

/// Whether a bot can do this at all.
pub fn can(operation: Operation) -> bool {
    use Operation::{Create, CreateSubscription, Decide, Edit, RenameSubscription, Revoke, Rotate};
    matches!(operation, Create | Edit | Revoke | Rotate | CreateSubscription | RenameSubscription | Decide)
}

#[async_trait]
impl Links for Client {
    fn backend(&self) -> &'static str {
        "a bot"
    }

    fn can(&self, operation: Operation) -> bool {
        can(operation)
    }

    async fn create(&self, chat: &Chat, terms: &Terms) -> Result<Link> {
        let request = CreateChatInviteLink::new(chat, terms);
        read(self.call(&request).await?).map_err(done_but_unread)
    }

    async fn edit(&self, chat: &Chat, link: &LinkUrl, edit: &Edit, was: Option<&Link>) -> Result<Link> {
        nameable(link)?;
        let terms = edit.merge(link, was)?;
        let request = EditChatInviteLink::new(chat, link, &terms);
        read(self.call(&request).await?).map_err(done_but_unread)
    }

    async fn revoke(&self, chat: &Chat, link: &LinkUrl) -> Result<Revoked> {
        nameable(link)?;
        let request = RevokeChatInviteLink { chat_id: chat, invite_link: link.as_str() };
        // Two calls may be needed, and both are one operation with one time limit.
        let deadline = self.deadline(Duration::ZERO);
        let link = read(self.call_until(deadline, &request).await?).map_err(done_but_unread)?;
        let replaced_by = if link.is_primary { self.primary(chat, &link, deadline).await } else { None };
        Ok(Revoked { link, replaced_by })
    }

    async fn rotate(&self, chat: &Chat) -> Result<LinkUrl> {
        self.call(&ExportChatInviteLink { chat_id: chat }).await.map(LinkUrl::new)
    }

    async fn create_subscription(&self, chat: &Chat, subscription: &Subscription) -> Result<Link> {
        let request = CreateChatSubscriptionInviteLink {
            chat_id: chat,
            name: subscription.name.as_ref().map(LinkName::as_str),
            subscription_period: subscription.pricing.period_seconds(),
            subscription_price: subscription.pricing.stars(),
        };
        let deadline = self.deadline(Duration::ZERO);
        match self.call_until(deadline, &request).await {
            Err(why) if *why.kind() == BAD_PRICE && self.is_group(chat, deadline).await => {
                Err(Error::because(Kind::WrongKindOfChat, why))
            }
            made => read(made?).map_err(done_but_unread),
        }
    }

    async fn rename_subscription(
        &self,
        chat: &Chat,
        link: &LinkUrl,
        name: Option<&LinkName>,
    ) -> Result<Link> {
        nameable(link)?;
        let name = name.map(LinkName::as_str);
        let request = EditChatSubscriptionInviteLink { chat_id: chat, invite_link: link.as_str(), name };
        read(self.call(&request).await?).map_err(done_but_unread)
    }

    async fn decide(&self, chat: &Chat, person: UserId, verdict: Verdict) -> Result<()> {
        // Telegram answers `true`, or an error; there is nothing more to read.
        match verdict {
            Verdict::Approve => self.call(&ApproveChatJoinRequest { chat_id: chat, user_id: person }).await?,
            Verdict::Decline => self.call(&DeclineChatJoinRequest { chat_id: chat, user_id: person }).await?,
        };
        Ok(())
    }
}

impl Client {
    /// Whether a chat is a group, as far as can be learnt.
    async fn is_group(&self, chat: &Chat, deadline: Instant) -> bool {
        let seen = self.call_until(deadline, &GetChat { chat_id: chat }).await;
        seen.is_ok_and(|chat| chat.kind != "channel")
    }

    /// The bot's primary link after Telegram replaced the `old` one. The revocation has succeeded already, so
    /// not learning it is no error.
    async fn primary(&self, chat: &Chat, old: &Link, deadline: Instant) -> Option<Link> {
        let url = self.call_until(deadline, &GetChat { chat_id: chat }).await.ok()?.invite_link?;
        Some(Link {
            url: LinkUrl::new(url),
            name: None,
            creator: old.creator.clone(),
            expires_at: None,
            entrance: Entrance::Ordinary(Admission::OPEN),
            is_primary: true,
            is_revoked: false,
            pending: None,
            uses: None,
            created_at: None,
        })
    }
}

/// A link as Telegram wrote it, in our words.
pub fn read(link: ChatInviteLink) -> Result<Link> {
    let entrance = match (link.subscription_price, link.subscription_period) {
        (None, None) if link.creates_join_request => Entrance::Ordinary(Admission::ByRequest),
        (None, None) => {
            let limit = link.member_limit.map(MemberLimit::new).transpose().map_err(odd)?;
            Entrance::Ordinary(Admission::Instant { limit })
        }
        (stars, seconds) => {
            let pricing = Pricing::every(seconds.unwrap_or(0), stars.unwrap_or(0)).map_err(odd)?;
            Entrance::Paid(pricing)
        }
    };
    // Telegram leaves a count of nobody out, so on a link that asks, silence is a number.
    let pending = link.pending_join_request_count.or(link.creates_join_request.then_some(0));
    Ok(Link {
        url: LinkUrl::new(link.invite_link),
        name: link.name.as_deref().and_then(LinkName::clean),
        creator: person(link.creator)?,
        expires_at: link.expire_date.map(UnixTime::new),
        entrance,
        is_primary: link.is_primary,
        is_revoked: link.is_revoked,
        pending,
        uses: None,
        created_at: None,
    })
}

/// A link as Telegram would write it. What the Bot API has no field for is left out.
pub fn write(link: Link) -> ChatInviteLink {
    let (member_limit, creates_join_request, pricing) = match link.entrance {
        Entrance::Ordinary(admission) => {
            let (limit, by_request) = methods::admission(admission);
            (limit, by_request, None)
        }
        Entrance::Paid(pricing) => (None, false, Some(pricing)),
    };
    ChatInviteLink {
        invite_link: link.url.into(),
        name: link.name.map(String::from),
        creator: user(link.creator),
        expire_date: link.expires_at.map(UnixTime::get),
        member_limit,
        pending_join_request_count: link.pending.filter(|count| *count > 0),
        subscription_period: pricing.map(Pricing::period_seconds),
        subscription_price: pricing.map(Pricing::stars),
        creates_join_request,
        is_primary: link.is_primary,
        is_revoked: link.is_revoked,
    }
}

/// Somebody as Telegram wrote them, in our words.
pub(super) fn person(user: User) -> Result<Person> {
    Ok(Person {
        id: UserId::new(user.id).map_err(odd)?,
        is_bot: user.is_bot,
        first_name: user.first_name,
        last_name: user.last_name,
        username: user.username,
        language: user.language_code,
    })
}

fn user(person: Person) -> User {
    User {
        id: person.id.get(),
        is_bot: person.is_bot,
        first_name: person.first_name,
        last_name: person.last_name,
        username: person.username,
        language_code: person.language,
        ..User::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use links::Kind;

    /// What is read and written again says the same.
    fn check(written: &str) -> Link {
        let link = read(serde_json::from_str(written).unwrap()).unwrap();
        assert_eq!(serde_json::to_string(&write(link.clone())).unwrap(), written);
        link
    }

    #[test]
    fn links_survive_being_read_and_written() {
        let link = check(
            r#"{"invite_link":"https://t.me/+a","name":"spring","creator":{"id":7,"is_bot":true,"first_name":"Gate","username":"gate_bot"},"expire_date":1790000000,"member_limit":5,"creates_join_request":false,"is_primary":false,"is_revoked":false}"#,
        );
        assert_eq!(link.pending, None);
        let link = check(
            r#"{"invite_link":"https://t.me/+a","creator":{"id":7,"is_bot":true,"first_name":"Gate"},"creates_join_request":true,"is_primary":true,"is_revoked":true}"#,
        );
        assert_eq!(link.pending, Some(0));
        let link = check(
            r#"{"invite_link":"https://t.me/+a","creator":{"id":7,"is_bot":true,"first_name":"Gate"},"pending_join_request_count":3,"creates_join_request":true,"is_primary":false,"is_revoked":false}"#,
        );
        assert_eq!(link.pending, Some(3));
        let link = check(
            r#"{"invite_link":"https://t.me/+a","creator":{"id":7,"is_bot":true,"first_name":"Gate"},"subscription_period":2592000,"subscription_price":50,"creates_join_request":false,"is_primary":false,"is_revoked":false}"#,
        );
        assert_eq!(link.entrance, Entrance::Paid(Pricing::monthly(50).unwrap()));
    }

    #[test]
    fn what_breaks_telegrams_own_rules_is_a_broken_answer() {
        let sound = r#"{"invite_link":"https://t.me/+a","creator":{"id":7,"is_bot":true,"first_name":"Gate"},"member_limit":5,"creates_join_request":false,"is_primary":false,"is_revoked":false}"#;
        for (right, wrong) in [
            (r#""id":7"#, r#""id":0"#),
            (r#""member_limit":5"#, r#""member_limit":100000"#),
            (r#""member_limit":5"#, r#""subscription_price":5"#),
        ] {
            let error = read(serde_json::from_str(&sound.replace(right, wrong)).unwrap()).unwrap_err();
            assert_eq!(*error.kind(), Kind::BrokenAnswer, "{wrong}");
        }
    }
}
