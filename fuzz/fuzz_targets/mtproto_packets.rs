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
    for call in &calls {
        let word = call.as_ref().map_or_else(String::as_str, |name| name);
        assert!(!word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic()), "{word:?} is no word");
    }
    assert_eq!(calls_in(bytes, now_milliseconds), Some(calls), "it is read the same again");
});
