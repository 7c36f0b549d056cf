//! The people door's pages: a small Telegram for somebody with a browser. Looking changes nothing; whatever
//! changes something is a form, answered by a redirect. Who somebody is stands in the address (`?as=ID`), so that
//! two tabs can be two people.

mod bot;
mod invite;
mod overview;
mod person;
mod refused;

use crate::bot_api::arguments::Arguments;
use crate::exchange::{Reply, Request};
use crate::hub::Hub;
use crate::web_app::COMPONENT;
use crate::world::{Account, Chat, ChatKind, Office, World};
use crate::wrong::Wrong;
use askama::Template;
use hyper::Method as Verb;
use hyper::header::{self, HeaderValue};
use links::LinkHash;
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use std::sync::Arc;

/// So many of each kind are listed on one page.
const LISTED: usize = 50;
const LONGEST_NAME: usize = 64;

/// Answers a request for a page.
pub(super) async fn serve(hub: &Arc<Hub>, request: &Request) -> Reply {
    let place = Place::of(request.path());
    let outcome = match *request.verb() {
        Verb::GET | Verb::HEAD => read(request, b"").and_then(|asked| show(hub, &place, &asked)),
        Verb::POST if is_foreign(request) => {
            Err(Wrong(403, "This form was sent from another site.".to_owned()))
        }
        Verb::POST => match read(request, &request.body) {
            Ok(form) => act(hub, place, &form).await,
            Err(wrong) => Err(wrong),
        },
        _ => Err(Wrong(405, "Pages are looked at, and forms are sent.".to_owned())),
    };
    outcome.unwrap_or_else(refused::page)
}

fn show(hub: &Hub, place: &Place, asked: &Arguments) -> Result<Reply, Wrong> {
    match place {
        Place::Overview => Ok(hub.turn(|world| overview::page(world))),
        Place::Person(id) => hub.turn(|world| person::page(world, *id, asked)),
        Place::Link(hash) => hub.turn(|world| invite::page(world, &invite::Door::Link(hash), asked)),
        Place::Name(name) => hub.turn(|world| match named(world, name)? {
            Named::Bot(bot) => bot::page(world, bot, asked),
            Named::Chat(chat) => invite::page(world, &invite::Door::Chat(chat), asked),
        }),
        Place::Nowhere => Err(nowhere()),
    }
}

async fn act(hub: &Arc<Hub>, place: Place, form: &Arguments) -> Result<Reply, Wrong> {
    let becomes_somebody = form.bytes("act") == b"become";
    match place {
        Place::Overview if becomes_somebody => overview::act(hub, form),
        Place::Person(id) => person::act(hub, id, form).await,
        Place::Link(hash) => invite::act(hub, invite::Door::Link(&hash), form).await,
        Place::Name(name) => match hub.turn(|world| named(world, &name))? {
            Named::Bot(bot) => bot::act(hub, bot, form).await,
            Named::Chat(chat) => invite::act(hub, invite::Door::Chat(chat), form).await,
        },
        Place::Overview | Place::Nowhere => Err(nowhere()),
    }
}

/// Query and form. In both the first of a name counts.
fn read(request: &Request, body: &[u8]) -> Result<Arguments, Wrong> {
    let arguments = Arguments::read(request.query(), request.header(header::CONTENT_TYPE), body);
    arguments.map_err(|_| Wrong::bad("This form is too large or broken."))
}

/// Browsers say where a form comes from. This door may be open on loopback, where any site could send one.
fn is_foreign(request: &Request) -> bool {
    let authority = |origin: &str| origin.split_once("://").map(|(_, host)| host.to_ascii_lowercase());
    let (origin, host) = (request.header(header::ORIGIN), request.header(header::HOST));
    !origin.is_empty() && authority(origin) != Some(host.to_ascii_lowercase())
}

/// What a path leads to.
enum Place {
    Overview,
    Person(i64),
    /// An invite link, in any of its spellings.
    Link(LinkHash),
    /// A public name.
    Name(String),
    Nowhere,
}

impl Place {
    fn of(path: &str) -> Self {
        let steps: Vec<&str> = path.split('/').skip(1).collect();
        match *steps {
            [""] => Self::Overview,
            ["people", id] => id.parse().map_or(Self::Nowhere, Self::Person),
            _ => match (links::parse(&format!("https://t.me{path}")), &*steps) {
                (Ok(hash), _) => Self::Link(hash),
                (Err(_), [name]) => Self::Name(percent_decode_str(name).decode_utf8_lossy().into_owned()),
                (Err(_), _) => Self::Nowhere,
            },
        }
    }
}

/// Who or what has a public name.
enum Named {
    Bot(i64),
    Chat(i64),
}

fn named(world: &World, name: &str) -> Result<Named, Wrong> {
    let bot = || world.account_by_name(name).filter(|account| account.is_bot).map(|bot| Named::Bot(bot.id));
    let chat = world.chat_by_name(name).map(|chat| Named::Chat(chat.id));
    chat.or_else(bot).ok_or_else(nowhere)
}

fn nowhere() -> Wrong {
    Wrong::missing("Nobody here has this name or number.")
}

/// A page is made.
fn rendered(status: u16, page: &impl Template) -> Reply {
    let written = page.render().expect("our templates write to memory and have no failing filters");
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
                  frame-ancestors 'none'";
    Reply::html(status, written)
        .with_header(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy))
        .with_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .with_header(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
}

/// What every page has around it.
struct Frame {
    title: String,
    /// For previews.
    description: String,
    you: Option<You>,
    notice: Option<&'static str>,
}

/// Whoever sits before the page.
struct You {
    id: i64,
    short: String,
}

impl Frame {
    fn new(title: impl Into<String>, description: impl Into<String>) -> Self {
        Self { title: title.into(), description: description.into(), you: None, notice: None }
    }

    /// The same, for whoever asks, and with what just happened to them.
    fn seen_by(mut self, you: Option<&Account>, asked: &Arguments) -> Self {
        self.you = you.map(|you| You { id: you.id, short: shortened(&you.first_name) });
        let said = asked.lossy("said");
        self.notice = NOTICES.iter().find(|(word, _)| *word == said).map(|(_, notice)| *notice);
        self
    }
}

/// What a redirect says has happened, and how the page after it puts it.
const NOTICES: [(&str, &str); 10] = [
    ("joined", "You are in."),
    ("already", "You were a member already."),
    ("requested", "Your request is sent. The administrators decide."),
    ("queued", "Your request is sent. The administrators decide."),
    ("declined", "Your request was declined."),
    ("withdrawn", "Your request is withdrawn."),
    ("left", "You left."),
    ("sent", "Sent."),
    ("pressed", "Pressed."),
    ("blocked", "Blocked. This bot cannot write to you any more."),
];

/// The person that an address or a form names.
fn asking<'a>(world: &'a World, asked: &Arguments) -> Option<&'a Account> {
    let id = asked.text("as")?.parse().ok()?;
    world.person(id)
}

/// The same, where there must be one.
fn asking_id(hub: &Hub, form: &Arguments) -> Result<i64, Wrong> {
    let nobody = || Wrong::bad("This form does not say who you are.");
    hub.turn(|world| asking(world, form).map(|you| you.id)).ok_or_else(nobody)
}

/// Whom a page can be seen as.
struct Choices {
    people: Vec<Choice>,
    more: usize,
    action: String,
}

/// One entry of a list of names.
struct Choice {
    href: String,
    name: String,
    /// The chat they own, which tells one owner from another.
    owns: Option<String>,
}

impl Choices {
    /// Everybody, for the page at this address.
    fn at(world: &World, address: &str) -> Self {
        let joint = if address.contains('?') { '&' } else { '?' };
        let href = |one: &Account| format!("{address}{joint}as={}", one.id);
        let (people, more) = everybody(world, href);
        Self { people, more, action: address.to_owned() }
    }
}

/// The latest people, and how many more there are.
fn everybody(world: &World, href: impl Fn(&Account) -> String) -> (Vec<Choice>, usize) {
    let people = world.people();
    let more = people.len().saturating_sub(LISTED);
    let owned_by = |id: i64| world.chats().find(|chat| chat.office(id) == Some(&Office::Owner));
    let listed = people.into_iter().skip(more).map(|one| Choice {
        href: href(one),
        name: full_name(one),
        owns: owned_by(one.id).map(|chat| chat.title.clone()),
    });
    (listed.collect(), more)
}

/// Somebody new comes into the world.
fn become_somebody(hub: &Hub, form: &Arguments) -> Result<i64, Wrong> {
    let name = form.lossy("first_name");
    let name: String = name.trim().chars().take(LONGEST_NAME).collect();
    if name.is_empty() {
        return Err(Wrong::bad("Somebody new needs a name."));
    }
    Ok(hub.turn(|world| world.add_person(&name).id))
}

fn full_name(one: &Account) -> String {
    match &one.username {
        Some(username) if *username == one.first_name => format!("@{username}"),
        Some(username) => format!("{} @{username}", one.first_name),
        None => one.first_name.clone(),
    }
}

/// For the narrow line at the top.
fn shortened(name: &str) -> String {
    if name.chars().count() <= 16 {
        return name.to_owned();
    }
    name.chars().take(15).chain(['…']).collect()
}

/// What people call this kind of chat.
fn kind_name(chat: &Chat) -> &'static str {
    if chat.kind == ChatKind::Channel { "channel" } else { "group" }
}

fn size(chat: &Chat) -> String {
    let word = if chat.kind == ChatKind::Channel { "subscriber" } else { "member" };
    match chat.member_count() {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    }
}

/// The page of a public name.
fn name_path(name: &str) -> String {
    format!("/{}", utf8_percent_encode(name, COMPONENT))
}

fn link_path(hash: &str) -> String {
    format!("/+{hash}")
}
