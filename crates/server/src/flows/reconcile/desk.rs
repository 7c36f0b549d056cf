//! One chat and one bot's links there, link by link.

use super::{BY_ITSELF, Books, Difference, End, Failure, Foreign, Strays, Unshown, Wish};
use crate::bots::Bot;
use crate::points::Points;
use futures_util::TryStreamExt;
use gate::Code;
use links::{Chat, ChatId, Kind, Link, LinkFilter, LinkHash, LinkUrl, UnixTime, UserId};
use std::collections::HashSet;
use store::{Booked, LinkId};

/// Telegram's clock is not ours: who came by an imported link so long before it was last compared is looked at again, and
/// so long after its end a link is over.
const OVERLAP_SECONDS: i64 = 600;

/// Why a chat was not compared to its end.
pub(super) enum Failed {
    Store(store::Error),
    Telegram(links::Error),
}

impl From<store::Error> for Failed {
    fn from(why: store::Error) -> Self {
        Self::Store(why)
    }
}

impl From<links::Error> for Failed {
    fn from(why: links::Error) -> Self {
        Self::Telegram(why)
    }
}

/// One chat and one bot's links there, being compared.
pub(super) struct Desk<'a> {
    pub(super) books: Books<'a>,
    bot: &'a Bot,
    pub(super) chat: ChatId,
    /// As the account names it.
    pub(super) name: Chat,
    pub(super) wish: &'a Wish,
    pub(super) points: &'a Points,
    pub(super) began_at: UnixTime,
    /// Links that let somebody in, by our books, and which Telegram has not shown yet.
    unseen: HashSet<LinkId>,
    /// Telegram listed the bot's links.
    is_listed: bool,
    pub(super) found: &'a mut Difference,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        books: Books<'a>,
        bot: &'a Bot,
        chat: ChatId,
        wish: &'a Wish,
        points: &'a Points,
        found: &'a mut Difference,
    ) -> Self {
        Self {
            books,
            bot,
            chat,
            name: chat.into(),
            wish,
            points,
            began_at: books.clock.now(),
            unseen: HashSet::new(),
            is_listed: true,
            found,
        }
    }

    /// Compares links that were made elsewhere, and nothing else.
    pub(super) async fn compare_imported(&mut self) -> Result<(), Failed> {
        self.look_after_imported().await
    }

    /// Compares; also what concerns no bot, if it is said which ones are compared besides.
    pub(super) async fn compare(&mut self, bots_here: Option<&HashSet<UserId>>) -> Result<(), Failed> {
        // Whoever does not own the chat is shown what is their own, and who waits.
        let denied = match self.compare_bot().await {
            Err(Failed::Telegram(why)) if matches!(why.kind(), Kind::MissingRight(_)) => Some(why),
            compared => {
                compared?;
                None
            }
        };
        if let Some(bots_here) = bots_here {
            self.look_at_others(bots_here).await?;
            self.look_after_imported().await?;
            self.look_who_waits().await?;
        }
        denied.map_or(Ok(()), |why| Err(why.into()))
    }

    async fn compare_bot(&mut self) -> Result<(), Failed> {
        let (store, now) = (self.books.store, self.began_at);
        self.unseen = store.held_to_work(self.bot.id, self.chat, now, now).await?.into_iter().collect();
        for revoked in [false, true] {
            self.lay_beside(revoked).await?;
        }
        self.look_for_unseen().await
    }

    /// What Telegram shows of the bot, link by link.
    async fn lay_beside(&mut self, revoked: bool) -> Result<(), Failed> {
        let (account, name) = (self.books.account, self.name.clone());
        let filter = LinkFilter { admin: Some(self.bot.id), revoked };
        let mut shown = account.list(&name, &filter);
        loop {
            match shown.try_next().await {
                Ok(Some(link)) => {
                    let compared = self.one(&link).await;
                    self.unless_failed(link.name.as_ref().map(|name| name.as_str()), compared)?;
                }
                Ok(None) => return Ok(()),
                // Whoever holds no link there is in no list of administrators with links.
                Err(why) if *why.kind() == Kind::PersonUnknown => {
                    self.is_listed = false;
                    return Ok(());
                }
                // One link of theirs that we cannot read; where the list broke off, nobody can tell what is missing.
                Err(why) if *why.kind() == Kind::BrokenAnswer => {
                    self.found.failed.push(Failure { link: None, why });
                }
                Err(why) => return Err(why.into()),
            }
        }
    }

    async fn one(&mut self, link: &Link) -> Result<(), Failed> {
        self.found.links += 1;
        let Ok(hash) = self.books.links.parse(link.url.as_str()) else { return Ok(()) };
        let marker = link.name.as_ref().and_then(|name| name.as_str().parse().ok());
        match (self.books.store.booked(&hash, marker).await?, marker) {
            (Booked::Ours { link: id, is_held_to_work, is_compared }, _) => {
                self.unseen.remove(&id);
                // First, for whoever came by a link that is dead has it, and nobody gets another.
                if !is_compared {
                    self.uses(link, id).await?;
                }
                if link.is_revoked && is_held_to_work {
                    self.died(id).await?;
                }
            }
            (Booked::Lost(id), Some(marker)) => {
                let end = self.adopt(link, id, &hash).await?;
                self.found.adopted.push(Unshown { marker, end, uses: link.uses });
                self.uses(link, id).await?;
            }
            (Booked::Stray, Some(marker)) if !link.is_revoked => {
                let end = match self.stays(link) {
                    Some(left) => left,
                    None => self.end_stray(link, marker).await?,
                };
                self.found.strays.push(Unshown { marker, end, uses: link.uses });
            }
            (Booked::Unknown, _) if !link.is_revoked => self.foreign(link),
            _ => {}
        }
        Ok(())
    }

    /// Why a stray is left as it is, if it is. Without a time of making nobody can tell whose it is.
    fn stays(&self, link: &Link) -> Option<End> {
        let is_older = link.created_at.is_none_or(|at| at < self.bot.added_at);
        match self.wish.strays {
            Strays::Keep => Some(End::Left),
            Strays::End if is_older => Some(End::Older),
            Strays::End | Strays::EndAll => None,
        }
    }

    /// Somebody ended a link of ours at Telegram.
    async fn died(&mut self, link: LinkId) -> Result<(), Failed> {
        let Some((marker, _)) = self.books.store.url_of(link).await? else { return Ok(()) };
        if !self.wish.dry_run {
            self.books.store.link_died(link, self.books.clock.now()).await?;
        }
        self.found.died.push(marker);
        Ok(())
    }

    /// A link that was lost in the making is in the books again, and ends.
    async fn adopt(&self, link: &Link, id: LinkId, hash: &LinkHash) -> Result<End, Failed> {
        let store = self.books.store;
        if !self.wish.dry_run {
            store.adopt(id, &link.url, hash, self.books.clock.now()).await?;
            self.points.pass("reconcile.adopted");
        }
        let end = match link.is_revoked {
            true => End::Ended,
            false => self.end(&link.url).await?,
        };
        if matches!(end, End::Ended) && !self.wish.dry_run {
            store.revoked(id, self.books.clock.now()).await?;
        }
        Ok(end)
    }

    /// Ends a link of which there is no row: that it ends is written down before.
    async fn end_stray(&self, link: &Link, marker: Code) -> store::Result<End> {
        if !self.wish.dry_run {
            self.record(&format!("ends stray {marker}")).await?;
        }
        self.end(&link.url).await
    }

    /// Writes down who does this here.
    pub(super) async fn record(&self, what: &str) -> store::Result<()> {
        let (who, now) = (self.wish.who.as_deref().unwrap_or(BY_ITSELF), self.books.clock.now());
        self.books.store.record_comparison(self.bot.id, self.chat, what, who, now).await
    }

    /// Ends a link of the bot. Telegram takes that from the bot alone.
    async fn end(&self, link: &LinkUrl) -> store::Result<End> {
        if self.wish.dry_run {
            return Ok(End::Due);
        }
        let answer = self.bot.revoke(self.chat, link).await?;
        self.points.pass("reconcile.ended");
        Ok(ended(answer))
    }

    /// Links that are to work and that Telegram did not show. It is asked about each, for a list may miss what changes
    /// while it is read; and where it lists none, about every link whose end was not compared.
    async fn look_for_unseen(&mut self) -> Result<(), Failed> {
        let store = self.books.store;
        let working = std::mem::take(&mut self.unseen);
        let mut rest =
            if self.is_listed { vec![] } else { store.not_compared(self.bot.id, self.chat).await? };
        rest.retain(|link| !working.contains(link));
        for link in working {
            if !self.is_there(link).await? {
                self.died(link).await?;
            }
        }
        for link in rest {
            if !self.is_there(link).await? && !self.wish.dry_run {
                store.compared(link, self.books.clock.now()).await?;
            }
        }
        Ok(())
    }

    /// Whether Telegram knows this link of ours still, alive or not; if so, it is compared.
    async fn is_there(&mut self, link: LinkId) -> Result<bool, Failed> {
        let Some((marker, url)) = self.books.store.url_of(link).await? else { return Ok(true) };
        let compared = match self.books.account.show(&self.name, &url).await {
            Ok(shown) => self.one(&shown).await,
            Err(why) if *why.kind() == Kind::LinkDead => return Ok(false),
            Err(why) => Err(why.into()),
        };
        self.unless_failed(Some(&marker.to_string()), compared).map(|()| true)
    }

    /// What was before then, by Telegram's clock, was before this began.
    pub(super) fn surely_before(&self) -> UnixTime {
        before(self.began_at, OVERLAP_SECONDS)
    }

    /// What Telegram refuses of one link keeps nobody from comparing the others.
    pub(super) fn unless_failed(
        &mut self,
        link: Option<&str>,
        compared: Result<(), Failed>,
    ) -> Result<(), Failed> {
        match compared {
            Err(Failed::Telegram(why)) if concerns_one_link(&why) => {
                self.found.failed.push(Failure { link: link.map(str::to_owned), why });
                Ok(())
            }
            compared => compared,
        }
    }

    /// Links of administrators that are none of these bots. They are theirs, whatever they are named: told of, and left
    /// alone.
    async fn look_at_others(&mut self, bots_here: &HashSet<UserId>) -> Result<(), Failed> {
        let (account, name) = (self.books.account, self.name.clone());
        let admins: links::Result<Vec<UserId>> =
            account.admins(&name).map_ok(|it| it.admin.id).try_collect().await;
        let others: Vec<Option<UserId>> = match admins {
            Ok(admins) => admins.into_iter().filter(|admin| !bots_here.contains(admin)).map(Some).collect(),
            // Their own are shown to everybody.
            Err(why) if matches!(why.kind(), Kind::MissingRight(_)) => vec![None],
            Err(why) => return Err(why.into()),
        };
        for admin in others {
            let filter = LinkFilter { admin, revoked: false };
            let mut shown = account.list(&name, &filter);
            loop {
                match shown.try_next().await {
                    Ok(Some(link)) => self.others(&link).await?,
                    Ok(None) => break,
                    // They are no administrator any more, or an account that is gone.
                    Err(why) if *why.kind() == Kind::PersonUnknown => break,
                    Err(why) => self.unless_failed(None, Err(why.into()))?,
                }
            }
        }
        Ok(())
    }

    async fn others(&mut self, link: &Link) -> store::Result<()> {
        let Ok(hash) = self.books.links.parse(link.url.as_str()) else { return Ok(()) };
        if self.books.store.booked(&hash, None).await? == Booked::Unknown {
            self.foreign(link);
        }
        Ok(())
    }

    /// Somebody's link. Every administrator has a primary link, used or not.
    fn foreign(&mut self, link: &Link) {
        if !link.is_primary || link.uses != Some(0) {
            let name = link.name.clone().map(String::from);
            self.found.foreign.push(Foreign { url: link.url.clone(), name, uses: link.uses });
        }
    }
}

pub(super) fn before(at: UnixTime, seconds: i64) -> UnixTime {
    UnixTime::new(at.get().saturating_sub(seconds))
}

/// Whether the next link may fare better.
fn concerns_one_link(why: &links::Error) -> bool {
    !matches!(
        why.kind(),
        Kind::Wait { .. }
            | Kind::SessionOver
            | Kind::MissingRight(_)
            | Kind::ChatNotFound
            | Kind::ChatMoved { .. }
            | Kind::BotNotInChat
            | Kind::Unreachable
            | Kind::OutOfTime
    )
}

/// What Telegram answered to the wish to end a link.
fn ended(answer: links::Result<()>) -> End {
    match answer {
        Err(why) if *why.kind() != Kind::LinkDead => End::Refused(why),
        Ok(()) | Err(_) => End::Ended,
    }
}
