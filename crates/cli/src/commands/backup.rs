//! `admit backup`: a copy of the database, while a service runs.

use crate::context::Context;
use crate::failure::Failure;
use crate::house::{Database, Housing, Place};
use crate::key_file::{self, dir_of, sync_dir};
use crate::output::Shown;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit backup admit-2026-11-28.db
  admit backup /mnt/backups/admit.db --with-keys

The copy is of one moment, and nobody has to stop for it. Tokens, answers and links are sealed in it, and the keys are \
not: keep a copy of them in another place. A PostgreSQL database is backed up with pg_dump.")]
pub(crate) struct Backup {
    /// The file to make; one that is there is not overwritten.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write the keys too, to FILE.keys. Whoever has both can read everything.
    #[arg(long)]
    with_keys: bool,
    #[command(flatten)]
    housing: Housing,
}

/// What was written.
#[derive(Serialize)]
struct BackedUp {
    path: String,
    bytes: u64,
    keys: Option<String>,
    #[serde(skip)]
    keys_are_at: String,
}

impl Backup {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let place = self.housing.place(ctx)?;
        if let Database::Url(_) = place.database {
            return Err(of_postgres(
                "back it up with pg_dump, and keep a copy of the keys in another place; when it is restored, say \
                 `admit restore --after` before a service uses it",
            ));
        }
        if ctx.global.dry_run {
            return ctx.would(format!("write a copy of the database to `{}`", self.file.display()));
        }
        let backed_up = runtime::run(self.write(ctx, &place))?;
        Ok(ctx.output.show(&backed_up, &Clock::of_this_machine())?)
    }

    async fn write(&self, ctx: &Context<'_>, place: &Place) -> Result<BackedUp, Failure> {
        let file = &self.file;
        let keys_file = keys_of(file);
        for path in [Some(file), self.with_keys.then_some(&keys_file)].into_iter().flatten() {
            if path.exists() {
                return Err(is_there(path));
            }
        }
        let house = place.open().await?;
        let failed = |source| Failure::file("write the backup", file)(source);
        // For nobody else to read, and under its own name only when it is whole.
        let copy = tempfile::Builder::new().prefix("backup.").tempfile_in(dir_of(file)).map_err(failed)?;
        let about = if self.with_keys { "with keys" } else { "without keys" };
        let now = server::Clock::default().now();
        house.store.back_up(copy.path(), about, &ctx.who(), now).await?;
        copy.as_file().sync_all().map_err(failed)?;
        let bytes = copy.as_file().metadata().map_err(failed)?.len();
        let taken = |why: io::Error| match why.kind() {
            io::ErrorKind::AlreadyExists => is_there(file),
            _ => failed(why),
        };
        if self.with_keys {
            key_file::place(&keys_file, &house.keys).map_err(taken)?;
        }
        copy.persist_noclobber(file).map_err(|why| taken(why.error))?;
        sync_dir(file).map_err(failed)?;
        Ok(BackedUp {
            path: file.display().to_string(),
            bytes,
            keys: self.with_keys.then(|| keys_file.display().to_string()),
            keys_are_at: place.keys.display().to_string(),
        })
    }
}

/// Where the keys of a backup are, if they were written with it.
pub(super) fn keys_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".keys");
    PathBuf::from(name)
}

pub(super) fn of_postgres(hint: &str) -> Failure {
    Failure::OtherState {
        what: "the database of DATABASE_URL".to_owned(),
        why: "PostgreSQL has tools of its own for that".to_owned(),
        word: "postgres",
        hint: hint.to_owned(),
    }
}

fn is_there(path: &Path) -> Failure {
    Failure::OtherState {
        what: format!("`{}`", path.display()),
        why: "it is there already".to_owned(),
        word: "file_exists",
        hint: "nothing was changed; give another name".to_owned(),
    }
}

impl Shown for BackedUp {
    const COLUMNS: &'static [&'static str] = &["path", "bytes", "keys"];

    fn cells(&self) -> Vec<String> {
        vec![self.path.clone(), self.bytes.to_string(), self.keys.clone().unwrap_or_default()]
    }

    fn words(&self, _: &Clock) -> String {
        let Self { path, bytes, keys, keys_are_at } = self;
        match keys {
            Some(keys) => format!(
                "The database is copied to `{path}` ({bytes} bytes), and its keys to `{keys}`.\n\
                 Whoever has both can read all tokens, answers and links: keep them apart."
            ),
            None => format!(
                "The database is copied to `{path}` ({bytes} bytes).\n\
                 The keys are not in it, and without them it opens for nobody: keep a copy of `{keys_are_at}` elsewhere."
            ),
        }
    }

    fn brief(&self) -> String {
        self.path.clone()
    }
}
