//! What cannot be asked for: values that Telegram would refuse, or would quietly change.
//!
//! A value is checked when it is made, so that nothing is sent and the message names the rule.
//!
//! It prints:
//!
//! ```text
//! a limit of 0: a link can admit 1 to 99999 people at a time, not 0; leave the limit out to admit any number
//! a long name: a link's name has at most 32 characters and this has 33; Telegram would cut it without a word
//! what Telegram would make of it: "An evening of owls, and of thing"
//! a JavaScript time: `1790000000000` counts milliseconds; Telegram counts seconds: `1790000000`
//! a chat: `garden` names no chat: give its public name such as `@garden`, or its number such as `-1001234567890`
//! a person: `@ann` is no user id: give the person's number such as `123456789` (bots cannot look people up by name)
//! a token: a bot's token has a colon in it, such as `123456:ABC-DEF`; copy the whole of it from @BotFather
//! ```

use admit_examples::Result;
use admit_links::{Chat, Expiry, LinkName, MemberLimit, UnixTime, UserId};
use admit_telegram::bot_api::Token;
use std::fmt::Display;

fn main() -> Result {
    refused("a limit of 0", MemberLimit::new(0));
    let long = "An evening of owls, and of things";
    refused("a long name", LinkName::new(long));
    // For those who would rather have the name cut than the customer turned away.
    let cut = LinkName::clean(long).ok_or("nothing visible is left")?;
    println!("what Telegram would make of it: \"{cut}\"");
    refused("a JavaScript time", Expiry::new(UnixTime::new(1_790_000_000_000)));
    refused("a chat", "garden".parse::<Chat>());
    refused("a person", "@ann".parse::<UserId>());
    // It does not repeat what it was given, which might be most of a token.
    refused("a token", Token::new("123456ABC-DEF"));
    Ok(())
}

fn refused<T>(what: &str, made: Result<T, impl Display>) {
    if let Err(why) = made {
        println!("{what}: {why}");
    }
}
