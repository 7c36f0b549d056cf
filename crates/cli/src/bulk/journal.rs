//! `FILE.partial`: what a batch was about to do and what came of it, so that it can go on after any end.
//!
//! Lines of JSON: a header first, then `{"sent":N}` before call N leaves and `{"index":N,...}` after its answer.
//! Lines reach the system before the call they announce, so a killed process loses none; they reach the disk in
//! groups, so a power failure may cost the last fraction of a second.

use crate::failure::{Failure, Usage};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const VERSION: u32 = 1;
/// How long lines may wait for company on their way to the disk.
const SYNC_EVERY: Duration = Duration::from_millis(200);

/// What a batch is, so that another one does not go on with its file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    version: u32,
    /// Over the input, the options, the chat and the bot.
    pub(crate) digest: String,
    pub(crate) total: u64,
    /// Lengths of time count from here, also after a resumption.
    pub(crate) started_at: i64,
}

impl Header {
    pub(crate) fn new(digest: String, total: u64, started_at: i64) -> Self {
        Self { version: VERSION, digest, total, started_at }
    }
}

#[derive(Serialize, Deserialize)]
struct HeaderLine {
    batch: Header,
}

/// As much of a line as resuming needs.
#[derive(Deserialize)]
struct Entry {
    sent: Option<u64>,
    index: Option<u64>,
    error: Option<EntryError>,
}

#[derive(Deserialize)]
struct EntryError {
    code: String,
}

/// The error of a call whose answer nobody knows; it is final, because trying again might make a second link.
pub(crate) const UNKNOWN: &str = "outcome_unknown";

/// One bit for each line of the input.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    fn of(total: u64) -> Self {
        Self(vec![0; usize::try_from(total.div_ceil(64)).unwrap_or(usize::MAX)])
    }

    fn place(index: u64) -> (usize, u64) {
        (usize::try_from(index / 64).unwrap_or(usize::MAX), 1 << (index % 64))
    }

    pub(crate) fn has(&self, index: u64) -> bool {
        let (word, bit) = Self::place(index);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    fn set(&mut self, index: u64) {
        let (word, bit) = Self::place(index);
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= bit;
        }
    }

    fn clear(&mut self, index: u64) {
        let (word, bit) = Self::place(index);
        if let Some(bits) = self.0.get_mut(word) {
            *bits &= !bit;
        }
    }

    fn count(&self) -> u64 {
        self.0.iter().map(|bits| u64::from(bits.count_ones())).sum()
    }
}

/// What an earlier run left.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) header: Header,
    /// Answered for good: made, or unknown.
    pub(crate) settled: Bits,
    pub(crate) made: u64,
    /// Unknown, those that were in flight when the run ended included.
    pub(crate) unknown: u64,
    in_flight: Bits,
}

/// An open `FILE.partial`, locked against a second process.
#[derive(Debug)]
pub(crate) struct Journal {
    partial: PathBuf,
    out: PathBuf,
    file: File,
    syncer: Option<(SyncSender<()>, JoinHandle<io::Result<()>>)>,
}

/// The name of the file with everything so far.
pub(crate) fn partial(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// What an earlier run of a batch into this file left, if there was one.
pub(crate) fn look(out: &Path) -> Result<Option<Left>, Failure> {
    let path = partial(out);
    match File::open(&path) {
        Ok(file) => load(&path, &file),
        Err(source) if source.kind() == io::ErrorKind::NotFound && out.exists() => {
            let rule = "the file is there already, and is not overwritten";
            Err(Usage::flag("--out", out.display(), rule, "another name, or move it away").into())
        }
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Failure::file("read", path)(source)),
    }
}

/// Reads what is there. The last line may be torn; any other that makes no sense is not ours to guess about.
fn load(path: &Path, file: &File) -> Result<Option<Left>, Failure> {
    let damaged = |number: u64| {
        let rule = format!(
            "line {number} of `{}` makes no sense; it is damaged, or of another program",
            path.display()
        );
        Failure::from(Usage::new("`--out`", rule, "another name, or move it away"))
    };
    let mut lines = Lines::of(file);
    let Some(first) = lines.next().map_err(Failure::file("read", path))? else { return Ok(None) };
    let header = match serde_json::from_slice::<HeaderLine>(first) {
        Ok(HeaderLine { batch }) if batch.version == VERSION => batch,
        _ => return Err(damaged(1)),
    };
    let (mut made, mut unknown) = (Bits::of(header.total), Bits::of(header.total));
    let mut in_flight = Bits::of(header.total);
    let mut number = 1;
    while let Some(line) = lines.next().map_err(Failure::file("read", path))? {
        number += 1;
        match serde_json::from_slice(line).map_err(|_| damaged(number))? {
            Entry { sent: Some(index), .. } => in_flight.set(index),
            Entry { index: Some(index), error: None, .. } => {
                made.set(index);
                in_flight.clear(index);
            }
            Entry { index: Some(index), error: Some(error), .. } => {
                if error.code == UNKNOWN {
                    unknown.set(index);
                }
                in_flight.clear(index);
            }
            _ => return Err(damaged(number)),
        }
    }
    let counts = (made.count(), unknown.count() + in_flight.count());
    let mut settled = made;
    for (bits, more) in settled.0.iter_mut().zip(unknown.0.iter().zip(&in_flight.0)) {
        *bits |= more.0 | more.1;
    }
    Ok(Some(Left { header, settled, made: counts.0, unknown: counts.1, in_flight }))
}

impl Left {
    /// The calls that were in flight when the run ended.
    pub(crate) fn in_flight(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.header.total).filter(|&index| self.in_flight.has(index))
    }
}

/// Whole lines of a file, one at a time in the same memory; a torn last one is left out.
struct Lines<'a> {
    reader: BufReader<&'a File>,
    line: Vec<u8>,
}

impl<'a> Lines<'a> {
    fn of(file: &'a File) -> Self {
        Self { reader: BufReader::with_capacity(1 << 16, file), line: Vec::new() }
    }

    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        self.reader.read_until(b'\n', &mut self.line)?;
        Ok(self.line.strip_suffix(b"\n"))
    }
}

impl Journal {
    /// Starts a batch, or goes on with one. What failed before is forgotten, since it is tried again; what was in
    /// flight is written down as unknown, in the words of `unknown`.
    pub(crate) fn open(
        out: &Path,
        header: &Header,
        left: Option<&Left>,
        unknown: impl Fn(u64) -> Vec<u8>,
    ) -> Result<Self, Failure> {
        let partial = partial(out);
        let failed = |doing| Failure::file(doing, partial.clone());
        let file = match left {
            None => {
                let mut file = create(&partial)
                    .map_err(|why| Usage::flag("--out", out.display(), why, "`--out links.ndjson`"))?;
                lock(&file, &partial)?;
                file.set_len(0).map_err(failed("empty"))?;
                file.write_all(&header_line(header)).map_err(failed("write"))?;
                file
            }
            Some(left) => {
                // Held until the new file is locked, so that no second process slips in between.
                let old =
                    OpenOptions::new().read(true).append(true).open(&partial).map_err(failed("open"))?;
                lock(&old, &partial)?;
                let file = compact(&partial, &old, header, left, unknown).map_err(failed("rewrite"))?;
                lock(&file, &partial)?;
                file
            }
        };
        file.sync_data().map_err(failed("write"))?;
        let syncer = start_syncing(&file).map_err(failed("write"))?;
        Ok(Self { partial, out: out.to_owned(), file, syncer: Some(syncer) })
    }

    /// Appends whole lines. When this returns they survive the end of the process.
    pub(crate) fn append(&mut self, lines: &[u8]) -> Result<(), Failure> {
        if lines.is_empty() {
            return Ok(());
        }
        self.file.write_all(lines).map_err(Failure::file("write", &self.partial))?;
        match &self.syncer {
            // A full channel means that a sync is due anyway; a closed one, that syncing failed.
            Some((sender, _)) if matches!(sender.try_send(()), Err(TrySendError::Disconnected(()))) => {
                self.sync()
            }
            _ => Ok(()),
        }
    }

    /// Sees everything onto the disk; the batch can be resumed.
    pub(crate) fn sync(&mut self) -> Result<(), Failure> {
        let synced = match self.syncer.take() {
            Some((sender, thread)) => {
                drop(sender);
                thread.join().unwrap_or_else(|_| Err(io::Error::other("the syncing thread is gone")))
            }
            None => Ok(()),
        };
        synced.and_then(|()| self.file.sync_data()).map_err(Failure::file("write", &self.partial))
    }

    /// Puts the answers in place under their own name. Without failures nothing is left to resume.
    pub(crate) fn finish(mut self, failures: bool) -> Result<(), Failure> {
        self.sync()?;
        let new = self.partial.with_extension("partial.new");
        let place = || -> io::Result<()> {
            copy_answers(&File::open(&self.partial)?, create_empty(&new)?)?;
            std::fs::rename(&new, &self.out)?;
            if !failures {
                std::fs::remove_file(&self.partial)?;
            }
            sync_directory(&self.out)
        };
        place().map_err(Failure::file("write", &self.out))
    }
}

fn header_line(header: &Header) -> Vec<u8> {
    line(&HeaderLine { batch: header.clone() })
}

/// A line of the file.
pub(crate) fn line(entry: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(entry).expect("our own entries are JSON");
    line.push(b'\n');
    line
}

/// The line before a call leaves.
pub(crate) fn sent(index: u64, lines: &mut Vec<u8>) {
    // The name in front is what `copy_answers` looks for.
    let _ = writeln!(lines, "{{\"sent\":{index}}}");
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    private(&mut options);
    options.open(path)
}

fn create_empty(path: &Path) -> io::Result<File> {
    let file = create(path)?;
    file.set_len(0)?;
    Ok(file)
}

/// Links are bearer tokens, so the files they are in are their owner's.
#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

fn lock(file: &File, path: &Path) -> Result<(), Failure> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            let rule = format!("another process is writing `{}`", path.display());
            Err(Usage::new("`--out`", rule, "another name, or wait for it to end").into())
        }
        Err(TryLockError::Error(source)) => Err(Failure::file("lock", path)(source)),
    }
}

/// Writes the file anew without what is of no more use, and puts it in the old one's place.
fn compact(
    path: &Path,
    old: &File,
    header: &Header,
    left: &Left,
    unknown: impl Fn(u64) -> Vec<u8>,
) -> io::Result<File> {
    let new = path.with_extension("partial.new");
    let mut writer = BufWriter::new(create_empty(&new)?);
    writer.write_all(&header_line(header))?;
    let mut lines = Lines::of(old);
    lines.next()?;
    while let Some(line) = lines.next()? {
        let Ok(Entry { index: Some(index), .. }) = serde_json::from_slice(line) else { continue };
        if left.settled.has(index) {
            writer.write_all(line)?;
            writer.write_all(b"\n")?;
        }
    }
    for index in left.in_flight() {
        writer.write_all(&unknown(index))?;
    }
    let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_data()?;
    std::fs::rename(&new, path)?;
    sync_directory(path)?;
    Ok(file)
}

/// Copies the answers, and leaves out the header and the announcements.
fn copy_answers(from: &File, to: File) -> io::Result<()> {
    let mut writer = BufWriter::with_capacity(1 << 16, to);
    let mut lines = Lines::of(from);
    while let Some(line) = lines.next()? {
        if line.starts_with(b"{\"index\":") {
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

/// A thread that syncs, because a sync takes milliseconds and the calls shall not wait for it.
fn start_syncing(file: &File) -> io::Result<(SyncSender<()>, JoinHandle<io::Result<()>>)> {
    let file = file.try_clone()?;
    let (sender, receiver): (SyncSender<()>, Receiver<()>) = sync_channel(1);
    let thread = std::thread::Builder::new().name("sync".into()).spawn(move || {
        while receiver.recv().is_ok() {
            let is_last = gather(&receiver);
            file.sync_data()?;
            if is_last {
                break;
            }
        }
        Ok(())
    })?;
    Ok((sender, thread))
}

/// Lets more lines come together; tells whether these were the last.
fn gather(receiver: &Receiver<()>) -> bool {
    let until = Instant::now() + SYNC_EVERY;
    loop {
        match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header::new("d".into(), 100, 7)
    }

    fn unknown(index: u64) -> Vec<u8> {
        format!("{{\"index\":{index},\"error\":{{\"code\":\"{UNKNOWN}\"}}}}\n").into_bytes()
    }

    /// What resuming sees of a file: made, unknown, in flight.
    fn check(text: &str, expected: Result<(&[u64], u64, &[u64]), &str>) {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        std::fs::write(partial(&out), text).unwrap();
        match (look(&out), expected) {
            (Ok(left), Ok((settled, unknown, in_flight))) => {
                let left = left.unwrap();
                let all: Vec<u64> = (0..100).filter(|&index| left.settled.has(index)).collect();
                assert_eq!(all, settled, "{text}");
                assert_eq!(left.unknown, unknown, "{text}");
                assert_eq!(left.in_flight().collect::<Vec<_>>(), in_flight, "{text}");
            }
            (Err(why), Err(words)) => assert!(why.to_string().contains(words), "{why}"),
            (got, expected) => panic!("{got:?}, not {expected:?}"),
        }
    }

    #[test]
    fn a_file_is_read_up_to_where_it_is_torn() {
        let head = r#"{"batch":{"version":1,"digest":"d","total":100,"started_at":7}}"#;
        check(&format!("{head}\n"), Ok((&[], 0, &[])));
        let two =
            format!("{head}\n{{\"sent\":0}}\n{{\"sent\":64}}\n{{\"index\":64,\"invite_link\":\"x\"}}\n");
        check(&two, Ok((&[0, 64], 1, &[0])));
        check(&format!("{two}{{\"index\":0,\"invi"), Ok((&[0, 64], 1, &[0])));
        check(&format!("{two}{{\"index\":0,\"error\":{{\"code\":\"chat_full\"}}}}\n"), Ok((&[64], 0, &[])));
        check(
            &format!("{two}{{\"index\":0,\"error\":{{\"code\":\"{UNKNOWN}\"}}}}\n"),
            Ok((&[0, 64], 1, &[])),
        );
        check(&format!("{two}garbage\n"), Err("line 5"));
        check("{\"some\":\"file\"}\n", Err("line 1"));
    }

    #[test]
    fn a_resumed_file_keeps_what_is_settled_and_settles_what_was_in_flight() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        let mut journal = Journal::open(&out, &header(), None, unknown).unwrap();
        let busy = Journal::open(&out, &header(), None, unknown).unwrap_err();
        assert!(busy.to_string().contains("another process"), "{busy}");
        journal.append(b"{\"sent\":1}\n{\"sent\":2}\n{\"sent\":3}\n").unwrap();
        journal
            .append(b"{\"index\":2,\"invite_link\":\"two\"}\n{\"index\":3,\"error\":{\"code\":\"x\"}}\n")
            .unwrap();
        journal.append(b"{\"torn").unwrap();
        // Ends the thread that holds the lock, too, as the end of a process would.
        journal.sync().unwrap();
        drop(journal);

        let left = look(&out).unwrap().unwrap();
        assert_eq!((left.made, left.unknown), (1, 1));
        let mut journal = Journal::open(&out, &header(), Some(&left), unknown).unwrap();
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
        let again = look(&out).unwrap_err().to_string();
        assert!(again.contains("not overwritten"), "{again}");
    }
}
