//! Guard bots: Telegram asks, the bot has ten seconds, the person waits.

mod util;

use serde_json::{Value, json};
use util::Town;

struct Guarded {
    town: Town,
    bot: i64,
    token: String,
    link: String,
}

/// A town whose chat is guarded by a bot.
async fn guarded() -> Guarded {
    let town = Town::demo().await;
    let bot = town.control("bots", json!({ "username": "guard_bot", "guard": true })).await;
    let (id, token) = (bot["id"].as_i64().unwrap(), bot["token"].as_str().unwrap().to_owned());
    let rights = json!({ "id": id, "rights": ["can_invite_users", "can_restrict_members"] });
    town.control(&format!("chats/{}/bot", town.chat()), rights).await;
    town.control(&format!("chats/{}/guard", town.chat()), json!({ "bot": id })).await;
    let terms = json!({ "chat_id": town.chat(), "creates_join_request": true });
    let link = town.bot_with(&token, "createChatInviteLink", terms).await.result()["invite_link"].clone();
    town.updates_of(&token).await;
    Guarded { town, bot: id, token, link: link.as_str().unwrap().to_owned() }
}

impl Guarded {
    async fn next_query(&self) -> String {
        let wait = json!({ "offset": -1, "timeout": 20 });
        let updates = self.town.bot_with(&self.token, "getUpdates", wait).await.result();
        let query = updates[0]["chat_join_request"]["query_id"].as_str();
        query.unwrap_or_else(|| panic!("{updates}")).to_owned()
    }

    async fn answer(&self, query: &str, result: &str) -> util::Answer {
        let answer = json!({ "chat_join_request_query_id": query, "result": result });
        self.town.bot_with(&self.token, "answerChatJoinRequestQuery", answer).await
    }
}

#[tokio::test]
async fn the_guards_word_is_what_the_person_sees() {
    let it = guarded().await;
    for (word, expected) in [("decline", "declined"), ("queue", "queued"), ("approve", "joined")] {
        let person = it.town.person("Ann").await;
        let (seen, ()) = tokio::join!(it.town.join(person, &it.link), async {
            let query = it.next_query().await;
            assert_eq!(it.answer(&query, word).await.result(), true);
            let twice = it.answer(&query, word).await.refused();
            let text = "Bad Request: query is too old and response timeout expired or query ID is invalid";
            assert_eq!(twice, (400, text.to_owned()));
        });
        assert_eq!(seen["result"], expected);
    }
    let waiting = it.town.look(&format!("chats/{}", it.town.chat())).await["requests"].clone();
    assert_eq!(waiting.as_array().unwrap().len(), 1, "the queued one waits for the administrators");
}

#[tokio::test]
async fn a_guard_has_ten_seconds() {
    let it = guarded().await;
    let person = it.town.person("Ann").await;
    let (seen, ()) = tokio::join!(it.town.join(person, &it.link), async {
        let query = it.next_query().await;
        it.town.advance(9).await;
        it.town.advance(1).await;
        assert_eq!(it.answer(&query, "approve").await.status, 400);
    });
    assert_eq!((&seen["result"], &seen["reason"]), (&json!("requested"), &json!("JOIN_GUARD_TIMEOUT")));
    let decide = json!({ "user_id": person, "approve": true });
    it.town.control(&format!("chats/{}/decide", it.town.chat()), decide).await;
}

#[tokio::test]
async fn a_mini_app_may_come_first() {
    let it = guarded().await;
    let person = it.town.person("Ann").await;
    let (seen, query) = tokio::join!(it.town.join(person, &it.link), async {
        let query = it.next_query().await;
        let show = json!({ "chat_join_request_query_id": query, "web_app_url": "http://127.0.0.1:1/gate" });
        it.town.bot_with(&it.token, "sendChatJoinRequestWebApp", show).await.result();
        query
    });
    assert_eq!(seen["result"], "webview");
    let url = seen["url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:1/gate#tgWebAppData="), "{url}");
    let again = it
        .town
        .control(&format!("people/{person}/webapp"), json!({ "bot": it.bot, "query_id": query }))
        .await;
    assert!(again["url"].as_str().unwrap().contains("chat_join_request_query_id"), "{again}");
    it.town.advance(600).await;
    it.answer(&query, "approve").await.result();
    assert_eq!(it.town.join(person, &it.link).await["result"], "already");
}

#[tokio::test]
async fn only_the_guard_gets_the_query_and_only_while_it_can_decide() {
    let it = guarded().await;
    let me = it.town.bot_with(&it.token, "getMe", json!({})).await.result();
    assert_eq!(me["supports_join_request_queries"], true);
    let chat = it.town.bot_with(&it.token, "getChat", json!({ "chat_id": it.town.chat() })).await.result();
    assert_eq!(chat["guard_bot"]["id"], it.bot);

    let person = it.town.person("Ann").await;
    let (_, ()) = tokio::join!(it.town.join(person, &it.link), async {
        let query = it.next_query().await;
        let others = it.town.updates().await;
        let told: Vec<_> = others.iter().filter_map(|update| update.get("chat_join_request")).collect();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].get("query_id"), None::<&Value>);
        it.answer(&query, "decline").await.result();
    });

    let rights = json!({ "id": it.bot, "rights": ["can_restrict_members"] });
    it.town.control(&format!("chats/{}/bot", it.town.chat()), rights).await;
    let bob = it.town.person("Bob").await;
    assert_eq!(it.town.join(bob, &it.link).await["result"], "requested");
    let again =
        it.town.try_control(&format!("chats/{}/guard", it.town.chat()), json!({ "bot": it.bot })).await;
    assert_eq!(again.status, 400);
}
