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
    let code = between(&held, "admit_demo_bot?start=", "\"");
    let ann = house.person().await;
    // Somebody else's words open nothing.
    house.write_to_bot(ann, "/start forged").await;
    house.write_to_bot(ann, &format!("/start {code}")).await;
    eventually("the bot answers", async || {
        house.inbox(ann).await.contains("I know who you are now").then_some(())
    })
    .await;
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
