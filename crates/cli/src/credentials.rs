//! Where a bot token comes from, and how it is read. A token is never the value of a flag.

use crate::output;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use telegram::bot_api::{BadToken, Token};

/// What some editors put before the text of a file.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';
/// No file with a token is longer.
const LONGEST_BYTES: u64 = 4096;

/// Text that must not be seen.
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(pub(crate) String);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Where the token is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// Nobody said.
    Nowhere,
    /// Here.
    Text(Secret),
    /// In this file.
    File(PathBuf),
    /// On standard input.
    Stdin,
}

/// Why there is no token to work with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no bot token")]
    Nowhere,
    #[error("{0} was named, and the only bot token is one that the environment happens to hold")]
    AnotherWasNamed(String),
    #[error("cannot read the token from {place}")]
    Unreadable {
        place: String,
        #[source]
        source: io::Error,
    },
    #[error("{place} holds no bot token")]
    Bad {
        place: String,
        #[source]
        source: BadToken,
    },
}

impl Error {
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Nowhere => {
                "set ADMIT_BOT_TOKEN or ADMIT_BOT_TOKEN_FILE, give `--token-file PATH`, or name a `--profile`"
            }
            Self::AnotherWasNamed(_) => {
                "a bot does this: say `--as bot` for the bot of the environment, or give a token with `--token-file PATH` \
                 or in the profile"
            }
            Self::Unreadable { .. } => "`--token-file` takes the path of a file with the token in it, or `-`",
            Self::Bad { .. } => "a token looks like `123456:ABC-DEF`; take it from @BotFather",
        };
        Some(hint.to_owned())
    }
}

/// Reads the token.
pub(crate) fn read(source: &Source) -> Result<Token, Error> {
    let (place, text) = match source {
        Source::Nowhere => return Err(Error::Nowhere),
        Source::Text(Secret(text)) => ("the given token".to_owned(), Ok(text.clone())),
        Source::File(path) => (format!("`{}`", path.display()), read_file(path)),
        Source::Stdin => ("standard input".to_owned(), read_some(io::stdin().lock())),
    };
    let place = output::hide_secrets(&place);
    let text = text.map_err(|source| Error::Unreadable { place: place.clone(), source })?;
    Token::new(text.trim_start_matches(BYTE_ORDER_MARK).trim()).map_err(|source| Error::Bad { place, source })
}

fn read_file(path: &Path) -> io::Result<String> {
    read_some(std::fs::File::open(path)?)
}

fn read_some(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    from.take(LONGEST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}
