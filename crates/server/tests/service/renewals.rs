//! A link ends before it was used, and there is another.

use crate::house::{House, control, eventually};
use admit_server::Hearing;
use links::UnixTime;
use serde_json::json;
use store::LedgerLink;

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

/// The link that a pass has, and its end at Telegram.
async fn given(house: &House) -> (LedgerLink, i64) {
    let links = house.store.ledger(Default::default(), 10).await.unwrap();
    let link = links.into_iter().find(|link| link.pass.is_some()).unwrap();
    let known = house.at_telegram().await["links"].clone();
    let url = link.url.as_ref().unwrap().as_str();
    let at_telegram = known.as_array().unwrap().iter().find(|known| known["invite_link"] == url).unwrap();
    (link, at_telegram["expire_date"].as_i64().unwrap())
}

#[tokio::test]
async fn a_link_of_whose_edit_nobody_told_the_end_is_edited_when_its_fan_asks() {
    let house = House::with(json!({ "pool": 1 })).await;
    let mut fan = house.fan().await;
    fan.pass().await;
    for (longer, seconds) in [(false, -60), (true, 600)] {
        let (link, before) = given(&house).await;
        let until = UnixTime::new(link.expires_at.get() + seconds);
        // Whoever edits it is killed before Telegram is asked.
        assert!(house.store.intend_edit(&link, until, "maria", house.now()).await.unwrap());
        house.leap(31).await;
        assert!(fan.ask_again().await.contains("Telegram says that your invitation works"), "{longer}");
        let (link, at_telegram) = given(&house).await;
        assert_eq!((link.expires_at, link.expiry_wanted), (until, None));
        assert_eq!((at_telegram, at_telegram > before), (until.get(), longer));
    }
}

#[tokio::test]
async fn a_link_that_was_to_have_ended_by_now_is_replaced() {
    let house = House::with(json!({ "pool": 1 })).await;
    let mut fan = house.fan().await;
    let old = fan.pass().await;
    let (link, _) = given(&house).await;
    let soon = UnixTime::new(house.now().get() + 5);
    assert!(house.store.intend_edit(&link, soon, "maria", house.now()).await.unwrap());
    house.leap(31).await;
    eventually("there is another", async || {
        fan.ask_again().await;
        let page = fan.page().await;
        (page.contains("data-invite") && !page.contains(&old)).then_some(())
    })
    .await;
    let (ann, ben) = (house.person().await, house.person().await);
    assert_eq!(house.join(ben, &old).await, "refused");
    assert_eq!(house.join(ann, &fan.link().await).await, "joined");
}
