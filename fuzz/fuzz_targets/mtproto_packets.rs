//! Whatever a client seals for the sandbox's MTProto door, once it is opened: messages in containers, zipped, calls in
//! their wrappers. It is read at the moment that its own number names.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sandbox::calls_in;

/// Telegram takes no larger containers.
const MOST_CALLS: usize = 1020;

fuzz_target!(|bytes: &[u8]| {
    let Some(number) = bytes.get(16..24).and_then(|number| number.try_into().ok()) else { return };
    let now_milliseconds = (i64::from_le_bytes(number) >> 32) * 1000;
    let Some(calls) = calls_in(bytes, now_milliseconds) else { return };
    assert!(calls.len() <= MOST_CALLS, "no packet holds so many");
    let is_a_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    for call in &calls {
        assert!(call.as_ref().is_ok_and(|name| is_a_word(name)) || call.as_ref().is_err_and(|why| is_a_word(why)));
    }
    assert_eq!(calls_in(bytes, now_milliseconds), Some(calls), "it is read the same again");
});
