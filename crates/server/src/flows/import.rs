//! Links that somebody made elsewhere come into the books: who comes by them from now on is seen, and that is all.

use super::reconcile::{Books, CannotReconcile, shown};
use futures_util::TryStreamExt;
use links::{Chat, ChatId, Kind, Link, LinkFilter, LinkUrl, UserId};
use store::{Booked, Imported};

/// Which links are meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whose {
    /// These.
    Links(Vec<LinkUrl>),
    /// Those that work, of this administrator; without one, of the account itself.
    Admin(Option<UserId>),
    /// Those that work, of every administrator.
    Everybody,
}

/// A link that was to be imported, and what became of it.
#[derive(Debug)]
pub struct ToImport {
    /// The link as Telegram shows it; of one that was named, why it does not.
    pub link: Result<Link, NotThere>,
    /// What became of it, or would.
    pub became: Option<BecameOfIt>,
}

/// A link that was named, and which Telegram does not show.
#[derive(Debug, thiserror::Error)]
#[error("Telegram does not show this link")]
pub struct NotThere {
    /// Which.
    pub url: LinkUrl,
    /// Why.
    #[source]
    pub why: links::Error,
}

/// What became of a link that was to be imported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BecameOfIt {
    /// It is in the books now.
    Imported,
    /// It was, and they say now what Telegram says.
    Already,
    /// A gate made it.
    Ours,
    /// It bears a name of ours, and nobody was shown it: it is left to be reconciled.
    Stray,
}

/// Takes links of a chat into the books. `who` is whoever does it, and answers for it.
pub async fn import(
    books: Books<'_>,
    chat: ChatId,
    whose: &Whose,
    dry_run: bool,
    who: &str,
) -> Result<Vec<ToImport>, CannotReconcile> {
    let name = Chat::from(chat);
    let mut all = Vec::new();
    for shown in looked_up(books, &name, whose).await? {
        let became = match &shown {
            Ok(link) => {
                let is_named = matches!(whose, Whose::Links(_));
                take_in(books, chat, link, is_named, dry_run, who).await?
            }
            Err(_) => None,
        };
        all.push(ToImport { link: shown, became });
    }
    Ok(all)
}

async fn looked_up(
    books: Books<'_>,
    chat: &Chat,
    whose: &Whose,
) -> Result<Vec<Result<Link, NotThere>>, CannotReconcile> {
    let account = books.account;
    let mut found = Vec::new();
    match whose {
        Whose::Links(links) => {
            for url in links {
                let shown = match account.show(chat, url).await {
                    Err(why) if *why.kind() != Kind::LinkDead => return Err(failed(why)),
                    shown => shown,
                };
                found.push(shown.map_err(|why| NotThere { url: url.clone(), why }));
            }
        }
        Whose::Admin(admin) => {
            let filter = LinkFilter { admin: *admin, revoked: false };
            let links: Vec<Link> = account.list(chat, &filter).try_collect().await.map_err(failed)?;
            found.extend(links.into_iter().map(Ok));
        }
        Whose::Everybody => {
            let admins: Vec<UserId> =
                account.admins(chat).map_ok(|it| it.admin.id).try_collect().await.map_err(failed)?;
            for admin in admins {
                let filter = LinkFilter { admin: Some(admin), revoked: false };
                let links: Vec<Link> = account.list(chat, &filter).try_collect().await.map_err(failed)?;
                found.extend(links.into_iter().map(Ok));
            }
        }
    }
    Ok(found)
}

async fn take_in(
    books: Books<'_>,
    chat: ChatId,
    link: &Link,
    is_named: bool,
    dry_run: bool,
    who: &str,
) -> Result<Option<BecameOfIt>, CannotReconcile> {
    let Ok(hash) = books.links.parse(link.url.as_str()) else { return Ok(None) };
    let marker = link.name.as_ref().and_then(|name| name.as_str().parse().ok());
    let booked = books.store.booked(&hash, marker).await?;
    let is_name_taken = match marker {
        Some(marker) => books.store.ledger_by_marker(marker).await?.is_some(),
        None => false,
    };
    Ok(Some(match booked {
        Booked::Ours { .. } | Booked::Lost(_) | Booked::Making => BecameOfIt::Ours,
        // Whoever names it knows of it. One with the name of another of ours would be taken for that.
        Booked::Stray if !is_named || is_name_taken => BecameOfIt::Stray,
        Booked::Foreign(_) if dry_run => BecameOfIt::Already,
        Booked::Stray | Booked::Unknown if dry_run => BecameOfIt::Imported,
        Booked::Foreign(_) | Booked::Stray | Booked::Unknown => {
            let shown = shown(chat, link, hash);
            match books.store.import(shown, who, books.clock.now()).await? {
                Imported::Imported(_) => BecameOfIt::Imported,
                Imported::Already => BecameOfIt::Already,
                Imported::Ours => BecameOfIt::Ours,
            }
        }
    }))
}

fn failed(why: links::Error) -> CannotReconcile {
    match why.kind() {
        Kind::SessionOver => CannotReconcile::SessionOver(why),
        _ => CannotReconcile::Telegram(why),
    }
}
