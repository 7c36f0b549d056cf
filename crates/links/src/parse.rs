//! Any spelling of an invite link, to its hash; or why it is none.
//!
//! The set accepted is the one Telegram's own client library accepts, odd corners included, with one kindness:
//! white space around the link is dropped first. Two links are the same if their hashes are.

use crate::link::is_cut_off;
use crate::{ChatName, LinkHash, NotAHash};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// The hash of an invite link to Telegram, however it is spelled.
///
/// ```
/// use admit_links::parse;
///
/// assert_eq!(parse("t.me/joinchat/AbC?x=1")?, parse("tg://join?invite=AbC")?);
/// # Ok::<(), admit_links::NotALink>(())
/// ```
pub fn parse(text: &str) -> Result<LinkHash, NotALink> {
    Parser::telegram().parse(text)
}

/// Reads invite links: those of Telegram, and those of the hosts it was told about.
#[derive(Clone, Debug)]
pub struct Parser {
    hosts: Vec<Host>,
}

impl Parser {
    /// Reads links to Telegram itself.
    pub fn telegram() -> Self {
        Self { hosts: TELEGRAM.map(|name| Host { name: name.to_owned(), port: None }).into() }
    }

    /// Reads links to this address too: a scheme, a host and perhaps a port, such as `http://127.0.0.1:8080`. With
    /// a port it is that port only; without one it is 80 and 443, as with Telegram's own hosts.
    pub fn and_host(mut self, address: &str) -> Result<Self, NotAHost> {
        let parts = Parts::of(address.trim()).map_err(|_| NotAHost)?;
        let is_plain = parts.scheme.is_some() && !parts.has_at && matches!(parts.path, "" | "/");
        if !is_plain || !is_host(parts.host) {
            return Err(NotAHost);
        }
        let port = parts.port.map(|digits| read_port(digits).ok_or(NotAHost)).transpose()?;
        self.hosts.push(Host { name: host_name(parts.host), port });
        Ok(self)
    }

    /// The hash in an invite link.
    pub fn parse(&self, text: &str) -> Result<LinkHash, NotALink> {
        let text = before(text.trim(), '#');
        match text.get(..3) {
            _ if text.is_empty() => Err(NotALink::Nothing),
            Some(scheme) if scheme.eq_ignore_ascii_case("tg:") => read_tg(&text[3..]),
            _ => self.read_web(text),
        }
    }

    fn read_web(&self, text: &str) -> Result<LinkHash, NotALink> {
        let parts = Parts::of(text)?;
        self.look_at(&parts)?;
        let mut path = parts.path.trim_end_matches([' ', '\t', '\r', '\n', '\0', '\u{b}']);
        path = before(path, '?');
        path = path.strip_prefix('/').unwrap_or(path);
        while let Some(rest) = path.strip_prefix("s/").or_else(|| path.strip_prefix("%73/")) {
            path = rest;
        }
        match segments(path).as_slice() {
            [] => Err(NotAHash::Empty.into()),
            [first, hash, ..] if first == "joinchat" => read_hash(hash),
            [first, ..] if first.len() >= 2 && first.starts_with(['+', ' ']) => read_hash(&first[1..]),
            [first, ..] => Err(another_kind(first)),
        }
    }

    /// Only our own hosts, at their ports, and nobody's name before them.
    fn look_at(&self, parts: &Parts<'_>) -> Result<(), NotALink> {
        if !parts.user_info.is_empty() {
            return Err(NotALink::UserInfo);
        }
        let name = host_name(parts.host);
        let mut known = self.hosts.iter().filter(|host| host.name == name).peekable();
        if known.peek().is_none() {
            return Err(strange_host(parts, &name));
        }
        let port = parts.effective_port().ok_or(NotALink::Port)?;
        if known.any(|host| host.listens_on(port)) { Ok(()) } else { Err(NotALink::Port) }
    }
}

/// Why a text is no invite link, in a sentence for whoever typed it. None repeats a hash.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotALink {
    /// Nothing to read.
    #[error("there is no link here; paste it whole, such as `https://t.me/+AbCdEf0123456789`")]
    Nothing,
    /// A word without an address around it.
    #[error("this is not a whole link; a hash alone becomes one with `https://t.me/+` before it")]
    NotWhole,
    /// A sentence with a link in it, perhaps.
    #[error("there is other text around the link; give the link alone")]
    TextAround,
    /// Its end is hidden.
    #[error(
        "the end of this link is hidden, as Telegram does with links of another administrator; ask them for it"
    )]
    Truncated,
    /// It should end in a hash, and does not.
    #[error(transparent)]
    Hash(#[from] NotAHash),
    /// Capital letters where Telegram wants small ones.
    #[error("`{0}` is written in small letters; Telegram does not take it otherwise")]
    Case(&'static str),
    /// Neither the web's scheme nor Telegram's.
    #[error("a link begins with `https://`, `http://` or `tg://`, or at once with `t.me`")]
    Scheme,
    /// Something stands before an `@`.
    #[error("a link has no user name or password before its host; take out what ends in `@`")]
    UserInfo,
    /// The right host, the wrong port.
    #[error("the host is right but its port is not; Telegram's links carry none, or 80 or 443")]
    Port,
    /// Nothing where the host belongs.
    #[error("there is no host before the first `/`; write `https://t.me/+` and the hash")]
    NoHost,
    /// A character that no host of ours has; it may only look like one that has.
    #[error(
        "`{}` (U+{code:04X}) is in none of Telegram's addresses; type `t.me` yourself", .0.escape_debug(),
        code = u32::from(*.0)
    )]
    HostCharacter(char),
    /// Somebody else's host.
    #[error("`{0}` is not where invite links lead; theirs are `t.me`, `telegram.me` and `telegram.dog`")]
    OtherHost(String),
    /// Two slashes in a row.
    #[error("there is a `/` too many after the host; write `https://t.me/+` and the hash")]
    ExtraSlash,
    /// The app's own kind of link, in a form it does not read.
    #[error("the app reads such a link as `tg://join?invite=` and the hash, and in no other form")]
    OddTg,
    /// The public name of a chat, a bot or a person.
    #[error("this is a public name, which needs no invitation; an invite link has a `+` before its hash")]
    PublicName,
    /// One message of a chat.
    #[error("this leads to a message for people who are members already; ask for the chat's invite link")]
    Message,
    /// A folder of chats.
    #[error("this leads to a shared folder of chats; ask for the invite link of the one chat")]
    Folder,
    /// An invoice.
    #[error("this leads to an invoice, not into a chat")]
    Invoice,
    /// Something else of Telegram.
    #[error("this leads somewhere else in Telegram; an invite link has a `+` before its hash")]
    AnotherKind,
}

/// This text is no address of a host. It may hold a password, so it is not repeated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no address of a host: give its scheme, host and port, such as `http://127.0.0.1:8080`")]
pub struct NotAHost;

const TELEGRAM: [&str; 3] = ["t.me", "telegram.me", "telegram.dog"];

/// Names have no longer host, so a longer one is not worth repeating whole.
const LONGEST_HOST: usize = 253;

/// Words of Telegram's own that nobody can have as a public name in a link.
const RESERVED: [&str; 25] = [
    "a",
    "addemoji",
    "addlist",
    "addstickers",
    "addstyle",
    "addtheme",
    "auction",
    "auth",
    "boost",
    "call",
    "confirmphone",
    "contact",
    "giftcode",
    "invoice",
    "joinchat",
    "k",
    "login",
    "m",
    "nft",
    "proxy",
    "setlanguage",
    "share",
    "socks",
    "web",
    "z",
];

#[derive(Clone, Debug)]
struct Host {
    name: String,
    port: Option<u16>,
}

impl Host {
    fn listens_on(&self, port: u16) -> bool {
        self.port.map_or(matches!(port, 80 | 443), |own| own == port)
    }
}

/// A web link taken apart as Telegram does it, which is not quite as browsers do.
struct Parts<'a> {
    scheme: Option<&'a str>,
    has_at: bool,
    user_info: &'a str,
    host: &'a str,
    port: Option<&'a str>,
    /// The rest, from its first `/` or `?` on.
    path: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, NotALink> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if !scheme.contains([':', '/', '?', '@', '[', ']']) => (Some(scheme), rest),
            _ => (None, text),
        };
        let is_web = |scheme: &str| ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
        if !scheme.is_none_or(is_web) {
            return Err(NotALink::Scheme);
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        // A colon is a port's only behind everything else, so that neither a password nor IPv6 is taken for one.
        let (place, port) = match authority.rfind([':', ']', '@']) {
            Some(at) if at > 0 && authority[at..].starts_with(':') => {
                (&authority[..at], Some(&authority[at + 1..]))
            }
            _ => (authority, None),
        };
        let (user_info, host) = place.rsplit_once('@').unwrap_or(("", place));
        Ok(Self { scheme, has_at: place.contains('@'), user_info, host, port, path })
    }

    fn is_bare_word(&self) -> bool {
        self.scheme.is_none() && self.path.is_empty() && !self.host.contains('.')
    }

    fn effective_port(&self) -> Option<u16> {
        match (self.port, self.scheme) {
            (Some(digits), _) => read_port(digits),
            (None, Some(scheme)) if scheme.eq_ignore_ascii_case("https") => Some(443),
            (None, _) => Some(80),
        }
    }
}

/// A name, an IPv4 address, or an IPv6 address in its brackets.
fn is_host(text: &str) -> bool {
    let is_name = |text: &str| !text.is_empty() && text.chars().all(is_host_character);
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => {
            inner.split(':').any(is_name) && inner.split(':').all(|part| part.is_empty() || is_name(part))
        }
        None => is_name(text),
    }
}

fn is_host_character(each: char) -> bool {
    each.is_ascii_alphanumeric() || matches!(each, '.' | '-' | '_')
}

fn read_port(digits: &str) -> Option<u16> {
    // Rust would read `+80` as a number too.
    let number = digits.trim_start_matches('0');
    number.bytes().all(|each| each.is_ascii_digit()).then(|| number.parse().ok()).flatten()
}

fn host_name(host: &str) -> String {
    let name = decoded(host).to_ascii_lowercase();
    match name.strip_prefix("www.") {
        Some(rest) => rest.to_owned(),
        None => name,
    }
}

/// What follows `tg:`. Telegram takes this one form.
fn read_tg(rest: &str) -> Result<LinkHash, NotALink> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, arguments) = rest.split_once('?').unwrap_or((rest, ""));
    match segments(path).as_slice() {
        [word] if word == "join" => read_hash(&invite_of(arguments)?),
        [word] if word.eq_ignore_ascii_case("join") => Err(NotALink::Case("join")),
        [word] if word == "resolve" => Err(NotALink::PublicName),
        [word] if word == "privatepost" => Err(NotALink::Message),
        [word] if word == "addlist" => Err(NotALink::Folder),
        [word] if word == "invoice" => Err(NotALink::Invoice),
        [word] if word.bytes().all(|each| each.is_ascii_alphanumeric()) => Err(NotALink::AnotherKind),
        _ => Err(NotALink::OddTg),
    }
}

/// The first argument called `invite`; a later one is as if it were not there.
fn invite_of(arguments: &str) -> Result<String, NotALink> {
    let read = |text: &str| decoded(&text.replace('+', " ")).into_owned();
    let pairs = || arguments.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    if let Some((_, value)) = pairs().find(|(key, _)| read(key) == "invite") {
        return Ok(read(value));
    }
    let is_near = pairs().any(|(key, _)| read(key).eq_ignore_ascii_case("invite"));
    Err(if is_near { NotALink::Case("invite") } else { NotAHash::Empty.into() })
}

fn read_hash(text: &str) -> Result<LinkHash, NotALink> {
    if is_cut_off(text) { Err(NotALink::Truncated) } else { Ok(LinkHash::new(text)?) }
}

/// What a person should know about a host that is none of ours.
fn strange_host(parts: &Parts<'_>, name: &str) -> NotALink {
    let odd = name.chars().find(|each| !is_host_character(*each));
    if parts.host.is_empty() {
        NotALink::NoHost
    } else if parts.host.contains(char::is_whitespace) {
        NotALink::TextAround
    } else if parts.path.is_empty() && is_cut_off(parts.host) {
        NotALink::Truncated
    } else if parts.is_bare_word() && parts.has_at {
        NotALink::PublicName
    } else if parts.is_bare_word() {
        NotALink::NotWhole
    } else if let Some(odd) = odd {
        NotALink::HostCharacter(odd)
    } else if name.strip_suffix(".t.me").is_some_and(is_subdomain) {
        NotALink::PublicName
    } else {
        NotALink::OtherHost(name.chars().take(LONGEST_HOST).collect())
    }
}

/// What a path that begins with this word leads to.
fn another_kind(word: &str) -> NotALink {
    match word {
        "" => NotALink::ExtraSlash,
        "+" | " " | "joinchat" => NotAHash::Empty.into(),
        "c" => NotALink::Message,
        "addlist" => NotALink::Folder,
        "invoice" => NotALink::Invoice,
        _ if word.starts_with('$') => NotALink::Invoice,
        _ if word.eq_ignore_ascii_case("joinchat") => NotALink::Case("joinchat"),
        _ if is_cut_off(word) => NotALink::Truncated,
        _ if is_public_name(word) => NotALink::PublicName,
        _ => NotALink::AnotherKind,
    }
}

fn is_public_name(word: &str) -> bool {
    ChatName::new(word).is_ok() && !RESERVED.contains(&word)
}

/// Telegram gives each public name of four letters or more a subdomain.
fn is_subdomain(word: &str) -> bool {
    word.len() >= 4 && is_public_name(word)
}

/// The steps of a path, decoded one by one, so that an encoded `/` does not part them; empty ones at the end are
/// dropped.
fn segments(path: &str) -> Vec<Cow<'_, str>> {
    match path.trim_end_matches('/') {
        "" => Vec::new(),
        steps => steps.split('/').map(decoded).collect(),
    }
}

/// Bytes that are no text become a character that no hash and no host has.
fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

fn before(text: &str, end: char) -> &str {
    text.split(end).next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HASH: &str = "AbCdEf0123456789";

    fn check(text: &str, expected: Result<&str, NotALink>) {
        let read = parse(text);
        assert_eq!(read.as_ref().map(LinkHash::as_str), expected.as_ref().copied(), "{text:?}");
    }

    fn accept(text: &str, hash: &str) {
        check(text, Ok(hash));
    }

    fn refuse(text: &str, why: NotALink) {
        check(text, Err(why));
    }

    #[test]
    fn hosts_schemes_and_their_case() {
        for start in [
            "https://t.me",
            "http://t.me",
            "t.me",
            "T.ME",
            "HTTPS://T.Me",
            "https://www.t.me",
            "https://telegram.me",
            "https://telegram.dog",
            "https://T%2Eme",
            "https://t.me:443",
            "https://t.me:80",
            "http://t.me:443",
            "https://t.me:0443",
            "https://@t.me",
        ] {
            accept(&format!("{start}/+{HASH}"), HASH);
        }
        accept("https://www.telegram.dog/joinchat/X", "X");
    }

    #[test]
    fn the_old_form_takes_anything_behind_the_hash() {
        for end in ["", "/", "/extra/path", "?x=1", "#frag"] {
            accept(&format!("https://t.me/joinchat/X{end}"), "X");
        }
        accept("https://t.me/joinchat/123456a", "123456a");
    }

    #[test]
    fn the_new_form_takes_anything_behind_the_hash() {
        for end in ["?x=1", "#frag", "/extra", " ", "?startapp=1", "\u{b}\0", " #frag", "/"] {
            accept(&format!("t.me/+X{end}"), "X");
        }
        for plus in ["%2B", "%20", " "] {
            accept(&format!("https://t.me/{plus}X"), "X");
        }
    }

    #[test]
    fn hashes_of_every_shape() {
        let long = "1".repeat(33);
        for hash in ["Ab_Cd-Ef", "-_", "a", "12345a", "0123456789abcdef", &long] {
            accept(&format!("https://t.me/+{hash}"), hash);
        }
        accept("https://t.me/+AbC%2dEf", "AbC-Ef");
        accept("tg://join?invite=abc%30def", "abc0def");
    }

    #[test]
    fn previews_of_channels_lead_on() {
        accept("https://t.me/s/+abcdef", "abcdef");
        accept("https://t.me/%73/+abcdef", "abcdef");
        accept("https://t.me/s/joinchat/abc", "abc");
        accept("https://t.me/s/s/%73/+abc", "abc");
        refuse("https://t.me/s//+abc", NotALink::ExtraSlash);
    }

    #[test]
    fn the_form_of_the_app() {
        for text in [
            "tg://join?invite=X",
            "tg:join?invite=X",
            "TG://join?invite=X",
            "tg://join/?invite=X",
            "tg://join?x=1&invite=X",
            "tg://join?invite=X&x=1",
            "tg://join?invite=X#frag",
            "tg://join?invite=X&invite=Y",
            "tg://%6aoin?%69nvite=X",
        ] {
            accept(text, "X");
        }
    }

    #[test]
    fn white_space_around_is_no_part_of_the_link() {
        accept(" https://t.me/+X", "X");
        accept("\n\ttg://join?invite=X\u{a0}\r\n", "X");
    }

    #[test]
    fn digits_are_a_telephone_number() {
        let number = NotALink::Hash(NotAHash::Telephone);
        refuse("https://t.me/+123456", number.clone());
        refuse("https://t.me/+1", number.clone());
        refuse(&format!("https://t.me/+{}", "1".repeat(32)), number.clone());
        refuse("https://t.me/joinchat/123456", number.clone());
        refuse("tg://join?invite=123456", number);
    }

    #[test]
    fn there_is_no_hash() {
        for text in [
            "https://t.me/+",
            "https://t.me/",
            "https://t.me",
            "https://t.me?x=/+X",
            "https://t.me/joinchat",
            "https://t.me/joinchat/",
            "https://t.me/joinchat//X",
            "https://t.me/joinchat?invite=X",
            "tg://join?invite=",
            "tg://join?invite&invite=X",
            "tg://join",
        ] {
            refuse(text, NotALink::Hash(NotAHash::Empty));
        }
        refuse("", NotALink::Nothing);
        refuse(" \n", NotALink::Nothing);
        refuse("#t.me/+X", NotALink::Nothing);
    }

    #[test]
    fn the_words_have_small_letters() {
        refuse("https://t.me/JoinChat/X", NotALink::Case("joinchat"));
        refuse("tg://JOIN?invite=X", NotALink::Case("join"));
        refuse("tg://join?INVITE=X", NotALink::Case("invite"));
        refuse("tg://join?Invite=X", NotALink::Case("invite"));
    }

    #[test]
    fn no_hash_has_such_a_character() {
        let odd = |character| NotALink::Hash(NotAHash::Character(character));
        refuse("https://t.me/+Ab=Cd", odd('='));
        refuse("https://t.me/+Ab.Cd", odd('.'));
        refuse("https://t.me/+Ab+Cd", odd('+'));
        refuse("https://t.me/++X", odd('+'));
        refuse("https://t.me/+X&x=1", odd('&'));
        refuse("https://t.me/+X%20", odd(' '));
        refuse("https://t.me/+X%00", odd('\0'));
        refuse("https://t.me/+X\\", odd('\\'));
        refuse("https://t.me/+Xé", odd('é'));
        refuse("https://t.me/+X%FF", odd('\u{fffd}'));
        refuse("https://t.me/+X%2", odd('%'));
        refuse("https://t.me/+X here it is", odd(' '));
        refuse("https://t.me/joinchat/+abc", odd('+'));
        refuse("https://t.me/joinchat/%2Babc", odd('+'));
        refuse("https://t.me/joinchat/abc%2Fdef", odd('/'));
        refuse("https://t.me/joinchat/AAAA=", odd('='));
        refuse("tg://join?invite=%2BX", odd('+'));
        refuse("tg://join?invite=abc%20def", odd(' '));
        refuse("tg://join?invite=abc+def", odd(' '));
    }

    #[test]
    fn a_link_of_another_administrator_is_cut_off() {
        for text in [
            "https://t.me/+X...",
            "https://t.me/+X…",
            "https://t.me/+X%E2%80%A6",
            "https://t.me/joinchat/AAAAAE...",
            "https://t.me/...",
            "https://t.me…",
            "tg://join?invite=X…",
        ] {
            refuse(text, NotALink::Truncated);
        }
        accept("https://t.me/+X?x=...", "X");
    }

    #[test]
    fn the_app_takes_one_form_only() {
        for text in [
            "tg:///join?invite=X",
            "tg:/join?invite=X",
            "tg:join&invite=X",
            "tg://join:80?invite=X",
            "tg://user@join?invite=X",
            "tg:https://join?invite=X",
            "tg://join/X",
            "tg:",
        ] {
            refuse(text, NotALink::OddTg);
        }
        refuse("tg://resolve?domain=joinchat", NotALink::PublicName);
        refuse("tg://privatepost?channel=1&post=2", NotALink::Message);
        refuse("tg://addlist?slug=X", NotALink::Folder);
        refuse("tg://invoice?slug=X", NotALink::Invoice);
        refuse("tg://settings", NotALink::AnotherKind);
    }

    #[test]
    fn other_hosts_are_not_telegrams() {
        for (text, host) in [
            ("https://telegram.org/+X", "telegram.org"),
            ("https://tx.me/+X", "tx.me"),
            ("https://t.me.evil.com/+X", "t.me.evil.com"),
            ("https://evil.com/t.me/+X", "evil.com"),
            ("https://t.me./+X", "t.me."),
            ("https://www.www.t.me/+X", "www.t.me"),
            ("https://web.t.me/+X", "web.t.me"),
            ("https://a.t.me/+X", "a.t.me"),
            ("https://joinchat.t.me/X", "joinchat.t.me"),
            ("localhost/+X", "localhost"),
        ] {
            refuse(text, NotALink::OtherHost(host.into()));
        }
        refuse("https://abcd.t.me/joinchat/X", NotALink::PublicName);
        refuse("https://username.t.me/+X", NotALink::PublicName);
        refuse("https://т.me/+X", NotALink::HostCharacter('т'));
        refuse("https://t.me\\+X", NotALink::HostCharacter('\\'));
        refuse("https://t.me%/+X", NotALink::HostCharacter('%'));
        refuse("http://[::1]/+X", NotALink::HostCharacter('['));
    }

    #[test]
    fn the_rest_of_the_address_is_plain() {
        refuse("https://user@t.me/+X", NotALink::UserInfo);
        refuse("https://user:80@t.me/+X", NotALink::UserInfo);
        for port in ["8443", "0", "", "+80", "65616", "99999999999999999999", "80a"] {
            refuse(&format!("http://t.me:{port}/+X"), NotALink::Port);
        }
        refuse("ftp://t.me/+X", NotALink::Scheme);
        refuse("://t.me/+X", NotALink::Scheme);
        refuse("https://tg://join?invite=X", NotALink::OtherHost("tg".into()));
        refuse("//t.me/+X", NotALink::NoHost);
        refuse("https:///+X", NotALink::NoHost);
        refuse("https://t.me//+X", NotALink::ExtraSlash);
        refuse("join us at t.me/+X", NotALink::TextAround);
    }

    #[test]
    fn a_word_is_no_link() {
        refuse("username", NotALink::NotWhole);
        refuse("X", NotALink::NotWhole);
        refuse("+X", NotALink::NotWhole);
        refuse("@username", NotALink::PublicName);
    }

    #[test]
    fn telegram_has_other_links() {
        refuse("https://t.me/username", NotALink::PublicName);
        refuse("https://t.me/@username", NotALink::PublicName);
        refuse("https://t.me/username/123", NotALink::PublicName);
        refuse("https://t.me/c/12345/6", NotALink::Message);
        refuse("https://t.me/addlist/X", NotALink::Folder);
        refuse("https://t.me/$X", NotALink::Invoice);
        refuse("https://t.me/invoice/X", NotALink::Invoice);
        refuse("https://t.me/addstickers/X", NotALink::AnotherKind);
    }

    #[test]
    fn a_host_of_ones_own_is_read_like_telegrams() {
        let parser = Parser::telegram().and_host("http://127.0.0.1:8080/").unwrap();
        let parser =
            parser.and_host("http://[::1]:8080").unwrap().and_host("https://www.Garden.example").unwrap();
        for text in [
            "http://127.0.0.1:8080/+X",
            "127.0.0.1:8080/joinchat/X",
            "http://[::1]:8080/s/+X",
            "https://garden.example/+X?x=1",
            "https://t.me/+X",
            "tg://join?invite=X",
        ] {
            assert_eq!(parser.parse(text).map_err(|why| format!("{text}: {why}")).unwrap().as_str(), "X");
        }
        for text in ["http://127.0.0.1/+X", "http://127.0.0.1:80/+X", "https://garden.example:8080/+X"] {
            assert_eq!(parser.parse(text), Err(NotALink::Port), "{text}");
        }
        assert_eq!(parser.parse("http://u@127.0.0.1:8080/+X"), Err(NotALink::UserInfo));
    }

    #[test]
    fn a_host_of_ones_own_is_an_address_and_nothing_more() {
        for wrong in [
            "",
            "h:80",
            "http://",
            "http://u@h",
            "http://@h",
            "http://h/path",
            "http://h?x",
            "http://h#x",
            "http://h:99999",
            "http://a b",
            "http://[]",
            "http://[::1",
            "ftp://h",
        ] {
            assert!(Parser::telegram().and_host(wrong).is_err(), "{wrong:?}");
        }
    }

    /// Every way to write a hash that Telegram reads.
    fn spellings(hash: &str) -> Vec<String> {
        let encoded: String = hash.bytes().map(|each| format!("%{each:02x}")).collect();
        let mut all = Vec::new();
        for host in TELEGRAM {
            for scheme in ["", "http://", "HTTPS://"] {
                for place in ["", "www."] {
                    for step in ["+", "%2B", " ", "joinchat/", "s/+"] {
                        all.push(format!("{scheme}{place}{host}/{step}{hash}"));
                        all.push(format!(" {scheme}{place}{host}:443/{step}{encoded}/x?y#z\n"));
                    }
                }
            }
        }
        for start in ["tg:", "tg://", "TG://"] {
            all.push(format!("{start}join?invite={hash}"));
            all.push(format!("{start}join/?x=1&invite={encoded}&invite=Y"));
        }
        all
    }

    fn any_hash() -> impl Strategy<Value = LinkHash> {
        "[A-Za-z0-9_-]{1,40}".prop_filter_map("a telephone number", |text| LinkHash::new(&text).ok())
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = parse(&text);
            let _ = Parser::telegram().and_host(&text);
        }

        #[test]
        fn what_is_nearly_a_link_is_read_once_and_for_all(
            text in "(tg:|https?:)?(//)?(www.|u@)?(t.me|telegram.dog|join)(:80|:x)?[/?](s/|joinchat/|[+])?[A-Za-z0-9_.%+&=/#? …-]{0,12}"
        ) {
            if let Ok(hash) = parse(&text) {
                prop_assert_eq!(parse(hash.url().as_str()), Ok(hash));
            }
        }

        #[test]
        fn every_spelling_is_the_same_link(hash in any_hash()) {
            for text in spellings(hash.as_str()) {
                prop_assert_eq!(parse(&text), Ok(hash.clone()), "{}", text);
            }
        }

        #[test]
        fn the_case_of_a_hash_is_kept(hash in any_hash()) {
            let swapped: String = hash.as_str().chars().map(|each| match each {
                'a'..='z' => each.to_ascii_uppercase(),
                other => other.to_ascii_lowercase(),
            }).collect();
            prop_assume!(swapped != hash.as_str());
            prop_assert_ne!(parse(&format!("t.me/+{swapped}")), Ok(hash));
        }

        #[test]
        fn no_refusal_repeats_a_hash(hash in "[a-z]{12}") {
            for text in [&hash, &format!("+{hash}"), &format!("t.me/{hash}"), &format!("t.me/+{hash}."),
                &format!("t.me\\+{hash}"), &format!("evil.example/+{hash}"), &format!("t.me+{hash}")] {
                let why = parse(text).unwrap_err();
                prop_assert!(!format!("{why} {why:?}").contains(&hash), "{}", why);
            }
        }
    }
}
