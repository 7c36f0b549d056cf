//! What we hand out and know again: bytes with a tag that only our keys can make, so that nothing need be remembered.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

const TAG_BYTES: usize = 16;

/// What a signed text is for. One that was made for one purpose is worth nothing for another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// The form on a gate's page.
    Form,
    /// The cookie that knows a visitor again.
    Visitor,
    /// What somebody hands to the bot to show their account.
    Start,
    /// The button by which they say that it is theirs.
    Confirm,
    /// What Telegram says with the updates of a bot.
    Webhook,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Form => b"form",
            Self::Visitor => b"visitor",
            Self::Start => b"start",
            Self::Confirm => b"confirm",
            Self::Webhook => b"webhook",
        }
    }
}

/// Signs with the newest key and believes all of them, so that keys can be rotated while pages are open.
#[derive(Clone)]
pub(crate) struct Signer {
    keys: Vec<[u8; 32]>,
}

impl Signer {
    /// The newest key first; at least one.
    pub(crate) fn new(keys: Vec<[u8; 32]>) -> Self {
        assert!(!keys.is_empty(), "a key ring has at least one key");
        Self { keys }
    }

    /// The bytes and their tag, as letters that an address, a cookie and a Start button can hold.
    pub(crate) fn sign(&self, purpose: Purpose, bytes: &[u8]) -> String {
        let tag = mac(&self.keys[0], purpose, bytes).finalize().into_bytes();
        BASE64.encode([bytes, &tag[..TAG_BYTES]].concat())
    }

    /// The bytes, if we signed them for this purpose and they are as many as they should be.
    pub(crate) fn open<const N: usize>(&self, purpose: Purpose, text: &str) -> Option<[u8; N]> {
        let whole = BASE64.decode(text).ok()?;
        let (bytes, tag) = whole.split_at_checked(N)?;
        let is_ours =
            |key| tag.len() == TAG_BYTES && mac(key, purpose, bytes).verify_truncated_left(tag).is_ok();
        self.keys.iter().any(is_ours).then(|| bytes.try_into().expect("it was cut to this length"))
    }
}

fn mac(key: &[u8; 32], purpose: Purpose, bytes: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(purpose.label());
    mac.update(&[0]);
    mac.update(bytes);
    mac
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_signed_for_the_purpose_opens() {
        let signer = Signer::new(vec![[1; 32]]);
        let text = signer.sign(Purpose::Form, b"four");
        assert_eq!(signer.open(Purpose::Form, &text), Some(*b"four"));
        assert_eq!(signer.open::<4>(Purpose::Visitor, &text), None);
        assert_eq!(signer.open::<3>(Purpose::Form, &text), None);
        assert_eq!(signer.open::<4>(Purpose::Form, &text[1..]), None);
        assert_eq!(signer.open::<4>(Purpose::Form, ""), None);
        for at in 0..text.len() {
            let mut forged = text.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("still letters");
            assert_eq!(signer.open::<4>(Purpose::Form, &forged), None, "letter {at}");
        }
    }

    #[test]
    fn an_older_key_is_still_believed() {
        let text = Signer::new(vec![[1; 32]]).sign(Purpose::Form, b"four");
        assert_eq!(Signer::new(vec![[2; 32], [1; 32]]).open(Purpose::Form, &text), Some(*b"four"));
        assert_eq!(Signer::new(vec![[2; 32]]).open::<4>(Purpose::Form, &text), None);
    }
}
