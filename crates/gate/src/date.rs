//! A date as people type it.

use crate::fold::digit;
use jiff::civil::Date;

/// What a typed date can mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reading {
    /// One day.
    Day(Date),
    /// `3/4/1969` is in March to some and in April to others.
    Ambiguous,
    /// None that we know.
    Unread,
}

/// Reads a date with a year of four digits, in digits of any script:
///
/// - year, month, day, with `-`, `/`, `.` or spaces between, or 年月日 and 년월일, or as eight digits together;
/// - day, month, year with points between, which is written nowhere the other way round;
/// - day and month in either order before the year, with `/`, `-` or spaces between, when only one order is a date.
pub(crate) fn read(typed: &str) -> Reading {
    let text = simplify(typed);
    let text = text.trim_end_matches(['日', '일', '.', ' ']);
    if text.len() == 8 && text.bytes().all(|each| each.is_ascii_digit()) {
        return day(&text[..4], &text[4..6], &text[6..]).map_or(Reading::Unread, Reading::Day);
    }
    let is_mark = |each: char| matches!(each, '-' | '/' | '.' | ' ' | '年' | '月' | '년' | '월');
    let parts: Vec<&str> = text.split(is_mark).filter(|part| !part.is_empty()).collect();
    let [first, second, third] = parts[..] else { return Reading::Unread };
    if parts.iter().any(|part| !part.bytes().all(|each| each.is_ascii_digit())) {
        return Reading::Unread;
    }
    if first.len() == 4 {
        return day(first, second, third).map_or(Reading::Unread, Reading::Day);
    }
    let day_first = day(third, second, first);
    let month_first = day(third, first, second).filter(|_| !text.contains('.'));
    match (day_first, month_first) {
        (Some(one), Some(other)) if one != other => Reading::Ambiguous,
        (Some(one), _) | (None, Some(one)) => Reading::Day(one),
        (None, None) => Reading::Unread,
    }
}

fn day(year: &str, month: &str, day: &str) -> Option<Date> {
    if year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

fn simplify(typed: &str) -> String {
    let simpler = typed.chars().filter_map(|each| match each {
        '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => None,
        '\u{2212}' | '\u{2010}'..='\u{2014}' | '\u{ff0d}' => Some('-'),
        '\u{ff0f}' => Some('/'),
        '\u{ff0e}' => Some('.'),
        each if each.is_whitespace() => Some(' '),
        each => Some(digit(each).unwrap_or(each)),
    });
    simpler.collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn check(typed: &str, expected: Reading) {
        assert_eq!(read(typed), expected, "{typed:?}");
    }

    #[test]
    fn dates_are_read_as_people_write_them() {
        let landing = Reading::Day(date(1969, 7, 20));
        for typed in [
            "1969-07-20",
            "1969-7-20",
            "1969/07/20",
            "1969.07.20",
            "1969 7 20",
            "19690720",
            "20.7.1969",
            "20.07.1969",
            "20. 7. 1969",
            "20/7/1969",
            "7/20/1969",
            "07-20-1969",
            "20-07-1969",
            "1969年7月20日",
            "1969년 7월 20일",
            "１９６９－０７－２０",
            "١٩٦٩-٠٧-٢٠",
            "१९६९-०७-२०",
            " 1969-07-20 ",
            "1969–07–20",
            "20 7 1969",
            "1969. 7. 20.",
        ] {
            check(typed, landing);
        }
        check("4.3.1969", Reading::Day(date(1969, 3, 4)));
        check("3/3/1969", Reading::Day(date(1969, 3, 3)));
        check("2024-02-29", Reading::Day(date(2024, 2, 29)));
    }

    #[test]
    fn what_could_be_two_dates_is_not_guessed_at() {
        check("3/4/1969", Reading::Ambiguous);
        check("03-04-1969", Reading::Ambiguous);
        for typed in [
            "",
            "1969",
            "1969-07",
            "20.7.69",
            "7.20.1969",
            "1969-13-01",
            "2023-02-29",
            "1969-07-20-01",
            "0-0-0",
            "20 July 1969",
            "1969-07-20T00:00:00Z",
            "19691320",
            "999999999999",
            "1969-+7-20",
        ] {
            check(typed, Reading::Unread);
        }
    }

    proptest! {
        #[test]
        fn anything_may_be_typed(typed in any::<String>()) {
            let _ = read(&typed);
        }

        #[test]
        fn iso_dates_are_read(year in 1000i16..=9999, month in 1i8..=12, day in 1i8..=28) {
            let day = date(year, month, day);
            prop_assert_eq!(read(&day.to_string()), Reading::Day(day));
        }
    }
}
