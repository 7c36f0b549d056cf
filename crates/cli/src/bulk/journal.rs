//! `FILE.partial`: what a batch was about to do and what came of it, so that it can go on after any end.
//!
//! Lines of JSON: a header first, then `{"sent":N}` before call N leaves and `{"index":N,...}` after its answer.
//! Lines reach the system before the call they announce, so a killed process loses none; they reach the disk in
//! groups, so a power failure may cost the last fraction of a second.

use super::left::{Header, Left, Lines, header_line, is_failure, load};
use super::synced::Synced;
use crate::failure::{Failure, Usage};
use serde::Serialize;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long lines may wait for company on their way to the disk.
const SYNC_EVERY: Duration = Duration::from_millis(200);

/// The right to write `FILE.partial`: it is looked for, locked and only then read, so that what was read stays true.
#[derive(Debug)]
pub(crate) struct Claim {
    out: PathBuf,
    partial: PathBuf,
    /// There is none yet in a new batch.
    file: Option<File>,
}

/// An open `FILE.partial`, locked against a second process.
#[derive(Debug)]
pub(crate) struct Journal {
    partial: PathBuf,
    out: PathBuf,
    lines: Synced,
    /// Where the lines of this run begin.
    begin: u64,
}

/// The name of the file with everything so far.
pub(crate) fn partial(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// Claims the output of a batch, and reads what an earlier run left, if there was one.
pub(crate) fn claim(out: &Path) -> Result<(Claim, Option<Left>), Failure> {
    let partial = partial(out);
    let (file, left) = match OpenOptions::new().read(true).append(true).open(&partial) {
        Ok(file) => {
            lock(&file, &partial)?;
            let left = load(&partial, &file)?;
            (Some(file), left)
        }
        Err(source) if source.kind() == io::ErrorKind::NotFound && out.exists() => {
            let rule = "the file is there already, and is not overwritten";
            return Err(Usage::flag("--out", out.display(), rule, "another name, or move it away").into());
        }
        Err(source) if source.kind() == io::ErrorKind::NotFound => (None, None),
        Err(source) => return Err(Failure::file("open", partial)(source)),
    };
    Ok((Claim { out: out.to_owned(), partial, file }, left))
}

impl Journal {
    /// Starts a batch, or goes on with one: a torn line is cut off, and what was in flight is written down as
    /// unknown, in the words of `unknown`.
    pub(crate) fn open(
        claim: Claim,
        header: &Header,
        left: Option<&Left>,
        unknown: impl Fn(u64) -> Vec<u8>,
    ) -> Result<Self, Failure> {
        let Claim { out, partial, file } = claim;
        let failed = || Failure::file("write", partial.clone());
        let mut file = match file {
            Some(file) => file,
            None => create_claimed(&out, &partial)?,
        };
        file.set_len(left.map_or(0, |left| left.end)).map_err(failed())?;
        let mut writer = BufWriter::new(&mut file);
        let mut put = |line: &[u8]| writer.write_all(line).map_err(failed());
        match left {
            None => put(&header_line(header))?,
            Some(left) => left.in_flight().try_for_each(|index| put(&unknown(index)))?,
        }
        writer.flush().map_err(failed())?;
        drop(writer);
        file.sync_data().and_then(|()| sync_directory(&partial)).map_err(failed())?;
        let begin = file.metadata().map_err(failed())?.len();
        let lines = Synced::every(SYNC_EVERY, file).map_err(failed())?;
        Ok(Self { partial, out, lines, begin })
    }

    /// Appends whole lines. When this returns they survive the end of the process.
    pub(crate) fn append(&mut self, lines: &[u8]) -> Result<(), Failure> {
        if lines.is_empty() {
            return Ok(());
        }
        self.lines.write_all(lines).map_err(Failure::file("write", &self.partial))
    }

    /// Sees everything onto the disk; the batch can be resumed.
    pub(crate) fn stop(self) -> Result<(), Failure> {
        self.lines.end().map(drop).map_err(Failure::file("write", &self.partial))
    }

    /// Puts the answers in place under their own name. Without failures nothing is left to resume.
    pub(crate) fn finish(self, failures: bool) -> Result<(), Failure> {
        let Self { partial, out, lines, begin } = self;
        // Still locked, and not opened again: where locks bind readers, only this handle may read.
        let mut file = lines.end().map_err(Failure::file("write", &partial))?;
        let new = partial.with_extension("partial.new");
        let mut place = || -> io::Result<()> {
            file.rewind()?;
            copy_answers(&file, begin, create_empty(&new)?)?;
            std::fs::rename(&new, &out)?;
            if !failures {
                std::fs::remove_file(&partial)?;
            }
            sync_directory(&out)
        };
        place().map_err(Failure::file("write", &out))
    }
}

/// A line of the file.
pub(crate) fn line(entry: &impl Serialize) -> Vec<u8> {
    let mut line = Vec::new();
    put(entry, &mut line);
    line
}

/// A line of the file, after others.
pub(crate) fn put(entry: &impl Serialize, lines: &mut Vec<u8>) {
    serde_json::to_writer(&mut *lines, entry).expect("our own entries are JSON");
    lines.push(b'\n');
}

/// The line before a call leaves.
pub(crate) fn sent(index: u64, lines: &mut Vec<u8>) {
    #[derive(Serialize)]
    struct Sent {
        sent: u64,
    }
    put(&Sent { sent: index }, lines);
}

/// The file of a new batch. Whoever else makes it at the same moment has the batch.
fn create_claimed(out: &Path, partial: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create_new(true);
    private(&mut options);
    let file = options.open(partial).map_err(|why| match why.kind() {
        io::ErrorKind::AlreadyExists => busy(partial),
        _ => Usage::flag("--out", out.display(), why, "`--out links.ndjson`"),
    })?;
    lock(&file, partial)?;
    Ok(file)
}

fn create_empty(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    private(&mut options);
    options.open(path)
}

/// Links are bearer tokens, so the files they are in are their owner's.
#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

/// Locks the file; it is still the one of that name, or else its batch ended while we came.
fn lock(file: &File, path: &Path) -> Result<(), Failure> {
    match file.try_lock() {
        Ok(()) if is_at(file, path).map_err(Failure::file("open", path))? => Ok(()),
        Ok(()) | Err(TryLockError::WouldBlock) => Err(busy(path).into()),
        Err(TryLockError::Error(source)) => Err(Failure::file("lock", path)(source)),
    }
}

fn busy(partial: &Path) -> Usage {
    let rule = format!("another process is writing `{}`", partial.display());
    Usage::new("`--out`", rule, "another name, or wait for it to end")
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let place = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    match std::fs::metadata(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(false),
        there => Ok(place(there?) == place(file.metadata()?)),
    }
}

/// Elsewhere a file that is open keeps its name.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Copies the answers, and leaves out the header and the announcements. What failed before `begin` was tried again.
fn copy_answers(from: &File, begin: u64, to: File) -> io::Result<()> {
    let mut writer = BufWriter::with_capacity(1 << 16, to);
    let mut lines = Lines::of(from);
    loop {
        let is_old = lines.end < begin;
        let Some(line) = lines.next()? else { break };
        // The name in front is cheaper to look at than the whole line.
        if line.starts_with(b"{\"index\":") && !(is_old && is_failure(line)) {
            writer.write_all(line)?;
            writer.write_all(b"\n")?;
        }
    }
    writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()
}

/// Makes a renaming durable.
#[cfg(unix)]
fn sync_directory(of: &Path) -> io::Result<()> {
    let directory = of.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

/// Elsewhere directories cannot be opened, and renaming is durable by itself.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::left::UNKNOWN;
    use super::*;

    fn header() -> Header {
        Header::new("d".into(), 100, 7)
    }

    fn unknown(index: u64) -> Vec<u8> {
        format!("{{\"index\":{index},\"error\":{{\"code\":\"{UNKNOWN}\"}}}}\n").into_bytes()
    }

    /// Goes on with what is there, or begins.
    fn open(out: &Path) -> Result<Journal, Failure> {
        let (claim, left) = claim(out)?;
        Journal::open(claim, &header(), left.as_ref(), unknown)
    }

    fn close(journal: Journal) {
        // Ends the thread that holds the lock, too, as the end of a process would.
        journal.stop().unwrap();
    }

    #[test]
    fn a_resumed_file_keeps_what_is_settled_and_settles_what_was_in_flight() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        let mut journal = open(&out).unwrap();
        journal.append(b"{\"sent\":1}\n{\"sent\":2}\n{\"sent\":3}\n").unwrap();
        journal
            .append(b"{\"index\":2,\"invite_link\":\"two\"}\n{\"index\":3,\"error\":{\"code\":\"x\"}}\n")
            .unwrap();
        journal.append(b"{\"torn").unwrap();
        close(journal);

        let (claim_again, left) = claim(&out).unwrap();
        let left = left.unwrap();
        assert_eq!((left.made, left.unknown), (1, 1));
        let mut journal = Journal::open(claim_again, &header(), Some(&left), unknown).unwrap();
        journal.append(b"{\"sent\":3}\n{\"index\":3,\"invite_link\":\"three\"}\n").unwrap();
        journal.finish(false).unwrap();
        let written = std::fs::read_to_string(&out).unwrap();
        let lines: Vec<&str> = written.lines().collect();
        assert_eq!(
            lines,
            [
                "{\"index\":2,\"invite_link\":\"two\"}",
                "{\"index\":1,\"error\":{\"code\":\"outcome_unknown\"}}",
                "{\"index\":3,\"invite_link\":\"three\"}",
            ]
        );
        assert!(!partial(&out).exists());
        let again = claim(&out).unwrap_err().to_string();
        assert!(again.contains("not overwritten"), "{again}");
    }

    #[test]
    fn nobody_reads_a_file_that_another_process_may_still_write() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        let check_busy = || {
            let busy = claim(&out).unwrap_err().to_string();
            assert!(busy.contains("another process"), "{busy}");
        };
        // Two that begin at once, before either has written.
        let ((first, _), (second, _)) = (claim(&out).unwrap(), claim(&out).unwrap());
        let journal = Journal::open(first, &header(), None, unknown).unwrap();
        let late = Journal::open(second, &header(), None, unknown).unwrap_err().to_string();
        assert!(late.contains("another process"), "{late}");
        check_busy();
        close(journal);
        // One that goes on, from the moment it looks.
        let (again, left) = claim(&out).unwrap();
        check_busy();
        close(Journal::open(again, &header(), left.as_ref(), unknown).unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_ended_while_it_was_being_opened_is_let_go() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.partial");
        std::fs::write(&path, "").unwrap();
        let file = File::open(&path).unwrap();
        assert!(is_at(&file, &path).unwrap());
        std::fs::remove_file(&path).unwrap();
        assert!(!is_at(&file, &path).unwrap());
        std::fs::write(&path, "").unwrap();
        assert!(lock(&file, &path).unwrap_err().to_string().contains("another process"));
    }
}
