//! Somebody's own Telegram: what bots wrote to them, the bots, and the chats they are in or ask for.

use super::{Frame, LISTED, full_name, kind_name, link_path, name_path, nowhere, rendered, size};
use crate::bot_api::arguments::Arguments;
use crate::exchange::Reply;
use crate::hub::Hub;
use crate::people::sign_for;
use crate::world::{Account, Chat, LinkNo, Office, World};
use crate::wrong::Wrong;
use askama::Template;
use std::time::Duration;
use telegram::bot_api::types::{InlineKeyboardButton, Message};

/// How long a form waits for the bot, so that its answer is on the page that follows.
const ANSWER_WAIT: Duration = Duration::from_millis(300);

#[derive(Template)]
#[template(path = "pages/person.html")]
struct PersonPage {
    frame: Frame,
    id: i64,
    name: String,
    username: Option<String>,
    messages: Vec<ShownMessage>,
    bots: Vec<ShownBot>,
    chats: Vec<ShownChat>,
}

struct ShownMessage {
    id: i64,
    from: String,
    pieces: Vec<Piece>,
    keyboard: Vec<Vec<ShownButton>>,
}

/// A part of a text.
enum Piece {
    Text(String),
    Link { href: String, text: String },
}

struct ShownButton {
    /// Row and column, which is how the form names it.
    place: String,
    text: String,
    kind: ButtonKind,
}

enum ButtonKind {
    Press,
    /// A Mini App, in a tab of its own.
    Open,
    Go(String),
    /// A kind of button that this small Telegram does not know, or an address nobody should open.
    Nothing,
}

struct ShownBot {
    id: i64,
    name: String,
    href: String,
    is_started: bool,
    is_blocked: bool,
}

struct ShownChat {
    id: i64,
    title: String,
    kind: &'static str,
    size: String,
    role: &'static str,
    href: Option<String>,
    /// What the button does and says.
    way_out: Option<(&'static str, &'static str)>,
}

pub(super) fn page(world: &World, id: i64, asked: &Arguments) -> Result<Reply, Wrong> {
    let person = world.person(id).ok_or_else(nowhere)?;
    let bots = world.bots().take(LISTED).filter_map(|bot| {
        let account = world.account(bot.id)?;
        let href = format!("{}?as={id}", name_path(account.username.as_deref()?));
        let (is_started, is_blocked) = (bot.was_started_by(id), bot.is_blocked_by(id));
        Some(ShownBot { id: bot.id, name: full_name(account), href, is_started, is_blocked })
    });
    let page = PersonPage {
        frame: Frame::new(person.first_name.clone(), "").seen_by(Some(person), asked),
        id,
        name: person.first_name.clone(),
        username: person.username.clone(),
        messages: person.inbox.iter().rev().take(LISTED).map(|one| shown(world, person, one)).collect(),
        bots: bots.collect(),
        chats: world.chats().filter_map(|chat| chat_of(world, id, chat)).take(LISTED).collect(),
    };
    Ok(rendered(200, &page))
}

/// A chat, if the person is in it or asks for it.
fn chat_of(world: &World, person: i64, chat: &Chat) -> Option<ShownChat> {
    let membership = chat.membership(person).filter(|it| it.office.is_in() && chat.upgraded_to.is_none());
    let request = chat.request(person);
    let (role, way_out, via) = match (membership, request) {
        (Some(it), _) if it.office == Office::Owner => ("owner", None, it.via),
        (Some(it), _) => ("member", Some(("leave", "Leave")), it.via),
        (None, Some(asked)) => ("asked to join", Some(("withdraw", "Withdraw request")), asked.via),
        (None, None) => return None,
    };
    let by_link = |number: LinkNo| Some(link_path(world.url(world.invite(number)?).rsplit_once("/+")?.1));
    let path = via.and_then(by_link).or_else(|| chat.username.as_deref().map(name_path));
    Some(ShownChat {
        id: chat.id,
        title: chat.title.clone(),
        kind: kind_name(chat),
        size: size(chat),
        role,
        href: path.map(|path| format!("{path}?as={person}")),
        way_out,
    })
}

fn shown(world: &World, person: &Account, message: &Message) -> ShownMessage {
    let from = message.from.as_ref().map(|from| from.first_name.clone()).unwrap_or_default();
    let rows = message.reply_markup.iter().flat_map(|markup| &markup.inline_keyboard).enumerate();
    let keyboard = rows.map(|(row, buttons)| {
        let buttons = buttons.iter().enumerate();
        let shown = buttons.map(|(column, button)| ShownButton {
            place: format!("{row}.{column}"),
            text: button.text.clone(),
            kind: kind_of(world, person.id, button),
        });
        shown.collect()
    });
    ShownMessage {
        id: message.message_id,
        from,
        pieces: pieces(world, person.id, message.text.as_deref().unwrap_or_default()),
        keyboard: keyboard.collect(),
    }
}

fn kind_of(world: &World, person: i64, button: &InlineKeyboardButton) -> ButtonKind {
    match (&button.url, &button.callback_data, &button.web_app) {
        (Some(url), ..) => way(world, person, url).map_or(ButtonKind::Nothing, ButtonKind::Go),
        (None, Some(_), _) => ButtonKind::Press,
        (None, None, Some(_)) => ButtonKind::Open,
        (None, None, None) => ButtonKind::Nothing,
    }
}

/// A text with its addresses to be clicked, as the apps show it.
fn pieces(world: &World, person: i64, text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let start = ["https://", "http://"].iter().find_map(|scheme| word.find(scheme)).unwrap_or(word.len());
        let (before, address) = word.split_at(start);
        let address = address.trim_end().trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
        plain.push_str(before);
        if let Some(href) = way(world, person, address) {
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Link { href, text: address.to_owned() });
            plain.push_str(&word[start + address.len()..]);
        } else {
            plain.push_str(&word[start..]);
        }
    }
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    pieces
}

/// Where an address leads from here: what lies in this small Telegram stays in it, and the person stays who they
/// are. Nothing, if it is no address of the web.
fn way(world: &World, person: i64, url: &str) -> Option<String> {
    let bases = [&*world.link_base, "https://t.me", "http://t.me"];
    let inside = |base: &&str| url.strip_prefix(*base).filter(|path| path.starts_with('/'));
    if let Some(path) = bases.iter().find_map(inside).filter(|path| !path.starts_with("//")) {
        let (path, fragment) = path.split_once('#').map_or((path, ""), |(path, rest)| (path, rest));
        let joint = if path.contains('?') { '&' } else { '?' };
        let fragment = if fragment.is_empty() { String::new() } else { format!("#{fragment}") };
        return Some(format!("{path}{joint}as={person}{fragment}"));
    }
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    is_web.then(|| url.to_owned())
}

pub(super) async fn act(hub: &Hub, you: i64, form: &Arguments) -> Result<Reply, Wrong> {
    hub.turn(|world| world.person(you).map(drop)).ok_or_else(nowhere)?;
    let chat = form.long("chat_id");
    let bot = form.long("bot");
    match form.bytes("act") {
        b"" => press(hub, you, form).await,
        b"start" => write(hub, you, bot, "/start").await,
        b"send" => {
            let text = form.lossy("text");
            if text.trim().is_empty() {
                return Err(Wrong::bad("A message needs a text."));
            }
            write(hub, you, bot, &text).await
        }
        b"block" => {
            hub.turn(|world| world.set_blocked(you, bot, true));
            Ok(back(you, "blocked"))
        }
        b"leave" => {
            hub.turn(|world| world.leave(you, chat)).map_err(|_| Wrong::bad("You are no member here."))?;
            Ok(back(you, "left"))
        }
        b"withdraw" => {
            hub.turn(|world| world.withdraw(you, chat))
                .map_err(|_| Wrong::bad("You have no request here."))?;
            Ok(back(you, "withdrawn"))
        }
        _ => Err(Wrong::bad("This page has no such button.")),
    }
}

/// Somebody writes to a bot.
pub(super) async fn write(hub: &Hub, you: i64, bot: i64, text: &str) -> Result<Reply, Wrong> {
    let sent = |world: &mut World| world.write(you, bot, text);
    let sent = answered(hub, you, sent).await;
    sent.ok_or_else(|| Wrong::missing("There is no such bot."))?;
    Ok(back(you, "sent"))
}

/// Somebody presses the button at a place under a message.
async fn press(hub: &Hub, you: i64, form: &Arguments) -> Result<Reply, Wrong> {
    let message = form.long("message_id");
    let place = form.lossy("button").into_owned();
    let nothing = || Wrong::missing("There is no such button any more.");
    let found = hub.turn(|world| {
        let inbox = &world.account(you)?.inbox;
        let message = inbox.iter().find(|it| it.message_id == message)?;
        let bot = message.from.as_ref()?.id;
        let (row, column) = place.split_once('.')?;
        let keyboard = &message.reply_markup.as_ref()?.inline_keyboard;
        let button = keyboard.get(row.parse::<usize>().ok()?)?.get(column.parse::<usize>().ok()?)?;
        Some((bot, button.clone()))
    });
    let (bot, button) = found.ok_or_else(nothing)?;
    if let Some(app) = button.web_app {
        let url = hub.turn(|world| sign_for(hub, world, bot, you, &app.url, None));
        return Ok(Reply::see_other(&url.ok_or_else(nothing)?));
    }
    let data = button.callback_data.ok_or_else(nothing)?;
    answered(hub, you, |world| world.press(you, message, &data)).await.ok_or_else(nothing)?;
    Ok(back(you, "pressed"))
}

fn back(you: i64, said: &str) -> Reply {
    Reply::see_other(&format!("/people/{you}?said={said}#messages"))
}

/// Does something that a bot may answer, and waits a moment for the answer.
async fn answered<T>(hub: &Hub, you: i64, act: impl FnOnce(&mut World) -> Option<T>) -> Option<T> {
    let mut bell = hub.listen();
    let newest = |world: &mut World| Some(world.account(you)?.inbox.back()?.message_id);
    let (before, done) = hub.turn(|world| (newest(world), act(world)));
    let done = done?;
    let waiting = async {
        while hub.turn(newest) == before {
            hub.wait(&mut bell, None).await;
        }
    };
    // No answer is fine too: the page that follows says how to look again.
    let _ = tokio::time::timeout(ANSWER_WAIT, waiting).await;
    Some(done)
}
