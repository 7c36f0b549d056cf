//! The two files of a batch on its way, so that it can go on after any end. Both are lines of JSON that are only
//! ever added to.
//!
//! `FILE.partial` gathers the answers that are final, and becomes `FILE`. `FILE.journal` says what the batch is, then
//! `{"sent":N}` before call N leaves, and `{"index":N,"error":...}` for what failed and may be tried again; it is
//! there for as long as there is something to go on with, and locked by whoever does.
//!
//! Lines reach the system before the next call leaves, so a killed process loses none; they reach the disk in
//! groups, so a power failure may cost the last fraction of a second.

use super::left::{Header, Left, Lines, header_line, load};
use super::synced::Synced;
use crate::failure::{Failure, Usage};
use crate::shown::ShownLink;
use serde::Serialize;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long lines may wait for company on their way to the disk.
const SYNC_EVERY: Duration = Duration::from_millis(200);

/// The right to make `FILE`: its journal is looked for, locked and only then read, so that what was read stays true.
#[derive(Debug)]
pub(crate) struct Claim {
    out: PathBuf,
    /// There is none yet in a new batch.
    journal: Option<File>,
    partial: Option<File>,
}

/// The open files of a batch, locked against a second process.
#[derive(Debug)]
pub(crate) struct Journal {
    out: PathBuf,
    answers: Synced,
    notes: Synced,
    /// Notes that are not written yet.
    unwritten: Vec<u8>,
    /// Where the notes of this run begin.
    begin: u64,
}

/// The name of the file with what the batch is and what it was about to do.
pub(crate) fn journal(out: &Path) -> PathBuf {
    beside(out, ".journal")
}

/// The name of the file with the answers so far.
fn partial(out: &Path) -> PathBuf {
    beside(out, ".partial")
}

fn beside(out: &Path, ending: &str) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Claims the output of a batch, and reads what an earlier run left, if there was one.
pub(crate) fn claim(out: &Path) -> Result<(Claim, Option<Left>), Failure> {
    let (journal, partial) = (journal(out), partial(out));
    let claim = |journal, partial| Claim { out: out.to_owned(), journal, partial };
    let Some(notes) = open(&journal)? else {
        return match () {
            () if partial.exists() => Err(no_journal(&partial, &journal).into()),
            () if out.exists() => Err(taken(out).into()),
            () => Ok((claim(None, None), None)),
        };
    };
    lock(&notes, &journal)?;
    let answers = open(&partial)?;
    if answers.is_none() && out.exists() {
        // The answers are in place, and the run was ended before it could tidy up.
        std::fs::remove_file(&journal).map_err(Failure::file("remove", &journal))?;
        return Err(taken(out).into());
    }
    let left = load((&journal, &notes), answers.as_ref().map(|file| (&*partial, file)))?;
    match &left {
        None if answers.is_some() => Err(no_journal(&partial, &journal).into()),
        Some(left) if answers.is_none() && left.unknown > 0 => {
            let rule = format!(
                "`{}` is gone, where answers to what `{}` says was sent may have been",
                partial.display(),
                journal.display()
            );
            Err(Usage::new("`--out`", rule, "another name, or put it back").into())
        }
        _ => Ok((claim(Some(notes), answers), left)),
    }
}

fn no_journal(partial: &Path, journal: &Path) -> Usage {
    let rule = format!(
        "`{}` is there and `{}` does not say what of it was sent; it is of another version, or of another program",
        partial.display(),
        journal.display()
    );
    Usage::new("`--out`", rule, "another name, or move it away")
}

fn taken(out: &Path) -> Usage {
    let rule = "the file is there already, and is not overwritten";
    Usage::flag("--out", out.display(), rule, "another name, or move it away")
}

impl Journal {
    /// Starts a batch, or goes on with one: torn lines are cut off, and what was in flight is answered as unknown, in
    /// the words of `unknown`.
    pub(crate) fn open(
        claim: Claim,
        header: &Header,
        left: Option<&Left>,
        unknown: impl Fn(u64) -> Vec<u8>,
    ) -> Result<Self, Failure> {
        let Claim { out, journal: notes, partial: answers } = claim;
        let (journal, partial) = (journal(&out), partial(&out));
        let mut notes = match notes {
            Some(file) => file,
            None => create_claimed(&out, &journal)?,
        };
        let mut begin = || -> io::Result<u64> {
            notes.set_len(left.map_or(0, |left| left.noted))?;
            if left.is_none() {
                notes.write_all(&header_line(header))?;
            }
            notes.sync_data()?;
            notes.metadata().map(|metadata| metadata.len())
        };
        let begin = begin().map_err(Failure::file("write", &journal))?;
        // Answers without a journal would say too little, so its header is on the disk by now.
        let answers = || -> io::Result<File> {
            let mut answers = match answers {
                Some(file) => file,
                None => create_new(&partial)?,
            };
            answers.set_len(left.map_or(0, |left| left.answered))?;
            let mut writer = BufWriter::new(&mut answers);
            left.iter()
                .flat_map(|left| left.in_flight())
                .try_for_each(|index| writer.write_all(&unknown(index)))?;
            writer.flush()?;
            drop(writer);
            answers.sync_data()?;
            sync_directory(&partial)?;
            Ok(answers)
        };
        let answers = answers().and_then(|file| Synced::every(SYNC_EVERY, file));
        let answers = answers.map_err(Failure::file("write", &partial))?;
        let notes = Synced::every(SYNC_EVERY, notes).map_err(Failure::file("write", &journal))?;
        Ok(Self { out, answers, notes, unwritten: Vec::new(), begin })
    }

    /// Notes that a call is about to leave. It may once `append` has returned.
    pub(crate) fn announce(&mut self, index: u64) {
        put_number("{\"sent\":", index, &mut self.unwritten);
        self.unwritten.extend_from_slice(b"}\n");
    }

    /// Notes a failure that another run tries again.
    pub(crate) fn note(&mut self, failure: &impl Serialize) {
        put(failure, &mut self.unwritten);
    }

    /// Writes answers that are final, whole lines of them, and what was noted. When this returns they survive the end
    /// of the process.
    pub(crate) fn append(&mut self, answers: &[u8]) -> Result<(), Failure> {
        if !answers.is_empty() {
            self.answers.write_all(answers).map_err(Failure::file("write", partial(&self.out)))?;
        }
        if !self.unwritten.is_empty() {
            self.notes.write_all(&self.unwritten).map_err(Failure::file("write", journal(&self.out)))?;
            self.unwritten.clear();
        }
        Ok(())
    }

    /// Sees everything onto the disk; the batch can be resumed.
    pub(crate) fn stop(self) -> Result<(), Failure> {
        self.answers.end().map_err(Failure::file("write", partial(&self.out)))?;
        self.notes.end().map(drop).map_err(Failure::file("write", journal(&self.out)))
    }

    /// Puts the answers in place under their own name. Nothing is left to resume.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let Self { out, answers, notes, .. } = self;
        let (journal, partial) = (journal(&out), partial(&out));
        answers.end().map(drop).map_err(Failure::file("write", &partial))?;
        let place = || -> io::Result<()> {
            std::fs::rename(&partial, &out)?;
            std::fs::remove_file(&journal)?;
            sync_directory(&out)
        };
        place().map_err(Failure::file("write", &out))?;
        // Locked up to here.
        drop(notes);
        Ok(())
    }

    /// Puts a copy of the answers in place, with the failures of this run among them. The batch can be resumed.
    pub(crate) fn finish_with_failures(self) -> Result<(), Failure> {
        let Self { out, answers, notes, begin, .. } = self;
        // Not opened again: where locks bind readers, only this handle may read.
        let mut answers = answers.end().map_err(Failure::file("write", partial(&out)))?;
        let mut notes = notes.end().map_err(Failure::file("write", journal(&out)))?;
        let new = beside(&out, ".new");
        let mut place = || -> io::Result<()> {
            let mut copy = create_empty(&new)?;
            answers.rewind()?;
            io::copy(&mut answers, &mut copy)?;
            notes.seek(SeekFrom::Start(begin))?;
            copy_failures(&notes, &mut copy)?;
            copy.sync_data()?;
            std::fs::rename(&new, &out)?;
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

/// The line of a link that was made, after others.
pub(crate) fn put_made(index: u64, link: &ShownLink, lines: &mut Vec<u8>) {
    put_number("{\"index\":", index, lines);
    link.end_object(lines);
    lines.push(b'\n');
}

/// The beginning of a line.
fn put_number(before: &str, number: u64, lines: &mut Vec<u8>) {
    lines.extend_from_slice(before.as_bytes());
    serde_json::to_writer(lines, &number).expect("numbers are JSON");
}

/// The file, if it is there, to be read and added to.
fn open(path: &Path) -> Result<Option<File>, Failure> {
    match OpenOptions::new().read(true).append(true).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Failure::file("open", path)(source)),
    }
}

/// The journal of a new batch. Whoever else makes it at the same moment has the batch.
fn create_claimed(out: &Path, journal: &Path) -> Result<File, Failure> {
    let file = create_new(journal).map_err(|why| match why.kind() {
        io::ErrorKind::AlreadyExists => busy(journal),
        _ => Usage::flag("--out", out.display(), why, "`--out links.ndjson`"),
    })?;
    lock(&file, journal)?;
    Ok(file)
}

fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create_new(true);
    private(&mut options);
    options.open(path)
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

fn busy(journal: &Path) -> Usage {
    let rule = format!("another process is writing `{}`", journal.display());
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

/// Copies the failures among notes.
fn copy_failures(notes: &File, to: &mut File) -> io::Result<()> {
    let (mut lines, mut writer) = (Lines::of(notes), BufWriter::new(to));
    while let Some(line) = lines.next()? {
        // The name in front is cheaper to look at than the whole line.
        if line.starts_with(b"{\"index\":") {
            writer.write_all(line)?;
            writer.write_all(b"\n")?;
        }
    }
    writer.flush()
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

    fn announce(journal: &mut Journal, calls: &[u64]) {
        calls.iter().for_each(|&index| journal.announce(index));
        journal.append(b"").unwrap();
    }

    fn failed(index: u64) -> String {
        format!("{{\"index\":{index},\"error\":{{\"code\":\"x\"}}}}")
    }

    fn fail(journal: &mut Journal, index: u64) {
        journal.note(&serde_json::value::RawValue::from_string(failed(index)).unwrap());
        journal.append(b"").unwrap();
    }

    /// Some more bytes in a file of the batch, as a write that was cut short leaves them.
    fn tear(path: PathBuf) {
        super::open(&path).unwrap().unwrap().write_all(b"{\"index\":7,\"to").unwrap();
    }

    #[test]
    fn a_resumed_batch_keeps_what_is_settled_and_settles_what_was_in_flight() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        let mut journal = open(&out).unwrap();
        announce(&mut journal, &[1, 2, 3]);
        fail(&mut journal, 3);
        journal.append(b"{\"index\":2,\"invite_link\":\"two\"}\n").unwrap();
        close(journal);
        tear(super::journal(&out));
        tear(partial(&out));

        let (claim_again, left) = claim(&out).unwrap();
        let left = left.unwrap();
        assert_eq!((left.made, left.unknown), (1, 1));
        let mut journal = Journal::open(claim_again, &header(), Some(&left), unknown).unwrap();
        announce(&mut journal, &[3]);
        journal.append(b"{\"index\":3,\"invite_link\":\"three\"}\n").unwrap();
        journal.finish().unwrap();
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
        assert!(!partial(&out).exists() && !super::journal(&out).exists());
        refuse(&out, "not overwritten");
    }

    #[test]
    fn failures_are_in_the_answers_once_and_are_tried_again() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        let end = |failing: &[u64], made: &str| {
            let mut journal = open(&out).unwrap();
            for &index in failing {
                announce(&mut journal, &[index]);
                fail(&mut journal, index);
            }
            journal.append(made.as_bytes()).unwrap();
            if failing.is_empty() { journal.finish() } else { journal.finish_with_failures() }.unwrap();
            std::fs::read_to_string(&out).unwrap()
        };
        let (one, two) =
            ("{\"index\":1,\"invite_link\":\"one\"}\n", "{\"index\":2,\"invite_link\":\"two\"}\n");
        assert_eq!(end(&[2, 3], one), format!("{one}{}\n{}\n", failed(2), failed(3)));
        assert_eq!(end(&[3], two), format!("{one}{two}{}\n", failed(3)));
        let three = "{\"index\":3,\"invite_link\":\"three\"}\n";
        assert_eq!(end(&[], three), format!("{one}{two}{three}"));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    fn refuse(out: &Path, words: &str) {
        let why = claim(out).unwrap_err().to_string();
        assert!(why.contains(words), "{why}");
    }

    #[test]
    fn a_batch_that_ended_between_two_steps_is_neither_lost_nor_made_twice() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        // Before the header was written, and before there were answers.
        for begun in [Vec::new(), header_line(&header())] {
            std::fs::write(super::journal(&out), begun).unwrap();
            close(open(&out).unwrap());
            assert!(partial(&out).exists());
            std::fs::remove_file(partial(&out)).unwrap();
        }
        // After the answers were in place.
        std::fs::write(&out, "").unwrap();
        refuse(&out, "not overwritten");
        assert!(!super::journal(&out).exists());
        std::fs::remove_file(&out).unwrap();
        close(open(&out).unwrap());
    }

    #[test]
    fn what_was_sent_is_not_sent_again_when_half_of_what_tells_of_it_is_missing() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        let mut journal = open(&out).unwrap();
        announce(&mut journal, &[1]);
        close(journal);
        let (answers, aside) = (partial(&out), directory.path().join("aside"));
        std::fs::rename(&answers, &aside).unwrap();
        refuse(&out, "is gone");
        std::fs::rename(&aside, &answers).unwrap();
        claim(&out).unwrap();
        std::fs::write(super::journal(&out), "").unwrap();
        refuse(&out, "does not say what of it was sent");
        // As the file of an earlier version is.
        std::fs::remove_file(super::journal(&out)).unwrap();
        refuse(&out, "does not say what of it was sent");
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
