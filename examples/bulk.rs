//! Many links at once: so many calls on their way at a time, and an honest account of each.
//!
//! The command line does this from a file, resumable after a crash: `admit link create --from guests.csv`.
//!
//! It prints:
//!
//! ```text
//! guest ...: the request was sent but its answer was lost: nobody knows whether it happened
//! 39 links for 40 guests
//! ```

use admit_examples::{Demo, Result};
use admit_links::{LinkName, Links, Terms};
use futures_util::{StreamExt, stream};
use serde_json::json;

/// On their way at the same time. More is not faster once Telegram starts to hold back.
const AT_ONCE: usize = 8;

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let (bot, chat) = (&demo.bot, &demo.chat);
    let expiry = demo.tomorrow().await?;
    let names = (1..=40).map(|number| LinkName::new(&format!("guest {number}")));
    let guests = names.collect::<Result<Vec<_>, _>>()?;

    // The first call that is held back holds back all of them, because they share what Telegram asked for.
    demo.stage(json!({ "method": "createChatInviteLink", "kind": "429", "n": 1 })).await?;
    // This one is done, and its answer never comes.
    demo.stage(json!({ "method": "createChatInviteLink", "kind": "lost" })).await?;

    let mut answers = stream::iter(&guests)
        .map(async |guest| {
            let terms = Terms::for_one(expiry).named(guest.clone());
            (guest, bot.create(chat, &terms).await)
        })
        .buffer_unordered(AT_ONCE);
    // In your program each link is written down as it comes, before anybody sees it.
    let mut links = Vec::new();
    while let Some((guest, answer)) = answers.next().await {
        match answer {
            Ok(link) => links.push(link),
            Err(why) => println!("{guest}: {why}"),
        }
    }
    println!("{} links for {} guests", links.len(), guests.len());
    Ok(())
}
