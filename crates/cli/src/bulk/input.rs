//! The lines of a batch: counted, or read as CSV or JSON lines. They are read twice, first to check them all.

use super::Source;
use crate::commands::links::Typed;
use crate::failure::{Failure, Usage};
use serde::Deserialize;
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;

/// No line of a batch is longer; more is not a line of ours.
const LONGEST_LINE_BYTES: u64 = 64 * 1024;
const COLUMNS: [&str; 4] = ["name", "limit", "expire", "request"];
const RIGHT: &str =
    "a first line `name,limit,expire,request`, or lines such as `{\"name\":\"Ann\",\"limit\":1}`";

/// A batch's lines, which can be read from the start again.
pub(crate) enum Input {
    Count { count: u64, defaults: Typed },
    Read(ToRead),
}

/// Lines in a file.
pub(crate) struct ToRead {
    file: File,
    name: String,
    defaults: Typed,
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    Csv,
    JsonLines,
}

/// The lines in their order, with their numbers in the file; what a line leaves out is filled in from the defaults.
pub(crate) type Lines<'a> = Box<dyn Iterator<Item = Result<(u64, Typed), Failure>> + 'a>;

impl Input {
    pub(crate) fn open(source: &Source, defaults: &Typed) -> Result<Self, Failure> {
        let (mut file, name) = match source {
            Source::Count(count) => return Ok(Self::Count { count: *count, defaults: defaults.clone() }),
            Source::Stdin => (keep(io::stdin().lock())?, "standard input".to_owned()),
            Source::File(path) => (open(path)?, format!("`{}`", path.display())),
        };
        let format = detect(&mut file).map_err(|source| unreadable(&name, &source))?;
        Ok(Self::Read(ToRead { file, name, defaults: defaults.clone(), format }))
    }
}

impl ToRead {
    /// Where a line is, for people.
    pub(crate) fn place(&self, line: u64) -> String {
        format!("line {line} of {}", self.name)
    }

    /// Reads from the start.
    pub(crate) fn lines(&self) -> Result<Lines<'_>, Failure> {
        let Self { file, name, defaults, format } = self;
        let mut start = file;
        start.rewind().map_err(|source| unreadable(name, &source))?;
        match format {
            Format::Csv => csv_lines(file, name, defaults),
            Format::JsonLines => Ok(json_lines(file, name, defaults)),
        }
    }
}

fn unreadable(name: &str, source: &io::Error) -> Failure {
    Usage::new(format!("`--from`: {name} cannot be read"), source, "`--from people.csv`").into()
}

/// Opens a file. What can be read only once, such as a pipe, is kept.
fn open(path: &Path) -> Result<File, Failure> {
    let name = format!("`{}`", path.display());
    let file = File::open(path).map_err(|source| unreadable(&name, &source))?;
    let metadata = file.metadata().map_err(|source| unreadable(&name, &source))?;
    if metadata.is_dir() {
        return Err(unreadable(&name, &io::Error::from(io::ErrorKind::IsADirectory)));
    }
    if metadata.is_file() { Ok(file) } else { keep(file) }
}

/// Puts a stream into a file without a name, so that it can be read twice in little memory.
fn keep(mut stream: impl Read) -> Result<File, Failure> {
    let copied = tempfile::tempfile().and_then(|mut file| {
        io::copy(&mut stream, &mut file)?;
        Ok(file)
    });
    copied.map_err(Failure::file("keep the input in", std::env::temp_dir()))
}

/// JSON lines begin with a brace.
fn detect(file: &mut File) -> io::Result<Format> {
    file.rewind()?;
    let mut head = Vec::new();
    file.take(1024).read_to_end(&mut head)?;
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte));
    Ok(if first == Some(&b'{') { Format::JsonLines } else { Format::Csv })
}

fn wrong(name: &str, line: u64, rule: impl ToString) -> Failure {
    Usage::new(format!("line {line} of {name}"), rule, RIGHT).into()
}

fn csv_lines<'a>(file: &'a File, name: &'a str, defaults: &'a Typed) -> Result<Lines<'a>, Failure> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(BufReader::new(file));
    let headers = reader.headers().map_err(|why| wrong(name, 1, why))?;
    let mut columns = Vec::new();
    for header in headers {
        let header = header.to_ascii_lowercase();
        let column = if header == "title" { "name" } else { &header };
        match COLUMNS.iter().position(|known| *known == column) {
            Some(column) if columns.contains(&column) => {
                return Err(wrong(name, 1, format!("the column `{header}` is there twice")));
            }
            Some(column) => columns.push(column),
            None => return Err(wrong(name, 1, format!("no column is called `{header}`"))),
        }
    }
    Ok(Box::new(reader.into_records().map(move |record| {
        let record = record.map_err(|why| {
            let line = why.position().map_or(0, csv::Position::line);
            wrong(name, line, csv_trouble(&why))
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let mut cells = [const { None }; COLUMNS.len()];
        for (cell, &column) in record.iter().zip(&columns) {
            cells[column] = Some(cell.to_owned()).filter(|cell| !cell.is_empty());
        }
        let [name_cell, limit, expire, request] = cells;
        let request =
            request.map(|text| yes_or_no(&text)).transpose().map_err(|rule| wrong(name, line, rule))?;
        Ok((line, fill_in(Line { name: name_cell, limit, expire, request }, defaults)))
    })))
}

/// What is wrong with a record, without csv's own repetition of where.
fn csv_trouble(why: &csv::Error) -> String {
    match why.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} cells, and the first line has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_owned(),
        _ => why.to_string(),
    }
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(format!("`request` is `true` or `false`, not `{text}`")),
    }
}

fn json_lines<'a>(file: &'a File, name: &'a str, defaults: &'a Typed) -> Lines<'a> {
    let mut reader = BufReader::new(file);
    let mut text = Vec::new();
    let mut line = 0;
    Box::new(std::iter::from_fn(move || {
        loop {
            text.clear();
            line += 1;
            match (&mut reader).take(LONGEST_LINE_BYTES).read_until(b'\n', &mut text) {
                Ok(0) => return None,
                Ok(_) if text.len() as u64 == LONGEST_LINE_BYTES => {
                    return Some(Err(wrong(name, line, "the line is longer than any line of a batch")));
                }
                Ok(_) if text.trim_ascii().is_empty() => {}
                Ok(_) => {
                    return Some(
                        read_json(&text)
                            .map_err(|rule| wrong(name, line, rule))
                            .map(|said| (line, fill_in(said, defaults))),
                    );
                }
                Err(source) => return Some(Err(unreadable(name, &source))),
            }
        }
    }))
}

/// A line as it is written in JSON, where numbers may stand bare.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonLine {
    #[serde(alias = "title")]
    name: Option<String>,
    limit: Option<Value>,
    expire: Option<Value>,
    request: Option<bool>,
}

/// What one line says.
struct Line {
    name: Option<String>,
    limit: Option<String>,
    expire: Option<String>,
    request: Option<bool>,
}

fn read_json(text: &[u8]) -> Result<Line, String> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let JsonLine { name, limit, expire, request } =
        serde_json::from_slice(text).map_err(|why| json_trouble(&why))?;
    let bare = |column: &str, value: Option<Value>| match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(other) => Err(format!("`{column}` is a number or a text, not `{other}`")),
    };
    Ok(Line { name, limit: bare("limit", limit)?, expire: bare("expire", expire)?, request })
}

/// What is wrong with a line, without serde's own count of lines, which knows only this one.
fn json_trouble(why: &serde_json::Error) -> String {
    let words = why.to_string();
    let place = format!(" at line {} column {}", why.line(), why.column());
    match words.strip_suffix(&place) {
        Some(words) if why.column() > 0 => format!("{words} at column {}", why.column()),
        Some(words) => words.to_owned(),
        None => words,
    }
}

/// A line that says it asks for approval means it without the limit of the flags.
fn fill_in(line: Line, defaults: &Typed) -> Typed {
    let asks = line.request == Some(true);
    Typed {
        name: line.name.or_else(|| defaults.name.clone()),
        limit: line.limit.or_else(|| defaults.limit.clone().filter(|_| !asks)),
        expire: line.expire.or_else(|| defaults.expire.clone()),
        request: line.request.unwrap_or(defaults.request),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(text: &str, defaults: &Typed) -> Result<Vec<Typed>, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let source = Source::File(file.path().to_owned());
        let words = |why: Failure| why.to_string();
        let Input::Read(input) = Input::open(&source, defaults).map_err(words)? else { unreachable!() };
        let read = || input.lines().map_err(words)?.collect::<Result<Vec<_>, _>>().map_err(words);
        let first = read()?;
        assert_eq!(first, read()?);
        Ok(first.into_iter().map(|(_, typed)| typed).collect())
    }

    fn typed(name: &str, limit: &str, expire: &str, request: bool) -> Typed {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Typed { name: some(name), limit: some(limit), expire: some(expire), request }
    }

    fn check(text: &str, expected: &[Typed]) {
        assert_eq!(read(text, &typed("", "1", "7d", false)).unwrap(), expected, "{text}");
    }

    #[test]
    fn csv_and_json_lines_say_the_same() {
        let expected =
            [typed("Ann, B.", "1", "7d", false), typed("Bo", "5", "36h", false), typed("", "", "7d", true)];
        check("name,limit,expire,request\n\"Ann, B.\",,,\nBo,5,36h,no\n,,,yes\n", &expected);
        check("request, title ,expire,limit\r\n,\"Ann, B.\",,\r\nfalse,Bo,36h,5\r\ntrue,,,\r\n", &expected);
        check(
            "\u{feff}{\"name\":\"Ann, B.\"}\n\n{\"name\":\"Bo\",\"limit\":5,\"expire\":\"36h\",\"request\":false}\n{\"request\":true}",
            &expected,
        );
        check("name\n", &[]);
        check("", &[]);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let check = |text: &str, words: &str| {
            let why = read(text, &Typed::default()).unwrap_err();
            assert!(why.contains(words), "{why}");
        };
        check("name,nickname\nAnn,x\n", "no column is called `nickname`");
        check("name,title\nAnn,x\n", "there twice");
        check("name,limit\nAnn\n", "it has 1 cells, and the first line has 2");
        check("name,request\nAnn,maybe\n", "line 2 of");
        check("{\"name\":\"Ann\"}\n{\"nickname\":\"x\"}\n", "unknown field `nickname`");
        check("{\"name\":\"Ann\"}\n\n{\"limit\":[1]}\n", "line 3 of");
        check("{\"name\":\"Ann\"}\n{\"name\":\n", "line 2 of");
        check("{\"name\":\"Ann\"}\n{\"name\":5}\n", "expected a string at column 9");
        check(&format!("{{\"name\":\"{}\"}}", "x".repeat(70_000)), "longer than any line");
    }
}
