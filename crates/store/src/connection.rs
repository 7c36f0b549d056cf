//! A connection to either engine, and the transaction that transitions are written against.

use crate::postgres::Session;
use crate::value::{Bind, FromRow, Row, Value};
use crate::{Error, Result};

/// The two engines are a closed set, and a statement is one text for both: `$1`, `$2` and so on appear first in their
/// order, because SQLite numbers them as they come.
pub(crate) enum Connection {
    Sqlite(rusqlite::Connection),
    Postgres(Box<Session>),
}

/// What a transition can do: run statements. Beginning and ending is the writer's business.
pub(crate) struct Tx<'a>(pub(crate) &'a mut Connection);

impl Tx<'_> {
    /// Runs a statement and tells how many rows it touched.
    pub(crate) fn execute(&mut self, statement: &'static str, values: &[&dyn Bind]) -> Result<u64> {
        match &mut *self.0 {
            Connection::Sqlite(db) => {
                let mut prepared = db.prepare_cached(statement)?;
                bind(&mut prepared, values)?;
                Ok(prepared.raw_execute()? as u64)
            }
            Connection::Postgres(session) => session.execute(statement, values),
        }
    }

    /// The first row of an answer.
    pub(crate) fn row<R: FromRow>(
        &mut self,
        statement: &'static str,
        values: &[&dyn Bind],
    ) -> Result<Option<R>> {
        match &mut *self.0 {
            Connection::Sqlite(db) => {
                let mut prepared = db.prepare_cached(statement)?;
                bind(&mut prepared, values)?;
                let mut rows = prepared.raw_query();
                rows.next()?.map(|row| R::from_row(&Row::Sqlite(row))).transpose()
            }
            Connection::Postgres(session) => Ok(session.rows(statement, values)?.into_iter().next()),
        }
    }

    /// Every row of an answer.
    pub(crate) fn rows<R: FromRow>(
        &mut self,
        statement: &'static str,
        values: &[&dyn Bind],
    ) -> Result<Vec<R>> {
        match &mut *self.0 {
            Connection::Sqlite(db) => {
                let mut prepared = db.prepare_cached(statement)?;
                bind(&mut prepared, values)?;
                let mut rows = prepared.raw_query();
                let mut read = Vec::new();
                while let Some(row) = rows.next()? {
                    read.push(R::from_row(&Row::Sqlite(row))?);
                }
                Ok(read)
            }
            Connection::Postgres(session) => session.rows(statement, values),
        }
    }

    /// Whether nobody else writes while this transaction runs, as on SQLite: what was looked up stays true. There, a
    /// statement that changes rows and answers them keeps a journal of its own, which costs more than a second one.
    pub(crate) fn is_alone(&self) -> bool {
        matches!(*self.0, Connection::Sqlite(_))
    }

    /// The number of the row that SQLite inserted last.
    pub(crate) fn last_row(&self) -> Result<i64> {
        match &*self.0 {
            Connection::Sqlite(db) => Ok(db.last_insert_rowid()),
            Connection::Postgres(_) => Err(Error::Damaged("PostgreSQL answers the rows it inserts")),
        }
    }

    /// The row of a statement that always answers one.
    pub(crate) fn one<R: FromRow>(&mut self, statement: &'static str, values: &[&dyn Bind]) -> Result<R> {
        self.row(statement, values)?.ok_or(Error::Damaged("a row that is always there is missing"))
    }
}

fn bind(prepared: &mut rusqlite::CachedStatement<'_>, values: &[&dyn Bind]) -> Result<()> {
    for (at, value) in (1..).zip(values) {
        match value.bind() {
            Value::Int(number) => prepared.raw_bind_parameter(at, number)?,
            Value::Text(text) => prepared.raw_bind_parameter(at, text.as_deref())?,
            Value::Blob(bytes) => prepared.raw_bind_parameter(at, bytes)?,
            Value::Ints(_) | Value::Blobs(_) => return Err(Error::Damaged("SQLite knows no lists")),
        }
    }
    Ok(())
}

impl Connection {
    /// Begins a transaction that writes.
    pub(crate) fn begin(&mut self) -> Result<()> {
        match self {
            Self::Sqlite(db) => run(db, "begin immediate"),
            Self::Postgres(session) => session.begin(),
        }
    }

    /// Makes what the transaction did durable.
    pub(crate) fn commit(&mut self) -> Result<()> {
        match self {
            // A failed sync leaves pages behind of which a later start may make a commit, so nobody can say.
            Self::Sqlite(db) => run(db, "commit").map_err(|error| match error {
                Error::Unavailable(cause) if is_disk_failure(&cause) => Error::InDoubt(cause),
                other => other,
            }),
            Self::Postgres(session) => session.commit(),
        }
    }

    /// Takes back what the transaction did; a connection that is lost has done so already.
    pub(crate) fn rollback(&mut self) {
        match self {
            // Some failures end the transaction by themselves.
            Self::Sqlite(db) if db.is_autocommit() => {}
            Self::Sqlite(db) => drop(run(db, "rollback")),
            Self::Postgres(session) => session.rollback(),
        }
    }

    /// Runs several statements that have no values.
    pub(crate) fn script(&mut self, text: &'static str) -> Result<()> {
        match self {
            Self::Sqlite(db) => Ok(db.execute_batch(text)?),
            Self::Postgres(session) => session.script(text),
        }
    }
}

fn run(db: &rusqlite::Connection, statement: &'static str) -> Result<()> {
    db.prepare_cached(statement)?.raw_execute()?;
    Ok(())
}

fn is_disk_failure(cause: &crate::error::Cause) -> bool {
    cause
        .downcast_ref::<rusqlite::Error>()
        .and_then(rusqlite::Error::sqlite_error_code)
        .is_some_and(|code| code == rusqlite::ErrorCode::SystemIoFailure)
}
