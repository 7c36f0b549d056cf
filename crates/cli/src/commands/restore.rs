//! `admit restore`: an old copy takes the place of the database, and is not believed what may have changed since.

use super::backup::{keys_of, of_postgres};
use crate::context::Context;
use crate::failure::{Failure, Usage};
use crate::house::{Database, Housing, Place, make_private_dir};
use crate::key_file::{self, Alone, dir_of, sync_dir};
use crate::output::Shown;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use links::UnixTime;
use serde::Serialize;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use store::{Distrusted, Keyring, Store};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit restore admit-2026-11-28.db --data /var/lib/admit
  admit restore admit-2026-11-28.db --force
  admit restore --after

Links that were ready when the copy was made may have been given to somebody since: they are given to nobody, and \
revoked. So are links that were out, for they may have been used: `admit pass list --doubted` tells whose they were. What \
happened after the copy was made is not known: who got a pass then has to answer again, and links made then work until \
they expire. The keys are those in FILE.keys, if they were written with \
the backup, and otherwise those of the house.

With `--after` the database that is there is treated so: for one that was restored by other means, such as pg_restore.")]
pub(crate) struct Restore {
    /// What `admit backup` wrote.
    #[arg(value_name = "FILE", required_unless_present = "after", conflicts_with = "after")]
    file: Option<PathBuf>,
    /// It was restored by other means already.
    #[arg(long)]
    after: bool,
    /// Put it in the place of a database that is there, which is kept under another name.
    #[arg(long, conflicts_with = "after")]
    force: bool,
    #[command(flatten)]
    housing: Housing,
}

/// What became of it.
#[derive(Serialize)]
struct Restored {
    links_dropped: u64,
    links_lost: u64,
    /// By which somebody may have come in since the copy was made.
    passes_doubted: u64,
    /// What the database that was there is called now.
    replaced: Option<String>,
}

impl Restore {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let place = self.housing.place(ctx)?;
        let now = server::Clock::default().now();
        if ctx.global.dry_run {
            let what = self.file.as_ref().map_or_else(
                || "treat the database as an old copy".to_owned(),
                |file| format!("put `{}` in the place of the database", file.display()),
            );
            return ctx.would(what);
        }
        let restored = match &self.file {
            None => runtime::run(after(ctx, &place, now)),
            Some(file) => {
                let Database::File(target) = &place.database else {
                    return Err(of_postgres(
                        "restore it with pg_restore or psql, then say `admit restore --after` before a service uses it",
                    ));
                };
                let move_in = MoveIn { place: &place, target, file, force: self.force, now };
                runtime::run(move_in.run(ctx))
            }
        }?;
        Ok(ctx.output.show(&restored, &Clock::of_this_machine())?)
    }
}

async fn after(ctx: &Context<'_>, place: &Place, now: UnixTime) -> Result<Restored, Failure> {
    let (store, _keys) = place.open_alone(now).await?;
    Ok(Restored::new(store.distrust(&ctx.who(), now).await?, None))
}

/// A copy on its way into its place.
struct MoveIn<'a> {
    place: &'a Place,
    target: &'a Path,
    file: &'a Path,
    force: bool,
    now: UnixTime,
}

impl MoveIn<'_> {
    async fn run(&self, ctx: &Context<'_>) -> Result<Restored, Failure> {
        let wrong = |rule| {
            Usage::new(format!("`{}`", self.file.display()), rule, "`admit restore admit-2026-11-28.db`")
        };
        match File::open(self.file) {
            Ok(_) if self.file.is_file() && store::is_database(self.file) => {}
            Ok(_) => return Err(wrong("this is no backup of Admit").into()),
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                return Err(wrong("there is no such file").into());
            }
            Err(why) => return Err(Failure::file("read the backup", self.file)(why)),
        }
        let dir = dir_of(self.target);
        make_private_dir(dir).map_err(Failure::file("make the directory", dir))?;
        // Nobody uses what is there, nor begins to, before this is done.
        let mut held = Alone::take(&self.place.keys)?;
        let there = [self.target.to_owned(), beside(self.target, "-wal")];
        if there.iter().any(|path| path.exists()) {
            if !self.force {
                return Err(self.is_there(self.target));
            }
            if let Some(held) = &held
                && let Ok(house) = self.place.open_with(held.keys.clone()).await
            {
                self.place.expect_no_service(&house.store, self.now).await?;
            }
        }
        let given = self.given_keys()?;
        let is_other = |held: &Alone| given.as_ref().is_some_and(|given| given.write() != held.keys.write());
        let replaces_keys = held.as_ref().is_some_and(is_other);
        if replaces_keys && !self.force {
            return Err(self.is_there(&self.place.keys));
        }
        let keys = given.clone().or_else(|| held.as_ref().map(|held| held.keys.clone()));
        let keys = keys.ok_or_else(|| self.place.no_keys())?;

        // All that can fail is done to a copy of the copy, which takes its place when it is ready.
        let failed = |source| Failure::file("restore", self.file)(source);
        let workshop = tempfile::Builder::new().prefix("restore.").tempdir_in(dir).map_err(failed)?;
        let copy = workshop.path().join("admit.db");
        fs::copy(self.file, &copy).and_then(|_| only_ours(&copy)).map_err(failed)?;
        let opened = Store::open(&copy.to_string_lossy(), keys.clone()).await;
        let shown = format!("`{}`", self.file.display());
        let store = opened.map_err(|source| Failure::Store { place: shown, source })?;
        let distrusted = store.distrust(&ctx.who(), self.now).await?;
        drop(store);
        if beside(&copy, "-wal").exists() {
            return Err(failed(io::Error::other("the copy could not be closed")));
        }
        File::open(&copy).and_then(|file| file.sync_all()).map_err(failed)?;

        match held.as_mut() {
            Some(held) if replaces_keys => {
                let old = self.replaced(&self.place.keys);
                fs::copy(&self.place.keys, &old).map_err(Failure::file("keep the keys as", &old))?;
                held.replace(keys)?;
            }
            Some(_) => {}
            None => make_private_dir(dir_of(&self.place.keys))
                .and_then(|()| key_file::place(&self.place.keys, &keys))
                .map_err(Failure::file("write the keys to", &self.place.keys))?,
        }
        let replaced = self.make_way()?;
        fs::rename(&copy, self.target).and_then(|()| sync_dir(self.target)).map_err(failed)?;
        Ok(Restored::new(distrusted, replaced))
    }

    /// The keys that were written with the backup.
    fn given_keys(&self) -> Result<Option<Keyring>, Failure> {
        let path = keys_of(self.file);
        match fs::read_to_string(&path) {
            Ok(text) => Keyring::read(&text).map(Some).map_err(|source| Failure::KeyFile { path, source }),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(Failure::file("read the keys in", path)(why)),
        }
    }

    /// Keeps what is there under another name. What belongs to the old file would spoil the new one.
    fn make_way(&self) -> Result<Option<String>, Failure> {
        let old = self.replaced(self.target);
        for end in ["", "-wal", "-shm"] {
            let from = beside(self.target, end);
            if from.exists() {
                // Others may have been able to read it; what is put aside is watched by nobody.
                only_ours(&from)
                    .and_then(|()| fs::rename(&from, beside(&old, end)))
                    .map_err(Failure::file("move away", from))?;
            }
        }
        Ok(old.exists().then(|| old.display().to_string()))
    }

    fn replaced(&self, path: &Path) -> PathBuf {
        beside(path, &format!(".replaced-{}", self.now))
    }

    fn is_there(&self, path: &Path) -> Failure {
        Failure::OtherState {
            what: format!("`{}`", path.display()),
            why: "it is there already".to_owned(),
            word: "file_exists",
            hint:
                "nothing was changed; `--force` puts the backup in its place and keeps it under another name"
                    .to_owned(),
        }
    }
}

/// The same name with something more.
fn beside(path: &Path, more: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(more);
    PathBuf::from(name)
}

#[cfg(unix)]
fn only_ours(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn only_ours(_: &Path) -> io::Result<()> {
    Ok(())
}

impl Restored {
    fn new(distrusted: Distrusted, replaced: Option<String>) -> Self {
        let Distrusted { dropped, lost, doubted } = distrusted;
        Self { links_dropped: dropped, links_lost: lost, passes_doubted: doubted, replaced }
    }
}

impl Shown for Restored {
    const COLUMNS: &'static [&'static str] = &["links_dropped", "links_lost", "passes_doubted", "replaced"];

    fn cells(&self) -> Vec<String> {
        let numbers =
            [self.links_dropped, self.links_lost, self.passes_doubted].map(|number| number.to_string());
        numbers.into_iter().chain([self.replaced.clone().unwrap_or_default()]).collect()
    }

    fn words(&self, _: &Clock) -> String {
        let Self { links_dropped, links_lost, passes_doubted, replaced } = self;
        let mut words = format!(
            "It is restored. {links_dropped} links that were ready are given to nobody and will be revoked, and {links_lost} in \
             the making are given up.\nStart `admit serve`; it makes new ones."
        );
        if *passes_doubted > 0 {
            words += &format!(
                "\n{passes_doubted} passes were not used when the copy was made and may have been since: their links end, and \
                 their people get no other before somebody has looked. `admit pass list --doubted` tells which they are."
            );
        }
        if let Some(replaced) = replaced {
            words += &format!("\nThe database that was there is `{replaced}`.");
        }
        words
    }

    fn brief(&self) -> String {
        self.links_dropped.to_string()
    }
}
