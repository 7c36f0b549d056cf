//! A link ends before it was used, and there is another.

use crate::house::{House, control};
use admit_server::Hearing;
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
async fn a_link_whose_use_may_have_been_missed_is_replaced_by_hand_only() {
    let house = House::with(json!({ "link_life_seconds": 60, "pool": 1 })).await;
    let mut fan = house.fan().await;
    let old = fan.pass().await;
    // Nobody listens for two days, and Telegram keeps nothing for longer than one.
    house.leap(TWO_DAYS).await;
    let answer = fan.ask_again().await;
    assert!(answer.contains("For some time we could not see who came by it"), "{answer}");
    assert!(!answer.contains("data-invite"), "{answer}");
    let page = fan.page().await;
    assert!(
        page.contains("we could not see who came by it") && !page.contains("Get a new invitation"),
        "{page}"
    );
    // Whoever answers for the chat gives another.
    let gate = house.store.gate(&"night-owls".parse().unwrap()).await.unwrap().unwrap();
    let pass = house.store.passes(Some(gate.id), None, 9).await.unwrap()[0].pass;
    let now = house.now();
    house.store.reissue(pass, house.chat, gate.gate.promised_until(now), Some("maria"), now).await.unwrap();
    assert_ne!(fan.link().await, old);
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
    let house = House::of(json!({ "pool": 1 }), Hearing::Asking, group).await;
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

#[tokio::test]
async fn a_page_that_was_open_for_too_long_leads_its_fan_to_their_pass() {
    let house = House::with(json!({})).await;
    let mut fan = house.fan().await;
    fan.pass().await;
    house.advance(TWO_DAYS).await;
    let answer = fan.answer("owl").await;
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    // Who has nothing to be led to is asked again.
    let mut late = house.fan().await;
    house.advance(TWO_DAYS).await;
    let answer = late.answer("owl").await;
    assert!(answer.contains("This page was open for too long."), "{answer}");
    late.cookie.clear();
    late.form = fan.form.clone();
    let answer = late.answer("owl").await;
    assert!(answer.contains("This page was open for too long."), "an old form alone is no key: {answer}");
}

#[tokio::test]
async fn while_somebody_edits_a_link_telegram_is_told_no_other_end_of_it() {
    let house = House::with(json!({ "pool": 1 })).await;
    let mut fan = house.fan().await;
    fan.pass().await;
    let link = async || {
        house.store.ledger(Default::default(), 10).await.unwrap().into_iter().find(|link| link.pass.is_some())
    };
    let given = link().await.unwrap();
    let until = links::UnixTime::new(given.expires_at.get() - 60);
    assert!(house.store.intend_edit(&given, until, "maria", house.now()).await.unwrap());
    fan.ask_again().await;
    assert!(!house.ledger().await.contains("editChatInviteLink"));
    house.store.edited(&given, until, until).await.unwrap();
    fan.ask_again().await;
    assert!(house.ledger().await.contains("editChatInviteLink"));
    assert_eq!(link().await.unwrap().expires_at, until);
}
