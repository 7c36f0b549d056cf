//! Somebody is known, and cannot or need not come in.

use crate::house::{House, eventually};
use serde_json::json;

async fn crowded() -> House {
    let house = House::with(json!({ "guesses": { "per_minute": 1, "per_hour": 10 }, "pool": 1 })).await;
    house.fan().await.answer("cat").await;
    house
}

#[tokio::test]
async fn a_member_who_shows_their_account_is_told_so_and_takes_no_link() {
    let house = crowded().await;
    let (ann, mut fan) = (house.person().await, house.fan().await);
    let link = house.as_bot("createChatInviteLink", json!({ "chat_id": house.chat.get() })).await;
    house.join(ann, link["result"]["invite_link"].as_str().unwrap()).await;
    house.shows(&mut fan, ann).await;
    let asked = async || house.ledger().await.matches("\"getChatMember\"").count();
    let before = asked().await;
    let answer = fan.answer("owl").await;
    assert!(answer.contains("you are a member already"), "{answer}");
    assert_eq!(asked().await, before + 1, "an answer waits for one look at most");
    assert_eq!(house.gate().await.issued, 0);
    // Out again, they may earn one.
    house.leave(ann).await;
    fan.pass().await;
}

#[tokio::test]
async fn somebody_who_is_banned_is_told_so_and_takes_no_link() {
    let house = crowded().await;
    let (ann, mut fan) = (house.person().await, house.fan().await);
    house.control(&format!("chats/{}/ban", house.chat), json!({ "user_id": ann })).await;
    house.shows(&mut fan, ann).await;
    let answer = fan.answer("owl").await;
    assert!(answer.contains("you are banned in the chat"), "{answer}");
    assert_eq!(house.gate().await.issued, 0);
}

#[tokio::test]
async fn somebody_who_is_banned_after_they_passed_learns_it_when_the_link_does_not_work() {
    let house = crowded().await;
    let (ann, mut fan) = (house.person().await, house.fan().await);
    house.shows(&mut fan, ann).await;
    let link = fan.pass().await;
    house.control(&format!("chats/{}/ban", house.chat), json!({ "user_id": ann })).await;
    assert_eq!(house.join(ann, &link).await, "refused");
    let answer = fan.ask_again().await;
    assert!(answer.contains("you are banned in the chat"), "{answer}");
}

#[tokio::test]
async fn somebody_who_was_in_and_was_banned_reads_it() {
    let house = House::with(json!({ "pool": 1 })).await;
    let (ann, mut fan) = (house.person().await, house.fan().await);
    let link = fan.pass().await;
    assert_eq!(house.join(ann, &link).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
    house.control(&format!("chats/{}/ban", house.chat), json!({ "user_id": ann })).await;
    fan.reads("an administrator banned you").await;
    eventually("it is dead", async || {
        let ben = house.person().await;
        (house.join(ben, &link).await == "refused").then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_telegram_will_not_say_of_one_it_is_asked_of_others() {
    let house = crowded().await;
    eventually("the chat is known", async || {
        house.store.chat(house.bot, house.chat).await.unwrap().filter(|chat| chat.title.is_some())
    })
    .await;
    let link = house.as_bot("createChatInviteLink", json!({ "chat_id": house.chat.get() })).await;
    let link = link["result"]["invite_link"].as_str().unwrap();
    let (ann, mut her) = (house.person().await, house.fan().await);
    let (ben, mut him) = (house.person().await, house.fan().await);
    house.join(ann, link).await;
    house.join(ben, link).await;
    house.shows(&mut her, ann).await;
    house.shows(&mut him, ben).await;
    let refuse =
        json!({ "method": "getChatMember", "kind": "4xx", "n": 400, "text": "Bad Request: SHY", "times": 1 });
    house.control("faults", refuse).await;
    assert!(her.answer("owl").await.starts_with("HTTP/1.1 303"));
    let answer = him.answer("owl").await;
    assert!(answer.contains("you are a member already"), "{answer}");
}
