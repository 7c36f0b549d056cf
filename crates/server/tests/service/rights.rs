//! The bot loses what it needs, and gets it back.

use crate::house::{House, eventually};
use serde_json::json;

#[tokio::test]
async fn who_passes_while_the_bot_may_not_invite_waits_and_is_served_first() {
    let house = House::with(json!({ "pool": 0 })).await;
    let owner = house.owner().await;
    house.write_to_bot(owner, "/start").await;
    let rights = async |rights: serde_json::Value| {
        let body = json!({ "id": house.bot.get(), "rights": rights });
        house.control(&format!("chats/{}/bot", house.chat), body).await;
    };
    // It had them, so that their loss is one.
    let mut first = house.fan().await;
    first.pass().await;
    rights(json!(["can_restrict_members"])).await;
    eventually("the owner is told", async || {
        house.inbox(owner).await.contains("I may not make invitations to Night Owls any more").then_some(())
    })
    .await;
    let mut fan = house.fan().await;
    assert!(fan.answer("owl").await.starts_with("HTTP/1.1 303"));
    let page = fan.page().await;
    assert!(page.contains("you are number 1 in the queue"), "{page}");
    assert!(page.contains("The bot may not make invitations there"), "{page}");
    // Another right comes, and what is lacking is lacking still.
    rights(json!(["can_restrict_members", "can_pin_messages"])).await;
    rights(json!(["can_invite_users", "can_restrict_members"])).await;
    let link = fan.link().await;
    assert_eq!(house.inbox(owner).await.matches("any more").count(), 1);
    let ann = house.person().await;
    assert_eq!(house.join(ann, &link).await, "joined");
}

#[tokio::test]
async fn who_waits_for_what_may_not_be_given_takes_no_turn() {
    let house = House::with(json!({ "pool": 1 })).await;
    eventually("there is a pool", async || {
        let gate = house.gate().await;
        let until = gate.gate.promised_until(house.now());
        let stock = house.store.stock(gate.id, house.chat, house.bot, until, 9).await.unwrap();
        (stock.free == 1).then_some(())
    })
    .await;
    house.appoint(json!({ "rights": ["can_restrict_members"] })).await;
    eventually("the right is lost", async || {
        (!house.store.may_give(house.bot, house.chat).await.unwrap()).then_some(())
    })
    .await;
    let turns = || house.number("select turns from gates");
    let before = turns();
    // Whoever answers has the maker look, and waits for it.
    for _ in 0..2 {
        let mut fan = house.fan().await;
        assert!(fan.answer("owl").await.starts_with("HTTP/1.1 303"));
    }
    assert_eq!(turns(), before);
}
