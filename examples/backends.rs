//! One trait for everything Telegram has on links, and honesty about what a backend of it can do.
//!
//! A bot can do less than a user session. What it lacks is answered by an error that names what has it.
//!
//! It prints:
//!
//! ```text
//! a bot can create links, edit links, revoke links, rotate the primary link, create subscription links, rename subscription links, decide requests
//! a bot cannot list links, look a link up, delete links, delete all revoked links, list who came by a link, list who waits, decide all requests at once, count links per administrator, look at a link without joining
//! all the same: a bot cannot list links: a user session can, and a ledger knows the links made through it
//! ```

use admit_examples::{Demo, Result};
use admit_links::{Chat, LinkFilter, Links, Operation};
use futures_util::TryStreamExt;

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    // `dyn Links` is all your program needs to know, so that another backend is another line here and nowhere else.
    let links: Box<dyn Links> = Box::new(demo.bot.clone());
    introduce(&*links, &demo.chat).await
}

async fn introduce(links: &dyn Links, chat: &Chat) -> Result {
    let (can, cannot): (Vec<_>, Vec<_>) = Operation::ALL.into_iter().partition(|&it| links.can(it));
    println!("{} can {}", links.backend(), in_a_row(&can));
    println!("{} cannot {}", links.backend(), in_a_row(&cannot));

    // Lists are streams: they go on asking Telegram while you go on reading.
    match links.list(chat, &LinkFilter::default()).try_collect::<Vec<_>>().await {
        Ok(list) => println!("{} links", list.len()),
        Err(why) => println!("all the same: {why}"),
    }
    Ok(())
}

fn in_a_row(operations: &[Operation]) -> String {
    operations.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", ")
}
