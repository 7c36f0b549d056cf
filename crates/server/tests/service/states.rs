//! What a gate says when it takes no answer, or not this one. `docs/pages.md` has every state, and where the others are
//! tested.

use crate::house::House;
use links::UnixTime;
use serde_json::json;

/// Nothing on the page leads in.
#[track_caller]
fn says(page: &str, words: &str) {
    assert!(page.starts_with("HTTP/1.1 200") && page.contains(words), "{words}: {page}");
    assert!(!page.contains("data-invite"), "{page}");
}

#[tokio::test]
async fn a_gate_says_when_it_opens_and_that_it_is_closed() {
    let house = House::with(json!({})).await;
    let mut fan = house.fan().await;
    let mut gate = (*house.gate().await.gate).clone();
    let from_now = |seconds| Some(UnixTime::new(house.now().get() + seconds));
    (gate.opens_at, gate.closes_at) = (from_now(3_590), from_now(7_190));
    house.store.save_gate(&gate, house.bot, "maria", house.now()).await.unwrap();
    for page in [house.fan_at_a_closed_gate().await, fan.answer("owl").await] {
        says(&page, "This gate opens in 60 minutes.");
    }
    house.leap(3_600).await;
    says(&fan.answer("cat").await, "That is not right.");
    house.leap(3_600).await;
    for page in [house.fan_at_a_closed_gate().await, fan.answer("owl").await] {
        says(&page, "This gate is closed.");
    }
}

#[tokio::test]
async fn a_gate_says_that_it_is_full() {
    let house = House::with(json!({ "quota": 1 })).await;
    let (mut ann, mut ben) = (house.fan().await, house.fan().await);
    ann.pass().await;
    says(&ben.answer("owl").await, "All the places behind this gate are taken.");
    // Whoever has one has it still.
    ann.link().await;
}

#[tokio::test]
async fn a_wrong_answer_is_told_with_what_is_left_and_what_was_typed() {
    let house = House::with(json!({ "tries": { "most": 3, "first_wait_seconds": 60 } })).await;
    let mut fan = house.fan().await;
    let page = fan.answer("cat").await;
    says(&page, "That is not right. You have 2 tries left. The next one may come in 60 seconds.");
    assert!(page.contains("value=\"cat\"") && page.contains("role=\"alert\""), "{page}");
    // A right one too has to wait.
    let page = fan.answer("owl").await;
    says(&page, "This one was not looked at.");
    assert!(page.contains("value=\"owl\""), "{page}");
    house.leap(60).await;
    says(&fan.answer("dog").await, "You have 1 try left.");
    house.leap(120).await;
    says(&fan.answer("hen").await, "That was the last try.");
    house.leap(600).await;
    says(&fan.answer("owl").await, "That was the last try.");
}

#[tokio::test]
async fn an_answer_that_is_too_long_or_none_is_no_try() {
    let house = House::with(json!({ "tries": { "most": 1 } })).await;
    let mut fan = house.fan().await;
    says(&fan.answer("").await, "Nothing was counted.");
    for letters in [501, 10_000] {
        says(&fan.answer(&"o".repeat(letters)).await, "longer than any answer we would accept");
    }
    fan.pass().await;
}

#[tokio::test]
async fn a_pass_that_was_taken_back_says_so() {
    let house = House::with(json!({ "pool": 1 })).await;
    let mut fan = house.fan().await;
    fan.pass().await;
    let pass = house.store.passes(None, None, 1).await.unwrap()[0].pass;
    house.store.revoke_pass(pass, "maria", house.now()).await.unwrap();
    let page = fan.reads("This pass was taken back.").await;
    assert!(!page.contains("data-invite") && !page.contains("<form"), "{page}");
    // Whoever presses a button that is not there any more is led to the same page.
    assert!(fan.ask_again().await.starts_with("HTTP/1.1 303"));
    says(&fan.page().await, "This pass was taken back.");
}

#[tokio::test]
async fn a_gate_that_changed_while_somebody_thought_is_asked_as_it_is_now() {
    // By the first, what they say now could not even be read; by the second it would be wrong.
    for before in [
        json!({ "ask": "How many owls?", "kind": "number", "answers": [12] }),
        json!({ "ask": "Who purrs at night?", "answers": ["cat"] }),
    ] {
        let house = House::with(json!({ "questions": [before], "tries": { "most": 1 } })).await;
        let mut fan = house.fan().await;
        let mut gate = serde_json::to_value(&*house.gate().await.gate).unwrap();
        gate["questions"] = json!([{ "ask": "Who hoots at night?", "answers": ["owl"] }]);
        let gate = serde_json::from_value(gate).unwrap();
        house.store.save_gate(&gate, house.bot, "maria", house.now()).await.unwrap();
        fan.pass().await;
    }
}

#[tokio::test]
async fn the_time_of_a_try_begins_when_one_may_come() {
    let question = json!([{ "ask": "Who hoots at night?", "answers": ["owl"], "seconds": 5 }]);
    let tries = json!({ "most": 3, "first_wait_seconds": 60 });
    let house = House::with(json!({ "questions": question, "tries": tries })).await;
    let mut fan = house.fan().await;
    says(&fan.answer("owl&start=1").await, "Who hoots at night?");
    let page = fan.answer("cat").await;
    says(&page, "The next one may come in 60 seconds.");
    assert!(!page.contains("Who hoots"), "the next try begins with Start: {page}");
    says(&fan.answer("&start=1").await, "The next try may come in 60 seconds.");
    house.leap(60).await;
    says(&fan.answer("&start=1").await, "Who hoots at night?");
    fan.pass().await;
}
