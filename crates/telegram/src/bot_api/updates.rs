//! What Telegram tells without being asked: fetched in order, and read in our words.

use super::client::Client;
use super::links::{person, read};
use super::methods::GetUpdates;
use super::types::{self, ChatJoinRequest, ChatMember, ChatMemberUpdated, Message, Update, UpdateKind};
use links::{
    ChatId, Event, Joined, Left, Link, QueryId, Request, Result, Right, Standing, UnixTime, UserId, Way,
};

/// How long Telegram may hold a question for updates open; its own limit.
const LONG_POLL_SECONDS: u32 = 50;

/// The kinds of updates that [`event`] reads. `chat_member` comes only to those who ask for it.
pub const KINDS: &[&str] = &["message", "my_chat_member", "chat_member", "chat_join_request"];

/// A bot's ear. Telegram lets a bot have one at a time.
#[derive(Clone, Debug)]
pub struct Updates {
    client: Client,
    kinds: Vec<String>,
}

impl Client {
    /// Listens for these kinds of updates. Telegram remembers the list and applies it to what arrives from now on.
    pub fn updates(&self, kinds: &[&str]) -> Updates {
        Updates { client: self.clone(), kinds: kinds.iter().map(|&kind| kind.to_owned()).collect() }
    }
}

impl Updates {
    /// The updates after the one that is `done`, in order and at least one; waits as long as that takes.
    ///
    /// Telegram forgets everything up to `done`, and repeats everything after it until it is done too. With
    /// nothing done yet, it begins with the oldest it has. Dropping the future loses nothing.
    pub async fn after(&self, done: Option<i64>) -> Result<Vec<Update>> {
        let kinds: Vec<&str> = self.kinds.iter().map(String::as_str).collect();
        let request = GetUpdates {
            offset: done.map(|done| done + 1),
            limit: None,
            timeout: LONG_POLL_SECONDS,
            allowed_updates: Some(&kinds),
        };
        loop {
            let updates = self.client.call(&request).await?;
            if !updates.is_empty() {
                return Ok(updates);
            }
        }
    }
}

/// What an update means for links and the people at them; nothing, if it means nothing to them.
pub fn event(update: &Update) -> Option<Event> {
    match &update.kind {
        UpdateKind::Message(message) => migration(message),
        UpdateKind::MyChatMember(change) => standing(change),
        UpdateKind::ChatMember(change) => coming_or_going(change),
        UpdateKind::ChatJoinRequest(request) => asking(request),
        UpdateKind::CallbackQuery(_) | UpdateKind::Unknown(..) => None,
    }
}

/// Both the old chat and the new one say it, so it is told twice.
fn migration(message: &Message) -> Option<Event> {
    let (from, to) = match (message.migrate_from_chat_id, message.migrate_to_chat_id) {
        (Some(from), _) => (from, message.chat.id),
        (_, Some(to)) => (message.chat.id, to),
        (None, None) => return None,
    };
    Some(Event::ChatMigrated { from: ChatId::new(from).ok()?, to: ChatId::new(to).ok()? })
}

/// In a private chat the same update says that somebody blocked us, which is not about links.
fn standing(change: &ChatMemberUpdated) -> Option<Event> {
    if change.chat.kind == "private" {
        return None;
    }
    let standing = match &change.new_chat_member {
        // A bot cannot own a chat; were it possible, it could do everything.
        ChatMember::Creator(..) => Standing::Administrator(vec![Right::InviteUsers, Right::RestrictMembers]),
        ChatMember::Administrator(_, administrator) => {
            let rights = &administrator.rights;
            let invite = rights.can_invite_users.then_some(Right::InviteUsers);
            let restrict = rights.can_restrict_members.then_some(Right::RestrictMembers);
            Standing::Administrator(invite.into_iter().chain(restrict).collect())
        }
        ChatMember::Kicked(..) => Standing::Banned,
        other if other.is_in()? => Standing::Member,
        _ => Standing::Out,
    };
    Some(Event::RightsChanged {
        chat: ChatId::new(change.chat.id).ok()?,
        at: UnixTime::new(change.date),
        by: UserId::new(change.from.id).ok()?,
        standing,
    })
}

fn coming_or_going(change: &ChatMemberUpdated) -> Option<Event> {
    let (old, new) = (&change.old_chat_member, &change.new_chat_member);
    let chat = ChatId::new(change.chat.id).ok()?;
    let at = UnixTime::new(change.date);
    let by = UserId::new(change.from.id).ok()?;
    let person = person(new.user()?.clone()).ok()?;
    match (old.is_in()?, new.is_in()?) {
        (false, true) => Some(Event::Joined(Joined { chat, person, at, by, way: way(change) })),
        (true, false) => {
            let banned = matches!(new, ChatMember::Kicked(..));
            Some(Event::Left(Left { chat, person, at, by, banned }))
        }
        _ => None,
    }
}

fn way(change: &ChatMemberUpdated) -> Way {
    // A join by a link that cannot be read is a join all the same.
    match link(change.invite_link.as_ref()).map(Box::new) {
        link if change.via_chat_folder_invite_link => Way::Folder(link),
        Some(link) => Way::Link(link),
        None if change.via_join_request => Way::DirectRequest,
        None => Way::Untold,
    }
}

fn asking(asked: &ChatJoinRequest) -> Option<Event> {
    let request = Request {
        chat: ChatId::new(asked.chat.id).ok()?,
        person: person(asked.from.clone()).ok()?,
        asked_at: UnixTime::new(asked.date),
        bio: asked.bio.clone(),
        link: link(asked.invite_link.as_ref()),
        write_to: ChatId::new(asked.user_chat_id).ok(),
        decided_by: None,
    };
    Some(match &asked.query_id {
        Some(query) => Event::GuardQuery { query: QueryId(query.clone()), request },
        None => Event::Asked(request),
    })
}

fn link(link: Option<&types::ChatInviteLink>) -> Option<Link> {
    read(link?.clone()).ok()
}
