//! What one node does at a time: a lease until a time, and a fence that grows whenever somebody else takes it, by which
//! what a former holder left is known.

use crate::connection::Tx;
use crate::statements::statements;
use crate::{Result, Store};
use links::UnixTime;

statements! {
    TAKE = "
        insert into leases (name, holder, fence, until)
        values ($1, $2, 1, $3)
        on conflict (name) do update set
            fence = case when leases.holder = excluded.holder then leases.fence else leases.fence + 1 end,
            holder = excluded.holder,
            until = excluded.until
        where leases.holder = excluded.holder or leases.until <= $4
        returning fence";
    GIVE_BACK = "update leases set until = 0 where name = $1 and holder = $2";
    LAST = "select cast(coalesce(max(until), 0) as bigint) from leases where until > $1";
    END_ALL = "update leases set until = 0";
}

impl Store {
    /// Takes a lease that is free, or renews our own, until then. Answers its fence; nothing, if somebody else has it.
    ///
    /// A holder that was started anew calls itself by another name, so that its fence is another one too.
    pub async fn lease(
        &self,
        name: &str,
        holder: &str,
        now: UnixTime,
        until: UnixTime,
    ) -> Result<Option<i64>> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        let row = self.write(move |tx| tx.row(TAKE, &[&name, &holder, &until, &now])).await?;
        Ok(row.map(|(fence,)| fence))
    }

    /// Until when some node is at work, if one is. A node that was killed counts until its leases end.
    pub async fn at_work_until(&self, now: UnixTime) -> Result<Option<UnixTime>> {
        let (until,): (UnixTime,) = self.read(move |tx| tx.one(LAST, &[&now])).await?;
        Ok((until > now).then_some(until))
    }

    /// Ends every lease, for whoever knows that all who had one are gone.
    pub async fn end_leases(&self) -> Result<()> {
        self.write(end_all).await
    }

    /// Gives a lease back, so that nobody has to wait for its end.
    pub async fn give_back(&self, name: &str, holder: &str) -> Result<()> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.write(move |tx| tx.execute(GIVE_BACK, &[&name, &holder]).map(drop)).await
    }
}

/// Ends every lease.
pub(crate) fn end_all(tx: &mut Tx<'_>) -> Result<()> {
    tx.execute(END_ALL, &[]).map(drop)
}
