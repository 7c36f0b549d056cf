//! Telegram sends its updates, and nobody else does.

use crate::house::{House, eventually};
use admit_server::Hearing;
use serde_json::json;

const JSON: &str = "content-type: application/json\r\n";

async fn told_by_webhook() -> House {
    House::of(json!({}), Hearing::Webhook, async |_, _| None).await
}

/// A join by this link, as Telegram would tell it.
fn forged_join(house: &House, person: i64, link: &str) -> String {
    let user = json!({ "id": person, "is_bot": false, "first_name": "Ann" });
    let creator = json!({ "id": house.bot.get(), "is_bot": true, "first_name": "Gate" });
    let change = json!({
        "chat": { "id": house.chat.get(), "title": "Night Owls", "type": "supergroup" },
        "from": user,
        "date": house.now().get(),
        "old_chat_member": { "status": "left", "user": user },
        "new_chat_member": { "status": "member", "user": user },
        "invite_link": {
            "invite_link": link, "creator": creator, "creates_join_request": false, "is_primary": false,
            "is_revoked": false, "member_limit": 1,
        },
    });
    json!({ "update_id": 1, "chat_member": change }).to_string()
}

#[tokio::test]
async fn a_join_that_telegram_sends_is_heard() {
    let house = told_by_webhook().await;
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    let ann = house.person().await;
    assert_eq!(house.join(ann, &link).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
}

#[tokio::test]
async fn what_others_send_is_not_even_read() {
    let house = told_by_webhook().await;
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    let path = format!("/telegram/{}", house.bot);
    let long = format!("x-telegram-bot-api-secret-token: {}\r\n", "a".repeat(8_000));
    let empty = "x-telegram-bot-api-secret-token: \r\n";
    let guessed = "x-telegram-bot-api-secret-token: guessed\r\n";
    let check = async |path: &str, headers: &str, body: &str, expected: &str| {
        let answer = house.send(path, headers, body).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected} ")), "{path} {headers}: {answer}");
    };
    let forged = forged_join(&house, house.person().await, &link);
    for secret in ["", empty, guessed, long.as_str()] {
        check(&path, &format!("{JSON}{secret}"), &forged, "401").await;
    }
    // Whether there is such a bot is not told.
    for elsewhere in
        ["/telegram/1", "/telegram/0", "/telegram/owl", "/telegram/-7", "/telegram/99999999999999999999"]
    {
        check(elsewhere, &format!("{JSON}{guessed}"), &forged, "401").await;
    }
    check(&path, "content-type: text/plain\r\n", &forged, "415").await;
    check(&path, "", &forged, "415").await;
    check(&path, JSON, &"x".repeat(10 << 20), "413").await;
    assert_eq!(fan.link().await, link, "nobody came");
}

#[tokio::test]
async fn an_update_that_comes_twice_or_much_later_changes_nothing() {
    let house = told_by_webhook().await;
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    house.control("faults", json!({ "method": "*", "kind": "duplicate", "times": 9 })).await;
    let ann = house.person().await;
    assert_eq!(house.join(ann, &link).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
    house.leave(ann).await;
    fan.reads("You were in, and left.").await;
    let count = async || {
        let hash = links::Parser::telegram().and_host(&house.telegram).unwrap().parse(&link).unwrap();
        house.store.ledger_by_hash(&hash).await.unwrap().unwrap().1.len()
    };
    assert_eq!(count().await, 1);
}

#[tokio::test]
async fn updates_of_a_bot_that_is_not_ours_any_more_are_let_go() {
    let house = told_by_webhook().await;
    house.fan().await.pass().await;
    house.store.forget_bot(house.bot, "maria", house.now()).await.unwrap();
    let ann = house.person().await;
    eventually("an update is let go", async || {
        house.write_to_bot(ann, "Are you there?").await;
        house
            .metrics()
            .await
            .lines()
            .any(|line| line.strip_prefix("admit_stray_updates_total ").is_some_and(|count| count != "0"))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_happens_in_a_chat_of_nobody_is_taken_and_ignored() {
    let house = told_by_webhook().await;
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    let bots = json!([{ "id": house.bot.get(), "rights": ["can_invite_users"] }]);
    let strange =
        json!({ "kind": "supergroup", "title": "Elsewhere", "username": "elsewhere", "bots": bots });
    let elsewhere = house.control("chats", strange).await["chat_id"].clone();
    let ann = house.person().await;
    house.control(&format!("people/{ann}/join"), json!({ "chat_id": elsewhere })).await;
    assert_eq!(house.join(ann, &link).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
}
