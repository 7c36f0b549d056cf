//! One link, one person, once: revoke the link at its first join.
//!
//! A limit of one does not do it. It counts members at the same time, so the link works again as soon as its one
//! member leaves. Only a revoked link stays shut.
//!
//! It prints:
//!
//! ```text
//! Ann taps the link: joined
//! Ann came in, and the link is revoked
//! Ann leaves again
//! Bob taps the same link: refused
//! ```

use admit_examples::{Demo, Result};
use admit_links::{Chat, Event, Joined, LinkUrl, Links, Person, Terms, Way};
use admit_telegram::bot_api::Client;
use admit_telegram::bot_api::updates::{KINDS, event};

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let pass = demo.bot.create(&demo.chat, &Terms::for_one(demo.tomorrow().await?)).await?;

    let ann = demo.person("Ann").await?;
    println!("Ann taps the link: {}", demo.join(ann, &pass.url).await?);
    let person = revoke_at_first_join(&demo.bot, &demo.chat, &pass.url).await?;
    println!("{} came in, and the link is revoked", person.first_name);

    demo.leave(ann).await?;
    println!("Ann leaves again");
    let bob = demo.person("Bob").await?;
    println!("Bob taps the same link: {}", demo.join(bob, &pass.url).await?);
    Ok(())
}

/// Listens until somebody came in by the link, and ends it.
async fn revoke_at_first_join(bot: &Client, chat: &Chat, pass: &LinkUrl) -> Result<Person> {
    let updates = bot.updates(KINDS);
    // In your program this number is kept where it survives a crash: Telegram forgets what is done.
    let mut done = None;
    loop {
        for update in updates.after(done).await? {
            if let Some(Event::Joined(Joined { person, way: Way::Link(link), .. })) = event(&update)
                && link.url == *pass
            {
                // Revoking twice does no harm, so a crash between here and `done` does none either.
                bot.revoke(chat, pass).await?;
                return Ok(person);
            }
            done = Some(update.update_id);
        }
    }
}
