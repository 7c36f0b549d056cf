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
/// After a night in which Telegram did not answer as it should; twice as long after each that follows.
const TRY_AGAIN_SECONDS: i64 = 30;
const LONGEST_SECONDS: i64 = 3600;

/// Goes on for as long as this future is polled, and the account's session lasts.
pub(crate) async fn every_night(app: App, account: Account, strays: Strays, holder: String) {
    let (mut not_before, mut failures) = (UnixTime::new(i64::MIN), 0);
    loop {
        sleep(LOOK).await;
        let now = app.clock.now();
        if now < not_before {
            continue;
        }
        match one_look(&app, &account, strays, &holder, failures, now).await {
            Ok(Look::Done) => failures = 0,
            Ok(Look::Again) => failures += 1,
            Ok(Look::Rests) => {}
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
                not_before = UnixTime::new(app.clock.now().get().saturating_add(rest_seconds(failures)));
                failures += 1;
            }
        }
    }
}

/// What came of looking whether there is anything to do.
enum Look {
    /// Nothing is left for tonight.
    Done,
    /// Something may be better later.
    Again,
    /// It is not yet time for that, or another node is at it.
    Rests,
}

async fn one_look(
    app: &App,
    Account(open): &Account,
    strays: Strays,
    holder: &str,
    failures: u32,
    now: UnixTime,
) -> Result<Look, CannotReconcile> {
    if !is_due(app.store.reconciled_at().await?, now) {
        return Ok(Look::Done);
    }
    if app.store.reconciling_rests_until().await?.is_some_and(|until| now < until) {
        return Ok(Look::Rests);
    }
    let until = UnixTime::new(now.get() + LEASE_SECONDS);
    if app.store.lease(LEASE, holder, now, until).await?.is_none() {
        return Ok(Look::Rests);
    }
    let (account, mut report) = (open(), Report::default());
    let compared = tokio::select! {
        compared = run(app, &*account, strays, &mut report) => Some(compared),
        () = renew(app, LEASE, holder) => None,
    };
    // Links are to be ended, strangers dealt with, and those who asked for another link have waited for this.
    app.bells.ending.ring();
    app.bells.ended.ring();
    tell(&report);
    let Some(compared) = compared else {
        warn!("another node compares our books with Telegram's now");
        return Ok(Look::Rests);
    };
    let look = match compared {
        Ok(()) => conclude(app, &report, failures, now).await,
        Err(why) => Err(why),
    };
    app.store.give_back(LEASE, holder).await?;
    look
}

/// Writes down that the night is over, or when it goes on, which is not before Telegram wants to be asked: the account is
/// opened anew each time, by whichever node, and remembers nothing.
async fn conclude(app: &App, report: &Report, failures: u32, now: UnixTime) -> Result<Look, CannotReconcile> {
    if report.is_worth_repeating() {
        let rest = rest_seconds(failures).max(i64::from(report.wait_seconds()) + 1);
        let until = app.clock.now().get().saturating_add(rest);
        app.store.rest_from_reconciling(UnixTime::new(until)).await?;
        return Ok(Look::Again);
    }
    app.points.pass("nightly.compared");
    app.store.reconciled(now).await?;
    Ok(Look::Done)
}

async fn run(
    app: &App,
    account: &dyn Links,
    strays: Strays,
    report: &mut Report,
) -> Result<(), CannotReconcile> {
    app.points.pass("nightly.begun");
    let bots: Vec<_> = app.bots.ids().into_iter().filter_map(|id| app.bots.get(id)).collect();
    let books =
        Books { store: &app.store, account, links: &app.links, clock: &app.clock, keep_days: app.keep_days };
    let wish = Wish { strays, ..Wish::default() };
    reconcile::with_bots(books, &bots, &wish, &app.points, report).await
}

/// A line for each chat, and no name in it.
fn tell(report: &Report) {
    for each in &report.chats {
        let (chat, found) = (each.chat.get(), &each.found);
        let why = each.outcome.as_ref().err().map(|why| chain(why));
        if why.is_none() && found.is_nothing_but_foreign() {
            let words = match found.links {
                0 => "Telegram shows no link of this bot in this chat, and there was none to compare",
                _ => "our books say what Telegram says",
            };
            let foreign = found.foreign.len();
            info!(telegram.chat = chat, links = found.links, foreign, waiting = found.waiting, "{words}");
            continue;
        }
        let words = match why {
            None => {
                "our books did not say what Telegram says; `admit reconcile --dry-run` names what is left of it"
            }
            Some(_) => "this chat was not compared, or not all of it",
        };
        warn!(
            telegram.chat = chat,
            links = found.links,
            adopted = found.adopted.len(),
            strays = found.strays.len(),
            not_ended = found.not_ended().count(),
            foreign = found.foreign.len(),
            died = found.died.len(),
            failed = found.failed.len(),
            came = found.came.len(),
            waiting = found.waiting,
            asked = found.asked.len(),
            error = why,
            "{words}"
        );
    }
}

/// For how long nothing is asked after so many failures.
fn rest_seconds(failures: u32) -> i64 {
    TRY_AGAIN_SECONDS.saturating_mul(1 << failures.min(16)).min(LONGEST_SECONDS)
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
    fn what_failed_is_tried_again_ever_later() {
        let check = |failures, seconds| assert_eq!(rest_seconds(failures), seconds);
        check(0, 30);
        check(1, 60);
        check(6, 1920);
        check(7, 3600);
        check(u32::MAX, 3600);
    }

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
