//! Telegram's objects, in our words.

use crate::common::odd;
use grammers_tl_types::{enums, types};
use links::{
    AdminLinks, Admission, ChatId, ChatIdKind, Entrance, Error, Invitation, Kind, Link, LinkName, LinkUrl,
    Member, MemberLimit, Person, Pricing, Request, Result, UnixTime, UserId,
};

/// The number that Telegram itself has for a chat.
pub(super) fn bare(id: ChatId) -> i64 {
    match id.kind() {
        ChatIdKind::SupergroupOrChannel | ChatIdKind::DirectMessages => -1_000_000_000_000 - id.get(),
        ChatIdKind::Group => -id.get(),
        ChatIdKind::Private => id.get(),
    }
}

/// A supergroup or channel, and what Telegram wants to be told with its number.
pub(super) fn channel(chat: &enums::Chat) -> Option<(ChatId, i64)> {
    let (id, hash) = match chat {
        enums::Chat::Channel(it) if !it.min => (it.id, it.access_hash?),
        enums::Chat::ChannelForbidden(it) => (it.id, it.access_hash),
        _ => return None,
    };
    Some((ChatId::channel(id).ok()?, hash))
}

/// Whether it is a channel proper, in which only its administrators speak.
pub(super) fn is_broadcast(chat: &enums::Chat) -> bool {
    match chat {
        enums::Chat::Channel(it) => it.broadcast,
        enums::Chat::ChannelForbidden(it) => it.broadcast,
        _ => false,
    }
}

/// The supergroup a basic group became.
pub(super) fn moved_to(chat: &enums::Chat) -> Option<ChatId> {
    match chat {
        enums::Chat::Chat(types::Chat { migrated_to: Some(enums::InputChannel::Channel(to)), .. }) => {
            ChatId::channel(to.channel_id).ok()
        }
        _ => None,
    }
}

/// The chat's number, as bots know it.
pub(super) fn chat_id(chat: &enums::Chat) -> Result<ChatId> {
    match chat {
        enums::Chat::Channel(it) => ChatId::channel(it.id).map_err(odd),
        enums::Chat::ChannelForbidden(it) => ChatId::channel(it.id).map_err(odd),
        enums::Chat::Chat(it) => ChatId::new(-it.id).map_err(odd),
        enums::Chat::Forbidden(it) => ChatId::new(-it.id).map_err(odd),
        _ => Err(Error::because(Kind::BrokenAnswer, "it is no chat that has links")),
    }
}

/// Somebody of an answer, as Telegram wants them named. Whose account is gone cannot be.
pub(super) fn named(user_id: i64, users: &[enums::User]) -> enums::InputUser {
    let hash = access_hash(user_id, users);
    hash.map_or(enums::InputUser::Empty, |access_hash| types::InputUser { user_id, access_hash }.into())
}

pub(super) fn access_hash(user_id: i64, users: &[enums::User]) -> Option<i64> {
    users.iter().find_map(|user| match user {
        enums::User::User(it) if it.id == user_id && !it.min => it.access_hash,
        _ => None,
    })
}

/// Somebody, in our words.
pub(super) fn person(user: &enums::User) -> Result<Person> {
    match user {
        enums::User::User(it) => Ok(Person {
            id: UserId::new(it.id).map_err(odd)?,
            is_bot: it.bot,
            first_name: it.first_name.clone().unwrap_or_default(),
            last_name: it.last_name.clone(),
            username: it.username.clone(),
            language: it.lang_code.clone(),
        }),
        enums::User::Empty(it) => nameless(it.id),
    }
}

/// Somebody of whom Telegram tells the number only.
fn nameless(id: i64) -> Result<Person> {
    Ok(Person {
        id: UserId::new(id).map_err(odd)?,
        is_bot: false,
        first_name: String::new(),
        last_name: None,
        username: None,
        language: None,
    })
}

/// The people an answer names, in the order of their numbers: often one, seldom more than a hundred.
pub(super) struct Cast(Vec<Person>);

impl Cast {
    pub(super) fn of(users: &[enums::User]) -> Result<Self> {
        let mut people = users.iter().map(person).collect::<Result<Vec<_>>>()?;
        people.sort_unstable_by_key(|person| person.id);
        Ok(Self(people))
    }

    fn get(&self, id: i64) -> Result<Person> {
        match self.0.binary_search_by_key(&id, |person| person.id.get()) {
            Ok(at) => Ok(self.0[at].clone()),
            Err(_) => nameless(id),
        }
    }
}

/// A link, in our words.
pub(super) fn link(invite: enums::ExportedChatInvite, cast: &Cast) -> Result<Link> {
    let enums::ExportedChatInvite::ChatInviteExported(it) = invite else {
        return Err(Error::because(Kind::BrokenAnswer, "a link was due, and this is none"));
    };
    let creator = cast.get(it.admin_id)?;
    link_of(it, creator)
}

/// A link that this person just made.
pub(super) fn new_link(invite: enums::ExportedChatInvite, creator: Person) -> Result<Link> {
    match invite {
        enums::ExportedChatInvite::ChatInviteExported(it) => link_of(it, creator),
        _ => Err(Error::because(Kind::BrokenAnswer, "a link was due, and this is none")),
    }
}

fn link_of(it: types::ChatInviteExported, creator: Person) -> Result<Link> {
    let entrance = match it.subscription_pricing {
        Some(enums::StarsSubscriptionPricing::Pricing(price)) => Entrance::Paid(pricing(&price)?),
        None if it.request_needed => Entrance::Ordinary(Admission::ByRequest),
        None => {
            let limit = it.usage_limit.filter(|&limit| limit > 0).map(|limit| limit.unsigned_abs());
            let limit = limit.map(MemberLimit::new).transpose().map_err(odd)?;
            Entrance::Ordinary(Admission::Instant { limit })
        }
    };
    Ok(Link {
        url: LinkUrl::new(it.link),
        name: it.title.as_deref().and_then(LinkName::clean),
        creator,
        expires_at: it.expire_date.filter(|&at| at > 0).map(|at| UnixTime::new(at.into())),
        entrance,
        is_primary: it.permanent,
        is_revoked: it.revoked,
        // Telegram leaves a count of nobody out, so silence is a number.
        pending: Some(count(it.requested)),
        uses: Some(count(it.usage)),
        created_at: Some(UnixTime::new(it.date.into())),
    })
}

fn count(number: Option<i32>) -> u32 {
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

fn pricing(price: &types::StarsSubscriptionPricing) -> Result<Pricing> {
    let stars = u32::try_from(price.amount).map_err(odd)?;
    Pricing::every(u32::try_from(price.period).map_err(odd)?, stars).map_err(odd)
}

/// What is asked for when a link shall cost so much.
pub(super) fn price(pricing: Pricing) -> enums::StarsSubscriptionPricing {
    enums::StarsSubscriptionPricing::Pricing(types::StarsSubscriptionPricing {
        period: i32::try_from(pricing.period_seconds()).unwrap_or(i32::MAX),
        amount: pricing.stars().into(),
    })
}

pub(super) fn member(it: &types::ChatInviteImporter, cast: &Cast, link: Option<&LinkUrl>) -> Result<Member> {
    Ok(Member {
        person: cast.get(it.user_id)?,
        joined_at: UnixTime::new(it.date.into()),
        approved_by: it.approved_by.map(UserId::new).transpose().map_err(odd)?,
        via_folder: it.via_chatlist,
        link: link.cloned(),
    })
}

pub(super) fn request(it: &types::ChatInviteImporter, cast: &Cast, chat: ChatId) -> Result<Request> {
    Ok(Request {
        chat,
        person: cast.get(it.user_id)?,
        asked_at: UnixTime::new(it.date.into()),
        bio: it.about.clone(),
        link: None,
        write_to: None,
        decided_by: it.approved_by.map(UserId::new).transpose().map_err(odd)?,
    })
}

pub(super) fn admin(it: &types::ChatAdminWithInvites, cast: &Cast) -> Result<AdminLinks> {
    Ok(AdminLinks {
        admin: cast.get(it.admin_id)?,
        live: count(Some(it.invites_count)),
        revoked: count(Some(it.revoked_invites_count)),
    })
}

/// What a visitor sees of a link.
pub(super) fn invitation(invite: enums::ChatInvite) -> Result<Invitation> {
    let of_chat = |chat: &enums::Chat| -> Result<Invitation> {
        let (title, members) = match chat {
            enums::Chat::Chat(it) => (it.title.clone(), Some(it.participants_count)),
            enums::Chat::Channel(it) => (it.title.clone(), it.participants_count),
            enums::Chat::Forbidden(it) => (it.title.clone(), None),
            enums::Chat::ChannelForbidden(it) => (it.title.clone(), None),
            _ => (String::new(), None),
        };
        Ok(Invitation {
            title,
            about: None,
            member_count: count(members),
            chat: Some(chat_id(chat)?),
            by_request: false,
            pricing: None,
        })
    };
    match invite {
        enums::ChatInvite::Already(it) => of_chat(&it.chat),
        enums::ChatInvite::Peek(it) => of_chat(&it.chat),
        enums::ChatInvite::Invite(it) => Ok(Invitation {
            title: it.title,
            about: it.about,
            member_count: count(Some(it.participants_count)),
            chat: None,
            by_request: it.request_needed,
            pricing: match it.subscription_pricing {
                Some(enums::StarsSubscriptionPricing::Pricing(price)) => Some(pricing(&price)?),
                None => None,
            },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grammers_tl_types::Deserializable;

    fn user(id: i64, access_hash: Option<i64>) -> enums::User {
        let user: types::User = Deserializable::from_bytes(&[0; 16]).expect("flags and a number");
        types::User { id, access_hash, ..user }.into()
    }

    #[test]
    fn whoever_cannot_be_named_is_named_by_nobody() {
        assert_eq!(named(2, &[user(1, Some(7))]), enums::InputUser::Empty);
        assert_eq!(named(1, &[user(1, None)]), enums::InputUser::Empty);
        let expected = types::InputUser { user_id: 1, access_hash: 7 };
        assert_eq!(named(1, &[user(1, Some(7))]), expected.into());
    }
}
