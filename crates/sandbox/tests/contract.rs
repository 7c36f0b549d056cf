//! The contract: every promise of `Links`, through every backend, against the sandbox.
//!
//! A promise is a function of a backend and a town; the list at the end runs each through each backend.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod util;

use futures_util::StreamExt;
use links::{
    Admission, AdmissionChange, Change, Chat, ChatId, Edit, Entrance, Expiry, Kind, Life, Link, LinkFilter,
    LinkHash, LinkName, LinkUrl, Links, MemberFilter, MemberLimit, Operation, Pricing, RequestFilter, Right,
    Subscription, Terms, UnixTime, UserId, Verdict,
};
use serde_json::json;
use telegram::bot_api::{self, Token};
use telegram::mtproto;
use util::Town;
use util::account::session;

/// A backend under test, and the town it acts in.
struct At {
    links: Box<dyn Links>,
    chat: Chat,
    town: Town,
    /// The administrator who acts.
    who: i64,
}

impl At {
    async fn tomorrow(&self) -> Expiry {
        Expiry::new(UnixTime::new(self.town.now().await + 86_400)).unwrap()
    }

    async fn ask(&self, link: &Link) -> UserId {
        let person = self.town.person("Ann").await;
        assert_eq!(self.town.join(person, link.url.as_str()).await["result"], "requested");
        UserId::new(person).unwrap()
    }

    async fn is_in(&self, person: UserId) -> bool {
        let known = self.town.look(&format!("chats/{}", self.town.chat())).await;
        known["members"].as_array().unwrap().iter().any(|member| member["user"]["id"] == person.get())
    }

    async fn channel(&self) -> Chat {
        let bots = json!([{ "id": self.who, "rights": ["can_invite_users"] }]);
        let channel = json!({ "kind": "channel", "title": "Daily Owl", "bots": bots });
        let id = self.town.control("chats", channel).await["chat_id"].as_i64().unwrap();
        ChatId::new(id).unwrap().into()
    }
}

fn kind<T: std::fmt::Debug>(result: links::Result<T>) -> Kind {
    result.unwrap_err().kind().clone()
}

fn name(text: &str) -> LinkName {
    LinkName::new(text).unwrap()
}

async fn a_new_link_says_its_terms(at: At) {
    let expiry = at.tomorrow().await;
    let made = at.links.create(&at.chat, &Terms::for_one(expiry).named(name("spring"))).await.unwrap();
    assert_eq!(made.name, Some(name("spring")));
    assert_eq!(made.expires_at, Some(expiry.at()));
    assert_eq!(made.entrance, Entrance::Ordinary(Admission::Instant { limit: Some(MemberLimit::ONE) }));
    assert_eq!(made.life(UnixTime::new(at.town.now().await)), Life::Active);
    assert!(!made.is_primary && !made.is_revoked);

    let asking = at.links.create(&at.chat, &Terms::by_request()).await.unwrap();
    assert_eq!(asking.entrance, Entrance::Ordinary(Admission::ByRequest));
    let open = at.links.create(&at.chat, &Terms::open()).await.unwrap();
    assert_eq!((open.entrance, open.expires_at), (Entrance::Ordinary(Admission::OPEN), None));
}

async fn an_edit_keeps_what_it_does_not_mention(at: At) {
    let expiry = at.tomorrow().await;
    let made = at.links.create(&at.chat, &Terms::for_one(expiry).named(name("spring"))).await.unwrap();
    let five = MemberLimit::new(5).unwrap();
    let edit = Edit { admission: AdmissionChange::Limit(five), ..Edit::default() };
    let edited = at.links.edit(&at.chat, &made.url, &edit, Some(&made)).await.unwrap();
    assert_eq!((edited.name.clone(), edited.expires_at), (made.name, made.expires_at));
    assert_eq!(edited.entrance, Entrance::Ordinary(Admission::Instant { limit: Some(five) }));
    let edit = Edit { name: Change::Clear, ..Edit::default() };
    let edited = at.links.edit(&at.chat, &made.url, &edit, Some(&edited)).await.unwrap();
    assert_eq!((edited.name, edited.expires_at), (None, Some(expiry.at())));
}

async fn an_edit_that_mentions_everything_needs_nothing_else(at: At) {
    let made = at.links.create(&at.chat, &Terms::open()).await.unwrap();
    let terms = Terms::by_request().named(name("door"));
    let edited = at.links.edit(&at.chat, &made.url, &Edit::replace(terms), None).await.unwrap();
    assert_eq!(edited.entrance, Entrance::Ordinary(Admission::ByRequest));
}

async fn a_primary_link_is_not_edited(at: At) {
    let primary = at.links.rotate(&at.chat).await.unwrap();
    let edit = Edit::replace(Terms::open().named(name("never")));
    assert_eq!(kind(at.links.edit(&at.chat, &primary, &edit, None).await), Kind::PrimaryLink);
}

async fn a_revoked_link_opens_nothing(at: At) {
    let made = at.links.create(&at.chat, &Terms::open()).await.unwrap();
    let revoked = at.links.revoke(&at.chat, &made.url).await.unwrap();
    assert!(revoked.link.is_revoked && revoked.replaced_by.is_none());
    let person = at.town.person("Ann").await;
    assert_eq!(at.town.join(person, made.url.as_str()).await["result"], "refused");
}

async fn a_primary_link_is_replaced_when_revoked(at: At) {
    let primary = at.links.rotate(&at.chat).await.unwrap();
    let revoked = at.links.revoke(&at.chat, &primary).await.unwrap();
    assert!(revoked.link.is_revoked && revoked.link.is_primary);
    let new = revoked.replaced_by.unwrap();
    assert!(new.is_primary && !new.is_revoked && new.url != primary);
}

async fn rotating_kills_the_old_primary_link(at: At) {
    let old = at.links.rotate(&at.chat).await.unwrap();
    let new = at.links.rotate(&at.chat).await.unwrap();
    let person = at.town.person("Ann").await;
    assert_eq!(at.town.join(person, old.as_str()).await["result"], "refused");
    assert_eq!(at.town.join(person, new.as_str()).await["result"], "joined");
}

async fn a_link_nobody_knows_is_dead(at: At) {
    let nowhere = LinkUrl::new("https://t.me/+aaaaaaaaaaaaaaaa");
    assert_eq!(kind(at.links.revoke(&at.chat, &nowhere).await), Kind::LinkDead);
    let edit = Edit::replace(Terms::open());
    assert_eq!(kind(at.links.edit(&at.chat, &nowhere, &edit, None).await), Kind::LinkDead);
}

async fn requests_are_approved_and_declined(at: At) {
    let link = at.links.create(&at.chat, &Terms::by_request()).await.unwrap();
    let (ann, bob) = (at.ask(&link).await, at.ask(&link).await);
    at.links.decide(&at.chat, ann, Verdict::Approve).await.unwrap();
    at.links.decide(&at.chat, bob, Verdict::Decline).await.unwrap();
    assert!(at.is_in(ann).await && !at.is_in(bob).await);
    assert_eq!(kind(at.links.decide(&at.chat, ann, Verdict::Approve).await), Kind::AlreadyIn);
    assert_eq!(kind(at.links.decide(&at.chat, bob, Verdict::Decline).await), Kind::NobodyWaiting);
    let stranger = UserId::new(at.town.person("Stranger").await).unwrap();
    assert_eq!(kind(at.links.decide(&at.chat, stranger, Verdict::Approve).await), Kind::PersonUnknown);
}

async fn subscriptions_are_for_channels(at: At) {
    let fans = Subscription { name: Some(name("fans")), pricing: Pricing::monthly(50).unwrap() };
    assert_eq!(kind(at.links.create_subscription(&at.chat, &fans).await), Kind::WrongKindOfChat);
    let channel = at.channel().await;
    let made = at.links.create_subscription(&channel, &fans).await.unwrap();
    assert_eq!(made.entrance, Entrance::Paid(Pricing::monthly(50).unwrap()));
    let renamed = at.links.rename_subscription(&channel, &made.url, Some(&name("friends"))).await.unwrap();
    assert_eq!((renamed.name, renamed.entrance), (Some(name("friends")), made.entrance));
    let nameless = at.links.rename_subscription(&channel, &made.url, None).await.unwrap();
    assert_eq!(nameless.name, None);
    let too_dear = json!({ "method": "*", "kind": "4xx", "text": "PRICING_CHAT_INVALID" });
    at.town.control("faults", too_dear).await;
    let refused = at.links.create_subscription(&channel, &fans).await;
    assert_eq!(kind(refused), Kind::BadValue("price or period of a subscription"));
}

async fn a_past_expiry_is_a_bad_value(at: At) {
    let past = Expiry::new(UnixTime::new(at.town.now().await)).unwrap();
    let refused = at.links.create(&at.chat, &Terms::for_one(past)).await;
    assert!(matches!(kind(refused), Kind::BadValue(_)));
}

async fn a_missing_right_is_named(at: At) {
    let rights = json!({ "id": at.who, "rights": ["can_restrict_members"] });
    at.town.control(&format!("chats/{}/bot", at.town.chat()), rights).await;
    let refused = at.links.create(&at.chat, &Terms::open()).await;
    assert_eq!(refused.unwrap_err().missing_right(), Some(Right::InviteUsers));
    let person = UserId::new(42).unwrap();
    let refused = at.links.decide(&at.chat, person, Verdict::Approve).await;
    assert_eq!(refused.unwrap_err().missing_right(), Some(Right::InviteUsers));
}

async fn a_chat_that_is_not_there_is_not_found(at: At) {
    let nowhere: Chat = "-1009999999999".parse().unwrap();
    assert_eq!(kind(at.links.create(&nowhere, &Terms::open()).await), Kind::ChatNotFound);
    assert_eq!(kind(at.links.rotate(&"@nowhere".parse().unwrap()).await), Kind::ChatNotFound);
}

async fn a_chat_that_moved_says_where(at: At) {
    let bots = json!([{ "id": at.who, "rights": ["can_invite_users"] }]);
    let group = at.town.control("chats", json!({ "kind": "group", "title": "Old", "bots": bots })).await;
    let old = ChatId::new(group["chat_id"].as_i64().unwrap()).unwrap();
    let moved = at.town.control(&format!("chats/{old}/migrate"), json!({})).await;
    let new = ChatId::new(moved["chat_id"].as_i64().unwrap()).unwrap();
    let (there, old) = (Kind::ChatMoved { to: new }, old.into());
    assert_eq!(kind(at.links.create(&old, &Terms::open()).await), there);
    if at.links.can(Operation::Admins) {
        assert_eq!(kind(at.links.admins(&old).next().await.unwrap()), there);
        assert_eq!(kind(at.links.list(&old, &LinkFilter::default()).next().await.unwrap()), there);
        assert_eq!(kind(at.links.requests(&old, &RequestFilter::default()).next().await.unwrap()), there);
    }
    at.links.create(&new.into(), &Terms::open()).await.unwrap();
}

async fn a_lost_answer_is_not_repeated_and_says_so(at: At) {
    at.town.control("faults", json!({ "method": "*", "kind": "lost" })).await;
    assert_eq!(kind(at.links.create(&at.chat, &Terms::open()).await), Kind::OutcomeUnknown);
    let known = at.town.look(&format!("chats/{}", at.town.chat())).await;
    assert_eq!(known["links"].as_array().unwrap().len(), 1, "it did happen, once");
}

async fn what_is_not_here_says_who_has_it(at: At) {
    async fn first<T>(mut list: links::List<'_, T>) -> Option<links::Result<T>> {
        list.next().await
    }
    let (url, admin) = (LinkUrl::new("https://t.me/+abc"), UserId::new(42).unwrap());
    let hash = LinkHash::new("abc").unwrap();
    let filter = LinkFilter::default();
    let waiting = RequestFilter::default();
    for operation in Operation::ALL {
        let refused = match operation {
            Operation::List => first(at.links.list(&at.chat, &filter)).await.map(|it| it.map(drop)),
            Operation::Members => {
                first(at.links.members(&at.chat, &MemberFilter::default())).await.map(|it| it.map(drop))
            }
            Operation::Requests => first(at.links.requests(&at.chat, &waiting)).await.map(|it| it.map(drop)),
            Operation::Admins => first(at.links.admins(&at.chat)).await.map(|it| it.map(drop)),
            Operation::Show => Some(at.links.show(&at.chat, &url).await.map(drop)),
            Operation::Delete => Some(at.links.delete(&at.chat, &url).await),
            Operation::DeleteRevoked => Some(at.links.delete_revoked(&at.chat, admin).await),
            Operation::DecideAll => Some(at.links.decide_all(&at.chat, None, Verdict::Approve).await),
            Operation::Check => Some(at.links.check(&hash).await.map(drop)),
            _ => {
                assert!(at.links.can(operation), "every backend has {operation:?}");
                continue;
            }
        };
        let not_here = matches!(&refused, Some(Err(why)) if matches!(why.kind(), Kind::NotHere(_)));
        assert_eq!(not_here, !at.links.can(operation), "{operation:?}: {refused:?}");
    }
}

/// The seeded town through its bot.
async fn bot() -> At {
    let town = Town::demo().await;
    let settings = bot_api::Settings { api_url: town.at.bot_api.clone(), ..bot_api::Settings::default() };
    let token = Token::new(town.token()).unwrap();
    let who = token.bot_id().unwrap();
    let client = bot_api::Client::new(token, &settings).unwrap();
    At { links: Box::new(client), chat: ChatId::new(town.chat()).unwrap().into(), town, who }
}

/// The seeded town through the account of an administrator who does not own the chat.
async fn account() -> At {
    let town = Town::demo().await;
    let who = town.person("Ada").await;
    let office = json!({ "id": who, "rights": ["can_invite_users"] });
    town.control(&format!("chats/{}/bot", town.chat()), office).await;
    let client = mtproto::Client::connect(&session(&town, who).await, &mtproto::Settings::new(12_345));
    let chat: Chat = ChatId::new(town.chat()).unwrap().into();
    // An account that was in use before knows its chats and itself.
    assert!(client.list(&chat, &LinkFilter::default()).next().await.is_none());
    client.me().await.unwrap();
    At { links: Box::new(client), chat, town, who }
}

macro_rules! promises {
    ($($promise:ident),* $(,)?) => {
        mod through_the_bot_api {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(super::bot().await).await;
            })*
        }

        mod through_a_session {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(super::account().await).await;
            })*
        }
    };
}

promises! {
    a_new_link_says_its_terms,
    an_edit_keeps_what_it_does_not_mention,
    an_edit_that_mentions_everything_needs_nothing_else,
    a_primary_link_is_not_edited,
    a_revoked_link_opens_nothing,
    a_primary_link_is_replaced_when_revoked,
    rotating_kills_the_old_primary_link,
    a_link_nobody_knows_is_dead,
    requests_are_approved_and_declined,
    subscriptions_are_for_channels,
    a_past_expiry_is_a_bad_value,
    a_missing_right_is_named,
    a_chat_that_is_not_there_is_not_found,
    a_chat_that_moved_says_where,
    a_lost_answer_is_not_repeated_and_says_so,
    what_is_not_here_says_who_has_it,
}
