//! Links that somebody made elsewhere come into the books: who comes by them from now on is seen, and that is all.

use super::reconcile::{Books, CannotReconcile, shown};
use links::{ChatId, Link, UserId};
use store::{Booked, Imported};

/// How links come into the books.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Importing<'a> {
    /// Into which chat they lead.
    pub chat: ChatId,
    /// Nothing is changed.
    pub dry_run: bool,
    /// Whoever does it, and answers for it.
    pub who: &'a str,
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
    /// It bears a name of ours, and nobody was shown it: it is left to be reconciled, unless somebody named it.
    Stray,
    /// It does not read as a link.
    Unreadable,
}

/// Takes a link that Telegram showed into the books.
pub async fn import(
    books: Books<'_>,
    link: &Link,
    importing: Importing<'_>,
) -> Result<BecameOfIt, CannotReconcile> {
    take_in(books, link, false, importing).await
}

/// Takes one in that somebody named. Whoever names a stray knows of it.
pub async fn import_named(
    books: Books<'_>,
    link: &Link,
    importing: Importing<'_>,
) -> Result<BecameOfIt, CannotReconcile> {
    take_in(books, link, true, importing).await
}

async fn take_in(
    books: Books<'_>,
    link: &Link,
    is_named: bool,
    Importing { chat, dry_run, who }: Importing<'_>,
) -> Result<BecameOfIt, CannotReconcile> {
    let Ok(hash) = books.links.parse(link.url.as_str()) else { return Ok(BecameOfIt::Unreadable) };
    // What somebody else made is theirs, whatever it is named.
    let marker = match link.name.as_ref().and_then(|name| name.as_str().parse().ok()) {
        Some(marker) if is_our_bot(books, link.creator.id).await? => Some(marker),
        _ => None,
    };
    let booked = books.store.booked(&hash, marker).await?;
    let is_name_taken = match marker {
        Some(marker) => books.store.ledger_by_marker(marker).await?.is_some(),
        None => false,
    };
    Ok(match booked {
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
    })
}

async fn is_our_bot(books: Books<'_>, person: UserId) -> store::Result<bool> {
    Ok(books.store.bots().await?.iter().any(|bot| bot.id == person))
}
