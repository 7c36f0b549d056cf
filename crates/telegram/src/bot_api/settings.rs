//! What a client is told once: its token, where the Bot API is, by which road, and how patient to be.

use hyper::http::uri::{Authority, Scheme};
use percent_encoding::percent_decode_str;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What proves to Telegram that we are the bot. Whoever reads it *is* the bot, so nothing here shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Box<str>);

impl Token {
    /// A token such as @BotFather gives: the bot's number, a colon, and letters, digits, `_` and `-`.
    pub fn new(text: &str) -> Result<Self, BadToken> {
        if text.is_empty() {
            return Err(BadToken::Empty);
        }
        let (bot, secret) = text.split_once(':').ok_or(BadToken::NoColon)?;
        if bot.is_empty() || bot.starts_with('0') || !bot.bytes().all(|each| each.is_ascii_digit()) {
            return Err(BadToken::NoNumber);
        }
        if secret.is_empty() || !secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            return Err(BadToken::OddSecret);
        }
        Ok(Self(text.into()))
    }

    /// The bot's own user id, which is no secret.
    pub fn bot_id(&self) -> Option<i64> {
        self.0.split_once(':')?.0.parse().ok()
    }

    /// The whole token: for the path of a call, and for whoever keeps it sealed.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What comes after the colon; for the one place that looks whether somebody echoed it.
    pub(super) fn secret(&self) -> &str {
        self.0.split_once(':').map_or(&*self.0, |(_, secret)| secret)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(the bot's token)")
    }
}

/// Why a text is no token. It does not say which text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadToken {
    /// Nothing there.
    #[error("the bot's token is empty")]
    Empty,
    /// No colon in it.
    #[error(
        "a bot's token has a colon in it, such as `123456:ABC-DEF`; copy the whole of it from @BotFather"
    )]
    NoColon,
    /// Something else than a number before the colon.
    #[error("a bot's token begins with the bot's number, such as `123456:ABC-DEF`")]
    NoNumber,
    /// After the colon something that no token has.
    #[error(
        "after its colon a bot's token has only letters, digits, `_` and `-`: is a space or a quote in it?"
    )]
    OddSecret,
}

/// What can be set about a client.
#[derive(Clone)]
pub struct Settings {
    /// Where the Bot API is. A path before `/bot...` may be part of it.
    pub api_url: String,
    /// Talk to Telegram's test environment.
    pub test_environment: bool,
    /// The road to it, if not the direct one.
    pub proxy: Option<Proxy>,
    /// How long one call may take, or one operation of the trait `Links`, with all its waits and tries.
    pub limit: Duration,
    /// The longest wait that Telegram asks for and that a call sits out; a longer one is reported at once. Whoever
    /// remembers waits themselves, across a restart, sits out none.
    pub longest_wait: Duration,
    /// How long making a connection may take: name look-up, proxy and TLS included.
    pub connect_limit: Duration,
    /// How many connections may lie idle.
    pub idle_connections: usize,
    /// How many bytes of an answer are read at most.
    pub longest_answer_bytes: usize,
}

impl Default for Settings {
    /// Telegram itself, directly, half a minute at most.
    fn default() -> Self {
        Self {
            api_url: "https://api.telegram.org".to_owned(),
            test_environment: false,
            proxy: None,
            limit: Duration::from_secs(30),
            longest_wait: Duration::MAX,
            connect_limit: Duration::from_secs(10),
            idle_connections: 32,
            // The largest answer is a page of updates, which Telegram cuts near 4 MiB.
            longest_answer_bytes: 8 << 20,
        }
    }
}

/// Does not show what is secret, even where it does not belong.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            api_url,
            test_environment,
            proxy,
            limit,
            longest_wait,
            connect_limit,
            idle_connections,
            longest_answer_bytes,
        } = self;
        f.debug_struct("Settings")
            .field("api_url", &without_secrets(api_url))
            .field("test_environment", test_environment)
            .field("proxy", proxy)
            .field("limit", limit)
            .field("longest_wait", longest_wait)
            .field("connect_limit", connect_limit)
            .field("idle_connections", idle_connections)
            .field("longest_answer_bytes", longest_answer_bytes)
            .finish()
    }
}

/// An address, which may be none, without the user in it and without what looks like a token.
fn without_secrets(api_url: &str) -> String {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| api_url.starts_with(scheme));
    let scheme = scheme.unwrap_or_default();
    let rest = &api_url[scheme.len()..];
    let (login, place) = rest.rsplit_once('@').map_or(("", rest), |(_, place)| ("..@", place));
    let (place, query) = place.find(['?', '#']).map_or((place, ""), |at| (&place[..at], "?.."));
    let mut parts = place.split('/');
    let host = parts.next().filter(|host| !has_odd_port(host)).unwrap_or("..");
    let path: String =
        parts.map(|part| if may_be_token(part) { "/..".to_owned() } else { format!("/{part}") }).collect();
    format!("{scheme}{login}{host}{path}{query}")
}

/// Whether the part of an address before its path has something else than a port after its colon.
fn has_odd_port(host: &str) -> bool {
    let port = host.rsplit_once(':').map_or("", |(_, port)| port);
    !host.ends_with(']') && !port.bytes().all(|each| each.is_ascii_digit())
}

/// Whether a part of a path could be a token: with `bot` before it, or with its colon.
fn may_be_token(part: &str) -> bool {
    let part = part.to_ascii_lowercase();
    let is_of_bot = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    part.contains(':') || part.contains("%3a") || part.strip_prefix("bot").is_some_and(is_of_bot)
}

/// Why a client cannot be made of these settings.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadSettings {
    /// The address of the Bot API is no address.
    #[error("the address of the Bot API {0}; a right one is `https://api.telegram.org`")]
    ApiUrl(&'static str),
}

/// Where the Bot API is, taken apart.
pub(super) struct Place {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    /// What stands before `/bot...`; empty for Telegram itself.
    pub(super) prefix: String,
}

impl Place {
    pub(super) fn read(api_url: &str) -> Result<Self, BadSettings> {
        let bad = BadSettings::ApiUrl;
        let uri: hyper::Uri = api_url.parse().map_err(|_| bad("cannot be read as a URL"))?;
        let parts = uri.into_parts();
        let scheme = parts
            .scheme
            .filter(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS)
            .ok_or(bad("does not begin with `https://` or `http://`"))?;
        let authority = parts.authority.ok_or(bad("names no host"))?;
        if authority.as_str().contains('@') {
            return Err(bad("has a user in it, which the Bot API does not know"));
        }
        let authority = match (authority.port_u16(), authority.as_str() == authority.host()) {
            // Connectors that go through a proxy take port 443 where none is named.
            (None, true) if scheme == Scheme::HTTP => {
                format!("{authority}:80").parse().map_err(|_| bad("names no host"))?
            }
            (None, true) | (Some(1..), _) => authority,
            // They also take 443 where they cannot read what is named, and would go to a stranger.
            _ => return Err(bad("has a port that is none")),
        };
        let path = parts.path_and_query.as_ref();
        if path.is_some_and(|path| path.query().is_some()) {
            return Err(bad("has a `?` in it"));
        }
        let prefix = path.map_or("", |path| path.path()).trim_end_matches('/').to_owned();
        if prefix.contains(':') {
            return Err(bad("has a token in it; give the token by itself"));
        }
        Ok(Self { scheme, authority, prefix })
    }
}

/// A proxy on the road to Telegram, such as `socks5://user:password@host:1080`. Names are looked up by the proxy,
/// not here.
///
/// An HTTP proxy is asked for a tunnel (`CONNECT`), even to a Bot API at `http://`; many allow tunnels to port 443
/// only. Without TLS to that Bot API, any proxy can read what passes, the token too.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    pub(super) kind: ProxyKind,
    /// Host and port.
    pub(super) authority: Authority,
    pub(super) login: Option<Login>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ProxyKind {
    /// An HTTP proxy that tunnels with `CONNECT`.
    Tunnel,
    Socks5,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
}

impl FromStr for Proxy {
    type Err = BadProxy;

    fn from_str(text: &str) -> Result<Self, BadProxy> {
        let (scheme, rest) = text.split_once("://").ok_or(BadProxy::Scheme)?;
        let kind = match scheme.to_ascii_lowercase().as_str() {
            "http" => ProxyKind::Tunnel,
            "socks5" | "socks5h" => ProxyKind::Socks5,
            _ => return Err(BadProxy::Scheme),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (login, address) = match rest.rsplit_once('@') {
            Some((login, address)) => (Some(Login::read(login)?), address),
            None => (None, rest),
        };
        let authority: Authority = address.parse().map_err(|_| BadProxy::Address)?;
        if authority.port_u16().is_none() || authority.host().is_empty() {
            return Err(BadProxy::Address);
        }
        Ok(Self { kind, authority, login })
    }
}

impl Login {
    fn read(text: &str) -> Result<Self, BadProxy> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let decode = |part| percent_decode_str(part).decode_utf8().map_err(|_| BadProxy::Login);
        let login = Self { user: decode(user)?.into_owned(), password: decode(password)?.into_owned() };
        // SOCKS counts their lengths in one byte.
        if login.user.len() > 255 || login.password.len() > 255 { Err(BadProxy::Login) } else { Ok(login) }
    }
}

/// Shows the way, and only that there is a login.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            ProxyKind::Tunnel => "http",
            ProxyKind::Socks5 => "socks5",
        };
        let login = if self.login.is_some() { "..@" } else { "" };
        write!(f, "{scheme}://{login}{}", self.authority)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// Why a text names no proxy. It does not say which text, for the sake of the password in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadProxy {
    /// Not a kind of proxy we know.
    #[error("a proxy begins with `http://` or `socks5://`, such as `socks5://user:password@host:1080`")]
    Scheme,
    /// No host, or no port.
    #[error("a proxy needs a host and a port, such as `http://host:3128`")]
    Address,
    /// User or password cannot be read.
    #[error(
        "the proxy's user and password are at most 255 bytes of UTF-8 each; write `@`, `:` and `/` in them as `%40`, `%3A`, `%2F`"
    )]
    Login,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_number_a_colon_and_a_secret() {
        let token = Token::new("123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11").unwrap();
        assert_eq!(token.bot_id(), Some(123_456));
        for (text, why) in [
            ("", BadToken::Empty),
            ("123456", BadToken::NoColon),
            (":ABC", BadToken::NoNumber),
            ("012:ABC", BadToken::NoNumber),
            ("bot12:ABC", BadToken::NoNumber),
            ("12:", BadToken::OddSecret),
            ("12:ABC\n", BadToken::OddSecret),
            ("12:A/B", BadToken::OddSecret),
            ("12:A%2FB", BadToken::OddSecret),
        ] {
            assert_eq!(Token::new(text), Err(why), "{text}");
        }
        assert_eq!(Token::new(&format!("{}:A", "9".repeat(40))).unwrap().bot_id(), None);
    }

    #[test]
    fn the_api_may_lie_under_a_path() {
        let check = |url: &str, authority: &str, prefix: &str| {
            let place = Place::read(url).unwrap();
            assert_eq!((place.authority.as_str(), place.prefix.as_str()), (authority, prefix), "{url}");
        };
        check("https://api.telegram.org", "api.telegram.org", "");
        check("https://api.telegram.org/", "api.telegram.org", "");
        check("http://127.0.0.1:8081/telegram/", "127.0.0.1:8081", "/telegram");
        check("http://localhost", "localhost:80", "");
        check("https://[::1]", "[::1]", "");
        check("http://[::1]", "[::1]:80", "");
        for wrong in [
            "",
            "api.telegram.org",
            "ftp://api.telegram.org",
            "https://",
            "https://me@api.telegram.org",
            "https://api.telegram.org?x=1",
            "https://api.telegram.org/bot12:ABC",
            "https://api.telegram.org:",
            "https://api.telegram.org:0",
            "https://api.telegram.org:80a",
            "https://api.telegram.org:99999",
            "http://[::1]:99999",
        ] {
            assert!(Place::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        let check = |api_url: &str, shown: &str| {
            let settings = Settings { api_url: api_url.to_owned(), ..Settings::default() };
            let expected = format!("Settings {{ api_url: {shown:?}, test_environment: false, proxy: None,");
            assert!(format!("{settings:?}").starts_with(&expected), "{settings:?}");
        };
        check("https://api.telegram.org", "https://api.telegram.org");
        check("http://127.0.0.1:8081/telegram/", "http://127.0.0.1:8081/telegram/");
        check("http://[::1]", "http://[::1]");
        check("http://[::1]:80/bots", "http://[::1]:80/bots");
        check("https://ann:canary@host:80/x", "https://..@host:80/x");
        check("https://ann:can/a@ry@host", "https://..@host");
        check("ann:canary@host", "..@host");
        check("https://host/bot12:canary/getMe", "https://host/../getMe");
        check("https://host/x/BOT12%3Acanary", "https://host/x/..");
        check("https://host/bot12canary", "https://host/..");
        check("https://host/12:canary", "https://host/..");
        check("https://host?token=canary", "https://host?..");
        check("https://host/#canary", "https://host/?..");
        check("https://12:canary", "https://..");
        check("12:canary", "..");
        check("", "");
    }

    #[test]
    fn a_proxy_is_a_scheme_a_login_and_a_place() {
        let check = |text: &str, shown: &str, login: Option<(&str, &str)>| {
            let proxy: Proxy = text.parse().unwrap();
            assert_eq!(proxy.to_string(), shown);
            let read = proxy.login.as_ref().map(|login| (login.user.as_str(), login.password.as_str()));
            assert_eq!(read, login, "{text}");
        };
        check("http://proxy:3128", "http://proxy:3128", None);
        check("socks5://ann:p%40ss@[::1]:1080/", "socks5://..@[::1]:1080", Some(("ann", "p@ss")));
        check("SOCKS5H://ann@proxy:1080", "socks5://..@proxy:1080", Some(("ann", "")));
        for wrong in ["", "proxy:3128", "https://proxy:3128", "http://proxy", "http://:3128", "socks4://a:1"]
        {
            assert!(wrong.parse::<Proxy>().is_err(), "{wrong}");
        }
        assert_eq!("http://%ff@proxy:1".parse::<Proxy>(), Err(BadProxy::Login));
    }
}
