//! A bot's token is dead, or somebody else listens in its place.

use crate::house::{House, eventually};
use serde_json::json;

#[tokio::test]
async fn a_bot_whose_token_is_dead_gives_out_nothing_until_there_is_a_new_one() {
    let house = House::with(json!({ "pool": 3 })).await;
    house.fan().await.pass().await;
    let new = house.control(&format!("bots/{}/token", house.bot), json!({})).await["token"].clone();
    eventually("it is noticed", async || house.store.bot(house.bot).await.unwrap().unwrap().dead_at).await;
    // There are links in the pool, but nobody could end them after their first join.
    let mut fan = house.fan().await;
    assert!(fan.answer("owl").await.starts_with("HTTP/1.1 303"));
    let page = fan.page().await;
    assert!(page.contains("you are number 1 in the queue") && !page.contains("data-invite"), "{page}");
    assert!(page.contains("The bot may not make invitations there at the moment"), "{page}");
    let calls = house.ledger().await.matches("Unauthorized").count();
    let token = store::Token::new(new.as_str().unwrap());
    house.store.remember_bot(house.bot, "admit_demo_bot", &token, "maria", house.now()).await.unwrap();
    let link = fan.link().await;
    let ann = house.person().await;
    assert_eq!(house.join(ann, &link).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
    assert!(calls < 12, "it was asked {calls} times");
}

#[tokio::test]
async fn the_webhook_of_another_program_is_left_to_it_and_what_it_heard_is_doubted() {
    let house = House::with(json!({ "pool": 1 })).await;
    let mut fan = house.fan().await;
    let old = fan.pass().await;
    let webhook = json!({ "url": "http://127.0.0.1:9/theirs" });
    house.as_bot("setWebhook", webhook).await;
    let deaf = "Conflict: can't use getUpdates method while webhook is active";
    eventually("it is noticed", async || house.ledger().await.contains(deaf).then_some(())).await;
    let info = house.as_bot("getWebhookInfo", json!({})).await;
    assert_eq!(info["result"]["url"], "http://127.0.0.1:9/theirs");
    // The other program takes a join for itself, and goes.
    let ann = house.person().await;
    assert_eq!(house.join(ann, &old).await, "joined");
    house.as_bot("deleteWebhook", json!({ "drop_pending_updates": true })).await;
    fan.reads("we could not see who came by it").await;
    let ben = house.person().await;
    house.leave(ann).await;
    eventually("the link is dead", async || (house.join(ben, &old).await == "refused").then_some(())).await;
    assert!(fan.ask_again().await.contains("we could not see who came by it"));
}

#[tokio::test]
async fn another_program_that_asks_for_updates_takes_nothing_from_us() {
    let house = House::with(json!({ "pool": 1 })).await;
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    // It looks, and acknowledges nothing.
    let rival = async {
        loop {
            house.as_bot("getUpdates", json!({ "timeout": 1 })).await;
            if house.ledger().await.contains("terminated by other getUpdates request") {
                break;
            }
        }
    };
    rival.await;
    let ann = house.person().await;
    assert_eq!(house.join(ann, &link).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
}

#[tokio::test]
async fn updates_that_begin_to_count_anew_are_heard() {
    let house = House::with(json!({})).await;
    house.fan().await.pass().await;
    // Nobody says anything for more than a week, and Telegram counts from another number on.
    house.leap(8 * 86_400).await;
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    let ann = house.person().await;
    assert_eq!(house.join(ann, &link).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
    house.leave(ann).await;
    fan.reads("You were in, and left.").await;
}
