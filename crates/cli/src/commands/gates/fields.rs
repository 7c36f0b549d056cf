//! What differs between two gates, field by field. What opens a gate is compared, and shown only when asked for.

use super::shown::hide;
use gate::Gate;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::io;

/// A part of a gate that differs; `null` where it is not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Field {
    pub(super) field: String,
    pub(super) was: Value,
    pub(super) now: Value,
}

/// What differs. Questions are told apart by their ids.
pub(super) fn differing(was: &Gate, now: &Gate, reveals: bool) -> io::Result<Vec<Field>> {
    let [mut was, mut now] = [serde_json::to_value(was)?, serde_json::to_value(now)?];
    let questions = [&mut was, &mut now].map(|gate| {
        let list = gate.as_object_mut().and_then(|gate| gate.remove("questions"));
        list.and_then(|list| list.as_array().cloned()).unwrap_or_default()
    });
    let mut fields = Vec::new();
    compare("", &was, &now, &mut fields);
    let [was, now] = questions;
    compare_questions(&was, &now, reveals, &mut fields);
    Ok(fields)
}

fn compare(path: &str, was: &Value, now: &Value, fields: &mut Vec<Field>) {
    if was == now {
        return;
    }
    if let (Value::Object(was), Value::Object(now)) = (was, now) {
        for name in names(was, now) {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let null = Value::Null;
            compare(&path, was.get(name).unwrap_or(&null), now.get(name).unwrap_or(&null), fields);
        }
        return;
    }
    fields.push(Field { field: path.to_owned(), was: was.clone(), now: now.clone() });
}

fn names<'a>(was: &'a Map<String, Value>, now: &'a Map<String, Value>) -> BTreeSet<&'a String> {
    was.keys().chain(now.keys()).collect()
}

fn compare_questions(was: &[Value], now: &[Value], reveals: bool, fields: &mut Vec<Field>) {
    let ids = |list: &[Value]| list.iter().map(|question| question["id"].clone()).collect::<Vec<_>>();
    let (old, new) = (ids(was), ids(now));
    if old != new {
        fields.push(Field {
            field: "questions".to_owned(),
            was: old.clone().into(),
            now: new.clone().into(),
        });
    }
    let mut seen = Vec::new();
    for id in old.iter().chain(&new) {
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        // Two of one id are a flaw, and are compared in their order.
        let of_id =
            |list: &[Value]| list.iter().filter(|each| each["id"] == *id).cloned().collect::<Vec<_>>();
        let (was, now) = (of_id(was), of_id(now));
        for place in 0..was.len().max(now.len()) {
            let path = format!("questions.{}", id.as_str().unwrap_or_default());
            compare_question(&path, was.get(place), now.get(place), reveals, fields);
        }
    }
}

fn compare_question(
    path: &str,
    was: Option<&Value>,
    now: Option<&Value>,
    reveals: bool,
    fields: &mut Vec<Field>,
) {
    let shown = |question: Option<&Value>| {
        let mut question = question.cloned().unwrap_or_default();
        if !reveals {
            hide(&mut question);
        }
        question
    };
    let (Some(old), Some(new)) = (was, now) else {
        fields.push(Field { field: path.to_owned(), was: shown(was), now: shown(now) });
        return;
    };
    let mut differing = Vec::new();
    compare(path, old, new, &mut differing);
    let is_order = [old, new].iter().any(|question| question["kind"] == "order");
    for field in &mut differing {
        let name = field.field.rsplit('.').next().unwrap_or_default();
        let opens = matches!(name, "answers" | "tolerance") || (name == "options" && is_order);
        if opens && !reveals {
            for value in [&mut field.was, &mut field.now] {
                if !value.is_null() {
                    *value = "(hidden)".into();
                }
            }
        }
    }
    fields.extend(differing);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn gate(lines: &str) -> Gate {
        toml::from_str(&format!("slug = 'a'\ntitle = 'A'\nchats = [-1001234567890]\n{lines}")).unwrap()
    }

    fn check(was: &str, now: &str, reveals: bool, expected: &[(&str, Value, Value)]) {
        let found = differing(&gate(was), &gate(now), reveals).unwrap();
        let found: Vec<_> =
            found.iter().map(|it| (it.field.as_str(), it.was.clone(), it.now.clone())).collect();
        assert_eq!(found, expected);
    }

    const OWL: &str = "[[questions]]\nid = 'bird'\nask = 'Which?'\nanswers = ['owl']";

    #[test]
    fn fields_are_told_one_by_one() {
        check(OWL, OWL, false, &[]);
        check("", "quota = 5", false, &[("quota", json!(null), json!(5))]);
        check("", "[tries]\nmost = 3", false, &[("tries.most", json!(5), json!(3))]);
        check(
            "need = 'all'",
            "need = { at_least = 1 }",
            false,
            &[("need", json!("all"), json!({"at_least": 1}))],
        );
    }

    #[test]
    fn questions_are_known_by_their_ids_and_keep_their_answers() {
        let kite = OWL.replace("owl", "kite").replace("Which?", "Which one?");
        let hidden = json!("(hidden)");
        let ask = ("questions.bird.ask", json!("Which?"), json!("Which one?"));
        check(OWL, &kite, false, &[("questions.bird.answers", hidden.clone(), hidden.clone()), ask.clone()]);
        check(OWL, &kite, true, &[("questions.bird.answers", json!(["owl"]), json!(["kite"])), ask]);
        let more = json!({ "id": "bird", "ask": "Which?", "kind": "text" });
        check(
            "",
            OWL,
            false,
            &[("questions", json!([]), json!(["bird"])), ("questions.bird", json!(null), more)],
        );
        let order = |items| format!("[[questions]]\nid = 'o'\nask = '?'\nkind = 'order'\noptions = {items}");
        let changed = ("questions.o.options", hidden.clone(), hidden);
        check(&order("['a', 'b']"), &order("['b', 'a']"), false, &[changed]);
    }
}
