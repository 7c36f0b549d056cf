//! The MTProto door as clients meet it that know nothing of ours: the line that says where it is, log-in step by step,
//! rights, and clients that are dumb or broken.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod util;

use grammers_mtsender::InvocationError;
use grammers_tl_types::{Deserializable, Identifiable, Serializable, enums, functions, types};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use util::Town;
use util::app::App;
use util::wire::{RPC_RESULT, Wire};

#[tokio::test]
async fn the_line_says_where_the_door_is_and_what_opens_it() {
    let town = Town::demo().await;
    let line: Value = serde_json::to_value(&town.at).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&line["mtproto"]), ["addr", "admin", "dc_id", "public_key"]);
    let admin = &line["mtproto"]["admin"];
    assert_eq!(keys(admin), ["auth_key", "code", "password", "phone", "user_id"]);
    assert_eq!(line["mtproto"]["dc_id"], 2);
    assert!(line["mtproto"]["addr"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert!(line["mtproto"]["public_key"].as_str().unwrap().starts_with("-----BEGIN RSA PUBLIC KEY-----\n"));
    assert_eq!(admin["auth_key"].as_str().unwrap().len(), 512);
    let app = App::new(&town, admin["auth_key"].as_str().unwrap());
    assert_eq!(app.me().await.unwrap(), admin["user_id"]);
    let known = town.look(&format!("chats/{}", town.chat())).await;
    let is_owner = |member: &Value| member["status"] == "creator" && member["user"]["id"] == admin["user_id"];
    assert!(known["members"].as_array().unwrap().iter().any(is_owner), "{known}");
}

#[tokio::test]
async fn an_empty_world_has_a_door_and_nobody_to_log_in_as() {
    let town = Town::with(admit_sandbox::Settings::default()).await;
    assert!(town.at.mtproto.admin.is_none());
    assert!(TcpStream::connect(&town.at.mtproto.addr).await.is_ok());
}

#[tokio::test]
async fn a_code_and_a_password_log_in() {
    let town = Town::demo().await;
    let admin = town.at.mtproto.admin.clone().unwrap();
    let app = App::logged_out(&town).await;
    assert_eq!(app.me().await.unwrap_err(), "401 AUTH_KEY_UNREGISTERED");
    let hash = app.send_code(&format!("+{}", admin.phone)).await.unwrap();
    let wrong = |code: &'static str| app.sign_in(&admin.phone, &hash, code);
    assert_eq!(wrong("").await.unwrap_err(), "400 PHONE_CODE_EMPTY");
    assert_eq!(wrong("00000").await.unwrap_err(), "400 PHONE_CODE_INVALID");
    let other = app.sign_in(&admin.phone, "another", &admin.code).await;
    assert_eq!(other.unwrap_err(), "400 PHONE_CODE_EXPIRED");
    let half = app.sign_in(&admin.phone, &hash, &admin.code).await;
    assert_eq!(half.unwrap_err(), "401 SESSION_PASSWORD_NEEDED");
    assert_eq!(app.me().await.unwrap_err(), "401 AUTH_KEY_UNREGISTERED");
    assert_eq!(app.check_password("owls sleep").await.unwrap_err(), "400 PASSWORD_HASH_INVALID");
    assert_eq!(app.check_password(&admin.password).await.unwrap(), admin.user_id);
    assert_eq!(app.me().await.unwrap(), admin.user_id);
    app.call(functions::auth::LogOut {}).await.unwrap();
    assert_eq!(app.me().await.unwrap_err(), "401 AUTH_KEY_UNREGISTERED");
}

#[tokio::test]
async fn codes_end() {
    let town = Town::demo().await;
    let ann = json!({ "first_name": "Ann", "phone": "9996620002" });
    let ann = town.control("people", ann).await["id"].as_i64().unwrap();
    let app = App::logged_out(&town).await;
    assert_eq!(app.send_code("12").await.unwrap_err(), "400 PHONE_NUMBER_INVALID");
    assert_eq!(app.send_code("not a number").await.unwrap_err(), "400 PHONE_NUMBER_INVALID");
    let hash = app.send_code("9996620002").await.unwrap();
    town.advance(301).await;
    assert_eq!(app.sign_in("9996620002", &hash, "22222").await.unwrap_err(), "400 PHONE_CODE_EXPIRED");
    let hash = app.send_code("9996620002").await.unwrap();
    let cancel =
        functions::auth::CancelCode { phone_number: "9996620002".to_owned(), phone_code_hash: hash.clone() };
    assert!(app.call(cancel).await.unwrap());
    assert_eq!(app.sign_in("9996620002", &hash, "22222").await.unwrap_err(), "400 PHONE_CODE_EXPIRED");
    let hash = app.send_code("9996620002").await.unwrap();
    assert_eq!(app.sign_in("9996620002", &hash, "22222").await.unwrap(), ann);
    let nobodys = app.send_code("9996629999").await.unwrap();
    assert_eq!(app.sign_in("9996629999", &nobodys, "22222").await.unwrap_err(), "nobody has this number");
    town.control("faults", json!({ "method": "auth.sendCode", "kind": "flood", "n": 86_400 })).await;
    assert_eq!(app.send_code("9996620002").await.unwrap_err(), "420 FLOOD_WAIT_86400");
}

#[tokio::test]
async fn a_bot_does_what_bots_may() {
    let town = Town::demo().await;
    let app = App::logged_out(&town).await;
    assert_eq!(app.sign_in_bot("7000000001:AAAA").await.unwrap_err(), "400 ACCESS_TOKEN_INVALID");
    assert_eq!(app.sign_in_bot(town.token()).await.unwrap(), 7_000_000_001);
    // Of a chat it is in, it need know nothing but the number.
    let channel_id = -1_000_000_000_000 - town.chat();
    let peer: enums::InputPeer = types::InputPeerChannel { channel_id, access_hash: 0 }.into();
    let export = functions::messages::ExportChatInvite {
        legacy_revoke_permanent: false,
        request_needed: true,
        peer: peer.clone(),
        expire_date: None,
        usage_limit: None,
        title: Some("by MTProto".to_owned()),
        subscription_pricing: None,
    };
    app.call(export).await.unwrap();
    let admins = functions::messages::GetAdminsWithInvites { peer };
    assert_eq!(app.call(admins).await.unwrap_err(), "400 BOT_METHOD_INVALID");
    let ledger = town.get(&format!("{}/ledger", town.at.control)).await.text;
    assert!(ledger.contains(r#""method":"messages.exportChatInvite""#), "{ledger}");
    assert!(ledger.contains(r#""method":"messages.getAdminsWithInvites""#), "{ledger}");
}

fn dialogs(offset_peer: enums::InputPeer, limit: i32) -> functions::messages::GetDialogs {
    functions::messages::GetDialogs {
        exclude_pinned: false,
        folder_id: None,
        offset_date: 0,
        offset_id: 0,
        offset_peer,
        limit,
        hash: 0,
    }
}

/// The seeded chat, as this account was told of it.
async fn seeded(app: &App) -> types::InputPeerChannel {
    let asked = dialogs(enums::InputPeer::Empty, 100);
    let enums::messages::Dialogs::Slice(dialogs) = app.call(asked).await.unwrap() else { panic!() };
    let enums::Chat::Channel(chat) = &dialogs.chats[0] else { panic!() };
    types::InputPeerChannel { channel_id: chat.id, access_hash: chat.access_hash.unwrap() }
}

#[tokio::test]
async fn a_number_that_another_account_was_told_opens_nothing() {
    let town = Town::demo().await;
    let owner = App::new(&town, &town.at.mtproto.admin.as_ref().unwrap().auth_key);
    let told = seeded(&owner).await;
    let ada = town.person("Ada").await;
    let rights = json!({ "id": ada, "rights": ["can_invite_users"] });
    town.control(&format!("chats/{}/bot", town.chat()), rights).await;
    let ada = App::of(&town, ada).await;
    let list = |peer: types::InputPeerChannel| functions::messages::GetExportedChatInvites {
        revoked: false,
        peer: peer.into(),
        admin_id: enums::InputUser::UserSelf,
        offset_date: None,
        offset_link: None,
        limit: 10,
    };
    assert!(owner.call(list(told.clone())).await.is_ok());
    assert_eq!(ada.call(list(told.clone())).await.unwrap_err(), "400 CHANNEL_INVALID");
    let zero = types::InputPeerChannel { access_hash: 0, ..told };
    assert_eq!(ada.call(list(zero)).await.unwrap_err(), "400 CHANNEL_INVALID");
}

/// Sends bytes, and answers what came back until the door closed.
async fn say(town: &Town, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(&town.at.mtproto.addr).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut heard = Vec::new();
    // A door that is shut with bytes unread resets the connection.
    let _ = stream.read_to_end(&mut heard).await;
    heard
}

#[tokio::test]
async fn dumb_clients_harm_nobody() {
    let town = Town::demo().await;
    let owner = App::new(&town, &town.at.mtproto.admin.as_ref().unwrap().auth_key);
    owner.me().await.unwrap();
    let mut chance = fastrand::Rng::with_seed(3);
    for length in [0, 1, 3, 4, 11, 12, 64, 4096, 70_000] {
        let mut noise = vec![0; length];
        chance.fill(&mut noise);
        for hello in [&[][..], &[0xef], &[0xee; 4]] {
            say(&town, &[hello, &noise].concat()).await;
        }
    }
    assert_eq!(say(&town, b"GET / HTTP/1.1\r\nHost: t.me\r\n\r\n").await, b"");
    // Hellos without a word after them, left standing.
    let mut standing = Vec::new();
    for hello in [&[0xef][..], &[0xee; 4], &[1]] {
        let mut stream = TcpStream::connect(&town.at.mtproto.addr).await.unwrap();
        stream.write_all(hello).await.unwrap();
        standing.push(stream);
    }
    owner.me().await.unwrap();
}

#[tokio::test]
async fn whoever_has_no_key_is_told_so() {
    let town = Town::demo().await;
    let unknown_key = (-404i32).to_le_bytes();
    let packet = |first: &[u8]| [&[0xee; 4][..], &[64, 0, 0, 0], first, &[5; 56]].concat();
    // A key nobody knows, and a message without one that is no step of an exchange.
    for first in [[1; 8], [0; 8]] {
        assert_eq!(say(&town, &packet(&first)).await, [&[4, 0, 0, 0], &unknown_key[..]].concat());
    }
}

#[tokio::test]
async fn a_method_that_is_not_there_is_refused() {
    let town = Town::demo().await;
    let owner = App::new(&town, &town.at.mtproto.admin.as_ref().unwrap().auth_key);
    let refused = owner.call(functions::help::GetNearestDc {}).await;
    assert_eq!(refused.unwrap_err(), "400 METHOD_INVALID");
    let id = functions::messages::ExportChatInvite::CONSTRUCTOR_ID.to_le_bytes();
    let broken = owner.sender.raw_invoke_in_dc(owner.dc_id, [&id[..], &[0xff; 8]].concat()).await;
    assert!(matches!(broken, Err(InvocationError::Rpc(said)) if said.name == "INPUT_FETCH_FAIL"));
    let ledger = town.get(&format!("{}/ledger", town.at.control)).await.text;
    assert!(ledger.contains("METHOD_INVALID") && ledger.contains("INPUT_FETCH_FAIL"), "{ledger}");
    owner.me().await.unwrap();
}

#[tokio::test]
async fn messages_are_numbered_by_the_clock_that_clients_have() {
    let town = Town::demo().await;
    let began = town.now().await;
    let mut wire = Wire::open(&town, &town.at.mtproto.admin.as_ref().unwrap().auth_key, 1).await;
    town.advance(86_400).await;
    wire.say(8, &functions::Ping { ping_id: 7 }).await;
    let pong = wire.hear_a(types::Pong::CONSTRUCTOR_ID).await;
    wire.say(12, &functions::GetFutureSalts { num: 1 }).await;
    let salts = wire.hear_a(types::FutureSalts::CONSTRUCTOR_ID).await;
    let enums::FutureSalts::Salts(salts) = enums::FutureSalts::from_bytes(&salts.body).unwrap();
    // Before it is sealed too: no key, the number, the length.
    let call = functions::ReqPqMulti { nonce: [1; 16] }.to_bytes();
    let plain = [&[0xee; 4][..], &[40, 0, 0, 0], &[0; 16], &[20, 0, 0, 0], &call].concat();
    let heard = say(&town, &plain).await;
    let exchange = i64::from_bytes(&heard[12..20]).unwrap() >> 32;
    for moment in [pong.sent_at(), i64::from(salts.now), exchange] {
        assert!((began..began + 300).contains(&moment), "{began}: {moment}");
    }
    assert_eq!(town.now().await, began + 86_400, "the world has its own time");
}

#[tokio::test]
async fn a_call_names_no_more_than_two_hundred() {
    let town = Town::demo().await;
    let owner = App::new(&town, &town.at.mtproto.admin.as_ref().unwrap().auth_key);
    let users = |count| functions::users::GetUsers { id: vec![enums::InputUser::UserSelf; count] };
    assert_eq!(owner.call(users(200)).await.unwrap().len(), 200);
    assert_eq!(owner.call(users(201)).await.unwrap_err(), "400 LIMIT_INVALID");
    let chats = functions::messages::GetChats { id: vec![1; 201] };
    assert_eq!(owner.call(chats).await.unwrap_err(), "400 LIMIT_INVALID");
    let channels = functions::channels::GetChannels { id: vec![enums::InputChannel::Empty; 201] };
    assert_eq!(owner.call(channels).await.unwrap_err(), "400 LIMIT_INVALID");
}

#[tokio::test]
async fn no_door_is_shut_while_a_password_is_worked_out() {
    let town = Town::demo().await;
    let owner = App::new(&town, &town.at.mtproto.admin.as_ref().unwrap().auth_key);
    owner.me().await.unwrap();
    let others = async {
        for _ in 0..3 {
            town.bot("getMe", json!({})).await.result();
        }
    };
    tokio::select! {
        biased;
        asked = owner.call(functions::account::GetPassword {}) => panic!("the others waited: {asked:?}"),
        () = others => {}
    }
}

#[tokio::test]
async fn whoever_is_logged_out_while_a_call_is_on_its_way_is_refused() {
    let town = Town::demo().await;
    let link = town.bot("createChatInviteLink", json!({ "chat_id": town.chat() })).await.result();
    let hash = link["invite_link"].as_str().unwrap().split_once('+').unwrap().1.to_owned();
    let ann = town.person("Ann").await;
    let app = App::of(&town, ann).await;
    let late = json!({ "method": "messages.importChatInvite", "kind": "latency", "n": 500 });
    town.control("faults", late).await;
    let out = async {
        while !town.get(&format!("{}/ledger", town.at.control)).await.text.contains("late") {}
        town.control(&format!("people/{ann}/logout"), json!({})).await
    };
    let (joined, _) = tokio::join!(app.call(functions::messages::ImportChatInvite { hash }), out);
    assert_eq!(joined.unwrap_err(), "401 SESSION_REVOKED");
    let known = town.look(&format!("chats/{}", town.chat())).await;
    assert_eq!(known["members"].as_array().unwrap().len(), 2, "{known}");
}

#[tokio::test]
async fn a_supergroup_is_not_named_as_a_group() {
    let town = Town::demo().await;
    let owner = App::new(&town, &town.at.mtproto.admin.as_ref().unwrap().auth_key);
    let as_group =
        |chat_id| functions::messages::GetAdminsWithInvites { peer: types::InputPeerChat { chat_id }.into() };
    assert_eq!(owner.call(as_group(-town.chat())).await.unwrap_err(), "400 CHAT_ID_INVALID");
    let bots = json!([{ "id": town.at.mtproto.admin.as_ref().unwrap().user_id, "rights": [] }]);
    let group = json!({ "kind": "group", "title": "Owlets", "bots": bots });
    let group = town.control("chats", group).await["chat_id"].as_i64().unwrap();
    let listed = functions::messages::GetChats { id: vec![-group] };
    assert!(owner.call(listed).await.is_ok());
    let as_channel = functions::channels::GetChannels {
        id: vec![types::InputChannel { channel_id: -1_000_000_000_000 - group, access_hash: 0 }.into()],
    };
    assert_eq!(owner.call(as_channel).await.unwrap_err(), "400 CHANNEL_INVALID");
}

#[tokio::test]
async fn a_code_is_sent_again() {
    let town = Town::demo().await;
    let ann = json!({ "first_name": "Ann", "phone": "9996620002" });
    let ann = town.control("people", ann).await["id"].as_i64().unwrap();
    let app = App::logged_out(&town).await;
    let again = async |hash: &str| {
        let (phone_number, phone_code_hash) = ("9996620002".to_owned(), hash.to_owned());
        let sent =
            app.call(functions::auth::ResendCode { phone_number, phone_code_hash, reason: None }).await?;
        let enums::auth::SentCode::Code(sent) = sent else { panic!("{sent:?}") };
        Ok::<_, String>(sent.phone_code_hash)
    };
    let first = app.send_code("9996620002").await.unwrap();
    town.advance(200).await;
    let second = again(&first).await.unwrap();
    town.advance(200).await;
    assert_eq!(app.sign_in("9996620002", &first, "22222").await.unwrap_err(), "400 PHONE_CODE_EXPIRED");
    assert_eq!(again(&first).await.unwrap_err(), "400 PHONE_CODE_EXPIRED");
    assert_eq!(app.sign_in("9996620002", &second, "22222").await.unwrap(), ann);
}

#[tokio::test]
async fn a_price_is_whole_and_stands_alone() {
    let town = Town::demo().await;
    let bots = json!([{ "id": 7_000_000_001i64, "rights": ["can_invite_users"] }]);
    let channel = json!({ "kind": "channel", "title": "Daily Owl", "bots": bots });
    let channel = town.control("chats", channel).await["chat_id"].as_i64().unwrap();
    let app = App::logged_out(&town).await;
    app.sign_in_bot(town.token()).await.unwrap();
    let price = |period, amount| functions::messages::ExportChatInvite {
        legacy_revoke_permanent: false,
        request_needed: false,
        peer: types::InputPeerChannel { channel_id: -1_000_000_000_000 - channel, access_hash: 0 }.into(),
        expire_date: None,
        usage_limit: None,
        title: None,
        subscription_pricing: Some(types::StarsSubscriptionPricing { period, amount }.into()),
    };
    let whole = || price(2_592_000, 50);
    let refused = async |asked| app.call(asked).await.unwrap_err();
    assert_eq!(refused(price(0, 50)).await, "400 SUBSCRIPTION_PERIOD_INVALID");
    assert_eq!(refused(price(2_592_000, 0)).await, "400 PRICING_CHAT_INVALID");
    assert_eq!(refused(price(2_592_000, -1)).await, "400 PRICING_CHAT_INVALID");
    let asked = functions::messages::ExportChatInvite { expire_date: Some(i32::MAX), ..whole() };
    assert_eq!(refused(asked).await, "400 EXPIRE_DATE_INVALID");
    let asked = functions::messages::ExportChatInvite { usage_limit: Some(1), ..whole() };
    assert_eq!(refused(asked).await, "400 USAGE_LIMIT_INVALID");
    let asked = functions::messages::ExportChatInvite { request_needed: true, ..whole() };
    assert_eq!(refused(asked).await, "400 PRICING_CHAT_INVALID");
    assert!(app.call(whole()).await.is_ok());
}

#[tokio::test]
async fn a_call_that_comes_twice_happens_once() {
    let town = Town::demo().await;
    let key = town.at.mtproto.admin.clone().unwrap().auth_key;
    let owner = App::new(&town, &key);
    let peer = seeded(&owner).await.into();
    let export = functions::messages::ExportChatInvite {
        legacy_revoke_permanent: false,
        request_needed: false,
        peer,
        expire_date: None,
        usage_limit: None,
        title: None,
        subscription_pricing: None,
    };
    for _ in 0..2 {
        let mut wire = Wire::open(&town, &key, 77).await;
        wire.say(100, &export).await;
        wire.hear_a(types::MsgsAck::CONSTRUCTOR_ID).await;
        // Whatever is said next is heard after it.
        wire.say(104, &functions::Ping { ping_id: 1 }).await;
        wire.hear_a(types::Pong::CONSTRUCTOR_ID).await;
    }
    let known = town.look(&format!("chats/{}", town.chat())).await;
    assert_eq!(known["links"].as_array().unwrap().len(), 1, "{known}");
}

fn itself() -> functions::users::GetUsers {
    functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] }
}

#[tokio::test]
async fn a_call_that_was_heard_happens_though_nobody_waits_for_its_answer() {
    let town = Town::demo().await;
    let key = town.at.mtproto.admin.clone().unwrap().auth_key;
    let owner = App::new(&town, &key);
    let channel = seeded(&owner).await;
    let export = functions::messages::ExportChatInvite {
        legacy_revoke_permanent: false,
        request_needed: false,
        peer: channel.into(),
        expire_date: None,
        usage_limit: None,
        title: None,
        subscription_pricing: None,
    };
    let late = json!({ "method": "messages.exportChatInvite", "kind": "latency", "n": 300 });
    let lost = json!({ "method": "users.getUsers", "kind": "lost", "n": 0 });
    for (links, breaks) in [(1, false), (2, true)] {
        town.control("faults", late.clone()).await;
        let mut wire = Wire::of(&town, town.at.mtproto.admin.as_ref().unwrap().user_id).await;
        wire.say(100, &export).await;
        wire.hear_a(types::MsgsAck::CONSTRUCTOR_ID).await;
        if breaks {
            town.control("faults", lost.clone()).await;
            wire.say(104, &itself()).await;
            wire.ends().await;
        } else {
            wire.end().await;
        }
        let made = async {
            let chat = format!("chats/{}", town.chat());
            while town.look(&chat).await["links"].as_array().unwrap().len() < links {}
        };
        tokio::time::timeout(Duration::from_secs(30), made).await.expect("it happens");
    }
}

/// Somebody whose next call of `users.getUsers` is answered in an hour, or as late as this.
async fn waits(town: &Town, milliseconds: i64) -> Wire {
    let owner = town.at.mtproto.admin.as_ref().unwrap().user_id;
    let wire = Wire::of(town, owner).await;
    let late = json!({ "method": "users.getUsers", "kind": "latency", "n": milliseconds });
    town.control("faults", late).await;
    wire
}

const AN_HOUR: i64 = 3_600_000;

#[tokio::test]
async fn a_connection_hears_and_is_told_while_a_call_waits() {
    let town = Town::demo().await;
    let asking = json!({ "chat_id": town.chat(), "creates_join_request": true });
    let asking = town.bot("createChatInviteLink", asking).await.result()["invite_link"].clone();
    let mut wire = waits(&town, AN_HOUR).await;
    wire.say(100, &itself()).await;
    wire.hear_a(types::MsgsAck::CONSTRUCTOR_ID).await;
    wire.say(104, &functions::Ping { ping_id: 1 }).await;
    wire.hear_a(types::Pong::CONSTRUCTOR_ID).await;
    wire.say(108, &itself()).await;
    assert_eq!(wire.hear_a(RPC_RESULT).await.answers(&wire), 108);
    let ann = town.person("Ann").await;
    town.join(ann, asking.as_str().unwrap()).await;
    wire.hear_a(types::Updates::CONSTRUCTOR_ID).await;
    wire.end().await;
}

#[tokio::test]
async fn a_call_that_is_to_come_after_another_does() {
    let town = Town::demo().await;
    let mut wire = waits(&town, 300).await;
    let began = town.now().await << 32;
    wire.say(100, &itself()).await;
    wire.say(104, &functions::InvokeAfterMsg { msg_id: began + 100, query: itself() }).await;
    // Whatever it is to come after has happened, or never will.
    wire.say(108, &functions::InvokeAfterMsg { msg_id: began + 96, query: itself() }).await;
    for expected in [108, 100, 104] {
        assert_eq!(wire.hear_a(RPC_RESULT).await.answers(&wire), expected);
    }
}

#[tokio::test]
async fn a_call_is_answered_in_the_session_it_came_from() {
    let town = Town::demo().await;
    let mut wire = waits(&town, 300).await;
    let first = wire.session;
    wire.say(100, &itself()).await;
    wire.session = first + 1;
    wire.say(104, &itself()).await;
    let answers = [wire.hear_a(RPC_RESULT).await, wire.hear_a(RPC_RESULT).await];
    let answers = answers.map(|heard| (heard.answers(&wire), heard.session));
    assert_eq!(answers, [(104, first + 1), (100, first)]);
}

#[tokio::test]
async fn nobody_waits_for_more_answers_than_are_kept() {
    let town = Town::demo().await;
    let mut wire = Wire::of(&town, town.at.mtproto.admin.as_ref().unwrap().user_id).await;
    let late = json!({ "method": "users.getUsers", "kind": "latency", "n": AN_HOUR, "times": 2000 });
    town.control("faults", late).await;
    for number in 1..=1025 {
        wire.say(number * 4 + 100, &itself()).await;
    }
    wire.ends().await;
}

#[tokio::test]
async fn whoever_says_nothing_that_can_be_read_is_sent_away() {
    let town = Town::demo().await;
    let mut wire = Wire::of(&town, town.at.mtproto.admin.as_ref().unwrap().user_id).await;
    let mut numbers = (100..).step_by(4);
    let mut send = async |wire: &mut Wire, body: &[u8]| wire.send(numbers.next().unwrap(), body).await;
    for _ in 0..2 {
        for _ in 0..100 {
            send(&mut wire, &[7; 4]).await;
        }
        send(&mut wire, &itself().to_bytes()).await;
    }
    for _ in 0..101 {
        send(&mut wire, &[7; 4]).await;
    }
    wire.ends().await;
    let ledger = town.get(&format!("{}/ledger", town.at.control)).await.text;
    assert_eq!(ledger.matches("METHOD_INVALID").count(), 301, "{ledger}");
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_to_no_key_in_a_minute_is_sent_away() {
    let town = Town::demo().await;
    let spoke = Wire::open(&town, &town.at.mtproto.admin.as_ref().unwrap().auth_key, 1);
    let (mut spoke, began) = (spoke.await, tokio::time::Instant::now());
    for hello in [&[][..], &[0xee; 4]] {
        let mut stream = TcpStream::connect(&town.at.mtproto.addr).await.unwrap();
        stream.write_all(hello).await.unwrap();
        let end = tokio::time::timeout(Duration::from_secs(70), stream.read_to_end(&mut Vec::new())).await;
        assert_eq!(end.expect("it ends").unwrap(), 0);
    }
    assert!(began.elapsed() >= Duration::from_secs(120), "{:?}", began.elapsed());
    spoke.say(8, &functions::Ping { ping_id: 1 }).await;
    spoke.hear_a(types::Pong::CONSTRUCTOR_ID).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_wants_to_be_gone_unless_they_say_so_again_is() {
    let town = Town::demo().await;
    let mut wire = Wire::open(&town, &town.at.mtproto.admin.as_ref().unwrap().auth_key, 1).await;
    for number in [8, 12, 16] {
        let ping = functions::PingDelayDisconnect { ping_id: 1, disconnect_delay: 75 };
        wire.say(number, &ping).await;
        wire.hear_a(types::Pong::CONSTRUCTOR_ID).await;
        tokio::time::advance(Duration::from_secs(60)).await;
    }
    wire.say(20, &functions::Ping { ping_id: 1 }).await;
    wire.hear_a(types::Pong::CONSTRUCTOR_ID).await;
    let began = tokio::time::Instant::now();
    wire.ends().await;
    assert!(began.elapsed() < Duration::from_secs(16), "{:?}", began.elapsed());
}

#[tokio::test]
async fn who_waits_is_told_to_those_who_may_let_them_in() {
    let town = Town::demo().await;
    let asking = json!({ "chat_id": town.chat(), "creates_join_request": true });
    let asking = town.bot("createChatInviteLink", asking).await.result()["invite_link"].clone();
    let open = town.bot("createChatInviteLink", json!({ "chat_id": town.chat() })).await.result();
    let ann = town.person("Ann").await;
    town.join(ann, open["invite_link"].as_str().unwrap()).await;
    let mut waiting = Vec::new();
    for name in ["Bob", "Cid", "Dan", "Eve"] {
        waiting.insert(0, town.person(name).await);
        assert_eq!(town.join(waiting[0], asking.as_str().unwrap()).await["result"], "requested");
    }
    let seen = async |app: App| {
        let chat = seeded(&app).await;
        let channel = types::InputChannel { channel_id: chat.channel_id, access_hash: chat.access_hash };
        let asked = functions::channels::GetFullChannel { channel: channel.into() };
        let enums::messages::ChatFull::Full(full) = app.call(asked).await.unwrap();
        let enums::ChatFull::ChannelFull(chat) = full.full_chat else { panic!() };
        (chat.recent_requesters, full.users.len())
    };
    assert_eq!(seen(App::of(&town, ann).await).await, (None, 1));
    let owner = App::new(&town, &town.at.mtproto.admin.as_ref().unwrap().auth_key);
    assert_eq!(seen(owner).await, (Some(waiting[..3].to_vec()), 4), "the newest");
}

#[tokio::test]
async fn a_telephone_is_a_number_however_it_is_typed() {
    let town = Town::demo().await;
    let ann = json!({ "first_name": "Ann", "phone": "+99 966 (2) 00-02" });
    let ann = town.control("people", ann).await["id"].as_i64().unwrap();
    let app = App::logged_out(&town).await;
    let hash = app.send_code("99966 20002").await.unwrap();
    assert_eq!(app.sign_in("+9996620002", &hash, "22222").await.unwrap(), ann);
    for phone in ["9996620002", "12", "owl", ""] {
        let again = town.try_control("people", json!({ "first_name": "Bob", "phone": phone })).await;
        assert_eq!(again.status, 400, "{phone}: {}", again.text);
    }
}

#[tokio::test]
async fn whoever_guesses_codes_and_passwords_gets_no_further() {
    let town = Town::demo().await;
    let admin = town.at.mtproto.admin.clone().unwrap();
    let app = App::logged_out(&town).await;
    let hash = app.send_code(&admin.phone).await.unwrap();
    for _ in 0..5 {
        assert_eq!(app.sign_in(&admin.phone, &hash, "1").await.unwrap_err(), "400 PHONE_CODE_INVALID");
    }
    let late = app.sign_in(&admin.phone, &hash, &admin.code).await;
    assert_eq!(late.unwrap_err(), "400 PHONE_CODE_EXPIRED");
    let hash = app.send_code(&admin.phone).await.unwrap();
    let half = app.sign_in(&admin.phone, &hash, &admin.code).await;
    assert_eq!(half.unwrap_err(), "401 SESSION_PASSWORD_NEEDED");
    for _ in 0..5 {
        assert_eq!(app.check_password("owls sleep").await.unwrap_err(), "400 PASSWORD_HASH_INVALID");
    }
    assert_eq!(app.check_password(&admin.password).await.unwrap_err(), "420 FLOOD_WAIT_60");
    town.advance(60).await;
    assert_eq!(app.check_password(&admin.password).await.unwrap(), admin.user_id);
}

#[tokio::test]
async fn a_call_before_its_time_is_refused_and_written_down() {
    let town = Town::demo().await;
    let owner = App::new(&town, &town.at.mtproto.admin.as_ref().unwrap().auth_key);
    let chat: enums::InputPeer = seeded(&owner).await.into();
    let admins = || functions::messages::GetAdminsWithInvites { peer: chat.clone() };
    let flood = json!({ "method": "messages.getAdminsWithInvites", "kind": "flood", "n": 3600 });
    town.control("faults", flood).await;
    let early = async || {
        let ledger = town.get(&format!("{}/ledger", town.at.control)).await.text;
        ledger.lines().filter(|line| line.contains(r#""what":"early""#)).count()
    };
    assert_eq!(owner.call(admins()).await.unwrap_err(), "420 FLOOD_WAIT_3600");
    assert_eq!(early().await, 0);
    // Other methods go on.
    owner.me().await.unwrap();
    town.advance(3599).await;
    assert_eq!(owner.call(admins()).await.unwrap_err(), "420 FLOOD_WAIT_1");
    assert_eq!(early().await, 1);
    town.advance(1).await;
    assert!(owner.call(admins()).await.is_ok());
    assert_eq!(early().await, 1);
}

#[tokio::test]
async fn dialogs_hold_the_bots_somebody_wrote_to_and_go_on_after_who_they_were_told_of() {
    let town = Town::demo().await;
    let admin = town.at.mtproto.admin.clone().unwrap();
    let owner = App::new(&town, &admin.auth_key);
    for bot in ["one_bot", "two_bot", "silent_bot"] {
        town.control("bots", json!({ "username": bot })).await;
    }
    for bot in ["one_bot", "two_bot"] {
        let wrote = json!({ "bot": bot, "text": "Hello" });
        town.control(&format!("people/{}/send", admin.user_id), wrote).await;
    }
    let page = async |after: enums::InputPeer| {
        let asked = dialogs(after, 2);
        let enums::messages::Dialogs::Slice(page) = owner.call(asked).await.unwrap() else { panic!() };
        let peer = |dialog: &enums::Dialog| match dialog {
            enums::Dialog::Dialog(it) => it.peer.clone(),
            other => panic!("{other:?}"),
        };
        let peers: Vec<_> = page.dialogs.iter().map(peer).collect();
        assert_eq!(page.count, 3);
        (peers, page)
    };
    let (first, told) = page(enums::InputPeer::Empty).await;
    let [enums::Peer::Channel(_), enums::Peer::User(one)] = &first[..] else { panic!("{first:?}") };
    let bot = told.users.iter().find(|user| user.id() == one.user_id).unwrap();
    let enums::User::User(bot) = bot else { panic!("{bot:?}") };
    let after = |access_hash| types::InputPeerUser { user_id: one.user_id, access_hash };
    let (rest, _) = page(after(bot.access_hash.unwrap()).into()).await;
    assert!(matches!(&rest[..], [enums::Peer::User(two)] if two.user_id > one.user_id), "{rest:?}");
    // Whatever they were not told of is no place in the list.
    assert_eq!(page(after(0).into()).await.0, first);
    let channel = seeded(&owner).await;
    assert_eq!(page(channel.clone().into()).await.0.len(), 2);
    let zero = types::InputPeerChannel { access_hash: 0, ..channel };
    assert_eq!(page(zero.into()).await.0, first);
}
