//! Whatever somebody calls a link: cleaned once and for all, and never longer than Telegram keeps.
#![no_main]

use libfuzzer_sys::fuzz_target;
use links::LinkName;

fuzz_target!(|text: &str| {
    if let Some(name) = LinkName::clean(text) {
        assert!((1..=32).contains(&name.as_str().chars().count()));
        assert_eq!(LinkName::clean(name.as_str()).as_ref(), Some(&name));
    }
    if let Ok(name) = LinkName::new(text) {
        assert_eq!(LinkName::clean(name.as_str()), Some(name));
    }
});
