//! A text as a code for a telephone's camera, drawn at a terminal and wiped away again.

use crate::output::Output;
use qrcode::render::unicode::Dense1x2;
use qrcode::types::QrError;
use qrcode::{EcLevel, QrCode};
use std::io::{self, Write};
use terminal_size::{Height, Width, terminal_size_of};

/// White and black themselves, whatever colours the terminal has: where light squares are dark and dark ones light, some
/// cameras read nothing.
const WHITE_ON_BLACK: &str = "\x1b[38;5;231;48;5;16m";
const AS_BEFORE: &str = "\x1b[0m";

/// A code that stands at the terminal until this is dropped.
pub(crate) struct Drawn {
    rows: usize,
}

impl Drawn {
    /// Draws a text on stderr, between two sentences.
    pub(crate) fn new(output: &Output, above: &str, text: &str, below: &str) -> Result<Self, QrError> {
        let screen = terminal_size_of(io::stderr()).map(|(Width(w), Height(h))| (w.into(), h.into()));
        let (lines, rows) = picture(above, code(text)?, below, screen, output.coloured);
        // The cursor is to stand below it.
        let _ = writeln!(io::stderr(), "{}", lines.join("\n"));
        Ok(Self { rows })
    }
}

impl Drop for Drawn {
    fn drop(&mut self) {
        let _ = write!(io::stderr(), "\x1b[{}F\x1b[J", self.rows);
    }
}

/// What is drawn, line by line, and how many rows of the screen it takes. A code that does not fit could not be read.
fn picture(
    above: &str,
    code: Vec<String>,
    below: &str,
    screen: Option<(usize, usize)>,
    coloured: bool,
) -> (Vec<String>, usize) {
    let rows_of = |sentence: &str| match screen {
        Some((columns, _)) => sentence.chars().count().div_ceil(columns),
        None => 1,
    };
    let rows = rows_of(above) + code.len() + rows_of(below);
    // The cursor stands in one more.
    let (width, height) = (code[0].chars().count(), rows + 1);
    if let Some((columns, rows)) = screen
        && (columns < width || rows < height)
    {
        let words = format!(
            "The code takes {width} columns and {height} rows, and here are {columns} and {rows}: make room."
        );
        let rows = rows_of(&words) + rows_of(below);
        return (vec![words, below.to_owned()], rows);
    }
    let paint = |line| if coloured { format!("{WHITE_ON_BLACK}{line}{AS_BEFORE}") } else { line };
    let mut lines = vec![above.to_owned()];
    lines.extend(code.into_iter().map(paint));
    lines.push(below.to_owned());
    (lines, rows)
}

/// Two rows of squares in a line. The light ones are drawn, and so is the edge around the code: most terminals are dark.
fn code(text: &str) -> Result<Vec<String>, QrError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L)?;
    let mut image = code.render::<Dense1x2>();
    let image = image.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    Ok(image.lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "tg://login?token=q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k";

    #[test]
    fn it_has_an_edge_and_fits_the_smallest_terminal_that_is_usual() {
        let lines = code(URL).unwrap();
        assert!(lines[..2].iter().all(|line| line.chars().all(|each| each == '█')), "{}", lines[0]);
        assert!(lines[0].chars().count() <= 80 && lines.len() + 3 <= 24, "{}", lines.len());
    }

    #[test]
    fn a_code_that_does_not_fit_is_not_drawn() {
        let code = code(URL).unwrap();
        let (width, height) = (code[0].chars().count(), code.len() + 3);
        for (screen, fits) in [
            (None, true),
            (Some((width, height)), true),
            (Some((width - 1, height)), false),
            (Some((width, height - 1)), false),
        ] {
            let (lines, rows) = picture("above", code.clone(), "below", screen, false);
            assert_eq!(lines.len() == code.len() + 2, fits, "{screen:?}");
            assert_eq!(rows, if fits { code.len() + 2 } else { 3 }, "{screen:?}");
            assert_eq!(lines.last().unwrap(), "below");
            assert_eq!(lines[0].contains("make room"), !fits, "{screen:?}");
        }
        // A sentence that goes on in a second row leaves less for the code.
        let (long, screen) = ("a".repeat(width + 1), Some((width, height)));
        assert!(picture(&long, code.clone(), "below", screen, false).0[0].contains("make room"));
        assert_eq!(picture(&long, code.clone(), "below", Some((width, height + 1)), false).1, height);
        let (coloured, _) = picture("above", code, "below", None, true);
        assert!(coloured[1].starts_with(WHITE_ON_BLACK) && coloured[1].ends_with(AS_BEFORE));
    }

    #[test]
    fn what_is_longer_than_any_code_is_none() {
        assert!(code(&"a".repeat(3000)).is_err());
    }
}
