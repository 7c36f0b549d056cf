//! A gate's page: looked at, which changes nothing, and answered.

use super::Notice;
use super::{Frame, Share, Told, count, pass_path, show, span};
use crate::app::App;
use crate::error::Trouble;
use crate::flows::answer::{self, Outcome};
use crate::visitor::{Form, Start};
use askama::Template;
use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use gate::{Asked, Given, LONGEST_FIELD, Offered, QuestionId, Standing};
use links::UnixTime;
use std::borrow::Cow;
use store::{GateState, SavedGate, Visitor};

/// A form with every field filled to its bound is smaller.
const LARGEST_FORM_BYTES: usize = 256 << 10;
const PAUSED: &str = "This gate is paused. Come back later.";

#[derive(Template)]
#[template(path = "pages/gate.html")]
struct Page<'a> {
    frame: Frame<'a>,
    intro: Option<&'a str>,
    told: Option<Told>,
    action: &'a str,
    token: String,
    fields: Vec<Field<'a>>,
    must_start: bool,
    longest: usize,
}

/// A question as a page shows it, with what was typed before.
struct Field<'a> {
    name: String,
    text: &'a str,
    input: Input<'a>,
    typed: Vec<&'a str>,
    trouble: Option<&'a str>,
}

enum Input<'a> {
    Line { kind: &'static str, mode: Option<&'static str> },
    Options { kind: &'static str, options: &'a [Offered<'a>] },
    Order { options: &'a [Offered<'a>] },
}

impl Field<'_> {
    fn typed(&self, place: &usize) -> &str {
        self.typed.get(*place).copied().unwrap_or_default()
    }

    fn has(&self, value: &str) -> bool {
        self.typed.contains(&value)
    }
}

/// `GET /g/SLUG`: no row, no cookie, no count.
pub(crate) async fn look(
    State(app): State<App>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let Some(gate) = app.gate(&slug).await? else { return Ok(nowhere()) };
    let known = app.cookie.read(&app.signer, &headers);
    if let Some(visitor) = known
        && holds_pass(&app, &gate, visitor).await?
    {
        return Ok(Redirect::to(&pass_path(&slug)).into_response());
    }
    if let Some(closed) = closed(&app, &gate) {
        return Ok(closed);
    }
    let visitor = match known {
        Some(visitor) => visitor,
        None => Visitor::new(app.chance()?),
    };
    let desk = Desk { app: &app, gate: &gate, visitor };
    Ok(if gate.gate.needs_start() && app.store.attempt(gate.id, visitor).await?.tries.started_at.is_none() {
        desk.threshold(None)
    } else {
        desk.questions(&Sheet::default())
    })
}

/// `POST /g/SLUG`: an answer, or the wish to start.
pub(crate) async fn answer(State(app): State<App>, Path(slug): Path<String>, request: Request) -> Response {
    let (Parts { headers, .. }, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_FORM_BYTES).await else {
        let text = "This is longer than any form of ours.";
        return Notice::new(StatusCode::PAYLOAD_TOO_LARGE, "Too long", text).into_response();
    };
    match take(&app, &slug, &headers, &body).await {
        Ok(response) => response,
        Err(trouble) => give_back(&app, &slug, &headers, &body, trouble),
    }
}

async fn take(app: &App, slug: &str, headers: &HeaderMap, body: &[u8]) -> Result<Response, Trouble> {
    // Whoever writes an answer down checks that the gate is still as it was kept.
    if let Some(kept) = app.kept(slug).filter(|kept| !kept.gate.needs_start())
        && let Some(response) = receive(app, &kept, Age::Kept, headers, body).await?
    {
        return Ok(response);
    }
    let Some(gate) = app.gate(slug).await? else { return Ok(nowhere()) };
    let response = receive(app, &gate, Age::Latest, headers, body).await?;
    Ok(response.or_else(|| closed(app, &gate)).unwrap_or_else(|| paused(gate.gate.title.as_str())))
}

/// How old a copy of a gate is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Latest,
    /// It may have changed since: only what was checked as it was written down can be told.
    Kept,
}

/// Nothing, if the gate is not open, or may have changed.
async fn receive(
    app: &App,
    gate: &SavedGate,
    age: Age,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Option<Response>, Trouble> {
    if !is_form(headers) {
        let text = "This address takes what the form on its page sends.";
        let notice = Notice::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Not a form", text);
        return Ok(Some(notice.into_response()));
    }
    let sent: Vec<Sent<'_>> = form_urlencoded::parse(body).collect();
    let now = app.clock.now();
    let form = form_of(app, gate, &sent);
    let known = app.cookie.read(&app.signer, headers);
    // A browser that is known stays who it is, whichever of its pages the answer came from.
    let visitor = match known.or(form.map(|form| form.visitor)) {
        Some(visitor) => visitor,
        None => Visitor::new(app.chance()?),
    };
    let desk = Desk { app, gate, visitor };
    let mut response = if closed(app, gate).is_some() {
        if !holds_pass(app, gate, visitor).await? {
            return Ok(None);
        }
        desk.to_pass()
    } else if form.is_some_and(|form| form.is_fresh(now)) {
        let Some(response) = desk.take(&sent, age, now).await? else { return Ok(None) };
        response
    } else if age == Age::Kept {
        return Ok(None);
    } else if known.is_some() && holds_pass(app, gate, visitor).await? {
        // However old the page is: they have what it was for.
        desk.to_pass()
    } else {
        let told = "This page was open for too long. Nothing is lost: please send it again.";
        desk.questions(&Sheet { sent: &sent, told: Some(Told::bad(told)), ..Sheet::default() })
    };
    if known.is_none() {
        let cookie = app.cookie.set(&app.signer, visitor);
        let cookie = HeaderValue::try_from(cookie).expect("a cookie of ours is plain text");
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(Some(response))
}

/// What was typed, when we cannot do our part: it is sent again by pressing the button once more. Whether it was looked at
/// nobody can say; sent again, it leads to the same.
fn give_back(app: &App, slug: &str, headers: &HeaderMap, body: &[u8], trouble: Trouble) -> Response {
    let notice = trouble.into_response();
    let Some(gate) = app.kept(slug).filter(|_| is_form(headers)) else { return notice };
    let sent: Vec<Sent<'_>> = form_urlencoded::parse(body).collect();
    let known = app.cookie.read(&app.signer, headers);
    let Some(visitor) = known.or(form_of(app, &gate, &sent).map(|form| form.visitor)) else { return notice };
    let told = "Something on our side is not working right now. Nothing is lost: wait a moment, then send this again.";
    let desk = Desk { app, gate: &gate, visitor };
    let page = desk.questions(&Sheet { sent: &sent, told: Some(Told::bad(told)), ..Sheet::default() });
    let (notice, _) = notice.into_parts();
    (notice.status, [(header::RETRY_AFTER, notice.headers[header::RETRY_AFTER].clone())], page)
        .into_response()
}

/// What the form says of itself, if it is one of this gate.
fn form_of(app: &App, gate: &SavedGate, sent: &[Sent<'_>]) -> Option<Form> {
    let (_, token) = sent.iter().find(|(name, _)| name == "form")?;
    Form::open(&app.signer, token).filter(|form| form.gate == gate.id)
}

/// A field of a form as it was sent.
type Sent<'a> = (Cow<'a, str>, Cow<'a, str>);

/// One visitor at one gate.
struct Desk<'a> {
    app: &'a App,
    gate: &'a SavedGate,
    visitor: Visitor,
}

/// What the questions are shown with: what was typed, and what is said of it.
#[derive(Default)]
struct Sheet<'a> {
    sent: &'a [Sent<'a>],
    told: Option<Told>,
    troubles: Vec<(QuestionId, String)>,
}

impl Desk<'_> {
    async fn take(&self, sent: &[Sent<'_>], age: Age, now: UnixTime) -> Result<Option<Response>, Trouble> {
        if self.gate.gate.needs_start() && sent.iter().any(|(name, _)| name == "start") {
            return self.start(sent, now).await;
        }
        let Ok(given) = Given::read(sent.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))) else {
            let told = Told::bad("This is longer than any answer we would accept.");
            return Ok(Some(self.questions(&Sheet { told: Some(told), ..Sheet::default() })));
        };
        let outcome = answer::answer(self.app, self.gate, self.visitor, &given).await?;
        if age == Age::Kept
            && !matches!(outcome, Outcome::In | Outcome::Wrong { .. } | Outcome::Inside | Outcome::Banned)
        {
            return Ok(None);
        }
        Ok(self.tell(outcome, sent, now))
    }

    async fn start(&self, sent: &[Sent<'_>], now: UnixTime) -> Result<Option<Response>, Trouble> {
        // The time of a try does not run while none may come.
        if let Err(outcome) = answer::tries(self.app, self.gate, self.visitor, now).await? {
            return Ok(self.tell(outcome, sent, now));
        }
        self.app.store.start(self.gate.id, self.visitor, now).await?;
        Ok(Some(self.questions(&Sheet::default())))
    }

    fn tell(&self, outcome: Outcome, sent: &[Sent<'_>], now: UnixTime) -> Option<Response> {
        let again = |told| self.questions(&Sheet { sent, told: Some(told), ..Sheet::default() });
        let must_start = self.gate.gate.needs_start();
        Some(match outcome {
            Outcome::In => self.to_pass(),
            Outcome::Unclear { which } => {
                let told = Some(Told::bad("Please look again. Nothing was counted."));
                let troubles = which.into_iter().map(|(id, why)| (id, why.to_string())).collect();
                self.questions(&Sheet { sent, told, troubles })
            }
            Outcome::Wrong { left: 0, .. } | Outcome::NoMoreTries => {
                let text = "That was the last try. There are no more for you at this gate.";
                Notice::new(StatusCode::OK, self.title(), text).into_response()
            }
            Outcome::Wrong { which, left, next_try_at } => {
                let mut text = format!("That is not right. You have {} left.", count(left, "try", "tries"));
                if next_try_at > now {
                    let wait = span(next_try_at.get() - now.get());
                    text.push_str(&format!(" The next one may come in {wait}."));
                }
                let told = Some(Told::bad(text));
                let troubles = which.into_iter().map(|id| (id, "This is not right.".to_owned())).collect();
                // The next try begins with Start, as this one did.
                if must_start {
                    self.threshold(told)
                } else {
                    self.questions(&Sheet { sent, told, troubles })
                }
            }
            Outcome::Wait { until } => {
                let wait = span(until.get() - now.get());
                let told = Told::bad(format!("The next try may come in {wait}. This one was not looked at."));
                if must_start { self.threshold(Some(told)) } else { again(told) }
            }
            Outcome::Crowded => again(self.one_more_step(now)),
            Outcome::OutOfTime { left: 0 } => {
                let text = "The time was over, and that was the last try.";
                Notice::new(StatusCode::OK, self.title(), text).into_response()
            }
            Outcome::OutOfTime { left } => {
                let told = format!("The time was over. You have {} left.", count(left, "try", "tries"));
                self.threshold(Some(Told::bad(told)))
            }
            Outcome::NotStarted => self.threshold(None),
            Outcome::NotOpen => return None,
            Outcome::Full => full(self.title()),
            Outcome::Inside => {
                let text = "That is right, and you are a member already: Telegram says that you are in.";
                Notice::new(StatusCode::OK, self.title(), text).into_response()
            }
            Outcome::Banned => {
                let text = "That is right, but Telegram says that you are banned in the chat, so no invitation would let \
                            you in. An administrator there can lift the ban; then answer again.";
                Notice::new(StatusCode::OK, self.title(), text).into_response()
            }
        })
    }

    fn to_pass(&self) -> Response {
        Redirect::to(&pass_path(self.gate.gate.slug.as_str())).into_response()
    }

    /// Too many wrong answers came from nobody knows whom; who shows an account is looked at all the same.
    fn one_more_step(&self, now: UnixTime) -> Told {
        let told = Told::bad(
            "Many wrong answers are coming in right now. Yours was not looked at and does not count. Press Start in the \
             bot, tell it that you opened this page, come back and send your answer again; or wait some minutes.",
        );
        let Some(bot) = self.app.bots.get(self.gate.bot) else { return told };
        let start = Start::new(self.visitor, self.gate.id, now).sign(&self.app.signer);
        let url = format!("{}/{}?start={start}", self.app.telegram_url, bot.username);
        told.leading_to(url, "Open the bot in Telegram")
    }

    /// The page before the questions of a gate whose questions are each visitor's own, or whose time is limited.
    fn threshold(&self, told: Option<Told>) -> Response {
        self.show(&Sheet { told, ..Sheet::default() }, &[], true)
    }

    fn questions(&self, sheet: &Sheet<'_>) -> Response {
        self.show(sheet, &self.gate.gate.ask(self.visitor.as_bytes()), false)
    }

    fn show(&self, sheet: &Sheet<'_>, asked: &[Asked<'_>], must_start: bool) -> Response {
        let (app, gate) = (self.app, &self.gate.gate);
        let slug = gate.slug.as_str();
        let intro = gate.intro.as_ref().map(|intro| intro.as_str());
        let form = Form { visitor: self.visitor, gate: self.gate.id, shown_at: app.clock.now() };
        let page = Page {
            frame: Frame {
                title: self.title(),
                share: Some(Share::of(app, slug)),
                description: intro,
                again_after_seconds: None,
            },
            intro,
            told: sheet.told.clone(),
            action: &format!("/g/{slug}"),
            token: form.sign(&app.signer),
            fields: asked.iter().map(|question| field(question, asked.len() == 1, sheet)).collect(),
            must_start,
            longest: LONGEST_FIELD,
        };
        show(StatusCode::OK, &page)
    }

    fn title(&self) -> &str {
        self.gate.gate.title.as_str()
    }
}

async fn holds_pass(app: &App, gate: &SavedGate, visitor: Visitor) -> Result<bool, Trouble> {
    Ok(app.store.attempt(gate.id, visitor).await?.pass.is_some())
}

fn field<'a>(question: &'a Asked<'a>, is_only: bool, sheet: &'a Sheet<'a>) -> Field<'a> {
    let name = if is_only { "answer".to_owned() } else { format!("answer.{}", question.id) };
    let input = match &question.form {
        gate::Form::Choice(options) => Input::Options { kind: "radio", options },
        gate::Form::Several(options) => Input::Options { kind: "checkbox", options },
        gate::Form::Order(options) => Input::Order { options },
        gate::Form::Text => Input::Line { kind: "text", mode: None },
        gate::Form::Number => Input::Line { kind: "text", mode: Some("decimal") },
        gate::Form::Date => Input::Line { kind: "date", mode: None },
    };
    let typed =
        sheet.sent.iter().filter(|(sent, _)| *sent == name).map(|(_, value)| value.as_ref()).collect();
    let trouble = sheet.troubles.iter().find(|(id, _)| id == question.id).map(|(_, why)| why.as_str());
    Field { name, text: question.ask, input, typed, trouble }
}

/// Browsers send forms as this; a robot that sends something else has not seen the page.
fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

pub(crate) fn nowhere() -> Response {
    let text = "There is no gate at this address. Check that the whole of it was copied.";
    Notice::new(StatusCode::NOT_FOUND, "Nothing here", text).into_response()
}

/// The page of a gate that nobody can pass at this moment.
fn closed(app: &App, gate: &SavedGate) -> Option<Response> {
    let now = app.clock.now();
    let text = match gate.gate.standing(now) {
        _ if gate.state == GateState::Paused => PAUSED.to_owned(),
        Standing::Open => return None,
        Standing::Closed => "This gate is closed.".to_owned(),
        Standing::NotYet { at } => format!("This gate opens in {}.", span(at.get() - now.get())),
    };
    // Before it opens it is shared most.
    let share = Share::of(app, gate.gate.slug.as_str());
    let intro = gate.gate.intro.as_ref().map(|intro| intro.as_str());
    Some(Notice::new(StatusCode::OK, gate.gate.title.as_str(), text).shared(share, intro).into_response())
}

fn paused(title: &str) -> Response {
    Notice::new(StatusCode::OK, title, PAUSED).into_response()
}

fn full(title: &str) -> Response {
    Notice::new(StatusCode::OK, title, "All the places behind this gate are taken.").into_response()
}
