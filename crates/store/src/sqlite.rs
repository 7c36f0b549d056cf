//! SQLite: how its file is opened, and readers that are used where they are needed.

use crate::connection::{Connection, Tx};
use crate::{Error, OpenError, Result, mounts};
use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// How long another process of this machine may keep the file before a writer gives up.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than there are statements, so that each is prepared once a connection.
const STATEMENTS: usize = 256;

/// Opens the file for writing and makes it if it is not there.
pub(crate) fn open(path: &Path) -> Result<Connection, OpenError> {
    if let Some(kind) = mounts::network_file_system(path) {
        return Err(OpenError::NetworkFileSystem { path: path.display().to_string(), kind });
    }
    // What keeps this from being made keeps SQLite from it too, and SQLite says what it is.
    let _ = make_private(path);
    let mut db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    // Indexes over names that are drawn by lot touch pages all over the file: the writer keeps 16 MB of them. And a page
    // that changes often is brought from the log into the file once in 16 MB, not in four.
    db.script("pragma cache_size = -16384; pragma wal_autocheckpoint = 4000;")?;
    Ok(db)
}

/// Makes the file, if it is missing, for nobody else to read; SQLite's other files are made like it. One that is there is
/// not even opened: to close it again would take SQLite's locks from this process.
fn make_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.write(true).create_new(true).open(path)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let db = rusqlite::Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(PATIENCE)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // Otherwise a statement whose plan might depend on a value is prepared anew for every value.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // An answer that was given must survive a power cut, so every commit is synced: see the figures in the documentation
    // of the crate for what that costs when commits are shared.
    db.execute_batch("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;")?;
    // What is forgotten is overwritten, wherever its page is written anyway.
    db.execute_batch("pragma secure_delete = fast;")?;
    Ok(Connection::Sqlite(db))
}

/// Connections for reading. Whoever reads takes one, and puts it back.
pub(crate) struct Readers {
    path: PathBuf,
    /// Held for a push or a pop only.
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::default() }
    }

    /// Reads in place: a look-up takes microseconds, less than handing it to another thread.
    pub(crate) fn read<T>(&self, question: impl Fn(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let idle = self.idle.lock().map_err(|_| Error::Closed)?.pop();
        let mut db = match idle {
            Some(db) => db,
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?,
        };
        let answer = question(&mut Tx(&mut db));
        self.idle.lock().map_err(|_| Error::Closed)?.push(db);
        answer
    }
}
