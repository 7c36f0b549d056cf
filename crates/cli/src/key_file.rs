//! The file with the keys of a database. Whoever uses its keys holds a lock on it, and whoever changes it is alone: a
//! process that does not know the newest key could not read what is sealed with it.

use crate::failure::Failure;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::Keyring;
use tempfile::NamedTempFile;

/// The keys in this file, if it is there. It cannot be changed before the last copy of them is gone.
pub(crate) fn read(path: &Path) -> Result<Option<Keyring>, Failure> {
    let failed = |source| Failure::file("read the keys in", path)(source);
    let Some((file, text)) = open(path, File::lock_shared).map_err(failed)? else { return Ok(None) };
    Ok(Some(parse(path, &text)?.from_file(Arc::new(file))))
}

/// New keys, on disk before anything is sealed with them.
pub(crate) fn make(path: &Path) -> Result<Keyring, Failure> {
    let failed = |source| Failure::file("write the new keys to", path)(source);
    let keys = Keyring::generate(chance().map_err(failed)?);
    match place(path, &keys) {
        // Somebody else made some in the same moment.
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
        placed => placed.map_err(failed)?,
    }
    read(path)?.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))
}

/// Puts these keys where no file is yet.
pub(crate) fn place(path: &Path, keys: &Keyring) -> io::Result<()> {
    written(path, keys)?.persist_noclobber(path)?;
    sync_dir(path)
}

/// The file, for whoever is to change it: nobody else uses its keys until this is dropped.
pub(crate) struct Alone {
    path: PathBuf,
    /// Locked. Each file that takes the place of another is locked before it does.
    file: File,
    pub(crate) keys: Keyring,
}

impl Alone {
    /// Takes the file, if it is there and nobody uses it.
    pub(crate) fn take(path: &Path) -> Result<Option<Self>, Failure> {
        let failed = |source| Failure::file("lock", path)(source);
        // A name that leads elsewhere goes on leading there.
        let path = match path.canonicalize() {
            Ok(path) => path,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(failed(why)),
        };
        let taken = open(&path, |file| match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(why)) => Err(why),
        });
        match taken {
            Ok(None) => Ok(None),
            Ok(Some((file, text))) => Ok(Some(Self { keys: parse(&path, &text)?, path, file })),
            Err(why) if why.kind() == io::ErrorKind::WouldBlock => Err(in_use(&path)),
            Err(why) => Err(failed(why)),
        }
    }

    /// Writes a newer key beside the others, and uses it from now on.
    pub(crate) fn add(&mut self) -> Result<(), Failure> {
        let chance = chance().map_err(Failure::file("write the new keys to", &self.path))?;
        self.replace(self.keys.with_newer(chance))
    }

    /// Keeps the newest key only.
    pub(crate) fn drop_older(&mut self) -> Result<(), Failure> {
        self.replace(self.keys.without_older())
    }

    /// Whoever opens the file sees the old keys or the new ones, also after a crash.
    pub(crate) fn replace(&mut self, keys: Keyring) -> Result<(), Failure> {
        let failed = |source| Failure::file("write the new keys to", &self.path)(source);
        let replace = || {
            let next = written(&self.path, &keys)?;
            like(&self.file.metadata()?, next.as_file())?;
            next.as_file().lock()?;
            let file = next.persist(&self.path)?;
            sync_dir(&self.path)?;
            Ok(file)
        };
        self.file = replace().map_err(failed)?;
        self.keys = keys;
        Ok(())
    }
}

/// Opens and locks the file that has this name, which may be another by the time it is locked.
fn open(path: &Path, lock: impl Fn(&File) -> io::Result<()>) -> io::Result<Option<(File, String)>> {
    loop {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(why),
        };
        match lock(&file) {
            // Nor can anybody change it there.
            Err(why) if why.kind() == io::ErrorKind::Unsupported => {}
            locked => locked?,
        }
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        if fs::read_to_string(path).is_ok_and(|now| now == text) {
            return Ok(Some((file, text)));
        }
    }
}

fn parse(path: &Path, text: &str) -> Result<Keyring, Failure> {
    Keyring::read(text).map_err(|source| Failure::KeyFile { path: path.to_owned(), source })
}

/// A file of its own beside `path`, for nobody else to read, and on disk.
fn written(path: &Path, keys: &Keyring) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix("keys.").tempfile_in(dir_of(path))?;
    file.write_all(keys.write().as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Whoever could read the one can read the other.
#[cfg(unix)]
fn like(old: &fs::Metadata, new: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let now = new.metadata()?;
    if (old.uid(), old.gid()) != (now.uid(), now.gid()) {
        std::os::unix::fs::fchown(new, Some(old.uid()), Some(old.gid()))?;
    }
    new.set_permissions(old.permissions())
}

#[cfg(not(unix))]
fn like(_: &fs::Metadata, _: &File) -> io::Result<()> {
    Ok(())
}

/// The name has to be as durable as what it names.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(dir_of(path))?.sync_all()?;
    Ok(())
}

pub(crate) fn dir_of(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn chance() -> io::Result<[u8; 32]> {
    let mut chance = [0; 32];
    getrandom::fill(&mut chance).map_err(io::Error::other)?;
    Ok(chance)
}

fn in_use(path: &Path) -> Failure {
    Failure::OtherState {
        what: format!("the keys in `{}`", path.display()),
        why: "another process uses them".to_owned(),
        word: "in_use",
        hint: "nothing was changed; stop `admit serve`, let other commands end, then do it again".to_owned(),
    }
}
