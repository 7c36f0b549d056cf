//! Nobody listened for longer than Telegram remembers.

use crate::house::{Fan, House, eventually};
use serde_json::{Value, json};

const TWO_DAYS: i64 = 2 * 86_400;

/// A gate whose fans have to show an account, because somebody guessed.
async fn crowded(otherwise: Value) -> House {
    let mut lines = json!({ "guesses": { "per_minute": 1, "per_hour": 10 }, "pool": 1 });
    lines.as_object_mut().unwrap().extend(otherwise.as_object().unwrap().clone());
    let house = House::with(lines).await;
    house.fan().await.answer("cat").await;
    house
}

/// Somebody who showed this account, and passed.
async fn known(house: &House) -> (Fan<'_>, i64, String) {
    let (mut fan, person) = (house.fan().await, house.person().await);
    house.shows(&mut fan, person).await;
    let link = fan.pass().await;
    (fan, person, link)
}

#[tokio::test]
async fn whoever_is_known_and_came_unheard_of_is_found_to_be_in() {
    let house = crowded(json!({})).await;
    let (fan, ann, link) = known(&house).await;
    house.forget_while_away(TWO_DAYS, async || assert_eq!(house.join(ann, &link).await, "joined")).await;
    fan.reads("You are in. Your invitation was used").await;
    assert!(!fan.ask_again().await.contains("data-invite"));
    house.leave(ann).await;
    fan.reads("You were in, and left.").await;
    let ben = house.person().await;
    assert_eq!(house.join(ben, &link).await, "refused");
}

#[tokio::test]
async fn whoever_is_found_to_be_in_was_in_when_telegram_was_asked_however_late_it_answers() {
    let house = crowded(json!({})).await;
    let (fan, ann, link) = known(&house).await;
    // The bot is asked about, too.
    let late = json!({ "method": "getChatMember", "kind": "latency", "n": 3000, "times": 9 });
    house.control("faults", late).await;
    house.forget_while_away(TWO_DAYS, async || assert_eq!(house.join(ann, &link).await, "joined")).await;
    let is_about_ann = |line: &str| line.contains("\"late\"") && line.contains(&ann.to_string());
    eventually("Telegram is asked", async || house.ledger().await.lines().any(is_about_ann).then_some(()))
        .await;
    let now = house.now();
    house.leap(60).await;
    fan.reads("You are in. Your invitation was used").await;
    let used_at = house.number("select used_at from entries");
    assert!(used_at < now.get(), "{used_at} {now:?}");
}

#[tokio::test]
async fn whoever_is_known_and_is_not_in_gets_another_link_and_the_old_one_is_dead() {
    let house = crowded(json!({})).await;
    let (fan, ann, old) = known(&house).await;
    house.leap(TWO_DAYS).await;
    let new = eventually("there is another", async || {
        fan.ask_again().await;
        let page = fan.page().await;
        (page.contains("data-invite") && !page.contains(&old)).then_some(())
    });
    new.await;
    let ben = house.person().await;
    assert_eq!(house.join(ben, &old).await, "refused");
    assert_eq!(house.join(ann, &fan.link().await).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
}

#[tokio::test]
async fn a_link_that_may_have_been_used_in_the_gap_is_ended_though_its_time_is_not_over() {
    let house = House::with(json!({ "pool": 1, "link_life_seconds": 2_592_000 })).await;
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    let (ann, ben) = (house.person().await, house.person().await);
    house
        .forget_while_away(TWO_DAYS, async || {
            assert_eq!(house.join(ann, &link).await, "joined");
        })
        .await;
    let page = fan.reads("we could not see who came by it").await;
    assert!(!page.contains("data-invite") && !page.contains("Get a new invitation"), "{page}");
    house.leave(ann).await;
    eventually("it is dead", async || (house.join(ben, &link).await == "refused").then_some(())).await;
}

#[tokio::test]
async fn what_was_given_after_the_gap_is_not_doubted() {
    let house = House::with(json!({ "pool": 1 })).await;
    house.leap(TWO_DAYS).await;
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    let ann = house.person().await;
    house.leap(3600).await;
    assert_eq!(house.join(ann, &link).await, "joined");
    fan.reads("You are in. Your invitation was used").await;
}
