//! `--was`: a link as it was, from what `link create --json` printed.

use crate::context::Context;
use crate::credentials::BYTE_ORDER_MARK;
use crate::failure::{Failure, Usage};
use crate::shown::ShownLink;
use links::Link;
use serde_json::Value;
use std::io::{self, Read};
use std::path::Path;

/// Reads the link as it was. A file of many lines, such as a batch writes, is searched for the link that is meant.
pub(crate) fn read(ctx: &Context<'_>, path: &Path, meant: Option<&str>) -> Result<Link, Failure> {
    let mut text = String::new();
    if path == Path::new("-") {
        ctx.claim_stdin("--was")?;
        io::stdin().lock().read_to_string(&mut text).map_err(Failure::file("read the link from", path))?;
    } else {
        text = std::fs::read_to_string(path).map_err(|why| wrong(path, &why.to_string()))?;
    }
    find(&text, meant).map_err(|rule| wrong(path, &rule).into())
}

fn wrong(path: &Path, rule: &str) -> Usage {
    Usage::flag(
        "--was",
        path.display(),
        rule,
        "`admit link create --json ... > link.json`, then `--was link.json`",
    )
}

fn find(text: &str, meant: Option<&str>) -> Result<Link, String> {
    let mut found = Vec::new();
    let text = text.trim_start_matches(BYTE_ORDER_MARK);
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let mut value = value.map_err(|why| format!("this is not JSON: {why}"))?;
        // Telegram's own answer has the link inside.
        if let Some(result) = value.get_mut("result") {
            value = result.take();
        }
        let link = match serde_json::from_value::<ShownLink>(value) {
            Ok(link) => link,
            // Lines of a batch that tell a failure are no links.
            Err(_) if meant.is_some() => continue,
            Err(why) => return Err(format!("this is no link as `create --json` prints it: {why}")),
        };
        if meant.is_none_or(|meant| meant == link.link.invite_link) {
            found.push(link);
        }
    }
    match (found.len(), meant) {
        (1, _) => found.remove(0).read().map_err(|why| why.to_string()),
        (0, Some(meant)) => Err(format!("the link `{meant}` is not in it")),
        (0, None) => Err("there is no link in it".to_owned()),
        // The last of several is how the link was last.
        (_, Some(_)) => found.pop().expect("there are several").read().map_err(|why| why.to_string()),
        (several, None) => Err(format!("there are {several} links in it: say which one is meant")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(hash: &str) -> String {
        format!(
            r#"{{"invite_link":"https://t.me/+{hash}","name":"{hash}","creator":{{"id":7,"is_bot":true,"first_name":"Gate"}},"creates_join_request":false,"is_primary":false,"is_revoked":false}}"#
        )
    }

    fn check(text: &str, meant: Option<&str>, expected: Result<&str, &str>) {
        match (find(text, meant), expected) {
            (Ok(link), Ok(url)) => assert_eq!(link.url.as_str(), url),
            (Err(why), Err(words)) => assert!(why.contains(words), "{why}"),
            (got, expected) => panic!("{got:?}, not {expected:?}"),
        }
    }

    #[test]
    fn one_link_is_found_and_several_need_a_choice() {
        let (one, two) = (line("AbC"), line("XyZ"));
        check(&one, None, Ok("https://t.me/+AbC"));
        check(&format!(r#"{{"ok":true,"result":{one}}}"#), None, Ok("https://t.me/+AbC"));
        check(&format!("{one}\n{two}\n"), Some("https://t.me/+XyZ"), Ok("https://t.me/+XyZ"));
        check(
            &format!("{{\"index\":1,\"error\":{{}}}}\n{two}"),
            Some("https://t.me/+XyZ"),
            Ok("https://t.me/+XyZ"),
        );
        check(&format!("{one}\n{two}\n"), None, Err("2 links"));
        check(&one, Some("https://t.me/+XyZ"), Err("not in it"));
        check("", None, Err("no link in it"));
        check(&format!("\u{feff}{one}"), None, Ok("https://t.me/+AbC"));
        check("{\"a\":1}", None, Err("no link as `create --json`"));
        check("<html>", None, Err("not JSON"));
    }
}
