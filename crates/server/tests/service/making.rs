//! Links that were asked for, and of which nobody tells what came of it.

use crate::house::{House, eventually};
use serde_json::json;
use store::Intent;

#[tokio::test]
async fn what_was_asked_for_and_never_told_of_keeps_nobody_waiting_for_ever() {
    let house = House::with(json!({ "pool": 0 })).await;
    let gate = house.gate().await;
    // A database that went away between the intent and the answer leaves these.
    for number in 0..8 {
        let (chat, bot, marker) = (house.chat, house.bot, gate::Code::new([number; 16]));
        let intent = Intent {
            gate: gate.id,
            chat,
            bot,
            marker,
            fence: 1,
            expires_at: gate.gate.promised_until(house.now()),
        };
        house.store.intend(intent, house.now()).await.unwrap();
    }
    let mut fan = house.fan().await;
    assert!(fan.answer("owl").await.starts_with("HTTP/1.1 303"));
    assert!(fan.page().await.contains("you are number 1 in the queue"));
    house.leap(61).await;
    let (link, ann) = (fan.link().await, house.person().await);
    assert_eq!(house.join(ann, &link).await, "joined");
}

#[tokio::test]
async fn a_link_that_cannot_be_written_down_leaves_no_other_half_way() {
    let house = House::with(json!({ "pool": 0 })).await;
    house.run(
        "create trigger one_at_a_time before insert on links
        when exists (select 1 from links where state = 'making')
        begin
            select raise(abort, 'there is no room for two');
        end",
    );
    // The first is still being asked for when the others fail.
    let slow = json!({ "method": "createChatInviteLink", "kind": "latency", "n": 200, "times": 4 });
    house.control("faults", slow).await;
    let mut gate = (*house.gate().await.gate).clone();
    gate.pool = serde_json::from_value(json!(4)).unwrap();
    house.store.save_gate(&gate, house.bot, "maria", house.now()).await.unwrap();
    let gate = house.gate().await;
    eventually("the pool is full", async || {
        let until = gate.gate.promised_until(house.now());
        let stock = house.store.stock(gate.id, house.chat, house.bot, until, 10).await.unwrap();
        (stock.free == 4).then_some(())
    })
    .await;
}
