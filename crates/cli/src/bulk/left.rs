//! What an earlier run of a batch left in its file: read once, remembered in a few bits for each line.

use super::journal::line;
use crate::failure::{Failure, Usage};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

const VERSION: u32 = 1;
/// What is remembered of more lines would not fit into memory, so a header that says more is damaged.
const MOST_LINES: u64 = 1 << 32;

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
    /// Where the last whole line ends.
    pub(super) end: u64,
}

/// Reads what is there. The last line may be torn; any other that makes no sense is not ours to guess about.
pub(super) fn load(path: &Path, file: &File) -> Result<Option<Left>, Failure> {
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
        Ok(HeaderLine { batch }) if batch.version == VERSION && batch.total <= MOST_LINES => batch,
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
    Ok(Some(Left { header, settled, made: counts.0, unknown: counts.1, in_flight, end: lines.end }))
}

impl Left {
    /// The calls that were in flight when the run ended.
    pub(crate) fn in_flight(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.header.total).filter(|&index| self.in_flight.has(index))
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

/// A line as the header of a file.
pub(super) fn header_line(header: &Header) -> Vec<u8> {
    line(&HeaderLine { batch: header.clone() })
}

/// Whether a line tells of a failure that another run tries again.
pub(super) fn is_failure(line: &[u8]) -> bool {
    let error = serde_json::from_slice(line).ok().and_then(|Entry { error, .. }| error);
    error.is_some_and(|error| error.code != UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Left>, Failure> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.partial");
        std::fs::write(&path, text).unwrap();
        load(&path, &File::open(&path).unwrap())
    }

    /// What resuming sees of a file: made, unknown, in flight.
    fn check(text: &str, expected: Result<(&[u64], u64, &[u64]), &str>) {
        match (read(text), expected) {
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
        check(&format!("{}\n", head.replace("100", "18446744073709551615")), Err("line 1"));
    }
}
