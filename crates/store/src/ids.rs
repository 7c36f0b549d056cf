//! The names of rows, each a type of its own.

use crate::value::stored;
use std::fmt;
use std::str::FromStr;

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
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
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

/// The name a link bears at Telegram: 26 letters and digits by which its row is found again, and which tell nobody else
/// anything.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Marker([u8; 26]);

/// Base32 without the letters that are taken for digits.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl Marker {
    /// The marker of this chance.
    pub fn new(chance: [u8; 16]) -> Self {
        let number = u128::from_be_bytes(chance);
        let mut text = [0; 26];
        for (at, letter) in text.iter_mut().rev().enumerate() {
            *letter = ALPHABET[(number >> (5 * at)) as usize & 31];
        }
        Self(text)
    }

    /// The marker a link's name is, if it is one.
    pub fn parse(name: &str) -> Option<Self> {
        let text: [u8; 26] = name.as_bytes().try_into().ok()?;
        text.iter().all(|letter| ALPHABET.contains(letter)).then_some(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the alphabet is ASCII")
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Marker({})", self.as_str())
    }
}

stored!(Text, text, Marker, |marker| marker.as_str(), |raw| Marker::parse(&raw));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_26_characters_that_read_back() {
        let check = |chance: [u8; 16], text: &str| {
            let marker = Marker::new(chance);
            assert_eq!(marker.as_str(), text);
            assert_eq!(Marker::parse(text), Some(marker));
        };
        check([0; 16], "00000000000000000000000000");
        check([0xff; 16], "7zzzzzzzzzzzzzzzzzzzzzzzzz");
        check(1u128.to_be_bytes(), "00000000000000000000000001");
        for other in ["", "spring", "0000000000000000000000000", "0000000000000000000000000l"] {
            assert_eq!(Marker::parse(other), None, "{other}");
        }
    }
}
