//! What becomes of a chat: the bot is thrown out and comes back, the chat becomes public, an administrator ends a link.

use crate::house::{House, eventually};
use serde_json::json;
use store::GateState;

#[tokio::test]
async fn a_bot_that_comes_back_ends_what_was_out_meanwhile() {
    let house = House::with(json!({ "pool": 2 })).await;
    let owner = house.owner().await;
    house.write_to_bot(owner, "/start").await;
    let (mut fan, mut other) = (house.fan().await, house.fan().await);
    let (link, revoked) = (fan.pass().await, other.pass().await);
    eventually("the owner is known", async || house.store.owner(house.bot, house.chat).await.unwrap()).await;
    house.appoint(json!({ "status": "kicked" })).await;
    eventually("the owner is told", async || {
        let told = house.inbox(owner).await;
        (told.contains("2 of my invitations are out") && told.contains("only I can end them")).then_some(())
    })
    .await;
    // A pass is taken back, and somebody comes in and goes; nobody is there to end the links.
    let pass = house.store.passes(None, None, 9).await.unwrap()[0].pass;
    house.store.revoke_pass(pass, "maria", house.now()).await.unwrap();
    let (ann, ben) = (house.person().await, house.person().await);
    assert_eq!(house.join(ann, &link).await, "joined");
    house.leave(ann).await;
    // Who passes now waits, though there is a pool.
    let mut late = house.fan().await;
    assert!(late.answer("owl").await.starts_with("HTTP/1.1 303"));
    assert!(late.page().await.contains("you are number 1 in the queue"));

    house.appoint(json!({ "rights": ["can_invite_users", "can_restrict_members"] })).await;
    for dead in [&link, &revoked] {
        eventually("it is dead", async || {
            let links = house.at_telegram().await["links"].clone();
            let link = links.as_array().unwrap().iter().find(|link| link["invite_link"] == **dead).cloned();
            (link.unwrap()["is_revoked"] == true).then_some(())
        })
        .await;
        assert_eq!(house.join(ben, dead).await, "refused");
    }
    fan.reads("we could not see who came by it").await;
    other.reads("This pass was taken back.").await;
    let link = late.link().await;
    assert_eq!(house.join(ben, &link).await, "joined");
    late.reads("You are in. Your invitation was used").await;
}

#[tokio::test]
async fn a_gate_to_a_chat_that_became_public_is_paused_and_its_owner_told_why() {
    let house = House::with(json!({ "pool": 1 })).await;
    let owner = house.owner().await;
    house.write_to_bot(owner, "/start").await;
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    house.rename(Some("night_owls")).await;
    // The first thing that happens there shows its name.
    let ann = house.person().await;
    house.control(&format!("people/{ann}/join"), json!({ "chat_id": house.chat.get() })).await;
    eventually("it is paused", async || (house.gate().await.state == GateState::Paused).then_some(())).await;
    let told = eventually("the owner is told", async || {
        Some(house.inbox(owner).await).filter(|told| told.contains("is public now, as @night_owls"))
    })
    .await;
    assert!(told.contains("I paused the gate"), "{told}");
    let page = house.fan_at_a_closed_gate().await;
    assert!(page.contains("This gate is paused."), "{page}");
    // Private again: links that were out meanwhile are ended, and an operator opens the gate.
    house.rename(None).await;
    house.leap(700).await;
    let ben = house.person().await;
    fan.reads("we could not see who came by it").await;
    eventually("it is dead", async || (house.join(ben, &link).await == "refused").then_some(())).await;
}

#[tokio::test]
async fn what_an_operator_does_meanwhile_is_not_undone_by_a_pause() {
    let house = House::with(json!({ "pool": 0 })).await;
    let seen = house.gate().await;
    let now = house.now();
    let (store, gate) = (&house.store, &seen.gate);
    store.change_gate(gate, house.bot, seen.revision, "maria", now).await.unwrap().unwrap();
    assert!(!store.set_gate_state(&seen, GateState::Paused, "admit", now).await.unwrap());
    assert_eq!(house.gate().await.state, GateState::Open);
    let latest = house.gate().await;
    assert!(store.set_gate_state(&latest, GateState::Paused, "admit", now).await.unwrap());
    // And the other way round: who saw it open does not open it.
    assert!(!store.set_gate_state(&latest, GateState::Open, "maria", now).await.unwrap());
    assert_eq!(house.gate().await.state, GateState::Paused);
}

#[tokio::test]
async fn a_link_that_an_administrator_ended_is_replaced_and_one_that_works_is_not() {
    let house = House::with(json!({ "pool": 1 })).await;
    let mut fan = house.fan().await;
    let old = fan.pass().await;
    let answer = fan.ask_again().await;
    assert!(answer.contains("Telegram says that your invitation works"), "{answer}");
    assert_eq!(fan.link().await, old);
    // Telegram is not asked about one link again and again.
    let asked = house.ledger().await.matches("editChatInviteLink").count();
    fan.ask_again().await;
    assert_eq!(house.ledger().await.matches("editChatInviteLink").count(), asked);

    house.control(&format!("chats/{}/revoke", house.chat), json!({ "link": old })).await;
    house.advance(60).await;
    let new = eventually("there is another", async || {
        fan.ask_again().await;
        let page = fan.page().await;
        (page.contains("data-invite") && !page.contains(&old)).then_some(())
    });
    new.await;
    let ann = house.person().await;
    assert_eq!(house.join(ann, &fan.link().await).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
}

#[tokio::test]
async fn a_link_that_somebody_changed_by_hand_is_made_what_it_was() {
    let house = House::with(json!({ "pool": 1 })).await;
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    let changed = json!({ "chat_id": house.chat.get(), "invite_link": link, "creates_join_request": true });
    assert_eq!(house.as_bot("editChatInviteLink", changed).await["ok"], true);
    let ann = house.person().await;
    assert_eq!(house.join(ann, &link).await, "requested");
    assert!(fan.ask_again().await.contains("Telegram says that your invitation works"));
    // Its name was gone too; by that, and by its text, we know it.
    let ben = house.person().await;
    assert_eq!(house.join(ben, &link).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
}

#[tokio::test]
async fn a_link_whose_name_is_gone_is_known_by_its_text() {
    let house = House::with(json!({ "pool": 1 })).await;
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    let nameless = json!({ "chat_id": house.chat.get(), "invite_link": link, "member_limit": 1 });
    let answer = house.as_bot("editChatInviteLink", nameless).await;
    assert!(answer["result"]["name"].is_null(), "{answer}");
    let ann = house.person().await;
    assert_eq!(house.join(ann, &link).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
}
