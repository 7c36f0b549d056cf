//! Whatever somebody pastes as a link: read or refused, never a panic, and read the same however it is spelled.
#![no_main]

use libfuzzer_sys::fuzz_target;
use links::Parser;

fuzz_target!(|text: &str| {
    let telegram = Parser::telegram();
    match telegram.parse(text) {
        Ok(hash) => {
            let canonical = hash.url();
            assert_eq!(telegram.parse(canonical.as_str()).as_ref(), Ok(&hash));
            assert!(!canonical.is_truncated());
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
    // An address that is taken leads to links that are read.
    let address = text.trim();
    if let Ok(parser) = Parser::telegram().and_host(address) {
        let link = format!("{}/+a", address.trim_end_matches('/'));
        assert_eq!(parser.parse(&link).map(|hash| hash.to_string()), Ok("a".to_owned()), "{link}");
    }
});
