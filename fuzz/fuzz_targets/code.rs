//! Whatever stands where a code should: sixteen bytes with this one spelling, or none.
#![no_main]

use gate::Code;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(code) = text.parse::<Code>() {
        assert_eq!(code.to_string(), text);
        assert_eq!(Code::new(code.bytes()), code);
    }
});
