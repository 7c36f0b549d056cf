//! Where a service keeps what it remembers: a directory with the database in it, and beside it the keys, without which
//! nobody can read what is sealed there.

use crate::failure::Failure;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use store::{Keyring, Store};

/// What is open.
pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) keys: Keyring,
}

/// The directory it is in.
#[derive(Clone, Debug)]
pub(crate) struct Place(pub(crate) PathBuf);

impl Place {
    /// Opens what is there. What is not there yet is made: the directory, the database, and the keys unless there is a
    /// database already, which only its own keys can open.
    pub(crate) async fn open(&self) -> Result<House, Failure> {
        make_private_dir(&self.0).map_err(Failure::file("make the directory", &self.0))?;
        let file = self.0.join("admit.db");
        let key_file = self.0.join("keys");
        let is_new = !file.exists();
        let keys = match fs::read_to_string(&key_file) {
            Ok(text) => Keyring::read(&text)
                .map_err(|why| Failure::KeyFile { path: key_file.clone(), source: why })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_new => {
                make_keys(&key_file).map_err(Failure::file("write the new keys to", &key_file))?
            }
            Err(error) => return Err(Failure::file("read the keys in", &key_file)(error)),
        };
        let store = Store::open(&file.display().to_string(), keys.clone()).await.map_err(Failure::Store)?;
        Ok(House { store, keys })
    }
}

fn make_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// New keys, on disk before anything is sealed with them.
fn make_keys(path: &Path) -> io::Result<Keyring> {
    let mut chance = [0; 32];
    getrandom::fill(&mut chance).map_err(io::Error::other)?;
    let keys = Keyring::generate(chance);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(keys.write().as_bytes())?;
    file.sync_all()?;
    // The name has to be as durable as what it names.
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        fs::File::open(dir)?.sync_all()?;
    }
    Ok(keys)
}
