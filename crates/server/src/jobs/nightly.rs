//! Once a night our books are laid beside Telegram's, where an account of a person is given. One node does it at a time;
//! if it is killed half-way, it is done again, which changes nothing that was done.

use super::{LEASE_SECONDS, renew};
use crate::Account;
use crate::app::App;
use crate::error::chain;
use crate::flows::reconcile::{self, Books, CannotReconcile, Report, Strays, Wish};
use links::{Links, UnixTime};
use std::time::Duration;
use tokio::time::sleep;
use tracing::{error, info, warn};

const LEASE: &str = "reconcile";
const LOOK: Duration = Duration::from_secs(2);
const DAY_SECONDS: i64 = 86_400;
/// Three in the morning, in UTC.
const NIGHT_SECONDS: i64 = 3 * 3600;
/// After a night in which Telegram did not answer as it should.
const TRY_AGAIN_SECONDS: i64 = 600;

/// Goes on for as long as this future is polled, and the account's session lasts.
pub(crate) async fn every_night(app: App, account: Account, strays: Strays, holder: String) {
    let mut not_before = UnixTime::new(i64::MIN);
    loop {
        sleep(LOOK).await;
        let now = app.clock.now();
        if now < not_before {
            continue;
        }
        match one_look(&app, &account, strays, &holder, now).await {
            Ok(true) => {}
            Ok(false) => not_before = UnixTime::new(now.get().saturating_add(TRY_AGAIN_SECONDS)),
            Err(CannotReconcile::SessionOver(why)) => {
                error!(
                    error = chain(&why),
                    "the account's session is over, so nothing is compared with Telegram's books any more; log in again \
                     with `admit login` and start Admit again"
                );
                return;
            }
            Err(why) => {
                warn!(error = chain(&why), "our books could not be compared with Telegram's");
                not_before = UnixTime::new(now.get().saturating_add(TRY_AGAIN_SECONDS));
            }
        }
    }
}

/// Says whether nothing is left to be done tonight.
async fn one_look(
    app: &App,
    Account(open): &Account,
    strays: Strays,
    holder: &str,
    now: UnixTime,
) -> Result<bool, CannotReconcile> {
    if !is_due(app.store.reconciled_at().await?, now) {
        return Ok(true);
    }
    let until = UnixTime::new(now.get() + LEASE_SECONDS);
    if app.store.lease(LEASE, holder, now, until).await?.is_none() {
        return Ok(true);
    }
    let account = open();
    let done = tokio::select! {
        done = run(app, &*account, strays, now) => done,
        () = renew(app, LEASE, holder) => {
            warn!("another node compares our books with Telegram's now");
            return Ok(true);
        }
    };
    app.store.give_back(LEASE, holder).await?;
    done
}

async fn run(app: &App, account: &dyn Links, strays: Strays, now: UnixTime) -> Result<bool, CannotReconcile> {
    app.points.pass("nightly.begun");
    let bots: Vec<_> = app.bots.ids().into_iter().filter_map(|id| app.bots.get(id)).collect();
    let books =
        Books { store: &app.store, account, links: &app.links, clock: &app.clock, keep_days: app.keep_days };
    let (wish, mut report) = (Wish { strays, ..Wish::default() }, Report::default());
    let compared = reconcile::with_bots(books, &bots, &wish, &app.points, &mut report).await;
    // Links are to be ended, strangers dealt with, and those who asked for another link have waited for this.
    app.bells.ending.ring();
    app.bells.ended.ring();
    tell(&report);
    compared?;
    if report.is_worth_repeating() {
        return Ok(false);
    }
    app.points.pass("nightly.compared");
    app.store.reconciled(now).await?;
    Ok(true)
}

/// A line for each chat, and no name in it.
fn tell(report: &Report) {
    for each in &report.chats {
        let (chat, found) = (each.chat.get(), &each.found);
        match &each.outcome {
            Ok(()) if found.is_nothing_but_foreign() && found.links == 0 => {
                info!(
                    telegram.chat = chat,
                    foreign = found.foreign.len(),
                    waiting = found.waiting,
                    "Telegram shows no link of this bot in this chat, and there was none to compare"
                );
            }
            Ok(()) if found.is_nothing_but_foreign() => {
                info!(
                    telegram.chat = chat,
                    links = found.links,
                    foreign = found.foreign.len(),
                    waiting = found.waiting,
                    "our books say what Telegram says"
                );
            }
            Ok(()) => {
                warn!(
                    telegram.chat = chat,
                    links = found.links,
                    adopted = found.adopted.len(),
                    strays = found.strays.len(),
                    foreign = found.foreign.len(),
                    died = found.died.len(),
                    failed = found.failed.len(),
                    came = found.came.len(),
                    waiting = found.waiting,
                    asked = found.asked.len(),
                    "our books did not say what Telegram says; `admit reconcile --dry-run` names what is left of it"
                );
            }
            Err(why) => {
                warn!(
                    telegram.chat = chat,
                    foreign = found.foreign.len(),
                    came = found.came.len(),
                    waiting = found.waiting,
                    asked = found.asked.len(),
                    error = chain(why),
                    "this chat was not compared, or not all of it"
                );
            }
        }
    }
}

/// Whether no night was compared since the last time it was three.
fn is_due(last: Option<UnixTime>, now: UnixTime) -> bool {
    let night = now.get() - (now.get() - NIGHT_SECONDS).rem_euclid(DAY_SECONDS);
    last.is_none_or(|last| last.get() < night)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_night_is_due_once() {
        const MIDNIGHT: i64 = 20_000 * DAY_SECONDS;
        let at = |hours: i64| UnixTime::new(MIDNIGHT + hours * 3600);
        let check = |last: Option<i64>, now: i64, due| {
            assert_eq!(is_due(last.map(at), at(now)), due, "{last:?} {now}")
        };
        check(None, 12, true);
        check(Some(3), 3, false);
        check(Some(3), 26, false);
        check(Some(3), 27, true);
        check(Some(2), 3, true);
        check(Some(12), 26, false);
        check(Some(12), 27, true);
        check(Some(-60), 12, true);
    }
}
