//! Commands: what a bot offers, to whom and in which language. Each list is kept by itself, and read back as it was
//! set. (Bot API server, `get_bot_command_scope`; TDLib, `BotCommandScope`.)

use super::call::{Access, Call, Outcome, Place};
use crate::bot_api::answer::{Answer, Failure};
use crate::world::{Audience, ChatKind, to_json};
use serde_json::{Map, Value};
use telegram::bot_api::types::BotCommand;

pub(super) fn set(call: &mut Call) -> Outcome {
    let raw = call.arguments.bytes("commands");
    let commands = if raw.is_empty() { b"[]" } else { raw };
    let json: Value =
        serde_json::from_slice(commands).map_err(|_| Failure::bad("can't parse commands JSON object"))?;
    if !json.is_array() {
        return Err(Failure::bad("expected an Array of BotCommand"));
    }
    let commands: Vec<BotCommand> = serde_json::from_value(json).map_err(|_| {
        Failure::bad("can't parse BotCommand: expected an Object with fields command and description")
    })?;
    let whose = (audience(call)?, language(call)?);
    let commands = commands.into_iter().map(checked).collect::<Result<Vec<_>, _>>()?;
    call.bot_mut().commands.insert(whose, to_json(&commands));
    Ok(Answer::yes())
}

pub(super) fn get(call: &mut Call) -> Outcome {
    let whose = (audience(call)?, language(call)?);
    let commands = call.bot().commands.get(&whose).map_or("[]", String::as_str);
    Ok(Answer { result: commands.to_owned(), description: None })
}

pub(super) fn delete(call: &mut Call) -> Outcome {
    let whose = (audience(call)?, language(call)?);
    call.bot_mut().commands.remove(&whose);
    Ok(Answer::yes())
}

fn checked(mut it: BotCommand) -> Result<BotCommand, Failure> {
    it.command = it.command.strip_prefix('/').unwrap_or(&it.command).to_owned();
    let (command, description) = (it.command.chars().count(), it.description.chars().count());
    let wrong = match () {
        () if command == 0 => "command must be non-empty",
        () if command > 32 => "command length must not exceed 32",
        () if description == 0 => "command description must be non-empty",
        () if description > 256 => "command description length must not exceed 256",
        () => return Ok(it),
    };
    Err(Failure::bad(wrong))
}

/// Two small letters, or none for everybody whose language has no list.
fn language(call: &Call) -> Result<String, Failure> {
    let code = call.arguments.lossy("language_code");
    let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_lowercase());
    match code.is_empty() || is_code {
        true => Ok(code.into_owned()),
        false => Err(Failure::bad("invalid language code specified")),
    }
}

/// Whom `scope` names.
fn audience(call: &mut Call) -> Result<Audience, Failure> {
    let raw = call.arguments.bytes("scope");
    if raw.is_empty() {
        return Ok(Audience::Everybody);
    }
    let scope: Value =
        serde_json::from_slice(raw).map_err(|_| Failure::bad("can't parse BotCommandScope JSON object"))?;
    let scope = scope.as_object().ok_or_else(|| unreadable("BotCommandScope must be an Object"))?;
    let kind = text(scope, "type")?;
    match &*kind {
        "default" => return Ok(Audience::Everybody),
        "all_private_chats" => return Ok(Audience::PrivateChats),
        "all_group_chats" => return Ok(Audience::Groups),
        "all_chat_administrators" => return Ok(Audience::Administrators),
        "chat" | "chat_administrators" | "chat_member" => {}
        _ => return Err(unreadable("Unsupported type specified")),
    }
    let chat = text(scope, "chat_id")?;
    if chat.is_empty() {
        return Err(unreadable("Empty chat_id specified"));
    }
    let person = if kind == "chat_member" { person(scope)? } else { 0 };
    let place = call.chat_named(chat.as_bytes(), Access::ReadMembers)?;
    if kind == "chat_member" && !call.bot().has_met(person) {
        return Err(Failure::bad("user not found"));
    }
    match place {
        Place::Person(chat) if kind == "chat" => Ok(Audience::Chat(chat)),
        Place::Person(_) => Err(Failure::bad("can't use specified scope in private chats")),
        Place::Chat(chat) if call.at(chat).kind == ChatKind::Channel => {
            Err(Failure::bad("can't change commands in channel chats"))
        }
        Place::Chat(chat) => Ok(match &*kind {
            "chat" => Audience::Chat(chat),
            "chat_administrators" => Audience::AdministratorsOf(chat),
            _ => Audience::Member { chat, person },
        }),
    }
}

fn person(scope: &Map<String, Value>) -> Result<i64, Failure> {
    let person = text(scope, "user_id")?.parse();
    let person: i64 = person.map_err(|_| unreadable("Field \"user_id\" must be a valid Number"))?;
    if person > 0 { Ok(person) } else { Err(unreadable("Invalid user_id specified")) }
}

/// A field that may be a text or a number.
fn text(scope: &Map<String, Value>, name: &str) -> Result<String, Failure> {
    match scope.get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(_) => Err(unreadable(&format!("Field \"{name}\" must be of type String"))),
        None => Err(unreadable(&format!("Can't find field \"{name}\""))),
    }
}

fn unreadable(why: &str) -> Failure {
    Failure::bad(&format!("can't parse BotCommandScope: {why}"))
}
