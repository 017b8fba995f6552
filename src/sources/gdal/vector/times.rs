//! Days and instants as texts of files have them. GDAL takes much for one that is none (`2020-02-30`, `3/4/5`), and loses what it has no
//! place for: offsets that are no quarters of an hour, and what is less than a thousandth of a second.

use crate::base::datetime::{Date, Instant};

/// Decimals of a second that an instant has.
const DECIMALS: usize = 6;
/// Microseconds of a thousandth of a second.
const THOUSANDTH: i64 = 1000;

/// The day that a text is: `2020-01-31`, also as `2020/1/31`, as a schema's day in UTC (`2020-01-31Z`), or with a sign of its year.
pub(super) fn date(text: &str) -> Option<Date> {
    let text = text.trim();
    let text = text.strip_suffix('Z').unwrap_or(text);
    if text.starts_with(['-', '+']) {
        return Date::parse(text);
    }
    let separator = if text.contains('/') { '/' } else { '-' };
    let mut parts = text.split(separator);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let is_short = |part: &str| (1..=2).contains(&part.len());
    if parts.next().is_some() || !is_short(month) || !is_short(day) {
        return None;
    }
    Date::parse_stored(&format!("{year}-{month:0>2}-{day:0>2}"))
}

/// The instant that a text is, where it can be told to the last digit: a day and a time of day; a day alone is its midnight. Without a
/// zone it is UTC, as in every other source.
pub(super) fn instant(text: &str) -> Option<Instant> {
    let text = text.trim();
    let Some((day, time)) = text.split_once(['T', 't', ' ']) else { return date(text).map(Date::start) };
    let day = Some(day).filter(|day| !day.ends_with('Z')).and_then(date)?;
    let (time, east) = zone(time.trim_start())?;
    let mut parts = time.split(':');
    let (hour, minute) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let (second, micros) = parts.next().map_or(Some((0, 0)), |second| {
        let (whole, fraction) = second.split_once('.').unwrap_or((second, "0"));
        let fraction = fraction.trim_end_matches('0');
        let micros = if fraction.is_empty() { 0 } else { number(&format!("{fraction:0<DECIMALS$}"), DECIMALS)? };
        Some((number(whole, 2)?, micros))
    })?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    day.start().0.checked_add(((hour * 60 + minute - east) * 60 + second) * 1_000_000 + micros).map(Instant)
}

/// A time of day without its zone, and the minutes that it is east of UTC.
fn zone(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return Some((time.trim_end(), 0));
    }
    let Some(at) = time.find(['+', '-']) else { return Some((time, 0)) };
    let (time, offset) = time.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let digits = &offset[1..];
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 && digits.is_ascii() => digits.split_at(2),
        None => (digits, "0"),
    };
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some((time.trim_end(), sign * (hours * 60 + minutes)))
}

/// A number of at most so many digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    let is_one = (1..=digits).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit());
    text.parse().ok().filter(|_| is_one)
}

/// Whether GDAL, where it takes a text for a day or time, may make another of it: of more texts than it does.
pub(super) fn is_doubtful(text: &str) -> bool {
    let digits = text.trim_start().trim_start_matches(['-', '+']);
    let after = digits.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let is_like_one = after.len() < digits.len() && after.starts_with(['-', '/', ':']);
    is_like_one && !is_kept(text)
}

/// Whether GDAL makes of a text what it says.
fn is_kept(text: &str) -> bool {
    if let Some(at) = instant(text) {
        let Some((_, time)) = text.trim().split_once(['T', 't', ' ']) else { return true };
        return zone(time).is_some_and(|(_, east)| east % 15 == 0) && at.0 % THOUSANDTH == 0;
    }
    // A time of day is text here, and GDAL writes it so.
    let mut parts = text.split(':').map(|part| number(part, 2).filter(|_| part.len() == 2));
    let within = |part: Option<Option<i64>>, end| part.flatten().is_some_and(|part| part < end);
    within(parts.next(), 24) && within(parts.next(), 60) && within(parts.next(), 60) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_to_the_last_digit_or_not_at_all() {
        for (text, told) in [
            ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
            ("2020/1/5 10:05", "2020-01-05T10:05:00Z"),
            ("2020-01-01T23:59:59.999900", "2020-01-01T23:59:59.9999Z"),
            ("2020-01-01T00:00:00.1234560+00:07", "2019-12-31T23:53:00.123456Z"),
            ("2020-01-01T00:00:00-0330", "2020-01-01T03:30:00Z"),
            ("2020-01-01T00:00:00+05", "2019-12-31T19:00:00Z"),
            ("2020-01-01", "2020-01-01T00:00:00Z"),
            ("-0044-03-15T12:00:00Z", "-0044-03-15T12:00:00Z"),
        ] {
            assert_eq!(instant(text).unwrap().to_string(), told, "{text}");
        }
        for text in [
            "2020-02-30T10:00:00Z",
            "2016-12-31T23:59:60Z",
            "2020-01-01T24:00:00Z",
            "2020-01-01T00:00:00.1234567Z",
            "2020-01-01T00:00:00+25:00",
            "2020-01-01T00:00:00 Europe",
            "2020-01-01T10",
            "2020-01-01T10:00:00+",
            "2020-01-01T10:00:00.é",
            "20-1-1 10:00",
            "3/4/5",
            "10:00",
            "",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
        assert_eq!(date("2020/2/29").unwrap().to_string(), "2020-02-29");
        assert!(date("2020-02-30").is_none() && date("2020-1/1").is_none() && date("20200-1-1").is_none());
    }

    #[test]
    fn what_gdal_may_make_another_of_is_doubtful() {
        for text in
            ["2020-02-30", "3/4/5", "1:2", "10:30 Uhr", "2016-12-31T23:59:60Z", "2020-01-01T00:00:00.1234Z", "-1-2-3"]
        {
            assert!(is_doubtful(text), "{text}");
        }
        for text in [
            "2020-02-29",
            "2020/1/5",
            "2020-01-01T00:00:00.123Z",
            "2020-01-01T00:00:00+05:30",
            "10:30:00",
            "12",
            "a-1",
            "",
        ] {
            assert!(!is_doubtful(text), "{text}");
        }
        assert!(is_doubtful("2020-01-01T00:00:00+00:07") && !is_doubtful("2020-01-01 00:00:00.5"));
    }
}
