//! The names of rows, each a type of its own.

use crate::value::stored;
use std::fmt;
use std::str::FromStr;

/// This text is the number of no row.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this is a whole number, such as 12")]
pub struct NotANumber;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(i64);

        impl $name {
            /// The row with this number.
            pub const fn new(number: i64) -> Self {
                Self(number)
            }

            /// The number.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotANumber;

            fn from_str(text: &str) -> Result<Self, NotANumber> {
                text.parse().map(Self).map_err(|_| NotANumber)
            }
        }

        stored!(Int, int, $name, |id| id.0, |raw| Some($name(raw)));
    };
}

number!(
    /// A gate.
    GateId
);
number!(
    /// A pass.
    PassId
);
number!(
    /// A link in our ledger.
    LinkId
);
number!(
    /// A link that somebody made elsewhere.
    ForeignLinkId
);
number!(
    /// Something to do that waits in the outbox.
    ErrandId
);

/// Somebody at a gate, before anything else is known of them. Whoever names a visitor sees what the visitor holds, so a
/// debug print tells two apart and no more.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Visitor([u8; 16]);

impl Visitor {
    /// The visitor of this chance.
    pub const fn new(chance: [u8; 16]) -> Self {
        Self(chance)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Visitor({:02x}{:02x}..)", self.0[0], self.0[1])
    }
}

stored!(Blob, blob, Visitor, |visitor| &visitor.0, |raw| raw.try_into().ok().map(Visitor));
