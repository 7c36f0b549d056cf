//! Why the people door or the control door did nothing.

use crate::world::Word;

/// The status, and why in words.
pub(crate) struct Wrong(pub(crate) u16, pub(crate) String);

impl Wrong {
    pub(crate) fn bad(what: impl Into<String>) -> Self {
        Self(400, what.into())
    }

    pub(crate) fn missing(what: impl Into<String>) -> Self {
        Self(404, what.into())
    }
}

impl From<Word> for Wrong {
    fn from(word: Word) -> Self {
        Self::bad(word.0)
    }
}
