//! Passes by which somebody may have come in without our knowing: Telegram forgot it, or we did. No link is given instead
//! of theirs until somebody who answers for the chat says so.

use crate::connection::Tx;
use crate::statements::statements;
use crate::{PassId, Result};
use links::{UnixTime, UserId};
use std::collections::BTreeSet;

statements! {
    UNHEARD = "
        update entries set doubted_at = $1
        where state in ('issued', 'expired')
            and doubted_at is null
            and link in (select id from links where bot = $2 and given_at < $1 and expires_at + 30 > $3)";
    END_LINKS = "
        update links set revoke_wanted_at = coalesce(revoke_wanted_at, $1)
        where revoked_at is null and id in (select link from entries where state = 'issued')";
    FORGOTTEN = "
        update entries set
            doubted_at = $1,
            state = case when state in ('granted', 'issued') then 'expired' else state end
        where state in ('granted', 'issued') or (state in ('leaked', 'expired') and doubted_at is null)
        returning pass";
}

/// Nobody told us what happened to this bot since then, and Telegram has forgotten it: any link that worked meanwhile may
/// have been used.
pub(crate) fn unheard(tx: &mut Tx<'_>, bot: UserId, since: UnixTime, now: UnixTime) -> Result<()> {
    tx.execute(UNHEARD, &[&now, &bot, &since]).map(drop)
}

/// We know nothing of the time before now, neither what happened nor what we did: a pass that was not used by what we
/// know may have been, also by a link that it got meanwhile. Links that were out are ended, since the first who came by
/// one may be gone, and it would admit another. Answers how many passes are in doubt.
pub(crate) fn forgotten(tx: &mut Tx<'_>, now: UnixTime) -> Result<u64> {
    tx.execute(END_LINKS, &[&now])?;
    let passes: Vec<(PassId,)> = tx.rows(FORGOTTEN, &[&now])?;
    Ok(passes.into_iter().collect::<BTreeSet<_>>().len() as u64)
}
