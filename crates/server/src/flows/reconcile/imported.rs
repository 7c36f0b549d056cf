//! Links that were made elsewhere and imported: what Telegram says of them now, and who came by them since.

use super::desk::{Desk, Failed};
use super::{Failure, shown};
use links::Kind;
use store::{Did, ForeignLink, ForeignLinkId};

/// So many are read from the books at once.
const PAGE: u32 = 200;

impl Desk<'_> {
    /// Links that were imported: what Telegram says of them now, and who came by them since.
    pub(super) async fn look_after_imported(&mut self) -> Result<(), Failed> {
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
            let until = if link.is_revoked { self.began_at } else { self.surely_before() };
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
}
