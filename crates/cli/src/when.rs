//! Moments and lengths of time as people write them, and how we say them back.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use links::{BadExpiry, Expiry, UnixTime};
use std::time::Duration;

/// The time it is, and the zone it is told in: this machine's, if none is named.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    pub(crate) now: Timestamp,
    pub(crate) zone: Option<TimeZone>,
}

impl Clock {
    /// The clock of this machine; the one place that reads it.
    pub(crate) fn of_this_machine() -> Self {
        Self { now: Timestamp::now(), zone: None }
    }

    /// The same time told in another zone.
    pub(crate) fn told_in(self, zone: Option<TimeZone>) -> Self {
        Self { zone: zone.or(self.zone), ..self }
    }

    /// The zone. This machine's is looked up on the disk, so only those who tell a time ask.
    pub(crate) fn zone(&self) -> TimeZone {
        self.zone.clone().or_else(nameless_zone).unwrap_or_else(TimeZone::system)
    }

    /// A moment as a sentence says it: `Sat 28 Nov 14:00 +01:00`, with the year if it is another one.
    pub(crate) fn say(&self, at: UnixTime) -> String {
        let Ok(at) = Timestamp::from_second(at.get()) else { return format!("second {at}") };
        let zone = self.zone();
        let (at, now) = (at.to_zoned(zone.clone()), self.now.to_zoned(zone));
        let pattern = if at.year() == now.year() { "%a %-d %b %H:%M %:z" } else { "%a %-d %b %Y %H:%M %:z" };
        at.strftime(pattern).to_string()
    }

    /// A moment of the next minutes: `14:00:30`.
    pub(crate) fn say_second(&self, at: UnixTime) -> String {
        let Ok(at) = Timestamp::from_second(at.get()) else { return format!("second {at}") };
        at.to_zoned(self.zone()).strftime("%H:%M:%S").to_string()
    }
}

/// This machine's zone as its file has it, unless the environment says another. `TimeZone::system` also finds its
/// name, which no time is told with, and reads the whole directory of zones for that: a fifth of a short command.
#[cfg(unix)]
fn nameless_zone() -> Option<TimeZone> {
    if std::env::var_os("TZ").is_some() {
        return None;
    }
    TimeZone::tzif("", &std::fs::read("/etc/localtime").ok()?).ok()
}

#[cfg(not(unix))]
fn nameless_zone() -> Option<TimeZone> {
    None
}

/// Why a text is no expiry.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum BadWhen {
    #[error("a local time says nothing without its zone: add `--tz Europe/Berlin`, or write `{0}+01:00`")]
    NoZone(String),
    #[error("this is a day without a time of day: write `{0}T18:00`, with `--tz Europe/Berlin` or `+01:00`")]
    NoTimeOfDay(String),
    #[error("this moment is over since {since}: give a later one such as `7d`")]
    Past { since: String },
    #[error("{0}")]
    OutOfRange(#[from] BadExpiry),
    #[error("a number alone could be anything: say `{0}d`, `{0}h` or `{0}m`")]
    NoUnit(i64),
    #[error("clocks in {zone} skip this time; write it with its offset, such as `2026-11-28T14:00+01:00`")]
    Skipped { zone: String },
    #[error("this time happens twice in {zone}; write it with its offset, such as `2026-11-28T14:00+01:00`")]
    Twice { zone: String },
    #[error(
        "this is no length of time and no moment: give `7d`, `36h`, `2026-11-28T14:00+01:00`, or `2026-11-28T14:00` with `--tz Europe/Berlin`"
    )]
    Unreadable,
}

/// Reads `--expire`: a length of time from now, a moment with its offset, or a local time in a named zone.
pub(crate) fn expiry(text: &str, zone: Option<&TimeZone>, now: Timestamp) -> Result<Expiry, BadWhen> {
    let at = moment(text.trim(), zone, now)?;
    let expiry = Expiry::new(UnixTime::new(at.as_second()))?;
    if at > now { Ok(expiry) } else { Err(BadWhen::Past { since: say_length(since(at, now)) }) }
}

fn moment(text: &str, zone: Option<&TimeZone>, now: Timestamp) -> Result<Timestamp, BadWhen> {
    if let Some(length) = length(text) {
        let seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
        let at = now.as_second().saturating_add(seconds);
        return Timestamp::from_second(at).map_err(|_| BadExpiry::OutOfRange(at).into());
    }
    if let Ok(number) = text.parse::<i64>() {
        return unix_seconds(number);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(at) = text.parse::<Zoned>() {
        return Ok(at.timestamp());
    }
    if let Ok(day) = text.parse::<jiff::civil::Date>()
        && !text.contains(':')
    {
        return Err(BadWhen::NoTimeOfDay(day.to_string()));
    }
    let local: DateTime = text.parse().map_err(|_| BadWhen::Unreadable)?;
    let zone = zone.ok_or_else(|| BadWhen::NoZone(local.to_string()))?;
    in_zone(local, zone)
}

/// A number is what Telegram itself counts, or a slip that the message names.
fn unix_seconds(number: i64) -> Result<Timestamp, BadWhen> {
    if (0..1_000_000).contains(&number) {
        return Err(BadWhen::NoUnit(number));
    }
    let at = Expiry::new(UnixTime::new(number))?;
    Ok(Timestamp::from_second(at.at().get()).expect("an expiry lies between 2001 and 2038"))
}

fn in_zone(local: DateTime, zone: &TimeZone) -> Result<Timestamp, BadWhen> {
    let name = || zone.iana_name().unwrap_or("this zone").to_owned();
    let ambiguous = zone.to_ambiguous_timestamp(local);
    match ambiguous.offset() {
        jiff::tz::AmbiguousOffset::Gap { .. } => return Err(BadWhen::Skipped { zone: name() }),
        jiff::tz::AmbiguousOffset::Fold { .. } => return Err(BadWhen::Twice { zone: name() }),
        jiff::tz::AmbiguousOffset::Unambiguous { .. } => {}
    }
    ambiguous.unambiguous().map_err(|_| BadWhen::Unreadable)
}

/// A day alone as its midnight, which is how the tool we stand in for reads it; any other text as it is.
pub(crate) fn at_midnight(text: &str) -> String {
    match moment(text.trim(), None, Timestamp::UNIX_EPOCH) {
        Err(BadWhen::NoTimeOfDay(day)) => format!("{day}T00:00"),
        _ => text.to_owned(),
    }
}

/// Whether a text is a local time, which the drop-in reads in the machine's zone.
pub(crate) fn is_local(text: &str) -> bool {
    matches!(moment(text.trim(), None, Timestamp::UNIX_EPOCH), Err(BadWhen::NoZone(_)))
}

/// A length of time: whole numbers with units `w d h m s`, such as `7d` or `1d12h`.
pub(crate) fn length(text: &str) -> Option<Duration> {
    let (mut rest, mut seconds) = (text, 0u64);
    while !rest.is_empty() {
        let digits = rest.find(|each: char| !each.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = match rest.as_bytes()[digits] {
            b'w' => 604_800,
            b'd' => 86_400,
            b'h' => 3_600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    (!text.is_empty()).then(|| Duration::from_secs(seconds))
}

/// Reads `--tz`.
pub(crate) fn zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text)
        .map_err(|_| "no time zone has this name: give one such as `Europe/Berlin` or `UTC`".into())
}

/// No call may take longer.
pub(crate) const LONGEST_LIMIT: Duration = Duration::from_secs(86_400);

/// Reads `--timeout`.
pub(crate) fn time_limit(text: &str) -> Result<Duration, String> {
    match length(text) {
        Some(limit) if (Duration::from_secs(1)..=LONGEST_LIMIT).contains(&limit) => Ok(limit),
        _ => Err("a time limit is 1 second to 1 day, with its unit: `30s`, `2m`".into()),
    }
}

fn since(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or_default()
}

/// The seconds of a wait: who waits so many has waited long enough.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// A length of time in its largest unit, as a sentence says it.
pub(crate) fn say_length(length: Duration) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (size, unit) = *units.iter().find(|(size, _)| length.as_secs() >= *size).unwrap_or(&(1, "second"));
    let count = length.as_secs() / size;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_795_000_000; // 2026-11-18T11:06:40Z

    fn now() -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }

    fn check(text: &str, zone: Option<&str>, expected: Result<i64, &str>) {
        let zone = zone.map(|name| TimeZone::get(name).unwrap());
        match (expiry(text, zone.as_ref(), now()), expected) {
            (Ok(at), Ok(expected)) => assert_eq!(at.at().get(), expected, "{text}"),
            (Err(why), Err(words)) => {
                assert!(why.to_string().contains(words), "{text}: {why}");
            }
            (got, expected) => panic!("{text}: {got:?}, not {expected:?}"),
        }
    }

    #[test]
    fn lengths_count_from_now() {
        check("7d", None, Ok(NOW + 7 * 86_400));
        check("36h", None, Ok(NOW + 36 * 3_600));
        check("30m", None, Ok(NOW + 1_800));
        check("1d12h", None, Ok(NOW + 36 * 3_600));
        check("0s", None, Err("over"));
        check("9999w", None, Err("outside what Telegram can keep"));
        check("99999999999999999999d", None, Err("no length of time and no moment"));
        check("7", None, Err("`7d`, `7h` or `7m`"));
        check("7y", None, Err("no length of time and no moment"));
        check("-7d", None, Err("no length of time and no moment"));
        check("", None, Err("no length of time and no moment"));
    }

    #[test]
    fn moments_carry_their_offset_or_are_given_a_zone() {
        check("2026-11-28T14:00:00+01:00", None, Ok(1_795_870_800));
        check("2026-11-28T13:00:00Z", None, Ok(1_795_870_800));
        check("2026-11-28T14:00[Europe/Berlin]", None, Ok(1_795_870_800));
        check("2026-11-28T14:00", Some("Europe/Berlin"), Ok(1_795_870_800));
        check("2026-11-28 14:00:00", Some("Europe/Berlin"), Ok(1_795_870_800));
        check("1795870800", None, Ok(1_795_870_800));
        check("2026-11-28T14:00", None, Err("--tz Europe/Berlin"));
        check("2026-11-28", Some("UTC"), Err("time of day"));
        check("2026-11-28", None, Err("time of day"));
        check("28.11.2026 14:00", Some("UTC"), Err("no length of time and no moment"));
        check("tomorrow", None, Err("no length of time and no moment"));
    }

    #[test]
    fn what_telegram_would_not_understand_is_refused() {
        check("1795870800000", None, Err("milliseconds"));
        check("2026-11-18T11:06:40Z", None, Err("over since 0 seconds"));
        check("2026-11-17T11:00:00Z", None, Err("over since 1 day"));
        check("2039-01-01T00:00:00Z", None, Err("outside what Telegram can keep"));
        check("2027-03-28T02:30", Some("Europe/Berlin"), Err("skip this time"));
        check("2027-10-31T02:30", Some("Europe/Berlin"), Err("happens twice"));
    }

    #[cfg(unix)]
    #[test]
    fn the_zone_without_a_name_tells_the_same_time() {
        if let Some(zone) = nameless_zone() {
            for at in [now(), Timestamp::from_second(1_782_000_000).unwrap()] {
                assert_eq!(zone.to_offset(at), TimeZone::system().to_offset(at));
            }
        }
    }

    #[test]
    fn moments_are_said_with_their_offset() {
        let clock = Clock { now: now(), zone: TimeZone::get("Europe/Berlin").ok() };
        assert_eq!(clock.say(UnixTime::new(1_795_870_800)), "Sat 28 Nov 14:00 +01:00");
        assert_eq!(clock.say(UnixTime::new(1_800_000_000)), "Fri 15 Jan 2027 09:00 +01:00");
        assert_eq!(clock.say_second(UnixTime::new(1_795_870_830)), "14:00:30");
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic_and_no_expiry_is_over(text in "\\PC{0,30}") {
            if let Ok(at) = expiry(&text, Some(&TimeZone::UTC), now()) {
                prop_assert!(at.at().get() > NOW);
            }
        }

        #[test]
        fn digits_units_and_signs_are_no_panic(text in "[0-9wdhms:TZ+\\- ]{0,24}") {
            let _ = expiry(&text, None, now());
        }
    }
}
