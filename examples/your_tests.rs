//! Test your own program against the sandbox: in the test's own process, with a clock that stands still until you
//! move it, and bad days that you stage.
//!
//! It prints:
//!
//! ```text
//! a link for an hour: Ann joined, and Bob an hour later was refused
//! an answer that is lost: OutcomeUnknown, and the chat has 2 links
//! the ledger: 2 links made, 1 joined, 1 refused, 1 fault struck
//! ```

use admit_examples::{Demo, Result};
use admit_links::{Expiry, Links, Terms, UnixTime};
use admit_sandbox::{ClockMode, Sandbox, Seed, Settings};
use serde_json::json;

#[tokio::main]
async fn main() -> Result {
    // One call. It listens on a port of its own, so tests run side by side, and ends when it is dropped. The same
    // number for `chance` draws the same tokens and links in every run.
    let settings =
        Settings { seed: Some(Seed::Demo), clock: ClockMode::Frozen, chance: 7, ..Settings::default() };
    let sandbox = Sandbox::start(settings).await?;
    // Where it is, and the bot's token, stand in `sandbox.announcement()`. People, time and faults are at its control
    // door, JSON over HTTP (`docs/sandbox.md`), which these examples reach through `Demo`.
    let demo = Demo::around(sandbox).await?;

    let in_an_hour = Expiry::new(UnixTime::new(demo.now().await?.get() + 3600))?;
    let open_for_an_hour = Terms { expires_at: Some(in_an_hour), ..Terms::open() };
    let link = demo.bot.create(&demo.chat, &open_for_an_hour).await?;
    let ann = demo.join(demo.person("Ann").await?, &link.url).await?;
    demo.advance(3600).await?;
    let bob = demo.join(demo.person("Bob").await?, &link.url).await?;
    println!("a link for an hour: Ann {ann}, and Bob an hour later was {bob}");

    demo.stage(json!({ "method": "createChatInviteLink", "kind": "lost" })).await?;
    if let Err(why) = demo.bot.create(&demo.chat, &Terms::open()).await {
        let known = demo.look(&format!("chats/{}", demo.chat)).await?;
        let links = known["links"].as_array().map_or(0, Vec::len);
        println!("an answer that is lost: {:?}, and the chat has {links} links", why.kind());
    }

    // What really happened, refused calls and staged faults included, one JSON object a line.
    let ledger = demo.ledger().await?;
    let calls =
        ledger.iter().filter(|it| it["method"] == "createChatInviteLink" && it["what"] == "call").count();
    let count = |what: &str| ledger.iter().filter(|it| it["what"] == what).count();
    println!(
        "the ledger: {calls} links made, {} joined, {} refused, {} fault struck",
        count("joined"),
        count("refused"),
        count("fault")
    );
    Ok(())
}
