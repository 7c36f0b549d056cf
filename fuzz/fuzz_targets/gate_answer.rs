//! Whatever somebody types into a question of every kind: graded, never a panic, and the same twice. What a creator
//! accepts is right when it is typed as it was written, as long as the gate has no flaw.
#![no_main]

use gate::{Gate, Given, Grade};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|typed: (&str, &str, u8)| {
    let (accepted, answer, rules) = typed;
    let Some(gate) = gate(accepted, rules) else { return };
    let asked = gate.ask(&[rules; 16]);
    let fields = ["answer.text", "answer.number", "answer.date", "answer.choice", "answer.order"];
    let Ok(given) = Given::read(fields.map(|field| (field, answer))) else { return };
    assert_eq!(gate.grade(&asked, &given), gate.grade(&asked, &given));

    if gate.flaws().is_empty() {
        let given = Given::read([("answer.text", accepted)]).expect("an accepted answer is short");
        assert_eq!(gate.grade(&asked, &given), Grade::Right, "{accepted:?}");
    }
});

fn gate(accepted: &str, rules: u8) -> Option<Gate> {
    let options = ["owl", "lark", "wren"];
    let gate = json!({
        "slug": "a",
        "title": "A",
        "chats": [-42],
        "need": { "at_least": 1 },
        "questions": [
            { "id": "text", "ask": "?", "answers": [accepted], "typos": rules & 3, "ignore_accents": rules & 4 != 0 },
            { "id": "number", "ask": "?", "kind": "number", "answers": [7, -3.5], "tolerance": 0.25 },
            { "id": "date", "ask": "?", "kind": "date", "answers": ["1969-07-20"] },
            { "id": "choice", "ask": "?", "kind": "choice", "options": options, "answers": ["owl"] },
            { "id": "order", "ask": "?", "kind": "order", "options": options },
        ],
    });
    serde_json::from_value(gate).ok()
}
