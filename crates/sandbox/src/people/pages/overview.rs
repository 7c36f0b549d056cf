//! The first page: everybody and everything, to start from.

use super::{
    Choice, Frame, LISTED, become_somebody, everybody, full_name, kind_name, name_path, rendered, size,
};
use crate::bot_api::arguments::Arguments;
use crate::exchange::Reply;
use crate::hub::Hub;
use crate::world::World;
use crate::wrong::Wrong;
use askama::Template;

#[derive(Template)]
#[template(path = "pages/overview.html")]
struct Overview {
    frame: Frame,
    people: Vec<Choice>,
    more: usize,
    chats: Vec<ListedChat>,
    bots: Vec<Choice>,
}

struct ListedChat {
    title: String,
    kind: &'static str,
    size: String,
    /// Of a public one.
    href: Option<String>,
}

pub(super) fn page(world: &World) -> Reply {
    let (people, more) = everybody(world, |one| format!("/people/{}", one.id));
    let chats = world.chats().filter(|chat| chat.upgraded_to.is_none()).take(LISTED);
    let chats = chats.map(|chat| ListedChat {
        title: chat.title.clone(),
        kind: kind_name(chat),
        size: size(chat),
        href: chat.username.as_deref().map(name_path),
    });
    let bots = world.bots().take(LISTED).filter_map(|bot| world.account(bot.id));
    let bots = bots.map(|bot| Choice {
        href: name_path(bot.username.as_deref().unwrap_or_default()),
        name: full_name(bot),
        owns: None,
    });
    let frame = Frame::new("A small Telegram", "People, chats and bots of a sandbox");
    rendered(200, &Overview { frame, people, more, chats: chats.collect(), bots: bots.collect() })
}

pub(super) fn act(hub: &Hub, form: &Arguments) -> Result<Reply, Wrong> {
    let id = become_somebody(hub, form)?;
    Ok(Reply::see_other(&format!("/people/{id}")))
}
