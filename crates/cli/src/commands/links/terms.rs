//! What is said about a link on a command line or in a line of a batch, turned once into what it means.

use crate::failure::Usage;
use crate::when;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use links::{Admission, Expiry, LinkName, MemberLimit, Pricing, Terms};

/// Texts as they were typed; an absent one says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    pub(crate) name: Option<String>,
    pub(crate) limit: Option<String>,
    pub(crate) expire: Option<String>,
    pub(crate) request: bool,
}

/// Reads them. A limit and asking exclude each other, because Telegram has no link that does both.
pub(crate) fn terms(typed: &Typed, zone: Option<&TimeZone>, now: Timestamp) -> Result<Terms, Usage> {
    let limit = typed.limit.as_deref().map(limit).transpose()?;
    let admission = match (typed.request, limit) {
        (false, limit) => Admission::Instant { limit },
        (true, None) => Admission::ByRequest,
        (true, Some(limit)) => return Err(limit_and_request(limit)),
    };
    let name = typed.name.as_deref().map(name).transpose()?;
    let expires_at = typed.expire.as_deref().map(|text| expiry(text, zone, now)).transpose()?;
    Ok(Terms { name, expires_at, admission })
}

pub(crate) fn limit_and_request(limit: MemberLimit) -> Usage {
    let rule = "Telegram lets an administrator decide each request, so such a link has no limit";
    Usage::new(
        format!("`--limit {}` with `--request`", limit.get()),
        rule,
        "`--request` alone, or `--limit 1` alone",
    )
}

pub(crate) fn name(text: &str) -> Result<LinkName, Usage> {
    LinkName::new(text).map_err(|why| Usage::flag("--name", text, why, "`--name spring`"))
}

pub(crate) fn limit(text: &str) -> Result<MemberLimit, Usage> {
    let wrong = |rule: String| Usage::flag("--limit", text, rule, "`--limit 1`");
    let number: u32 = text.trim().parse().map_err(|_| {
        wrong("a limit is a whole number of people from 1 to 99999; leave it out to admit any number".into())
    })?;
    MemberLimit::new(number).map_err(|why| wrong(why.to_string()))
}

pub(crate) fn expiry(text: &str, zone: Option<&TimeZone>, now: Timestamp) -> Result<Expiry, Usage> {
    when::expiry(text, zone, now).map_err(|why| Usage::flag("--expire", text, why, "`--expire 7d`"))
}

pub(crate) fn stars(text: &str) -> Result<Pricing, Usage> {
    let wrong = |rule: String| Usage::flag("--stars", text, rule, "`--stars 50`");
    let number: u32 = text
        .trim()
        .parse()
        .map_err(|_| wrong("a price is a whole number of Stars from 1 to 10000".into()))?;
    Pricing::monthly(number).map_err(|why| wrong(why.to_string()))
}

/// Reads `--tz`.
pub(crate) fn zone(text: Option<&str>) -> Result<Option<TimeZone>, Usage> {
    let read = |text| when::zone(text).map_err(|why| Usage::flag("--tz", text, why, "`--tz Europe/Berlin`"));
    text.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: Typed, words: &str) {
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        let why = terms(&typed, None, now).unwrap_err().to_string();
        assert!(why.contains(words), "{why}");
    }

    #[test]
    fn a_wrong_value_is_named_with_its_flag_and_its_rule() {
        let some = |text: &str| Some(text.to_owned());
        check(Typed { limit: some("0"), ..Typed::default() }, "`--limit 0`: a link can admit 1 to 99999");
        check(Typed { limit: some("-3"), ..Typed::default() }, "`--limit -3`: a limit is a whole number");
        check(Typed { limit: some("x"), ..Typed::default() }, "`--limit x`: a limit is a whole number");
        check(Typed { name: some(""), ..Typed::default() }, "nothing visible");
        check(
            Typed { name: some(&"n".repeat(33)), ..Typed::default() },
            "at most 32 characters and this has 33",
        );
        check(Typed { expire: some("2026-11-28T14:00"), ..Typed::default() }, "--tz");
        check(Typed { limit: some("5"), request: true, ..Typed::default() }, "such a link has no limit");
        assert!(stars("10001").unwrap_err().to_string().contains("`--stars 10001`"));
        assert!(zone(Some("Mars/Base")).unwrap_err().to_string().contains("`--tz Mars/Base`"));
    }
}
