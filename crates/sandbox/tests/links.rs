//! The eight link methods, as a bot meets them: order of checks, texts, codes, objects.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod util;

use serde_json::{Value, json};
use util::Town;

async fn refused(town: &Town, method: &str, arguments: Value, expected: &str) {
    let answer = town.bot(method, arguments.clone()).await;
    assert_eq!(answer.refused(), (400, format!("Bad Request: {expected}")), "{method} {arguments}");
}

#[tokio::test]
async fn a_new_link_says_what_it_was_told() {
    let town = Town::demo().await;
    let expire = town.now().await + 3600;
    let made = town
        .bot(
            "createChatInviteLink",
            json!({ "chat_id": town.chat(), "name": "  spring\té ", "expire_date": expire, "member_limit": 5 }),
        )
        .await;
    let url = made.result()["invite_link"].as_str().unwrap().to_owned();
    assert!(url.starts_with("https://t.me/+") && url.len() == "https://t.me/+".len() + 16, "{url}");
    let expected = format!(
        r#"{{"ok":true,"result":{{"invite_link":"{url}","name":"spring \u00e9","creator":{{"id":7000000001,"is_bot":true,"first_name":"admit_demo_bot","username":"admit_demo_bot"}},"expire_date":{expire},"member_limit":5,"creates_join_request":false,"is_primary":false,"is_revoked":false}}}}"#
    );
    assert_eq!(made.text, expected);
}

#[tokio::test]
async fn odd_arguments_of_create_are_clamped_or_refused_by_telegram() {
    let town = Town::demo().await;
    let chat = town.chat();
    let now = town.now().await;
    for never in [json!(-1), json!("abc"), json!(0), Value::Null, json!(2_147_483_648i64)] {
        let made =
            town.bot("createChatInviteLink", json!({ "chat_id": chat, "expire_date": never })).await.result();
        assert!(made.get("expire_date").is_none(), "{made}");
    }
    refused(
        &town,
        "createChatInviteLink",
        json!({ "chat_id": chat, "expire_date": now }),
        "EXPIRE_DATE_INVALID",
    )
    .await;
    refused(
        &town,
        "createChatInviteLink",
        json!({ "chat_id": chat, "member_limit": 100_000 }),
        "USAGE_LIMIT_INVALID",
    )
    .await;
    let named = town.bot("createChatInviteLink", json!({ "chat_id": chat, "name": null })).await.result();
    assert_eq!(named["name"], "null");
    let cut =
        town.bot("createChatInviteLink", json!({ "chat_id": chat, "name": "x".repeat(40) })).await.result();
    assert_eq!(cut["name"], "x".repeat(32));
    let both = json!({ "chat_id": chat, "member_limit": 1, "creates_join_request": true });
    let text = "member limit can't be specified for links requiring administrator approval";
    refused(&town, "createChatInviteLink", both, text).await;
}

#[tokio::test]
async fn without_rights_create_names_the_combination_and_edit_the_rights() {
    let town = Town::demo().await;
    let chat = town.chat();
    let rights = json!({ "id": 7_000_000_001i64, "rights": ["can_restrict_members"] });
    town.control(&format!("chats/{chat}/bot"), rights).await;
    let both =
        json!({ "chat_id": chat, "invite_link": "x", "member_limit": 1, "creates_join_request": true });
    let combination = "member limit can't be specified for links requiring administrator approval";
    refused(&town, "createChatInviteLink", both.clone(), combination).await;
    let rights = "not enough rights to manage chat invite link";
    refused(&town, "editChatInviteLink", both, rights).await;
    refused(&town, "createChatInviteLink", json!({ "chat_id": chat }), rights).await;
    refused(&town, "exportChatInviteLink", json!({ "chat_id": chat }), rights).await;
    refused(&town, "revokeChatInviteLink", json!({ "chat_id": chat }), rights).await;
    let empty = json!({ "chat_id": chat });
    refused(&town, "createChatSubscriptionInviteLink", empty, "invalid subscription pricing specified").await;
}

#[tokio::test]
async fn an_edit_erases_what_it_is_not_told() {
    let town = Town::demo().await;
    let chat = town.chat();
    let expire = town.now().await + 60;
    let made = json!({ "chat_id": chat, "name": "spring", "expire_date": expire, "member_limit": 5 });
    let made = town.bot("createChatInviteLink", made).await.result();
    let edit = json!({ "chat_id": chat, "invite_link": made["invite_link"], "creates_join_request": true });
    let edited = town.bot("editChatInviteLink", edit).await.result();
    assert_eq!(edited["invite_link"], made["invite_link"]);
    assert_eq!(edited["creates_join_request"], true);
    for gone in ["name", "expire_date", "member_limit"] {
        assert!(edited.get(gone).is_none(), "{gone}: {edited}");
    }
    refused(&town, "editChatInviteLink", json!({ "chat_id": chat }), "invite link must be non-empty").await;
    let unknown = json!({ "chat_id": chat, "invite_link": "https://t.me/+aaaaaaaaaaaaaaaa" });
    refused(&town, "editChatInviteLink", unknown, "INVITE_HASH_EXPIRED").await;
}

#[tokio::test]
async fn primary_links_are_replaced_and_never_edited() {
    let town = Town::demo().await;
    let chat = town.chat();
    let first = town.bot("exportChatInviteLink", json!({ "chat_id": chat })).await.result();
    assert!(first.is_string());
    let shown = town.bot("getChat", json!({ "chat_id": chat })).await.result();
    assert_eq!(shown["invite_link"], first);
    let edit = json!({ "chat_id": chat, "invite_link": first });
    refused(&town, "editChatInviteLink", edit, "CHAT_INVITE_PERMANENT").await;

    let second = town.bot("exportChatInviteLink", json!({ "chat_id": chat })).await.result();
    assert_ne!(first, second);
    let person = town.person("Ann").await;
    assert_eq!(town.join(person, first.as_str().unwrap()).await["result"], "refused");

    let revoked =
        town.bot("revokeChatInviteLink", json!({ "chat_id": chat, "invite_link": second })).await.result();
    assert_eq!((&revoked["is_primary"], &revoked["is_revoked"]), (&json!(true), &json!(true)));
    let third = town.bot("getChat", json!({ "chat_id": chat })).await.result()["invite_link"].clone();
    assert!(third.is_string() && third != second);
}

#[tokio::test]
async fn a_limit_counts_people_at_the_same_time() {
    let town = Town::demo().await;
    let chat = town.chat();
    let made = town.bot("createChatInviteLink", json!({ "chat_id": chat, "member_limit": 1 })).await.result();
    let link = made["invite_link"].as_str().unwrap();
    let (ann, bob) = (town.person("Ann").await, town.person("Bob").await);
    assert_eq!(town.join(ann, link).await["result"], "joined");
    assert_eq!(town.join(ann, link).await["result"], "already");
    let full = town.join(bob, link).await;
    assert_eq!((&full["result"], &full["reason"]), (&json!("refused"), &json!("INVITE_HASH_EXPIRED")));
    // The leaver frees the place: this is why a limit of one is not single use.
    town.control(&format!("people/{ann}/leave"), json!({ "chat_id": chat })).await;
    assert_eq!(town.join(bob, link).await["result"], "joined");
    let known = town.look(&format!("chats/{chat}")).await;
    let uses =
        known["links"].as_array().unwrap().iter().find(|it| it["invite_link"] == link).unwrap()["uses"]
            .clone();
    assert_eq!(uses, 1);
}

#[tokio::test]
async fn revoked_and_expired_links_open_nothing() {
    let town = Town::demo().await;
    let chat = town.chat();
    let person = town.person("Ann").await;
    let made = town.bot("createChatInviteLink", json!({ "chat_id": chat })).await.result();
    let revoke = json!({ "chat_id": chat, "invite_link": made["invite_link"] });
    let revoked = town.bot("revokeChatInviteLink", revoke.clone()).await.result();
    assert_eq!(revoked["is_revoked"], true);
    assert_eq!(town.bot("revokeChatInviteLink", revoke.clone()).await.result(), revoked);
    refused(&town, "editChatInviteLink", revoke, "INVITE_HASH_EXPIRED").await;
    assert_eq!(town.join(person, made["invite_link"].as_str().unwrap()).await["result"], "refused");

    let expire = town.now().await + 60;
    let made =
        town.bot("createChatInviteLink", json!({ "chat_id": chat, "expire_date": expire })).await.result();
    town.advance(59).await;
    let early = town.person("Bob").await;
    assert_eq!(town.join(early, made["invite_link"].as_str().unwrap()).await["result"], "joined");
    town.advance(1).await;
    assert_eq!(town.join(person, made["invite_link"].as_str().unwrap()).await["result"], "refused");
}

#[tokio::test]
async fn links_of_others_are_out_of_reach() {
    let town = Town::demo().await;
    let chat = town.chat();
    let (_, other) = town.another_bot("other_bot", json!(["can_invite_users"])).await;
    let theirs = town.bot_with(&other, "createChatInviteLink", json!({ "chat_id": chat })).await.result();
    let edit = json!({ "chat_id": chat, "invite_link": theirs["invite_link"] });
    refused(&town, "editChatInviteLink", edit.clone(), "CHAT_ADMIN_REQUIRED").await;
    refused(&town, "revokeChatInviteLink", edit, "CHAT_ADMIN_REQUIRED").await;
}

#[tokio::test]
async fn subscription_links_are_for_channels() {
    let town = Town::demo().await;
    let priced = |chat: i64, period: i64, price: i64| json!({ "chat_id": chat, "subscription_period": period, "subscription_price": price, "name": "fans" });
    let month = 2_592_000;
    let method = "createChatSubscriptionInviteLink";
    refused(&town, method, priced(town.chat(), month, 50), "PRICING_CHAT_INVALID").await;
    let bots = json!([{ "id": 7_000_000_001i64, "rights": ["can_invite_users"] }]);
    let channel = json!({ "kind": "channel", "title": "Daily Owl", "bots": bots });
    let channel = town.control("chats", channel).await["chat_id"].as_i64().unwrap();
    refused(&town, method, priced(channel, 0, 50), "invalid subscription pricing specified").await;
    refused(&town, method, priced(channel, month, 0), "invalid subscription pricing specified").await;
    refused(&town, method, priced(channel, 86_400, 50), "SUBSCRIPTION_PERIOD_INVALID").await;
    refused(&town, method, priced(channel, month, 10_001), "PRICING_CHAT_INVALID").await;
    let made = town.bot(method, priced(channel, month, 50)).await.result();
    assert_eq!((&made["subscription_period"], &made["subscription_price"]), (&json!(month), &json!(50)));

    let rename = json!({ "chat_id": channel, "invite_link": made["invite_link"], "name": "friends" });
    let renamed = town.bot("editChatSubscriptionInviteLink", rename).await.result();
    assert_eq!((&renamed["name"], &renamed["subscription_price"]), (&json!("friends"), &json!(50)));

    let person = town.person("Ann").await;
    let link = made["invite_link"].as_str().unwrap();
    assert_eq!(town.join(person, link).await["reason"], "STARS_PAYMENT_REQUIRED");
    let paid = town.control(&format!("people/{person}/join"), json!({ "link": link, "pay": true })).await;
    assert_eq!(paid["result"], "joined");
}

#[tokio::test]
async fn chats_are_named_as_leniently_as_telegram_reads_them() {
    let town = Town::demo().await;
    let create =
        async |chat: Value| town.bot("createChatInviteLink", json!({ "chat_id": chat })).await.refused();
    assert_eq!(create(json!("")).await, (400, "Bad Request: chat_id is empty".to_owned()));
    for nowhere in [json!("https://t.me/x"), json!("owls"), json!("@owls"), json!(-100), json!("1e10")] {
        assert_eq!(create(nowhere).await, (400, "Bad Request: chat not found".to_owned()));
    }
    let trailing = town.bot("createChatInviteLink", json!({ "chat_id": format!("{}.0", town.chat()) })).await;
    trailing.result();
    town.control(&format!("chats/{}/username", town.chat()), json!({ "username": "night_owls" })).await;
    town.bot("createChatInviteLink", json!({ "chat_id": "@Night_Owls" })).await.result();
    let person = town.person("Ann").await;
    town.control(&format!("people/{person}/send"), json!({ "bot": "admit_demo_bot", "text": "/start" }))
        .await;
    assert_eq!(
        create(json!(person)).await,
        (400, "Bad Request: can't invite members to a private chat".to_owned())
    );
}

#[tokio::test]
async fn access_is_lost_in_every_way_there_is() {
    let town = Town::demo().await;
    let chat = town.chat();
    let bot = 7_000_000_001i64;
    let create =
        async |chat: i64| town.bot("createChatInviteLink", json!({ "chat_id": chat })).await.refused();
    town.control(&format!("chats/{chat}/bot"), json!({ "id": bot, "status": "left" })).await;
    let text = "Forbidden: bot is not a member of the supergroup chat";
    assert_eq!(create(chat).await, (403, text.to_owned()));
    town.control(&format!("chats/{chat}/bot"), json!({ "id": bot, "status": "kicked" })).await;
    assert_eq!(create(chat).await, (403, "Forbidden: bot was kicked from the supergroup chat".to_owned()));

    let bots = json!([{ "id": bot, "rights": ["can_invite_users"] }]);
    let group = town.control("chats", json!({ "kind": "group", "title": "Old", "bots": bots })).await;
    let group = group["chat_id"].as_i64().unwrap();
    town.bot("createChatInviteLink", json!({ "chat_id": group })).await.result();
    let new = town.control(&format!("chats/{group}/migrate"), json!({})).await["chat_id"].clone();
    let answer = town.bot("createChatInviteLink", json!({ "chat_id": group })).await;
    assert_eq!(
        answer.text,
        format!(
            r#"{{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{{"migrate_to_chat_id":{new}}}}}"#
        )
    );
    town.bot("createChatInviteLink", json!({ "chat_id": new })).await.result();
}
