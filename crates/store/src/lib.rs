//! What Admit remembers: one [`Store`], on SQLite by default and on PostgreSQL for many nodes.
//!
//! A method is a transition: one transaction, its guard in the statement, and an answer that says what became of it.
//! What is answered is durable. Nothing is decided here that could be otherwise; the store refuses, and the rules are
//! the gate's.
//!
//! Both engines end at the same shape: transitions wait in a queue, a thread that owns a connection takes all who
//! wait, runs them in one transaction, commits, and answers. Each statement is one text for both engines, and a test
//! prepares all of them on both.

mod attempts;
mod audit;
mod backup;
mod bots;
mod chats;
mod claims;
mod compared;
mod connection;
mod erase;
mod error;
mod foreign;
mod found;
mod gates;
mod grants;
mod health;
mod hearing;
mod ids;
mod joins;
mod keys;
mod leases;
mod ledger;
mod many;
mod migrate;
mod mounts;
mod outbox;
mod pace;
mod passes;
mod postgres;
mod seal;
mod sqlite;
mod statements;
mod strangers;
mod tidy;
mod updates;
mod value;
mod writer;

#[cfg(test)]
extern crate self as admit_store;
#[cfg(test)]
#[path = "../tests/story/databases.rs"]
mod databases;
#[cfg(test)]
mod shuffles;

pub use self::attempts::{Attempt, Counted};
pub use self::audit::{Chain, Done};
pub use self::backup::{Distrusted, is_database};
pub use self::bots::{Bot, Token};
pub use self::chats::{ChatFace, ChatKind, KnownChat};
pub use self::compared::Booked;
pub use self::erase::Erased;
pub use self::error::{Cause, Error, OpenError, Result};
pub use self::foreign::{ForeignLink, Imported, Shown};
pub use self::found::{Did, Found};
pub use self::gates::{GateState, Latest, SavedGate};
pub use self::grants::{Granted, Handed};
pub use self::health::Overdue;
pub use self::hearing::Doubt;
pub use self::ids::{ErrandId, ForeignLinkId, GateId, LinkId, NotANumber, PassId, Visitor};
pub use self::ledger::{Intent, LedgerFilter, LedgerLink, LinkState, Made, Sighting, Stock, ToRevoke};
pub use self::outbox::{Errand, NewErrand};
pub use self::pace::Hold;
pub use self::passes::{Held, Holding, Reissued, Revoked};
pub use self::seal::{CannotOpen, Keyring, NotAKeyring};
pub use self::strangers::{Stranger, StrangerIs};
pub use self::updates::{By, Effect, Outcome, Update};

use crate::connection::{Connection, Tx};
use std::path::Path;
use std::str::FromStr as _;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use tokio::sync::mpsc;

/// So many may wait for the writer before whoever comes next waits for a place.
const QUEUE: usize = 4096;
/// PostgreSQL's connections for reading. Answers come in tens of microseconds, so a few are enough.
const READERS: usize = 4;

/// What Admit remembers. Cheap to clone; the last clone that goes finishes what was asked and closes the database.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    keys: Arc<Keyring>,
    /// Whoever may be granted together.
    claims: claims::Waiting,
    writers: Threads,
    readers: Readers,
}

enum Readers {
    Sqlite(sqlite::Readers),
    Postgres(Threads),
}

impl Store {
    /// Opens the database at `place`, a path or a URL that starts with `postgres://`, and brings its schema up to date.
    pub async fn open(place: &str, keys: Keyring) -> Result<Self, OpenError> {
        let is_postgres = ["postgres://", "postgresql://"].iter().any(|scheme| place.starts_with(scheme));
        let place = place.to_owned();
        // Opening may wait for a disk, a network or another process; none of it on a thread that serves others.
        let (answer, opened) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let opened = if is_postgres {
                Self::open_postgres(&place, keys)
            } else {
                Self::open_sqlite(Path::new(&place), keys)
            };
            let _ = answer.send(opened);
        });
        opened.await.unwrap_or(Err(OpenError::Failed(Box::new(Error::Closed))))
    }

    fn open_sqlite(path: &Path, keys: Keyring) -> Result<Self, OpenError> {
        let mut db = sqlite::open(path)?;
        prepare(&mut db, &keys)?;
        let readers = Readers::Sqlite(sqlite::Readers::new(path));
        Ok(Self::of(keys, Threads::start(vec![db], writer::write), readers))
    }

    fn open_postgres(url: &str, keys: Keyring) -> Result<Self, OpenError> {
        let options = sqlx::postgres::PgConnectOptions::from_str(url).map_err(|_| OpenError::NoSuchEngine)?;
        let connect =
            || postgres::Session::connect(&options).map(|session| Connection::Postgres(Box::new(session)));
        let mut db = connect()?;
        prepare(&mut db, &keys)?;
        let readers = (0..READERS).map(|_| connect()).collect::<Result<Vec<_>>>()?;
        let readers = Readers::Postgres(Threads::start(readers, writer::read));
        Ok(Self::of(keys, Threads::start(vec![db], writer::write), readers))
    }

    fn of(keys: Keyring, writers: Threads, readers: Readers) -> Self {
        Self {
            inner: Arc::new(Inner {
                keys: Arc::new(keys),
                claims: claims::Waiting::default(),
                writers,
                readers,
            }),
        }
    }

    /// Whether what is asked now would be done.
    pub async fn ready(&self) -> Result<()> {
        let keys = self.keys().clone();
        self.write(move |tx| {
            keys::expect_current(tx, &keys)?;
            health::try_writing(tx)
        })
        .await
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.inner.readers, Readers::Sqlite(_))
    }

    /// What is sealed here is sealed with these.
    pub(crate) fn keys(&self) -> &Arc<Keyring> {
        &self.inner.keys
    }

    /// Runs a transition and answers when it is durable. It may run more than once before it is; what it did in a run
    /// that was taken back never happened.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.inner.writers.ask(work).await
    }

    /// Looks something up. Each statement sees the moment it runs in.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        question: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match &self.inner.readers {
            Readers::Sqlite(readers) => readers.read(question),
            Readers::Postgres(readers) => readers.ask(question).await,
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.inner.readers {
            Readers::Sqlite(_) => "Store(SQLite)",
            Readers::Postgres(_) => "Store(PostgreSQL)",
        })
    }
}

fn prepare(db: &mut Connection, keys: &Keyring) -> Result<(), OpenError> {
    migrate::migrate(db)?;
    check_keys(db, keys)
}

pub(crate) const HAS_CHECK: &str = "select count(*) from meta where name = 'seal'";
const READ_CHECK: &str = "select value from meta where name = 'seal'";
const WRITE_CHECK: &str = "insert into meta (name, value) values ('seal', $1) on conflict (name) do nothing";
const CHECK: seal::Place<'_> = seal::Place { table: "meta", column: "value", row: "seal" };

/// A database remembers something sealed, by which other keys are known as such before anything is lost to them.
fn check_keys(db: &mut Connection, keys: &Keyring) -> Result<(), OpenError> {
    let mut tx = Tx(db);
    tx.execute(WRITE_CHECK, &[&keys.seal(CHECK, b"admit")])?;
    let (sealed,): (Vec<u8>,) = tx.one(READ_CHECK, &[])?;
    keys.open(CHECK, &sealed).map_err(OpenError::WrongKeys)?;
    Ok(())
}

/// Threads that own a connection each and take from one queue. Dropping them waits until what was asked is done.
struct Threads {
    /// Gone when they are to end.
    queue: Option<mpsc::Sender<Box<dyn writer::Job>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Threads {
    fn start(connections: Vec<Connection>, work: fn(Connection, &Mutex<writer::Queue>)) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        let start = |db| {
            let waiting = waiting.clone();
            std::thread::spawn(move || work(db, &waiting))
        };
        Self { queue: Some(queue), threads: connections.into_iter().map(start).collect() }
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (job, answer) = writer::job(work);
        self.place().await?.send(job);
        answer.await.unwrap_or(Err(Error::Closed))
    }

    /// A place in the queue.
    async fn place(&self) -> Result<mpsc::Permit<'_, Box<dyn writer::Job>>> {
        self.queue.as_ref().ok_or(Error::Closed)?.reserve().await.map_err(|_| Error::Closed)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}
