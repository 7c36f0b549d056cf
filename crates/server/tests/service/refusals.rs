//! Telegram refuses, in words nobody here knows.

use crate::house::{House, eventually};
use serde_json::json;

#[tokio::test]
async fn what_telegram_refuses_for_unknown_reasons_is_asked_ever_more_rarely_and_reported() {
    let house = House::with(json!({ "pool": 0 })).await;
    let owner = house.owner().await;
    house.write_to_bot(owner, "/start").await;
    let words = "Bad Request: INVITE_QUOTA_OF_TOMORROW_EXCEEDED";
    let method = "createChatInviteLink";
    house
        .control("faults", json!({ "method": method, "kind": "4xx", "n": 400, "text": words, "times": 1000 }))
        .await;
    let mut fan = house.fan().await;
    assert!(fan.answer("owl").await.starts_with("HTTP/1.1 303"));
    let refused = eventually("it is refused eight times", async || {
        house.leap(20).await;
        let ledger = house.ledger().await;
        let lines = ledger.lines().filter(|line| line.contains(words));
        let at: Vec<i64> = lines
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["at"].as_i64().unwrap())
            .collect();
        (at.len() == 8).then_some(at)
    })
    .await;
    for (number, pair) in refused.windows(2).enumerate() {
        assert!(pair[1] - pair[0] >= 5 << number, "not rarer: {refused:?}");
    }
    let told = house.inbox(owner).await;
    assert_eq!(told.matches("INVITE_QUOTA_OF_TOMORROW_EXCEEDED").count(), 1, "{told}");
    assert!(fan.page().await.contains("you are number 1 in the queue"));
    assert!(house.metrics().await.contains("admit_refusals_total"));
}

#[tokio::test]
async fn another_chat_goes_on_while_one_is_refused() {
    let house = House::with(json!({ "pool": 0 })).await;
    let words = "Bad Request: \u{202e}odd \"words\" <b>&amp; \u{1f989}";
    let fault =
        json!({ "method": "createChatInviteLink", "kind": "4xx", "n": 418, "text": words, "times": 1 });
    house.control("faults", fault).await;
    let mut fan = house.fan().await;
    assert!(fan.answer("owl").await.starts_with("HTTP/1.1 303"));
    // It was once, so it passes.
    let link = fan.link().await;
    let ann = house.person().await;
    assert_eq!(house.join(ann, &link).await, "joined");
}
