//! The file a session is kept in: a line that says what it is, and then the session, sealed with keys that are kept in
//! another file.

use crate::config::too_open;
use crate::failure::Failure;
use crate::house::make_private_dir;
use crate::key_file;
use links::UserId;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use store::{CannotOpen, Keyring};
use telegram::mtproto::{AuthKey, Session};

const NAME: &str = "admit session ";
const VERSION: u32 = 1;
const PURPOSE: &str = "session of an account";
/// No session is longer.
const LONGEST_BYTES: u64 = 16 * 1024;

/// A session, whose it is, and which application made it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Kept {
    pub(crate) account: UserId,
    pub(crate) api_id: i32,
    pub(crate) session: Session,
}

/// Where a session and its keys are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) keys: PathBuf,
}

/// Why a session cannot be used, or not be kept. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("no session is kept at `{}`", .0.display())]
    Nowhere(PathBuf),
    #[error("others can read `{}` (mode {mode:o}), and whoever has a session is that account", path.display())]
    TooOpen { path: PathBuf, mode: u32 },
    #[error("`{}` is damaged, or was never a session of Admit", .0.display())]
    Damaged(PathBuf),
    #[error("`{}` is a session of version {version}, and this program knows version {VERSION}", path.display())]
    OtherVersion { path: PathBuf, version: u32 },
    #[error("the keys of the session `{}` are not at `{}`", path.display(), keys.display())]
    NoKeys { path: PathBuf, keys: PathBuf },
    #[error("`{}` does not open with the keys in `{}`", path.display(), keys.display())]
    Sealed {
        path: PathBuf,
        keys: PathBuf,
        #[source]
        source: CannotOpen,
    },
    #[error("`{}` is the session of account {kept}, and this is account {other}", path.display())]
    OtherAccount { path: PathBuf, kept: UserId, other: UserId },
    #[error("`{}` says that it is the session of account {kept}, and Telegram says account {other}", path.display())]
    NotWhose { path: PathBuf, kept: UserId, other: UserId },
    #[error("there is neither the session of an account nor a bot's token")]
    Nobody,
}

impl Error {
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Nowhere(_) => {
                "log in with `admit login`, or say where a session is with `--session-file PATH` or ADMIT_SESSION_FILE"
                    .to_owned()
            }
            Self::TooOpen { path, .. } => format!(
                "`chmod 600 {}`; if somebody may have read it, end that session in Telegram, under Settings, Devices",
                path.display()
            ),
            Self::Damaged(_) => {
                "nothing was changed; put a copy of it back, or move it away and log in with `admit login`"
                    .to_owned()
            }
            Self::OtherVersion { .. } => {
                "nothing was changed; use the Admit that wrote it, or move it away and log in with `admit login`"
                    .to_owned()
            }
            Self::NoKeys { .. } | Self::Sealed { .. } => {
                "nothing was changed; say where the keys are that it was sealed with, in ADMIT_SESSION_KEY_FILE; or \
                 move it away, log in with `admit login`, and end the old session in Telegram, under Settings, Devices"
                    .to_owned()
            }
            Self::OtherAccount { .. } => {
                "nothing was changed; each account has a file of its own: say `--session-file PATH`, or use a `--profile` \
                 for each"
                    .to_owned()
            }
            Self::NotWhose { .. } => {
                "move it away and log in with `admit login`; somebody logged in with the same key since it was written"
                    .to_owned()
            }
            Self::Nobody => {
                "log in to an account with `admit login`; a bot's token comes from ADMIT_BOT_TOKEN, \
                 ADMIT_BOT_TOKEN_FILE, `--token-file PATH` or a `--profile`"
                    .to_owned()
            }
        }
    }
}

impl Place {
    /// The keys are beside the session, unless they are somewhere else.
    pub(crate) fn new(path: PathBuf, keys: Option<PathBuf>) -> Self {
        let keys = keys.unwrap_or_else(|| path.with_file_name("session-keys"));
        Self { path, keys }
    }

    /// Whether something is kept there. Nothing is opened.
    pub(crate) fn is_taken(&self) -> Result<bool, Failure> {
        self.path.try_exists().map_err(Failure::file("look for the session", &self.path))
    }

    /// The session that is kept there.
    pub(crate) fn open(&self) -> Result<Kept, Failure> {
        Ok(self.look()?.ok_or_else(|| Error::Nowhere(self.path.clone()))?)
    }

    /// The session that is kept there, if one is.
    pub(crate) fn look(&self) -> Result<Option<Kept>, Failure> {
        let path = || self.path.clone();
        let read = read(&self.path).map_err(Failure::file("read the session in", &self.path))?;
        let Some((metadata, bytes)) = read else { return Ok(None) };
        if let Some(mode) = too_open(&metadata) {
            return Err(Error::TooOpen { path: path(), mode }.into());
        }
        let (version, sealed) = split(&bytes).ok_or_else(|| Error::Damaged(path()))?;
        if version != VERSION {
            return Err(Error::OtherVersion { path: path(), version }.into());
        }
        let keys = key_file::read(&self.keys)?;
        let keys = keys.ok_or_else(|| Error::NoKeys { path: path(), keys: self.keys.clone() })?;
        let content = keys.open_for(PURPOSE, sealed).map_err(|source| match source {
            CannotOpen::NotSealed => Error::Damaged(path()),
            source => Error::Sealed { path: path(), keys: self.keys.clone(), source },
        })?;
        let kept = Content::read(&content).ok_or_else(|| Error::Damaged(path()))?;
        Ok(Some(kept))
    }

    /// Keeps a session there, in the place of an earlier one of the same account, and of nothing else. Tells which it
    /// replaced.
    pub(crate) fn keep(&self, kept: &Kept) -> Result<Option<Kept>, Failure> {
        let failed = |source| Failure::file("write the session to", &self.path)(source);
        let path = target(&self.path);
        for path in [&path, &self.keys] {
            let dir = key_file::dir_of(path);
            make_durable_dir(dir).map_err(Failure::file("make the directory", dir))?;
        }
        let _alone = alone(&path).map_err(failed)?;
        let replaced = self.look()?;
        if let Some(Kept { account, .. }) = &replaced
            && *account != kept.account
        {
            let (path, other) = (self.path.clone(), kept.account);
            return Err(Error::OtherAccount { path, kept: *account, other }.into());
        }
        let keys = match key_file::read(&self.keys)? {
            Some(keys) => keys,
            None => key_file::make(&self.keys)?,
        };
        let place = || {
            let mut file =
                tempfile::Builder::new().prefix(".session.").tempfile_in(key_file::dir_of(&path))?;
            file.write_all(&sealed(&keys, kept))?;
            file.as_file().sync_all()?;
            if replaced.is_some() {
                file.persist(&path)?;
            } else {
                file.persist_noclobber(&path)?;
            }
            key_file::sync_dir(&path)
        };
        place().map_err(failed)?;
        Ok(replaced)
    }

    /// Forgets this session. Another that somebody kept there meanwhile stays; tells whether one does.
    pub(crate) fn delete(&self, ended: &Kept) -> Result<bool, Failure> {
        let failed = |source| Failure::file("delete the session", &self.path)(source);
        let path = target(&self.path);
        let _alone = alone(&path).map_err(failed)?;
        match self.look()? {
            None => return Ok(false),
            Some(kept) if kept.session.auth_key != ended.session.auth_key => return Ok(true),
            Some(_) => {}
        }
        let delete = || {
            fs::remove_file(&path)?;
            key_file::sync_dir(&path)
        };
        delete().map_err(failed)?;
        Ok(false)
    }
}

/// Where a name leads, whether something is there or not: it goes on leading there.
fn target(path: &Path) -> PathBuf {
    const MOST: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST {
        match fs::read_link(&path) {
            Ok(next) => path = key_file::dir_of(&path).join(next),
            Err(_) => break,
        }
    }
    path
}

/// Nobody else changes what is kept in that directory until this is dropped.
#[cfg(unix)]
fn alone(path: &Path) -> io::Result<File> {
    let dir = File::open(key_file::dir_of(path))?;
    match dir.lock() {
        // Then nobody can.
        Err(why) if why.kind() != io::ErrorKind::Unsupported => Err(why),
        _ => Ok(dir),
    }
}

/// Elsewhere a directory cannot be locked.
#[cfg(not(unix))]
fn alone(_: &Path) -> io::Result<()> {
    Ok(())
}

fn read(path: &Path) -> io::Result<Option<(fs::Metadata, Vec<u8>)>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(why),
    };
    let metadata = file.metadata()?;
    let mut bytes = Vec::new();
    file.take(LONGEST_BYTES).read_to_end(&mut bytes)?;
    Ok(Some((metadata, bytes)))
}

/// The version, and what is sealed.
fn split(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let line = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((line.strip_prefix(NAME)?.parse().ok()?, &bytes[end + 1..]))
}

fn sealed(keys: &Keyring, kept: &Kept) -> Vec<u8> {
    let mut bytes = format!("{NAME}{VERSION}\n").into_bytes();
    bytes.extend(keys.seal_for(PURPOSE, &Content::write(kept)));
    bytes
}

/// A session as it is written before it is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    account: i64,
    api_id: i32,
    dc_id: i32,
    address: SocketAddrV4,
    /// In hexadecimal.
    auth_key: String,
}

impl Content {
    fn read(bytes: &[u8]) -> Option<Kept> {
        let Self { account, api_id, dc_id, address, auth_key } = serde_json::from_slice(bytes).ok()?;
        let auth_key: AuthKey = auth_key.parse().ok()?;
        let session = Session { dc_id, address, auth_key };
        Some(Kept { account: UserId::new(account).ok()?, api_id, session })
    }

    fn write(kept: &Kept) -> Vec<u8> {
        let Session { dc_id, address, auth_key } = &kept.session;
        let mut hex = String::with_capacity(512);
        for byte in auth_key.reveal() {
            let _ = write!(hex, "{byte:02x}");
        }
        let (account, api_id) = (kept.account.get(), kept.api_id);
        let content = Self { account, api_id, dc_id: *dc_id, address: *address, auth_key: hex };
        serde_json::to_vec(&content).expect("numbers and texts can be written")
    }
}

/// A new directory has to be as durable as what is put in it.
fn make_durable_dir(dir: &Path) -> io::Result<()> {
    let new: Vec<&Path> =
        dir.ancestors().take_while(|it| !it.as_os_str().is_empty() && !it.exists()).collect();
    make_private_dir(dir)?;
    new.into_iter().try_for_each(key_file::sync_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(account: i64) -> Kept {
        let address = "127.0.0.1:443".parse().unwrap();
        let session = Session { dc_id: 2, address, auth_key: AuthKey::new([0xca; 256]) };
        Kept { account: UserId::new(account).unwrap(), api_id: 12_345, session }
    }

    fn place(home: &tempfile::TempDir) -> Place {
        Place::new(home.path().join("a/b/garden.session"), None)
    }

    #[track_caller]
    fn check<T: std::fmt::Debug>(result: Result<T, Failure>, words: &str, code: &str) {
        let failure = result.unwrap_err();
        assert!(failure.to_string().contains(words), "{failure}");
        assert_eq!(failure.class().0, code);
        assert!(failure.hint().is_some());
    }

    #[test]
    fn a_session_is_kept_sealed_for_nobody_else_to_read() {
        let home = tempfile::tempdir().unwrap();
        let place = place(&home);
        check(place.open(), "no session is kept", "no_session");
        place.keep(&kept(7)).unwrap();
        assert_eq!(place.open().unwrap(), kept(7));
        let bytes = fs::read(&place.path).unwrap();
        assert!(bytes.starts_with(b"admit session 1\n"));
        assert!(!String::from_utf8_lossy(&bytes).contains("cacaca"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&place.path), 0o600);
            assert_eq!(mode(&place.keys), 0o600);
            assert_eq!(mode(place.path.parent().unwrap()), 0o700);
        }
        assert!(!place.delete(&kept(7)).unwrap());
        assert!(!place.is_taken().unwrap());
        assert!(!place.delete(&kept(7)).unwrap());
    }

    #[test]
    fn a_session_that_was_kept_meanwhile_is_not_deleted() {
        let home = tempfile::tempdir().unwrap();
        let place = place(&home);
        let mut newer = kept(7);
        newer.session.auth_key = AuthKey::new([0xcb; 256]);
        assert_eq!(place.keep(&kept(7)).unwrap(), None);
        assert_eq!(place.keep(&newer).unwrap(), Some(kept(7)));
        assert!(place.delete(&kept(7)).unwrap());
        assert_eq!(place.open().unwrap(), newer);
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_leads_elsewhere_goes_on_leading_there() {
        let home = tempfile::tempdir().unwrap();
        let name = Place::new(home.path().join("name"), None);
        std::os::unix::fs::symlink("there", &name.path).unwrap();
        let there = Place::new(home.path().join("there"), None);
        for _ in 0..2 {
            name.keep(&kept(7)).unwrap();
            name.keep(&kept(7)).unwrap();
            assert_eq!(there.open().unwrap(), kept(7));
            name.delete(&kept(7)).unwrap();
            assert!(!there.is_taken().unwrap());
            assert!(name.path.is_symlink());
        }
    }

    #[cfg(unix)]
    #[test]
    fn of_many_at_once_each_replaces_another() {
        let home = tempfile::tempdir().unwrap();
        let (place, together) = (place(&home), std::sync::Barrier::new(8));
        let keep = || {
            together.wait();
            place.keep(&kept(7)).unwrap().is_none()
        };
        let firsts = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(keep)).collect();
            threads.into_iter().map(|it| it.join().unwrap()).filter(|first| *first).count()
        });
        assert_eq!(firsts, 1);
    }

    #[test]
    fn only_a_session_of_the_same_account_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let place = place(&home);
        place.keep(&kept(7)).unwrap();
        let newer = Kept { api_id: 2, ..kept(7) };
        place.keep(&newer).unwrap();
        assert_eq!(place.open().unwrap(), newer);
        check(place.keep(&kept(8)), "is the session of account 7, and this is account 8", "other_account");
        assert_eq!(place.open().unwrap(), newer);
    }

    #[test]
    fn what_cannot_be_opened_is_named_and_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let place = place(&home);
        place.keep(&kept(7)).unwrap();
        let whole = fs::read(&place.path).unwrap();
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1;
        let [version, garbage, short] = [&b"admit session 2\nx"[..], b"-----BEGIN", &whole[..30]];
        for (bytes, words) in [
            (&b""[..], "is damaged"),
            (garbage, "is damaged"),
            (short, "is damaged"),
            (b"admit session one\n", "is damaged"),
            (version, "is a session of version 2"),
            (&whole[..whole.len() - 1], "does not open with the keys"),
            (&changed, "does not open with the keys"),
        ] {
            fs::write(&place.path, bytes).unwrap();
            check(place.open(), words, "bad_session");
            check(place.keep(&kept(7)), words, "bad_session");
            assert_eq!(fs::read(&place.path).unwrap(), bytes);
        }
        fs::write(&place.path, &whole).unwrap();
        fs::write(&place.keys, Keyring::generate([1; 32]).write()).unwrap();
        check(place.keep(&kept(7)), "does not open with the keys", "bad_session");
        fs::remove_file(&place.keys).unwrap();
        check(place.keep(&kept(7)), "the keys of the session", "bad_session");
        assert_eq!(fs::read(&place.path).unwrap(), whole);
    }

    #[cfg(unix)]
    #[test]
    fn a_session_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let place = place(&home);
        place.keep(&kept(7)).unwrap();
        fs::set_permissions(&place.path, fs::Permissions::from_mode(0o640)).unwrap();
        check(place.open(), "others can read", "bad_session");
        check(place.keep(&kept(7)), "(mode 640)", "bad_session");
    }

    #[test]
    fn a_print_of_a_session_has_no_key() {
        let print = format!("{:?}", kept(7));
        assert!(print.contains("AuthKey(..)") && !print.contains("202"), "{print}");
    }
}
