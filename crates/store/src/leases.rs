//! What one node does at a time.

use crate::statements::statements;
use crate::{Result, Store};
use links::UnixTime;

statements! {
    TAKE = "
        insert into leases (name, holder, fence, until)
        values ($1, $2, 1, $3)
        on conflict (name) do update set
            holder = excluded.holder,
            fence = leases.fence + case when leases.holder = excluded.holder then 0 else 1 end,
            until = excluded.until
        where leases.holder = excluded.holder or leases.until <= $4
        returning fence";
    RELEASE = "update leases set until = 0 where name = $1 and holder = $2";
}

impl Store {
    /// Takes a lease that is free or over, or renews one's own; answers its fence, which grows whenever the holder
    /// changes. Nothing, while somebody else has it.
    pub async fn lease(
        &self,
        name: &str,
        holder: &str,
        now: UnixTime,
        until: UnixTime,
    ) -> Result<Option<i64>> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        let fence: Option<(i64,)> =
            self.write(move |tx| tx.row(TAKE, &[&name, &holder, &until, &now])).await?;
        Ok(fence.map(|(fence,)| fence))
    }

    /// Gives a lease back, so that nobody has to wait for its end.
    pub async fn release(&self, name: &str, holder: &str) -> Result<()> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.write(move |tx| tx.execute(RELEASE, &[&name, &holder]).map(drop)).await
    }
}
