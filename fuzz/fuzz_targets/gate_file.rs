//! Whatever somebody calls a gate: a gate that is the same when it is written and read back, or a sentence on why not.
//! What is read can be looked at, asked and measured.
#![no_main]

use gate::Gate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &str| {
    let gate: Gate = match toml::from_str(file) {
        Ok(gate) => gate,
        Err(why) => return assert!(!why.message().is_empty()),
    };
    let written = toml::to_string(&gate).expect("what was read can be written");
    assert_eq!(toml::from_str::<Gate>(&written).expect("what we wrote can be read"), gate);
    let json = serde_json::to_string(&gate).expect("what was read can be written");
    assert_eq!(serde_json::from_str::<Gate>(&json).expect("what we wrote can be read"), gate);

    assert!(gate.flaws().iter().all(|flaw| !flaw.to_string().is_empty()));
    assert_eq!(gate.ask(&[7; 16]).len(), gate.asks());
    let meter = gate.meter();
    assert!((0.0..=1.0).contains(&meter.chance) && (0.0..=1.0).contains(&meter.daily_chance));
});
