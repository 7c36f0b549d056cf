//! Who came by a link, and who waits, as Telegram lists them.

use super::desk::{Desk, Failed, before};
use super::{Became, Came, DAY_SECONDS};
use futures_util::TryStreamExt;
use links::{Kind, Link, MemberFilter, RequestFilter, UnixTime};
use store::{Did, Found, LinkId};

/// So many people are looked up in the books at once.
const AT_A_TIME: usize = 100;

impl Desk<'_> {
    /// Who came by a link of ours. Once nobody can come by it any more, that is looked up for the last time.
    pub(super) async fn uses(&mut self, link: &Link, id: LinkId) -> Result<(), Failed> {
        if link.uses != Some(0) {
            self.members(link, Did::ComeBy(id), None).await?;
        }
        let is_over = link.is_revoked || link.expires_at.is_some_and(|at| at <= self.surely_before());
        if is_over && !self.wish.dry_run {
            self.books.store.compared(id, self.books.clock.now()).await?;
        }
        Ok(())
    }

    /// Who came by a link, since then if it is said. Telegram tells the last to come first.
    pub(super) async fn members(
        &mut self,
        link: &Link,
        did: Did,
        since: Option<UnixTime>,
    ) -> Result<(), Failed> {
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
                self.points.pass("reconcile.took_in");
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

    pub(super) async fn look_who_waits(&mut self) -> Result<(), Failed> {
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
    pub(super) fn horizon(&self) -> UnixTime {
        before(self.began_at, i64::from(self.books.keep_days) * DAY_SECONDS)
    }
}
