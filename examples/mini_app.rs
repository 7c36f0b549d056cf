//! Know who is in front of your Mini App: check the `initData` that Telegram signed.
//!
//! There are two signatures. `hash` is made with the bot's token, for whoever holds it. `signature` is made with
//! Telegram's own key, for those who should not; the sandbox has a key of its own and names it.
//!
//! It prints:
//!
//! ```text
//! by the bot's token: Ann
//! by Telegram's key: Ann
//! somebody changed the name: the signature does not fit
//! an hour later: it is too old
//! ```

use admit_examples::{Demo, Result};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;

/// How long after it was opened a Mini App may still act. Whoever finds the data later cannot use it.
const LONGEST_SECONDS: i64 = 600;

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let token = demo.at.token.as_deref().unwrap_or_default();
    let bot_id = demo.token()?.bot_id().ok_or("a token begins with a number")?;

    // Ann opens the app. Her client puts the data into the address's fragment, and the page sends it to you.
    let open = json!({ "bot": bot_id, "url": "https://gate.example/app" });
    let opened = demo.control(&format!("people/{}/webapp", demo.person("Ann").await?), open).await?;
    let url = opened["url"].as_str().unwrap_or_default();
    let data = url.split_once("tgWebAppData=").and_then(|(_, rest)| rest.split('&').next());
    let data = percent_decode_str(data.ok_or("the client adds it")?).decode_utf8()?.into_owned();

    let now = demo.now().await?.get();
    println!("by the bot's token: {}", by_token(&data, token, now)?);
    println!("by Telegram's key: {}", by_key(&data, bot_id, &demo.at.web_app_public_key, now)?);

    if let Err(why) = by_token(&data.replace("Ann", "Bob"), token, now) {
        println!("somebody changed the name: {why}");
    }
    demo.advance(3600).await?;
    if let Err(why) = by_token(&data, token, demo.now().await?.get()) {
        println!("an hour later: {why}");
    }
    Ok(())
}

fn by_token(data: &str, token: &str, now: i64) -> Result<String> {
    let fields = read(data)?;
    let given = from_hex(fields.get("hash").ok_or("there is no hash")?)?;
    let mut key = Hmac::<Sha256>::new_from_slice(b"WebAppData")?;
    key.update(token.as_bytes());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.finalize().into_bytes())?;
    mac.update(in_lines(&fields, &["hash"]).as_bytes());
    mac.verify_slice(&given).map_err(|_| "the signature does not fit")?;
    who(&fields, now)
}

fn by_key(data: &str, bot_id: i64, key: &str, now: i64) -> Result<String> {
    let fields = read(data)?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(fields.get("signature").ok_or("there is no signature")?)?;
    let signed = format!("{bot_id}:WebAppData\n{}", in_lines(&fields, &["hash", "signature"]));
    VerifyingKey::try_from(&*from_hex(key)?)?
        .verify_strict(signed.as_bytes(), &Signature::from_slice(&signature)?)
        .map_err(|_| "the signature does not fit")?;
    who(&fields, now)
}

/// Only after the signature fits is anything in the data worth reading.
fn who(fields: &BTreeMap<String, String>, now: i64) -> Result<String> {
    let opened_at: i64 = fields.get("auth_date").ok_or("there is no date")?.parse()?;
    if now - opened_at > LONGEST_SECONDS {
        return Err("it is too old".into());
    }
    let user: Value = serde_json::from_str(fields.get("user").ok_or("there is no user")?)?;
    Ok(user["first_name"].as_str().unwrap_or_default().to_owned())
}

fn read(data: &str) -> Result<BTreeMap<String, String>> {
    let text = |part: &str| percent_decode_str(part).decode_utf8().map(|it| it.into_owned());
    let pairs = data.split('&').filter_map(|pair| pair.split_once('='));
    Ok(pairs
        .map(|(name, value)| Ok((text(name)?, text(value)?)))
        .collect::<Result<_, std::str::Utf8Error>>()?)
}

/// The fields by name, one a line: what was signed.
fn in_lines(fields: &BTreeMap<String, String>, without: &[&str]) -> String {
    let signed = fields.iter().filter(|(name, _)| !without.contains(&name.as_str()));
    signed.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n")
}

fn from_hex(text: &str) -> Result<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2).map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?));
    pairs.collect()
}
