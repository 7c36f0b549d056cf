//! Change a link without losing the rest of it.
//!
//! Telegram's own edit erases whatever it is not told. Here an edit says for each field to keep, set or clear it,
//! and is merged onto the link as it was: what `create` answered, which is worth keeping.
//!
//! It prints:
//!
//! ```text
//! made: spring, 5 at a time, expires true
//! renamed: summer, 5 at a time, expires true
//! wider: summer, 20 at a time, expires true
//! for ever: summer, 20 at a time, expires false
//! without the link as it was: the expiry would be erased: hand in the link as it was, or mention every field
//! all of it at once: autumn, without limit, expires false
//! ```

use admit_examples::{Demo, Result};
use admit_links::{
    Admission, AdmissionChange, Change, Edit, Entrance, Link, LinkName, Links, MemberLimit, Terms,
};

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let (bot, chat) = (&demo.bot, &demo.chat);

    let five = Admission::Instant { limit: Some(MemberLimit::new(5)?) };
    let terms = Terms { admission: five, ..Terms::for_one(demo.tomorrow().await?) };
    let link = bot.create(chat, &terms.named(LinkName::new("spring")?)).await?;
    show("made", &link);

    let rename = Edit { name: Change::Set(LinkName::new("summer")?), ..Edit::default() };
    let link = bot.edit(chat, &link.url, &rename, Some(&link)).await?;
    show("renamed", &link);

    let widen = Edit { admission: AdmissionChange::Limit(MemberLimit::new(20)?), ..Edit::default() };
    let link = bot.edit(chat, &link.url, &widen, Some(&link)).await?;
    show("wider", &link);

    let for_ever = Edit { expires_at: Change::Clear, ..Edit::default() };
    let link = bot.edit(chat, &link.url, &for_ever, Some(&link)).await?;
    show("for ever", &link);

    // Nothing is sent when something would be lost.
    if let Err(why) = bot.edit(chat, &link.url, &rename, None).await {
        println!("without the link as it was: {why}");
    }
    let replace = Edit::replace(Terms::open().named(LinkName::new("autumn")?));
    show("all of it at once", &bot.edit(chat, &link.url, &replace, None).await?);
    Ok(())
}

fn show(what: &str, link: &Link) {
    let name = link.name.as_ref().map_or("nameless", LinkName::as_str);
    let limit = match link.entrance {
        Entrance::Ordinary(Admission::Instant { limit: Some(limit) }) => format!("{} at a time", limit.get()),
        _ => "without limit".to_owned(),
    };
    println!("{what}: {name}, {limit}, expires {}", link.expires_at.is_some());
}
