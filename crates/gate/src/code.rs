//! The short unguessable codes people see: the name of a link, the code behind a bot's Start.

use std::fmt;
use std::str::FromStr;

/// Small letters, and no digit that could be taken for one by its shape: not `0`, `1`, `8` or `9`.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// 25 characters of five bits, and one that carries the last three.
const LENGTH: usize = 26;

/// Sixteen random bytes, written as 26 characters from `a` to `z` and `2` to `7`.
///
/// It fits where Telegram lets us leave a mark: the name of a link has 32 characters, a Start parameter 64 of this
/// alphabet. Every code has one spelling.
///
/// ```
/// use admit_gate::Code;
///
/// let code = Code::new([7; 16]);
/// assert_eq!(code.to_string(), "a4dqobyha4dqobyha4dqobyha4");
/// assert_eq!(code.to_string().parse(), Ok(code));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code([u8; 16]);

impl Code {
    /// The code of these bytes, which somebody else has drawn.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&spell(&self.0))
    }
}

/// Whoever holds a code may use it, so a debug print shows too little of it.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({}..)", &spell(&self.0)[..4])
    }
}

impl FromStr for Code {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, NotACode> {
        if text.len() != LENGTH {
            return Err(NotACode);
        }
        let mut number = 0u128;
        for (place, letter) in text.bytes().enumerate() {
            let five = value(letter).ok_or(NotACode)?;
            number = match place {
                // Of the last five bits two are left over; set, they would be a second spelling.
                25 if five & 0b11 != 0 => return Err(NotACode),
                25 => (number << 3) | u128::from(five >> 2),
                _ => (number << 5) | u128::from(five),
            };
        }
        Ok(Self(number.to_be_bytes()))
    }
}

/// This text is no code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a code has 26 characters, each a small letter or a digit from 2 to 7")]
pub struct NotACode;

/// Bytes in the alphabet of codes, the last character filled up with zeros.
pub(crate) fn spell(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0u16, 0);
    for byte in bytes {
        held = (held << 8) | u16::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(held >> bits));
            held &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        text.push(letter(held << (5 - bits)));
    }
    text
}

fn letter(five: u16) -> char {
    char::from(ALPHABET[usize::from(five & 31)])
}

fn value(letter: u8) -> Option<u8> {
    match letter {
        b'a'..=b'z' => Some(letter - b'a'),
        b'2'..=b'7' => Some(letter - b'2' + 26),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) {
        assert_eq!(text.parse::<Code>(), Err(NotACode), "{text}");
    }

    #[test]
    fn a_code_has_one_spelling() {
        assert_eq!(Code::new([0; 16]).to_string(), "a".repeat(26));
        assert_eq!(Code::new([255; 16]).to_string(), "7777777777777777777777777".to_owned() + "4");
        refused(&"7".repeat(26));
        refused(&("a".repeat(25) + "b"));
        refused(&"A".repeat(26));
        refused(&"a".repeat(25));
        refused(&"a".repeat(27));
        refused(&("a".repeat(24) + "é"));
        refused(&("a".repeat(25) + "1"));
        refused("");
    }

    #[test]
    fn a_debug_print_is_no_code() {
        assert_eq!(format!("{:?}", Code::new([0; 16])), "Code(aaaa..)");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bytes in any::<[u8; 16]>()) {
            let code = Code::new(bytes);
            prop_assert_eq!(code.to_string().parse(), Ok(code));
            prop_assert!(links::LinkName::new(&code.to_string()).is_ok());
        }

        #[test]
        fn what_is_read_is_written_alike(text in "[a-z2-7]{26}|.{0,30}") {
            if let Ok(code) = text.parse::<Code>() {
                prop_assert_eq!(code.to_string(), text);
            }
        }
    }
}
