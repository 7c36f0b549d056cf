//! Listen to what happens at the door: who asks, who comes by which link, who goes, what the bot may do.
//!
//! It prints:
//!
//! ```text
//! the bot may make links: true
//! Ann asks to be let in, by the link "tour"
//! Ann came in by the link "tour", let in by an administrator
//! Ann left, banned: false
//! the bot may make links: false
//! ```

use admit_examples::{Demo, Result};
use admit_links::{Event, Joined, Left, Link, LinkName, Links, Request, Right, Terms, Verdict, Way};
use admit_telegram::bot_api::updates::{KINDS, event};

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let (bot, chat) = (&demo.bot, &demo.chat);
    let link = bot.create(chat, &Terms::by_request().named(LinkName::new("tour")?)).await?;
    let ann = demo.person("Ann").await?;
    demo.join(ann, &link.url).await?;
    bot.decide(chat, ann, Verdict::Approve).await?;
    demo.leave(ann).await?;
    demo.grant(&[]).await?;

    // One long poll at a time; Telegram answers the second ear of a bot with a conflict. Who joins and leaves comes
    // only to bots that ask for `chat_member`, which `KINDS` does.
    let updates = bot.updates(KINDS);
    let mut done = None;
    loop {
        // In order, and again from the start until they are `done`: note that where it survives a crash, after what
        // the update meant was carried out.
        for update in updates.after(done).await? {
            match event(&update) {
                Some(Event::Asked(Request { person, link, .. })) => {
                    println!("{} asks to be let in, {}", person.first_name, by(link.as_ref()));
                }
                Some(Event::Joined(Joined { person, by: who, way: Way::Link(link), .. })) => {
                    let let_in = if who == person.id { "" } else { ", let in by an administrator" };
                    println!("{} came in {}{let_in}", person.first_name, by(Some(&link)));
                }
                Some(Event::Left(Left { person, banned, .. })) => {
                    println!("{} left, banned: {banned}", person.first_name);
                }
                Some(Event::RightsChanged { standing, .. }) => {
                    println!("the bot may make links: {}", standing.may(Right::InviteUsers));
                    if !standing.may(Right::InviteUsers) {
                        return Ok(());
                    }
                }
                // Other ways in, a group that moved, questions to a guard bot, and what is not about links.
                _ => {}
            }
            done = Some(update.update_id);
        }
    }
}

fn by(link: Option<&Link>) -> String {
    let name = link.and_then(|link| link.name.as_ref());
    name.map_or("by no link of ours".to_owned(), |name| format!("by the link \"{name}\""))
}
