//! Call a method that is newer than this library: by name, or as a type of your own.
//!
//! It prints:
//!
//! ```text
//! by name: 200 {"ok":true,"result":[{"command":"pass","description":"Get your pass"}]}
//! as a type: /pass
//! a method nobody has: Telegram refused with 404: Not Found: method not found
//! ```

use admit_examples::{Demo, Result};
use admit_links::Right;
use admit_telegram::bot_api::methods::{BotCommandScope, Method, SetMyCommands};
use admit_telegram::bot_api::types::BotCommand;
use admit_telegram::pace::Effect;
use serde::Serialize;
use serde_json::json;

/// A method has a name, an answer, and an effect, which decides whether a call that failed is made again.
#[derive(Serialize)]
struct GetMyCommands {
    scope: BotCommandScope,
}

impl Method for GetMyCommands {
    const NAME: &'static str = "getMyCommands";
    const EFFECT: Effect = Effect::Read;
    type Answer = Vec<BotCommand>;
}

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let scope = BotCommandScope::AllPrivateChats;
    let commands = [BotCommand { command: "pass".to_owned(), description: "Get your pass".to_owned() }];
    demo.bot.call(&SetMyCommands { commands: &commands, scope: Some(scope), language_code: None }).await?;

    // By name the answer comes as it is, refusals included, and is made again only if nothing was sent.
    let arguments = json!({ "scope": { "type": "all_private_chats" } });
    let answer = demo.bot.call_raw("getMyCommands", &arguments).await?;
    println!("by name: {} {}", answer.status, String::from_utf8_lossy(&answer.body));

    let commands = demo.bot.call(&GetMyCommands { scope }).await?;
    println!("as a type: /{}", commands.iter().map(|it| it.command.as_str()).collect::<Vec<_>>().join(" /"));

    let answer = demo.bot.call_raw("getTeaReady", &json!({})).await?;
    if let Some(refusal) = answer.refusal(Right::Administrator) {
        println!("a method nobody has: {refusal}");
    }
    Ok(())
}
