//! The schema, in numbered steps that are never edited once released.

use crate::connection::{Connection, Tx};
use crate::{OpenError, Result};

struct Migration {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "passes",
        sqlite: include_str!("../migrations/sqlite/0001_passes.sql"),
        postgres: include_str!("../migrations/postgres/0001_passes.sql"),
    },
    Migration {
        number: 2,
        name: "foreign links",
        sqlite: include_str!("../migrations/sqlite/0002_foreign_links.sql"),
        postgres: include_str!("../migrations/postgres/0002_foreign_links.sql"),
    },
];

/// What this program knows.
pub(crate) const KNOWN: i64 = MIGRATIONS[MIGRATIONS.len() - 1].number;

/// PostgreSQL's advisory locks have numbers; this one is ours, by the letters of "admit".
const LOCK: &str = "select cast(1 as bigint) from (select pg_advisory_xact_lock(418447124852)) as locked";
const MAKE_TABLE: &str =
    "create table if not exists migrations (number bigint primary key, name text not null)";
const LATEST: &str = "select cast(coalesce(max(number), 0) as bigint) from migrations";
const RECORD: &str = "insert into migrations (number, name) values ($1, $2)";

/// Brings the schema up to date, in one transaction, however many start at once.
pub(crate) fn migrate(db: &mut Connection) -> Result<(), OpenError> {
    db.begin()?;
    let migrated = in_transaction(db);
    match migrated {
        Ok(()) => Ok(db.commit()?),
        Err(error) => {
            db.rollback();
            Err(error)
        }
    }
}

fn in_transaction(db: &mut Connection) -> Result<(), OpenError> {
    if let Connection::Postgres(_) = db {
        Tx(db).one::<(i64,)>(LOCK, &[])?;
    }
    Tx(db).execute(MAKE_TABLE, &[])?;
    let (found,): (i64,) = Tx(db).one(LATEST, &[])?;
    if found > KNOWN {
        return Err(OpenError::NewerSchema { found, known: KNOWN });
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.number > found) {
        db.script(match db {
            Connection::Sqlite(_) => migration.sqlite,
            Connection::Postgres(_) => migration.postgres,
        })?;
        Tx(db).execute(RECORD, &[&migration.number, &migration.name])?;
    }
    Ok(())
}
