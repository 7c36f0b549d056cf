//! A number as people type it.

use crate::fold::digit;
use std::fmt;

/// Places after the decimal point that are kept.
const PLACES: u32 = 12;
/// Digits before it.
const WHOLE: usize = 15;
const ONE: i128 = 10i128.pow(PLACES);

/// An exact decimal number: up to 15 digits before the point and 12 after it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Number(i128);

impl Number {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// What a typed number can mean: nothing, one number, or two.
    ///
    /// Digits may be of any script. A decimal point or comma is understood, and spaces, apostrophes, commas or
    /// points between groups of digits. `1,234` and `1.234` mean a thousand to some and one to others, and are read
    /// both ways. Units, exponents and fractions are not read.
    pub fn readings(typed: &str) -> Vec<Self> {
        read(typed).unwrap_or_default()
    }

    /// The number a text means, if it is only one.
    pub fn read(text: &str) -> Option<Self> {
        match Self::readings(text)[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The number, if it is within `tolerance` of this one.
    pub(crate) fn is_near(self, other: Self, tolerance: Self) -> bool {
        // Both have at most 27 digits, and an `i128` holds 38.
        (self.0 - other.0).abs() <= tolerance.0
    }

    pub(crate) fn from_whole(number: i64) -> Option<Self> {
        (number.unsigned_abs() < 10u64.pow(WHOLE as u32)).then(|| Self(i128::from(number) * ONE))
    }

    /// By the shortest decimal that means the same float, which is what somebody wrote.
    pub(crate) fn from_float(number: f64) -> Option<Self> {
        Self::from_plain(&number.to_string())
    }

    /// As this type writes it: a point, and nothing between the digits.
    pub(crate) fn from_plain(text: &str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let number = decimal(whole, part)?;
        Some(if negative { Self(-number.0) } else { number })
    }

    pub(crate) fn to_whole(self) -> Option<i64> {
        (self.0 % ONE == 0).then(|| i64::try_from(self.0 / ONE).ok()).flatten()
    }

    /// The float that is written like this number, if there is one.
    pub(crate) fn to_float(self) -> Option<f64> {
        let float: f64 = self.to_string().parse().ok()?;
        (Self::from_float(float) == Some(self)).then_some(float)
    }

    /// How many digits it is written with, leading zeros aside.
    pub(crate) fn digits(self) -> usize {
        let text = self.to_string();
        text.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count()
    }

    /// How many numbers with as many decimal places as this one lie within `tolerance` of it.
    pub(crate) fn neighbours(self, tolerance: Self) -> f64 {
        let places = self.to_string().split_once('.').map_or(0, |(_, part)| part.len());
        let step = ONE / 10i128.pow(places as u32);
        // Far below 2^53 steps in any question somebody could answer, and a meter needs no more than that.
        2.0 * (tolerance.0 / step) as f64 + 1.0
    }

    pub(crate) fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0.abs() / ONE, self.0.abs() % ONE);
        if self.0 < 0 {
            f.write_str("-")?;
        }
        if part == 0 {
            return write!(f, "{whole}");
        }
        let part = format!("{part:0places$}", places = PLACES as usize);
        write!(f, "{whole}.{}", part.trim_end_matches('0'))
    }
}

/// It may be the answer.
impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number(..)")
    }
}

fn read(typed: &str) -> Option<Vec<Number>> {
    let text = simplify(typed);
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(&text).trim_start()),
    };
    let numbers = unsigned(text)?;
    Some(numbers.into_iter().map(|number| if negative { Number(-number.0) } else { number }).collect())
}

/// Digits, minus signs, spaces and apostrophes of one kind each.
fn simplify(typed: &str) -> String {
    let simpler = typed.chars().filter_map(|each| match each {
        '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => None,
        '\u{2212}' | '\u{2010}'..='\u{2013}' | '\u{fe63}' | '\u{ff0d}' => Some('-'),
        '\u{ff0b}' => Some('+'),
        '٫' | '\u{ff0e}' => Some('.'),
        '٬' | '’' | '‘' | '`' | '\u{ff07}' => Some('\''),
        '、' | '،' | '\u{ff0c}' => Some(','),
        each if each.is_whitespace() => Some(' '),
        each => Some(digit(each).unwrap_or(each)),
    });
    simpler.collect::<String>().trim().to_owned()
}

fn unsigned(text: &str) -> Option<Vec<Number>> {
    let known = |each: char| each.is_ascii_digit() || matches!(each, ' ' | '\'' | ',' | '.');
    if !text.chars().all(known) {
        return None;
    }
    let last = text.rfind(['.', ',']);
    let Some(at) = last else {
        return Some(vec![whole(text, [' ', '\''])?]);
    };
    let (before, mark, after) = (&text[..at], text.as_bytes()[at] as char, &text[at + 1..]);
    let other = if mark == '.' { ',' } else { '.' };
    if before.contains(mark) {
        // More than one of a kind stand between groups, and nothing else may.
        return Some(vec![whole(text, [mark, mark])?]);
    }
    if before.contains(other) {
        return Some(vec![decimal(&ungroup(before, other)?, after)?]);
    }
    let before_plain =
        if before.is_empty() { String::from("0") } else { ungroup_either(before, [' ', '\''])? };
    let as_decimal = decimal(&before_plain, after);
    let as_groups = whole(text, [mark, mark]);
    match (as_decimal, as_groups) {
        (Some(decimal), Some(groups)) if decimal != groups => Some(vec![decimal, groups]),
        (Some(one), _) | (None, Some(one)) => Some(vec![one]),
        (None, None) => None,
    }
}

fn whole(text: &str, separators: [char; 2]) -> Option<Number> {
    decimal(&ungroup_either(text, separators)?, "")
}

fn ungroup_either(text: &str, [one, other]: [char; 2]) -> Option<String> {
    if text.contains(one) { ungroup(text, one) } else { ungroup(text, other) }
}

/// Digits without what separates their groups: the last has three, those between have three or, as in India, two.
fn ungroup(text: &str, separator: char) -> Option<String> {
    let groups: Vec<&str> = text.split(separator).collect();
    let is_number = |group: &&str| !group.is_empty() && group.bytes().all(|each| each.is_ascii_digit());
    let well_grouped = match groups[..] {
        [_] => true,
        [first, ref between @ .., last] => {
            let alike = |size: usize| between.iter().all(|group| group.len() == size);
            (1..=3).contains(&first.len())
                && !first.starts_with('0')
                && last.len() == 3
                && (alike(3) || alike(2))
        }
        [] => false,
    };
    (well_grouped && groups.iter().all(is_number)).then(|| groups.concat())
}

fn decimal(whole: &str, part: &str) -> Option<Number> {
    let is_digits = |text: &str| text.bytes().all(|each| each.is_ascii_digit());
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    if !is_digits(whole) || !is_digits(part) || whole.len() > WHOLE || part.len() > PLACES as usize {
        return None;
    }
    let digits = format!("0{whole}{part:0<places$}", places = PLACES as usize);
    digits.parse().ok().map(Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(typed: &str, expected: &[&str]) {
        let read: Vec<_> = Number::readings(typed).iter().map(Number::to_string).collect();
        assert_eq!(read, expected, "{typed:?}");
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        check("42", &["42"]);
        check(" +42 ", &["42"]);
        check("-7", &["-7"]);
        check("−7", &["-7"]);
        check("007", &["7"]);
        check("0", &["0"]);
        check("3.14", &["3.14"]);
        check("3,14", &["3.14"]);
        check(".5", &["0.5"]);
        check("5.", &["5"]);
        check("1 000 000", &["1000000"]);
        check("1\u{202f}000,5", &["1000.5"]);
        check("1'234'567.25", &["1234567.25"]);
        check("1’234", &["1234"]);
        check("1,234,567", &["1234567"]);
        check("1.234.567", &["1234567"]);
        check("12,34,567", &["1234567"]);
        check("1,234.5", &["1234.5"]);
        check("1.234,5", &["1234.5"]);
        check("1,234", &["1.234", "1234"]);
        check("1.234", &["1.234", "1234"]);
        check("0.125", &["0.125"]);
        check("1.2345", &["1.2345"]);
        check("٤٢", &["42"]);
        check("٣٫١٤", &["3.14"]);
        check("١٬٢٣٤٫٥", &["1234.5"]);
        check("۱۹۸۴", &["1984"]);
        check("१९८४", &["1984"]);
        check("๔๒", &["42"]);
        check("４２", &["42"]);
        check("－１，５", &["-1.5"]);
        check("999999999999999", &["999999999999999"]);
        check("0.000000000001", &["0.000000000001"]);
    }

    #[test]
    fn what_is_no_number_is_not_guessed_at() {
        for typed in [
            "",
            " ",
            "-",
            "+",
            "--1",
            "1 2",
            "1 23",
            "12 34",
            "1'2",
            "1.2.3",
            "1,2,3",
            "1,,2",
            "1 000 00",
            "42 km",
            "42%",
            "1e9",
            "1/2",
            "forty-two",
            "four",
            "0,123,456.7.8",
            "1.234,567,8",
            "1000000000000000",
            "0.0000000000001",
            "²",
            "½",
            "1. 5",
            "1 ,5",
        ] {
            let read: Vec<_> = Number::readings(typed).iter().map(Number::to_string).collect();
            assert!(read.is_empty(), "{typed:?} was read as {read:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(units in -10i128.pow(27) + 1..10i128.pow(27)) {
            let number = Number(units);
            prop_assert_eq!(Number::from_plain(&number.to_string()), Some(number));
            prop_assert!(Number::readings(&number.to_string()).contains(&number));
        }

        #[test]
        fn anything_may_be_typed(typed in any::<String>()) {
            let _ = Number::readings(&typed);
        }

        #[test]
        fn numbers_of_many_separators_do_no_harm(typed in "[-+]?[0-9 .,']{0,40}") {
            for number in Number::readings(&typed) {
                prop_assert!(number.0.abs() < 10i128.pow(27));
            }
        }
    }
}
