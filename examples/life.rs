//! A link's life: active, used up, expired, revoked.
//!
//! Telegram does not tell bots how many came by a link, so a bot cannot see that it is used up. Whoever counts the
//! joins, as a ledger does, fills the count in.
//!
//! It prints:
//!
//! ```text
//! just made: Active
//! Ann came in, says the bot: Active
//! Ann came in, says whoever counted: UsedUp
//! two days later: Expired
//! Bob taps it: refused
//! revoked: Revoked
//! ```

use admit_examples::{Demo, Result};
use admit_links::{Link, Links, Terms};

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let link = demo.bot.create(&demo.chat, &Terms::for_one(demo.tomorrow().await?)).await?;
    // Expiry is a matter of the time, which is yours to say.
    println!("just made: {:?}", link.life(demo.now().await?));

    demo.join(demo.person("Ann").await?, &link.url).await?;
    println!("Ann came in, says the bot: {:?}", link.life(demo.now().await?));
    let link = Link { uses: Some(1), ..link };
    println!("Ann came in, says whoever counted: {:?}", link.life(demo.now().await?));

    demo.advance(2 * 86_400).await?;
    println!("two days later: {:?}", link.life(demo.now().await?));
    println!("Bob taps it: {}", demo.join(demo.person("Bob").await?, &link.url).await?);

    let revoked = demo.bot.revoke(&demo.chat, &link.url).await?;
    println!("revoked: {:?}", revoked.link.life(demo.now().await?));
    Ok(())
}
