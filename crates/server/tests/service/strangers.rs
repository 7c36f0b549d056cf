//! Somebody comes by a link that is not theirs.

use crate::house::{House, eventually};
use links::{LinkName, Links, Terms};
use serde_json::json;

/// A fan came in and left, and a stranger came by the same link before it could be revoked.
async fn slip_in(house: &House) -> (i64, i64) {
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    house.control("faults", json!({ "method": "revokeChatInviteLink", "kind": "429", "n": 1 })).await;
    let (owner, stranger) = (house.person().await, house.person().await);
    assert_eq!(house.join(owner, &link).await, "joined");
    house.leave(owner).await;
    assert_eq!(house.join(stranger, &link).await, "joined");
    fan.reads("You were in, and left.").await;
    (owner, stranger)
}

#[tokio::test]
async fn a_stranger_is_out_again_and_the_owner_of_the_chat_knows() {
    let house = House::with(json!({})).await;
    let owner = house.owner().await;
    house.write_to_bot(owner, "/start").await;
    let (_, stranger) = slip_in(&house).await;
    eventually("the stranger is out", async || (!house.is_in(stranger).await).then_some(())).await;
    // Telegram lifts the ban a second later: they may earn an invitation of their own.
    eventually("the stranger may come back", async || {
        house.at_telegram().await["banned"].as_array().unwrap().is_empty().then_some(())
    })
    .await;
    let link = house.fan().await.pass().await;
    assert_eq!(house.join(stranger, &link).await, "joined");
    let told = format!("Somebody (id {stranger}) came into Night Owls by an invitation");
    eventually("the owner is told", async || house.inbox(owner).await.contains(&told).then_some(())).await;
}

#[tokio::test]
async fn whoever_comes_by_a_link_that_the_owner_named_like_one_of_ours_is_no_stranger() {
    let house = House::with(json!({})).await;
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    let hash = house.links().parse(&link).unwrap();
    let marker = house.store.ledger_by_hash(&hash).await.unwrap().unwrap().0.marker;
    let named = Terms { name: Some(LinkName::new(&marker.to_string()).unwrap()), ..Terms::open() };
    let copy = house.account.create(&house.chat.into(), &named).await.unwrap();
    let (ann, ben) = (house.person().await, house.person().await);
    for guest in [ann, ben] {
        assert_eq!(house.join(guest, copy.url.as_str()).await, "joined");
    }
    let cy = house.person().await;
    assert_eq!(house.join(cy, &link).await, "joined", "nobody used it");
    fan.reads("You are in. Your invitation was used").await;
    assert_eq!(house.number("select used_by from entries"), cy);
    assert_eq!(house.number("select count(*) from strangers"), 0);
    assert!(house.is_in(ann).await && house.is_in(ben).await);
}

#[tokio::test]
async fn of_two_who_tap_at_once_one_stays() {
    let house = House::racy().await;
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    let (ann, ben) = (house.person().await, house.person().await);
    // The link is not ended before both are in.
    let late = json!({ "method": "revokeChatInviteLink", "kind": "latency", "n": 1000 });
    house.control("faults", late).await;
    assert_eq!(house.join(ann, &link).await, "joined");
    assert_eq!(house.join(ben, &link).await, "joined", "Telegram is not strict here");
    fan.reads("You are in. Your invitation was used").await;
    eventually("the second is out", async || (!house.is_in(ben).await).then_some(())).await;
    assert!(house.is_in(ann).await);
}

#[tokio::test]
async fn a_stranger_may_stay_where_the_gate_says_so() {
    let house = House::with(json!({ "stranger": "keep" })).await;
    let (_, stranger) = slip_in(&house).await;
    eventually("nobody is left to deal with", async || {
        let left = house.store.strangers(house.bot, house.chat, 9).await.unwrap();
        let links = house.store.to_revoke(house.bot, house.chat, 9).await.unwrap();
        (left.is_empty() && links.is_empty()).then_some(())
    })
    .await;
    assert!(house.is_in(stranger).await);
}

#[tokio::test]
async fn a_stranger_who_went_and_earned_an_invitation_stays_when_the_bot_may_remove_people_again() {
    let house = House::with(json!({})).await;
    let rights = async |rights: serde_json::Value| house.appoint(json!({ "rights": rights })).await;
    rights(json!(["can_invite_users"])).await;
    let (_, stranger) = slip_in(&house).await;
    let waiting = async || house.store.strangers(house.bot, house.chat, 9).await.unwrap().len();
    // Telegram refuses to remove them, and is left alone with it for a while.
    eventually("their link is dead", async || (waiting().await == 1).then_some(())).await;
    assert!(house.is_in(stranger).await);
    house.leave(stranger).await;
    let mut fan = house.fan().await;
    let own = fan.pass().await;
    assert_eq!(house.join(stranger, &own).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
    rights(json!(["can_invite_users", "can_restrict_members"])).await;
    house.leap(61).await;
    eventually("nobody is left to deal with", async || (waiting().await == 0).then_some(())).await;
    assert!(house.is_in(stranger).await);
}

#[tokio::test]
async fn a_stranger_whom_telegram_refuses_to_remove_holds_up_no_other() {
    let house = House::with(json!({ "pool": 2 })).await;
    let words = "Bad Request: GUEST_OF_HONOUR";
    let refuse = json!({ "method": "unbanChatMember", "kind": "4xx", "n": 400, "text": words, "times": 1 });
    house.control("faults", refuse).await;
    let (_, first) = slip_in(&house).await;
    eventually("Telegram refuses", async || house.ledger().await.contains(words).then_some(())).await;
    let (_, second) = slip_in(&house).await;
    eventually("the second is out", async || (!house.is_in(second).await).then_some(())).await;
    assert!(house.is_in(first).await);
    house.leap(6).await;
    eventually("the first is out", async || (!house.is_in(first).await).then_some(())).await;
}
