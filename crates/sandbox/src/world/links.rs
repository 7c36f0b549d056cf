//! Links: made, edited, replaced, revoked. (Bot API reference; TDLib `DialogInviteLinkManager`; Telegram's own
//! published error lists.)

use super::{Chat, Entry, What, Word, World};

/// A link's place in the world's list of links.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct LinkNo(u32);

impl LinkNo {
    /// No link.
    pub(super) const NONE: Self = Self(u32::MAX);

    /// The link at this place in the world's list.
    pub(super) fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).expect("four thousand million links do not fit"))
    }
}

/// What stands after the `+`: sixteen characters, like today's links.
pub(crate) type Hash = [u8; 16];

/// A link. One of a million, so numbers are as small as they can be, and zero stands for "not set".
#[derive(Clone, Debug)]
pub(crate) struct Invite {
    pub(crate) hash: Hash,
    pub(crate) chat: i64,
    pub(crate) creator: i64,
    pub(crate) name: Box<str>,
    pub(crate) created_at: i64,
    pub(crate) expires_at: u32,
    pub(crate) limit: u32,
    /// Members through it now.
    pub(crate) uses: u32,
    /// Requests waiting through it.
    pub(crate) pending: u32,
    /// Who came by it, paid no longer, and did not come back.
    pub(crate) lapsed: u32,
    pub(crate) period_seconds: u32,
    pub(crate) stars: u32,
    pub(crate) by_request: bool,
    pub(crate) is_primary: bool,
    pub(crate) is_revoked: bool,
    is_deleted: bool,
}

impl Invite {
    /// It was revoked, or its time is over.
    pub(crate) fn is_dead(&self, now: i64) -> bool {
        self.is_revoked || (self.expires_at != 0 && i64::from(self.expires_at) <= now)
    }

    /// As many are in by it as it admits at a time.
    pub(crate) fn is_full(&self) -> bool {
        self.limit != 0 && self.uses >= self.limit
    }

    /// It costs Stars.
    pub(crate) fn is_paid(&self) -> bool {
        self.period_seconds != 0
    }
}

/// What a new link, or all of an edited one, shall say.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewLink {
    pub(crate) name: String,
    pub(crate) expires_at: u32,
    pub(crate) limit: u32,
    pub(crate) by_request: bool,
    pub(crate) period_seconds: u32,
    pub(crate) stars: u32,
}

impl World {
    /// The link of this number.
    pub(crate) fn invite(&self, number: LinkNo) -> Option<&Invite> {
        self.invites.get(number.0 as usize)
    }

    pub(super) fn invite_mut(&mut self, number: LinkNo) -> Option<&mut Invite> {
        self.invites.get_mut(number.0 as usize)
    }

    /// Every link of a chat, oldest first.
    pub(crate) fn invites_of(&self, chat: &Chat) -> impl DoubleEndedIterator<Item = &Invite> {
        chat.links.iter().filter_map(|&number| self.invite(number))
    }

    /// The same, with their numbers, which grow.
    pub(crate) fn numbered_invites_of(
        &self,
        chat: &Chat,
    ) -> impl DoubleEndedIterator<Item = (LinkNo, &Invite)> {
        chat.links.iter().filter_map(|&number| Some((number, self.invite(number)?)))
    }

    /// A link's text.
    pub(crate) fn url(&self, invite: &Invite) -> String {
        [&self.link_base, "/+", as_text(&invite.hash)].concat()
    }

    /// The link that a text spells, in any of the spellings Telegram's apps understand.
    pub(crate) fn find_link(&self, text: &str) -> Option<LinkNo> {
        self.place_of(text).filter(|&number| self.invite(number).is_some_and(|invite| !invite.is_deleted))
    }

    /// The place of a link among the others, which it keeps when it is deleted.
    pub(crate) fn place_of(&self, text: &str) -> Option<LinkNo> {
        let hash = self.spellings.parse(text).ok()?;
        let hash: Hash = hash.as_str().as_bytes().try_into().ok()?;
        self.by_hash.get(&hash).copied()
    }

    /// Makes a link. Whether the administrator may is for the door to say; here Telegram itself looks again.
    pub(crate) fn create_link(&mut self, admin: i64, chat: i64, new: NewLink) -> Result<LinkNo, Word> {
        let now = self.now;
        let at = self.manageable(admin, chat)?;
        if new.period_seconds != 0 && at.kind != super::ChatKind::Channel {
            return Err(Word("PRICING_CHAT_INVALID"));
        }
        if new.period_seconds != 0 && ![60, 300, 2_592_000].contains(&new.period_seconds) {
            return Err(Word("SUBSCRIPTION_PERIOD_INVALID"));
        }
        if new.stars > 10_000 {
            return Err(Word("PRICING_CHAT_INVALID"));
        }
        check_terms(&new, now)?;
        Ok(self.add_invite(admin, chat, new, false))
    }

    /// The administrator's primary link, made when first asked for.
    pub(crate) fn primary_link(&mut self, admin: i64, chat: i64) -> Result<LinkNo, Word> {
        let existing = self.manageable(admin, chat)?.primaries.get(&admin).copied();
        Ok(existing.unwrap_or_else(|| self.add_invite(admin, chat, NewLink::default(), true)))
    }

    /// Replaces the administrator's primary link; the old one is dead.
    pub(crate) fn replace_primary(&mut self, admin: i64, chat: i64) -> Result<LinkNo, Word> {
        let old = self.manageable(admin, chat)?.primaries.get(&admin).copied();
        if let Some(old) = old.and_then(|number| self.invite_mut(number)) {
            old.is_revoked = true;
        }
        Ok(self.add_invite(admin, chat, NewLink::default(), true))
    }

    /// Overwrites a link: everything that is not said is gone. Of a paid link only the name can change.
    pub(crate) fn edit_link(
        &mut self,
        admin: i64,
        chat: i64,
        text: &str,
        new: NewLink,
    ) -> Result<LinkNo, Word> {
        let (now, refuses_past_dates) = (self.now, self.unknowns.edits_refuse_past_dates);
        let number = self.editable_link(admin, chat, text)?;
        let invite = self.invite_mut(number).expect("it was just found");
        if !invite.is_paid() {
            // A date that stays as it was is no news, even when it is over.
            let is_dated_anew = new.expires_at != invite.expires_at;
            check_terms(&new, if refuses_past_dates && is_dated_anew { now } else { 0 })?;
            invite.expires_at = new.expires_at;
            invite.limit = new.limit;
            invite.by_request = new.by_request;
        }
        invite.name = new.name.into();
        Ok(number)
    }

    /// Overwrites a link's name and nothing else.
    pub(crate) fn rename_link(
        &mut self,
        admin: i64,
        chat: i64,
        text: &str,
        name: String,
    ) -> Result<LinkNo, Word> {
        let number = self.editable_link(admin, chat, text)?;
        self.invite_mut(number).expect("it was just found").name = name.into();
        Ok(number)
    }

    /// Ends a link. Whoever's primary link it is gets a new one in the same moment.
    pub(crate) fn revoke_link(
        &mut self,
        admin: i64,
        chat: i64,
        text: &str,
    ) -> Result<(LinkNo, Option<LinkNo>), Word> {
        let number = self.own_link(admin, chat, text)?;
        let twice = self.unknowns.revoking_twice_succeeds;
        let invite = self.invite_mut(number).expect("it was just found");
        if invite.is_revoked {
            return if twice { Ok((number, None)) } else { Err(Word("INVITE_HASH_EXPIRED")) };
        }
        invite.is_revoked = true;
        let (creator, replace) = (invite.creator, invite.is_primary);
        Ok((number, replace.then(|| self.add_invite(creator, chat, NewLink::default(), true))))
    }

    /// Deletes a revoked link: nobody is ever shown it again.
    pub(crate) fn delete_link(&mut self, admin: i64, chat: i64, text: &str) -> Result<(), Word> {
        let number = self.own_link(admin, chat, text)?;
        if !self.invite(number).expect("it was just found").is_revoked {
            return Err(Word("INVITE_REVOKED_MISSING"));
        }
        self.forget_links(chat, |it, _| it == number);
        Ok(())
    }

    /// Deletes every revoked link of an administrator. Others' are the owner's to delete.
    pub(crate) fn delete_revoked(&mut self, admin: i64, chat: i64, whose: i64) -> Result<(), Word> {
        self.inspectable(admin, chat, whose)?;
        self.forget_links(chat, |_, invite| invite.creator == whose && invite.is_revoked);
        Ok(())
    }

    fn forget_links(&mut self, chat: i64, is_meant: impl Fn(LinkNo, &Invite) -> bool) {
        let invites = &mut self.invites;
        let Some(chat) = self.chats.get_mut(&chat) else { return };
        chat.links.retain(|&number| {
            let invite = &mut invites[number.0 as usize];
            invite.is_deleted |= is_meant(number, invite);
            !invite.is_deleted
        });
    }

    /// The chat, if this administrator may look at the links of that one: their own, or as the owner anybody's.
    pub(crate) fn inspectable(&self, admin: i64, chat: i64, whose: i64) -> Result<&Chat, Word> {
        let chat = self.manageable(admin, chat)?;
        if admin == whose || admin == chat.owner { Ok(chat) } else { Err(Word("CHAT_ADMIN_REQUIRED")) }
    }

    /// The owner revokes anybody's link.
    pub(crate) fn revoke_as_owner(&mut self, chat: i64, text: &str) -> Result<(), Word> {
        let number =
            self.find_link(text).filter(|&number| self.invite(number).is_some_and(|it| it.chat == chat));
        let number = number.ok_or(Word("INVITE_HASH_EXPIRED"))?;
        let invite = self.invite_mut(number).expect("it was just found");
        let (creator, replace) = (invite.creator, invite.is_primary && !invite.is_revoked);
        invite.is_revoked = true;
        if replace {
            self.add_invite(creator, chat, NewLink::default(), true);
        }
        self.note(Entry::new(What::Revoked).chat(chat).link(Some(number)));
        Ok(())
    }

    fn add_invite(&mut self, creator: i64, chat: i64, new: NewLink, is_primary: bool) -> LinkNo {
        let hash = self.new_hash();
        let number = LinkNo::from_index(self.invites.len());
        self.by_hash.insert(hash, number);
        self.invites.push(Invite {
            hash,
            chat,
            creator,
            name: new.name.into(),
            created_at: self.now,
            expires_at: new.expires_at,
            limit: new.limit,
            uses: 0,
            pending: 0,
            lapsed: 0,
            period_seconds: new.period_seconds,
            stars: new.stars,
            by_request: new.by_request,
            is_primary,
            is_revoked: false,
            is_deleted: false,
        });
        let chat = self.chats.get_mut(&chat).expect("links are made for chats that exist");
        chat.links.push(number);
        if is_primary {
            chat.primaries.insert(creator, number);
        }
        number
    }

    fn new_hash(&mut self) -> Hash {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
        loop {
            let mut hash = [0; 16];
            hash.fill_with(|| ALPHABET[self.chance.usize(..64)]);
            // All digits would be a telephone number.
            if !hash.iter().all(u8::is_ascii_digit) && !self.by_hash.contains_key(&hash) {
                return hash;
            }
        }
    }

    /// The chat, if this administrator may manage its links.
    pub(crate) fn manageable(&self, admin: i64, chat: i64) -> Result<&Chat, Word> {
        let chat = self.living(chat)?;
        if chat.may_invite(admin) { Ok(chat) } else { Err(Word("CHAT_ADMIN_REQUIRED")) }
    }

    fn editable_link(&self, admin: i64, chat: i64, text: &str) -> Result<LinkNo, Word> {
        let number = self.own_link(admin, chat, text)?;
        match self.invite(number).expect("it was just found") {
            Invite { is_primary: true, .. } => Err(Word("CHAT_INVITE_PERMANENT")),
            Invite { is_revoked: true, .. } if !self.unknowns.revoked_links_can_be_edited => {
                Err(Word("INVITE_HASH_EXPIRED"))
            }
            _ => Ok(number),
        }
    }

    /// The link this text spells, if the administrator made it for this chat, or owns the chat.
    pub(crate) fn own_link(&self, admin: i64, chat: i64, text: &str) -> Result<LinkNo, Word> {
        let owner = self.manageable(admin, chat)?.owner;
        let number = self.find_link(text).ok_or(Word("INVITE_HASH_EXPIRED"))?;
        let invite = self.invite(number).expect("it was just found");
        if invite.chat != chat {
            Err(Word("INVITE_HASH_EXPIRED"))
        } else if invite.creator == admin || owner == admin {
            Ok(number)
        } else if self.unknowns.foreign_links_need_admin {
            Err(Word("CHAT_ADMIN_REQUIRED"))
        } else {
            Err(Word("INVITE_HASH_EXPIRED"))
        }
    }
}

/// A date in the past and a limit over 99999 are Telegram's to refuse.
fn check_terms(new: &NewLink, now: i64) -> Result<(), Word> {
    if new.expires_at != 0 && i64::from(new.expires_at) <= now {
        Err(Word("EXPIRE_DATE_INVALID"))
    } else if new.limit > 99_999 {
        Err(Word("USAGE_LIMIT_INVALID"))
    } else {
        Ok(())
    }
}

/// A hash is text by construction.
pub(super) fn as_text(hash: &Hash) -> &str {
    std::str::from_utf8(hash).expect("a hash is made of ASCII")
}
