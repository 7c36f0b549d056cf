//! What only a person's account can do with links, through our own client: lists to their ends, deletion, everybody at
//! once; and what becomes of a session that ends, waits, or names somebody it never met.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod util;

use futures_util::{StreamExt, TryStreamExt};
use links::{
    Admission, AdmissionChange, Chat, ChatId, Edit, Entrance, Expiry, Kind, Life, LinkFilter, LinkHash,
    LinkName, LinkUrl, Links, MemberFilter, MemberLimit, Pricing, RequestFilter, Right, Subscription, Terms,
    UnixTime, UserId, Verdict,
};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use telegram::mtproto::{Client, Joined, NeverMet, Session, Settings, SignedIn};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use util::Town;
use util::account::{session, session_with};

/// The owner of the seeded chat, in the session the sandbox announces.
struct Home {
    town: Town,
    chat: Chat,
    owner: Client,
    owner_id: UserId,
}

impl Home {
    async fn new() -> Self {
        let town = Town::demo().await;
        let admin = town.at.mtproto.admin.clone().unwrap();
        let owner = Client::connect(&session_with(&town, &admin.auth_key), &settings());
        let chat = ChatId::new(town.chat()).unwrap().into();
        Self { town, chat, owner, owner_id: UserId::new(admin.user_id).unwrap() }
    }

    /// Another administrator, in their own session.
    async fn administrator(&self, name: &str) -> (UserId, Client) {
        let (id, client) = self.visitor(name).await;
        let office = json!({ "id": id.get(), "rights": ["can_invite_users"] });
        self.town.control(&format!("chats/{}/bot", self.town.chat()), office).await;
        (id, client)
    }

    async fn visitor(&self, name: &str) -> (UserId, Client) {
        let id = self.town.person(name).await;
        (UserId::new(id).unwrap(), Client::connect(&session(&self.town, id).await, &settings()))
    }

    async fn fault(&self, method: &str, kind: &str, n: i64) {
        self.town.control("faults", json!({ "method": method, "kind": kind, "n": n })).await;
    }

    async fn names(&self, filter: &LinkFilter) -> Vec<String> {
        let links = self.owner.list(&self.chat, filter);
        let named = links.map_ok(|link| link.name.map(String::from).unwrap_or_default());
        named.try_collect().await.unwrap()
    }

    async fn waiting(&self, filter: &RequestFilter) -> Vec<String> {
        let requests = self.owner.requests(&self.chat, filter);
        let mut names: Vec<_> =
            requests.map_ok(|request| request.person.first_name).try_collect().await.unwrap();
        names.sort();
        names
    }
}

fn settings() -> Settings {
    Settings::new(12_345)
}

fn terms(name: &str) -> Terms {
    Terms::open().named(LinkName::new(name).unwrap())
}

fn by(link: &LinkUrl) -> MemberFilter {
    MemberFilter { link: Some(link.clone()), ..MemberFilter::default() }
}

fn kind<T: std::fmt::Debug>(result: links::Result<T>) -> Kind {
    result.unwrap_err().kind().clone()
}

fn hash(link: &LinkUrl) -> LinkHash {
    LinkHash::new(link.as_str().split_once('+').unwrap().1).unwrap()
}

#[tokio::test]
async fn lists_of_links_go_on_to_their_end() {
    let home = Home::new().await;
    for number in 0..205 {
        home.owner.create(&home.chat, &terms(&format!("link {number}"))).await.unwrap();
    }
    let names = home.names(&LinkFilter::default()).await;
    let newest_first: Vec<_> = (0..205).rev().map(|number| format!("link {number}")).collect();
    assert_eq!(names, newest_first);
}

#[tokio::test]
async fn everybody_who_came_is_listed_once() {
    let home = Home::new().await;
    let link = home.owner.create(&home.chat, &Terms::open()).await.unwrap();
    let mut came = Vec::new();
    for _ in 0..230 {
        let person = home.town.person("Fan").await;
        assert_eq!(home.town.join(person, link.url.as_str()).await["result"], "joined");
        came.push(person);
    }
    let by_link: Vec<_> = home.owner.members(&home.chat, &by(&link.url)).try_collect().await.unwrap();
    let mut listed: Vec<i64> = by_link.iter().map(|member| member.person.id.get()).collect();
    listed.sort_unstable();
    assert_eq!(listed, came);
    assert!(by_link.iter().all(|member| member.link.as_ref() == Some(&link.url)));
    assert!(by_link.iter().all(|member| member.joined_at.get() > 0 && member.approved_by.is_none()));
    assert_eq!(home.owner.members(&home.chat, &MemberFilter::default()).count().await, 230);
    assert_eq!(home.owner.show(&home.chat, &link.url).await.unwrap().uses, Some(230));
}

#[tokio::test]
async fn a_link_is_looked_up_with_its_counts() {
    let home = Home::new().await;
    let one = Terms { admission: Admission::Instant { limit: Some(MemberLimit::ONE) }, ..Terms::open() };
    let link = home.owner.create(&home.chat, &one).await.unwrap();
    let now = UnixTime::new(home.town.now().await);
    assert_eq!((link.uses, link.created_at, link.life(now)), (Some(0), Some(now), Life::Active));
    assert_eq!(link.creator.id, home.owner_id);
    let person = home.town.person("Ann").await;
    home.town.join(person, link.url.as_str()).await;
    let seen = home.owner.show(&home.chat, &link.url).await.unwrap();
    assert_eq!((seen.uses, seen.life(now)), (Some(1), Life::UsedUp));
    let nowhere = LinkUrl::new("https://t.me/+aaaaaaaaaaaaaaaa");
    assert_eq!(kind(home.owner.show(&home.chat, &nowhere).await), Kind::LinkDead);
    let hidden = LinkUrl::new("https://t.me/+abcdefgh…");
    assert_eq!(kind(home.owner.show(&home.chat, &hidden).await), Kind::NotOurLink);
}

#[tokio::test]
async fn an_edit_needs_no_link_as_it_was() {
    let home = Home::new().await;
    let three = MemberLimit::new(3).unwrap();
    let limited = Terms { admission: Admission::Instant { limit: Some(three) }, ..terms("spring") };
    let link = home.owner.create(&home.chat, &limited).await.unwrap();
    let name = LinkName::new("summer").unwrap();
    let edit = Edit { name: links::Change::Set(name.clone()), ..Edit::default() };
    let edited = home.owner.edit(&home.chat, &link.url, &edit, None).await.unwrap();
    let kept = Entrance::Ordinary(Admission::Instant { limit: Some(three) });
    assert_eq!((edited.name, edited.entrance), (Some(name), kept));
    let asking = home.owner.create(&home.chat, &Terms::by_request()).await.unwrap();
    let edit = Edit { admission: AdmissionChange::Limit(three), ..Edit::default() };
    let refused = home.owner.edit(&home.chat, &asking.url, &edit, None).await;
    assert!(matches!(kind(refused), Kind::CannotMerge(_)));
}

#[tokio::test]
async fn dead_links_are_deleted_one_by_one_or_at_once() {
    let home = Home::new().await;
    let revoked = LinkFilter { revoked: true, ..LinkFilter::default() };
    let mut links = Vec::new();
    for name in ["one", "two", "three", "four"] {
        links.push(home.owner.create(&home.chat, &terms(name)).await.unwrap().url);
    }
    let live = home.owner.delete(&home.chat, &links[0]).await;
    assert_eq!(kind(live), Kind::BadValue("link, because it is not revoked"));
    for link in &links[..3] {
        home.owner.revoke(&home.chat, link).await.unwrap();
    }
    home.owner.delete(&home.chat, &links[0]).await.unwrap();
    assert_eq!(kind(home.owner.delete(&home.chat, &links[0]).await), Kind::LinkDead);
    assert_eq!(home.names(&revoked).await, ["three", "two"]);
    home.owner.delete_revoked(&home.chat, home.owner_id).await.unwrap();
    assert!(home.names(&revoked).await.is_empty());
    assert_eq!(home.names(&LinkFilter::default()).await, ["four"]);
}

#[tokio::test]
async fn the_owner_sees_and_ends_what_other_administrators_made() {
    let home = Home::new().await;
    let (ada_id, ada) = home.administrator("Ada").await;
    let link = ada.create(&home.chat, &terms("Ada's")).await.unwrap();
    home.owner.create(&home.chat, &terms("mine")).await.unwrap();
    let hers = LinkFilter { admin: Some(ada_id), ..LinkFilter::default() };
    assert_eq!(home.names(&hers).await, ["Ada's"]);
    let admins: Vec<_> = home.owner.admins(&home.chat).try_collect().await.unwrap();
    let counted: Vec<_> = admins.iter().map(|it| (it.admin.id, it.live, it.revoked)).collect();
    assert_eq!(counted, [(home.owner_id, 1, 0), (ada_id, 1, 0)]);
    assert_eq!(admins[1].admin.first_name, "Ada");

    // She is no owner.
    let mine = LinkFilter { admin: Some(home.owner_id), ..LinkFilter::default() };
    let refused = ada.list(&home.chat, &mine).next().await.unwrap();
    assert_eq!(refused.unwrap_err().missing_right(), Some(Right::Owner));

    let revoked = home.owner.revoke(&home.chat, &link.url).await.unwrap();
    assert!(revoked.link.is_revoked && revoked.link.creator.id == ada_id);
    assert_eq!(revoked.link.creator.first_name, "Ada");
    home.owner.delete_revoked(&home.chat, ada_id).await.unwrap();
    assert!(home.names(&hers).await.is_empty());
}

#[tokio::test]
async fn a_bots_link_is_ended_by_the_owner_and_changed_by_nobody() {
    let home = Home::new().await;
    let made = home.town.bot("createChatInviteLink", json!({ "chat_id": home.town.chat() })).await.result();
    let link = LinkUrl::new(made["invite_link"].as_str().unwrap());
    let edited = home.owner.edit(&home.chat, &link, &Edit::replace(terms("mine now")), None).await;
    assert_eq!(kind(edited), Kind::NotOurLink);
    assert!(home.owner.revoke(&home.chat, &link).await.unwrap().link.is_revoked);
}

#[tokio::test]
async fn a_replaced_primary_link_comes_with_the_new_one() {
    let home = Home::new().await;
    let primary = home.owner.rotate(&home.chat).await.unwrap();
    let revoked = home.owner.revoke(&home.chat, &primary).await.unwrap();
    let new = revoked.replaced_by.unwrap();
    assert!(revoked.link.is_revoked && new.is_primary && new.created_at.is_some());
}

#[tokio::test]
async fn what_replaced_a_primary_link_is_known_even_if_telegrams_word_of_it_was_lost() {
    let home = Home::new().await;
    let (_, ada) = home.administrator("Ada").await;
    for whose in [&home.owner, &ada] {
        let primary = whose.rotate(&home.chat).await.unwrap();
        home.fault("messages.editExportedChatInvite", "lost", 0).await;
        let revoked = home.owner.revoke(&home.chat, &primary).await.unwrap();
        let new = revoked.replaced_by.unwrap();
        assert!(revoked.link.is_revoked && new.is_primary && !new.is_revoked);
        assert!(new.url != primary && new.creator == revoked.link.creator);
    }
}

#[tokio::test]
async fn a_primary_link_of_whoever_is_no_administrator_any_more_is_revoked_and_revoked() {
    let home = Home::new().await;
    let (ada_id, ada) = home.administrator("Ada").await;
    let primary = ada.rotate(&home.chat).await.unwrap();
    let left = json!({ "id": ada_id.get(), "status": "left" });
    home.town.control(&format!("chats/{}/bot", home.town.chat()), left).await;
    assert!(home.owner.revoke(&home.chat, &primary).await.unwrap().link.is_revoked);
    let gone =
        json!({ "method": "messages.getExportedChatInvites", "kind": "4xx", "text": "ADMIN_ID_INVALID" });
    home.town.control("faults", gone).await;
    let again = home.owner.revoke(&home.chat, &primary).await.unwrap();
    assert!(again.link.is_revoked && again.replaced_by.is_none());
}

#[tokio::test]
async fn a_primary_link_is_revoked_though_nobody_can_say_what_replaced_it() {
    let home = Home::new().await;
    let primary = home.owner.rotate(&home.chat).await.unwrap();
    home.fault("messages.editExportedChatInvite", "lost", 0).await;
    home.fault("messages.getExportedChatInvites", "flood", 3600).await;
    let revoked = home.owner.revoke(&home.chat, &primary).await.unwrap();
    assert!(revoked.link.is_revoked && revoked.replaced_by.is_none());
}

#[tokio::test]
async fn who_waits_is_found_and_decided_about_at_once() {
    let home = Home::new().await;
    let front = home.owner.create(&home.chat, &Terms::by_request()).await.unwrap().url;
    let back = home.owner.create(&home.chat, &Terms::by_request()).await.unwrap().url;
    for (name, link) in [("Ann", &front), ("Anja", &back), ("Bob", &front), ("Cid", &back)] {
        let body = json!({ "first_name": name, "bio": format!("I am {name}") });
        let person = home.town.control("people", body).await["id"].as_i64().unwrap();
        assert_eq!(home.town.join(person, link.as_str()).await["result"], "requested");
    }
    let waiting = RequestFilter::default();
    let all: Vec<_> = home.owner.requests(&home.chat, &waiting).try_collect().await.unwrap();
    assert!(all.iter().all(|it| it.bio == Some(format!("I am {}", it.person.first_name))));
    let filter = |link: Option<&LinkUrl>, search: Option<&str>| RequestFilter {
        link: link.cloned(),
        search: search.map(str::to_owned),
    };
    assert_eq!(home.waiting(&filter(None, None)).await, ["Anja", "Ann", "Bob", "Cid"]);
    assert_eq!(home.waiting(&filter(None, Some("AN"))).await, ["Anja", "Ann"]);
    assert_eq!(home.waiting(&filter(Some(&front), None)).await, ["Ann", "Bob"]);
    assert_eq!(home.waiting(&filter(Some(&back), Some("an"))).await, ["Anja"]);

    home.owner.decide_all(&home.chat, Some(&front), Verdict::Approve).await.unwrap();
    let came: Vec<_> = home.owner.members(&home.chat, &by(&front)).try_collect().await.unwrap();
    assert!(came.len() == 2 && came.iter().all(|member| member.approved_by == Some(home.owner_id)));
    home.owner.decide_all(&home.chat, None, Verdict::Decline).await.unwrap();
    assert!(home.waiting(&waiting).await.is_empty());
    // Of nobody, everybody is decided.
    home.owner.decide_all(&home.chat, None, Verdict::Approve).await.unwrap();
    assert_eq!(home.owner.members(&home.chat, &by(&back)).count().await, 0);
}

#[tokio::test]
async fn whoever_paid_no_longer_is_told_apart_from_those_who_are_in() {
    let home = Home::new().await;
    let owner = home.owner_id.get();
    let channel = json!({ "kind": "channel", "title": "Daily Owl", "bots": [{ "id": owner, "rights": ["can_invite_users"] }] });
    let channel: Chat =
        ChatId::new(home.town.control("chats", channel).await["chat_id"].as_i64().unwrap()).unwrap().into();
    let pricing = Pricing::monthly(5).unwrap();
    let paid = home.owner.create_subscription(&channel, &Subscription { name: None, pricing }).await.unwrap();
    let (ann, bob) = (home.town.person("Ann").await, home.town.person("Bob").await);
    for person in [ann, bob] {
        let pays = json!({ "link": paid.url.as_str(), "pay": true });
        assert_eq!(home.town.control(&format!("people/{person}/join"), pays).await["result"], "joined");
    }
    let listed = async |lapsed: bool| -> Vec<i64> {
        let filter = MemberFilter { lapsed, ..by(&paid.url) };
        let people = home.owner.members(&channel, &filter).map_ok(|member| member.person.id.get());
        people.try_collect().await.unwrap()
    };
    assert_eq!((listed(false).await.len(), listed(true).await.len()), (2, 0));
    home.town.advance(i64::from(Pricing::MONTH_SECONDS) + 1).await;
    assert_eq!((listed(false).await.len(), listed(true).await.len()), (0, 2));
    // Whoever pays again is in again.
    let pays = json!({ "link": paid.url.as_str(), "pay": true });
    assert_eq!(home.town.control(&format!("people/{bob}/join"), pays).await["result"], "joined");
    assert_eq!((listed(false).await, listed(true).await), (vec![bob], vec![ann]));
}

#[tokio::test]
async fn a_visitor_looks_before_they_join() {
    let home = Home::new().await;
    let (_, eve) = home.visitor("Eve").await;
    let open = hash(&home.owner.create(&home.chat, &Terms::open()).await.unwrap().url);
    let asking = hash(&home.owner.create(&home.chat, &Terms::by_request()).await.unwrap().url);
    let seen = eve.check(&open).await.unwrap();
    assert_eq!((&*seen.title, seen.chat, seen.by_request, seen.member_count), ("Night Owls", None, false, 2));
    assert!(eve.check(&asking).await.unwrap().by_request);
    assert_eq!(eve.join(&asking).await.unwrap(), Joined::Asked);
    let chat = ChatId::new(home.town.chat()).unwrap();
    assert_eq!(eve.join(&open).await.unwrap(), Joined::In(chat));
    assert_eq!(kind(eve.join(&open).await), Kind::AlreadyIn);
    assert_eq!(eve.check(&open).await.unwrap().chat, Some(chat));
    let unknown = LinkHash::new("aaaaaaaaaaaaaaaa").unwrap();
    assert_eq!(kind(eve.check(&unknown).await), Kind::LinkDead);
    assert_eq!(kind(eve.join(&unknown).await), Kind::LinkDead);
}

#[tokio::test]
async fn nothing_is_made_up_about_whom_this_account_never_met() {
    let home = Home::new().await;
    let (_, eve) = home.visitor("Eve").await;
    let never_met = |why: &links::Error| {
        std::error::Error::source(why).and_then(|source| source.downcast_ref::<NeverMet>()).is_some()
    };
    let why = eve.create(&home.chat, &Terms::open()).await.unwrap_err();
    assert!(*why.kind() == Kind::ChatNotFound && never_met(&why), "{why:?}");
    let stranger = UserId::new(home.town.person("Stranger").await).unwrap();
    let why = home.owner.decide(&home.chat, stranger, Verdict::Approve).await.unwrap_err();
    assert!(*why.kind() == Kind::PersonUnknown && never_met(&why), "{why:?}");
    let why = home.owner.delete_revoked(&home.chat, stranger).await.unwrap_err();
    assert!(*why.kind() == Kind::PersonUnknown && never_met(&why), "{why:?}");
}

#[tokio::test]
async fn a_public_chat_is_found_by_its_name() {
    let home = Home::new().await;
    home.town
        .control(&format!("chats/{}/username", home.town.chat()), json!({ "username": "night_owls" }))
        .await;
    let by_name: Chat = "@Night_Owls".parse().unwrap();
    home.owner.create(&by_name, &terms("by name")).await.unwrap();
    assert_eq!(home.names(&LinkFilter::default()).await, ["by name"]);
    let bot: Chat = "@admit_demo_bot".parse().unwrap();
    assert_eq!(kind(home.owner.rotate(&bot).await), Kind::WrongKindOfChat);
}

#[tokio::test]
async fn telegrams_waits_are_sat_out_and_no_call_comes_early() {
    let home = Home::new().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let ears = Arc::clone(&told);
    let owner = home.owner.clone().on_wait(Arc::new(move |method, wait| {
        ears.lock().unwrap().push((method.to_owned(), wait));
    }));
    owner.me().await.unwrap();
    home.fault("messages.exportChatInvite", "flood", 1).await;
    let began = std::time::Instant::now();
    owner.create(&home.chat, &Terms::open()).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    let expected = [("messages.exportChatInvite".to_owned(), Duration::from_secs(1))];
    assert_eq!(*told.lock().unwrap(), expected);

    // Too long to sit out. It is kept in mind: no call of the kind is sent before its time, and others go on.
    home.fault("messages.exportChatInvite", "flood", 3600).await;
    assert_eq!(kind(owner.create(&home.chat, &Terms::open()).await), Kind::Wait { seconds: 3600 });
    assert!(matches!(kind(owner.create(&home.chat, &Terms::open()).await), Kind::Wait { .. }));
    let staged_and_called = calls(&home.town, "messages.exportChatInvite").await;
    assert_eq!(staged_and_called, 3);
    assert_eq!(home.names(&LinkFilter::default()).await.len(), 1);
}

#[tokio::test]
async fn what_only_looks_is_asked_again_when_the_connection_breaks() {
    let home = Home::new().await;
    home.owner.create(&home.chat, &terms("one")).await.unwrap();
    for fault in ["lost", "cut", "5xx", "html"] {
        home.fault("messages.getExportedChatInvites", fault, if fault == "5xx" { 500 } else { 0 }).await;
        assert_eq!(home.names(&LinkFilter::default()).await, ["one"], "{fault}");
    }
}

#[tokio::test]
async fn what_would_make_something_new_is_not_asked_again() {
    let home = Home::new().await;
    home.names(&LinkFilter::default()).await;
    home.owner.me().await.unwrap();
    for (links, fault) in [(1, "lost"), (2, "cut"), (2, "5xx"), (2, "html")] {
        home.fault("messages.exportChatInvite", fault, if fault == "5xx" { 500 } else { 0 }).await;
        assert_eq!(
            kind(home.owner.create(&home.chat, &Terms::open()).await),
            Kind::OutcomeUnknown,
            "{fault}"
        );
        assert_eq!(home.names(&LinkFilter::default()).await.len(), links, "{fault}");
    }
}

#[tokio::test]
async fn a_session_that_ended_says_so() {
    let home = Home::new().await;
    home.names(&LinkFilter::default()).await;
    home.town.control(&format!("people/{}/logout", home.owner_id), json!({})).await;
    let why = home.owner.create(&home.chat, &Terms::open()).await.unwrap_err();
    assert!(*why.kind() == Kind::SessionOver && !why.is_retryable());
    let unknown = session_with(&home.town, &"ab".repeat(256));
    let nobody = Client::connect(&unknown, &settings());
    assert_eq!(kind(nobody.me().await), Kind::SessionOver);
}

#[tokio::test]
async fn nobody_at_home_is_unreachable_and_nothing_happened() {
    let home = Home::new().await;
    let mut gone = session(&home.town, home.owner_id.get()).await;
    gone.address.set_port(1);
    let client = Client::connect(&gone, &Settings { limit: Duration::from_millis(300), ..settings() });
    assert_eq!(kind(client.create(&home.chat, &Terms::open()).await), Kind::Unreachable);
}

/// A key that nobody is logged in with.
async fn nobody(home: &Home) -> Client {
    let (_, client) = home.visitor("Nobody").await;
    client.log_out().await.unwrap();
    client
}

#[tokio::test]
async fn a_code_and_a_password_log_in_and_the_session_is_kept() {
    let home = Home::new().await;
    let admin = home.town.at.mtproto.admin.clone().unwrap();
    let client = nobody(&home).await;
    assert_eq!(kind(client.me().await), Kind::SessionOver);
    assert_eq!(kind(client.send_code("12", "hash").await), Kind::BadValue("telephone number"));
    let nobodys = client.send_code("9996629999", "hash").await.unwrap();
    let unoccupied = Kind::BadValue("telephone number, because nobody has it");
    assert_eq!(kind(client.sign_in(&nobodys, &admin.code).await), unoccupied);
    let stale = client.send_code(&admin.phone, "hash").await.unwrap();
    let sent = client.send_code(&admin.phone, "hash").await.unwrap();
    let over = Kind::BadValue("code, because its time is over");
    assert_eq!(kind(client.sign_in(&stale, &admin.code).await), over);
    assert_eq!(kind(client.sign_in(&sent, "00000").await), Kind::BadValue("code"));
    let half = client.sign_in(&sent, &format!(" {} ", admin.code)).await.unwrap();
    assert_eq!(half, SignedIn::PasswordNeeded);
    assert_eq!(kind(client.check_password("owls sleep").await), Kind::BadValue("password"));
    assert_eq!(client.check_password(&admin.password).await.unwrap().id, home.owner_id);

    let kept = client.session().unwrap();
    let again = Client::connect(&kept, &settings());
    assert_eq!(again.me().await.unwrap().id, home.owner_id);
    again.log_out().await.unwrap();
    again.log_out().await.unwrap();
    assert_eq!(kind(again.rotate(&home.chat).await), Kind::SessionOver);
}

#[tokio::test]
async fn whoever_has_no_password_is_in_with_the_code() {
    let home = Home::new().await;
    let ann = json!({ "first_name": "Ann", "phone": "9996620002" });
    home.town.control("people", ann).await;
    let client = nobody(&home).await;
    home.fault("auth.sendCode", "flood", 3600).await;
    assert_eq!(kind(client.send_code("9996620002", "hash").await), Kind::Wait { seconds: 3600 });
    // Telegram's wait is kept in mind, so somebody else asks.
    let client = nobody(&home).await;
    let sent = client.send_code("9996620002", "hash").await.unwrap();
    let SignedIn::As(ann) = client.sign_in(&sent, "22222").await.unwrap() else { panic!() };
    assert_eq!(ann.first_name, "Ann");
    assert_eq!(format!("{sent:?}"), "CodeSent(..)");
}

#[tokio::test]
async fn whoever_is_at_home_elsewhere_is_asked_there() {
    let home = Home::new().await;
    let client = nobody(&home).await;
    let elsewhere = json!({ "method": "auth.sendCode", "kind": "303", "text": "PHONE_MIGRATE_4" });
    home.town.control("faults", elsewhere).await;
    // There it has no key yet, and the sandbox's is none of those that this library trusts.
    assert_eq!(kind(client.send_code("9996620002", "hash").await), Kind::SessionOver);
    assert!(client.session().is_none());
    let lost = json!({ "method": "users.getUsers", "kind": "303", "text": "USER_MIGRATE_9" });
    home.town.control("faults", lost).await;
    assert_eq!(kind(home.owner.me().await), Kind::Unreachable);
    // Nobody moves to where nothing is.
    assert_eq!(home.owner.me().await.unwrap().id, home.owner_id);
}

#[tokio::test]
async fn whoever_is_sent_to_where_they_are_takes_the_connection_from_nobody() {
    let home = Home::new().await;
    let link = hash(&home.owner.create(&home.chat, &Terms::open()).await.unwrap().url);
    let here = json!({ "method": "messages.checkChatInvite", "kind": "303", "text": "USER_MIGRATE_2" });
    home.town.control("faults", here).await;
    home.fault("messages.exportChatInvite", "latency", 300).await;
    let terms = Terms::open();
    let (seen, made) = tokio::join!(home.owner.check(&link), home.owner.create(&home.chat, &terms));
    assert_eq!(seen.unwrap().title, "Night Owls");
    made.unwrap();
}

/// A client that waits so long, the far side of which takes connections and says nothing; and how many it took.
async fn mute(limit: Duration) -> (Client, impl Fn() -> usize) {
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let SocketAddr::V4(address) = mute.local_addr().unwrap() else { panic!("it was bound so") };
    let session = Session { dc_id: 2, address, auth_key: "ab".repeat(256).parse().unwrap() };
    let taken = Arc::new(Mutex::new(Vec::new()));
    let held = Arc::clone(&taken);
    tokio::spawn(async move {
        loop {
            let connection = mute.accept().await.unwrap();
            held.lock().unwrap().push(connection);
        }
    });
    (Client::connect(&session, &Settings { limit, ..settings() }), move || taken.lock().unwrap().len())
}

#[tokio::test(start_paused = true)]
async fn what_only_looks_is_asked_again_when_nothing_comes_back() {
    let (client, connections) = mute(Duration::from_secs(3600)).await;
    let began = tokio::time::Instant::now();
    assert_eq!(kind(client.me().await), Kind::Unreachable);
    assert!((120..140).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert_eq!(connections(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_must_not_be_sent_twice_is_not_sent_to_a_door_that_never_said_a_word() {
    let (client, connections) = mute(Duration::from_secs(3600)).await;
    assert_eq!(kind(client.send_code("9996620002", "hash").await), Kind::Unreachable);
    assert_eq!(connections(), 6);
}

/// One connection to the sandbox's door, on which it says that it has had enough as soon as it carried out a call of
/// this method.
async fn has_enough_after(town: &Town, method: &str, between: TcpListener) {
    let (mut client, _) = between.accept().await.unwrap();
    let mut door = TcpStream::connect(&town.at.mtproto.addr).await.unwrap();
    let (mut asked, mut said) = ([0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            length = client.read(&mut asked) => door.write_all(&asked[..length.unwrap()]).await.unwrap(),
            length = door.read(&mut said) => {
                if calls(town, method).await > 0 {
                    return client.write_all(&(-429_i32).to_le_bytes()).await.unwrap();
                }
                client.write_all(&said[..length.unwrap()]).await.unwrap();
            }
        }
    }
}

/// How often a method was called.
async fn calls(town: &Town, method: &str) -> usize {
    let ledger = town.get(&format!("{}/ledger", town.at.control)).await.text;
    ledger.lines().filter(|line| line.contains(&format!("\"method\":\"{method}\""))).count()
}

#[tokio::test]
async fn a_door_that_has_had_enough_may_have_carried_out_even_the_first_call() {
    let home = Home::new().await;
    let between = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let SocketAddr::V4(address) = between.local_addr().unwrap() else { panic!("it was bound so") };
    let through = Session { address, ..session(&home.town, home.owner_id.get()).await };
    let client = Client::connect(&through, &settings());
    let method = "auth.sendCode";
    let ((), sent) =
        tokio::join!(has_enough_after(&home.town, method, between), client.send_code("9996620002", "hash"));
    assert_eq!((kind(sent), calls(&home.town, method).await), (Kind::OutcomeUnknown, 1));
}

#[tokio::test(start_paused = true)]
async fn a_connection_on_which_nothing_comes_back_is_given_up_by_those_who_wait_shortly_too() {
    let (client, connections) = mute(Duration::from_secs(8)).await;
    for expected in [1, 1, 2, 2] {
        assert_eq!(kind(client.me().await), Kind::OutOfTime);
        assert_eq!(connections(), expected);
    }
}

/// From now on time passes only when it is told to.
struct Stopped<'a> {
    town: &'a Town,
    /// While a thread works, the clock stands.
    _work: std::sync::mpsc::Sender<()>,
}

impl<'a> Stopped<'a> {
    fn at(town: &'a Town) -> Self {
        let (work, end) = std::sync::mpsc::channel();
        tokio::task::spawn_blocking(move || end.recv());
        tokio::time::pause();
        Self { town, _work: work }
    }

    /// Lets seconds pass. In each of them there is time for what is said over a connection.
    async fn pass(&self, seconds: u32) {
        for _ in 0..seconds {
            tokio::time::advance(Duration::from_secs(1)).await;
            self.town.now().await;
        }
    }

    /// Lets so many seconds pass after this method was heard for the `times`th time.
    async fn pass_after(&self, method: &str, times: usize, seconds: u32) {
        while calls(self.town, method).await < times {}
        self.pass(seconds).await;
    }
}

#[tokio::test]
async fn a_method_that_takes_its_time_is_answered_once() {
    let home = Home::new().await;
    let patient = Settings { limit: Duration::from_secs(300), ..settings() };
    let admin = home.town.at.mtproto.admin.clone().unwrap();
    let owner = Client::connect(&session_with(&home.town, &admin.auth_key), &patient);
    owner.me().await.unwrap();
    for method in ["messages.exportChatInvite", "messages.deleteRevokedExportedChatInvites"] {
        home.fault(method, "latency", 70_000).await;
    }
    let terms = Terms::open();
    let made = async {
        tokio::join!(owner.create(&home.chat, &terms), owner.delete_revoked(&home.chat, home.owner_id))
    };
    let stopped = Stopped::at(&home.town);
    let (made, ()) = tokio::join!(made, async {
        stopped.pass_after("messages.exportChatInvite", 1, 0).await;
        stopped.pass_after("messages.deleteRevokedExportedChatInvites", 1, 71).await;
    });
    made.0.unwrap();
    made.1.unwrap();
    // The fault, and the call.
    for method in ["messages.exportChatInvite", "messages.deleteRevokedExportedChatInvites"] {
        assert_eq!(calls(&home.town, method).await, 2, "{method}");
    }
}

#[tokio::test]
async fn a_connection_that_hangs_while_a_method_takes_its_time_is_given_up_then() {
    let home = Home::new().await;
    let between = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let SocketAddr::V4(address) = between.local_addr().unwrap() else { panic!("it was bound so") };
    let patient = Settings { limit: Duration::from_secs(300), ..settings() };
    let through = Session { address, ..session(&home.town, home.owner_id.get()).await };
    let client = Client::connect(&through, &patient);
    let (hang, mut hangs) = tokio::sync::watch::channel(());
    let door = home.town.at.mtproto.addr.clone();
    tokio::spawn(async move {
        let (mut client, _) = between.accept().await.unwrap();
        let mut door = TcpStream::connect(door).await.unwrap();
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut client, &mut door) => {}
            _ = hangs.changed() => std::future::pending().await,
        }
    });
    client.me().await.unwrap();
    let method = "auth.sendCode";
    home.fault(method, "latency", 600_000).await;
    let stopped = Stopped::at(&home.town);
    let told = async {
        // By then somebody there said once that they listen.
        stopped.pass_after(method, 1, 25).await;
        hang.send(()).unwrap();
        stopped.pass(20).await;
    };
    let sent = tokio::select! {
        sent = client.send_code("9996620002", "hash") => sent,
        () = told => panic!("it is not given up"),
    };
    assert_eq!(kind(sent), Kind::OutcomeUnknown);
}

#[tokio::test]
async fn whoever_waits_shortly_ends_no_connection_on_which_others_are_answered() {
    let home = Home::new().await;
    let hasty = Settings { limit: Duration::from_secs(8), ..settings() };
    let admin = home.town.at.mtproto.admin.clone().unwrap();
    let owner = Client::connect(&session_with(&home.town, &admin.auth_key), &hasty);
    let terms = Terms::open();
    // The account, and the chat.
    owner.create(&home.chat, &terms).await.unwrap();
    let (make, list) = ("messages.exportChatInvite", "messages.getExportedChatInvites");
    for (method, milliseconds) in [(make, 600_000), (make, 600_000), (list, 6000)] {
        home.fault(method, "latency", milliseconds).await;
    }
    let stopped = Stopped::at(&home.town);
    let (late, ()) = tokio::join!(owner.create(&home.chat, &terms), stopped.pass_after(make, 2, 22));
    assert_eq!(kind(late), Kind::OutcomeUnknown);
    let filter = LinkFilter::default();
    let second = async {
        stopped.pass_after(make, 3, 5).await;
        let mut links = owner.list(&home.chat, &filter);
        tokio::join!(links.next(), stopped.pass_after(list, 1, 7)).0
    };
    let (late, listed) = tokio::join!(owner.create(&home.chat, &terms), second);
    assert_eq!(kind(late), Kind::OutcomeUnknown);
    assert!(listed.unwrap().is_ok());
    assert_eq!(calls(&home.town, list).await, 2, "the fault, and the call");
}

#[tokio::test]
async fn nothing_is_sent_for_whoever_has_no_time_left() {
    let home = Home::new().await;
    let hasty = Settings { limit: Duration::ZERO, ..settings() };
    let admin = home.town.at.mtproto.admin.clone().unwrap();
    let hasty = Client::connect(&session_with(&home.town, &admin.auth_key), &hasty);
    assert_eq!(kind(hasty.create(&home.chat, &Terms::open()).await), Kind::OutOfTime);
    assert_eq!(kind(hasty.decide(&home.chat, home.owner_id, Verdict::Approve).await), Kind::OutOfTime);
    assert!(home.names(&LinkFilter::default()).await.is_empty());
}

#[tokio::test]
async fn what_a_second_try_finds_done_is_done() {
    let home = Home::new().await;
    let asking = Terms { admission: Admission::ByRequest, ..Terms::open() };
    let link = home.owner.create(&home.chat, &asking).await.unwrap().url;
    let ann = home.town.person("Ann").await;
    assert_eq!(home.town.join(ann, link.as_str()).await["result"], "requested");
    home.fault("messages.hideAllChatJoinRequests", "lost", 0).await;
    home.owner.decide_all(&home.chat, None, Verdict::Approve).await.unwrap();
    home.owner.revoke(&home.chat, &link).await.unwrap();
    home.fault("messages.deleteExportedChatInvite", "lost", 0).await;
    home.owner.delete(&home.chat, &link).await.unwrap();
    home.fault("auth.logOut", "lost", 0).await;
    home.owner.log_out().await.unwrap();
    assert_eq!(kind(home.owner.show(&home.chat, &link).await), Kind::SessionOver);
}

#[tokio::test]
async fn whoever_was_declined_is_told_so_by_a_second_try_too() {
    let home = Home::new().await;
    let link = home.owner.create(&home.chat, &Terms::by_request()).await.unwrap();
    let (_, eve) = home.visitor("Eve").await;
    home.fault("messages.importChatInvite", "lost", 0).await;
    let declined =
        json!({ "method": "messages.importChatInvite", "kind": "4xx", "text": "INVITE_REQUEST_DECLINED" });
    home.town.control("faults", declined).await;
    assert_eq!(eve.join(&hash(&link.url)).await.unwrap(), Joined::Declined);
}

#[tokio::test]
async fn every_documented_refusal_has_a_name() {
    let home = Home::new().await;
    home.owner.me().await.unwrap();
    home.names(&LinkFilter::default()).await;
    let right = Kind::MissingRight(Right::InviteUsers);
    for (code, word, expected) in [
        (400, "CHANNEL_INVALID", Kind::ChatNotFound),
        (400, "CHANNEL_MONOFORUM_UNSUPPORTED", Kind::WrongKindOfChat),
        (400, "CHANNEL_PRIVATE", Kind::BotNotInChat),
        (400, "CHAT_ADMIN_REQUIRED", right),
        (400, "CHAT_ID_INVALID", Kind::ChatNotFound),
        (403, "CHAT_WRITE_FORBIDDEN", Kind::MissingRight(Right::SendMessages)),
        (400, "EXPIRE_DATE_INVALID", Kind::BadValue("expiry")),
        (400, "INPUT_USER_DEACTIVATED", Kind::PersonGone),
        (400, "PEER_ID_INVALID", Kind::ChatNotFound),
        (400, "PRICING_CHAT_INVALID", Kind::BadValue("price or period of a subscription")),
        (400, "SUBSCRIPTION_PERIOD_INVALID", Kind::BadValue("price or period of a subscription")),
        (400, "USAGE_LIMIT_INVALID", Kind::BadValue("member limit")),
        (400, "CHAT_INVITE_PERMANENT", Kind::PrimaryLink),
        (403, "EDIT_BOT_INVITE_FORBIDDEN", Kind::NotOurLink),
        (406, "INVITE_HASH_EXPIRED", Kind::LinkDead),
        (400, "INVITE_REVOKED_MISSING", Kind::BadValue("link, because it is not revoked")),
        (400, "ADMIN_ID_INVALID", Kind::PersonUnknown),
        (400, "HIDE_REQUESTER_MISSING", Kind::NobodyWaiting),
        (400, "USER_ALREADY_PARTICIPANT", Kind::AlreadyIn),
        (403, "USER_CHANNELS_TOO_MUCH", Kind::PersonInTooManyChats),
        (400, "CHANNELS_TOO_MUCH", Kind::PersonInTooManyChats),
        (400, "USERS_TOO_MUCH", Kind::ChatFull),
        (401, "AUTH_KEY_UNREGISTERED", Kind::SessionOver),
        (401, "SESSION_REVOKED", Kind::SessionOver),
        (420, "FROZEN_METHOD_INVALID", Kind::Refused { code: 420, text: "FROZEN_METHOD_INVALID".to_owned() }),
        (400, "MSG_ID_INVALID", Kind::Refused { code: 400, text: "MSG_ID_INVALID".to_owned() }),
    ] {
        let fault = json!({ "method": "messages.exportChatInvite", "kind": "4xx", "n": code, "text": word });
        home.town.control("faults", fault).await;
        assert_eq!(kind(home.owner.create(&home.chat, &Terms::open()).await), expected, "{word}");
    }
    assert!(home.names(&LinkFilter::default()).await.is_empty());
}

#[tokio::test]
async fn a_list_goes_on_after_a_link_that_was_deleted_meanwhile() {
    let home = Home::new().await;
    let revoked = LinkFilter { revoked: true, ..LinkFilter::default() };
    for number in 0..102 {
        let link = home.owner.create(&home.chat, &terms(&format!("link {number}"))).await.unwrap();
        home.owner.revoke(&home.chat, &link.url).await.unwrap();
    }
    let mut list = home.owner.list(&home.chat, &revoked);
    let mut page = Vec::new();
    for _ in 0..100 {
        page.push(list.next().await.unwrap().unwrap());
    }
    home.owner.delete(&home.chat, &page[99].url).await.unwrap();
    let rest: Vec<_> = list.map_ok(|link| link.name.map(String::from)).try_collect().await.unwrap();
    assert_eq!(rest, [Some("link 1".to_owned()), Some("link 0".to_owned())]);
}

#[tokio::test]
async fn an_expired_link_is_renamed() {
    let home = Home::new().await;
    let expiry = Expiry::new(UnixTime::new(home.town.now().await + 60)).unwrap();
    let link = home.owner.create(&home.chat, &Terms::for_one(expiry)).await.unwrap();
    home.town.advance(61).await;
    let name = LinkName::new("spring").unwrap();
    let edit = Edit { name: links::Change::Set(name.clone()), ..Edit::default() };
    let edited = home.owner.edit(&home.chat, &link.url, &edit, None).await.unwrap();
    assert_eq!((edited.name, edited.expires_at), (Some(name), Some(expiry.at())));
}
