//! Make links: for one person at a time, for five, for whoever an administrator lets in, for everybody.
//!
//! It prints:
//!
//! ```text
//! for Ann: https://t.me/+..., one at a time, until tomorrow
//! for five: https://t.me/+..., at most 5 at a time
//! on request: https://t.me/+..., an administrator decides
//! for all: https://t.me/+..., anybody
//! ```

use admit_examples::{Demo, Result};
use admit_links::{Admission, Entrance, Link, LinkName, Links, MemberLimit, Terms};
use admit_telegram::bot_api::{Client, Settings, Token};

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;

    // A client is made once and cloned freely: clones share connections, and what Telegram asked to hold back.
    // In your program the token comes from the environment, and the settings stay as they are.
    let token = Token::new(demo.at.token.as_deref().unwrap_or_default())?;
    let settings = Settings { api_url: demo.at.bot_api.clone(), ..Settings::default() };
    let bot = Client::new(token, &settings)?;
    // The chat by number; a public one by name, too: `"@garden".parse()?`.
    let chat = demo.chat.to_string().parse()?;

    // Only administrators see a link's name.
    let for_ann = Terms::for_one(demo.tomorrow().await?).named(LinkName::new("for Ann")?);
    let five = Admission::Instant { limit: Some(MemberLimit::new(5)?) };
    let for_five = Terms { admission: five, ..Terms::open() };

    for (who, terms) in [
        ("for Ann", for_ann),
        ("for five", for_five),
        ("on request", Terms::by_request()),
        ("for all", Terms::open()),
    ] {
        let link = bot.create(&chat, &terms).await?;
        println!("{who}: {}, {}", link.url, in_words(&link));
    }
    Ok(())
}

/// A limit and asking exclude each other, and the types know it: there is no link here that has both.
fn in_words(link: &Link) -> String {
    let who = match link.entrance {
        Entrance::Ordinary(Admission::Instant { limit: Some(MemberLimit::ONE) }) => {
            "one at a time".to_owned()
        }
        Entrance::Ordinary(Admission::Instant { limit: Some(limit) }) => {
            format!("at most {} at a time", limit.get())
        }
        Entrance::Ordinary(Admission::Instant { limit: None }) => "anybody".to_owned(),
        Entrance::Ordinary(Admission::ByRequest) => "an administrator decides".to_owned(),
        Entrance::Paid(pricing) => format!("{} Stars a month", pricing.stars()),
    };
    if link.expires_at.is_some() { who + ", until tomorrow" } else { who }
}
