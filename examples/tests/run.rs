//! Every example runs, ends well, and prints what its first lines promise.
//!
//! The list is the directory's own, so none is forgotten.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// The examples by name, and their text.
fn examples() -> Vec<(String, String)> {
    let files =
        fs::read_dir(FOLDER).expect("the folder of this test").map(|file| file.expect("a file").path());
    let sources = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let name = |path: &Path| path.file_stem().expect("it has an extension").to_string_lossy().into_owned();
    let mut all: Vec<_> =
        sources.map(|path| (name(&path), fs::read_to_string(&path).expect("it is text"))).collect();
    all.sort();
    assert!(!all.is_empty(), "no examples in {FOLDER}");
    all
}

/// Cargo builds examples beside the folder that its tests are in.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test has a path");
    let built = test.parent().and_then(Path::parent).expect("it is in `deps`");
    built.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// What stands in the block after "It prints:".
fn promise(source: &str) -> Option<String> {
    let block = source.split_once("//! It prints:\n//!\n//! ```text\n")?.1.split_once("//! ```")?.0;
    Some(block.lines().map(|line| line.trim_start_matches("//! ").to_owned() + "\n").collect())
}

/// Whether a text is as promised; three dots stand for whatever changes from run to run.
fn keeps(printed: &str, promised: &str) -> bool {
    let (printed, promised): (Vec<_>, Vec<_>) = (printed.lines().collect(), promised.lines().collect());
    printed.len() == promised.len() && printed.iter().zip(promised).all(|(line, wanted)| fits(line, wanted))
}

fn fits(line: &str, wanted: &str) -> bool {
    if line == wanted {
        return true;
    }
    let mut parts = wanted.split("...");
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = None;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = Some(part);
    }
    last.is_some_and(|part| part.is_empty() || rest.is_empty() || line.ends_with(part))
}

#[test]
fn every_example_prints_what_it_promises() {
    let examples = examples();
    // All at once: most of their time is waiting.
    let runs: Vec<_> = examples
        .iter()
        .map(|(name, _)| {
            let missing = "is it in Cargo.toml, and was `cargo build -p admit-examples --examples` run?";
            let run = Command::new(program(name))
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn();
            run.unwrap_or_else(|why| panic!("{name}: {why}; {missing}"))
        })
        .collect();
    let mut wrong = Vec::new();
    for ((name, source), run) in examples.iter().zip(runs) {
        let output = run.wait_with_output().expect("it was started");
        let printed = String::from_utf8_lossy(&output.stdout);
        let promised = promise(source).unwrap_or_else(|| panic!("{name} does not say what it prints"));
        if !output.status.success() || !keeps(&printed, &promised) {
            let errors = String::from_utf8_lossy(&output.stderr);
            wrong.push(format!(
                "{name} ({})\n--- promised\n{promised}--- printed\n{printed}{errors}",
                output.status
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_example_is_in_the_list() {
    let list = fs::read_to_string(Path::new(FOLDER).join("README.md")).expect("the list of the examples");
    for (name, _) in examples() {
        assert!(list.contains(&format!("[`{name}`]({name}.rs)")), "{name} is not in examples/README.md");
    }
}

#[test]
fn three_dots_stand_for_anything() {
    for (line, wanted, expected) in [
        ("a", "a", true),
        ("a", "b", false),
        ("see https://t.me/+abc, now", "see https://t.me/+..., now", true),
        ("see https://t.me/+abc, later", "see https://t.me/+..., now", false),
        ("ends in -1001", "ends in -100...", true),
        ("1 and 2 and 3", "... and ... and 3", true),
        ("written as ...", "written as ...", true),
    ] {
        assert_eq!(fits(line, wanted), expected, "{line} / {wanted}");
    }
}
