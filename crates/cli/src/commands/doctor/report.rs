//! What was found, and how it is told.

use crate::failure::{Failure, chain};
use crate::output::hide_secrets;
use serde::Serialize;
use std::error::Error;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    /// Something does not work, or is not safe.
    Error,
    /// It works, and should not stay so.
    Warning,
}

/// Something that is wrong, and its cure.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Finding {
    level: Level,
    code: &'static str,
    detail: String,
    /// Nothing, where the detail says it.
    #[serde(skip_serializing_if = "String::is_empty")]
    cure: String,
}

/// All that was found.
#[derive(Default, Serialize)]
pub(super) struct Report {
    findings: Vec<Finding>,
    /// What was not looked at, and why.
    left_out: Vec<String>,
}

impl Report {
    pub(super) fn error(&mut self, code: &'static str, detail: impl Into<String>, cure: impl Into<String>) {
        self.add(Level::Error, code, detail.into(), cure.into());
    }

    pub(super) fn warn(&mut self, code: &'static str, detail: impl Into<String>, cure: impl Into<String>) {
        self.add(Level::Warning, code, detail.into(), cure.into());
    }

    /// A failure of which commands would fail as well.
    pub(super) fn failure(&mut self, failure: &Failure) {
        let (code, _) = failure.class();
        self.error(code, chain(failure).join(": "), failure.hint().unwrap_or_default());
    }

    pub(super) fn leave_out(&mut self, what: &str, why: &str) {
        let line = hide_secrets(&format!("{what}: {why}"));
        if !self.left_out.contains(&line) {
            self.left_out.push(line);
        }
    }

    pub(super) fn leave_out_because(&mut self, what: &str, why: &dyn Error) {
        self.leave_out(what, &chain(why).join(": "));
    }

    /// What is true of several gates, such as a token that is dead, is told once.
    fn add(&mut self, level: Level, code: &'static str, detail: String, cure: String) {
        let (detail, cure) = (hide_secrets(&detail), hide_secrets(&cure));
        let finding = Finding { level, code, detail, cure };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    /// Errors first.
    pub(super) fn sorted(mut self) -> Self {
        self.findings.sort_by_key(|finding| finding.level != Level::Error);
        self
    }

    /// How it ends: badly, if there are errors.
    pub(super) fn end(&self) -> Result<(), Failure> {
        match self.count(Level::Error) {
            0 => Ok(()),
            1 => Err(Failure::Unhealthy("one thing has to be put right".to_owned())),
            several => Err(Failure::Unhealthy(format!("{several} things have to be put right"))),
        }
    }

    pub(super) fn words(&self) -> String {
        let mut lines = Vec::new();
        for Finding { level, detail, cure, .. } in &self.findings {
            let word = if *level == Level::Error { "error" } else { "warning" };
            lines.push(format!("{word}: {detail}"));
            if !cure.is_empty() {
                lines.push(format!("    {cure}"));
            }
        }
        if self.findings.is_empty() {
            lines.push("Nothing is wrong.".to_owned());
        }
        lines.extend(self.left_out.iter().map(|what| format!("left out: {what}")));
        lines.join("\n")
    }
}
