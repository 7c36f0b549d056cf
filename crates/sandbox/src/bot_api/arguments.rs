//! The arguments of a call, read as leniently as the real server reads them: nothing here is ever an error but
//! size and broken multipart. (Bot API server, `HttpReader`, `Client::get_integer_arg`, `to_bool`.)

use percent_encoding::percent_decode;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Arguments by name; the first of a name wins, and an absent one is the same as an empty one.
#[derive(Debug, Default)]
pub struct Arguments(Vec<(Vec<u8>, Vec<u8>)>);

/// Why a request is turned away before anybody looks at its method; the answer has no body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// All arguments together are over a megabyte.
    TooLarge,
    /// Multipart without a boundary or a field without a name.
    Broken,
}

const MOST_BYTES: usize = 1 << 20;

impl Arguments {
    /// The arguments of the query string and then of the body.
    pub fn read(query: &str, content_type: &str, body: &[u8]) -> Result<Self, Unreadable> {
        let mut arguments = Self::default();
        arguments.read_form(query.as_bytes());
        let content_type = content_type.to_ascii_lowercase();
        if content_type.contains("application/x-www-form-urlencoded") {
            arguments.read_form(body);
        } else if content_type.contains("multipart/form-data") {
            arguments.read_multipart(&content_type, body)?;
        } else if content_type.contains("application/json") {
            arguments.read_json(body);
        }
        let size: usize = arguments.0.iter().map(|(name, value)| name.len() + value.len()).sum();
        if size > MOST_BYTES { Err(Unreadable::TooLarge) } else { Ok(arguments) }
    }

    /// An argument's bytes.
    pub fn bytes(&self, name: &str) -> &[u8] {
        self.0.iter().find(|(known, _)| known == name.as_bytes()).map_or(&[], |(_, value)| value)
    }

    /// An argument as text; nothing, if it is not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.bytes(name)).ok()
    }

    /// An argument as text, where odd bytes do no harm.
    pub fn lossy(&self, name: &str) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes(name))
    }

    /// An argument as a number of 32 bits that wraps, clamped into a range afterwards.
    pub fn int(&self, name: &str, least: i32, most: i32) -> i32 {
        #[allow(clippy::cast_possible_truncation, reason = "the real server wraps too")]
        let number = wrapping(self.bytes(name)) as i32;
        number.clamp(least, most)
    }

    /// An argument as a number of 64 bits that wraps.
    pub fn long(&self, name: &str) -> i64 {
        wrapping(self.bytes(name))
    }

    /// `true`, `yes` and `1` are true, in any case; everything else is false.
    pub fn flag(&self, name: &str) -> bool {
        let text = self.lossy(name).trim().to_ascii_lowercase();
        matches!(text.as_str(), "true" | "yes" | "1")
    }

    fn read_form(&mut self, form: &[u8]) {
        for pair in form.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let mut half = || unescape(halves.next().unwrap_or_default());
            self.0.push((half(), half()));
        }
    }

    fn read_multipart(&mut self, content_type: &str, body: &[u8]) -> Result<(), Unreadable> {
        // The boundary's case matters, and the content type was lowered: it stands at the body's beginning too.
        let boundary = content_type.split_once("boundary=").ok_or(Unreadable::Broken)?.1;
        let length = boundary.split(';').next().unwrap_or_default().trim().trim_matches('"').len();
        if length == 0 || length > 70 {
            return Err(Unreadable::Broken);
        }
        let start = find(body, b"--").ok_or(Unreadable::Broken)?;
        let first = body.get(start..start + length + 2).ok_or(Unreadable::Broken)?;
        let mut rest = &body[start + first.len()..];
        // It ends a part only where a line begins: a value may contain it.
        let delimiter = [b"\r\n", first].concat();
        while let Some(part) = rest.strip_prefix(b"\r\n") {
            let end = find(part, &delimiter).ok_or(Unreadable::Broken)?;
            let (part, after) = (&part[..end], &part[end + delimiter.len()..]);
            let split = find(part, b"\r\n\r\n").ok_or(Unreadable::Broken)?;
            let headers = String::from_utf8_lossy(&part[..split]);
            let name = field(&headers, "name").ok_or(Unreadable::Broken)?;
            if field(&headers, "filename").is_none() {
                self.0.push((name.into_bytes(), part[split + 4..].to_vec()));
            }
            rest = after;
        }
        Ok(())
    }

    /// What was read before a syntax error stays.
    fn read_json(&mut self, body: &[u8]) {
        let mut json = Json { rest: body };
        match json.peek() {
            Some(b'"') => {
                if let Some(text) = json.string() {
                    self.0.push((b"content".to_vec(), text));
                }
            }
            Some(b'{') => {
                json.rest = &json.rest[1..];
                while let Some((name, value)) = json.pair() {
                    self.0.push((name, value));
                    if !json.skip(b',') {
                        break;
                    }
                }
            }
            _ => {}
        }
    }
}

/// A reader of JSON that stops where it does not understand.
struct Json<'a> {
    rest: &'a [u8],
}

impl Json<'_> {
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    fn skip(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        if is_there {
            self.rest = &self.rest[1..];
        }
        is_there
    }

    /// A name and its value: texts are decoded, everything else stays as it is written.
    fn pair(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let name = self.string()?;
        if !self.skip(b':') {
            return None;
        }
        let value = if self.peek()? == b'"' { self.string()? } else { self.raw()?.to_vec() };
        Some((name, value))
    }

    /// A text without its quotes. The real reader takes raw bytes as they are, so this one does too.
    fn string(&mut self) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        let mut at = 1;
        loop {
            match *self.rest.get(at)? {
                b'"' => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                b'\\' => {
                    let escaped = *self.rest.get(at + 1)?;
                    at += 2;
                    match escaped {
                        b'b' => text.push(8),
                        b'f' => text.push(12),
                        b'n' => text.push(b'\n'),
                        b'r' => text.push(b'\r'),
                        b't' => text.push(b'\t'),
                        b'u' => {
                            let (character, length) = unicode(&self.rest[at..])?;
                            text.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
                            at += length;
                        }
                        other => text.push(other),
                    }
                }
                byte => {
                    text.push(byte);
                    at += 1;
                }
            }
        }
    }

    /// A number, word, list or object as it is written.
    fn raw(&mut self) -> Option<&[u8]> {
        let mut values = serde_json::Deserializer::from_slice(self.rest).into_iter::<&RawValue>();
        let raw = values.next()?.ok()?.get().as_bytes();
        self.rest = &self.rest[values.byte_offset()..];
        Some(raw)
    }
}

/// The character of `XXXX` or of a pair `XXXX\uXXXX`, and how many bytes spelled it.
fn unicode(spelled: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = std::str::from_utf8(spelled.get(at..at + 4)?).ok()?;
        u16::from_str_radix(digits, 16).ok()
    };
    let first = unit(0)?;
    if (0xd800..0xdc00).contains(&first) && spelled.get(4..6) == Some(b"\\u") {
        let pair = char::decode_utf16([first, unit(6)?]).next()?.ok()?;
        return Some((pair, 10));
    }
    Some((char::from_u32(u32::from(first))?, 4))
}

/// Form text: `+` is a space, and bytes are percent-encoded.
fn unescape(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    percent_decode(&spaced).collect()
}

/// An optional `-`, then digits until something else comes; too many of them wrap.
pub(super) fn wrapping(text: &[u8]) -> i64 {
    let (negative, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let add = |number: i64, digit: &u8| number.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
    let number = digits.iter().take_while(|byte| byte.is_ascii_digit()).fold(0, add);
    if negative { number.wrapping_neg() } else { number }
}

/// The value of `name="..."` in a part's headers.
fn field(headers: &str, name: &str) -> Option<String> {
    let disposition =
        headers.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    disposition.split(';').find_map(|piece| {
        let (known, value) = piece.trim().split_once('=')?;
        (known == name).then(|| value.trim_matches('"').to_owned())
    })
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(body: &str) -> Arguments {
        Arguments::read("", "application/json", body.as_bytes()).unwrap()
    }

    #[test]
    fn numbers_wrap_and_are_clamped_and_never_fail() {
        for (text, number) in [
            ("abc", 0),
            ("", 0),
            (" 12", 0),
            ("1e3", 1),
            ("0x10", 0),
            ("2147483648", -2_147_483_648),
            ("4294967297", 1),
            ("1735689600000", 522_812_416),
            ("12abc", 12),
            ("+5", 0),
            ("5.7", 5),
            ("-1", -1),
            ("4294967296", 0),
            ("99999999999", 1_215_752_191),
            ("-2147483649", 2_147_483_647),
        ] {
            let query = format!("n={}", text.replace('+', "%2B"));
            let arguments = Arguments::read(&query, "", b"").unwrap();
            assert_eq!(arguments.int("n", i32::MIN, i32::MAX), number, "{text:?}");
        }
        assert_eq!(Arguments::read("n=123456", "", b"").unwrap().int("n", 0, 100), 100);
    }

    #[test]
    fn flags_are_true_in_three_spellings() {
        for (text, flag) in
            [("true", true), ("YES", true), (" 1 ", true), ("on", false), ("2", false), ("", false)]
        {
            let arguments = Arguments::read(&format!("f={text}"), "", b"").unwrap();
            assert_eq!(arguments.flag("f"), flag, "{text:?}");
        }
    }

    #[test]
    fn the_query_comes_first_and_the_first_wins() {
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        let arguments = Arguments::read("a=1&a=2&b=x+y%21", form, b"a=3&c=4").unwrap();
        assert_eq!(arguments.bytes("a"), b"1");
        assert_eq!(arguments.bytes("b"), b"x y!");
        assert_eq!(arguments.bytes("c"), b"4");
        assert_eq!(arguments.bytes("d"), b"");
    }

    #[test]
    fn broken_json_keeps_what_stood_before_the_break() {
        let arguments =
            json(r#"{"a":"x\u00e9\ud83d\ude00\n", "b": -5.7, "c":[1, "]"], "d":null, "e" 1, "f":2}"#);
        assert_eq!(arguments.text("a"), Some("xé😀\n"));
        assert_eq!(arguments.bytes("b"), b"-5.7");
        assert_eq!(arguments.bytes("c"), br#"[1, "]"]"#);
        assert_eq!(arguments.bytes("d"), b"null");
        assert_eq!(arguments.bytes("e"), b"");
        assert_eq!(arguments.bytes("f"), b"");
    }

    #[test]
    fn odd_json_is_no_error() {
        assert_eq!(json(r#" {"a":1,} trailing"#).bytes("a"), b"1");
        assert_eq!(json(r#""hello""#).bytes("content"), b"hello");
        for nothing in ["[1]", "17", "", "{", r#"{"a"#, r#"{"a":"#, r#"{"a":tru}"#, r#"{"a":[1}"#, "\u{0}"] {
            assert_eq!(json(nothing).bytes("a"), b"", "{nothing:?}");
        }
    }

    #[test]
    fn multipart_gives_its_texts_and_skips_its_files() {
        let body = "--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n\
            --XyZ\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f.pem\"\r\n\r\nfile\r\n--XyZ--\r\n";
        let read = |content_type: &str| Arguments::read("", content_type, body.as_bytes());
        let arguments = read("multipart/form-data; boundary=XyZ").unwrap();
        assert_eq!((arguments.bytes("a"), arguments.bytes("f")), (&b"one"[..], &b""[..]));
        assert_eq!(read("multipart/form-data").unwrap_err(), Unreadable::Broken);
        let body = b"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n5--B\r\n--B--";
        let arguments = Arguments::read("", "multipart/form-data; boundary=B", body).unwrap();
        assert_eq!(arguments.bytes("a"), b"5--B", "a boundary within a line is text");
        assert_eq!(
            Arguments::read("", "multipart/form-data; boundary=XyZ", b"--XyZ\r\n\r\none\r\n--XyZ--")
                .unwrap_err(),
            Unreadable::Broken
        );
    }

    #[test]
    fn a_megabyte_is_enough() {
        let body = format!("a={}", "x".repeat(MOST_BYTES));
        let read = Arguments::read("", "application/x-www-form-urlencoded", body.as_bytes());
        assert_eq!(read.unwrap_err(), Unreadable::TooLarge);
    }
}
