//! A list in every format, written as it arrives: it may be longer than memory.

use crate::output::{Format, Output, Shown};
use crate::when::Clock;
use links::UnixTime;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::marker::PhantomData;

/// The columns of a table are as wide as the widest cell of so many rows; a page of Telegram's is as long.
const LOOKED_AT: usize = 100;

/// A list that is being written.
pub(crate) struct Rows<T, W: Write = StdoutLock<'static>> {
    out: BufWriter<W>,
    form: Form,
    count: u64,
    kind: PhantomData<fn(&T)>,
}

enum Form {
    Brief,
    Words(Clock),
    Json,
    Ndjson,
    Csv,
    Table(Table),
}

impl<T: Shown> Rows<T> {
    /// A list on stdout; for people a table.
    pub(crate) fn new(output: &Output, clock: &Clock) -> Self {
        Self::to(io::stdout().lock(), Form::choose(output, clock))
    }

    /// Several answers on stdout; for people a sentence each.
    pub(crate) fn told(output: &Output, clock: &Clock) -> Self {
        let form = match output.format {
            Format::Words if !output.quiet => Form::Words(clock.clone()),
            _ => Form::choose(output, clock),
        };
        Self::to(io::stdout().lock(), form)
    }
}

impl Form {
    fn choose(output: &Output, clock: &Clock) -> Self {
        match output.format {
            _ if output.quiet => Self::Brief,
            Format::Words | Format::Table => Self::Table(Table::new(clock, terminal_width())),
            Format::Json => Self::Json,
            Format::Ndjson => Self::Ndjson,
            Format::Csv => Self::Csv,
        }
    }
}

impl<T: Shown, W: Write> Rows<T, W> {
    fn to(out: W, form: Form) -> Self {
        Self { out: BufWriter::new(out), form, count: 0, kind: PhantomData }
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Writes one more.
    pub(crate) fn put(&mut self, row: &T) -> io::Result<()> {
        if self.count == 0 {
            self.begin()?;
        }
        self.count += 1;
        match &mut self.form {
            Form::Brief => writeln!(self.out, "{}", row.brief()),
            Form::Words(clock) => writeln!(self.out, "{}", row.words(clock)),
            Form::Json => {
                if self.count > 1 {
                    self.out.write_all(b",")?;
                }
                Ok(serde_json::to_writer(&mut self.out, row)?)
            }
            Form::Ndjson => {
                serde_json::to_writer(&mut self.out, row)?;
                self.out.write_all(b"\n")
            }
            Form::Csv => record(&mut self.out, row.cells().into_iter().map(harmless)),
            Form::Table(table) => table.put(T::COLUMNS, row.cells(), &mut self.out),
        }
    }

    /// Whether nothing can be seen yet, because it is not known how wide it will be.
    pub(crate) fn are_held_back(&self) -> bool {
        matches!(&self.form, Form::Table(table) if table.held_back.is_some())
    }

    /// Lets out what is written so far.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Ends the list. One of nobody is a list, too.
    pub(crate) fn end(mut self) -> io::Result<u64> {
        if self.count == 0 {
            self.begin()?;
        }
        self.close()
    }

    /// Ends a list that broke off: what was begun is closed, and nothing is begun.
    pub(crate) fn break_off(self) -> io::Result<u64> {
        if self.count == 0 { Ok(0) } else { self.close() }
    }

    fn begin(&mut self) -> io::Result<()> {
        match &mut self.form {
            Form::Json => self.out.write_all(b"["),
            Form::Csv => record(&mut self.out, T::COLUMNS),
            Form::Table(table) => {
                let header = T::COLUMNS.iter().map(|name| name.to_uppercase()).collect();
                table.line(header, &mut self.out)
            }
            Form::Brief | Form::Words(_) | Form::Ndjson => Ok(()),
        }
    }

    fn close(mut self) -> io::Result<u64> {
        match &mut self.form {
            Form::Json => self.out.write_all(b"]\n")?,
            Form::Table(table) => table.settle(&mut self.out)?,
            Form::Brief | Form::Words(_) | Form::Ndjson | Form::Csv => {}
        }
        self.out.flush()?;
        Ok(self.count)
    }
}

/// Aligned columns. The first rows are held back until it is known how wide they are.
struct Table {
    /// With a zone, which is looked up on the disk once.
    clock: Clock,
    /// How wide the terminal is, if one looks.
    screen: Option<usize>,
    widths: Vec<usize>,
    held_back: Option<Vec<Vec<String>>>,
}

impl Table {
    fn new(clock: &Clock, screen: Option<usize>) -> Self {
        let clock = clock.clone().told_in(Some(clock.zone()));
        Self { clock, screen, widths: Vec::new(), held_back: Some(Vec::new()) }
    }

    /// A table is for people: its moments are told as in a sentence, and nothing in it moves the cursor.
    fn put(&mut self, columns: &[&str], cells: Vec<String>, out: &mut impl Write) -> io::Result<()> {
        let say = |(name, cell): (&&str, String)| match cell.parse() {
            Ok(at) if is_moment(name) => self.clock.say(UnixTime::new(at)),
            _ => plain(&cell),
        };
        let row = columns.iter().zip(cells).map(say).collect();
        self.line(row, out)
    }

    fn line(&mut self, row: Vec<String>, out: &mut impl Write) -> io::Result<()> {
        self.widths.resize(row.len(), 0);
        for (width, cell) in self.widths.iter_mut().zip(&row) {
            *width = (*width).max(width_of(cell));
        }
        let Some(held_back) = &mut self.held_back else { return self.write(&row, out) };
        held_back.push(row);
        if held_back.len() > LOOKED_AT { self.settle(out) } else { Ok(()) }
    }

    /// Writes what was held back; what comes later is written at once.
    fn settle(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.held_back.take().iter().flatten().try_for_each(|row| self.write(row, out))
    }

    fn write(&self, row: &[String], out: &mut impl Write) -> io::Result<()> {
        let mut line = String::new();
        for (cell, &width) in row.iter().zip(&self.widths) {
            line += cell;
            line.extend(std::iter::repeat_n(' ', width - width_of(cell) + 2));
        }
        let line = line.trim_end();
        match self.screen {
            Some(screen) => writeln!(out, "{}", cut(line, screen)),
            None => writeln!(out, "{line}"),
        }
    }
}

fn record<C: AsRef<[u8]>>(out: &mut impl Write, cells: impl IntoIterator<Item = C>) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().buffer_capacity(512).from_writer(out);
    writer.write_record(cells)?;
    writer.flush()
}

/// A cell that no spreadsheet takes for a formula, whoever chose the text in it. Numbers stay numbers.
fn harmless(cell: String) -> String {
    let may_be_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<i64>().is_err();
    if may_be_formula { format!("'{cell}") } else { cell }
}

/// Whether a cell of this name has seconds since 1970; `expire_date` is Telegram's own name.
fn is_moment(column: &str) -> bool {
    column == "at" || column.ends_with("_at") || column == "expire_date"
}

/// A text of somebody else's on one line, with nothing that a terminal would obey or that turns its direction.
pub(crate) fn plain(text: &str) -> String {
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    text.chars().map(|c| if is_odd(c) { ' ' } else { c }).collect()
}

/// How wide the terminal is, if one looks at stdout.
fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0.into())
}

/// As much of a line as fits; a mark says where something is missing.
fn cut(line: &str, screen: usize) -> String {
    if width_of(line) <= screen {
        return line.to_owned();
    }
    let (mut kept, mut width) = (String::new(), 0);
    for each in line.chars() {
        width += columns_of(each);
        if width >= screen {
            break;
        }
        kept.push(each);
    }
    kept.truncate(kept.trim_end().len());
    kept + "…"
}

fn width_of(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// How many columns a terminal gives a letter: two to those of East Asia and to most pictures, none to what is drawn
/// over the letter before.
fn columns_of(letter: char) -> usize {
    match u32::from(letter) {
        0x300..=0x36f | 0x200b..=0x200d | 0xfe00..=0xfe0f | 0x1f3fb..=0x1f3ff => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f => 2,
        0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use jiff::tz::TimeZone;
    use serde::Serialize;

    #[derive(Serialize)]
    struct Row {
        name: String,
        made_at: i64,
    }

    impl Shown for Row {
        const COLUMNS: &'static [&'static str] = &["name", "made_at"];

        fn cells(&self) -> Vec<String> {
            vec![self.name.clone(), self.made_at.to_string()]
        }

        fn words(&self, _: &Clock) -> String {
            format!("it is {}", self.name)
        }

        fn brief(&self) -> String {
            self.name.clone()
        }
    }

    fn clock() -> Clock {
        Clock { now: Timestamp::from_second(1_795_000_000).unwrap(), zone: Some(TimeZone::UTC) }
    }

    fn row(name: &str) -> Row {
        Row { name: name.to_owned(), made_at: 1_795_000_000 }
    }

    fn table(screen: Option<usize>) -> Form {
        Form::Table(Table::new(&clock(), screen))
    }

    fn written(form: Form, names: &[&str], is_whole: bool) -> String {
        let mut bytes = Vec::new();
        let mut rows = Rows::to(&mut bytes, form);
        names.iter().for_each(|name| rows.put(&row(name)).unwrap());
        let count = if is_whole { rows.end() } else { rows.break_off() };
        assert_eq!(count.unwrap(), names.len() as u64);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn no_cell_is_a_formula() {
        let lines = written(Form::Csv, &["=1+1", "@SUM(A1)", "-2+3", "-1001234567890", "a=b"], true);
        let names: Vec<&str> = lines.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
        assert_eq!(names, ["'=1+1", "'@SUM(A1)", "'-2+3", "-1001234567890", "a=b"]);
    }

    #[test]
    fn a_list_is_the_same_in_every_format() {
        let names = ["a,b", "c"];
        let check = |form, expected: &str| assert_eq!(written(form, &names, true), expected);
        check(Form::Brief, "a,b\nc\n");
        check(Form::Words(clock()), "it is a,b\nit is c\n");
        let json = [r#"{"name":"a,b","made_at":1795000000}"#, r#"{"name":"c","made_at":1795000000}"#];
        check(Form::Json, &format!("[{}]\n", json.join(",")));
        check(Form::Ndjson, &format!("{}\n", json.join("\n")));
        check(Form::Csv, "name,made_at\n\"a,b\",1795000000\nc,1795000000\n");
        check(table(None), "NAME  MADE_AT\na,b   Wed 18 Nov 11:06 +00:00\nc     Wed 18 Nov 11:06 +00:00\n");
    }

    #[test]
    fn a_list_of_nobody_is_a_list_and_one_that_failed_is_none() {
        let forms = || [Form::Brief, Form::Json, Form::Ndjson, Form::Csv, table(None)];
        let whole: Vec<String> = forms().map(|form| written(form, &[], true)).into();
        assert_eq!(whole, ["", "[]\n", "", "name,made_at\n", "NAME  MADE_AT\n"]);
        assert!(forms().map(|form| written(form, &[], false)).iter().all(String::is_empty));
    }

    #[test]
    fn a_list_that_broke_off_is_closed() {
        assert!(written(Form::Json, &["a"], false).ends_with("}]\n"));
        assert!(written(table(None), &["a"], false).contains("\na     Wed"));
    }

    #[test]
    fn a_table_is_as_wide_as_its_first_rows_and_grows_when_it_must() {
        let mut names = vec!["a"; LOOKED_AT - 1];
        names.extend(["bbbbbbbb", "cccccccccccc", "d"]);
        let text = written(table(None), &names, true);
        let at: Vec<usize> = text.lines().skip(1).map(|line| line.find("Wed").unwrap()).collect();
        assert_eq!((at[0], at[98], at[99], at[100], at[101]), (10, 10, 10, 14, 14), "{text}");
    }

    #[test]
    fn a_table_fits_the_terminal() {
        let text = written(table(Some(12)), &["abc", "äö", "🌻🌻🌻🌻🌻🌻🌻"], true);
        assert!(text.lines().all(|line| width_of(line) <= 12), "{text}");
        assert!(text.contains("🌻🌻🌻🌻🌻…"), "{text}");
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abc  def", 6), "abc…");
    }

    #[test]
    fn a_strange_name_moves_no_cursor() {
        let text = written(table(None), &["\x1b[31mred\nnext\u{202e}"], true);
        assert!(text.contains(" [31mred next ") && text.lines().count() == 2, "{text}");
    }

    #[test]
    fn rows_come_out_when_they_are_let_out() {
        let mut bytes = Vec::new();
        let mut rows = Rows::to(&mut bytes, Form::Ndjson);
        rows.put(&row("a")).unwrap();
        rows.flush().unwrap();
        assert!(rows.out.get_ref().ends_with(b"\n"));
    }
}
