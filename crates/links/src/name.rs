//! The name of a link, cleaned and counted as Telegram does it.
//!
//! Telegram cuts an over-long name without a word. [`LinkName::new`] refuses it instead; [`LinkName::clean`]
//! does to a name exactly what Telegram would.

use std::fmt;

/// Telegram counts Unicode code points, so a family of emoji may cost seven.
const LONGEST: usize = 32;

/// A name that only administrators see: 1 to 32 code points, and the same after Telegram cleaned it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LinkName(String);

impl LinkName {
    /// A name that loses nothing but odd spaces on its way through Telegram.
    pub fn new(text: &str) -> Result<Self, BadName> {
        let whole = collapse(&without_odd_characters(text));
        match whole.chars().count() {
            length if length > LONGEST => Err(BadName::TooLong { length }),
            _ => Self::clean(&whole).ok_or(BadName::Empty),
        }
    }

    /// What Telegram makes of a text; nothing, if nothing visible remains.
    pub fn clean(text: &str) -> Option<Self> {
        if is_clean(text) {
            return Some(Self(text.to_owned()));
        }
        let without = without_odd_characters(text);
        let cut: String = without.trim_matches(is_trimmed).chars().take(LONGEST).collect();
        let cut = cut.trim_matches(is_trimmed);
        if cut.chars().all(is_invisible) { None } else { Some(Self(collapse(cut))) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<LinkName> for String {
    fn from(name: LinkName) -> Self {
        name.0
    }
}

impl fmt::Display for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no good name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadName {
    /// Telegram would cut it.
    #[error(
        "a link's name has at most 32 characters and this has {length}; Telegram would cut it without a word"
    )]
    TooLong {
        /// How many code points it has.
        length: usize,
    },
    /// Telegram would see nothing.
    #[error("nothing visible is left of this name; leave it out for a link without a name")]
    Empty,
}

/// Whether the rules below leave a text alone, told at a glance: most names that Telegram shows are one plain word.
fn is_clean(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|each| each.is_ascii_graphic())
}

/// Control characters become spaces, direction overrides and some marks vanish, exotic spaces become plain ones.
fn without_odd_characters(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    // What vanishes goes first, because marks on either side of it become neighbours.
    let mut characters = text.chars().filter(|each| !vanishes(*each)).peekable();
    while let Some(each) = characters.next() {
        match each {
            '\n' => kept.push('\n'),
            '\0'..='\u{1f}' => kept.push(' '),
            // Of a run of direction marks only the last survives as one.
            '\u{200e}' | '\u{200f}' if matches!(characters.peek(), Some('\u{200e}' | '\u{200f}')) => {
                kept.push('\u{200c}');
            }
            '\u{1680}'
            | '\u{180e}'
            | '\u{2000}'..='\u{200a}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{2800}'
            | '\u{3000}'
            | '\u{fffc}'
            | '\u{e0000}'..='\u{e007f}' => kept.push(' '),
            other => kept.push(other),
        }
    }
    kept
}

fn vanishes(each: char) -> bool {
    matches!(each, '\r' | '\u{2028}'..='\u{202e}' | '\u{333}' | '\u{33f}' | '\u{30a}')
}

fn is_trimmed(each: char) -> bool {
    matches!(each, ' ' | '\n')
}

fn is_invisible(each: char) -> bool {
    matches!(each, ' ' | '\n' | '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{a0}')
}

/// Runs of spaces, line ends and hard spaces become one space, and none at the ends.
fn collapse(text: &str) -> String {
    let words = text.split([' ', '\n', '\u{a0}']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(LinkName::clean(text).as_ref().map(LinkName::as_str), expected, "{text:?}");
    }

    #[test]
    fn names_are_cleaned_as_telegram_cleans_them() {
        check("  a   b  ", Some("a b"));
        check("x\ty", Some("x y"));
        check("12345678901234567890123456789012345", Some("12345678901234567890123456789012"));
        check("\u{200b}", None);
        check("\u{2800}", None);
        check("\u{a0}\u{a0}", None);
        check("\u{202e}evil", Some("evil"));
        check("a\u{3000}b", Some("a b"));
        check("👨‍👩‍👧‍👦", Some("👨‍👩‍👧‍👦"));
        check("null", Some("null"));
        check("", None);
        check("a\r\nb", Some("a b"));
        check("a\u{200e}\u{200f}b", Some("a\u{200c}\u{200f}b"));
        check("a\u{200e}\u{202b}\u{200e}b", Some("a\u{200c}\u{200e}b"));
        check("a\u{200e}\u{3000}\u{200e}b", Some("a\u{200e} \u{200e}b"));
        // The cut comes before the runs are folded, so a name may end up shorter than it had to.
        check(&format!("{}   b", "a".repeat(30)), Some(&"a".repeat(30)));
        check(&format!("a{}b", " ".repeat(40)), Some("a"));
    }

    #[test]
    fn a_name_telegram_would_cut_is_refused() {
        assert_eq!(LinkName::new(&"ä".repeat(32)).unwrap().as_str(), "ä".repeat(32));
        assert_eq!(LinkName::new(&"ä".repeat(33)), Err(BadName::TooLong { length: 33 }));
        assert_eq!(LinkName::new(" \u{200b} "), Err(BadName::Empty));
    }

    proptest! {
        #[test]
        fn cleaning_is_done_once_and_for_all(text in any::<String>()) {
            if let Some(name) = LinkName::clean(&text) {
                prop_assert!(name.as_str().chars().count() <= LONGEST);
                prop_assert!(!name.as_str().is_empty());
                prop_assert_eq!(LinkName::clean(name.as_str()), Some(name));
            }
        }

        #[test]
        fn odd_characters_are_cleaned_once_too(text in "[a-c \u{3000}\u{202e}\u{200e}\u{200f}\t\r\n\u{200b}\u{333}\u{a0}]{0,40}") {
            if let Some(name) = LinkName::clean(&text) {
                prop_assert_eq!(LinkName::clean(name.as_str()), Some(name));
            }
        }

        #[test]
        fn what_new_accepts_telegram_keeps(text in "[a-z \u{3000}\u{202e}\u{200e}\u{200f}\t\u{200b}é]{0,40}") {
            if let Ok(name) = LinkName::new(&text) {
                prop_assert_eq!(LinkName::clean(name.as_str()), Some(name));
            }
        }
    }
}
