//! Messages, and the buttons under them.

use super::call::{Access, Call, Outcome, Place};
use crate::bot_api::answer::{Answer, Failure};
use crate::world::{ChatKind, Office, Refusal, SendTo, Word};
use telegram::bot_api::types;

pub(super) fn send_message(call: &mut Call) -> Outcome {
    let text = call.arguments.text("text").map(str::to_owned);
    let text = text.ok_or_else(|| Failure::bad("strings must be encoded in UTF-8"))?;
    if text.trim().is_empty() {
        return Err(Failure::bad("message text is empty"));
    }
    if text.len() > 32_768 {
        return Err(Failure::bad("text is too long"));
    }
    let markup = match call.arguments.bytes("reply_markup") {
        b"" => None,
        raw => {
            let keyboard = serde_json::from_slice::<types::InlineKeyboardMarkup>(raw);
            Some(keyboard.map_err(|_| Failure::bad("can't parse reply keyboard markup JSON object"))?)
        }
    };
    let to = match call.chat(Access::Write)? {
        Place::Person(person) => SendTo::Person(person),
        Place::Chat(chat) => {
            let at = call.at(chat);
            let may_post = match at.office(call.bot) {
                Some(Office::Administrator(rights)) => rights.has("can_post_messages"),
                _ => false,
            };
            if at.kind == ChatKind::Channel && !may_post {
                return Err(Failure::bad("need administrator rights in the channel chat"));
            }
            SendTo::Chat(chat)
        }
    };
    if text.chars().count() > 4096 {
        return Err(Failure::bad("message is too long"));
    }
    let sent = call.world.send(call.bot, to, &text, markup).map_err(|refusal| match refusal {
        Refusal::NeverMet => Failure::bad("chat not found"),
        Refusal::IsBot => Failure::forbidden("the bot can't send messages to the bot"),
        Refusal::Deleted => Failure::forbidden("user is deactivated"),
        Refusal::Blocked => Failure::forbidden("bot was blocked by the user"),
        Refusal::NotStarted => Failure::forbidden("bot can't initiate conversation with a user"),
    })?;
    Ok(Answer::of(&sent))
}

pub(super) fn answer_callback(call: &mut Call) -> Outcome {
    let id = call.arguments.long("callback_query_id");
    if call.world.answer_press(call.bot, id) {
        Ok(Answer::yes())
    } else {
        Err(Word("QUERY_ID_INVALID").into())
    }
}
