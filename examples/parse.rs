//! Read an invite link in any spelling, or learn why it is none.
//!
//! Two links are the same if their hashes are. The hash is a bearer token like the link, so none of the reasons
//! repeats it.
//!
//! It prints:
//!
//! ```text
//! https://t.me/+AbCdEf0123456789 -> AbCdEf0123456789
//! t.me/joinchat/AbCdEf0123456789 -> AbCdEf0123456789
//! tg://join?invite=AbCdEf0123456789 -> AbCdEf0123456789
//! telegram.dog/+AbCdEf0123456789?single -> AbCdEf0123456789
//! https://t.me/garden -> this is a public name, which needs no invitation; an invite link has a `+` before its hash
//! https://t.me/+AbCdE... -> the end of this link is hidden, as Telegram does with links of another administrator; ask them for it
//! https://t.rne/+AbCdEf0123456789 -> `t.rne` is not where invite links lead; theirs are `t.me`, `telegram.me` and `telegram.dog`
//! at our own address -> AbCdEf0123456789
//! as Telegram spells it -> https://t.me/+AbCdEf0123456789
//! ```

use admit_examples::Result;
use admit_links::{Parser, parse};

fn main() -> Result {
    for text in [
        "https://t.me/+AbCdEf0123456789",
        "t.me/joinchat/AbCdEf0123456789",
        "tg://join?invite=AbCdEf0123456789",
        "telegram.dog/+AbCdEf0123456789?single",
        "https://t.me/garden",
        "https://t.me/+AbCdE...",
        "https://t.rne/+AbCdEf0123456789",
    ] {
        match parse(text) {
            Ok(hash) => println!("{text} -> {hash}"),
            Err(why) => println!("{text} -> {why}"),
        }
    }

    // The sandbox has an address of its own, and so may a test of yours.
    let parser = Parser::telegram().and_host("http://127.0.0.1:8081")?;
    let hash = parser.parse("http://127.0.0.1:8081/+AbCdEf0123456789")?;
    println!("at our own address -> {hash}");
    println!("as Telegram spells it -> {}", hash.url());
    Ok(())
}
