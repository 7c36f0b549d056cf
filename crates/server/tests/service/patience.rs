//! Telegram is slow, and whoever presses a button is answered all the same.

use crate::house::{House, eventually};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// What a request may take, and something for a machine that is busy.
const LONGEST: Duration = Duration::from_millis(2500);

async fn slow(house: &House, method: &str, times: u32) {
    let fault = json!({ "method": method, "kind": "latency", "n": 4000, "times": times });
    house.control("faults", fault).await;
}

#[tokio::test]
async fn a_wish_for_other_links_is_answered_in_time_however_many_chats_there_are() {
    let house = House::with(json!({ "pool": 1 })).await;
    let rights = ["can_invite_users", "can_restrict_members"];
    let bots = json!([{ "id": house.bot.get(), "rights": rights }]);
    let other = house.control("chats", json!({ "kind": "supergroup", "title": "Owls", "bots": bots })).await;
    let mut gate = serde_json::to_value(&*house.gate().await.gate).unwrap();
    gate["chats"] = json!([house.chat.get(), other["chat_id"]]);
    let gate = serde_json::from_value(gate).unwrap();
    house.store.save_gate(&gate, house.bot, "maria", house.now()).await.unwrap();
    let mut fan = house.fan().await;
    assert!(fan.answer("owl").await.starts_with("HTTP/1.1 303"));
    eventually("there are two links", async || {
        (fan.page().await.matches("data-invite").count() == 2).then_some(())
    })
    .await;

    slow(&house, "editChatInviteLink", 2).await;
    let began = Instant::now();
    let answer = fan.ask_again().await;
    assert!(began.elapsed() < LONGEST, "{:?}", began.elapsed());
    assert!(answer.contains("Ask again in a moment."), "{answer}");
    // What was begun goes on.
    eventually("both were asked about", async || {
        let ledger = house.ledger().await;
        (ledger.matches("\"call\",\"method\":\"editChatInviteLink\"").count() == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_answer_does_not_wait_for_what_telegram_says_of_somebody() {
    let house = House::with(json!({ "pool": 1, "guesses": { "per_minute": 1, "per_hour": 10 } })).await;
    house.fan().await.answer("cat").await;
    let (ann, mut fan) = (house.person().await, house.fan().await);
    house.shows(&mut fan, ann).await;
    slow(&house, "getChatMember", 1).await;
    let began = Instant::now();
    let answer = fan.answer("owl").await;
    assert!(began.elapsed() < LONGEST, "{:?}", began.elapsed());
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    fan.link().await;
}
