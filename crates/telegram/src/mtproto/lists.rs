//! Lists that arrive piece by piece. No page shows through: they end where Telegram's end.

use super::client::{About, Client};
use super::error::NeverMet;
use super::objects::{self, Cast};
use super::peers::PAGE;
use crate::common::nameable;
use crate::pace::Effect;
use futures_util::stream::{StreamExt, TryStreamExt, iter, try_unfold};
use grammers_tl_types::{enums, functions, types};
use links::{
    AdminLinks, Chat, ChatId, Error, Kind, Link, LinkFilter, LinkUrl, List, Member, MemberFilter, Request,
    RequestFilter, Result, Right, UserId,
};
use std::future::Future;
use tokio::time::Instant;

/// Pages until one is empty, or until the next would begin where this one did. `page` answers what is on it, read while
/// it is asked for, and where the next begins.
fn pages<'a, C, I, T, F>(first: C, page: impl Fn(C) -> F + Send + 'a) -> List<'a, T>
where
    C: Clone + PartialEq + Send + 'a,
    I: Iterator<Item = Result<T>> + Send + 'a,
    T: Send + 'a,
    F: Future<Output = Result<(I, Option<C>)>> + Send,
{
    let pages = try_unfold((Some(first), page), |(at, page)| async move {
        let Some(at) = at else { return Ok::<_, Error>(None) };
        let (items, next) = page(at.clone()).await?;
        let next = next.filter(|next| *next != at);
        Ok(Some((iter(items), (next, page))))
    });
    pages.try_flatten().boxed()
}

/// Where a page of links begins: after this one.
type AfterLink = Option<(i32, String)>;
/// Where a page of people begins: after this one, who came or asked then.
type AfterPerson = Option<(i32, enums::InputUser)>;

/// Whose names are asked for, and which.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    chat: &'a Chat,
    requested: bool,
    lapsed: bool,
    link: Option<&'a LinkUrl>,
    search: Option<&'a str>,
}

/// A page of people, and the chat they came to or wait at.
struct People {
    chat: ChatId,
    importers: Vec<types::ChatInviteImporter>,
    cast: Cast,
    next: Option<AfterPerson>,
}

impl Client {
    pub(super) fn every_link<'a>(
        &'a self,
        chat: &'a Chat,
        filter: &'a LinkFilter,
        until: Option<Instant>,
    ) -> List<'a, Link> {
        pages(AfterLink::None, move |after| async move {
            let (offset_date, offset_link) = after.unzip();
            let deadline = until.unwrap_or_else(|| self.deadline());
            let (id, peer) = self.peer(deadline, chat).await?;
            let request = functions::messages::GetExportedChatInvites {
                revoked: filter.revoked,
                peer,
                admin_id: match filter.admin {
                    Some(admin) => self.admin(deadline, chat, admin).await?,
                    None => enums::InputUser::UserSelf,
                },
                offset_date,
                offset_link,
                limit: PAGE,
            };
            let about = listing(id, right_over(&request.admin_id), deadline);
            let enums::messages::ExportedChatInvites::Invites(page) = self.of_chat(about, &request).await?;
            let next = page.invites.last().and_then(|last| match last {
                enums::ExportedChatInvite::ChatInviteExported(it) => Some(Some((it.date, it.link.clone()))),
                enums::ExportedChatInvite::ChatInvitePublicJoinRequests => None,
            });
            let cast = Cast::of(&page.users)?;
            Ok((page.invites.into_iter().map(move |invite| objects::link(invite, &cast)), next))
        })
    }

    pub(super) fn every_member<'a>(&'a self, chat: &'a Chat, filter: &'a MemberFilter) -> List<'a, Member> {
        let MemberFilter { link, lapsed } = filter;
        let link = link.as_ref();
        let wanted = Wanted { chat, requested: false, lapsed: *lapsed, link, search: None };
        pages(AfterPerson::None, move |after| async move {
            let People { importers, cast, next, .. } = self.people(self.deadline(), wanted, after).await?;
            let members = importers.into_iter().filter(|it| !it.requested);
            Ok((members.map(move |it| objects::member(&it, &cast, link)), next))
        })
    }

    pub(super) fn every_request<'a>(
        &'a self,
        chat: &'a Chat,
        filter: &'a RequestFilter,
        until: Option<Instant>,
    ) -> List<'a, Request> {
        let (link, search) = (filter.link.as_ref(), filter.search.as_deref());
        // Telegram does not search among those of one link; we do.
        let asked = search.filter(|_| link.is_none());
        let ours = search.filter(|_| link.is_some()).map(str::to_lowercase);
        let wanted = Wanted { chat, requested: true, lapsed: false, link, search: asked };
        let requests = pages(AfterPerson::None, move |after| async move {
            let deadline = until.unwrap_or_else(|| self.deadline());
            let People { chat, importers, cast, next } = self.people(deadline, wanted, after).await?;
            let waiting = importers.into_iter().filter(|it| it.requested && it.approved_by.is_none());
            Ok((waiting.map(move |it| objects::request(&it, &cast, chat)), next))
        });
        requests.try_filter(move |request| std::future::ready(is_found(request, ours.as_deref()))).boxed()
    }

    pub(super) fn every_admin<'a>(&'a self, chat: &'a Chat, until: Option<Instant>) -> List<'a, AdminLinks> {
        pages((), move |()| async move {
            let deadline = until.unwrap_or_else(|| self.deadline());
            let (id, peer) = self.peer(deadline, chat).await?;
            let request = functions::messages::GetAdminsWithInvites { peer };
            let enums::messages::ChatAdminsWithInvites::Invites(page) =
                self.of_chat(listing(id, Right::Owner, deadline), &request).await?;
            self.peers().learn_people(&page.users);
            let cast = Cast::of(&page.users)?;
            let admins = page.admins.into_iter();
            let admins =
                admins.map(move |enums::ChatAdminWithInvites::Invites(it)| objects::admin(&it, &cast));
            Ok((admins, None))
        })
    }

    /// A page of who came, or of who waits.
    async fn people(&self, deadline: Instant, wanted: Wanted<'_>, after: AfterPerson) -> Result<People> {
        wanted.link.map(nameable).transpose()?;
        let (offset_date, last) = after.unzip();
        let (chat, peer) = self.peer(deadline, wanted.chat).await?;
        let request = functions::messages::GetChatInviteImporters {
            requested: wanted.requested,
            subscription_expired: wanted.lapsed,
            peer,
            link: wanted.link.map(|link| link.as_str().to_owned()),
            q: wanted.search.map(str::to_owned),
            offset_date: offset_date.unwrap_or_default(),
            offset_user: last.unwrap_or(enums::InputUser::Empty),
            limit: PAGE,
        };
        let enums::messages::ChatInviteImporters::Importers(page) =
            self.of_chat(listing(chat, Right::InviteUsers, deadline), &request).await?;
        if wanted.requested {
            // Whoever waits will be decided about.
            self.peers().learn_people(&page.users);
        }
        let importers: Vec<_> =
            page.importers.into_iter().map(|enums::ChatInviteImporter::Importer(it)| it).collect();
        Ok(People {
            chat,
            next: importers.last().map(|last| Some((last.date, objects::named(last.user_id, &page.users)))),
            importers,
            cast: Cast::of(&page.users)?,
        })
    }

    /// An administrator, as Telegram wants them named.
    pub(super) async fn admin(
        &self,
        deadline: Instant,
        chat: &Chat,
        admin: UserId,
    ) -> Result<enums::InputUser> {
        if self.me_by(deadline).await?.id == admin {
            return Ok(enums::InputUser::UserSelf);
        }
        let mut admins = self.every_admin(chat, Some(deadline));
        loop {
            let known = self.peers().person(admin);
            if let Some(known) = known {
                return Ok(known);
            }
            if admins.try_next().await?.is_none() {
                return Err(Error::because(Kind::PersonUnknown, NeverMet("that administrator")));
            }
        }
    }

    /// Somebody who waits, or whom this account met while they did.
    pub(super) async fn who_waits(
        &self,
        deadline: Instant,
        chat: &Chat,
        person: UserId,
    ) -> Result<enums::InputUser> {
        let everybody = RequestFilter::default();
        let mut waiting = self.every_request(chat, &everybody, Some(deadline));
        loop {
            let known = self.peers().person(person);
            if let Some(known) = known {
                return Ok(known);
            }
            if waiting.try_next().await?.is_none() {
                return Err(Error::because(Kind::PersonUnknown, NeverMet("that person")));
            }
        }
    }
}

/// What it takes to see and delete the links of this administrator.
pub(super) fn right_over(admin: &enums::InputUser) -> Right {
    if *admin == enums::InputUser::UserSelf { Right::InviteUsers } else { Right::Owner }
}

fn listing(chat: ChatId, right: Right, deadline: Instant) -> About {
    About { chat: Some(chat), effect: Effect::Read, right, deadline }
}

fn is_found(request: &Request, search: Option<&str>) -> bool {
    let Some(search) = search else { return true };
    let person = &request.person;
    let names = [Some(&person.first_name), person.last_name.as_ref(), person.username.as_ref()];
    names.into_iter().flatten().any(|name| name.to_lowercase().contains(search))
}
