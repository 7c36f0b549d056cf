//! A bot's page, as behind `t.me/BOTNAME?start=PAYLOAD`.

use super::person::write;
use super::{Choices, Frame, asking, asking_id, become_somebody, name_path, rendered};
use crate::bot_api::arguments::Arguments;
use crate::exchange::Reply;
use crate::hub::Hub;
use crate::world::World;
use crate::wrong::Wrong;
use askama::Template;

#[derive(Template)]
#[template(path = "pages/bot.html")]
struct BotPage {
    frame: Frame,
    name: String,
    username: String,
    path: String,
    /// This page for somebody else.
    again: String,
    start: String,
    command: String,
    /// The start parameter is none that Telegram takes.
    dropped: bool,
    choices: Option<Choices>,
}

pub(super) fn page(world: &World, bot: i64, asked: &Arguments) -> Result<Reply, Wrong> {
    let shown = world.account(bot).ok_or_else(super::nowhere)?;
    let username = shown.username.clone().unwrap_or_default();
    let path = name_path(&username);
    let start = payload(asked);
    let again = if start.is_empty() { path.clone() } else { format!("{path}?start={start}") };
    let you = asking(world, asked);
    let frame = Frame::new(shown.first_name.clone(), format!("You can write to @{username}."));
    let page = BotPage {
        frame: frame.seen_by(you, asked),
        name: shown.first_name.clone(),
        username,
        dropped: start.is_empty() && !asked.bytes("start").is_empty(),
        command: command(&start),
        choices: you.is_none().then(|| Choices::at(world, &again)),
        path,
        again,
        start,
    };
    Ok(rendered(200, &page))
}

pub(super) async fn act(hub: &Hub, bot: i64, form: &Arguments) -> Result<Reply, Wrong> {
    match form.bytes("act") {
        b"become" => {
            let you = become_somebody(hub, form)?;
            let username = hub.turn(|world| world.account(bot).and_then(|bot| bot.username.clone()));
            let path = name_path(&username.unwrap_or_default());
            let start = payload(form);
            let start = if start.is_empty() { start } else { format!("&start={start}") };
            Ok(Reply::see_other(&format!("{path}?as={you}{start}")))
        }
        b"start" => {
            let you = asking_id(hub, form)?;
            write(hub, you, bot, &command(&payload(form))).await
        }
        _ => Err(Wrong::bad("This page has no such button.")),
    }
}

fn command(payload: &str) -> String {
    if payload.is_empty() { "/start".to_owned() } else { format!("/start {payload}") }
}

/// The start parameter, if it is one that Telegram takes. (TDLib, `is_valid_start_parameter`.)
fn payload(asked: &Arguments) -> String {
    let text = asked.lossy("start");
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if text.len() <= 64 && text.bytes().all(is_good) { text.into_owned() } else { String::new() }
}
