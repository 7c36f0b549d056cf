//! What can go wrong with a database, named by what the caller can do next.
//!
//! That a transition is refused is no error: each has an answer of its own for that.

use std::error::Error as StdError;

/// What every operation answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The database failed us. `source` says how, for the log; no value that was written is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing was written; the same call may succeed later.
    #[error("the database cannot be used at the moment")]
    Unavailable(#[source] Cause),
    /// The connection was lost while the transaction was being committed: read back before doing it again.
    #[error("the database was lost during a commit: what was asked may have been written, or not")]
    InDoubt(#[source] Cause),
    /// The database refused what should have worked. Trying again will not help.
    #[error("the database refused a statement of ours")]
    Refused(#[source] Cause),
    /// A row does not say what rows of its table say.
    #[error("what is stored cannot be read: {0}")]
    Damaged(&'static str),
    /// What is sealed does not open.
    #[error(transparent)]
    Sealed(#[from] crate::seal::CannotOpen),
    /// Others kept writing the same rows, again and again.
    #[error("others kept changing the same rows")]
    Contended,
    /// The store was closed, or its writer stopped after a disk failed.
    #[error("the store is closed")]
    Closed,
}

/// Who said so and how.
pub type Cause = Box<dyn StdError + Send + Sync>;

impl Error {
    /// Whether the same call may succeed later without anybody changing anything. After [`Error::InDoubt`] it may
    /// have succeeded already.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Contended)
    }
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// SQLite's locks do not hold across machines.
    #[error(
        "`{path}` is on a network file system ({kind}), where two machines could write at once; put the database on a \
         disk of this machine, or use PostgreSQL"
    )]
    NetworkFileSystem {
        /// The file.
        path: String,
        /// The file system's name.
        kind: String,
    },
    /// A newer program wrote it.
    #[error(
        "the database has schema {found} and this program knows {known}: a newer version of Admit has used it; run \
         that one, or restore a backup from before"
    )]
    NewerSchema {
        /// What the database has.
        found: i64,
        /// What this program knows.
        known: i64,
    },
    /// The address names no database.
    #[error("this is no database we know: give a path, or a URL that starts with `postgres://`")]
    NoSuchEngine,
    /// The keys are not those the database was sealed with.
    #[error("the key ring does not fit this database; use the key file it was made with")]
    WrongKeys(#[source] crate::seal::CannotOpen),
    /// It could not be reached, read or prepared.
    #[error("the database could not be opened")]
    Failed(#[source] Cause),
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        match error {
            Error::Sealed(why) => Self::WrongKeys(why),
            other => Self::Failed(Box::new(other)),
        }
    }
}
