//! Where a service keeps what it remembers: a directory with the database in it, and beside it the keys, without which
//! nobody can read what is sealed there.

use crate::context::Context;
use crate::failure::{Failure, Usage};
use crate::key_file::{self, Alone};
use crate::when::Clock;
use clap::Args;
use links::UnixTime;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use store::{Keyring, OpenError, Store};

/// What is open.
pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) keys: Keyring,
}

/// Options that say where it is.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Where it is remembered")]
pub(crate) struct Housing {
    /// The directory with the database and the keys. [env: ADMIT_DATA] [default: admit-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the keys are, if not beside the database. [env: ADMIT_KEY_FILE]
    #[arg(long, value_name = "PATH")]
    key_file: Option<PathBuf>,
}

impl Housing {
    /// Opens it, and makes what is missing.
    pub(crate) async fn open_or_make(&self, ctx: &Context<'_>) -> Result<House, Failure> {
        self.place(ctx)?.open_or_make().await
    }

    /// Opens it, if it is there.
    pub(crate) async fn open(&self, ctx: &Context<'_>) -> Result<House, Failure> {
        self.place(ctx)?.open().await
    }

    /// Its flags, and whether they were given.
    pub(crate) fn given(&self) -> [(&'static str, bool); 2] {
        [("--data", self.data.is_some()), ("--key-file", self.key_file.is_some())]
    }

    /// Where it is.
    pub(crate) fn place(&self, ctx: &Context<'_>) -> Result<Place, Failure> {
        let path =
            |flag: &Option<PathBuf>, name| flag.clone().or_else(|| (ctx.variables)(name).map(PathBuf::from));
        let data = path(&self.data, "ADMIT_DATA").unwrap_or_else(|| PathBuf::from("admit-data"));
        let keys = path(&self.key_file, "ADMIT_KEY_FILE").unwrap_or_else(|| data.join("keys"));
        let database = match database_url(ctx)? {
            Some(url) => Database::Url(url),
            None => Database::File(database_file(&data)),
        };
        Ok(Place { database, data, keys })
    }
}

/// Where it is.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) database: Database,
    /// The directory; a database of PostgreSQL is not in it.
    pub(crate) data: PathBuf,
    pub(crate) keys: PathBuf,
}

#[derive(Clone)]
pub(crate) enum Database {
    File(PathBuf),
    /// Of PostgreSQL. There may be a password in it, so it is shown nowhere.
    Url(String),
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "`{}`", path.display()),
            Self::Url(_) => f.write_str("of DATABASE_URL"),
        }
    }
}

impl Place {
    /// A directory with everything in it.
    pub(crate) fn in_dir(dir: &Path) -> Self {
        Self { database: Database::File(database_file(dir)), data: dir.to_owned(), keys: dir.join("keys") }
    }

    /// Whether something of ours seems to be there. Other programs have a DATABASE_URL too; our keys they do not have.
    pub(crate) fn is_there(&self) -> bool {
        match &self.database {
            // What cannot be looked at is no reason to make something there.
            Database::File(path) => path.try_exists().unwrap_or(true),
            Database::Url(_) => self.keys.exists(),
        }
    }

    /// Opens what is there.
    pub(crate) async fn open(&self) -> Result<House, Failure> {
        self.expect_database()?;
        let keys = self.read_keys()?.ok_or_else(|| self.no_keys())?;
        self.open_with(keys).await
    }

    fn expect_database(&self) -> Result<(), Failure> {
        let Some(path) = self.database.file() else { return Ok(()) };
        if path.try_exists().map_err(Failure::file("look for the database", path))? {
            return Ok(());
        }
        Err(Failure::NothingThere {
            what: format!("there is no database at `{}`", path.display()),
            word: "no_database",
            hint: "say where it is with `--data DIR` or ADMIT_DATA; `admit serve`, `admit gate new` and \
                `admit gate apply` make one"
                .to_owned(),
        })
    }

    /// Opens what is there. What is not there yet is made: the directory, the database, and the keys unless there is a
    /// database already, which only its own keys can open.
    pub(crate) async fn open_or_make(&self) -> Result<House, Failure> {
        for path in [Some(self.keys.as_path()), self.database.file()].into_iter().flatten() {
            let dir = key_file::dir_of(path);
            make_private_dir(dir).map_err(Failure::file("make the directory", dir))?;
        }
        if let Some(keys) = self.read_keys()? {
            return self.open_with(keys).await;
        }
        if self.database.file().is_some_and(Path::exists) {
            return Err(self.no_keys());
        }
        let keys = key_file::make(&self.keys)?;
        let opened = self.open_with(keys).await;
        if let Err(Failure::Store { source: OpenError::WrongKeys(_), .. }) = &opened {
            // A database on another machine turned out to have keys, so these were made in vain and open nothing.
            let _ = fs::remove_file(&self.keys);
            return Err(self.no_keys());
        }
        opened
    }

    /// Opens what is there for whoever has to be alone with it: no service runs, and nobody else uses the keys as long as
    /// they are held here.
    pub(crate) async fn open_alone(&self, now: UnixTime) -> Result<(Store, Alone), Failure> {
        self.expect_database()?;
        let keys = Alone::take(&self.keys)?.ok_or_else(|| self.no_keys())?;
        let store = self.open_with(keys.keys.clone()).await?.store;
        self.expect_no_service(&store, now).await?;
        Ok((store, keys))
    }

    /// On other machines a service has the keys in a file of its own, and shows only by what it took in the database.
    pub(crate) async fn expect_no_service(&self, store: &Store, now: UnixTime) -> Result<(), Failure> {
        let Some(until) = store.at_work_until(now).await? else { return Ok(()) };
        Err(Failure::OtherState {
            what: format!("the database {}", self.database),
            why: "a service is at work with it".to_owned(),
            word: "in_use",
            hint: format!(
                "nothing was changed; stop every `admit serve`, then do it again; one that was killed is over at {}",
                Clock::of_this_machine().say(until)
            ),
        })
    }

    /// A lock that every service on the file has for as long as it lives, and loses even when it is killed; and whether
    /// there was no other when this one came.
    pub(crate) fn stand_on(&self) -> Option<(File, bool)> {
        let path = self.database.file()?.with_file_name("serve.lock");
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.create(true).truncate(false).write(true).open(path).ok()?;
        let is_alone = file.try_lock().is_ok();
        if is_alone {
            file.unlock().ok()?;
        }
        file.lock_shared().ok()?;
        Some((file, is_alone))
    }

    pub(crate) async fn open_with(&self, keys: Keyring) -> Result<House, Failure> {
        let place = match &self.database {
            Database::File(path) => path.display().to_string(),
            Database::Url(url) => url.clone(),
        };
        let failed = |source| Failure::Store { place: self.database.to_string(), source };
        let store = Store::open(&place, keys.clone()).await.map_err(failed)?;
        Ok(House { store, keys })
    }

    fn read_keys(&self) -> Result<Option<Keyring>, Failure> {
        key_file::read(&self.keys)
    }

    pub(crate) fn no_keys(&self) -> Failure {
        Failure::NoKeys { database: self.database.to_string(), path: self.keys.clone() }
    }
}

impl Database {
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Url(_) => None,
        }
    }
}

/// The file of a database in this directory.
pub(crate) fn database_file(data: &Path) -> PathBuf {
    data.join("admit.db")
}

/// A PostgreSQL database instead of a file.
fn database_url(ctx: &Context<'_>) -> Result<Option<String>, Failure> {
    let (name, url) = match ((ctx.variables)("DATABASE_URL"), (ctx.variables)("DATABASE_URL_FILE")) {
        (Some(_), Some(_)) => {
            let what = "DATABASE_URL with DATABASE_URL_FILE";
            return Err(Usage::new(what, "keep one of the two", "`DATABASE_URL_FILE=/run/secrets/db`").into());
        }
        (Some(url), None) => ("DATABASE_URL", url),
        (None, Some(path)) => {
            let text = fs::read_to_string(&path).map_err(Failure::file("read the URL in", path))?;
            ("DATABASE_URL_FILE", text.trim().to_owned())
        }
        (None, None) => return Ok(None),
    };
    if ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(Some(url));
    }
    let rule = "this is the URL of a PostgreSQL database; for a file, leave it away and say `--data DIR`";
    Err(Usage::new(name, rule, "`postgres://localhost/admit`").into())
}

pub(crate) fn make_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}
