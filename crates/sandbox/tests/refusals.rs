//! Every refusal that Telegram documents for what this door serves: what brings it about here, and what our own client
//! makes of it, over the wire.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod util;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use grammers_tl_types::{enums, functions, types};
use links::{
    Chat, ChatId, Edit, Expiry, Kind, LinkFilter, LinkHash, LinkUrl, Links, Pricing, Right, Subscription,
    Terms, UnixTime, UserId, Verdict,
};
use serde_json::json;
use telegram::mtproto::{Client, Joined, Said, Settings, SignedIn};
use util::Town;
use util::account::{session, session_with};
use util::app::App;

/// The seeded town before anything went wrong.
struct Scene {
    town: Town,
    chat: Chat,
    owner: Client,
    /// The owner too, with a library that asks for anything.
    app: App,
    /// The chat as that library names it.
    peer: types::InputPeerChannel,
}

/// What brings a refusal about.
enum Cause {
    /// What somebody does with our own client.
    Ours(fn(Scene) -> BoxFuture<'static, links::Error>),
    /// What our own client never asks, but others can.
    Theirs(fn(Scene) -> BoxFuture<'static, String>),
    /// Nothing in this world, which has none of these: it is staged.
    Staged(&'static str),
}

macro_rules! ours {
    (|$scene:ident| $refused:expr) => {
        Cause::Ours(|$scene| {
            async move {
                // All of it: the town lives as long as the call.
                let $scene = $scene;
                $refused.await.map(drop).unwrap_err()
            }
            .boxed()
        })
    };
}

macro_rules! theirs {
    (|$scene:ident| $request:expr) => {
        Cause::Theirs(|$scene| {
            async move {
                let $scene = $scene;
                let request = $request;
                $scene.app.call(request).await.map(drop).unwrap_err()
            }
            .boxed()
        })
    };
}

const RIGHT: Kind = Kind::MissingRight(Right::InviteUsers);

/// Code, word, cause, and the kind it is for whoever called.
fn refusals() -> Vec<(i32, &'static str, Cause, Kind)> {
    use Cause::{Staged, Theirs};
    let as_it_came = |code, text: &str| Kind::Refused { code, text: text.to_owned() };
    vec![
        // The chat.
        (400, "CHANNEL_INVALID", theirs!(|it| export(stranger(&it.peer))), Kind::ChatNotFound),
        (400, "CHANNEL_MONOFORUM_UNSUPPORTED", Staged("direct messages of channels"), Kind::WrongKindOfChat),
        (400, "CHANNEL_PRIVATE", ours!(|it| thrown_out(&it)), Kind::BotNotInChat),
        (400, "CHAT_ADMIN_REQUIRED", ours!(|it| no_administrator(&it)), RIGHT),
        (400, "CHAT_ID_INVALID", ours!(|it| create_in(&it.owner, "-4999")), Kind::ChatNotFound),
        (400, "CHAT_INVALID", Staged("a peer that is valid and no chat"), Kind::ChatNotFound),
        (
            403,
            "CHAT_WRITE_FORBIDDEN",
            Staged("chats where one may not write"),
            Kind::MissingRight(Right::SendMessages),
        ),
        (400, "PEER_ID_INVALID", theirs!(|it| export(enums::InputPeer::PeerSelf)), Kind::ChatNotFound),
        (400, "USERNAME_INVALID", theirs!(|it| resolve("@")), Kind::ChatNotFound),
        (400, "USERNAME_NOT_OCCUPIED", ours!(|it| create_in(&it.owner, "@nowhere")), Kind::ChatNotFound),
        // The link.
        (400, "EXPIRE_DATE_INVALID", ours!(|it| past_expiry(&it)), Kind::BadValue("expiry")),
        (
            400,
            "USAGE_LIMIT_INVALID",
            theirs!(|it| functions::messages::ExportChatInvite {
                usage_limit: Some(100_000),
                ..export(it.peer.clone().into())
            }),
            Kind::BadValue("member limit"),
        ),
        (400, "PRICING_CHAT_INVALID", ours!(|it| subscription(&it)), Kind::WrongKindOfChat),
        (
            400,
            "SUBSCRIPTION_PERIOD_INVALID",
            Theirs(|it| odd_period(it).boxed()),
            Kind::BadValue("price or period of a subscription"),
        ),
        (400, "CHAT_INVITE_PERMANENT", ours!(|it| edit_primary(&it)), Kind::PrimaryLink),
        (403, "EDIT_BOT_INVITE_FORBIDDEN", ours!(|it| edit_bots_link(&it)), Kind::NotOurLink),
        (400, "INVITE_HASH_EXPIRED", ours!(|it| it.owner.show(&it.chat, &unknown_link())), Kind::LinkDead),
        (406, "INVITE_HASH_EXPIRED", ours!(|it| it.owner.check(&unknown_hash())), Kind::LinkDead),
        (400, "INVITE_HASH_EMPTY", theirs!(|it| check("")), Kind::LinkDead),
        (400, "INVITE_HASH_INVALID", theirs!(|it| check("no hash")), Kind::LinkDead),
        (
            400,
            "INVITE_REVOKED_MISSING",
            ours!(|it| delete_live(&it)),
            Kind::BadValue("link, because it is not revoked"),
        ),
        (
            400,
            "STARS_PAYMENT_REQUIRED",
            ours!(|it| join_unpaid(&it)),
            Kind::BadValue("link, because joining by it is paid for in the app"),
        ),
        (
            400,
            "SEARCH_WITH_LINK_NOT_SUPPORTED",
            theirs!(|it| functions::messages::GetChatInviteImporters {
                requested: true,
                subscription_expired: false,
                peer: it.peer.clone().into(),
                link: Some(unknown_link().as_str().to_owned()),
                q: Some("ann".to_owned()),
                offset_date: 0,
                offset_user: enums::InputUser::Empty,
                limit: 1,
            }),
            Kind::BadValue("search, because it names a link too"),
        ),
        // The people.
        (
            400,
            "ADMIN_ID_INVALID",
            theirs!(|it| functions::messages::DeleteRevokedExportedChatInvites {
                peer: it.peer.clone().into(),
                admin_id: nobody(),
            }),
            Kind::PersonUnknown,
        ),
        (
            400,
            "USER_ID_INVALID",
            theirs!(|it| functions::messages::HideChatJoinRequest {
                approved: true,
                peer: it.peer.clone().into(),
                user_id: nobody(),
            }),
            Kind::PersonUnknown,
        ),
        (400, "INPUT_USER_DEACTIVATED", ours!(|it| approve_deleted(&it)), Kind::PersonGone),
        (400, "HIDE_REQUESTER_MISSING", ours!(|it| decline_twice(&it)), Kind::NobodyWaiting),
        (400, "USER_ALREADY_PARTICIPANT", ours!(|it| join_twice(&it)), Kind::AlreadyIn),
        (400, "CHANNELS_TOO_MUCH", ours!(|it| join_too_many(&it)), Kind::PersonInTooManyChats),
        (403, "USER_CHANNELS_TOO_MUCH", ours!(|it| approve_too_many(&it)), Kind::PersonInTooManyChats),
        (400, "USERS_TOO_MUCH", ours!(|it| join_full(&it)), Kind::ChatFull),
        // The call.
        (420, "FLOOD_WAIT_31", Staged("limits"), Kind::Wait { seconds: 31 }),
        (420, "FROZEN_METHOD_INVALID", Staged("frozen accounts"), as_it_came(420, "FROZEN_METHOD_INVALID")),
        (400, "MSG_ID_INVALID", Staged("messages"), as_it_came(400, "MSG_ID_INVALID")),
        // The session.
        (401, "AUTH_KEY_UNREGISTERED", ours!(|it| without_log_in(&it)), Kind::SessionOver),
        (401, "SESSION_REVOKED", ours!(|it| ended_elsewhere(&it)), Kind::SessionOver),
        (401, "USER_DEACTIVATED", ours!(|it| as_deleted(&it)), Kind::SessionOver),
        (401, "USER_DEACTIVATED_BAN", Staged("accounts that Telegram banned"), Kind::SessionOver),
        (401, "SESSION_EXPIRED", Staged("sessions that end by themselves"), Kind::SessionOver),
        (406, "AUTH_KEY_DUPLICATED", Staged("addresses that differ"), Kind::SessionOver),
        // The log-in.
        (400, "PHONE_NUMBER_INVALID", ours!(|it| send_code(&it, "12")), Kind::BadValue("telephone number")),
        (
            400,
            "PHONE_NUMBER_UNOCCUPIED",
            Staged("apps that know no `auth.authorizationSignUpRequired`"),
            Kind::BadValue("telephone number, because nobody has it"),
        ),
        (
            400,
            "PHONE_NUMBER_BANNED",
            Staged("telephones that Telegram banned"),
            Kind::BadValue("telephone number, because it is banned"),
        ),
        (
            400,
            "PHONE_NUMBER_FLOOD",
            Staged("limits"),
            Kind::BadValue("telephone number, because too many codes were sent to it"),
        ),
        (
            406,
            "PHONE_PASSWORD_FLOOD",
            Staged("limits"),
            Kind::BadValue("telephone number, because too many log-ins failed"),
        ),
        (400, "PHONE_CODE_EMPTY", ours!(|it| sign_in(&it, "9996620001", "")), Kind::BadValue("code")),
        (400, "PHONE_CODE_INVALID", ours!(|it| sign_in(&it, "9996620001", "1")), Kind::BadValue("code")),
        (
            400,
            "PHONE_CODE_EXPIRED",
            ours!(|it| sign_in_late(&it)),
            Kind::BadValue("code, because its time is over"),
        ),
        (
            400,
            "PHONE_CODE_HASH_EMPTY",
            theirs!(|it| functions::auth::CancelCode {
                phone_number: "9996620001".to_owned(),
                phone_code_hash: String::new(),
            }),
            Kind::BadValue("code"),
        ),
        (400, "PASSWORD_HASH_INVALID", ours!(|it| wrong_password(&it)), Kind::BadValue("password")),
        (
            400,
            "SRP_ID_INVALID",
            Theirs(|it| stale_proof(it).boxed()),
            Kind::BadValue("proof of the password, because it asks for another one by now"),
        ),
        (
            400,
            "SRP_PASSWORD_CHANGED",
            Staged("passwords that change"),
            Kind::BadValue("proof of the password, because it asks for another one by now"),
        ),
        (
            400,
            "AUTH_TOKEN_INVALIDX",
            theirs!(|it| functions::auth::AcceptLoginToken { token: vec![1; 32] }),
            Kind::BadValue("log-in token"),
        ),
        (
            400,
            "AUTH_TOKEN_INVALID",
            theirs!(|it| functions::auth::ImportLoginToken { token: vec![1; 32] }),
            Kind::BadValue("log-in token"),
        ),
        (400, "AUTH_TOKEN_EXCEPTION", Staged("trouble of its own"), Kind::BadValue("log-in token")),
        (
            400,
            "AUTH_TOKEN_EXPIRED",
            theirs!(|it| {
                let token = shown(&it).await;
                it.town.advance(31).await;
                functions::auth::AcceptLoginToken { token }
            }),
            Kind::BadValue("log-in token, because its time is over"),
        ),
        (
            400,
            "AUTH_TOKEN_ALREADY_ACCEPTED",
            theirs!(|it| {
                let token = shown(&it).await;
                it.app.call(functions::auth::AcceptLoginToken { token: token.clone() }).await.unwrap();
                functions::auth::AcceptLoginToken { token }
            }),
            Kind::BadValue("log-in token, because it was accepted before"),
        ),
        (
            400,
            "API_ID_INVALID",
            ours!(|it| async {
                Client::connect(&it.visitor("Zoe").await.1, &settings()).send_code("9996620001", "").await
            }),
            Kind::BadValue("number of an application, or its hash"),
        ),
        (
            400,
            "API_ID_PUBLISHED_FLOOD",
            Staged("limits"),
            Kind::BadValue("number of an application, because it was published"),
        ),
    ]
}

#[tokio::test]
async fn every_documented_refusal_has_a_cause_and_a_kind() {
    let mut wrong = Vec::new();
    for (code, word, cause, kind) in refusals() {
        let scene = Scene::new().await;
        let name = word.trim_end_matches(|each: char| each.is_ascii_digit() || each == '_');
        let why = match cause {
            Cause::Ours(bring_about) => bring_about(scene).await,
            Cause::Theirs(bring_about) => {
                let said = bring_about(scene).await;
                if said != format!("{code} {word}") {
                    wrong.push(format!("{word}: the door said {said}"));
                }
                Scene::new().await.staged(code, word).await
            }
            Cause::Staged(missing) => {
                assert!(!missing.is_empty(), "{word}: what is it that this world has not?");
                scene.staged(code, word).await
            }
        };
        let source = std::error::Error::source(&why).and_then(|source| source.downcast_ref::<Said>());
        let is_said = source.is_none_or(|said| said.code == code && said.word.starts_with(name));
        if *why.kind() != kind || !is_said {
            wrong.push(format!("{word}: {why:?}, and {kind:?} was due"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Telegram says by a refusal what is none for whoever called.
#[tokio::test]
async fn some_refusals_are_answers() {
    let it = Scene::new().await;
    // SESSION_PASSWORD_NEEDED
    let (_, session) = it.visitor("Zoe").await;
    let client = Client::connect(&session, &settings());
    let sent = client.send_code("9996620001", "hash").await.unwrap();
    assert_eq!(client.sign_in(&sent, "22222").await.unwrap(), SignedIn::PasswordNeeded);
    // INVITE_REQUEST_SENT
    let asking = hash(&it.owner.create(&it.chat, &Terms::by_request()).await.unwrap().url);
    let eve = Client::connect(&it.visitor("Eve").await.1, &settings());
    assert_eq!(eve.join(&asking).await.unwrap(), Joined::Asked);
}

#[tokio::test]
async fn a_guard_bots_word_is_what_becomes_of_joining() {
    let it = Scene::new().await;
    let bot = it.town.control("bots", json!({ "username": "guard_bot", "guard": true })).await;
    let (id, token) = (bot["id"].as_i64().unwrap(), bot["token"].as_str().unwrap());
    it.office(json!({ "id": id, "rights": ["can_invite_users", "can_restrict_members"] })).await;
    it.town.control(&format!("chats/{}/guard", it.town.chat()), json!({ "bot": id })).await;
    let asking = hash(&it.owner.create(&it.chat, &Terms::by_request()).await.unwrap().url);
    let query = async || {
        let updates = it.town.bot_with(token, "getUpdates", json!({ "offset": -1, "timeout": 20 })).await;
        updates.result()[0]["chat_join_request"]["query_id"].as_str().unwrap().to_owned()
    };
    let inside = Joined::In(ChatId::new(it.town.chat()).unwrap());
    for (word, expected) in
        [("decline", Joined::Declined), ("queue", Joined::Asked), ("approve", inside), ("", Joined::Asked)]
    {
        it.town.updates_of(token).await;
        let eve = Client::connect(&it.visitor("Eve").await.1, &settings());
        let (joined, ()) = tokio::join!(eve.join(&asking), async {
            let query = query().await;
            match word {
                // It says nothing: JOIN_GUARD_TIMEOUT.
                "" => it.town.advance(10).await,
                _ => {
                    let answer = json!({ "chat_join_request_query_id": query, "result": word });
                    it.town.bot_with(token, "answerChatJoinRequestQuery", answer).await.result();
                }
            }
        });
        assert_eq!(joined.unwrap(), expected, "{word}");
    }
    // It shows a Mini App first.
    it.town.updates_of(token).await;
    let eve = Client::connect(&it.visitor("Eve").await.1, &settings());
    let (joined, ()) = tokio::join!(eve.join(&asking), async {
        let shown =
            json!({ "chat_join_request_query_id": query().await, "web_app_url": "https://example.com" });
        it.town.bot_with(token, "sendChatJoinRequestWebApp", shown).await.result();
    });
    assert_eq!(joined.unwrap(), Joined::Asked);
}

impl Scene {
    async fn new() -> Self {
        let town = Town::demo().await;
        let key = town.at.mtproto.admin.clone().unwrap().auth_key;
        let owner = Client::connect(&session_with(&town, &key), &settings());
        let app = App::new(&town, &key);
        let asked = functions::messages::GetDialogs {
            exclude_pinned: false,
            folder_id: None,
            offset_date: 0,
            offset_id: 0,
            offset_peer: enums::InputPeer::Empty,
            limit: 100,
            hash: 0,
        };
        let enums::messages::Dialogs::Slice(dialogs) = app.call(asked).await.unwrap() else { panic!() };
        let enums::Chat::Channel(chat) = &dialogs.chats[0] else { panic!() };
        let peer = types::InputPeerChannel { channel_id: chat.id, access_hash: chat.access_hash.unwrap() };
        let chat = ChatId::new(town.chat()).unwrap().into();
        Self { town, chat, owner, app, peer }
    }

    /// What our client makes of a word that is staged.
    async fn staged(&self, code: i32, word: &str) -> links::Error {
        self.owner.me().await.unwrap();
        let fault = json!({ "method": "messages.exportChatInvite", "kind": "4xx", "n": code, "text": word });
        self.town.control("faults", fault).await;
        let refused = self.owner.create(&self.chat, &Terms::open()).await.unwrap_err();
        assert!(self.owner.list(&self.chat, &LinkFilter::default()).next().await.is_none(), "{word}");
        refused
    }

    async fn visitor(&self, name: &str) -> (i64, telegram::mtproto::Session) {
        let id = self.town.person(name).await;
        (id, session(&self.town, id).await)
    }

    async fn office(&self, office: serde_json::Value) {
        self.town.control(&format!("chats/{}/bot", self.town.chat()), office).await;
    }

    /// Another administrator, who knows the chat.
    async fn ada(&self) -> (i64, Client) {
        let (id, session) = self.visitor("Ada").await;
        self.office(json!({ "id": id, "rights": ["can_invite_users"] })).await;
        let ada = Client::connect(&session, &settings());
        ada.create(&self.chat, &Terms::open()).await.unwrap();
        (id, ada)
    }

    async fn open_link(&self) -> LinkUrl {
        self.owner.create(&self.chat, &Terms::open()).await.unwrap().url
    }

    /// Somebody who waits, and whom the owner met.
    async fn waiting(&self, link: &LinkUrl, person: i64) -> UserId {
        assert_eq!(self.town.join(person, link.as_str()).await["result"], "requested");
        UserId::new(person).unwrap()
    }

    /// Somebody who is in as many chats as one can be.
    async fn everywhere(&self) -> (i64, Client) {
        let (id, session) = self.visitor("Hermes").await;
        for number in 0..500 {
            let chat = json!({ "kind": "supergroup", "title": number.to_string(), "bots": [{ "id": id }] });
            self.town.control("chats", chat).await;
        }
        (id, Client::connect(&session, &settings()))
    }
}

fn settings() -> Settings {
    Settings::new(12_345)
}

fn unknown_hash() -> LinkHash {
    LinkHash::new("aaaaaaaaaaaaaaaa").unwrap()
}

fn unknown_link() -> LinkUrl {
    LinkUrl::new("https://t.me/+aaaaaaaaaaaaaaaa")
}

fn hash(link: &LinkUrl) -> LinkHash {
    LinkHash::new(link.as_str().split_once('+').unwrap().1).unwrap()
}

fn export(peer: enums::InputPeer) -> functions::messages::ExportChatInvite {
    functions::messages::ExportChatInvite {
        legacy_revoke_permanent: false,
        request_needed: false,
        peer,
        expire_date: None,
        usage_limit: None,
        title: None,
        subscription_pricing: None,
    }
}

fn stranger(peer: &types::InputPeerChannel) -> enums::InputPeer {
    types::InputPeerChannel { access_hash: peer.access_hash ^ 1, ..peer.clone() }.into()
}

fn resolve(name: &str) -> functions::contacts::ResolveUsername {
    functions::contacts::ResolveUsername { username: name.to_owned(), referer: None }
}

fn check(hash: &str) -> functions::messages::CheckChatInvite {
    functions::messages::CheckChatInvite { hash: hash.to_owned() }
}

fn nobody() -> enums::InputUser {
    types::InputUser { user_id: 42, access_hash: 42 }.into()
}

async fn create_in(owner: &Client, chat: &str) -> links::Result<()> {
    owner.create(&chat.parse().unwrap(), &Terms::open()).await.map(drop)
}

async fn thrown_out(it: &Scene) -> links::Result<()> {
    let (id, ada) = it.ada().await;
    it.office(json!({ "id": id, "status": "kicked" })).await;
    ada.create(&it.chat, &Terms::open()).await.map(drop)
}

async fn no_administrator(it: &Scene) -> links::Result<()> {
    let (id, ada) = it.ada().await;
    it.office(json!({ "id": id, "status": "member" })).await;
    ada.create(&it.chat, &Terms::open()).await.map(drop)
}

async fn past_expiry(it: &Scene) -> links::Result<()> {
    let now = Expiry::new(UnixTime::new(it.town.now().await)).unwrap();
    it.owner.create(&it.chat, &Terms::for_one(now)).await.map(drop)
}

async fn subscription(it: &Scene) -> links::Result<()> {
    let fans = Subscription { name: None, pricing: Pricing::monthly(50).unwrap() };
    it.owner.create_subscription(&it.chat, &fans).await.map(drop)
}

/// A channel that the owner of the seeded chat administers.
async fn channel(it: &Scene) -> i64 {
    let owner = it.town.at.mtproto.admin.as_ref().unwrap().user_id;
    let bots = json!([{ "id": owner, "rights": ["can_invite_users"] }]);
    let channel = json!({ "kind": "channel", "title": "Daily Owl", "bots": bots });
    it.town.control("chats", channel).await["chat_id"].as_i64().unwrap()
}

async fn odd_period(it: Scene) -> String {
    let bare = -1_000_000_000_000 - channel(&it).await;
    let all = functions::messages::GetDialogs {
        exclude_pinned: false,
        folder_id: None,
        offset_date: 0,
        offset_id: 0,
        offset_peer: enums::InputPeer::Empty,
        limit: 100,
        hash: 0,
    };
    let enums::messages::Dialogs::Slice(dialogs) = it.app.call(all).await.unwrap() else { panic!() };
    let channel = dialogs.chats.into_iter().find_map(|chat| match chat {
        enums::Chat::Channel(chat) if chat.id == bare => Some(chat),
        _ => None,
    });
    let access_hash = channel.unwrap().access_hash.unwrap();
    let week = types::StarsSubscriptionPricing { period: 7 * 86_400, amount: 50 };
    let request = functions::messages::ExportChatInvite {
        subscription_pricing: Some(week.into()),
        ..export(types::InputPeerChannel { channel_id: bare, access_hash }.into())
    };
    it.app.call(request).await.map(drop).unwrap_err()
}

async fn edit_primary(it: &Scene) -> links::Result<()> {
    let primary = it.owner.rotate(&it.chat).await?;
    it.owner.edit(&it.chat, &primary, &Edit::replace(Terms::open()), None).await.map(drop)
}

async fn edit_bots_link(it: &Scene) -> links::Result<()> {
    let made = it.town.bot("createChatInviteLink", json!({ "chat_id": it.town.chat() })).await.result();
    let link = LinkUrl::new(made["invite_link"].as_str().unwrap());
    it.owner.edit(&it.chat, &link, &Edit::replace(Terms::open()), None).await.map(drop)
}

async fn delete_live(it: &Scene) -> links::Result<()> {
    it.owner.delete(&it.chat, &it.open_link().await).await
}

async fn join_unpaid(it: &Scene) -> links::Result<()> {
    let channel: Chat = ChatId::new(channel(it).await).unwrap().into();
    let fans = Subscription { name: None, pricing: Pricing::monthly(50).unwrap() };
    let link = it.owner.create_subscription(&channel, &fans).await.unwrap().url;
    Client::connect(&it.visitor("Eve").await.1, &settings()).join(&hash(&link)).await.map(drop)
}

async fn join_twice(it: &Scene) -> links::Result<()> {
    let (link, eve) = (it.open_link().await, Client::connect(&it.visitor("Eve").await.1, &settings()));
    eve.join(&hash(&link)).await.unwrap();
    eve.join(&hash(&link)).await.map(drop)
}

async fn join_too_many(it: &Scene) -> links::Result<()> {
    let (link, (_, hermes)) = (it.open_link().await, it.everywhere().await);
    hermes.check(&hash(&link)).await.unwrap();
    hermes.join(&hash(&link)).await.map(drop)
}

async fn approve_too_many(it: &Scene) -> links::Result<()> {
    let link = it.owner.create(&it.chat, &Terms::by_request()).await.unwrap().url;
    let hermes = it.waiting(&link, it.everywhere().await.0).await;
    it.owner.decide(&it.chat, hermes, Verdict::Approve).await
}

async fn approve_deleted(it: &Scene) -> links::Result<()> {
    let link = it.owner.create(&it.chat, &Terms::by_request()).await.unwrap().url;
    let person = it.waiting(&link, it.town.person("Zoe").await).await;
    it.town.control(&format!("people/{person}/delete"), json!({})).await;
    it.owner.decide(&it.chat, person, Verdict::Approve).await
}

async fn decline_twice(it: &Scene) -> links::Result<()> {
    let link = it.owner.create(&it.chat, &Terms::by_request()).await.unwrap().url;
    let person = it.waiting(&link, it.town.person("Zoe").await).await;
    it.owner.decide(&it.chat, person, Verdict::Decline).await.unwrap();
    it.owner.decide(&it.chat, person, Verdict::Decline).await
}

async fn join_full(it: &Scene) -> links::Result<()> {
    let owner = it.town.at.mtproto.admin.as_ref().unwrap().user_id;
    let bots = json!([{ "id": owner, "rights": ["can_invite_users"] }]);
    let group = it.town.control("chats", json!({ "kind": "group", "title": "Owlets", "bots": bots })).await;
    let group: Chat = ChatId::new(group["chat_id"].as_i64().unwrap()).unwrap().into();
    let link = it.owner.create(&group, &Terms::open()).await.unwrap().url;
    for number in 2..200 {
        let joined = it.town.join(it.town.person("Fan").await, link.as_str()).await;
        assert_eq!(joined["result"], "joined", "{number}");
    }
    let eve = Client::connect(&it.visitor("Eve").await.1, &settings());
    eve.check(&hash(&link)).await.unwrap();
    eve.join(&hash(&link)).await.map(drop)
}

async fn without_log_in(it: &Scene) -> links::Result<()> {
    let zoe = Client::connect(&it.visitor("Zoe").await.1, &settings());
    zoe.log_out().await.unwrap();
    zoe.me().await.map(drop)
}

async fn ended_elsewhere(it: &Scene) -> links::Result<()> {
    let (id, session) = it.visitor("Zoe").await;
    it.town.control(&format!("people/{id}/logout"), json!({})).await;
    Client::connect(&session, &settings()).me().await.map(drop)
}

async fn as_deleted(it: &Scene) -> links::Result<()> {
    let (id, session) = it.visitor("Zoe").await;
    it.town.control(&format!("people/{id}/delete"), json!({})).await;
    Client::connect(&session, &settings()).me().await.map(drop)
}

async fn send_code(it: &Scene, phone: &str) -> links::Result<()> {
    Client::connect(&it.visitor("Zoe").await.1, &settings()).send_code(phone, "hash").await.map(drop)
}

async fn sign_in(it: &Scene, phone: &str, code: &str) -> links::Result<()> {
    let zoe = Client::connect(&it.visitor("Zoe").await.1, &settings());
    let sent = zoe.send_code(phone, "hash").await.unwrap();
    zoe.sign_in(&sent, code).await.map(drop)
}

async fn sign_in_late(it: &Scene) -> links::Result<()> {
    let zoe = Client::connect(&it.visitor("Zoe").await.1, &settings());
    let sent = zoe.send_code("9996620001", "hash").await.unwrap();
    it.town.advance(301).await;
    zoe.sign_in(&sent, "22222").await.map(drop)
}

async fn wrong_password(it: &Scene) -> links::Result<()> {
    let zoe = Client::connect(&it.visitor("Zoe").await.1, &settings());
    let sent = zoe.send_code("9996620001", "hash").await.unwrap();
    zoe.sign_in(&sent, "22222").await.unwrap();
    zoe.check_password("owls sleep").await.map(drop)
}

async fn stale_proof(it: Scene) -> String {
    let phone = "9996620001";
    let app = App::logged_out(&it.town).await;
    let sent = app.send_code(phone).await.unwrap();
    app.sign_in(phone, &sent, "22222").await.unwrap_err();
    let proof = types::InputCheckPasswordSrp { srp_id: 1, a: vec![1; 256], m1: vec![1; 32] };
    app.call(functions::auth::CheckPassword { password: proof.into() }).await.map(drop).unwrap_err()
}

/// The token that somebody shows who wants in.
async fn shown(it: &Scene) -> Vec<u8> {
    let app = App::logged_out(&it.town).await;
    let asked = functions::auth::ExportLoginToken {
        api_id: 12_345,
        api_hash: "hash".to_owned(),
        except_ids: Vec::new(),
    };
    match app.call(asked).await.unwrap() {
        enums::auth::LoginToken::Token(it) => it.token,
        other => panic!("{other:?}"),
    }
}
