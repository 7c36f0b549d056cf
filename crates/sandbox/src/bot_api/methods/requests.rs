//! Join requests: decided by an administrator, or by a guard bot that was asked.

use super::call::{Access, Call, Outcome, Place};
use crate::bot_api::answer::{Answer, Failure};
use crate::world::GuardAnswer;

pub(super) fn approve(call: &mut Call) -> Outcome {
    decide(call, true)
}

pub(super) fn decline(call: &mut Call) -> Outcome {
    decide(call, false)
}

fn decide(call: &mut Call, approve: bool) -> Outcome {
    let person = call.user_id()?;
    let chat = call.chat(Access::Write)?;
    let Place::Chat(chat) = chat else { return Err(Failure::bad("the chat can't have join requests")) };
    if !call.at(chat).may_invite(call.bot) {
        return Err(Failure::bad("not enough rights to manage chat join requests"));
    }
    if person >= 1 << 40 {
        return Err(Failure::bad("user not found"));
    }
    call.world.decide(call.bot, chat, person, approve)?;
    Ok(Answer::yes())
}

pub(super) fn answer_query(call: &mut Call) -> Outcome {
    let query = call.arguments.lossy("chat_join_request_query_id").into_owned();
    let answer = match &*call.arguments.lossy("result") {
        "approve" => GuardAnswer::Approve,
        "decline" => GuardAnswer::Decline,
        "queue" => GuardAnswer::Queue,
        _ => return Err(Failure::bad("invalid result specified")),
    };
    call.name_query(&query);
    call.world.answer_query(call.bot, &query, answer)?;
    Ok(Answer::yes())
}

pub(super) fn send_web_app(call: &mut Call) -> Outcome {
    let query = call.arguments.lossy("chat_join_request_query_id").into_owned();
    let url = call.arguments.lossy("web_app_url").into_owned();
    call.name_query(&query);
    if !(url.starts_with("https://") || (!call.strict && url.starts_with("http://"))) {
        return Err(Failure::bad("Web App URL must be HTTPS"));
    }
    call.world.show_web_app(call.bot, &query, url)?;
    Ok(Answer::yes())
}
