//! Whatever answers in Telegram's place: an object, or an error, but never a panic. An object that was read can be
//! written, and is the same when it is read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;
use telegram::bot_api::types::{ChatInviteLink, ChatMember, Update, WebhookInfo};

fuzz_target!(|bytes: &[u8]| {
    stays_itself::<Update>(bytes);
    stays_itself::<ChatMember>(bytes);
    stays_itself::<ChatInviteLink>(bytes);
    stays_itself::<WebhookInfo>(bytes);
});

fn stays_itself<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(bytes) else { return };
    let written = serde_json::to_string(&read).expect("what was read can be written");
    let again: T = serde_json::from_str(&written).expect("what we wrote can be read");
    assert_eq!(serde_json::to_string(&again).expect("what was read can be written"), written);
}
