//! Write to somebody who asks to be let in, with buttons, and decide by the one they press.
//!
//! For five minutes a bot may write to whoever asked, even if they never started it.
//!
//! It prints:
//!
//! ```text
//! Ann asks: requested
//! Ann reads: Which bird hunts at night? [owl] [lark]
//! Ann presses: owl
//! Ann is let in: true
//! ```

use admit_examples::{Demo, Result};
use admit_links::{Chat, Event, Links, Request, Terms, UserId, Verdict};
use admit_telegram::bot_api::Client;
use admit_telegram::bot_api::methods::{AnswerCallbackQuery, SendMessage};
use admit_telegram::bot_api::types::{InlineKeyboardButton, InlineKeyboardMarkup, Message, UpdateKind};
use admit_telegram::bot_api::updates::event;
use serde_json::json;

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let (bot, chat) = (&demo.bot, &demo.chat);
    let link = bot.create(chat, &Terms::by_request()).await?;
    let ann = demo.person("Ann").await?;
    println!("Ann asks: {}", demo.join(ann, &link.url).await?);

    // Buttons come as an update of their own, so it is asked for beside the requests.
    let updates = bot.updates(&["chat_join_request", "callback_query"]);
    let mut done = None;
    while !demo.is_in(ann).await? {
        for update in updates.after(done).await? {
            done = Some(update.update_id);
            if let Some(Event::Asked(Request { write_to: Some(write_to), .. })) = event(&update) {
                let sent = ask(bot, &write_to.into()).await?;
                println!("Ann reads: {} [owl] [lark]", sent.text.unwrap_or_default());
                let press = json!({ "message_id": sent.message_id, "data": "owl" });
                demo.control(&format!("people/{ann}/press"), press).await?;
            }
            if let UpdateKind::CallbackQuery(pressed) = update.kind {
                thank(bot, &pressed.id).await?;
                let said = pressed.data.unwrap_or_default();
                println!("Ann presses: {said}");
                let verdict = if said == "owl" { Verdict::Approve } else { Verdict::Decline };
                bot.decide(chat, UserId::new(pressed.from.id)?, verdict).await?;
            }
        }
    }
    println!("Ann is let in: {}", demo.is_in(ann).await?);
    Ok(())
}

async fn ask(bot: &Client, chat_id: &Chat) -> Result<Message> {
    let buttons = InlineKeyboardMarkup { inline_keyboard: vec![vec![button("owl"), button("lark")]] };
    let question = SendMessage {
        chat_id,
        text: "Which bird hunts at night?",
        reply_markup: Some(&buttons),
        protect_content: Some(true), // No forwarding and no saving.
        parse_mode: None,
        disable_notification: None,
    };
    Ok(bot.call(&question).await?)
}

/// Until it is answered, the button goes on spinning.
async fn thank(bot: &Client, callback_query_id: &str) -> Result {
    let text = Some("Thank you!");
    let answer =
        AnswerCallbackQuery { callback_query_id, text, show_alert: None, url: None, cache_time: None };
    bot.call(&answer).await?;
    Ok(())
}

fn button(text: &str) -> InlineKeyboardButton {
    InlineKeyboardButton { text: text.to_owned(), callback_data: Some(text.to_owned()), ..Default::default() }
}
