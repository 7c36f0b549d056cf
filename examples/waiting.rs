//! When Telegram asks to wait: within a call's time limit the client waits and you can say so; else you are told.
//!
//! It prints:
//!
//! ```text
//! Telegram asked to wait 1 s before createChatInviteLink
//! made, a little later: true
//! too long for a call of 10 s: come back in 60 s
//! meanwhile another chat: made
//! ```

use admit_examples::{Demo, Result};
use admit_links::{Chat, Links, Terms};
use admit_telegram::bot_api::{Client, Settings};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let there = Chat::from(demo.another_chat("supergroup", "The Other Owls").await?);

    // The limit is for one call with all its waits. Nobody slows the calls down until Telegram says so.
    let limit = Duration::from_secs(10);
    let settings = Settings { api_url: demo.at.bot_api.clone(), limit, ..Settings::default() };
    let bot = Client::new(demo.token()?, &settings)?.on_wait(Arc::new(|method, wait| {
        println!("Telegram asked to wait {:.0} s before {method}", wait.as_secs_f64());
    }));

    demo.stage(json!({ "method": "createChatInviteLink", "kind": "429", "n": 1 })).await?;
    let began = Instant::now();
    bot.create(&demo.chat, &Terms::open()).await?;
    println!("made, a little later: {}", began.elapsed() >= Duration::from_secs(1));

    demo.stage(json!({ "method": "createChatInviteLink", "kind": "429", "n": 60 })).await?;
    if let Err(why) = bot.create(&demo.chat, &Terms::open()).await {
        let seconds = why.retry_after_seconds().ok_or(why)?;
        println!("too long for a call of 10 s: come back in {seconds} s");
    }
    // Telegram holds back a method in a chat, and so does the client, in all its clones.
    bot.create(&there, &Terms::open()).await?;
    println!("meanwhile another chat: made");
    Ok(())
}
