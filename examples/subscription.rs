//! Sell membership of a channel for Stars.
//!
//! Channels only, thirty days at a time, without limit, expiry or asking. The price stays for ever; the name may
//! change.
//!
//! It prints:
//!
//! ```text
//! a supergroup: this kind of chat cannot do that
//! a channel: 50 Stars every 30 days, named "fans"
//! renamed: "friends", still 50 Stars
//! 0 Stars: a subscription costs 1 to 10000 Stars a month, not 0
//! ```

use admit_examples::{Demo, Result};
use admit_links::{Chat, Entrance, LinkName, Links, Pricing, Subscription};

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let bot = &demo.bot;
    let fans = Subscription { name: Some(LinkName::new("fans")?), pricing: Pricing::monthly(50)? };

    if let Err(why) = bot.create_subscription(&demo.chat, &fans).await {
        println!("a supergroup: {why}");
    }
    let channel = Chat::from(demo.another_chat("channel", "The Daily Owl").await?);
    let link = bot.create_subscription(&channel, &fans).await?;
    if let (Entrance::Paid(price), Some(name)) = (link.entrance, &link.name) {
        let days = price.period_seconds() / 86_400;
        println!("a channel: {} Stars every {days} days, named \"{name}\"", price.stars());
    }

    let link = bot.rename_subscription(&channel, &link.url, Some(&LinkName::new("friends")?)).await?;
    if let (Entrance::Paid(price), Some(name)) = (link.entrance, &link.name) {
        println!("renamed: \"{name}\", still {} Stars", price.stars());
    }

    // What Telegram would refuse cannot be asked for.
    if let Err(why) = Pricing::monthly(0) {
        println!("0 Stars: {why}");
    }
    Ok(())
}
