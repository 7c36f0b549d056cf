//! Our books beside Telegram's. A bot is told who comes, for a day, and can look nothing up; the account of a chat's owner
//! sees every link of every bot there, who came by it, and who waits. What only Telegram knows is taken into the books by
//! the same transitions as news is, so that to do all of this twice is to do it once.
//!
//! A link that bears a name of ours and was never shown is ended, by the bot, for Telegram lets nobody else. One that
//! bears another name is somebody's, and is left alone; so is one that was made before the bot was known here, for then
//! other books made it.

mod report;

pub use report::{Became, Came, ChatReport, Difference, End, Failure, Foreign, NotCompared, Report, Unshown};

use crate::CannotStart;
use crate::bots::Bot;
use crate::clock::Clock;
use futures_util::TryStreamExt;
use links::{
    Chat, ChatId, Kind, Link, LinkFilter, LinkHash, LinkUrl, Links, MemberFilter, Parser, RequestFilter,
    UnixTime, UserId,
};
use std::collections::{BTreeSet, HashSet};
use store::{Booked, Did, ForeignLink, ForeignLinkId, Found, LinkId, Shown, Store};
use telegram::bot_api::Settings as Road;

const DAY_SECONDS: i64 = 86_400;
/// So many people are looked up in the books at once.
const AT_A_TIME: usize = 100;
/// Links that were imported, read from the books at once.
const PAGE: u32 = 200;
/// Who came by an imported link so long before it was last compared is looked at again, and so long after its end a link
/// is over: Telegram's clock is not ours.
const OVERLAP_SECONDS: i64 = 600;

/// Who compares every night.
const BY_ITSELF: &str = "the service";

/// What is to be compared, and how far that may go.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wish {
    /// These chats; without any, every chat that a gate leads to.
    pub chats: Vec<ChatId>,
    /// Who wants it, and answers for it; without anybody, the service does it by itself.
    pub who: Option<String>,
    /// Nothing is changed, here or at Telegram.
    pub dry_run: bool,
    /// What is done about links that bear a name of ours and which the books do not know.
    pub strays: Strays,
}

/// Which links end that bear a name of ours and which the books do not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Strays {
    /// None.
    Keep,
    /// Those that were made since the bot is known here. Whoever opens the wrong books ends no link of the right ones.
    #[default]
    End,
    /// Those that are older, too.
    EndAll,
}

/// Both sets of books, and whoever reads Telegram's.
#[derive(Clone, Copy)]
pub struct Books<'a> {
    /// Ours.
    pub store: &'a Store,
    /// Theirs, as this account sees them.
    pub account: &'a dyn Links,
    /// Reads links.
    pub links: &'a Parser,
    /// Tells the time.
    pub clock: &'a Clock,
    /// For how many days people are remembered who hold no pass: who came or asked before is nobody's to know any more.
    pub keep_days: u32,
}

/// Why nothing could be compared any more.
#[derive(Debug, thiserror::Error)]
pub enum CannotReconcile {
    /// The store could not be read or written.
    #[error("the store could not do it")]
    Store(#[from] store::Error),
    /// Somebody has to log in again.
    #[error("the account's session is over")]
    SessionOver(#[source] links::Error),
    /// Telegram refused, or could not be asked.
    #[error("Telegram did not show the links of this chat")]
    Telegram(#[source] links::Error),
    /// A bot of the store cannot be used.
    #[error(transparent)]
    Bot(#[from] CannotStart),
}

/// Compares, and puts right what can be; with every bot of the store. What was found and done is in the report as soon as
/// it is, so that whoever stops this half-way has it.
pub async fn reconcile(
    books: Books<'_>,
    road: &Road,
    wish: &Wish,
    report: &mut Report,
) -> Result<(), CannotReconcile> {
    let mut bots = Vec::new();
    for known in books.store.bots().await? {
        bots.push(Bot::new(&known, road, books.store.clone(), books.clock.clone())?);
    }
    with_bots(books, &bots, wish, report).await
}

/// The same, with these bots.
pub(crate) async fn with_bots(
    books: Books<'_>,
    bots: &[Bot],
    wish: &Wish,
    report: &mut Report,
) -> Result<(), CannotReconcile> {
    let mut compared = HashSet::new();
    let places = places(books, bots, wish).await?;
    for &(chat, bot) in &places {
        // What concerns no bot is looked at once.
        let is_first = !compared.contains(&chat);
        let each = report.begin(chat, bot.id);
        let bots_here: HashSet<UserId> =
            places.iter().filter(|(other, _)| *other == chat).map(|(_, bot)| bot.id).collect();
        let mut desk = Desk::new(books, bot, chat, wish, &mut each.found);
        let ended = desk.compare(is_first.then_some(&bots_here)).await;
        if !wish.dry_run && (wish.who.is_some() || each.found.has_changed()) {
            let who = wish.who.as_deref().unwrap_or(BY_ITSELF);
            let (changed, now) = (each.found.changed(), books.clock.now());
            books.store.record_comparison(bot.id, chat, &changed, who, now).await?;
        }
        each.outcome = match ended {
            Ok(()) => {
                compared.insert(chat);
                Ok(())
            }
            Err(Failed::Store(why)) => return Err(why.into()),
            Err(Failed::Telegram(why)) if *why.kind() == Kind::SessionOver => {
                return Err(CannotReconcile::SessionOver(why));
            }
            Err(Failed::Telegram(why)) if matches!(why.kind(), Kind::MissingRight(_)) => {
                compared.insert(chat);
                Err(NotCompared::NotOwner)
            }
            Err(Failed::Telegram(why)) => Err(NotCompared::Telegram(why)),
        };
    }
    Ok(())
}

/// Each chat, with each bot whose gates lead there, or whose links do still. A chat that is named and to which none leads is looked at with every
/// bot that knows it, or with all.
async fn places<'a>(
    books: Books<'_>,
    bots: &'a [Bot],
    wish: &Wish,
) -> Result<Vec<(ChatId, &'a Bot)>, store::Error> {
    let (store, now) = (books.store, books.clock.now());
    let mut gated = Vec::new();
    for bot in bots {
        let mut chats = BTreeSet::from_iter(store.led_to(bot.id, now).await?);
        for slug in store.slugs(bot.id).await? {
            chats.extend(store.gate(&slug).await?.into_iter().flat_map(|gate| gate.gate.chats.clone()));
        }
        gated.extend(chats.into_iter().map(|chat| (chat, bot)));
    }
    if wish.chats.is_empty() {
        return Ok(gated);
    }
    let mut named = Vec::new();
    for &chat in &wish.chats {
        let mut whose: Vec<&Bot> =
            gated.iter().filter(|(gated, _)| *gated == chat).map(|(_, bot)| *bot).collect();
        if whose.is_empty() {
            for bot in bots {
                if store.chat(bot.id, chat).await?.is_some() {
                    whose.push(bot);
                }
            }
        }
        if whose.is_empty() {
            whose.extend(bots);
        }
        named.extend(whose.into_iter().map(|bot| (chat, bot)));
    }
    Ok(named)
}

/// Why a chat was not compared to its end.
enum Failed {
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
struct Desk<'a> {
    books: Books<'a>,
    bot: &'a Bot,
    chat: ChatId,
    /// As the account names it.
    name: Chat,
    wish: &'a Wish,
    began_at: UnixTime,
    /// Links that let somebody in, by our books, and which Telegram has not shown yet.
    unseen: HashSet<LinkId>,
    /// Telegram listed the bot's links.
    is_listed: bool,
    found: &'a mut Difference,
}

impl<'a> Desk<'a> {
    fn new(books: Books<'a>, bot: &'a Bot, chat: ChatId, wish: &'a Wish, found: &'a mut Difference) -> Self {
        Self {
            books,
            bot,
            chat,
            name: chat.into(),
            wish,
            began_at: books.clock.now(),
            unseen: HashSet::new(),
            is_listed: true,
            found,
        }
    }

    /// Compares; also what concerns no bot, if it is said which ones are compared besides.
    async fn compare(&mut self, bots_here: Option<&HashSet<UserId>>) -> Result<(), Failed> {
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
                self.found.adopted.push(Unshown { marker, end });
                self.uses(link, id).await?;
            }
            (Booked::Stray, Some(marker)) if !link.is_revoked => {
                let end = match self.stays(link) {
                    Some(left) => left,
                    None => self.end(&link.url).await?,
                };
                self.found.strays.push(Unshown { marker, end });
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

    /// Ends a link of the bot. Telegram takes that from the bot alone.
    async fn end(&self, link: &LinkUrl) -> store::Result<End> {
        if self.wish.dry_run {
            return Ok(End::Due);
        }
        Ok(ended(self.bot.revoke(self.chat, link).await?))
    }

    /// Who came by a link of ours. Once nobody can come by it any more, that is looked up for the last time.
    async fn uses(&mut self, link: &Link, id: LinkId) -> Result<(), Failed> {
        if link.uses != Some(0) {
            self.members(link, Did::ComeBy(id), None).await?;
        }
        let over = before(self.began_at, OVERLAP_SECONDS);
        let is_over = link.is_revoked || link.expires_at.is_some_and(|at| at <= over);
        if is_over && !self.wish.dry_run {
            self.books.store.compared(id, self.books.clock.now()).await?;
        }
        Ok(())
    }

    /// Who came by a link, since then if it is said. Telegram tells the last to come first.
    async fn members(&mut self, link: &Link, did: Did, since: Option<UnixTime>) -> Result<(), Failed> {
        let (account, name) = (self.books.account, self.name.clone());
        let by_it = MemberFilter { link: Some(link.url.clone()), ..MemberFilter::default() };
        let mut members = account.members(&name, &by_it);
        let mut batch = Vec::new();
        loop {
            let member = match members.try_next().await {
                Ok(member) => member.filter(|member| since.is_none_or(|since| member.joined_at >= since)),
                Err(why) if *why.kind() == Kind::LinkDead => None,
                Err(why) => return Err(why.into()),
            };
            let is_last = member.is_none();
            batch.extend(member.map(|member| Found {
                chat: self.chat,
                person: member.person.id,
                at: member.joined_at,
                did,
            }));
            if is_last || batch.len() == AT_A_TIME {
                self.take_in(std::mem::take(&mut batch), link.name.as_ref().map(|name| name.as_str()))
                    .await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Takes in whoever was not seen, the first to come first.
    async fn take_in(&mut self, mut found: Vec<Found>, link: Option<&str>) -> Result<(), Failed> {
        found.reverse();
        let news = self.books.store.not_seen(found).await?;
        if news.is_empty() {
            return Ok(());
        }
        let became: Vec<Option<Became>> = match self.wish.dry_run {
            true => news.iter().map(|_| Some(Became::NotYet)).collect(),
            false => {
                let outcomes = self.books.store.take_in_found(news.clone()).await?;
                let became = |outcome| (outcome != store::Outcome::Repeated).then(|| Became::from(outcome));
                outcomes.into_iter().map(became).collect()
            }
        };
        for (found, became) in news.into_iter().zip(became) {
            let Found { person, at, did, .. } = found;
            match (became, did) {
                // An update told of them meanwhile.
                (None, _) => {}
                (Some(_), Did::Ask) => self.found.asked.push(person),
                (Some(became), _) => {
                    self.found.came.push(Came { person, at, link: link.map(str::to_owned), became });
                }
            }
        }
        Ok(())
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

    /// What Telegram refuses of one link keeps nobody from comparing the others.
    fn unless_failed(&mut self, link: Option<&str>, compared: Result<(), Failed>) -> Result<(), Failed> {
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
            while let Some(link) = shown.try_next().await? {
                let Ok(hash) = self.books.links.parse(link.url.as_str()) else { continue };
                if self.books.store.booked(&hash, None).await? == Booked::Unknown {
                    self.foreign(&link);
                }
            }
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

    /// Links that were imported: what Telegram says of them now, and who came by them since.
    async fn look_after_imported(&mut self) -> Result<(), Failed> {
        let mut before = None;
        loop {
            let page = self.books.store.foreign_links(Some(self.chat), before, PAGE).await?;
            for imported in &page {
                match self.imported(imported).await {
                    Err(Failed::Telegram(why)) if matches!(why.kind(), Kind::MissingRight(_)) => {
                        self.found.failed.push(Failure { link: imported.name.clone(), why });
                    }
                    compared => self.unless_failed(imported.name.as_deref(), compared)?,
                }
            }
            before = page.last().map(|last| last.id);
            if page.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    async fn imported(&mut self, imported: &ForeignLink) -> Result<(), Failed> {
        let store = self.books.store;
        // Nobody came by a link that was dead when it was last compared.
        if imported.revoked_at.is_some_and(|at| at <= imported.compared_at) {
            return Ok(());
        }
        let link = match self.books.account.show(&self.name, &imported.url).await {
            Ok(link) => link,
            Err(why) if *why.kind() == Kind::LinkDead => return self.gone(imported.id).await,
            Err(why) => return Err(why.into()),
        };
        let Ok(hash) = self.books.links.parse(link.url.as_str()) else { return Ok(()) };
        if link.uses != Some(0) {
            let since = imported.compared_at.max(self.horizon());
            self.members(&link, Did::ComeByForeign(imported.id), Some(since)).await?;
        }
        if !self.wish.dry_run {
            store.foreign_link_told(shown(self.chat, &link, hash), self.began_at).await?;
            let until = if link.is_revoked { self.began_at } else { before(self.began_at, OVERLAP_SECONDS) };
            store.foreign_link_compared(imported.id, until).await?;
        }
        Ok(())
    }

    async fn gone(&self, link: ForeignLinkId) -> Result<(), Failed> {
        if !self.wish.dry_run {
            self.books.store.foreign_link_gone(link, self.began_at).await?;
            self.books.store.foreign_link_compared(link, self.began_at).await?;
        }
        Ok(())
    }

    async fn look_who_waits(&mut self) -> Result<(), Failed> {
        let (account, name, everybody) = (self.books.account, self.name.clone(), RequestFilter::default());
        let mut waiting = account.requests(&name, &everybody);
        let mut batch = Vec::new();
        loop {
            let request = waiting.try_next().await?;
            let is_last = request.is_none();
            self.found.waiting += u64::from(!is_last);
            let asked = request.filter(|request| request.asked_at >= self.horizon());
            batch.extend(asked.map(|request| Found {
                chat: self.chat,
                person: request.person.id,
                at: request.asked_at,
                did: Did::Ask,
            }));
            if is_last || batch.len() == AT_A_TIME {
                self.take_in(std::mem::take(&mut batch), None).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Whoever holds no pass is forgotten who came or asked before then.
    fn horizon(&self) -> UnixTime {
        before(self.began_at, i64::from(self.books.keep_days) * DAY_SECONDS)
    }
}

fn before(at: UnixTime, seconds: i64) -> UnixTime {
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

/// A link in the words of the store.
pub(super) fn shown(chat: ChatId, link: &Link, hash: LinkHash) -> Shown {
    let creator: UserId = link.creator.id;
    Shown {
        chat,
        url: link.url.clone(),
        hash,
        name: link.name.clone().map(String::from),
        creator,
        expires_at: link.expires_at,
        uses: link.uses,
        is_revoked: link.is_revoked,
    }
}
