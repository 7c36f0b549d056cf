//! Let in the person you meant: one link for all, on which people ask, and an approval by user id.
//!
//! Such a link may be forwarded by anybody to anybody: it opens nothing by itself.
//!
//! It prints:
//!
//! ```text
//! Ann asks: requested
//! Mallory asks: requested
//! Ann is on the list: approved
//! Mallory is not: declined
//! in the chat: Ann true, Mallory false
//! ```

use admit_examples::{Demo, Result};
use admit_links::{Event, Kind, Links, Terms, Verdict};
use admit_telegram::bot_api::updates::{KINDS, event};

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let (bot, chat) = (&demo.bot, &demo.chat);
    let link = bot.create(chat, &Terms::by_request()).await?;

    let (ann, mallory) = (demo.person("Ann").await?, demo.person("Mallory").await?);
    println!("Ann asks: {}", demo.join(ann, &link.url).await?);
    println!("Mallory asks: {}", demo.join(mallory, &link.url).await?);

    let guests = [ann];
    let updates = bot.updates(KINDS);
    for update in updates.after(None).await? {
        let Some(Event::Asked(request)) = event(&update) else { continue };
        let person = request.person;
        let (verdict, said) = match guests.contains(&person.id) {
            true => (Verdict::Approve, "is on the list: approved"),
            false => (Verdict::Decline, "is not: declined"),
        };
        match bot.decide(chat, person.id, verdict).await {
            Ok(()) => println!("{} {said}", person.first_name),
            // They withdrew, or another administrator was faster. What we wanted to decide is decided.
            Err(why) if matches!(why.kind(), Kind::NobodyWaiting | Kind::AlreadyIn) => println!("{why}"),
            Err(why) => return Err(why.into()),
        }
    }
    println!("in the chat: Ann {}, Mallory {}", demo.is_in(ann).await?, demo.is_in(mallory).await?);
    Ok(())
}
