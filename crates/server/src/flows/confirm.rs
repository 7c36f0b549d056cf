//! Somebody shows their account: they press Start with what a page gave them, are asked whether that page is theirs, and
//! press a button that says so.
//!
//! Start alone says nothing. Its link can be sent to anybody, and whoever sent it would be taken for whoever pressed: their
//! browser would use the tries of that account, and show its invitation.

use super::errands::{self, Button, To};
use crate::app::App;
use crate::bots::Bot;
use crate::error::Trouble;
use crate::visitor::{Confirm, Start};
use links::{UnixTime, UserId};
use store::Effect;
use telegram::bot_api::types::{CallbackQuery, Message, Update, UpdateKind};

/// What somebody did in their chat with the bot.
enum Said<'a> {
    /// They pressed Start on a page of ours.
    Start { start: Start, is_over: bool },
    /// They pressed our button, with what it says if it is theirs.
    Press { query: &'a str, confirm: Option<Confirm>, is_over: bool },
}

/// What it changes: whoever pressed the button is that visitor.
pub(crate) fn effect(app: &App, update: &Update, now: UnixTime) -> Option<Effect> {
    match said(app, update, now)? {
        (person, Said::Press { confirm: Some(confirm), is_over: false, .. }) => {
            let Confirm { visitor, gate, .. } = confirm;
            // Telegram does not tell when a button was pressed. Whoever said so first is who they are.
            Some(Effect::Started { person, gate, visitor, at: now })
        }
        _ => None,
    }
}

/// What is said to them, now that it is written down.
pub(crate) async fn follow(app: &App, bot: &Bot, update: &Update, now: UnixTime) -> Result<(), Trouble> {
    let Some((person, said)) = said(app, update, now) else { return Ok(()) };
    let to = To::Person(person.get());
    match said {
        Said::Start { is_over: true, .. } => {
            let text =
                "The page that led you here was open for too long. Load it again, and press Start once more.";
            errands::say(app, bot.id, to, text.to_owned()).await
        }
        Said::Start { start: Start { visitor, gate, .. }, .. } => {
            let Some(known) = app.store.gate_by_id(gate).await? else { return Ok(()) };
            let title = known.gate.title.as_str();
            let text = format!(
                "A browser wants to be known as you at the gate \u{201c}{title}\u{201d}.\n\nOnly press this if you opened that \
                 page yourself just now. If somebody sent you the link that led here, do nothing: whoever holds that \
                 browser would use your tries, and see your invitation."
            );
            let data = Confirm { visitor, gate, person }.sign(&app.signer);
            let button = Button { label: "I opened that page myself".to_owned(), data };
            errands::ask(app, bot.id, to, text, button).await
        }
        Said::Press { query, confirm, is_over, .. } => {
            let known = match confirm {
                Some(Confirm { visitor, gate, .. }) => app.store.attempt(gate, visitor).await?.person,
                None => None,
            };
            let text = if known == Some(person) {
                "I know who you are now. Go back to the page and send your answer again."
            } else if is_over || confirm.is_none() {
                "This button is too old, or not yours. Load the page again, and press Start once more."
            } else {
                "Somebody else said before you that they opened that page. Open the gate anew."
            };
            errands::reply(app, bot.id, to, text.to_owned(), query.to_owned()).await
        }
    }
}

/// Who did what, if it is one of these.
fn said<'a>(app: &App, update: &'a Update, now: UnixTime) -> Option<(UserId, Said<'a>)> {
    match &update.kind {
        UpdateKind::Message(message) => start(app, message),
        UpdateKind::CallbackQuery(query) => press(app, query, now),
        _ => None,
    }
}

fn start<'a>(app: &App, message: &Message) -> Option<(UserId, Said<'a>)> {
    let payload = message.text.as_deref()?.strip_prefix("/start ")?;
    let person = UserId::new(message.from.as_ref()?.id).ok()?;
    let start = Start::open(&app.signer, payload.trim())?;
    let is_over = UnixTime::new(message.date) > start.until;
    (message.chat.kind == "private").then_some((person, Said::Start { start, is_over }))
}

fn press<'a>(app: &App, query: &'a CallbackQuery, now: UnixTime) -> Option<(UserId, Said<'a>)> {
    let person = UserId::new(query.from.id).ok()?;
    if query.message.as_ref().is_some_and(|message| message.chat.kind != "private") {
        return None;
    }
    // Of a message that is too old or gone, Telegram tells no time.
    let asked_at = UnixTime::new(query.message.as_ref().map_or(0, |message| message.date));
    let is_over = !Confirm::is_fresh(asked_at, now);
    let confirm = query.data.as_deref().and_then(|data| Confirm::open(&app.signer, data));
    let confirm = confirm.filter(|confirm| confirm.person == person);
    Some((person, Said::Press { query: &query.id, confirm, is_over }))
}
