//! Join requests: asked, decided, withdrawn; and who is told what.

mod util;

use serde_json::{Value, json};
use util::Town;

const BOT: i64 = 7_000_000_001;

async fn asking_link(town: &Town) -> String {
    let terms = json!({ "chat_id": town.chat(), "creates_join_request": true, "name": "spring" });
    town.bot("createChatInviteLink", terms).await.result()["invite_link"].as_str().unwrap().to_owned()
}

async fn decide(town: &Town, method: &str, person: i64) -> (u16, String) {
    town.bot(method, json!({ "chat_id": town.chat(), "user_id": person })).await.refused()
}

fn kinds(updates: &[Value]) -> Vec<&str> {
    let kind = |update: &Value| {
        let keys = ["message", "chat_member", "my_chat_member", "chat_join_request", "callback_query"];
        keys.into_iter().find(|kind| update.get(kind).is_some()).unwrap_or("unknown")
    };
    updates.iter().map(kind).collect()
}

#[tokio::test]
async fn a_request_waits_is_told_and_is_approved() {
    let town = Town::demo().await;
    town.bot("getUpdates", json!({ "allowed_updates": ["chat_member", "chat_join_request", "message"] }))
        .await;
    let link = asking_link(&town).await;
    let person = json!({ "first_name": "Ann", "language_code": "en", "bio": "hi", "username": "ann" });
    let ann = town.control("people", person).await["id"].as_i64().unwrap();
    assert_eq!(town.join(ann, &link).await["result"], "requested");
    assert_eq!(town.join(ann, &link).await["result"], "requested");

    let updates = town.updates().await;
    let asked: Vec<_> = updates.iter().filter_map(|update| update.get("chat_join_request")).collect();
    assert_eq!(asked.len(), 1, "asking again is silent");
    let expected = json!({
        "chat": { "id": town.chat(), "title": "Night Owls", "type": "supergroup" },
        "from": { "id": ann, "is_bot": false, "first_name": "Ann", "username": "ann", "language_code": "en" },
        "user_chat_id": ann,
        "date": town.now().await,
        "bio": "hi",
        "invite_link": {
            "invite_link": link,
            "name": "spring",
            "creator": { "id": BOT, "is_bot": true, "first_name": "admit_demo_bot", "username": "admit_demo_bot" },
            "pending_join_request_count": 1,
            "creates_join_request": true,
            "is_primary": false,
            "is_revoked": false,
        },
    });
    assert_eq!(*asked[0], expected);

    let approved =
        town.bot("approveChatJoinRequest", json!({ "chat_id": town.chat(), "user_id": ann })).await;
    assert_eq!(approved.text, r#"{"ok":true,"result":true}"#);
    let updates = town.updates().await;
    assert_eq!(kinds(&updates), ["chat_member", "message"]);
    let change = &updates[0]["chat_member"];
    assert_eq!(change["from"]["id"], BOT, "the approver did it");
    assert_eq!(change["old_chat_member"]["status"], "left");
    assert_eq!(change["new_chat_member"]["status"], "member");
    assert_eq!(change["invite_link"]["invite_link"], link);
    assert!(change.get("via_join_request").is_none(), "only direct requests have it");
    assert_eq!(updates[1]["message"]["new_chat_members"][0]["id"], ann);
    assert_eq!(updates[1]["message"]["from"]["id"], ann);
}

#[tokio::test]
async fn deciding_what_is_not_there_says_why() {
    let town = Town::demo().await;
    let link = asking_link(&town).await;
    let (ann, stranger) = (town.person("Ann").await, town.person("Stranger").await);
    let (approve, decline) = ("approveChatJoinRequest", "declineChatJoinRequest");
    let bad = |text: &str| (400, format!("Bad Request: {text}"));
    assert_eq!(decide(&town, approve, 0).await, bad("invalid user_id specified"));
    assert_eq!(decide(&town, approve, 1 << 40).await, bad("user not found"));
    assert_eq!(decide(&town, approve, stranger).await, bad("USER_ID_INVALID"));
    town.join(ann, &link).await;
    town.bot(decline, json!({ "chat_id": town.chat(), "user_id": ann })).await.result();
    assert_eq!(decide(&town, decline, ann).await, bad("HIDE_REQUESTER_MISSING"));
    town.join(ann, &link).await;
    town.bot(approve, json!({ "chat_id": town.chat(), "user_id": ann })).await.result();
    assert_eq!(decide(&town, approve, ann).await, bad("USER_ALREADY_PARTICIPANT"));

    town.control(&format!("people/{stranger}/send"), json!({ "bot": BOT, "text": "/start" })).await;
    let private = town.bot(approve, json!({ "chat_id": stranger, "user_id": ann })).await.refused();
    assert_eq!(private, bad("the chat can't have join requests"));
    town.control(&format!("chats/{}/bot", town.chat()), json!({ "id": BOT, "rights": [] })).await;
    assert_eq!(decide(&town, approve, ann).await, bad("not enough rights to manage chat join requests"));
}

#[tokio::test]
async fn a_withdrawn_request_is_gone_without_a_word() {
    let town = Town::demo().await;
    let link = asking_link(&town).await;
    let ann = town.person("Ann").await;
    town.join(ann, &link).await;
    town.updates().await;
    town.control(&format!("people/{ann}/withdraw"), json!({ "chat_id": town.chat() })).await;
    assert_eq!(town.updates().await, Vec::<Value>::new());
    let refused = decide(&town, "approveChatJoinRequest", ann).await;
    assert_eq!(refused.1, "Bad Request: HIDE_REQUESTER_MISSING");
    let links = town.look(&format!("chats/{}", town.chat())).await["links"].clone();
    assert_eq!(links[0]["requests"], 0);
}

#[tokio::test]
async fn a_human_administrator_decides_too() {
    let town = Town::demo().await;
    let link = asking_link(&town).await;
    let (ann, bob) = (town.person("Ann").await, town.person("Bob").await);
    town.join(ann, &link).await;
    town.join(bob, &link).await;
    let decide = async |person: i64, approve: bool| {
        let it = json!({ "user_id": person, "approve": approve });
        town.control(&format!("chats/{}/decide", town.chat()), it).await
    };
    decide(ann, true).await;
    decide(bob, false).await;
    let known = town.look(&format!("chats/{}", town.chat())).await;
    let is_in =
        |person: i64| known["members"].as_array().unwrap().iter().any(|it| it["user"]["id"] == person);
    assert!(is_in(ann) && !is_in(bob));
    assert_eq!(known["requests"], json!([]));
}

#[tokio::test]
async fn a_public_chat_asked_directly_knows_no_link() {
    let town = Town::demo().await;
    let bots = json!([{ "id": BOT, "rights": ["can_invite_users"] }]);
    let chat = json!({
        "kind": "supergroup", "title": "Open Owls", "username": "open_owls", "bots": bots, "join_by_request": true,
    });
    let chat = town.control("chats", chat).await["chat_id"].as_i64().unwrap();
    town.bot("getUpdates", json!({ "allowed_updates": ["chat_member", "chat_join_request"] })).await;
    town.updates().await;
    let ann = town.person("Ann").await;
    let asked = town.control(&format!("people/{ann}/join"), json!({ "chat_id": chat })).await;
    assert_eq!(asked["result"], "requested");
    town.bot("approveChatJoinRequest", json!({ "chat_id": chat, "user_id": ann })).await.result();
    let updates = town.updates().await;
    assert!(updates[0]["chat_join_request"].get("invite_link").is_none());
    assert_eq!(updates[1]["chat_member"]["via_join_request"], true);
    assert!(updates[1]["chat_member"].get("invite_link").is_none());
}

#[tokio::test]
async fn other_administrators_see_a_link_without_its_tail() {
    let town = Town::demo().await;
    let (_, other) = town.another_bot("other_bot", json!(["can_invite_users"])).await;
    let kinds = json!({ "allowed_updates": ["chat_member"] });
    town.bot_with(&other, "getUpdates", kinds).await;
    let made = town.bot("createChatInviteLink", json!({ "chat_id": town.chat() })).await.result();
    let link = made["invite_link"].as_str().unwrap();
    town.join(town.person("Ann").await, link).await;
    let seen = town.updates_of(&other).await;
    let change = seen.iter().find_map(|update| update.get("chat_member")).unwrap();
    let shown = change["invite_link"]["invite_link"].as_str().unwrap();
    assert!(shown.ends_with('…') && link.starts_with(shown.trim_end_matches('…')), "{shown}");
}

#[tokio::test]
async fn the_banned_cannot_come_back_until_they_are_let() {
    let town = Town::demo().await;
    let made = town.bot("createChatInviteLink", json!({ "chat_id": town.chat() })).await.result();
    let link = made["invite_link"].as_str().unwrap();
    let ann = town.person("Ann").await;
    let of_ann = json!({ "chat_id": town.chat(), "user_id": ann });
    let status = async || town.bot("getChatMember", of_ann.clone()).await.result()["status"].clone();
    town.join(ann, link).await;
    assert_eq!(status().await, "member");
    town.bot("banChatMember", of_ann.clone()).await.result();
    assert_eq!(status().await, "kicked");
    assert_eq!(town.join(ann, link).await["reason"], "INVITE_HASH_EXPIRED");
    let harmless = json!({ "chat_id": town.chat(), "user_id": ann, "only_if_banned": true });
    town.bot("unbanChatMember", harmless.clone()).await.result();
    assert_eq!(status().await, "left");
    assert_eq!(town.join(ann, link).await["result"], "joined");
    town.bot("unbanChatMember", harmless).await.result();
    assert_eq!(status().await, "member", "only_if_banned leaves members alone");
    // Without it, unbanning removes a member, who may come back.
    town.bot("unbanChatMember", of_ann.clone()).await.result();
    assert_eq!(status().await, "left");
    assert_eq!(town.join(ann, link).await["result"], "joined");
    let owner = town.look(&format!("chats/{}", town.chat())).await["members"][0]["user"]["id"].clone();
    let refused =
        town.bot("banChatMember", json!({ "chat_id": town.chat(), "user_id": owner })).await.refused();
    assert_eq!(refused, (400, "Bad Request: can't remove chat owner".to_owned()));
}
