//! Dates, instants and intervals: the one parser and the one writer (RFC 3339, proleptic Gregorian calendar, UTC).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Deserializer, de};
use utoipa::openapi::{Object, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub i64);

/// Days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i32);

const DAY: i64 = 86_400_000_000;
/// What stands before years that have no four digits (ISO 8601, expanded representations).
const SIGNS: [char; 2] = ['+', '-'];

impl Instant {
    /// The present.
    pub fn now() -> Self {
        Self(Utc::now().timestamp_micros())
    }

    /// Its day, in UTC.
    pub fn day(self) -> Option<Date> {
        i32::try_from(self.0.div_euclid(DAY)).ok().map(Date)
    }

    /// The same without the fraction of the second.
    #[must_use]
    pub fn to_seconds(self) -> Self {
        Self(self.0 - self.0.rem_euclid(1_000_000))
    }

    /// Reads an RFC 3339 date-time. Where `zone` is false, one without a zone (as files store them) is taken as UTC,
    /// a blank may stand for the `T`, and seconds may be missing.
    fn read(text: &str, zone: bool) -> Option<Self> {
        if !text.is_ascii() || text.len() < 16 || !matches!(text.as_bytes()[10], b'T' | b't' | b' ') {
            return None;
        }
        if zone || text.ends_with(['Z', 'z']) || text[16..].contains(['+', '-']) {
            if zone && text.as_bytes()[10] == b' ' {
                return None;
            }
            let read = DateTime::parse_from_rfc3339(text).ok()?;
            return Some(Self(read.timestamp_micros()));
        }
        let date = Date::parse_stored(&text[..10])?.start();
        let time = NaiveTime::parse_from_str(&text[11..], "%H:%M:%S%.f")
            .or_else(|_| NaiveTime::parse_from_str(&text[11..], "%H:%M"))
            .ok()?;
        let since = time.signed_duration_since(NaiveTime::MIN).num_microseconds()?;
        Some(Self(date.0 + since))
    }

    /// Reads a date-time as a client must write it: with a zone (RFC 3339, 5.6); before year 0 and after 9999 with a sign.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.starts_with(SIGNS) {
            return Self::read(text, true);
        }
        let (day, time) = text.split_once(['T', 't'])?;
        let time = Self::read(&format!("1970-01-01T{time}"), true)?;
        // The first day that has instants begins before them.
        i64::try_from(i128::from(Date::parse(day)?.0) * i128::from(DAY) + i128::from(time.0)).ok().map(Self)
    }

    /// Reads a date-time as files store it: without a zone it is UTC.
    pub fn parse_stored(text: &str) -> Option<Self> {
        Self::read(text.trim(), false).or_else(|| Date::parse_stored(text.trim()).map(Date::start))
    }

    /// Appends `2026-11-21T05:45:12Z`, with as many decimals of the second as are not zero.
    pub fn write(self, out: &mut Vec<u8>) {
        write_day(self.0.div_euclid(DAY), out);
        let micros = self.0.rem_euclid(DAY);
        let seconds = u32::try_from(micros / 1_000_000).unwrap_or_default();
        let ([h, i], [m, j], [s, k]) = (two(seconds / 3600), two(seconds / 60 % 60), two(seconds % 60));
        let micros = micros % 1_000_000;
        if micros == 0 {
            out.extend_from_slice(&[b'T', h, i, b':', m, j, b':', s, k, b'Z']);
            return;
        }
        out.extend_from_slice(&[b'T', h, i, b':', m, j, b':', s, k]);
        let digits = format!(".{micros:06}");
        out.extend_from_slice(digits.trim_end_matches('0').as_bytes());
        out.push(b'Z');
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(27);
        self.write(&mut text);
        out.write_str(&String::from_utf8_lossy(&text))
    }
}

impl Date {
    /// Reads `2026-11-21`; before year 0 and after 9999 with a sign and up to seven digits of the year (ISO 8601): `-0043-03-15`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, day) = match text.split_at_checked(text.len().wrapping_sub(6)) {
            Some((year, day)) if year.starts_with(SIGNS) => (year, day),
            _ => return Self::parse_stored(text),
        };
        let digits = &year[1..];
        if !(4..=7).contains(&digits.len()) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        // The calendar repeats itself: which days a year has is told by its place among four hundred.
        let year: i32 = year.parse().ok()?;
        let within = Self::parse_stored(&format!("{:04}{day}", 2000 + year.rem_euclid(400)))?;
        let day = i64::from(within.0) + (i64::from(year.div_euclid(400)) - 5) * 146_097;
        i32::try_from(day).ok().map(Self)
    }

    /// Reads `2026-11-21` and no other year, as files store it.
    pub fn parse_stored(text: &str) -> Option<Self> {
        if text.len() != 10
            || !text.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() })
        {
            return None;
        }
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(Self(i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()?))
    }

    /// The first instant of the day, in UTC.
    pub fn start(self) -> Instant {
        Instant(i64::from(self.0).saturating_mul(DAY))
    }

    /// The last instant of the day, in UTC.
    pub fn end(self) -> Instant {
        Instant((i64::from(self.0) + 1).saturating_mul(DAY).saturating_sub(1))
    }

    /// Appends `2026-11-21`; before year 0 and after 9999 with the sign of the year.
    pub fn write(self, out: &mut Vec<u8>) {
        write_day(self.0.into(), out);
    }
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(10);
        self.write(&mut text);
        out.write_str(&String::from_utf8_lossy(&text))
    }
}

/// The year, the month and the day of the month of a day of this number since 1970. Any has its year: no calendar ends before
/// numbers do.
pub fn parts_of_day(day: i64) -> (i64, u32, u32) {
    // Eras of 400 years that begin in March, so that the leap day is the last of a year.
    let day = day.saturating_add(719_468);
    let (era, day) = (day.div_euclid(146_097), u32::try_from(day.rem_euclid(146_097)).unwrap_or_default());
    let (year, month, day) = parts_of_era(day);
    (i64::from(year) + era * 400, month, day)
}

/// The same within an era of 400 years that begins in March.
fn parts_of_era(day: u32) -> (u32, u32, u32) {
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (turn, month_of_year) = if month < 10 { (0, month + 3) } else { (1, month - 9) };
    (year + turn, month_of_year, day - (153 * month + 2) / 5 + 1)
}

/// Appends the day of this number since 1970.
fn write_day(day: i64, out: &mut Vec<u8>) {
    // Quick in the usual years: without large numbers.
    if let Some(day) = day.checked_add(719_468).and_then(|day| u32::try_from(day).ok()).filter(|day| *day < 3_652_000) {
        let (year, month, of_month) = parts_of_era(day % 146_097);
        return write_date(out, i64::from(year + day / 146_097 * 400), month, of_month);
    }
    let (year, month, day) = parts_of_day(day);
    write_date(out, year, month, day);
}

fn write_date(out: &mut Vec<u8>, year: i64, month: u32, day: u32) {
    let ([m, n], [d, e]) = (two(month), two(day));
    if (0..=9999).contains(&year) {
        let year = u32::try_from(year).unwrap_or_default();
        let ([c, b], [y, z]) = (two(year / 100), two(year % 100));
        out.extend_from_slice(&[c, b, y, z, b'-', m, n, b'-', d, e]);
    } else {
        out.extend_from_slice(format!("{year:+05}").as_bytes());
        out.extend_from_slice(&[b'-', m, n, b'-', d, e]);
    }
}

#[allow(clippy::cast_possible_truncation)] // each is a remainder below ten
fn two(number: u32) -> [u8; 2] {
    [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]
}

/// The value of `datetime`: an instant is an interval whose ends are the same; `None` is an open end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// First instant.
    pub start: Option<Instant>,
    /// Last instant.
    pub end: Option<Instant>,
}

impl Interval {
    /// Whether something that lasts from `start` to `end` shares an instant with this interval; ends count.
    pub fn intersects(&self, start: Option<Instant>, end: Option<Instant>) -> bool {
        let begins_in_time = self.end.zip(start).is_none_or(|(last, start)| start <= last);
        let ends_in_time = self.start.zip(end).is_none_or(|(first, end)| end >= first);
        begins_in_time && ends_in_time
    }
}

impl FromStr for Interval {
    type Err = String;

    /// Reads `2018-02-12T23:20:50Z`, `…/…`, `../…`, `…/..`; a date without a time is the whole day (in UTC).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            "expected an instant such as 2018-02-12T23:20:50Z or an interval such as 2018-02-12T00:00:00Z/2018-03-18T12:31:12Z \
             with .. for an open end"
                .to_owned()
        };
        let whole = |text: &str| {
            let day = Date::parse(text).map(|day| (day.start(), day.end()));
            day.or_else(|| Instant::parse(text).map(|at| (at, at))).ok_or_else(wrong)
        };
        let open = |text: &str| text.is_empty() || text == "..";
        let Some((first, last)) = text.split_once('/') else {
            let (start, end) = whole(text)?;
            return Ok(Self { start: Some(start), end: Some(end) });
        };
        let start = if open(first) { None } else { Some(whole(first)?.0) };
        let end = if open(last) { None } else { Some(whole(last)?.1) };
        if start.zip(end).is_some_and(|(start, end)| start > end) {
            return Err("the interval ends before it starts".to_owned());
        }
        Ok(Self { start, end })
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl PartialSchema for Interval {
    fn schema() -> RefOr<Schema> {
        Schema::Object(Object::with_type(Type::String)).into()
    }
}

impl ToSchema for Interval {}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, TimeDelta};
    use proptest::prelude::*;

    #[test]
    fn days_are_written_as_the_calendar_has_them() {
        let ends = [-719_469, -719_468, -1, 0, 11_016, 47_541, 2_932_531, 2_932_532, 2_932_896, 2_932_897];
        for day in (-900_000..3_000_000).step_by(61).chain(ends) {
            let date = NaiveDate::default() + TimeDelta::days(day);
            let expected = if (0..=9999).contains(&date.year()) {
                date.format("%Y-%m-%d").to_string()
            } else {
                format!("{:+05}-{}", date.year(), date.format("%m-%d"))
            };
            assert_eq!(Date::parse(&expected), Some(Date(i32::try_from(day).unwrap())), "{expected}");
            assert_eq!(Date(i32::try_from(day).unwrap()).to_string(), expected);
        }
        let last = Instant(i64::MAX).to_string();
        assert_eq!(last, "+294247-01-10T04:00:54.775807Z");
        assert_eq!(Instant(i64::MIN).to_string(), "-290308-12-21T19:59:05.224192Z");
        assert_eq!(Instant(-1).to_string(), "1969-12-31T23:59:59.999999Z");
        for (day, text) in
            [(i32::MAX, "+5881580-07-11"), (i32::MIN, "-5877641-06-23"), (2_145_042_905, "+5874897-12-31")]
        {
            assert_eq!(Date(day).to_string(), text);
            assert_eq!(Date::parse(text), Some(Date(day)));
        }
        assert!(Date::parse("+5881580-07-12").is_none() && Date::parse("-9999999-01-01").is_none());
    }

    #[test]
    fn instants_and_intervals_are_read() {
        let at = Instant::parse("2018-02-12T23:20:50Z").unwrap();
        assert_eq!("2018-02-12T23:20:50Z".parse(), Ok(Interval { start: Some(at), end: Some(at) }));
        assert_eq!("2018-02-13T00:20:50+01:00".parse(), Ok(Interval { start: Some(at), end: Some(at) }));
        assert_eq!("../2018-02-12T23:20:50Z".parse(), Ok(Interval { start: None, end: Some(at) }));
        assert_eq!("/2018-02-12T23:20:50Z".parse(), Ok(Interval { start: None, end: Some(at) }));
        assert_eq!("2018-02-12T23:20:50Z/..".parse(), Ok(Interval { start: Some(at), end: None }));
        let day = "2018-02-12".parse::<Interval>().unwrap();
        assert!(day.intersects(Some(at), Some(at)));
        for text in [
            "",
            "x",
            "2018",
            "2018-02-30",
            "2018-02-12T23:20:50",
            "2018-02-12 23:20:50Z",
            "2019-01-01/2018-01-01",
            "a/b/c",
            "2018-02-12T25:00:00Z",
        ] {
            assert!(text.parse::<Interval>().is_err(), "{text}");
        }
    }

    #[test]
    fn years_beyond_four_digits_are_written_and_read_with_a_sign() {
        for text in [
            "-0043-03-15",
            "-0004-02-29",
            "+12345-01-01",
            "0000-03-01",
            "-99999-12-31",
            "+200000-02-29",
            "+262143-12-31",
            "-270000-01-01",
        ] {
            assert_eq!(Date::parse(text).unwrap().to_string(), text);
            let at = format!("{text}T23:20:50.5Z");
            assert_eq!(Instant::parse(&at).unwrap().to_string(), at);
            assert!(format!("{text}/{at}").parse::<Interval>().is_ok());
        }
        assert_eq!(Instant::parse("-0043-03-15T01:00:00+02:00"), Instant::parse("-0043-03-14T23:00:00Z"));
        assert_eq!(Date::parse("+2018-02-12"), Date::parse("2018-02-12"));
        for wrong in [
            "-43-03-15",
            "-0043-02-30",
            "-0001-02-29",
            "12345-01-01",
            "+12345678-01-01",
            "+-123-01-01",
            "-0043",
            "-ä43-03-15",
        ] {
            assert!(Date::parse(wrong).is_none() && Instant::parse(&format!("{wrong}T00:00:00Z")).is_none(), "{wrong}");
        }
        assert!(Date::parse_stored("-0043-03-15").is_none());
        assert!(Instant::parse("-0043-03-15T23:20:50").is_none());
    }

    #[test]
    fn stored_times_without_a_zone_are_utc() {
        let at = Instant::parse("2018-02-12T23:20:50Z");
        for text in
            ["2018-02-12T23:20:50", "2018-02-12 23:20:50", "2018-02-12T23:20:50.000Z", "2018-02-13 00:20:50+01:00"]
        {
            assert_eq!(Instant::parse_stored(text), at, "{text}");
        }
        assert_eq!(Instant::parse_stored("2018-02-12"), Instant::parse("2018-02-12T00:00:00Z"));
        assert_eq!(Instant::parse_stored("nonsense"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Interval>();
            let _ = Instant::parse_stored(&text);
            let _ = Date::parse(&text);
        }

        #[test]
        fn what_is_written_is_read(micros: i64) {
            let at = Instant(micros);
            prop_assert_eq!(Instant::parse(&at.to_string()), Some(at));
        }

        #[test]
        fn what_is_written_is_read_for_days(days: i32) {
            prop_assert_eq!(Date::parse(&Date(days).to_string()), Some(Date(days)));
        }
    }
}
