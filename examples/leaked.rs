//! A link meant for Ann was forwarded, and Mallory came in: revoke first, then remove.
//!
//! In the other order somebody else could come in between. A ban alone would keep Mallory out for ever; lifting it
//! at once leaves her out, and free to come back by a link of her own.
//!
//! It prints:
//!
//! ```text
//! Mallory taps Ann's link: joined
//! she is not Ann: the link is revoked, and she is removed
//! Mallory taps it again: refused
//! Mallory, by a link of her own: joined
//! ```

use admit_examples::{Demo, Result};
use admit_links::{Chat, Event, LinkUrl, Links, Terms, UserId};
use admit_telegram::bot_api::Client;
use admit_telegram::bot_api::methods::{BanChatMember, UnbanChatMember};
use admit_telegram::bot_api::updates::{KINDS, event};

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let (bot, chat) = (&demo.bot, &demo.chat);
    let (ann, mallory) = (demo.person("Ann").await?, demo.person("Mallory").await?);
    let pass = bot.create(chat, &Terms::for_one(demo.tomorrow().await?)).await?;
    println!("Mallory taps Ann's link: {}", demo.join(mallory, &pass.url).await?);

    for update in bot.updates(KINDS).after(None).await? {
        if let Some(Event::Joined(joined)) = event(&update)
            && joined.person.id != ann
        {
            turn_out(bot, chat, &pass.url, joined.person.id).await?;
            println!("she is not Ann: the link is revoked, and she is removed");
        }
    }

    println!("Mallory taps it again: {}", demo.join(mallory, &pass.url).await?);
    let her_own = bot.create(chat, &Terms::for_one(demo.tomorrow().await?)).await?;
    println!("Mallory, by a link of her own: {}", demo.join(mallory, &her_own.url).await?);
    Ok(())
}

/// Each of these three may be done again after a crash without harm.
async fn turn_out(bot: &Client, chat_id: &Chat, link: &LinkUrl, user_id: UserId) -> Result {
    bot.revoke(chat_id, link).await?;
    bot.call(&BanChatMember { chat_id, user_id, until_date: None, revoke_messages: None }).await?;
    bot.call(&UnbanChatMember { chat_id, user_id, only_if_banned: Some(true) }).await?;
    Ok(())
}
