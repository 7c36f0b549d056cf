//! Whatever a client sends the sandbox as arguments: a query, a content type and a body, a line each.
//! Nothing panics, numbers stay in their ranges, and what is absent is empty.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sandbox::Arguments;
use std::borrow::Cow;

fuzz_target!(|bytes: &[u8]| {
    // The first line is the query, the second the content type, and the rest the body.
    let mut lines = bytes.splitn(3, |&byte| byte == b'\n');
    let mut next = || lines.next().unwrap_or_default();
    let (query, content_type, body) = (next(), next(), next());
    let query = String::from_utf8_lossy(query);
    let Ok(arguments) = Arguments::read(&query, &String::from_utf8_lossy(content_type), body) else { return };
    for name in ["a", "chat_id", "content", ""] {
        let text = arguments.lossy(name);
        assert_eq!(arguments.text(name).is_some(), matches!(text, Cow::Borrowed(_)));
        assert!((1..=100).contains(&arguments.int(name, 1, 100)));
        let long = arguments.long(name);
        assert_eq!(arguments.int(name, i32::MIN, i32::MAX), long as i32, "both wrap alike");
        if arguments.flag(name) {
            assert!(!arguments.bytes(name).is_empty());
        }
    }
});
