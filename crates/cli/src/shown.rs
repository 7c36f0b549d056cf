//! A link as the command line shows it: the Bot API's field names, and what else is known.

use crate::output::Shown;
use crate::when::Clock;
use links::{Admission, Entrance, Expiry, Life, Link, LinkName, LinkUrl, Terms, UnixTime};
use serde::{Deserialize, Serialize};
use telegram::bot_api::types::{ChatInviteLink, User};

/// A link for programs. Reading it back gives the link as it was, for `--was`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ShownLink {
    #[serde(flatten)]
    pub(crate) link: ChatInviteLink,
    /// Members through it now, where known. The Bot API never tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) uses: Option<u32>,
    /// Requests waiting through it, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pending: Option<u32>,
    /// When it was made, where known. The Bot API never tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) created_at: Option<i64>,
    /// The primary link that took the place of a revoked one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replaced_by: Option<String>,
}

impl ShownLink {
    pub(crate) fn new(link: Link) -> Self {
        let (uses, pending, created_at) = (link.uses, link.pending, link.created_at.map(UnixTime::get));
        Self { link: telegram::bot_api::links::write(link), uses, pending, created_at, replaced_by: None }
    }

    pub(crate) fn replaced_by(self, other: Option<&LinkUrl>) -> Self {
        Self { replaced_by: other.map(ToString::to_string), ..self }
    }

    /// Ends an object of JSON with the fields that `Serialize` writes. That looks at every letter of their names, which
    /// for many links takes longer than all else that is done with an answer.
    pub(crate) fn end_object(&self, json: &mut Vec<u8>) {
        let Self { link, uses, pending, created_at, replaced_by } = self;
        let ChatInviteLink {
            invite_link,
            name,
            creator,
            expire_date,
            member_limit,
            pending_join_request_count,
            subscription_period,
            subscription_price,
            creates_join_request,
            is_primary,
            is_revoked,
        } = link;
        let User {
            id,
            is_bot,
            first_name,
            last_name,
            username,
            language_code,
            is_premium,
            added_to_attachment_menu,
        } = creator;
        let when = |flag: &bool| flag.then_some(true);
        put(json, ",\"invite_link\":", invite_link);
        put_some(json, ",\"name\":", name);
        put(json, ",\"creator\":{\"id\":", id);
        put(json, ",\"is_bot\":", is_bot);
        put(json, ",\"first_name\":", first_name);
        put_some(json, ",\"last_name\":", last_name);
        put_some(json, ",\"username\":", username);
        put_some(json, ",\"language_code\":", language_code);
        put_some(json, ",\"is_premium\":", &when(is_premium));
        put_some(json, ",\"added_to_attachment_menu\":", &when(added_to_attachment_menu));
        json.push(b'}');
        put_some(json, ",\"expire_date\":", expire_date);
        put_some(json, ",\"member_limit\":", member_limit);
        put_some(json, ",\"pending_join_request_count\":", pending_join_request_count);
        put_some(json, ",\"subscription_period\":", subscription_period);
        put_some(json, ",\"subscription_price\":", subscription_price);
        put(json, ",\"creates_join_request\":", creates_join_request);
        put(json, ",\"is_primary\":", is_primary);
        put(json, ",\"is_revoked\":", is_revoked);
        put_some(json, ",\"uses\":", uses);
        put_some(json, ",\"pending\":", pending);
        put_some(json, ",\"created_at\":", created_at);
        put_some(json, ",\"replaced_by\":", replaced_by);
        json.push(b'}');
    }

    /// The link in our words, if it is one.
    pub(crate) fn read(self) -> links::Result<Link> {
        let link = telegram::bot_api::links::read(self.link)?;
        Ok(Link {
            uses: self.uses,
            pending: self.pending.or(link.pending),
            created_at: self.created_at.map(UnixTime::new),
            ..link
        })
    }
}

/// What stands before a value, and the value.
fn put(json: &mut Vec<u8>, before: &str, value: &impl Serialize) {
    json.extend_from_slice(before.as_bytes());
    serde_json::to_writer(json, value).expect("texts, numbers and flags are JSON");
}

fn put_some(json: &mut Vec<u8>, before: &str, value: &Option<impl Serialize>) {
    if let Some(value) = value {
        put(json, before, value);
    }
}

impl Shown for ShownLink {
    const COLUMNS: &'static [&'static str] =
        &["invite_link", "name", "expire_date", "member_limit", "creates_join_request", "is_revoked"];

    fn cells(&self) -> Vec<String> {
        let link = &self.link;
        let number = |value: Option<String>| value.unwrap_or_default();
        vec![
            link.invite_link.clone(),
            link.name.clone().unwrap_or_default(),
            number(link.expire_date.map(|at| at.to_string())),
            number(link.member_limit.map(|limit| limit.to_string())),
            link.creates_join_request.to_string(),
            link.is_revoked.to_string(),
        ]
    }

    fn words(&self, clock: &Clock) -> String {
        let url = &self.link.invite_link;
        let sentence = match self.clone().read() {
            Ok(link) => describe(&link, clock),
            Err(_) => "works in a way this program has no words for; see it with `--json`".to_owned(),
        };
        match &self.replaced_by {
            Some(other) => format!("{url}\n{sentence}; the primary link is now\n{other}"),
            None => format!("{url}\n{sentence}"),
        }
    }

    fn brief(&self) -> String {
        self.link.invite_link.clone()
    }
}

/// What a link does, and for how long.
fn describe(link: &Link, clock: &Clock) -> String {
    let now = UnixTime::new(clock.now.as_second());
    match (link.life(now), link.expires_at) {
        (Life::Revoked, _) => {
            format!("is revoked and opens nothing any more{}", named(link.name.as_ref()))
        }
        (Life::Expired, Some(at)) => format!("expired on {}{}", clock.say(at), named(link.name.as_ref())),
        _ => sentence(link.entrance, link.expires_at, link.name.as_ref(), clock),
    }
}

/// The same of one that is yet to be made.
pub(crate) fn does(terms: &Terms, clock: &Clock) -> String {
    let expires_at = terms.expires_at.map(Expiry::at);
    sentence(Entrance::Ordinary(terms.admission), expires_at, terms.name.as_ref(), clock)
}

fn sentence(entrance: Entrance, until: Option<UnixTime>, name: Option<&LinkName>, clock: &Clock) -> String {
    let does = match entrance {
        Entrance::Ordinary(Admission::ByRequest) => "lets people ask to join".to_owned(),
        Entrance::Ordinary(Admission::Instant { limit: None }) => "works for anyone".to_owned(),
        Entrance::Ordinary(Admission::Instant { limit: Some(limit) }) => match limit.get() {
            1 => "works once at a time".to_owned(),
            people => format!("works for {people} people at a time"),
        },
        Entrance::Paid(pricing) => {
            format!("works for {} Stars every {} days", pricing.stars(), pricing.period_seconds() / 86_400)
        }
    };
    let until =
        until.map_or_else(|| "until it is revoked".to_owned(), |at| format!("until {}", clock.say(at)));
    format!("{does}, {until}{}", named(name))
}

fn named(name: Option<&LinkName>) -> String {
    name.map(|name| format!(", named `{name}`")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    fn check(json: &str, expected: &str) {
        let zone = TimeZone::get("Europe/Berlin").ok();
        let clock = Clock { now: Timestamp::from_second(1_795_000_000).unwrap(), zone };
        let creator = r#""creator":{"id":7,"is_bot":true,"first_name":"Gate"}"#;
        let flags = r#""is_primary":false"#;
        let json = format!(r#"{{"invite_link":"https://t.me/+a",{creator},{flags},{json}}}"#);
        let shown: ShownLink = serde_json::from_str(&json).unwrap();
        assert_eq!(shown.words(&clock), format!("https://t.me/+a\n{expected}"));
    }

    #[test]
    fn a_link_is_told_as_a_sentence() {
        check(
            r#""expire_date":1795870800,"member_limit":1,"creates_join_request":false,"is_revoked":false"#,
            "works once at a time, until Sat 28 Nov 14:00 +01:00",
        );
        check(
            r#""name":"spring","member_limit":5,"creates_join_request":false,"is_revoked":false"#,
            "works for 5 people at a time, until it is revoked, named `spring`",
        );
        check(
            r#""creates_join_request":true,"is_revoked":false"#,
            "lets people ask to join, until it is revoked",
        );
        check(
            r#""expire_date":1790000000,"creates_join_request":false,"is_revoked":false"#,
            "expired on Mon 21 Sep 16:13 +02:00",
        );
        check(r#""creates_join_request":false,"is_revoked":true"#, "is revoked and opens nothing any more");
        check(
            r#""subscription_period":2592000,"subscription_price":50,"creates_join_request":false,"is_revoked":false"#,
            "works for 50 Stars every 30 days, until it is revoked",
        );
    }

    #[test]
    fn many_links_are_written_as_one_is() {
        for json in [
            r#"{"invite_link":"https://t.me/+a","creator":{"id":7,"is_bot":false,"first_name":""},"creates_join_request":false,"is_primary":true,"is_revoked":false}"#,
            r#"{"invite_link":"https://t.me/+a","name":"\"\\\u0001é","creator":{"id":-7,"is_bot":true,"first_name":"A\"","last_name":"\n","username":"u","language_code":"de","is_premium":true,"added_to_attachment_menu":true},"expire_date":-1,"member_limit":5,"pending_join_request_count":3,"subscription_period":2592000,"subscription_price":50,"creates_join_request":true,"is_primary":false,"is_revoked":true,"uses":1,"pending":2,"created_at":3,"replaced_by":"https://t.me/+b"}"#,
        ] {
            let link: ShownLink = serde_json::from_str(json).unwrap();
            let mut written = b"{\"index\":7".to_vec();
            link.end_object(&mut written);
            let alone = serde_json::to_string(&link).unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), format!("{{\"index\":7,{}", &alone[1..]));
            assert_eq!(alone, json);
        }
    }
}
