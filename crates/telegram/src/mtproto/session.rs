//! A session as it is kept, and what can be set about a client of it.

use grammers_session::SessionData;
use grammers_session::storages::MemorySession;
use grammers_session::types::DcOption;
use std::fmt;
use std::net::{SocketAddrV4, SocketAddrV6};
use std::str::FromStr;
use std::time::Duration;

/// Where an account is at home, and the key it is logged in with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// The number of its data centre.
    pub dc_id: i32,
    /// That data centre's address.
    pub address: SocketAddrV4,
    /// The key.
    pub auth_key: AuthKey,
}

impl Session {
    /// The session as the library keeps it: in memory, for as long as it runs.
    pub(super) fn storage(&self) -> MemorySession {
        let ipv6 = SocketAddrV6::new(self.address.ip().to_ipv6_mapped(), self.address.port(), 0, 0);
        let home =
            DcOption { id: self.dc_id, ipv4: self.address, ipv6, auth_key: Some(*self.auth_key.reveal()) };
        let mut data = SessionData { home_dc: self.dc_id, ..SessionData::default() };
        data.dc_options.insert(self.dc_id, home);
        data.into()
    }
}

/// The key an account is logged in with. Whoever holds it is that account.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthKey(Box<[u8; 256]>);

impl AuthKey {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 256]) -> Self {
        Self(Box::new(bytes))
    }

    /// The bytes: for the wire, and for whoever keeps them sealed.
    pub fn reveal(&self) -> &[u8; 256] {
        &self.0
    }
}

impl FromStr for AuthKey {
    type Err = NotAKey;

    /// A key in hexadecimal.
    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let digits: Option<Vec<u8>> =
            text.chars().map(|each| each.to_digit(16).and_then(|digit| digit.try_into().ok())).collect();
        let bytes: Vec<u8> = digits
            .ok_or(NotAKey)?
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect();
        // An odd digit would be a byte of its own.
        let bytes = bytes.try_into().ok().filter(|_| text.len() == 512).ok_or(NotAKey)?;
        Ok(Self::new(bytes))
    }
}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthKey(..)")
    }
}

/// A text is no key. It does not say which text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a session's key is 256 bytes, which are 512 digits in hexadecimal")]
pub struct NotAKey;

/// What can be set about a client.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which application this is, by the number that my.telegram.org gave its author.
    pub api_id: i32,
    /// How long one call may take, or one operation of the trait `Links`, with all its waits and tries; for a list,
    /// one of its pages.
    pub limit: Duration,
    /// The longest wait that Telegram asks for and that a call sits out; a longer one is reported at once.
    pub longest_wait: Duration,
}

impl Settings {
    /// Half a minute at most.
    pub fn new(api_id: i32) -> Self {
        Self { api_id, limit: Duration::from_secs(30), longest_wait: Duration::MAX }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_hexadecimal_and_never_shown() {
        let key: AuthKey = "0aFf".repeat(128).parse().unwrap();
        assert_eq!(key.reveal()[..4], [0x0a, 0xff, 0x0a, 0xff]);
        assert_eq!(format!("{key:?}"), "AuthKey(..)");
        for wrong in ["", "0a", &"0a".repeat(257), &"0g".repeat(256), &"0".repeat(511), &"ä".repeat(256)] {
            assert_eq!(wrong.parse::<AuthKey>(), Err(NotAKey), "{wrong}");
        }
    }
}
