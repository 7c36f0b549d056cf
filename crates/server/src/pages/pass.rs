//! What a visitor holds: their link, their place in the queue, or what became of it. Whoever else has this address sees
//! nothing.

use super::gate::nowhere;
use super::{Frame, Notice, Told, gate_path, pass_path, show, span};
use crate::app::App;
use crate::error::Trouble;
use crate::flows::reissue::{self, Outcome};
use askama::Template;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use gate::pass::State as Stage;
use links::UnixTime;
use store::{Held, Holding, SavedGate};

/// How often the page of somebody who waits looks again.
const LOOK_AGAIN_SECONDS: u32 = 3;

/// What can be known of an invitation that was not watched all the time.
const UNSURE: &str = "For some time we could not see who came by it, so your invitation was ended, and there is no other by \
                      itself. If you are not in, ask whoever sent you here; they can give you one.";

#[derive(Template)]
#[template(path = "pages/pass.html")]
struct Page<'a> {
    frame: Frame<'a>,
    told: Option<Told>,
    doors: Vec<Door>,
    may_renew: bool,
    may_ask: bool,
    action: &'a str,
}

/// A chat, and how far the way into it has come.
struct Door {
    chat: String,
    way: Way,
}

enum Way {
    Link { url: String, left: String },
    Waiting { place: u32, is_stuck: bool },
    Ended { text: &'static str },
}

/// `GET /g/SLUG/pass`.
pub(crate) async fn look(
    State(app): State<App>,
    Path(slug): Path<String>,
    request: Request,
) -> Result<Response, Trouble> {
    let visitor = app.cookie.read(&app.signer, request.headers());
    drop(request);
    if let (Some(kept), Some(visitor)) = (app.kept(&slug), visitor)
        && let Some(holding) = app.store.holding(kept.id, visitor).await?
        && holding.revision == kept.revision
    {
        return page(&app, &kept, holding, None).await;
    }
    let Some(gate) = app.gate(&slug).await? else { return Ok(nowhere()) };
    let Some(visitor) = visitor else { return Ok(nothing(&slug)) };
    match app.store.holding(gate.id, visitor).await? {
        Some(holding) => page(&app, &gate, holding, None).await,
        None => Ok(nothing(&slug)),
    }
}

/// `POST /g/SLUG/pass`: the wish for another link, instead of one that ended unused.
pub(crate) async fn again(
    State(app): State<App>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let Some(gate) = app.gate(&slug).await? else { return Ok(nowhere()) };
    let Some(visitor) = app.cookie.read(&app.signer, &headers) else { return Ok(nothing(&slug)) };
    let told = match reissue::reissue(&app, &gate, visitor).await? {
        Outcome::Done => return Ok(Redirect::to(&pass_path(&slug)).into_response()),
        Outcome::NoPass => return Ok(nothing(&slug)),
        Outcome::Works => {
            "Telegram says that your invitation works. If it does not let you in, you may be in already, in too many \
             groups, or banned there; Telegram's app tells which."
        }
        Outcome::Banned => {
            "Telegram says that you are banned in the chat, so no invitation would let you in. An administrator there can \
             lift the ban."
        }
        Outcome::NotYet => "The old invitation is being ended first. Ask again in a moment.",
        Outcome::Unsure => UNSURE,
        Outcome::Paused => "This gate is paused. Ask again later; your pass stays yours.",
    };
    match app.store.holding(gate.id, visitor).await? {
        Some(holding) => page(&app, &gate, holding, Some(Told::bad(told))).await,
        None => Ok(nothing(&slug)),
    }
}

async fn page(
    app: &App,
    gate: &SavedGate,
    holding: Holding,
    told: Option<Told>,
) -> Result<Response, Trouble> {
    let now = app.clock.now();
    let waits = holding.waits();
    let is_taken_back = holding.revoked_at.is_some();
    let knows_person = holding.person.is_some();
    let may_renew = !is_taken_back && holding.entries.iter().any(|held| may_renew(held, knows_person, now));
    let may_ask = !is_taken_back && !may_renew && holding.entries.iter().any(|held| held.link.is_some());
    let mut doors = Vec::with_capacity(holding.entries.len());
    let is_dead = waits && app.store.bot(gate.bot).await?.is_none_or(|bot| bot.dead_at.is_some());
    let needs_chats = waits || holding.entries.len() > 1;
    for held in holding.entries {
        let known = if needs_chats { app.store.chat(gate.bot, held.chat).await? } else { None };
        let is_stuck = is_dead || known.as_ref().is_some_and(|known| !known.may_give());
        let chat = known.and_then(|known| known.title).unwrap_or_else(|| held.chat.to_string());
        let taken_back = Way::Ended { text: "This pass was taken back." };
        let way = if is_taken_back { taken_back } else { way(held, knows_person, is_stuck, now) };
        doors.push(Door { chat, way });
    }
    let page = Page {
        frame: Frame {
            title: gate.gate.title.as_str(),
            again_after_seconds: waits.then_some(LOOK_AGAIN_SECONDS),
            ..Frame::default()
        },
        told,
        doors,
        may_renew,
        may_ask,
        action: &pass_path(gate.gate.slug.as_str()),
    };
    Ok(([("x-robots-tag", "noindex")], show(StatusCode::OK, &page)).into_response())
}

/// Whether the link ran out. It may not be written down yet.
fn is_over(held: &Held, now: UnixTime) -> bool {
    held.expires_at.is_some_and(|at| at <= now)
}

/// Who came by a link that was not watched all the time is found out for people who are known, and for nobody else.
fn may_renew(held: &Held, knows_person: bool, now: UnixTime) -> bool {
    match held.state {
        Stage::Expired => held.doubted_at.is_none() || knows_person,
        Stage::Leaked => true,
        Stage::Issued => is_over(held, now),
        Stage::Granted | Stage::Used | Stage::Left | Stage::Revoked => false,
    }
}

fn way(held: Held, knows_person: bool, is_stuck: bool, now: UnixTime) -> Way {
    let ended = |text| Way::Ended { text };
    let is_over = is_over(&held, now);
    match (held.state, held.link) {
        (Stage::Issued, Some(link)) if !is_over => {
            let left = held.expires_at.map_or(0, |at| at.get() - now.get());
            Way::Link { url: link.as_str().to_owned(), left: span(left) }
        }
        (Stage::Expired, _) if held.doubted_at.is_some() && knows_person => {
            ended("For some time we could not see who came in, so your invitation was ended.")
        }
        (Stage::Expired, _) if held.doubted_at.is_some() => ended(UNSURE),
        (Stage::Expired, _) if !is_over => ended("Your invitation was ended in Telegram before it was used."),
        (Stage::Issued | Stage::Expired, _) => ended("Your invitation ran out before it was used."),
        (Stage::Granted, _) => Way::Waiting { place: held.before.unwrap_or(0) + 1, is_stuck },
        (Stage::Used, _) => ended("You are in. Your invitation was used and has ended."),
        (Stage::Left, _) if held.banned_at.is_some() => {
            ended("You were in, and an administrator banned you. Your invitation was used and has ended.")
        }
        (Stage::Left, _) => ended("You were in, and left. Your invitation was used and has ended."),
        (Stage::Leaked, _) => ended("Somebody else came in by your invitation, so it was ended."),
        (Stage::Revoked, _) => ended("This pass was taken back."),
    }
}

/// Whoever comes here without a pass of their own.
fn nothing(slug: &str) -> Response {
    let text = "There is no pass for this browser. If you answered in another one, open this page there.";
    Notice::new(StatusCode::NOT_FOUND, "No pass here", text)
        .leading_to(gate_path(slug), "Go to the gate")
        .into_response()
}
