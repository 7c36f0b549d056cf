//! When to try again, for those who have a client of their own: a pure function, with no clock and no chance in it.
//!
//! It prints:
//!
//! ```text
//! reading, and no answer came: again in 250 ms
//! revoking, and no answer came: again in 250 ms
//! making a link, and no answer came: nobody knows whether it was done
//! making a link, and it was never sent: again in 250 ms
//! Telegram asks to wait 12 s: again in 12000 ms
//! Telegram asks to wait 60 s: say so
//! ```

use admit_examples::Result;
use admit_telegram::pace::{Effect, Ending, Step, Try, next};
use std::time::Duration;

fn main() -> Result {
    let held = |seconds| Ending::Held(Duration::from_secs(seconds));
    for (what, effect, ending) in [
        ("reading, and no answer came", Effect::Read, Ending::Lost),
        ("revoking, and no answer came", Effect::Same, Ending::Lost),
        ("making a link, and no answer came", Effect::New, Ending::Lost),
        ("making a link, and it was never sent", Effect::New, Ending::Unsent),
        ("Telegram asks to wait 12 s", Effect::New, held(12)),
        ("Telegram asks to wait 60 s", Effect::New, held(60)),
    ] {
        let left = Duration::from_secs(30);
        let step = next(Try { effect, ending, failures: 1, in_doubt: false, left, jitter: 0.0 });
        println!("{what}: {}", in_words(step));
    }
    Ok(())
}

fn in_words(step: Step) -> String {
    match step {
        Step::Again(wait) => format!("again in {} ms", wait.as_millis()),
        Step::Report => "say so".to_owned(),
        Step::ReportUnknown => "nobody knows whether it was done".to_owned(),
    }
}
