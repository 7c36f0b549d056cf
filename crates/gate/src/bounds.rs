//! Texts, lists and numbers with bounds, so that no file and no form can hurt by its size.

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

/// One line of text: at least one visible character, at most `MOST`, and no control characters.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Line<const MOST: usize>(String);

impl<const MOST: usize> Line<MOST> {
    /// The line, without the spaces around it.
    pub fn new(text: &str) -> Result<Self, BadText> {
        let text = text.trim();
        check_text(text, MOST, |_| false).map(|()| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Some text, perhaps of several lines: at least one visible character, at most `MOST`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prose<const MOST: usize>(String);

impl<const MOST: usize> Prose<MOST> {
    /// The text, without the spaces around it and with line ends of one kind.
    pub fn new(text: &str) -> Result<Self, BadText> {
        let text = text.trim().replace("\r\n", "\n");
        check_text(&text, MOST, |each| matches!(each, '\n' | '\t')).map(|()| Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is not taken. It does not repeat the text, which may be an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadText {
    /// Nothing to see.
    #[error("nothing is written here")]
    Empty,
    /// Longer than there is room for.
    #[error("at most {most} characters, and this has {length}")]
    TooLong {
        /// How many characters there may be.
        most: usize,
        /// How many there are.
        length: usize,
    },
    /// A tabulator, a bell, the end of a line where one line is meant.
    #[error("a control character (U+{:04X}) is no text", u32::from(*.0))]
    Control(char),
}

fn check_text(text: &str, most: usize, may: impl Fn(char) -> bool) -> Result<(), BadText> {
    let length = text.chars().count();
    if text.is_empty() {
        Err(BadText::Empty)
    } else if length > most {
        Err(BadText::TooLong { most, length })
    } else if let Some(control) = text.chars().find(|each| each.is_control() && !may(*each)) {
        Err(BadText::Control(control))
    } else {
        Ok(())
    }
}

/// A list of at most `MOST`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct Few<T, const MOST: usize>(Vec<T>);

impl<T, const MOST: usize> Few<T, MOST> {
    /// The list, if it is not too long.
    pub fn new(list: Vec<T>) -> Result<Self, TooMany> {
        if list.len() > MOST { Err(TooMany { most: MOST }) } else { Ok(Self(list)) }
    }

    /// As many as there are, each made into something else.
    pub(crate) fn map<U, E>(self, each: impl FnMut(T) -> Result<U, E>) -> Result<Few<U, MOST>, E> {
        self.0.into_iter().map(each).collect::<Result<_, E>>().map(Few)
    }
}

impl<T, const MOST: usize> Default for Few<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MOST: usize> Deref for Few<T, MOST> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const MOST: usize> IntoIterator for Few<T, MOST> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T, const MOST: usize> IntoIterator for &'a Few<T, MOST> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// A list is longer than there is room for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("at most {most} of these")]
pub struct TooMany {
    /// How many there may be.
    pub most: usize,
}

/// Reading stops at the first that is too many.
impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Few<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T, const MOST: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Reader<T, MOST> {
            type Value = Few<T, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MOST}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    if list.len() == MOST {
                        return Err(A::Error::custom(TooMany { most: MOST }));
                    }
                    list.push(item);
                }
                Ok(Few(list))
            }
        }

        deserializer.deserialize_seq(Reader(PhantomData))
    }
}

/// A whole number from `LEAST` to `MOST`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Within<const LEAST: u32, const MOST: u32>(u32);

impl<const LEAST: u32, const MOST: u32> Within<LEAST, MOST> {
    /// The number, if it lies within.
    pub const fn new(number: u32) -> Result<Self, OutOfBounds> {
        if LEAST <= number && number <= MOST {
            Ok(Self(number))
        } else {
            Err(OutOfBounds { number, least: LEAST, most: MOST })
        }
    }

    /// A number known when this is compiled, and refused then.
    pub(crate) const fn known(number: u32) -> Self {
        assert!(LEAST <= number && number <= MOST);
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// A number lies outside its bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{number} is not within {least} to {most}")]
pub struct OutOfBounds {
    /// What was given.
    pub number: u32,
    /// The smallest that is taken.
    pub least: u32,
    /// The largest that is taken.
    pub most: u32,
}

/// Something that opens the gate: a debug print says only that it is there.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Hidden<T>(pub T);

impl<T> fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

impl<T> Deref for Hidden<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<const MOST: usize> TryFrom<String> for Line<MOST> {
    type Error = BadText;

    fn try_from(text: String) -> Result<Self, BadText> {
        Self::new(&text)
    }
}

impl<const MOST: usize> From<Line<MOST>> for String {
    fn from(line: Line<MOST>) -> Self {
        line.0
    }
}

impl<const MOST: usize> fmt::Display for Line<MOST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MOST: usize> TryFrom<String> for Prose<MOST> {
    type Error = BadText;

    fn try_from(text: String) -> Result<Self, BadText> {
        Self::new(&text)
    }
}

impl<const MOST: usize> From<Prose<MOST>> for String {
    fn from(prose: Prose<MOST>) -> Self {
        prose.0
    }
}

impl<const MOST: usize> fmt::Display for Prose<MOST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const LEAST: u32, const MOST: u32> TryFrom<u32> for Within<LEAST, MOST> {
    type Error = OutOfBounds;

    fn try_from(number: u32) -> Result<Self, OutOfBounds> {
        Self::new(number)
    }
}

impl<const LEAST: u32, const MOST: u32> From<Within<LEAST, MOST>> for u32 {
    fn from(number: Within<LEAST, MOST>) -> Self {
        number.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_bounds() {
        assert_eq!(Line::<5>::new("  owls ").unwrap().as_str(), "owls");
        assert_eq!(Line::<5>::new("büüüü").unwrap().as_str(), "büüüü");
        assert_eq!(Line::<5>::new("owlets"), Err(BadText::TooLong { most: 5, length: 6 }));
        assert_eq!(Line::<5>::new(" \n "), Err(BadText::Empty));
        assert_eq!(Line::<5>::new("a\nb"), Err(BadText::Control('\n')));
        assert_eq!(Prose::<5>::new("a\r\nb").unwrap().as_str(), "a\nb");
        assert_eq!(Prose::<5>::new("a\0b"), Err(BadText::Control('\0')));
    }

    #[test]
    fn lists_are_read_no_further_than_they_may_go() {
        assert_eq!(*serde_json::from_str::<Few<u8, 3>>("[1,2,3]").unwrap(), [1, 2, 3]);
        // What follows the fourth is not even looked at.
        let error = serde_json::from_str::<Few<u8, 3>>("[1,2,3,4,oops").unwrap_err();
        assert!(error.to_string().starts_with("at most 3 of these"), "{error}");
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(serde_json::from_str::<Within<1, 9>>("9").unwrap().get(), 9);
        let error = serde_json::from_str::<Within<1, 9>>("10").unwrap_err();
        assert!(error.to_string().starts_with("10 is not within 1 to 9"), "{error}");
        assert!(serde_json::from_str::<Within<1, 9>>("-1").is_err());
    }

    #[test]
    fn what_opens_the_gate_is_not_printed() {
        assert_eq!(format!("{:?}", Hidden("owl")), "(hidden)");
    }
}
