//! The session of an account, where one is kept: whether it opens, and whether Telegram still takes it.

use super::report::Report;
use crate::context::Context;
use crate::failure::Failure;
use links::Kind;

pub(super) async fn look(report: &mut Report, ctx: &Context<'_>) {
    let proven = match ctx.has_account() {
        Ok(false) => return,
        Ok(true) => ctx.proven_account().await,
        Err(failure) => Err(failure),
    };
    match proven {
        Ok(_) => {}
        Err(Failure::Telegram { error, .. }) if *error.kind() == Kind::SessionOver => report.error(
            "session_over",
            "Telegram ended the session of the account, so the ledger is not compared with its links",
            "log in again with `admit login`, then start `admit serve` again",
        ),
        Err(Failure::Telegram { error, .. }) => {
            report.leave_out_because("whether Telegram takes the account's session", &error);
        }
        Err(failure) => report.failure(&failure),
    }
}
