//! A gate as a TOML file.

use crate::context::Context;
use crate::credentials::BYTE_ORDER_MARK;
use crate::failure::{Failure, Usage};
use gate::Gate;
use std::io::{self, Read};
use std::path::Path;

/// Reads the gate in a file, or in `-`.
pub(super) fn open(ctx: &Context<'_>, path: &Path) -> Result<Gate, Failure> {
    let mut text = String::new();
    if path == Path::new("-") {
        ctx.claim_stdin("--file")?;
        io::stdin().lock().read_to_string(&mut text).map_err(Failure::file("read the gate from", path))?;
    } else {
        text = std::fs::read_to_string(path).map_err(|why| wrong(path, None, &why.to_string()))?;
    }
    Ok(read(path, &text)?)
}

/// Reads a gate. Where it goes wrong is told without the line, in which an answer may stand.
pub(super) fn read(path: &Path, text: &str) -> Result<Gate, Usage> {
    let text = text.trim_start_matches(BYTE_ORDER_MARK);
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
        wrong(path, line, error.message())
    })
}

fn wrong(path: &Path, line: Option<usize>, rule: &str) -> Usage {
    let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
    let example =
        "`admit gate new owls --title Owls --chat -1001234567890 --dry-run`, which prints a gate as a file";
    Usage::new(format!("`{}`{line}", path.display()), rule, example)
}

/// Writes a gate: the same gate always alike.
pub(super) fn write(gate: &Gate) -> io::Result<String> {
    toml::to_string_pretty(gate).map_err(io::Error::other)
}
