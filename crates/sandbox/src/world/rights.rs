//! What an administrator may do, as a set.

use super::ChatKind;
use telegram::bot_api::types::AdministratorRights;

/// Telegram's names of the rights, in no order that matters.
const NAMES: [&str; 17] = [
    "can_manage_chat",
    "can_change_info",
    "can_post_messages",
    "can_edit_messages",
    "can_delete_messages",
    "can_invite_users",
    "can_restrict_members",
    "can_pin_messages",
    "can_manage_topics",
    "can_promote_members",
    "can_manage_video_chats",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_manage_direct_messages",
    "can_manage_tags",
    "is_anonymous",
];

/// A set of rights.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Rights(u32);

impl Rights {
    /// The rights of these names, with or without `can_`; an unknown name is handed back.
    pub(crate) fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut rights = Self::default().and("can_manage_chat");
        for name in names {
            let position =
                NAMES.iter().position(|known| *known == name || known.strip_prefix("can_") == Some(name));
            rights.0 |= 1 << position.ok_or_else(|| name.to_owned())?;
        }
        Ok(rights)
    }

    fn and(self, name: &str) -> Self {
        Self(self.0 | NAMES.iter().position(|known| *known == name).map_or(0, |position| 1 << position))
    }

    pub(crate) fn has(self, name: &str) -> bool {
        NAMES.iter().position(|known| *known == name).is_some_and(|position| self.0 & (1 << position) != 0)
    }

    /// The rights as Telegram shows them in this kind of chat.
    pub(crate) fn shown(self, kind: ChatKind) -> AdministratorRights {
        let only = |here: bool, name| here.then(|| self.has(name));
        let (channel, supergroup) = (kind == ChatKind::Channel, kind == ChatKind::Supergroup);
        AdministratorRights {
            can_manage_chat: self.has("can_manage_chat"),
            can_change_info: self.has("can_change_info"),
            can_post_messages: only(channel, "can_post_messages"),
            can_edit_messages: only(channel, "can_edit_messages"),
            can_delete_messages: self.has("can_delete_messages"),
            can_invite_users: self.has("can_invite_users"),
            can_restrict_members: self.has("can_restrict_members"),
            can_pin_messages: only(!channel, "can_pin_messages"),
            can_manage_topics: only(supergroup, "can_manage_topics"),
            can_promote_members: self.has("can_promote_members"),
            can_manage_video_chats: self.has("can_manage_video_chats"),
            can_post_stories: self.has("can_post_stories"),
            can_edit_stories: self.has("can_edit_stories"),
            can_delete_stories: self.has("can_delete_stories"),
            can_manage_direct_messages: only(channel, "can_manage_direct_messages"),
            can_manage_tags: only(!channel, "can_manage_tags"),
            is_anonymous: self.has("is_anonymous"),
        }
    }
}
