//! Copies of the database, and what an old copy may not be believed.

use crate::audit::{self, Deed};
use crate::connection::{Connection, Tx};
use crate::statements::statements;
use crate::{Result, Store, hearing, leases};
use links::UnixTime;
use rusqlite::OpenFlags;
use std::path::Path;

statements! {
    DROP_FREE = "
        update links set state = 'dropped', revoke_wanted_at = coalesce(revoke_wanted_at, $1)
        where state = 'free'";
    LOSE_MAKING = "update links set state = 'lost' where state = 'making'";
    FORGET_COMPARISON = "delete from meta where name = 'reconciled'";
}

/// What of an old copy could not be believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Distrusted {
    /// Links that were in the pool, and may have been given to somebody since.
    pub dropped: u64,
    /// Links that Telegram was being asked for.
    pub lost: u64,
    /// Passes by which somebody may have come in since.
    pub doubted: u64,
}

impl Store {
    /// Writes a copy of an SQLite database, as it is at one moment, into an empty file, while others go on writing. Tells
    /// whether this is one: a PostgreSQL database has tools of its own for that.
    pub async fn back_up(&self, into: &Path, about: &str, who: &str, now: UnixTime) -> Result<bool> {
        if !self.is_sqlite() {
            return Ok(false);
        }
        let (who, about) = (who.to_owned(), about.to_owned());
        self.write(move |tx| audit::record(tx, Deed::BackUp, &who, &about, now)).await?;
        let into = into.to_string_lossy().into_owned();
        self.read(move |Tx(db)| {
            if let Connection::Sqlite(db) = &**db {
                db.execute("vacuum into ?1", [&into])?;
            }
            Ok(())
        })
        .await?;
        Ok(true)
    }

    /// This database is an old copy that takes the place of a newer one. What was ready to be given when it was made may
    /// have been given since, and used, and is never given again: it is revoked instead. A pass that was not used then is
    /// doubted. Leases were somebody's who is gone, and it was another database that was compared with Telegram's.
    pub async fn distrust(&self, who: &str, now: UnixTime) -> Result<Distrusted> {
        let who = who.to_owned();
        self.write(move |tx| {
            let dropped = tx.execute(DROP_FREE, &[&now])?;
            let lost = tx.execute(LOSE_MAKING, &[])?;
            let doubted = hearing::doubt_all(tx, now)?;
            leases::end_all(tx)?;
            tx.execute(FORGET_COMPARISON, &[])?;
            let about = format!(
                "{dropped} links in pools and {lost} in the making given up, {doubted} passes doubted"
            );
            audit::record(tx, Deed::Restore, &who, &about, now)?;
            Ok(Distrusted { dropped, lost, doubted })
        })
        .await
    }
}

/// Whether this file is a database of ours. Nothing is changed, and no key is needed.
pub fn is_database(path: &Path) -> bool {
    let count = || {
        let db = rusqlite::Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        db.query_row(crate::HAS_CHECK, [], |row| row.get::<_, i64>(0))
    };
    count().is_ok_and(|count| count == 1)
}
