//! A gate is opened, if it can work: what keeps it from working is told all at once, each with its cure.

use gate::{Entry, Flaw, Gate, Standing, StrangerRule};
use links::{Chat, ChatId, Kind, Right, UnixTime, UserId};
use std::collections::HashSet;
use store::{Bot, GateState, SavedGate, Store};
use telegram::bot_api::methods::{GetChat, GetChatMember};
use telegram::bot_api::types::{ChatFullInfo, ChatMember};
use telegram::bot_api::{BadSettings, Client, Settings as Road, Token};

/// One reason why a gate cannot work, as a sentence with its cure. None repeats an answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// What the gate can tell of itself.
    #[error(transparent)]
    Flaw(#[from] Flaw),
    /// An entry that this version does not have.
    #[error("the entry `{}` is not built yet; write `entry = \"link\"`", .0.as_str())]
    Entry(Entry),
    /// Its time is over.
    #[error("the gate is over: its `closes_at` has passed; write a later one, or leave it out")]
    Over,
    /// Nobody would make its links.
    #[error("the bot {0} is not remembered here; give its token, or name another with `--bot`")]
    NoBot(UserId),
    /// Telegram does not take the bot's token.
    #[error("Telegram does not accept the token of @{username}; give the current one, from @BotFather")]
    TokenDead {
        /// The bot's name.
        username: String,
    },
    /// Telegram knows no such chat, or never showed it to the bot.
    #[error(
        "@{username} knows no chat {chat}; check the number, and add the bot to the chat as an administrator"
    )]
    ChatNotFound {
        /// Which chat.
        chat: ChatId,
        /// The bot's name.
        username: String,
    },
    /// It became a supergroup.
    #[error("{chat} became a supergroup; write {to} in `chats`")]
    ChatMoved {
        /// Which chat.
        chat: ChatId,
        /// What it is now.
        to: ChatId,
    },
    /// Anyone can walk in.
    #[error(
        "{chat} is public as @{name}: anyone can walk in without a link; make it private, in its settings in Telegram"
    )]
    PublicChat {
        /// Which chat.
        chat: ChatId,
        /// Its public name.
        name: String,
    },
    /// The bot is not there.
    #[error("@{username} is not in {chat}; add it as an administrator who may invite users")]
    NotInChat {
        /// Which chat.
        chat: ChatId,
        /// The bot's name.
        username: String,
    },
    /// The bot is there and has no rights.
    #[error("@{username} is no administrator of {chat}; make it one who may invite users")]
    NotAdministrator {
        /// Which chat.
        chat: ChatId,
        /// The bot's name.
        username: String,
    },
    /// The bot cannot make links.
    #[error("@{username} may not invite users to {chat}; an administrator grants it `can_invite_users`")]
    CannotInvite {
        /// Which chat.
        chat: ChatId,
        /// The bot's name.
        username: String,
    },
    /// The bot cannot remove anybody.
    #[error(
        "@{username} may not remove strangers from {chat}; an administrator grants it `can_restrict_members`, or \
         write `stranger = \"keep\"`"
    )]
    CannotRemove {
        /// Which chat.
        chat: ChatId,
        /// The bot's name.
        username: String,
    },
}

impl Refusal {
    /// The word for it, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Flaw(_) => "flaw",
            Self::Entry(_) => "entry_not_built",
            Self::Over => "over",
            Self::NoBot(_) => "no_bot",
            Self::TokenDead { .. } => "token_dead",
            Self::ChatNotFound { .. } => "chat_not_found",
            Self::ChatMoved { .. } => "chat_moved",
            Self::PublicChat { .. } => "public_chat",
            Self::NotInChat { .. } => "bot_not_in_chat",
            Self::NotAdministrator { .. } => "bot_not_administrator",
            Self::CannotInvite { .. } | Self::CannotRemove { .. } => "missing_right",
        }
    }

    /// The chat it is about, if it is about one.
    pub fn chat(&self) -> Option<ChatId> {
        match self {
            Self::Flaw(Flaw::NoPlace(chat) | Flaw::ChatTwice(chat))
            | Self::ChatNotFound { chat, .. }
            | Self::ChatMoved { chat, .. }
            | Self::PublicChat { chat, .. }
            | Self::NotInChat { chat, .. }
            | Self::NotAdministrator { chat, .. }
            | Self::CannotInvite { chat, .. }
            | Self::CannotRemove { chat, .. } => Some(*chat),
            Self::Flaw(_) | Self::Entry(_) | Self::Over | Self::NoBot(_) | Self::TokenDead { .. } => None,
        }
    }
}

/// Why a gate was not opened, or not changed while it is open.
#[derive(Debug, thiserror::Error)]
pub enum CannotPublish {
    /// It could not work.
    #[error("the gate cannot work")]
    Refused(Vec<Refusal>),
    /// Telegram could not be asked.
    #[error("cannot look at the gate's chats")]
    Telegram(#[from] links::Error),
    /// The way to Telegram is none.
    #[error(transparent)]
    Road(#[from] BadSettings),
    /// The store could not do it.
    #[error("the store could not do it")]
    Store(#[from] store::Error),
    /// Somebody changed the gate meanwhile.
    #[error("the gate was changed meanwhile; look at it again")]
    Changed,
}

/// What keeps this gate from working with any bot.
pub fn refusals_of_itself(gate: &Gate) -> Vec<Refusal> {
    let entry = (gate.entry != Entry::Link).then_some(Refusal::Entry(gate.entry));
    gate.flaws().into_iter().map(Refusal::from).chain(entry).collect()
}

/// The same, of a gate that is to be opened now. One that is open may be over, and changed all the same.
pub fn refusals_to_open(gate: &Gate, now: UnixTime) -> Vec<Refusal> {
    let over = (gate.standing(now) == Standing::Closed).then_some(Refusal::Over);
    refusals_of_itself(gate).into_iter().chain(over).collect()
}

/// Everything that keeps this gate from working with this bot, looked up at Telegram.
pub async fn refusals(
    store: &Store,
    gate: &Gate,
    bot: UserId,
    road: &Road,
) -> Result<Vec<Refusal>, CannotPublish> {
    look_up(store, gate, bot, road, refusals_of_itself(gate)).await
}

/// Everything that keeps this gate from being opened now.
pub async fn refusals_to_publish(
    store: &Store,
    kept: &SavedGate,
    road: &Road,
    now: UnixTime,
) -> Result<Vec<Refusal>, CannotPublish> {
    look_up(store, &kept.gate, kept.bot, road, refusals_to_open(&kept.gate, now)).await
}

/// What Telegram says against it as well.
async fn look_up(
    store: &Store,
    gate: &Gate,
    bot: UserId,
    road: &Road,
    mut refusals: Vec<Refusal>,
) -> Result<Vec<Refusal>, CannotPublish> {
    let Some(bot) = store.bot(bot).await? else {
        refusals.push(Refusal::NoBot(bot));
        return Ok(refusals);
    };
    let Ok(token) = Token::new(bot.token.reveal()) else {
        refusals.push(Refusal::TokenDead { username: bot.username });
        return Ok(refusals);
    };
    let client = Client::new(token, road)?;
    let mut looked_at = HashSet::new();
    for &chat in gate.chats.iter() {
        // A number that can be no chat is not asked about, and none twice.
        if refusals.contains(&Flaw::NoPlace(chat).into()) || !looked_at.insert(chat) {
            continue;
        }
        match look(&client, gate, &bot, chat).await {
            Ok(found) => refusals.extend(found),
            Err(error) if *error.kind() == Kind::TokenDead => {
                refusals.push(Refusal::TokenDead { username: bot.username });
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(refusals)
}

/// What is wrong with one chat.
async fn look(client: &Client, gate: &Gate, bot: &Bot, chat: ChatId) -> links::Result<Vec<Refusal>> {
    let username = || bot.username.clone();
    let chat_id = &Chat::from(chat);
    let known = match client.call(&GetChat { chat_id }).await {
        Ok(known) => known,
        Err(error) => return Ok(vec![unseen(error, chat, bot)?]),
    };
    let standing = match client.call(&GetChatMember { chat_id, user_id: bot.id }).await {
        Ok(standing) => standing,
        Err(error) => return Ok(vec![unseen(error, chat, bot)?]),
    };
    let mut refusals = Vec::new();
    if let Some(name) = public_name(&known) {
        refusals.push(Refusal::PublicChat { chat, name });
    }
    match standing {
        ChatMember::Creator(..) => {}
        ChatMember::Administrator(_, administrator) => {
            if !administrator.rights.can_invite_users {
                refusals.push(Refusal::CannotInvite { chat, username: username() });
            }
            if gate.stranger == StrangerRule::Remove && !administrator.rights.can_restrict_members {
                refusals.push(Refusal::CannotRemove { chat, username: username() });
            }
        }
        other if other.is_in() == Some(false) => {
            refusals.push(Refusal::NotInChat { chat, username: username() });
        }
        _ => refusals.push(Refusal::NotAdministrator { chat, username: username() }),
    }
    Ok(refusals)
}

/// Why the chat cannot be looked at, if that is something the gate's creator can cure.
fn unseen(error: links::Error, chat: ChatId, bot: &Bot) -> links::Result<Refusal> {
    let username = bot.username.clone();
    match error.kind() {
        Kind::ChatNotFound => Ok(Refusal::ChatNotFound { chat, username }),
        Kind::BotNotInChat => Ok(Refusal::NotInChat { chat, username }),
        Kind::MissingRight(Right::Administrator) => Ok(Refusal::NotAdministrator { chat, username }),
        Kind::ChatMoved { to } => Ok(Refusal::ChatMoved { chat, to: *to }),
        _ => Err(error),
    }
}

fn public_name(chat: &ChatFullInfo) -> Option<String> {
    chat.username.clone().or_else(|| chat.active_usernames.first().cloned())
}

/// Opens a gate that can work.
pub async fn publish(
    store: &Store,
    kept: &SavedGate,
    road: &Road,
    who: &str,
    now: UnixTime,
) -> Result<(), CannotPublish> {
    let refusals = refusals_to_publish(store, kept, road, now).await?;
    if !refusals.is_empty() {
        return Err(CannotPublish::Refused(refusals));
    }
    // Looking at chats takes a while, and others may be at work.
    let is_open = store.set_gate_state(kept, GateState::Open, who, now).await?;
    if is_open { Ok(()) } else { Err(CannotPublish::Changed) }
}

/// Saves a gate's next revision. While it is open, it has to go on working, and is looked at as if it were to be opened.
pub async fn change_gate(
    store: &Store,
    kept: &SavedGate,
    gate: &Gate,
    bot: UserId,
    road: &Road,
    who: &str,
    now: UnixTime,
) -> Result<i64, CannotPublish> {
    if kept.state == GateState::Open {
        let refusals = refusals(store, gate, bot, road).await?;
        if !refusals.is_empty() {
            return Err(CannotPublish::Refused(refusals));
        }
    }
    store.change_gate(gate, bot, kept.revision, who, now).await?.ok_or(CannotPublish::Changed)
}
