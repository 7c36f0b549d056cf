//! What a Mini App is given: `initData`, signed by the bot's token and by the sandbox's own key, as Telegram signs
//! it by the token and by a key of its own. (Mini Apps documentation.)

use crate::world::{Account, Chat};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use sha2::Sha256;

/// What `encodeURIComponent` leaves alone.
pub(crate) const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'(')
    .remove(b')')
    .remove(b'\'');

/// The sandbox's own key.
pub(crate) struct Keys(SigningKey);

/// For whom, where and when a Mini App is opened.
pub(crate) struct Opening<'a> {
    pub(crate) bot: i64,
    pub(crate) token: &'a str,
    pub(crate) person: &'a Account,
    /// The chat and the query, when a guard bot shows it to somebody who asks to join.
    pub(crate) joining: Option<(&'a Chat, &'a str)>,
    pub(crate) now: i64,
    /// A number nobody saw before, for openings without a query of their own.
    pub(crate) fresh: u64,
}

impl Keys {
    pub(crate) fn from_chance(chance: &mut fastrand::Rng) -> Self {
        let mut secret = [0; 32];
        chance.fill(&mut secret);
        Self(SigningKey::from_bytes(&secret))
    }

    /// The key to check `signature` with, in hexadecimal.
    pub(crate) fn public(&self) -> String {
        hex(self.0.verifying_key().as_bytes())
    }

    /// The address as a client opens it, with what it knows in the fragment.
    pub(crate) fn open(&self, url: &str, opening: &Opening) -> String {
        let data = utf8_percent_encode(&self.init_data(opening), COMPONENT).to_string();
        let separator = if url.contains('#') { '&' } else { '#' };
        format!(
            "{url}{separator}tgWebAppData={data}&tgWebAppVersion=9.1&tgWebAppPlatform=web&tgWebAppThemeParams=%7B%7D"
        )
    }

    /// `initData` as a query string.
    fn init_data(&self, opening: &Opening) -> String {
        #[derive(Serialize)]
        struct WebAppUser<'a> {
            id: i64,
            first_name: &'a str,
            last_name: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            username: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            language_code: Option<&'a str>,
            allows_write_to_pm: bool,
        }
        #[derive(Serialize)]
        struct WebAppChat<'a> {
            id: i64,
            #[serde(rename = "type")]
            kind: &'a str,
            title: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            username: Option<&'a str>,
        }
        let json = |value: serde_json::Result<String>| value.expect("numbers and texts are JSON");
        let person = opening.person;
        let user = WebAppUser {
            id: person.id,
            first_name: &person.first_name,
            last_name: "",
            username: person.username.as_deref(),
            language_code: person.language_code.as_deref(),
            allows_write_to_pm: true,
        };
        let mut fields =
            vec![("auth_date", opening.now.to_string()), ("user", json(serde_json::to_string(&user)))];
        match opening.joining {
            None => fields.push(("query_id", format!("AA{:022}", opening.fresh))),
            Some((chat, query)) => {
                let shown = WebAppChat {
                    id: chat.id,
                    kind: chat.kind.as_str(),
                    title: &chat.title,
                    username: chat.username.as_deref(),
                };
                fields.push(("chat", json(serde_json::to_string(&shown))));
                fields.push(("chat_join_request_query_id", query.to_owned()));
            }
        }
        let signed = format!("{}:WebAppData\n{}", opening.bot, check_string(&mut fields));
        let signature = self.0.sign(signed.as_bytes());
        fields.push(("signature", URL_SAFE_NO_PAD.encode(signature.to_bytes())));
        let secret = authenticate(b"WebAppData", opening.token.as_bytes());
        let hash = hex(&authenticate(&secret, check_string(&mut fields).as_bytes()));
        fields.push(("hash", hash));
        let pairs =
            fields.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, COMPONENT)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

/// The fields by name, one a line.
fn check_string(fields: &mut [(&str, String)]) -> String {
    fields.sort();
    fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n")
}

fn authenticate(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
