//! Replace the primary link after it leaked.
//!
//! Each administrator has one primary link to a chat, bots included. It cannot be edited, and a new one kills the
//! old one at once: whoever has it printed on a poster stands before a shut door.
//!
//! It prints:
//!
//! ```text
//! Ann, by the old one: joined
//! Bob, by the old one: refused
//! Bob, by the new one: joined
//! revoked, Telegram replaced it by another: true
//! ```

use admit_examples::{Demo, Result};
use admit_links::Links;

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let (bot, chat) = (&demo.bot, &demo.chat);
    let (ann, bob) = (demo.person("Ann").await?, demo.person("Bob").await?);

    let old = bot.rotate(chat).await?;
    println!("Ann, by the old one: {}", demo.join(ann, &old).await?);

    let new = bot.rotate(chat).await?;
    println!("Bob, by the old one: {}", demo.join(bob, &old).await?);
    println!("Bob, by the new one: {}", demo.join(bob, &new).await?);

    // A chat is never without a primary link: revoking it makes the next one.
    let revoked = bot.revoke(chat, &new).await?;
    println!("revoked, Telegram replaced it by another: {}", revoked.replaced_by.is_some());
    Ok(())
}
