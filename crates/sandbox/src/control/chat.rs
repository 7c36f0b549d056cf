//! What Telegram knows of a chat, and bots are not told.

use super::no_chat;
use crate::hub::Hub;
use crate::world::{Asked, Chat, Invite, LinkNo, Membership, World};
use crate::wrong::Wrong;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

/// All of a chat at one moment, as JSON.
pub(super) fn known(hub: &Hub, id: i64) -> Result<String, Wrong> {
    hub.turn(|world| {
        let chat = world.chat(id).ok_or_else(|| no_chat(id))?;
        Ok(serde_json::to_string(&Known { world, chat }).expect("our own objects have text keys"))
    })
}

/// A chat with all that is in it. Each row is gone when it is written: of a million links there is the text, and
/// no tree.
struct Known<'a> {
    world: &'a World,
    chat: &'a Chat,
}

impl Serialize for Known<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { world, chat } = *self;
        let banned = || chat.memberships().filter(|(_, it)| it.office.is_banned(world.now));
        let members = || chat.memberships().filter(|(_, it)| it.office.is_in());
        // In the order of the alphabet, like the keys of every row.
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("banned", &Rows(|| banned().map(|(who, _)| json!(world.user(who)))))?;
        fields.serialize_entry("guard_bot", &chat.guard)?;
        fields.serialize_entry("id", &chat.id)?;
        fields.serialize_entry("links", &Rows(|| world.invites_of(chat).map(|it| self.link(it))))?;
        fields.serialize_entry("members", &Rows(|| members().map(|(who, it)| self.member(who, it))))?;
        fields
            .serialize_entry("requests", &Rows(|| chat.requests().map(|(who, it)| self.request(who, it))))?;
        fields.serialize_entry("title", &chat.title)?;
        fields.serialize_entry("type", chat.kind.as_str())?;
        fields.serialize_entry("upgraded_to", &chat.upgraded_to)?;
        fields.serialize_entry("username", &chat.username)?;
        fields.end()
    }
}

impl Known<'_> {
    fn link(&self, invite: &Invite) -> Value {
        let mut shown = json!(self.world.whole_link(invite));
        shown["uses"] = invite.uses.into();
        shown["requests"] = invite.pending.into();
        shown["created_at"] = invite.created_at.into();
        shown
    }

    fn member(&self, who: i64, membership: &Membership) -> Value {
        let shown = self.world.shown_member(self.chat.kind, who, Some(membership));
        json!({
            "user": self.world.user(who),
            "status": shown.status(),
            "link": self.url(membership.via),
            "until_date": membership.until,
        })
    }

    fn request(&self, who: i64, asked: &Asked) -> Value {
        json!({
            "user": self.world.user(who),
            "date": asked.at,
            "link": self.url(asked.via),
            "query_id": asked.query,
        })
    }

    fn url(&self, link: Option<LinkNo>) -> Option<String> {
        link.and_then(|number| self.world.invite(number)).map(|invite| self.world.url(invite))
    }
}

/// A list whose rows are made while it is written.
struct Rows<F>(F);

impl<F, R> Serialize for Rows<F>
where
    F: Fn() -> R,
    R: Iterator<Item = Value>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}
