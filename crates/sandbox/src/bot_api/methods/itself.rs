//! What a bot may ask and say about itself: who it is, its commands, and that it goes.

use super::call::{Call, Outcome};
use crate::bot_api::answer::{Answer, Failure};
use crate::world::to_json;
use telegram::bot_api::types;

pub(super) fn get_me(call: &mut Call) -> Outcome {
    let user = call.world.user(call.bot);
    let me = types::Me {
        id: user.id,
        is_bot: true,
        first_name: user.first_name,
        username: user.username,
        can_join_groups: true,
        supports_join_request_queries: call.world.bot(call.bot).is_some_and(|bot| bot.guard),
        ..types::Me::default()
    };
    Ok(Answer::of(&me))
}

/// How long a bot may not come back after `logOut`, and may not `close` after its launch.
const TEN_MINUTES: i64 = 600;

pub(super) fn log_out(call: &mut Call) -> Outcome {
    call.bot_mut().logged_out_until = call.world.now + TEN_MINUTES;
    Ok(Answer::yes())
}

pub(super) fn close(call: &mut Call) -> Outcome {
    let left = call.bot().launched_at + TEN_MINUTES - call.world.now;
    if left > 0 {
        return Err(Failure::too_many(left));
    }
    call.bot_mut().launched_at = call.world.now;
    Ok(Answer::yes())
}

pub(super) fn set_my_commands(call: &mut Call) -> Outcome {
    let raw = call.arguments.bytes("commands");
    let commands = if raw.is_empty() { b"[]" } else { raw };
    let json: serde_json::Value =
        serde_json::from_slice(commands).map_err(|_| Failure::bad("can't parse commands JSON object"))?;
    if !json.is_array() {
        return Err(Failure::bad("expected an Array of BotCommand"));
    }
    let mut commands: Vec<types::BotCommand> = serde_json::from_value(json).map_err(|_| {
        Failure::bad("can't parse BotCommand: expected an Object with fields command and description")
    })?;
    for each in &mut commands {
        each.command = each.command.strip_prefix('/').unwrap_or(&each.command).to_owned();
        let (command, description) = (each.command.chars().count(), each.description.chars().count());
        let wrong = match () {
            () if command == 0 => "command must be non-empty",
            () if command > 32 => "command length must not exceed 32",
            () if description == 0 => "command description must be non-empty",
            () if description > 256 => "command description length must not exceed 256",
            () => continue,
        };
        return Err(Failure::bad(wrong));
    }
    call.bot_mut().commands = to_json(&commands);
    Ok(Answer::yes())
}

pub(super) fn get_my_commands(call: &mut Call) -> Outcome {
    Ok(Answer { result: call.bot().commands.clone(), description: None })
}

pub(super) fn delete_my_commands(call: &mut Call) -> Outcome {
    call.bot_mut().commands = "[]".to_owned();
    Ok(Answer::yes())
}
