//! What a person is asked for at the terminal, or what a file says in their place.

use crate::context::Context;
use crate::credentials::{BYTE_ORDER_MARK, Secret};
use crate::failure::{Failure, Usage};
use crate::output::aside;
use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};
use tokio::task::spawn_blocking;

/// Nobody types more, and nothing that is asked for is longer.
const LONGEST_BYTES: u64 = 4096;

/// Something to ask for.
#[derive(Clone, Copy)]
pub(crate) struct Question {
    /// What it is, as in "the code".
    pub(crate) what: &'static str,
    /// How it is asked.
    pub(crate) words: &'static str,
    /// What says it without being asked.
    pub(crate) flag: &'static str,
    pub(crate) example: &'static str,
}

impl Question {
    /// Fails early where there would be nobody to ask.
    pub(crate) fn can_ask(&self, ctx: &Context<'_>) -> Result<(), Usage> {
        if ctx.global.no_input {
            return Err(self.unanswered("`--no-input` forbids asking for it"));
        }
        if !io::stdin().is_terminal() {
            return Err(self.unanswered("there is no terminal to ask for it at"));
        }
        Ok(())
    }

    /// Asks a person, who sees what they type.
    pub(crate) async fn ask(&self, ctx: &Context<'_>) -> Result<String, Failure> {
        self.can_ask(ctx)?;
        aside(self.words);
        self.typed().await
    }

    /// Asks a person, and shows nothing of what they type.
    pub(crate) async fn ask_unseen(&self, ctx: &Context<'_>) -> Result<Secret, Failure> {
        self.can_ask(ctx)?;
        let _unseen = Unseen::begin().map_err(|_| self.unanswered("it cannot be typed unseen here"))?;
        aside(self.words);
        self.typed().await.map(Secret)
    }

    /// Reads it from a file, or from standard input, which has one line.
    pub(crate) async fn read(&self, path: PathBuf) -> Result<Secret, Failure> {
        // A file that waits for somebody to write it keeps nobody from hearing signals.
        let read = spawn_blocking(move || if path == Path::new("-") { line() } else { whole(&path) });
        match read.await.map_err(io::Error::from)? {
            Ok(text) => Ok(Secret(self.one_line(&text)?.to_owned())),
            // Where the file should be, its content may have been typed; so the path is not repeated.
            Err(why) => Err(self.bad(format_args!("it cannot be read: {why}")).into()),
        }
    }

    /// Without what an editor put around it.
    pub(crate) fn one_line<'a>(&self, text: &'a str) -> Result<&'a str, Usage> {
        let text = text.trim_start_matches(BYTE_ORDER_MARK);
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        match text {
            "" => Err(self.bad("there is nothing in it")),
            _ if text.contains('\n') => Err(self.bad("there is more than one line in it")),
            _ => Ok(text),
        }
    }

    /// The file has something else in it.
    pub(crate) fn bad(&self, why: impl ToString) -> Usage {
        Usage::new(format!("{}, from `{}`", self.what, self.flag), why, self.example)
    }

    async fn typed(&self) -> Result<String, Failure> {
        // On another thread, so that signals are heard meanwhile.
        let typed = spawn_blocking(line).await.map_err(io::Error::from)?;
        let typed = typed.map_err(|why| self.unanswered(&format!("what was typed cannot be read: {why}")))?;
        if typed.is_empty() {
            aside("");
            return Err(self.unanswered("the input ended").into());
        }
        Ok(typed.trim_end_matches(['\r', '\n']).to_owned())
    }

    fn unanswered(&self, why: &str) -> Usage {
        Usage::new(format!("no {}", self.what), why, self.example)
    }
}

/// A line of standard input with its end; nothing where that is over.
fn line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().take(LONGEST_BYTES).read_line(&mut line)?;
    Ok(line)
}

fn whole(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// A terminal that shows nothing of what is typed, until this is dropped; also when a signal ends the asking.
#[cfg(unix)]
struct Unseen(rustix::termios::Termios);

#[cfg(unix)]
impl Unseen {
    fn begin() -> io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin())?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        unseen.local_modes.insert(LocalModes::ECHONL);
        // What was typed before it was asked for was seen.
        tcsetattr(io::stdin(), OptionalActions::Flush, &unseen)?;
        Ok(Self(before))
    }
}

#[cfg(unix)]
impl Drop for Unseen {
    fn drop(&mut self) {
        let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, &self.0);
    }
}

/// Elsewhere a file has to say it.
#[cfg(not(unix))]
struct Unseen;

#[cfg(not(unix))]
impl Unseen {
    fn begin() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
