//! Messages: to the owner of a chat, to somebody who showed who they are. Each is written down first and sent by one
//! node; if its answer is lost it may come twice.

use crate::app::App;
use crate::bots::{Asked, Bot};
use crate::error::{Trouble, chain};
use links::{Chat, ChatId, Kind, UnixTime, UserId};
use serde::{Deserialize, Serialize};
use store::NewErrand;
use telegram::bot_api::methods::{AnswerCallbackQuery, GetChatAdministrators, SendMessage};
use telegram::bot_api::types::{ChatMember, InlineKeyboardButton, InlineKeyboardMarkup};
use tracing::{info, warn};

/// The only kind of errand there is.
const SAY: &str = "say";
/// So many are taken at a time, for so long.
const AT_A_TIME: u32 = 16;
const TAKEN_SECONDS: i64 = 120;
/// Somebody who cannot be reached for so many tries is told nothing.
const MOST_TRIES: u32 = 8;
const FIRST_WAIT_SECONDS: i64 = 5;

/// Something to say.
#[derive(Serialize, Deserialize)]
struct Say {
    to: To,
    text: String,
    /// A button under it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    button: Option<Button>,
    /// The press of a button to which this is the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    press: Option<String>,
}

/// What can be pressed, and what we are told then.
#[derive(Serialize, Deserialize)]
pub(crate) struct Button {
    pub(crate) label: String,
    pub(crate) data: String,
}

/// Who is told.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum To {
    /// This person, who wrote to the bot before.
    Person(i64),
    /// Whoever owns this chat, or did when the bot was last in it, if they ever wrote to the bot.
    OwnerOf(i64),
}

/// That something is to be said: to be written down together with why.
pub(crate) fn saying(to: To, text: String) -> NewErrand {
    errand(&Say { to, text, button: None, press: None })
}

/// Writes down that something is to be said.
pub(crate) async fn say(app: &App, bot: UserId, to: To, text: String) -> Result<(), Trouble> {
    write_down(app, bot, saying(to, text)).await
}

/// The same, with something to press under it.
pub(crate) async fn ask(app: &App, bot: UserId, to: To, text: String, button: Button) -> Result<(), Trouble> {
    write_down(app, bot, errand(&Say { to, text, button: Some(button), press: None })).await
}

/// The same, as the answer to a press.
pub(crate) async fn reply(
    app: &App,
    bot: UserId,
    to: To,
    text: String,
    press: String,
) -> Result<(), Trouble> {
    write_down(app, bot, errand(&Say { to, text, button: None, press: Some(press) })).await
}

fn errand(say: &Say) -> NewErrand {
    NewErrand { what: SAY, body: serde_json::to_vec(say).expect("texts and a number are JSON") }
}

async fn write_down(app: &App, bot: UserId, errand: NewErrand) -> Result<(), Trouble> {
    app.store.send_out(bot, errand, app.clock.now()).await?;
    app.bells.errand.ring();
    Ok(())
}

/// Says what is due; tells how much was taken.
pub(crate) async fn run(app: &App, bot: &Bot, holder: &str) -> Result<usize, Trouble> {
    let now = app.clock.now();
    let until = UnixTime::new(now.get() + TAKEN_SECONDS);
    let errands = app.store.take_errands(bot.id, holder, AT_A_TIME, now, until).await?;
    for errand in &errands {
        app.points.pass("errand.taken");
        let said = match serde_json::from_slice::<Say>(&errand.body) {
            Ok(say) => tell(app, bot, say).await?,
            // Of a version that knew other errands.
            Err(_) => Ok(()),
        };
        app.points.pass("errand.said");
        match said {
            Err(error) if may_pass(&error, errand.tries) => {
                let wait = error.retry_after_seconds().map(i64::from);
                let wait = wait.unwrap_or(FIRST_WAIT_SECONDS << errand.tries.min(10));
                let due_at = UnixTime::new(app.clock.now().get().saturating_add(wait));
                app.store.errand_later(errand.id, due_at).await?;
            }
            said => {
                if let Err(error) = said {
                    warn!(error = chain(&error), "somebody could not be told something");
                }
                app.store.errand_done(errand.id).await?;
            }
        }
    }
    Ok(errands.len())
}

fn may_pass(error: &links::Error, tries: u32) -> bool {
    match error.kind() {
        // To be told to wait is not to be out of reach.
        Kind::Wait { .. } => true,
        Kind::OutcomeUnknown | Kind::TokenDead => tries < MOST_TRIES,
        _ => tries < MOST_TRIES && error.is_retryable(),
    }
}

/// What came of it at Telegram.
async fn tell(
    app: &App,
    bot: &Bot,
    Say { to, text, button, press }: Say,
) -> Result<links::Result<()>, Trouble> {
    if let Some(press) = press
        && let Err(error) = release(bot, &press).await?
    {
        return Ok(Err(error));
    }
    let person = match to {
        To::Person(person) => UserId::new(person).ok(),
        To::OwnerOf(chat) => match ChatId::new(chat) {
            Ok(chat) => match owner(bot, chat).await? {
                Ok(owner) => owner,
                // The bot is out, so it is whoever it was.
                Err(error) if is_shut_out(&error) => app.store.owner(bot.id, chat).await?,
                Err(error) => return Ok(Err(error)),
            },
            Err(_) => None,
        },
    };
    let Some(person) = person else { return Ok(Ok(())) };
    Ok(write(bot, person, &text, button).await?)
}

fn is_shut_out(error: &links::Error) -> bool {
    matches!(error.kind(), Kind::BotNotInChat | Kind::ChatNotFound | Kind::MissingRight(_))
}

/// The button does not wait any more. Nobody is told twice, nor after minutes; what is written to them says all.
async fn release(bot: &Bot, press: &str) -> Asked<()> {
    let answer = AnswerCallbackQuery {
        callback_query_id: press,
        text: None,
        show_alert: None,
        url: None,
        cache_time: None,
    };
    Ok(match bot.call(&answer).await? {
        Err(error) if *error.kind() == Kind::QueryTooOld => Ok(()),
        answered => answered.map(drop),
    })
}

async fn write(bot: &Bot, person: UserId, text: &str, button: Option<Button>) -> Asked<()> {
    let chat = ChatId::new(person.get()).expect("everybody has a chat with the bot of their own number");
    let keyboard = button.map(|Button { label, data }| InlineKeyboardMarkup {
        inline_keyboard: vec![vec![InlineKeyboardButton {
            text: label,
            callback_data: Some(data),
            ..InlineKeyboardButton::default()
        }]],
    });
    let message = SendMessage {
        chat_id: &Chat::from(chat),
        text,
        parse_mode: None,
        disable_notification: None,
        protect_content: None,
        reply_markup: keyboard.as_ref(),
    };
    Ok(match bot.call(&message).await? {
        Err(error) if matches!(error.kind(), Kind::PersonBlockedUs | Kind::ChatNotFound) => {
            info!("somebody could not be told something: they never started the bot, or blocked it");
            Ok(())
        }
        said => said.map(drop),
    })
}

/// Who owns a chat.
pub(crate) async fn owner(bot: &Bot, chat: ChatId) -> Asked<Option<UserId>> {
    let administrators = bot.call(&GetChatAdministrators { chat_id: &Chat::from(chat) }).await?;
    let creator = |member| match member {
        ChatMember::Creator(owner, _) => UserId::new(owner.id).ok(),
        _ => None,
    };
    Ok(administrators.map(|all| all.into_iter().find_map(creator)))
}
