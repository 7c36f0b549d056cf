//! What a visitor holds: their link, their place in the queue, or what became of it. Whoever else has this address sees
//! nothing.

use super::gate::nowhere;
use super::{Frame, Notice, gate_path, show, span};
use crate::app::{App, Published};
use crate::error::Trouble;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use links::UnixTime;
use store::{EntryState, Held, Holding};

/// How often the page of somebody who waits looks again.
const LOOK_AGAIN_SECONDS: u32 = 3;

#[derive(Template)]
#[template(path = "pages/pass.html")]
struct Page<'a> {
    frame: Frame<'a>,
    doors: Vec<Door>,
}

/// A chat, and how far the way into it has come.
struct Door {
    chat: String,
    way: Way,
}

enum Way {
    Link { url: String, left: String },
    Waiting { place: u32 },
    Ended { text: &'static str },
}

/// `GET /g/SLUG/pass`.
pub(crate) async fn look(
    State(app): State<App>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let Some(gate) = app.gate(&slug).await? else { return Ok(nowhere()) };
    let Some(visitor) = app.cookie.read(&app.signer, &headers) else { return Ok(nothing(&slug)) };
    match app.store.holding(gate.id, visitor).await? {
        Some(holding) => Ok(page(&app, &gate, holding)),
        None => Ok(nothing(&slug)),
    }
}

fn page(app: &App, gate: &Published, holding: Holding) -> Response {
    let now = app.clock.now();
    let waits = holding.waits();
    let doors = holding
        .entries
        .into_iter()
        .map(|held| Door { chat: held.chat.to_string(), way: way(held, holding.revoked_at, now) });
    let page = Page {
        frame: Frame {
            title: gate.gate.title.as_str(),
            again_after_seconds: waits.then_some(LOOK_AGAIN_SECONDS),
            ..Frame::default()
        },
        doors: doors.collect(),
    };
    show(StatusCode::OK, &page)
}

fn way(held: Held, revoked_at: Option<UnixTime>, now: UnixTime) -> Way {
    let ended = |text| Way::Ended { text };
    if revoked_at.is_some() {
        return ended("This pass was taken back.");
    }
    let is_over = held.expires_at.is_some_and(|at| at <= now);
    match (held.state, held.link) {
        (EntryState::Issued, Some(link)) if !is_over => {
            let left = held.expires_at.map_or(0, |at| at.get() - now.get());
            Way::Link { url: link.as_str().to_owned(), left: span(left) }
        }
        (EntryState::Issued | EntryState::Expired, _) => ended("Your invitation ran out before it was used."),
        (EntryState::Granted, _) => Way::Waiting { place: held.before.unwrap_or(0) + 1 },
        (EntryState::Used, _) => ended("You are in. Your invitation was used and has ended."),
        (EntryState::Left, _) => ended("You were in, and left. Your invitation was used and has ended."),
        (EntryState::Leaked, _) => ended("Somebody else came in by your invitation, so it was ended."),
        (EntryState::Revoked, _) => ended("This pass was taken back."),
    }
}

/// Whoever comes here without a pass of their own.
fn nothing(slug: &str) -> Response {
    let text = "There is no pass for this browser. If you answered in another one, open this page there.";
    Notice::new(StatusCode::NOT_FOUND, "No pass here", text)
        .leading_to(gate_path(slug), "Go to the gate")
        .into_response()
}
