//! What went wrong, and what to do about it: an error is named by what you can do next.
//!
//! It prints:
//!
//! ```text
//! too many calls: come back in 30 s, or let the client wait (Telegram asks to wait 30 s before this call)
//! no right: ask an administrator for `can_invite_users` (the right `can_invite_users` is missing in this chat)
//! a group that moved: note its new number -100... and go on (the group became a supergroup; its number is now -100...)
//! a dead link: forget the link and make another (the link is unknown here or not valid any more)
//! a lost answer: look before doing it again (the request was sent but its answer was lost: nobody knows whether it happened)
//! a token that was replaced: stop, nothing works until there is another (Telegram does not accept the bot's token)
//! ```

use admit_examples::{Demo, Result};
use admit_links::{Chat, Error, Kind, LinkUrl, Links, Terms};
use serde_json::json;

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let (bot, chat, terms) = (&demo.bot, &demo.chat, &Terms::open());

    // Longer than a call may take, so it is answered instead of waited for.
    let there = Chat::from(demo.another_chat("supergroup", "The Busy Owls").await?);
    demo.stage(json!({ "method": "createChatInviteLink", "kind": "429", "n": 30 })).await?;
    report("too many calls", bot.create(&there, terms).await);

    demo.grant(&["can_restrict_members"]).await?;
    report("no right", bot.create(chat, terms).await);
    demo.grant(&["can_invite_users"]).await?;

    let group = demo.another_chat("group", "The Old Owls").await?;
    demo.control(&format!("chats/{group}/migrate"), json!({})).await?;
    report("a group that moved", bot.create(&group.into(), terms).await);

    report("a dead link", bot.revoke(chat, &LinkUrl::new("https://t.me/+aaaaaaaaaaaaaaaa")).await);

    demo.stage(json!({ "method": "createChatInviteLink", "kind": "lost" })).await?;
    report("a lost answer", bot.create(chat, terms).await);

    demo.control(&format!("bots/{}/token", demo.token()?.bot_id().unwrap_or_default()), json!({})).await?;
    report("a token that was replaced", bot.create(chat, terms).await);
    Ok(())
}

fn report<T>(what: &str, answer: Result<T, Error>) {
    if let Err(error) = answer {
        // `source()` has what Telegram said, word for word, for the log.
        println!("{what}: {} ({error})", what_to_do(&error));
    }
}

/// The kinds there are stand at `admit_links::Kind`; these are the ones a program meets first.
fn what_to_do(error: &Error) -> String {
    match error.kind() {
        Kind::Wait { seconds } => format!("come back in {seconds} s, or let the client wait"),
        Kind::MissingRight(right) => format!("ask an administrator for `{right}`"),
        Kind::ChatMoved { to } => format!("note its new number {to} and go on"),
        Kind::LinkDead => "forget the link and make another".to_owned(),
        // Doing it again might make a second link, which nobody would revoke.
        Kind::OutcomeUnknown => "look before doing it again".to_owned(),
        Kind::TokenDead => "stop, nothing works until there is another".to_owned(),
        _ if error.is_retryable() => "try again later".to_owned(),
        _ => "tell whoever runs this".to_owned(),
    }
}
