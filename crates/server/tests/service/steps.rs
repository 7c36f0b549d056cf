//! Many guess at a gate; who shows an account is heard all the same.

use crate::house::{House, between, eventually};
use serde_json::json;

#[tokio::test]
async fn when_many_guess_an_honest_fan_shows_an_account() {
    let house = House::with(json!({ "guesses": { "per_minute": 1, "per_hour": 10 } })).await;
    let wrong = house.fan().await.answer("cat").await;
    assert!(wrong.contains("That is not right."), "{wrong}");
    let mut fan = house.fan().await;
    // Right or wrong, it is said in the same words.
    let held = fan.answer("owl").await;
    let also_held = house.fan().await.answer("cat").await;
    for page in [&held, &also_held] {
        assert!(page.contains("Many wrong answers are coming in"), "{page}");
        assert!(!page.contains("data-invite"), "{page}");
    }
    assert!(held.contains("value=\"owl\""), "what was typed is still there: {held}");
    let ann = house.person().await;
    // Somebody else's words open nothing.
    house.write_to_bot(ann, "/start forged").await;
    house.shows(&mut fan, ann).await;
    let link = fan.pass().await;
    // The pass is Ann's now, and nobody else's.
    let ben = house.person().await;
    assert_eq!(house.join(ben, &link).await, "joined");
    fan.reads("Somebody else came in by your invitation").await;
    eventually("the stranger is out", async || (!house.is_in(ben).await).then_some(())).await;
    fan.ask_again().await;
    let again = fan.link().await;
    assert_ne!(link, again);
    assert_eq!(house.join(ann, &again).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
}

async fn crowded() -> House {
    let house = House::with(json!({ "guesses": { "per_minute": 1, "per_hour": 1 }, "pool": 1 })).await;
    house.fan().await.answer("cat").await;
    house
}

#[tokio::test]
async fn who_only_presses_start_lends_their_account_to_nobody() {
    let house = crowded().await;
    let (ann, mut hers) = (house.person().await, house.fan().await);
    house.shows(&mut hers, ann).await;
    let link = hers.pass().await;
    // Somebody sends Ann the link of another page, and she presses Start.
    let mut other = house.fan().await;
    let button = house.starts(&mut other, ann).await;
    let told = house.is_told(ann, "A browser wants to be known as you").await.to_string();
    assert!(told.contains("Night Owls") && told.contains("Only press this if you opened"), "{told}");
    let held = other.answer("owl").await;
    assert!(held.contains("Many wrong answers are coming in"), "{held}");
    assert!(other.page().await.contains("There is no pass for this browser"));
    // It is a browser of her own, and she says so.
    house.press(ann, &button).await;
    house.is_told_so_often(ann, "I know who you are now", 2).await;
    assert!(other.answer("owl").await.starts_with("HTTP/1.1 303"));
    assert_eq!(other.link().await, link);
}

#[tokio::test]
async fn a_confirmation_is_good_for_whoever_was_asked_and_as_often_as_it_is_pressed() {
    let house = crowded().await;
    let (ann, ben, mut fan) = (house.person().await, house.person().await, house.fan().await);
    let button = house.starts(&mut fan, ann).await;
    // Ben comes to the button that Ann was shown.
    house.write_to_bot(ben, "/start").await;
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Yes", "callback_data": button["data"] }]] });
    let sent = json!({ "chat_id": ben, "text": "Press this", "reply_markup": keyboard });
    let sent = house.as_bot("sendMessage", sent).await["result"]["message_id"].clone();
    house.press(ben, &json!({ "message_id": sent, "data": button["data"] })).await;
    house.is_told(ben, "This button is too old, or not yours").await;
    assert!(fan.answer("owl").await.contains("Many wrong answers are coming in"));
    // Ben presses Start on the same page; then both say that it is theirs, and Ann says so first.
    let also_asked = house.starts(&mut fan, ben).await;
    for _ in 0..2 {
        house.press(ann, &button).await;
    }
    house.is_told_so_often(ann, "I know who you are now", 2).await;
    house.press(ben, &also_asked).await;
    house.is_told(ben, "Somebody else said before you").await;
    let link = fan.pass().await;
    assert_eq!(house.join(ann, &link).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
}

#[tokio::test]
async fn whoever_says_so_first_is_the_visitor_and_not_whoever_was_asked_first() {
    let house = crowded().await;
    let (ann, ben, mut fan) = (house.person().await, house.person().await, house.fan().await);
    let asked_first = house.starts(&mut fan, ben).await;
    house.leap(60).await;
    let button = house.starts(&mut fan, ann).await;
    house.press(ann, &button).await;
    house.is_told(ann, "I know who you are now").await;
    house.press(ben, &asked_first).await;
    house.is_told(ben, "Somebody else said before you").await;
    let link = fan.pass().await;
    assert_eq!(house.join(ann, &link).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
}

#[tokio::test]
async fn neither_start_nor_its_question_can_be_answered_for_ever() {
    let house = crowded().await;
    let (ann, mut fan) = (house.person().await, house.fan().await);
    let held = fan.answer("owl").await;
    let button = house.starts(&mut fan, ann).await;
    house.leap(3601).await;
    house.press(ann, &button).await;
    house.is_told(ann, "This button is too old, or not yours").await;
    let code = between(&held, "admit_demo_bot?start=", "\"");
    house.write_to_bot(ann, &format!("/start {code}")).await;
    house.is_told(ann, "The page that led you here was open for too long").await;
    house.fan().await.answer("cat").await;
    assert!(fan.answer("owl").await.contains("Many wrong answers are coming in"));
}
