//! What an earlier run of a batch left in its files: read once, remembered in a few bits for each line.

use super::journal::line;
use crate::failure::{Failure, Usage};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

const VERSION: u32 = 1;
/// What is remembered of more lines would not fit into memory, so a header that says more is damaged.
const MOST_LINES: u64 = 1 << 32;

/// What a batch is, so that another one does not go on with its files.
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
    /// Where the journal's last whole line ends.
    pub(super) noted: u64,
    /// Where the last whole answer ends.
    pub(super) answered: u64,
}

/// Reads the journal and the answers that are there. The last line of each may be torn; any other that makes no
/// sense is not ours to guess about.
pub(super) fn load(
    journal: (&Path, &File),
    partial: Option<(&Path, &File)>,
) -> Result<Option<Left>, Failure> {
    let (path, file) = journal;
    let mut lines = Numbered::of(path, file);
    let Some(first) = lines.next()? else { return Ok(None) };
    let header = match serde_json::from_slice::<HeaderLine>(first) {
        Ok(HeaderLine { batch }) if batch.version == VERSION && batch.total <= MOST_LINES => batch,
        _ => return Err(lines.damaged()),
    };
    let mut in_flight = Bits::of(header.total);
    while let Some(entry) = lines.entry()? {
        match entry {
            Entry { sent: Some(index), .. } => in_flight.set(index),
            // It failed, so it is not on its way until it is sent again.
            Entry { index: Some(index), error: Some(_), .. } => in_flight.clear(index),
            _ => return Err(lines.damaged()),
        }
    }
    let noted = lines.lines.end;
    let (mut made, mut unknown, mut answered) = (Bits::of(header.total), Bits::of(header.total), 0);
    if let Some((path, file)) = partial {
        let mut lines = Numbered::of(path, file);
        while let Some(entry) = lines.entry()? {
            let index = match entry {
                Entry { sent: None, index: Some(index), error: None } => {
                    made.set(index);
                    index
                }
                Entry { sent: None, index: Some(index), error: Some(error) } if error.code == UNKNOWN => {
                    unknown.set(index);
                    index
                }
                _ => return Err(lines.damaged()),
            };
            in_flight.clear(index);
        }
        answered = lines.lines.end;
    }
    let counts = (made.count(), unknown.count() + in_flight.count());
    let mut settled = made;
    for (bits, more) in settled.0.iter_mut().zip(unknown.0.iter().zip(&in_flight.0)) {
        *bits |= more.0 | more.1;
    }
    Ok(Some(Left { header, settled, made: counts.0, unknown: counts.1, in_flight, noted, answered }))
}

impl Left {
    /// The calls that were in flight when the run ended.
    pub(crate) fn in_flight(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.header.total).filter(|&index| self.in_flight.has(index))
    }
}

/// Lines that know where they are, for those who read what is wrong.
struct Numbered<'a> {
    lines: Lines<'a>,
    path: &'a Path,
    number: u64,
}

impl<'a> Numbered<'a> {
    fn of(path: &'a Path, file: &'a File) -> Self {
        Self { lines: Lines::of(file), path, number: 0 }
    }

    fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        self.number += 1;
        self.lines.next().map_err(Failure::file("read", self.path))
    }

    fn entry(&mut self) -> Result<Option<Entry>, Failure> {
        let entry = self.next()?.map(serde_json::from_slice).transpose();
        entry.map_err(|_| self.damaged())
    }

    /// The line that was read last makes no sense.
    fn damaged(&self) -> Failure {
        let rule = format!(
            "line {} of `{}` makes no sense; it is damaged, or of another program",
            self.number,
            self.path.display()
        );
        Usage::new("`--out`", rule, "another name, or move it away").into()
    }
}

/// Whole lines of a file, one at a time in the same memory; a torn last one is left out.
pub(super) struct Lines<'a> {
    reader: BufReader<&'a File>,
    line: Vec<u8>,
    /// Where the last whole line ends.
    pub(super) end: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn of(file: &'a File) -> Self {
        Self { reader: BufReader::with_capacity(1 << 16, file), line: Vec::new(), end: 0 }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let length = self.reader.read_until(b'\n', &mut self.line)?;
        let line = self.line.strip_suffix(b"\n");
        if line.is_some() {
            self.end += length as u64;
        }
        Ok(line)
    }
}

/// The first line of a journal.
pub(super) fn header_line(header: &Header) -> Vec<u8> {
    line(&HeaderLine { batch: header.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(journal: &str, partial: &str) -> Result<Option<Left>, Failure> {
        let directory = tempfile::tempdir().unwrap();
        let (journal_path, partial_path) =
            (directory.path().join("out.journal"), directory.path().join("out.partial"));
        std::fs::write(&journal_path, journal).unwrap();
        std::fs::write(&partial_path, partial).unwrap();
        let open = |path| File::open(path).unwrap();
        load((&journal_path, &open(&journal_path)), Some((&partial_path, &open(&partial_path))))
    }

    /// What resuming sees of the files: settled, unknown, in flight.
    fn check(journal: &str, partial: &str, expected: Result<(&[u64], u64, &[u64]), &str>) {
        match (read(journal, partial), expected) {
            (Ok(left), Ok((settled, unknown, in_flight))) => {
                let left = left.unwrap();
                let all: Vec<u64> = (0..100).filter(|&index| left.settled.has(index)).collect();
                assert_eq!(all, settled, "{journal}{partial}");
                assert_eq!(left.unknown, unknown, "{journal}{partial}");
                assert_eq!(left.in_flight().collect::<Vec<_>>(), in_flight, "{journal}{partial}");
            }
            (Err(why), Err(words)) => assert!(why.to_string().contains(words), "{why}"),
            (got, expected) => panic!("{got:?}, not {expected:?}"),
        }
    }

    #[test]
    fn both_files_are_read_up_to_where_they_are_torn() {
        let head = "{\"batch\":{\"version\":1,\"digest\":\"d\",\"total\":100,\"started_at\":7}}\n";
        check(head, "", Ok((&[], 0, &[])));
        let two = format!("{head}{{\"sent\":0}}\n{{\"sent\":64}}\n");
        let made = "{\"index\":64,\"invite_link\":\"x\"}\n";
        check(&two, made, Ok((&[0, 64], 1, &[0])));
        check(&format!("{two}{{\"sent\":6"), &format!("{made}{{\"index\":0,\"invi"), Ok((&[0, 64], 1, &[0])));
        let failed = "{\"index\":0,\"error\":{\"code\":\"chat_full\"}}\n";
        check(&format!("{two}{failed}"), made, Ok((&[64], 0, &[])));
        check(&format!("{two}{failed}{{\"sent\":0}}\n"), made, Ok((&[0, 64], 1, &[0])));
        let unknown = format!("{made}{{\"index\":0,\"error\":{{\"code\":\"{UNKNOWN}\"}}}}\n");
        check(&two, &unknown, Ok((&[0, 64], 1, &[])));
        check(&format!("{two}garbage\n"), made, Err("line 4 of"));
        check(&format!("{two}{made}"), "", Err("out.journal` makes no sense"));
        check(&two, &format!("{made}{failed}"), Err("line 2 of"));
        check(&two, "{\"sent\":1}\n", Err("out.partial` makes no sense"));
        check("{\"some\":\"file\"}\n", "", Err("line 1 of"));
        check(&head.replace("100", "18446744073709551615"), "", Err("line 1 of"));
    }
}
