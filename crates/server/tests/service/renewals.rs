//! A link ends before it was used, and there is another.

use crate::house::{House, control};
use serde_json::json;

const TWO_DAYS: i64 = 2 * 86_400;

#[tokio::test]
async fn a_link_that_ran_out_is_replaced_when_its_fan_asks() {
    let house = House::with(json!({ "link_life_seconds": 60, "pool": 1 })).await;
    let mut fan = house.fan().await;
    let old = fan.pass().await;
    house.advance(TWO_DAYS).await;
    let page = fan.page().await;
    assert!(page.contains("ran out before it was used") && page.contains("Get a new invitation"), "{page}");
    assert!(!page.contains("data-invite"), "{page}");
    let answer = fan.ask_again().await;
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    let new = fan.link().await;
    assert_ne!(old, new);
    // To ask once more changes nothing.
    fan.ask_again().await;
    assert_eq!(fan.link().await, new);
    let (ann, ben) = (house.person().await, house.person().await);
    assert_eq!(house.join(ben, &old).await, "refused");
    assert_eq!(house.join(ann, &new).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
    assert!(!fan.page().await.contains("Get a new invitation"));
}

#[tokio::test]
async fn who_has_no_pass_gets_no_other_link() {
    let house = House::with(json!({})).await;
    let answer = house.fan().await.ask_again().await;
    assert!(answer.starts_with("HTTP/1.1 404") && !answer.contains("data-invite"), "{answer}");
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_keeps_its_fans() {
    let group = async |telegram: &str, bot: i64| {
        let rights = ["can_invite_users", "can_restrict_members"];
        let chat = json!({ "kind": "group", "title": "Owls", "bots": [{ "id": bot, "rights": rights }] });
        control(telegram, "chats", chat).await["chat_id"].as_i64()
    };
    let house = House::of(json!({ "pool": 1 }), group).await;
    let mut fan = house.fan().await;
    let old = fan.pass().await;
    let chat = house.chat;
    let new = house.control(&format!("chats/{chat}/migrate"), json!({})).await["chat_id"].clone();
    fan.reads("Get a new invitation").await;
    fan.ask_again().await;
    let link = fan.link().await;
    assert_ne!(link, old);
    let ann = house.person().await;
    assert_eq!(house.join(ann, &link).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
    let gate = house.store.gate(&"night-owls".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(gate.gate.chats[0].get(), new.as_i64().unwrap());
}
