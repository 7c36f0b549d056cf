//! Help, man pages and completions, all from one definition.

use crate::house::House;

#[test]
fn six_shells_are_completed() {
    let house = House::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish", "nushell"] {
        let ran = house.admit(&format!("completions {shell}"));
        assert_eq!(ran.code, Some(0), "{shell}: {}", ran.err);
        for word in ["link", "rotate", "dry-run", "completions"] {
            assert!(ran.out.contains(word), "{shell} does not know `{word}`");
        }
    }
}

#[test]
fn every_command_has_a_page_with_examples() {
    let house = House::new();
    house.admit("man --dir pages").is(0, "");
    let pages: Vec<_> = std::fs::read_dir(house.home.path().join("pages")).unwrap().collect();
    assert!(pages.len() > 20, "{}", pages.len());
    for page in pages {
        let path = page.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("SH EXAMPLES") && text.contains("admit "), "{}", path.display());
    }
    house.admit("man link create").is(0, "\\-\\-expire");
}

#[test]
fn examples_come_before_options() {
    let house = House::new();
    for line in ["--help", "link create --help", "link edit -h", "sandbox --help"] {
        let help = house.admit(line).out;
        let at = |words: &str| help.find(words).unwrap_or_else(|| panic!("{line}: no {words}"));
        assert!(at("Examples:") < at("Usage:") && at("Usage:") < at("Options:"), "{help}");
    }
}
