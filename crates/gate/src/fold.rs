//! What stays of a text when nobody cares how it was typed.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// One text, folded two ways.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Folded {
    /// Without case, width, spaces, punctuation and what cannot be seen.
    pub(crate) key: String,
    /// The same without accents.
    pub(crate) bare: String,
}

/// Folds a text by Unicode's compatibility caseless matching (NFKC and full case folding), and then:
///
/// - digits of every script become `0` to `9`;
/// - spaces and punctuation vanish; between two digits a space stays, so that `1.5` is not `15`. What distinguishes
///   names stays: `#`, `%`, `&`, `@`, and every symbol;
/// - what cannot be seen vanishes: soft hyphens, joiners, direction marks, selectors of emoji;
/// - the Turkish `ı` and `İ` become `i`, since a case folding that knows no language cannot tell them apart.
pub(crate) fn fold(text: &str) -> Folded {
    let mut key = Line::default();
    let mut bare = Line::default();
    let mut base = ' ';
    let letters = text.chars().filter_map(before_folding);
    let letters = letters.nfd().default_case_fold().nfkd().default_case_fold().nfkd();
    for each in letters {
        match role(each) {
            Role::Unseen => {}
            Role::Gap => {
                key.gap();
                bare.gap();
            }
            // What is left of `İ` when its case is folded.
            Role::Mark if each == '\u{307}' && base == 'i' => {}
            Role::Mark => {
                key.push(each);
                if !is_accent(each, base) {
                    bare.push(each);
                }
            }
            Role::Seen(letter) => {
                base = letter;
                key.push(letter);
                match without_stroke(letter) {
                    Some(plain) => plain.chars().for_each(|each| bare.push(each)),
                    None => bare.push(letter),
                }
            }
        }
    }
    Folded { key: key.composed(), bare: bare.composed() }
}

/// A text that grows by what is seen.
#[derive(Default)]
struct Line {
    text: String,
    gap: bool,
}

impl Line {
    fn gap(&mut self) {
        self.gap = true;
    }

    fn push(&mut self, each: char) {
        let between_digits = each.is_ascii_digit() && self.text.ends_with(|last: char| last.is_ascii_digit());
        if self.gap && between_digits {
            self.text.push(' ');
        }
        self.gap = false;
        self.text.push(each);
    }

    fn composed(self) -> String {
        self.text.nfc().collect()
    }
}

enum Role {
    Seen(char),
    Mark,
    Gap,
    Unseen,
}

fn role(each: char) -> Role {
    match each {
        '#' | '%' | '&' | '@' => return Role::Seen(each),
        'ı' => return Role::Seen('i'),
        // Letters that serve as apostrophes; some appear only when another letter is folded.
        'ʹ' | 'ʻ' | 'ʼ' | 'ʽ' => return Role::Unseen,
        // Stretches an Arabic word and means nothing.
        '\u{640}' => return Role::Unseen,
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => return Role::Unseen,
        _ => {}
    }
    if let Some(digit) = digit(each) {
        return Role::Seen(digit);
    }
    if is_combining_mark(each) {
        return Role::Mark;
    }
    match each.general_category_group() {
        GeneralCategoryGroup::Punctuation | GeneralCategoryGroup::Separator => Role::Gap,
        _ if each.general_category() == GeneralCategory::Format => Role::Unseen,
        _ if each.is_control() => Role::Gap,
        _ => Role::Seen(each),
    }
}

/// Some characters fall apart when they are folded; what is to become of them is decided before.
fn before_folding(each: char) -> Option<char> {
    match each {
        // Typed beside their letter where a keyboard has no other way.
        '゛' => Some('\u{3099}'),
        '゜' => Some('\u{309a}'),
        // Accents that stand alone, and the colours of people.
        _ if each.general_category() == GeneralCategory::ModifierSymbol => None,
        _ => Some(each),
    }
}

/// Where the digits of the scripts begin; ten follow one another in each.
const ZEROS: [char; 27] = [
    '\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}', '\u{be6}',
    '\u{c66}', '\u{ce6}', '\u{d66}', '\u{de6}', '\u{e50}', '\u{ed0}', '\u{f20}', '\u{1040}', '\u{17e0}',
    '\u{1810}', '\u{1946}', '\u{19d0}', '\u{1a80}', '\u{1b50}', '\u{1bb0}', '\u{1c40}', '\u{a8d0}',
    '\u{ff10}',
];

/// The digit as `0` to `9`, of whatever script it is.
pub(crate) fn digit(each: char) -> Option<char> {
    if each.is_ascii_digit() {
        return Some(each);
    }
    let value =
        ZEROS.iter().find_map(|zero| u32::from(each).checked_sub(u32::from(*zero)).filter(|v| *v < 10));
    value.and_then(|value| char::from_digit(value, 10))
}

/// Whether a mark only says how to pronounce or stress its letter. In Latin and Greek all do; in Cyrillic the stress
/// marks and the dots of `ё`, but not the bow of `й`; in Hebrew and Arabic the points. In all other scripts a mark
/// is a vowel, a tone or another consonant, and without it the word is another word.
fn is_accent(mark: char, base: char) -> bool {
    match mark {
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' => match base {
            '\u{400}'..='\u{52f}' => matches!((mark, base), ('\u{300}' | '\u{301}', _) | ('\u{308}', 'е')),
            'a'..='z' | '\u{80}'..='\u{3ff}' | '\u{1d00}'..='\u{1fff}' | '\u{2c60}'..='\u{2c7f}' => true,
            '\u{a720}'..='\u{a7ff}' | '\u{ab30}'..='\u{ab6f}' => true,
            _ => false,
        },
        '\u{591}'..='\u{5c7}' => true,
        '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6ed}' => true,
        _ => false,
    }
}

/// Letters whose accent Unicode takes for a part of them.
fn without_stroke(letter: char) -> Option<&'static str> {
    Some(match letter {
        'đ' => "d",
        'ħ' => "h",
        'ł' => "l",
        'ø' => "o",
        'ŧ' => "t",
        'æ' => "ae",
        'œ' => "oe",
        _ => return None,
    })
}
