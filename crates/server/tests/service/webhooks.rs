//! Telegram sends its updates, and nobody else does.

use crate::house::House;
use admit_server::Hearing;
use serde_json::json;

#[tokio::test]
async fn a_join_that_telegram_sends_is_heard_and_one_that_others_send_is_not() {
    let house = House::of(json!({}), Hearing::Webhook, async |_, _| None).await;
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    let forged = json!({ "update_id": 1, "message": { "message_id": 1, "date": 1, "chat": { "id": 1, "type": "private" } } });
    let path = format!("/telegram/{}", house.bot);
    for headers in ["", "x-telegram-bot-api-secret-token: guessed\r\n"] {
        let answer = house.post(&path, headers, &forged).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    }
    let ann = house.person().await;
    assert_eq!(house.join(ann, &link).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
}
