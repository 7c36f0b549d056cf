//! Telegram wants something held back: so it is, by every node and after every restart.

use crate::house::{House, eventually};
use links::{ChatId, UnixTime};
use serde_json::{Value, json};
use store::NewErrand;

/// What was asked of Telegram so far: the methods and when.
async fn asked(house: &House) -> Vec<(String, i64)> {
    let ledger = house.ledger().await;
    let lines = ledger.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let call = |line: Value| Some((line["method"].as_str()?.to_owned(), line["at"].as_i64()?));
    lines.filter_map(call).collect()
}

async fn held(house: &House, method: &str) -> Option<(Option<ChatId>, UnixTime)> {
    let holds = house.store.holds(house.bot, house.now()).await.unwrap();
    holds.into_iter().find(|hold| hold.method == method).map(|hold| (hold.chat, hold.until))
}

fn good_evening(to: Value) -> NewErrand {
    let say = json!({ "to": to, "text": "Good evening." });
    NewErrand { what: "say", body: say.to_string().into_bytes() }
}

#[tokio::test]
async fn what_another_node_was_told_to_hold_back_is_not_asked_here() {
    let house = House::with(json!({ "pool": 1 })).await;
    let owner = house.owner().await;
    house.write_to_bot(owner, "/start").await;
    let mut fan = house.fan().await;
    fan.pass().await;
    eventually("the owner is known", async || house.store.owner(house.bot, house.chat).await.unwrap()).await;
    let private = ChatId::new(owner).unwrap();
    let until = UnixTime::new(house.now().get() + 4);
    let here = [
        ("createChatInviteLink", Some(house.chat)),
        ("revokeChatInviteLink", Some(house.chat)),
        ("editChatInviteLink", Some(house.chat)),
        ("getChatMember", Some(house.chat)),
        ("getChat", Some(house.chat)),
        ("getChatAdministrators", Some(house.chat)),
        ("sendMessage", Some(private)),
        ("getUpdates", None),
    ];
    for (method, chat) in here {
        house.store.hold(house.bot, method, chat, until).await.unwrap();
    }
    let before = asked(&house).await.len();
    // All of them would be asked at once.
    fan.ask_again().await;
    let pass = house.store.passes(None, None, 9).await.unwrap()[0].pass;
    house.store.revoke_pass(pass, "maria", house.now()).await.unwrap();
    for to in [json!({ "person": owner }), json!({ "owner_of": house.chat.get() })] {
        let say = good_evening(to);
        house.store.send_out(house.bot, say, house.now()).await.unwrap();
    }
    house.write_to_bot(owner, "Are you there?").await;
    let (mut ann, mut ben) = (house.fan().await, house.fan().await);
    ann.answer("owl").await;
    ben.answer("owl").await;
    eventually("both are told", async || {
        (house.inbox(owner).await.matches("Good evening.").count() == 2).then_some(())
    })
    .await;
    ann.link().await;
    ben.link().await;
    let calls = asked(&house).await.split_off(before);
    let early = calls.iter().filter(|(_, at)| *at < until.get());
    let early = early.filter(|(method, _)| here.iter().any(|(held, _)| held == method));
    let early: Vec<&str> = early.map(|(method, _)| method.as_str()).collect();
    // The question for updates that was under way is answered all the same.
    assert!(early.is_empty() || early == ["getUpdates"], "{early:?}");
    for method in ["createChatInviteLink", "revokeChatInviteLink", "sendMessage", "getChatAdministrators"] {
        assert!(calls.iter().any(|(called, _)| called == method), "{method} was not asked later: {calls:?}");
    }
}

#[tokio::test]
async fn whatever_telegram_wants_held_back_is_written_down() {
    let house = House::with(json!({ "pool": 0 })).await;
    let owner = house.owner().await;
    house.write_to_bot(owner, "/start").await;
    let private = ChatId::new(owner).unwrap();
    for (method, chat) in [("sendMessage", Some(private)), ("getUpdates", None)] {
        house.control("faults", json!({ "method": method, "kind": "429", "n": 60 })).await;
        let say = good_evening(json!({ "person": owner }));
        house.store.send_out(house.bot, say, house.now()).await.unwrap();
        house.write_to_bot(owner, "Are you there?").await;
        let now = house.now();
        let (whose, until) = eventually(method, async || held(&house, method).await).await;
        assert_eq!(whose, chat, "{method}");
        assert!(until > UnixTime::new(now.get() + 60), "{method}");
    }
}
