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
    rights(json!(["can_invite_users", "can_restrict_members"])).await;
    let link = fan.link().await;
    let ann = house.person().await;
    assert_eq!(house.join(ann, &link).await, "joined");
}
