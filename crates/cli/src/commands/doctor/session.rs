//! The session of an account, where one is kept: whether it opens, and whether Telegram still takes it.

use super::report::Report;
use crate::context::Context;
use crate::failure::Failure;
use links::Kind;

pub(super) async fn look(report: &mut Report, ctx: &Context<'_>) -> Result<(), Failure> {
    if !ctx.has_account()? {
        return Ok(());
    }
    let account = match ctx.account() {
        Ok(account) => account,
        Err(failure) => {
            report.failure(&failure);
            return Ok(());
        }
    };
    match account.me().await {
        Ok(_) => {}
        Err(error) if *error.kind() == Kind::SessionOver => report.error(
            "session_over",
            "Telegram ended the session of the account, so the ledger is not compared with its links",
            "log in again with `admit login`, then start `admit serve` again",
        ),
        Err(error) => report.leave_out_because("whether Telegram takes the account's session", &error),
    }
    Ok(())
}
