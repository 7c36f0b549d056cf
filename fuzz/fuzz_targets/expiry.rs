//! Whatever somebody types after `--expire`, `--tz` and `--timeout`: a moment after now that Telegram can keep, or a
//! sentence on why not.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

/// The command line is a program and no library, so its reader is taken as it stands.
#[allow(dead_code)]
#[path = "../../crates/cli/src/when.rs"]
mod when;

fuzz_target!(|typed: (&str, &str, u32)| {
    let (text, zone, now) = typed;
    let Ok(now) = Timestamp::from_second(now.into()) else { return };
    let zone = when::zone(zone).ok();
    match when::expiry(text, zone.as_ref(), now) {
        Ok(expiry) => assert!(expiry.at().get() > now.as_second()),
        Err(why) => assert!(!why.to_string().is_empty()),
    }
    let _ = when::time_limit(text);
});
