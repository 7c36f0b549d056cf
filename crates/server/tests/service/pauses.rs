//! A gate takes no answers for a while, or never again; who holds a pass holds it still.

use crate::house::House;
use serde_json::json;
use store::GateState;

#[tokio::test]
async fn whoever_holds_a_pass_is_led_to_it_though_the_gate_is_paused() {
    let house = House::with(json!({ "pool": 1 })).await;
    let (mut ann, mut ben) = (house.fan().await, house.fan().await);
    let link = ann.pass().await;
    let gate = house.store.gate(&"night-owls".parse().unwrap()).await.unwrap().unwrap();
    house.store.set_gate_state(&gate, GateState::Paused, "maria", house.now()).await.unwrap();
    let answer = ann.answer("owl").await;
    assert!(answer.contains("location: /g/night-owls/pass"), "{answer}");
    assert_eq!(ann.link().await, link);
    // The same form once more, from before there was a cookie.
    ann.cookie.clear();
    let answer = ann.answer("cat").await;
    assert!(answer.contains("location: /g/night-owls/pass"), "{answer}");
    assert_eq!(ann.link().await, link);
    let answer = ben.answer("owl").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("This gate is paused."), "{answer}");
}
