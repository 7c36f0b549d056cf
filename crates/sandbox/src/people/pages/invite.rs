//! The page behind an invite link, and behind a chat's public name: what a visitor may know of the chat, and the
//! one button that fits.

use super::{
    Choices, Frame, asking, asking_id, become_somebody, kind_name, link_path, name_path, rendered, size,
};
use crate::bot_api::arguments::Arguments;
use crate::exchange::Reply;
use crate::hub::Hub;
use crate::people::{Join, join, open_query};
use crate::world::{Account, Chat, Office, Prospect, QueryState, Target, World};
use crate::wrong::Wrong;
use askama::Template;
use links::LinkHash;
use std::sync::Arc;

/// What was opened.
pub(super) enum Door<'a> {
    Link(&'a LinkHash),
    Chat(i64),
}

impl Door<'_> {
    /// Nothing, if the link was never made.
    fn target(&self, world: &World) -> Option<Target> {
        match self {
            Self::Link(hash) => world.find_link(hash.url().as_str()).map(Target::Link),
            Self::Chat(chat) => Some(Target::Chat(*chat)),
        }
    }

    fn path(&self, world: &World) -> String {
        match self {
            Self::Link(hash) => link_path(hash.as_str()),
            Self::Chat(chat) => {
                let username = world.chat(*chat).and_then(|chat| chat.username.as_deref());
                name_path(username.unwrap_or_default())
            }
        }
    }
}

#[derive(Template)]
#[template(path = "pages/invite.html")]
struct InvitePage {
    frame: Frame,
    title: String,
    kind: &'static str,
    size: String,
    path: String,
    standing: Standing,
}

/// One page for every link that lets nobody in, so that it tells nothing apart.
#[derive(Template)]
#[template(path = "pages/dead.html")]
struct DeadPage {
    frame: Frame,
    path: String,
    choices: Option<Choices>,
}

/// How somebody stands before this door.
enum Standing {
    /// They did not say who they are.
    Unknown(Choices),
    Outside {
        you: i64,
        offer: Offer,
    },
    Asked {
        you: i64,
        waits_for: WaitsFor,
    },
    Inside {
        you: i64,
        owns: bool,
    },
}

/// What the button does.
enum Offer {
    Join,
    Ask,
    Pay { stars: u32, period: String },
}

impl Offer {
    fn act(&self) -> &'static str {
        if matches!(self, Self::Pay { .. }) { "pay" } else { "join" }
    }

    fn label(&self) -> &'static str {
        match self {
            Self::Join => "Join",
            Self::Ask => "Request to join",
            Self::Pay { .. } => "Pay and join",
        }
    }
}

/// Whose turn it is.
enum WaitsFor {
    Administrators,
    Guard,
    You,
}

pub(super) fn page(world: &World, door: &Door, asked: &Arguments) -> Result<Reply, Wrong> {
    let path = door.path(world);
    let you = asking(world, asked);
    let Some((chat, standing)) = standing(world, door, you, &path) else {
        let frame = Frame::new("This invite link is not valid any more", "It lets nobody in.");
        let choices = you.is_none().then(|| Choices::at(world, &path));
        return Ok(rendered(200, &DeadPage { frame: frame.seen_by(you, asked), path, choices }));
    };
    let kind = kind_name(chat);
    let frame = Frame::new(chat.title.clone(), format!("You are invited to this {kind} of {}.", size(chat)));
    let page = InvitePage {
        frame: frame.seen_by(you, asked),
        title: chat.title.clone(),
        kind,
        size: size(chat),
        path,
        standing,
    };
    Ok(rendered(200, &page))
}

/// The chat behind the door and how somebody stands before it; nothing, if it does not open.
fn standing<'a>(
    world: &'a World,
    door: &Door,
    you: Option<&Account>,
    path: &str,
) -> Option<(&'a Chat, Standing)> {
    let target = door.target(world)?;
    let invite = match target {
        Target::Link(number) => world.invite(number),
        Target::Chat(_) => None,
    };
    let chat = match target {
        Target::Link(_) => world.chat(invite?.chat)?,
        Target::Chat(chat) => world.chat(chat)?,
    };
    // Whoever waits can still take it back, even when the link is dead by now.
    let request = you.and_then(|you| Some((you.id, chat.request(you.id)?)));
    if let Some((you, request)) = request {
        let waits_for = match request.query.as_deref().and_then(|query| world.query(query)) {
            Some(QueryState::Open) => WaitsFor::Guard,
            Some(QueryState::WebApp(_)) => WaitsFor::You,
            _ => WaitsFor::Administrators,
        };
        return Some((chat, Standing::Asked { you, waits_for }));
    }
    // Nobody has the number 0, so this is how a newcomer would fare.
    let offer = match world.prospect(you.map_or(0, |you| you.id), target) {
        Prospect::Refused(_) => return None,
        Prospect::Already => {
            let you = you?.id;
            return Some((chat, Standing::Inside { you, owns: chat.office(you) == Some(&Office::Owner) }));
        }
        Prospect::Enter => Offer::Join,
        Prospect::Ask => Offer::Ask,
        Prospect::Pay => Offer::Pay { stars: invite?.stars, period: period(invite?.period_seconds) },
    };
    let standing = match you {
        None => Standing::Unknown(Choices::at(world, path)),
        Some(you) => Standing::Outside { you: you.id, offer },
    };
    Some((chat, standing))
}

/// Telegram has one period for everybody and two short ones for tests.
fn period(seconds: u32) -> String {
    match seconds {
        2_592_000 => "a month".to_owned(),
        60 => "a minute".to_owned(),
        _ => format!("every {} minutes", seconds / 60),
    }
}

pub(super) async fn act(hub: &Arc<Hub>, door: Door<'_>, form: &Arguments) -> Result<Reply, Wrong> {
    let (path, target) = hub.turn(|world| (door.path(world), door.target(world)));
    let back = |you: i64, said: &str| Ok(Reply::see_other(&format!("{path}?as={you}&said={said}")));
    if form.bytes("act") == b"become" {
        let you = become_somebody(hub, form)?;
        return Ok(Reply::see_other(&format!("{path}?as={you}")));
    }
    let you = asking_id(hub, form)?;
    let chat = hub.turn(|world| match target? {
        Target::Link(number) => world.invite(number).map(|invite| invite.chat),
        Target::Chat(chat) => Some(chat),
    });
    match form.bytes("act") {
        wants @ (b"join" | b"pay") => {
            let pay = wants == b"pay";
            let it = match &door {
                Door::Link(hash) => Join { link: Some(hash.url().to_string()), chat_id: None, pay },
                Door::Chat(chat) => Join { link: None, chat_id: Some(*chat), pay },
            };
            back(you, join(hub, you, it).await?.result)
        }
        // A link that never was is refused like any other here, so that nobody learns which ones were.
        b"open" => {
            let url = hub.turn(|world| {
                let query = world.chat(chat?)?.request(you)?.query.clone()?;
                open_query(hub, world, you, &query)
            });
            Ok(Reply::see_other(&url.ok_or_else(|| Wrong::bad("There is nothing to open here."))?))
        }
        b"withdraw" => {
            let withdrawn = hub.turn(|world| world.withdraw(you, chat?).ok());
            withdrawn.ok_or_else(|| Wrong::bad("You have no request here."))?;
            back(you, "withdrawn")
        }
        b"leave" => {
            let left = hub.turn(|world| world.leave(you, chat?).ok());
            left.ok_or_else(|| Wrong::bad("You are no member here."))?;
            back(you, "left")
        }
        _ => Err(Wrong::bad("This page has no such button.")),
    }
}
