//! `docs/sandbox.md` tells of every call, every method and every word of the ledger, and of none that is not there.

#![allow(clippy::unwrap_used, reason = "a test may end on the spot")]

mod util;

use std::collections::BTreeSet;
use util::Town;

const MANUAL: &str = include_str!("../../../docs/sandbox.md");
const CONTROL: &str = include_str!("../src/control.rs");
const LEDGER: &str = include_str!("../src/world/ledger.rs");

/// The first cells of the first table under a heading.
fn first_cells(heading: &str) -> impl Iterator<Item = &'static str> {
    let (_, section) = MANUAL.split_once(&format!("\n{heading}\n")).unwrap();
    let table = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    table.map_while(|line| line.strip_prefix("| ")?.split(" |").next())
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_control_call() {
    let documented: BTreeSet<String> = first_cells("## The control door")
        .map(|cell| cell.replace('`', "").split('?').next().unwrap().to_owned())
        .collect();
    // A call is a row of a `match`: texts stand for themselves, names for a number.
    let (looks, acts) = CONTROL.split_once("async fn act(").unwrap();
    let calls = |source: &'static str, verb: &'static str| {
        let rows = source.lines().filter_map(|line| line.trim().strip_prefix('[')?.split_once("] =>"));
        rows.map(move |(row, _)| {
            let steps = row.split(", ").map(|step| match step.strip_prefix('"') {
                Some(word) => word.trim_end_matches('"'),
                None => "ID",
            });
            format!("{verb}{}", steps.collect::<Vec<_>>().join("/"))
        })
    };
    let mut routed: BTreeSet<String> = calls(looks, "GET ").chain(calls(acts, "")).collect();
    // The ledger is streamed, and so is answered before the others.
    routed.insert("GET ledger".to_owned());
    assert_eq!(documented, routed);
}

#[test]
fn every_word_of_the_ledger() {
    let documented: BTreeSet<String> =
        first_cells("## The ledger").flat_map(quoted).map(str::to_owned).collect();
    let (_, words) = LEDGER.split_once("pub(crate) enum What {").unwrap();
    let words = words.split_once('}').unwrap().0.lines().map(str::trim);
    let snake_case = |word: &str| {
        let mut name = String::new();
        for each in word.chars() {
            if each.is_ascii_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(each.to_ascii_lowercase());
        }
        name
    };
    let known = words.filter(|line| !line.starts_with("//")).filter_map(|line| line.strip_suffix(','));
    assert_eq!(documented, known.map(snake_case).collect());
}

#[test]
fn every_switch() {
    let documented: BTreeSet<String> = first_cells("## Where nobody knows").map(str::to_owned).collect();
    // As in `Unknowns { switch: true, .. }`, with the default in words.
    let unknowns = format!("{:?}", admit_sandbox::Unknowns::default());
    let fields = unknowns.split_once('{').unwrap().1.trim_end_matches('}').split(',');
    let known = fields.map(|field| {
        let (name, default) = field.split_once(": ").unwrap();
        let default = if default.trim() == "true" { "on" } else { "off" };
        format!("`{}` ({default})", name.trim())
    });
    assert_eq!(documented, known.collect());
}

#[tokio::test]
async fn every_method_that_is_named_is_there() {
    let town = Town::demo().await;
    let (_, section) = MANUAL.split_once("\n## The Bot API door\n").unwrap();
    let (_, section) = section.split_once("\n|---|---|\n").unwrap();
    let (table, _) = section.split_once("\n\n").unwrap();
    let methods: Vec<_> = quoted(table).collect();
    assert!(methods.len() > 20);
    for method in methods {
        let answer = town.bot(method, serde_json::json!({})).await;
        assert_ne!(answer.status, 404, "{method}: {}", answer.text);
    }
}
