//! What a bot offers: a list for each scope and language.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod util;

use serde_json::{Value, json};
use util::Town;

fn start(description: &str) -> Value {
    json!([{ "command": "start", "description": description }])
}

#[tokio::test]
async fn each_scope_and_language_has_a_list_of_its_own() {
    let town = Town::demo().await;
    let ann = town.person("Ann").await;
    town.control(&format!("people/{ann}/send"), json!({ "bot": "admit_demo_bot", "text": "/start" })).await;
    let lists = [
        json!({}),
        json!({ "language_code": "de" }),
        json!({ "scope": { "type": "all_private_chats" } }),
        json!({ "scope": { "type": "all_private_chats" }, "language_code": "de" }),
        json!({ "scope": { "type": "all_group_chats" } }),
        json!({ "scope": { "type": "all_chat_administrators" } }),
        json!({ "scope": { "type": "chat", "chat_id": town.chat() } }),
        json!({ "scope": { "type": "chat", "chat_id": ann.to_string() } }),
        json!({ "scope": { "type": "chat_administrators", "chat_id": town.chat() } }),
        json!({ "scope": { "type": "chat_member", "chat_id": town.chat(), "user_id": ann } }),
    ];
    for (index, list) in lists.iter().enumerate() {
        assert_eq!(town.bot("getMyCommands", list.clone()).await.result(), json!([]), "{list}");
        let mut set = list.clone();
        set["commands"] = start(&index.to_string());
        town.bot("setMyCommands", set).await.result();
    }
    for (index, list) in lists.iter().enumerate() {
        let offered = town.bot("getMyCommands", list.clone()).await.result();
        assert_eq!(offered, start(&index.to_string()), "{list}");
    }
    town.bot("deleteMyCommands", json!({})).await.result();
    assert_eq!(town.bot("getMyCommands", json!({})).await.result(), json!([]));
    let said = json!({ "scope": { "type": "default" }, "commands": start("again") });
    town.bot("setMyCommands", said).await.result();
    assert_eq!(town.bot("getMyCommands", json!({})).await.result(), start("again"));
    assert_eq!(town.bot("getMyCommands", lists[1].clone()).await.result(), start("1"));
}

#[tokio::test]
async fn scopes_that_are_none_are_refused() {
    let town = Town::demo().await;
    let ann = town.person("Ann").await;
    town.control(&format!("people/{ann}/send"), json!({ "bot": "admit_demo_bot", "text": "/start" })).await;
    let bots = json!([{ "id": 7_000_000_001_i64, "rights": [] }]);
    let channel = json!({ "kind": "channel", "title": "Daily Owl", "bots": bots });
    let channel = town.control("chats", channel).await["chat_id"].clone();
    let parse = |why: &str| format!("can't parse BotCommandScope: {why}");
    for (scope, why) in [
        (json!("chat"), "can't parse BotCommandScope JSON object".to_owned()),
        (json!([]), parse("BotCommandScope must be an Object")),
        (json!({}), parse("Can't find field \"type\"")),
        (json!({ "type": [] }), parse("Field \"type\" must be of type String")),
        (json!({ "type": "everybody" }), parse("Unsupported type specified")),
        (json!({ "type": "chat" }), parse("Can't find field \"chat_id\"")),
        (json!({ "type": "chat", "chat_id": "" }), parse("Empty chat_id specified")),
        (json!({ "type": "chat_member", "chat_id": 5 }), parse("Can't find field \"user_id\"")),
        (json!({ "type": "chat_member", "chat_id": 5, "user_id": 0 }), parse("Invalid user_id specified")),
        (json!({ "type": "chat", "chat_id": 5 }), "chat not found".to_owned()),
        (json!({ "type": "chat", "chat_id": channel }), "can't change commands in channel chats".to_owned()),
        (
            json!({ "type": "chat_administrators", "chat_id": ann }),
            "can't use specified scope in private chats".to_owned(),
        ),
        (
            json!({ "type": "chat_member", "chat_id": town.chat(), "user_id": 77 }),
            "user not found".to_owned(),
        ),
    ] {
        let refused = town.bot("getMyCommands", json!({ "scope": scope })).await.refused();
        assert_eq!(refused, (400, format!("Bad Request: {why}")), "{scope}");
    }
    let refused =
        town.bot("setMyCommands", json!({ "commands": [], "language_code": "eng" })).await.refused();
    assert_eq!(refused.1, "Bad Request: invalid language code specified");
}
