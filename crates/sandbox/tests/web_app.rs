//! What a Mini App is given, checked as its receivers check it: by the bot's token, and by the announced key. The
//! rules are written here a second time, from the documentation.

#![allow(clippy::unwrap_used, reason = "a test may end on the spot")]

mod util;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use hyper::Request;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;
use util::Town;

const BOT: i64 = 7_000_000_001;

type Fields = BTreeMap<String, String>;

/// `initData` out of the fragment of an address.
fn init_data(url: &str) -> String {
    let (_, fragment) = url.split_once('#').unwrap();
    let data = fragment.split('&').find_map(|pair| pair.strip_prefix("tgWebAppData=")).unwrap();
    percent_decode_str(data).decode_utf8().unwrap().into_owned()
}

fn fields(data: &str) -> Fields {
    let read = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    data.split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(key, value)| (read(key), read(value)))
        .collect()
}

/// All fields but these, by name, one a line.
fn lines(fields: &Fields, without: &[&str]) -> String {
    let shown = fields.iter().filter(|(key, _)| !without.contains(&key.as_str()));
    shown.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("\n")
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The receiver holds the bot's token.
fn is_from_telegram(fields: &Fields, token: &str) -> bool {
    let secret = hmac_sha256(b"WebAppData", token.as_bytes());
    hex(&hmac_sha256(&secret, lines(fields, &["hash"]).as_bytes())) == fields["hash"]
}

/// The receiver holds the public key and knows which bot it deals with.
fn is_signed(fields: &Fields, bot: i64, key: &str) -> bool {
    let bytes = |at: usize| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).unwrap();
    let key = VerifyingKey::from_bytes(&std::array::from_fn(bytes)).unwrap();
    let signature: [u8; 64] = URL_SAFE_NO_PAD.decode(&fields["signature"]).unwrap().try_into().unwrap();
    let signed = format!("{bot}:WebAppData\n{}", lines(fields, &["hash", "signature"]));
    key.verify_strict(signed.as_bytes(), &Signature::from_bytes(&signature)).is_ok()
}

/// Both checks, and that neither takes anything else.
fn check(town: &Town, url: &str, bot: i64, token: &str) -> Fields {
    let fields = fields(&init_data(url));
    let key = &town.at.web_app_public_key;
    assert!(is_from_telegram(&fields, token), "{fields:?}");
    assert!(is_signed(&fields, bot, key), "{fields:?}");
    assert!(!is_from_telegram(&fields, "7000000001:another-token"));
    assert!(!is_signed(&fields, bot + 1, key));
    let mut forged = fields.clone();
    forged.insert("auth_date".to_owned(), "1".to_owned());
    assert!(!is_from_telegram(&forged, token) && !is_signed(&forged, bot, key));
    fields
}

/// A bot that guards the seeded chat, and a link that leads to it.
async fn guarded(town: &Town) -> (i64, String, String) {
    let guard = town.control("bots", json!({ "username": "gate_bot", "guard": true })).await;
    let chat = town.chat();
    let office = json!({ "id": guard["id"], "rights": ["can_invite_users"] });
    town.control(&format!("chats/{chat}/bot"), office).await;
    town.control(&format!("chats/{chat}/guard"), json!({ "bot": guard["id"] })).await;
    let terms = json!({ "chat_id": chat, "creates_join_request": true });
    let link = town.bot("createChatInviteLink", terms).await.result()["invite_link"].clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (guard["id"].as_i64().unwrap(), text(&guard["token"]), text(&link))
}

/// The guard shows its Mini App to the next who asks.
async fn show_app(town: &Town, token: &str) -> String {
    loop {
        let updates = town.updates_of(token).await;
        let asked = updates.iter().find(|it| it.get("chat_join_request").is_some());
        if let Some(asked) = asked {
            let query = asked["chat_join_request"]["query_id"].as_str().unwrap().to_owned();
            let show =
                json!({ "chat_join_request_query_id": query, "web_app_url": "http://127.0.0.1:9/gate?x=1" });
            town.bot_with(token, "sendChatJoinRequestWebApp", show).await.result();
            return query;
        }
    }
}

#[tokio::test]
async fn an_app_that_is_simply_opened() {
    let town = Town::demo().await;
    let new = json!({ "first_name": "Änn & Bob=\"+%", "username": "ann", "language_code": "de" });
    let ann = town.control("people", new).await["id"].as_i64().unwrap();
    let open = json!({ "bot": "@admit_demo_bot", "url": "http://127.0.0.1:9/app#top" });
    let opened = town.control(&format!("people/{ann}/webapp"), open.clone()).await;
    let url = opened["url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:9/app#top&tgWebAppData="), "{url}");
    let fields = check(&town, url, BOT, town.token());
    let names: Vec<_> = fields.keys().map(String::as_str).collect();
    assert_eq!(names, ["auth_date", "hash", "query_id", "signature", "user"]);
    assert_eq!(fields["auth_date"], town.now().await.to_string());
    let user: Value = serde_json::from_str(&fields["user"]).unwrap();
    assert_eq!(user["id"], ann);
    assert_eq!(user["first_name"], "Änn & Bob=\"+%");
    assert_eq!((&user["username"], &user["language_code"]), (&json!("ann"), &json!("de")));

    let again = town.control(&format!("people/{ann}/webapp"), open).await;
    assert_ne!(
        fields["query_id"],
        check(&town, again["url"].as_str().unwrap(), BOT, town.token())["query_id"]
    );
}

#[tokio::test]
async fn an_app_that_a_guard_bot_shows() {
    let town = Town::demo().await;
    let (guard, token, link) = guarded(&town).await;
    let ann = town.person("Ann").await;
    let (joined, query) = tokio::join!(town.join(ann, &link), show_app(&town, &token));
    assert_eq!(joined["result"], "webview");
    let url = joined["url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:9/gate?x=1#tgWebAppData="), "{url}");
    let fields = check(&town, url, guard, &token);
    let names: Vec<_> = fields.keys().map(String::as_str).collect();
    assert_eq!(names, ["auth_date", "chat", "chat_join_request_query_id", "hash", "signature", "user"]);
    assert_eq!(fields["chat_join_request_query_id"], query);
    let chat: Value = serde_json::from_str(&fields["chat"]).unwrap();
    assert_eq!(chat, json!({ "id": town.chat(), "type": "supergroup", "title": "Night Owls" }));

    // Opened once more, by the query: later, and signed anew.
    town.advance(5).await;
    let open = json!({ "bot": guard, "query_id": query });
    let again = town.control(&format!("people/{ann}/webapp"), open.clone()).await;
    let again = check(&town, again["url"].as_str().unwrap(), guard, &token);
    assert_eq!(again["auth_date"].parse::<i64>().unwrap(), fields["auth_date"].parse::<i64>().unwrap() + 5);
    assert_eq!(again["chat_join_request_query_id"], query);

    let bob = town.person("Bob").await;
    assert_eq!(town.try_control(&format!("people/{bob}/webapp"), open).await.status, 404);
    let neither = json!({ "bot": guard });
    assert_eq!(town.try_control(&format!("people/{ann}/webapp"), neither).await.status, 400);
}

#[tokio::test]
async fn an_app_that_is_opened_from_a_page() {
    let town = Town::demo().await;
    let (guard, token, link) = guarded(&town).await;
    let ann = town.person("Ann").await;
    let send = async |path: &str, form: String| {
        let request = Request::post(format!("{}{path}", town.at.people))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.into());
        let answer = town.send(request.unwrap()).await.unwrap();
        assert_eq!(answer.status, 303, "{}", answer.text);
        answer.headers["location"].to_str().unwrap().to_owned()
    };
    let door = link.strip_prefix("https://t.me").unwrap();
    let (next, query) = tokio::join!(send(door, format!("act=join&as={ann}")), show_app(&town, &token));
    assert!(town.get(&format!("{}{next}", town.at.people)).await.text.contains("Open it"));
    let url = send(door, format!("act=open&as={ann}")).await;
    assert_eq!(check(&town, &url, guard, &token)["chat_join_request_query_id"], query);

    let start = json!({ "bot": BOT, "text": "/start" });
    town.control(&format!("people/{ann}/send"), start).await;
    let button = json!({ "text": "Open", "web_app": { "url": "http://127.0.0.1:9/äpp" } });
    let keyboard = json!({ "inline_keyboard": [[button]] });
    let sent = json!({ "chat_id": ann, "text": "Here", "reply_markup": keyboard });
    let message = town.bot("sendMessage", sent).await.result()["message_id"].clone();
    let url = send(&format!("/people/{ann}"), format!("message_id={message}&button=0.0")).await;
    assert!(url.starts_with("http://127.0.0.1:9/%C3%A4pp#tgWebAppData="), "{url}");
    check(&town, &url, BOT, town.token());
}
