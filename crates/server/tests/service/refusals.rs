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
    ever_more_rarely(&house, words).await;
    let told = house.inbox(owner).await;
    assert_eq!(told.matches("INVITE_QUOTA_OF_TOMORROW_EXCEEDED").count(), 1, "{told}");
    assert!(fan.page().await.contains("you are number 1 in the queue"));
    assert!(house.metrics().await.contains("admit_refusals_total"));
}

#[tokio::test]
async fn a_link_that_does_not_read_as_one_is_asked_for_ever_more_rarely_and_reported() {
    let house = House::elsewhere(json!({ "pool": 0 })).await;
    let owner = house.owner().await;
    house.write_to_bot(owner, "/start").await;
    let mut fan = house.fan().await;
    assert!(fan.answer("owl").await.starts_with("HTTP/1.1 303"));
    ever_more_rarely(&house, "createChatInviteLink").await;
    let told = house.inbox(owner).await;
    assert_eq!(told.matches("`createChatInviteLink`").count(), 1, "{told}");
    assert!(!told.contains("elsewhere.example"), "{told}");
    assert!(house.metrics().await.contains("admit_refusals_total"));
    // The eighth may not be written down yet.
    let in_state = |states| house.number(&format!("select count(*) from links where state in ({states})"));
    assert!(in_state("'lost'") >= 7 && in_state("'lost', 'making'") == 8);
    assert!(fan.page().await.contains("you are number 1 in the queue"));
}

/// Waits until Telegram was asked this eight times, each time later than before.
async fn ever_more_rarely(house: &House, what: &str) {
    let asked = eventually("it is asked eight times", async || {
        house.leap(20).await;
        let ledger = house.ledger().await;
        let lines = ledger.lines().filter(|line| line.contains(what));
        let at: Vec<i64> = lines
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["at"].as_i64().unwrap())
            .collect();
        (at.len() == 8).then_some(at)
    })
    .await;
    for (number, pair) in asked.windows(2).enumerate() {
        assert!(pair[1] - pair[0] >= 5 << number, "not rarer: {asked:?}");
    }
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

#[tokio::test]
async fn a_link_that_telegram_refuses_to_end_holds_up_no_other() {
    let house = House::with(json!({ "pool": 2 })).await;
    let owner = house.owner().await;
    house.write_to_bot(owner, "/start").await;
    let (mut ann, mut ben) = (house.fan().await, house.fan().await);
    let (first, second) = (ann.pass().await, ben.pass().await);
    let links = house.store.ledger(Default::default(), 9).await.unwrap();
    let names: Vec<String> = [&first, &second]
        .map(|url| {
            links.iter().find(|link| link.url.as_ref().is_some_and(|its| its.as_str() == url)).unwrap()
        })
        .map(|link| link.marker.to_string())
        .to_vec();
    let words = "Bad Request: INVITE_OF_YESTERDAY";
    let refuse = async |times: u32| {
        let fault = json!({ "method": "revokeChatInviteLink", "kind": "4xx", "n": 400, "text": words, "times": times });
        house.control("faults", fault).await;
    };
    let is_dead = async |dead: &str| {
        let links = house.at_telegram().await["links"].clone();
        links.as_array().unwrap().iter().any(|link| link["invite_link"] == dead && link["is_revoked"] == true)
    };
    refuse(1).await;
    let now = house.now();
    let passes = house.store.passes(None, None, 9).await.unwrap();
    let [second_pass, first_pass] = passes.as_slice() else { panic!("{passes:?}") };
    house.store.revoke_pass(first_pass.pass, "maria", now).await.unwrap();
    eventually("it is refused", async || house.ledger().await.contains(words).then_some(())).await;
    house.store.revoke_pass(second_pass.pass, "maria", now).await.unwrap();
    eventually("the other is dead", async || is_dead(&second).await.then_some(())).await;
    assert!(!is_dead(&first).await);

    // It is asked again, ever more rarely, and whoever owns the chat can end it themselves.
    refuse(1000).await;
    let told = eventually("the owner is told", async || {
        house.leap(20).await;
        Some(house.inbox(owner).await).filter(|told| told.contains("INVITE_OF_YESTERDAY"))
    })
    .await;
    assert!(told.contains(&names[0]) && !told.contains(&names[1]), "{told}");
    assert_eq!(house.ledger().await.matches(words).count(), 5);
    assert!(!is_dead(&first).await);
}
