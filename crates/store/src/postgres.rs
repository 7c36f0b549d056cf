//! PostgreSQL: connections that are spoken to from threads of their own.
//!
//! Transitions are synchronous on both engines, so a thread that owns a connection also owns the small runtime which
//! drives it.

use crate::value::{Bind, FromRow, Row, Value};
use crate::{Cause, Error, Result};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How long to wait for an answer to a connection attempt, and for any other answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a server is asked what became of a commit whose answer was lost, and with what pause.
const LOOKS: u32 = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// A node that stands still in a transaction, frozen or cut off, holds what others wait for: after these seconds the
/// server ends it. That is shorter than a lease, and than anybody's patience. `local`, because between nodes and server
/// there may be a pooler.
const BEGIN: &str = "begin; set local idle_in_transaction_session_timeout = '5s'; select txid_current()";
const FATE: &str = "select txid_status($1)";

/// One connection with the runtime that drives it.
pub(crate) struct Session {
    options: PgConnectOptions,
    runtime: Runtime,
    /// Gone after it was lost; whoever asks next makes a new one.
    connection: Option<PgConnection>,
    /// The server's number for the transaction that runs, by which its fate is known even after the connection is lost.
    transaction: i64,
}

impl Session {
    pub(crate) fn connect(options: &PgConnectOptions) -> Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::Unavailable(error.into()))?;
        let options = options
            .clone()
            .application_name("admit")
            .statement_cache_capacity(256)
            .disable_statement_logging();
        let mut session = Self { options, runtime, connection: None, transaction: 0 };
        session.connection()?;
        Ok(session)
    }

    pub(crate) fn execute(&mut self, statement: &'static str, values: &[&dyn Bind]) -> Result<u64> {
        self.ask(|runtime, connection| {
            runtime
                .block_on(in_time(query(statement, values).execute(connection)))
                .map(|done| done.rows_affected())
        })
    }

    pub(crate) fn rows<R: FromRow>(
        &mut self,
        statement: &'static str,
        values: &[&dyn Bind],
    ) -> Result<Vec<R>> {
        let rows: Vec<PgRow> = self.ask(|runtime, connection| {
            runtime.block_on(in_time(query(statement, values).fetch_all(connection)))
        })?;
        rows.iter().map(|row| R::from_row(&Row::Postgres(row))).collect()
    }

    pub(crate) fn script(&mut self, text: &'static str) -> Result<()> {
        self.ask(|runtime, connection| {
            runtime.block_on(in_time(async { sqlx::raw_sql(text).execute(connection).await.map(drop) }))
        })
    }

    /// Begins a transaction. A connection that was lost while nobody used it is made anew.
    pub(crate) fn begin(&mut self) -> Result<()> {
        self.try_begin().or_else(|_| {
            self.connection = None;
            self.try_begin()
        })
    }

    fn try_begin(&mut self) -> Result<()> {
        self.transaction = self.ask(|runtime, connection| {
            let begun = async { sqlx::raw_sql(BEGIN).fetch_one(connection).await?.try_get(0) };
            runtime.block_on(in_time(begun))
        })?;
        Ok(())
    }

    /// Commits. If the connection is lost on the way, the server is asked over another what became of it.
    pub(crate) fn commit(&mut self) -> Result<()> {
        self.script("commit").or_else(|error| match error {
            Error::Unavailable(cause) if self.connection.is_none() => self.look_back(cause),
            // The server said no, so it is no.
            other => Err(other),
        })
    }

    fn look_back(&mut self, cause: Cause) -> Result<()> {
        let lost = self.transaction;
        for _ in 0..LOOKS {
            match self.rows::<(Option<String>,)>(FATE, &[&lost]).as_deref() {
                Ok([(Some(fate),)]) if fate == "committed" => return Ok(()),
                Ok([(Some(fate),)]) if fate == "aborted" => return Err(Error::Unavailable(cause)),
                // The server has not noticed yet that nobody is there, or is only starting again.
                _ => std::thread::sleep(BETWEEN_LOOKS),
            }
        }
        Err(Error::InDoubt(cause))
    }

    pub(crate) fn rollback(&mut self) {
        if self.connection.is_some() && self.script("rollback").is_err() {
            self.connection = None;
        }
    }

    fn connection(&mut self) -> Result<&mut PgConnection> {
        if self.connection.is_none() {
            self.connection = Some(self.runtime.block_on(in_time(self.options.connect()))?);
        }
        self.connection.as_mut().ok_or(Error::Closed)
    }

    /// Asks the server, and forgets a connection over which no answer came.
    fn ask<T>(
        &mut self,
        question: impl FnOnce(&Runtime, &mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T> {
        self.connection()?;
        let connection = self.connection.as_mut().ok_or(Error::Closed)?;
        question(&self.runtime, connection).map_err(|error| {
            if !is_answer(&error) {
                self.connection = None;
            }
            error.into()
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = self.runtime.block_on(in_time(connection.close()));
        }
    }
}

/// Whether the server answered and goes on listening. It may also say that it ends the connection: class 57, and 25P03.
fn is_answer(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(refusal) => {
            refusal.code().is_some_and(|code| !code.starts_with("57") && code != "25P03")
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => true,
        _ => false,
    }
}

/// Whatever hangs longer than our patience counts as lost.
async fn in_time<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

fn query<'q>(
    statement: &'static str,
    values: &[&'q dyn Bind],
) -> sqlx::query::Query<'q, sqlx::Postgres, PgArguments> {
    values.iter().fold(sqlx::query(statement), |query, value| match value.bind() {
        Value::Int(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
        Value::Blob(bytes) => query.bind(bytes),
        Value::Ints(numbers) => query.bind(numbers),
        Value::Blobs(list) => query.bind(list),
    })
}
