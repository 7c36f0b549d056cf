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
///
/// ```no_run
/// # use links as admit_links;
/// use admit_links::{Event, Links, Verdict};
/// use admit_telegram::bot_api::Client;
/// use admit_telegram::bot_api::updates::{KINDS, event};
///
/// # async fn run(bot: Client) -> Result<(), Box<dyn std::error::Error>> {
/// let ear = bot.updates(KINDS);
/// let mut done = None;
/// loop {
///     for update in ear.after(done).await? {
///         if let Some(Event::Asked(request)) = event(&update) {
///             bot.decide(&request.chat.into(), request.person.id, Verdict::Approve).await?;
///         }
///         done = Some(update.update_id);
///     }
/// }
/// # }
/// ```
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
        loop {
            let updates = self.within(done, LONG_POLL_SECONDS).await?;
            if !updates.is_empty() {
                return Ok(updates);
            }
        }
    }

    /// The same, but waits no longer than so many seconds, and is content with none.
    ///
    /// Telegram gives a hundred at a time: whoever got fewer has all there were.
    pub async fn within(&self, done: Option<i64>, seconds: u32) -> Result<Vec<Update>> {
        let kinds: Vec<&str> = self.kinds.iter().map(String::as_str).collect();
        let request = GetUpdates {
            offset: done.map(|done| done.saturating_add(1)),
            limit: None,
            timeout: seconds.min(LONG_POLL_SECONDS),
            allowed_updates: Some(&kinds),
        };
        self.client.call(&request).await
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
    let standing = standing_of(&change.new_chat_member)?;
    Some(Event::RightsChanged {
        chat: ChatId::new(change.chat.id).ok()?,
        at: UnixTime::new(change.date),
        by: UserId::new(change.from.id).ok()?,
        standing,
    })
}

/// What a member's status says of their rights over links; nothing, if the status is newer than this.
pub fn standing_of(member: &ChatMember) -> Option<Standing> {
    Some(match member {
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

#[cfg(test)]
mod tests {
    use super::*;
    use links::{Admission, Entrance};
    use serde_json::{Value, json};

    fn check(kind: &str, what: Value) -> Option<Event> {
        event(&serde_json::from_value(json!({"update_id": 9, kind: what})).unwrap())
    }

    fn ann() -> Value {
        json!({"id": 42, "is_bot": false, "first_name": "Ann", "language_code": "en"})
    }

    fn garden() -> Value {
        json!({"id": -1_001_234_567_890i64, "title": "Garden", "type": "supergroup"})
    }

    fn spring() -> Value {
        json!({
            "invite_link": "https://t.me/+Xy3kQ2LmN0o5ZjEy",
            "creator": {"id": 7, "is_bot": true, "first_name": "Gate"},
            "creates_join_request": true, "is_primary": false, "is_revoked": false,
        })
    }

    /// Somebody's change from one status to another, with whatever else the update says.
    fn change(old: Value, new: Value, more: Value) -> Value {
        let mut change = json!({"chat": garden(), "from": ann(), "date": 1_789_000_000});
        for (name, mut member) in [("old_chat_member", old), ("new_chat_member", new)] {
            member["user"] = ann();
            change[name] = member;
        }
        change.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        change
    }

    fn way(more: Value) -> Way {
        let change = change(json!({"status": "left"}), json!({"status": "member"}), more);
        match check("chat_member", change) {
            Some(Event::Joined(joined)) => joined.way,
            other => panic!("{other:?} is no join"),
        }
    }

    #[test]
    fn every_way_in() {
        let Way::Link(link) = way(json!({"invite_link": spring()})) else { panic!("by the link") };
        assert_eq!(link.entrance, Entrance::Ordinary(Admission::ByRequest));
        assert!(matches!(way(json!({"via_join_request": true})), Way::DirectRequest));
        assert!(matches!(way(json!({"via_chat_folder_invite_link": true})), Way::Folder(None)));
        let folder = way(json!({"invite_link": spring(), "via_chat_folder_invite_link": true}));
        assert!(matches!(folder, Way::Folder(Some(_))));
        assert!(matches!(way(json!({})), Way::Untold));
        // A limit that no link can have: the link cannot be read, but somebody came in.
        let mut odd = spring();
        odd["creates_join_request"] = json!(false);
        odd["member_limit"] = json!(100_000);
        assert!(matches!(way(json!({"invite_link": odd})), Way::Untold));
    }

    #[test]
    fn coming_and_going_is_between_in_and_out() {
        let seen = |old, new| check("chat_member", change(old, new, json!({})));
        let (left, member) = (json!({"status": "left"}), json!({"status": "member"}));
        let kicked = json!({"status": "kicked", "until_date": 0});
        let muted = |is_member| json!({"status": "restricted", "is_member": is_member});

        assert!(matches!(seen(kicked.clone(), member.clone()), Some(Event::Joined(_))));
        assert!(matches!(seen(muted(false), muted(true)), Some(Event::Joined(_))));
        assert!(matches!(seen(member.clone(), left.clone()), Some(Event::Left(Left { banned: false, .. }))));
        assert!(matches!(seen(member.clone(), kicked.clone()), Some(Event::Left(Left { banned: true, .. }))));
        assert_eq!(seen(left, kicked), None);
        assert_eq!(seen(member.clone(), muted(true)), None);
        assert_eq!(seen(member, json!({"status": "haunting"})), None);
    }

    #[test]
    fn asking_with_and_without_ten_seconds() {
        let mut asked = json!({
            "chat": garden(), "from": ann(), "user_chat_id": 42, "date": 1_789_000_000,
            "bio": "hi", "invite_link": spring(),
        });
        let Some(Event::Asked(request)) = check("chat_join_request", asked.clone()) else { panic!("asked") };
        assert_eq!((request.person.id.get(), request.bio.as_deref()), (42, Some("hi")));
        assert_eq!(request.link.unwrap().pending, Some(0));
        asked["query_id"] = json!("77");
        let Some(Event::GuardQuery { query, .. }) = check("chat_join_request", asked) else {
            panic!("query")
        };
        assert_eq!(query.0, "77");
    }

    #[test]
    fn our_own_standing() {
        let became =
            |new: Value| match check("my_chat_member", change(json!({"status": "left"}), new, json!({}))) {
                Some(Event::RightsChanged { standing, .. }) => standing,
                other => panic!("{other:?} is no change of rights"),
            };
        let administrator = became(json!({"status": "administrator", "can_invite_users": true}));
        assert!(administrator.may(Right::InviteUsers) && !administrator.may(Right::RestrictMembers));
        assert!(administrator.may(Right::Administrator) && !Standing::Member.may(Right::Administrator));
        assert_eq!(became(json!({"status": "member"})), Standing::Member);
        assert_eq!(became(json!({"status": "left"})), Standing::Out);
        assert_eq!(became(json!({"status": "kicked"})), Standing::Banned);

        let mut blocked = change(json!({"status": "member"}), json!({"status": "kicked"}), json!({}));
        blocked["chat"] = json!({"id": 42, "first_name": "Ann", "type": "private"});
        assert_eq!(check("my_chat_member", blocked), None);
    }

    #[test]
    fn a_migration_is_told_by_both_chats() {
        let expected = Some(Event::ChatMigrated {
            from: ChatId::new(-12_345).unwrap(),
            to: ChatId::new(-1_001_234_567_890).unwrap(),
        });
        let old = json!({"id": -12_345, "title": "Garden", "type": "group"});
        let message =
            json!({"message_id": 1, "date": 0, "chat": old, "migrate_to_chat_id": -1_001_234_567_890i64});
        assert_eq!(check("message", message), expected);
        let message = json!({"message_id": 1, "date": 0, "chat": garden(), "migrate_from_chat_id": -12_345});
        assert_eq!(check("message", message), expected);
    }

    #[test]
    fn the_rest_means_nothing_to_links() {
        let message = json!({"message_id": 1, "date": 0, "chat": garden(), "text": "hello"});
        assert_eq!(check("message", message), None);
        assert_eq!(check("tea_time", json!({"sugar": 2})), None);
        assert_eq!(check("chat_member", json!({"of another": "shape"})), None);
    }
}
