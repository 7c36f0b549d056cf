//! What passing earns: the right of one person to enter one chat, and everything that can become of it.
//!
//! ```text
//! granted --> issued --> used <--> left
//!                |  \--> leaked ----> granted again, one generation later
//!                \-----> expired ---> granted again, one generation later
//!
//! granted --> expired               an old copy took the place of the database: it may have been issued since
//! expired --> leaked                late news: somebody else had come in
//! granted, leaked, expired --> used late news: its person had come in, also by a link of an earlier generation
//!
//! granted, issued, used, leaked and expired --> revoked
//! ```
//!
//! [`State::comes_from`] is this picture. A pass moves by a statement of the store and by nothing else, and the guard in
//! the statement names the states it comes from; `store/tests/story/moves.rs` draws histories at random, and finds these
//! moves and no others. A pass that opens several chats has such a state for each of them.

use std::fmt;
use std::str::FromStr;

/// How far a pass has come with one of its chats.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// Earned; a link is on its way.
    Granted,
    /// A link was shown that works until a time.
    Issued,
    /// Its person is in.
    Used,
    /// Its person was in and is no more.
    Left,
    /// Somebody else came in by its link.
    Leaked,
    /// Nobody came in while its link worked, as far as it was heard.
    Expired,
    /// Taken away.
    Revoked,
}

impl State {
    /// Every state there is.
    pub const ALL: [Self; 7] =
        [Self::Granted, Self::Issued, Self::Used, Self::Left, Self::Leaked, Self::Expired, Self::Revoked];

    /// The name, as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Issued => "issued",
            Self::Used => "used",
            Self::Left => "left",
            Self::Leaked => "leaked",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// The states that can become this one. What is told at once goes through several: somebody who was in and left when we
    /// hear of it was used in between, and so was granted what has its next link ready.
    pub const fn comes_from(self) -> &'static [Self] {
        match self {
            Self::Granted => &[Self::Leaked, Self::Expired],
            Self::Issued => &[Self::Granted],
            Self::Used => &[Self::Granted, Self::Issued, Self::Left, Self::Leaked, Self::Expired],
            Self::Left => &[Self::Used],
            Self::Leaked => &[Self::Issued, Self::Expired],
            Self::Expired => &[Self::Granted, Self::Issued],
            Self::Revoked => &[Self::Granted, Self::Issued, Self::Used, Self::Leaked, Self::Expired],
        }
    }
}

impl FromStr for State {
    type Err = NotAState;

    fn from_str(text: &str) -> Result<Self, NotAState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(NotAState)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// This text names no state of a pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no state of a pass has this name")]
pub struct NotAState;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_by_their_names() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        for wrong in ["", "Granted", "granted ", "reissued"] {
            assert_eq!(wrong.parse::<State>(), Err(NotAState), "{wrong}");
        }
    }
}
