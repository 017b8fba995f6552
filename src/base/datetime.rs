//! Dates, instants and intervals: the one parser and the one writer (RFC 3339, proleptic Gregorian calendar, UTC).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};
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
        let date = NaiveDate::parse_from_str(&text[..10], "%Y-%m-%d").ok()?;
        let time = NaiveTime::parse_from_str(&text[11..], "%H:%M:%S%.f")
            .or_else(|_| NaiveTime::parse_from_str(&text[11..], "%H:%M"))
            .ok()?;
        Some(Self(NaiveDateTime::new(date, time).and_utc().timestamp_micros()))
    }

    /// Reads a date-time as a client must write it: with a zone (RFC 3339, 5.6).
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text, true)
    }

    /// Reads a date-time as files store it: without a zone it is UTC.
    pub fn parse_stored(text: &str) -> Option<Self> {
        Self::read(text.trim(), false).or_else(|| Date::parse(text.trim()).map(Date::start))
    }

    /// Appends `2026-11-21T05:45:12Z`, with as many decimals of the second as are not zero.
    pub fn write(self, out: &mut Vec<u8>) {
        let Some(at) = DateTime::<Utc>::from_timestamp_micros(self.0) else {
            return;
        };
        write_date(out, at.year(), at.month(), at.day());
        out.push(b'T');
        two(out, at.hour());
        out.push(b':');
        two(out, at.minute());
        out.push(b':');
        two(out, at.second());
        let micros = self.0.rem_euclid(1_000_000);
        if micros != 0 {
            let digits = format!(".{micros:06}");
            out.extend_from_slice(digits.trim_end_matches('0').as_bytes());
        }
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
    /// Reads `2026-11-21`.
    pub fn parse(text: &str) -> Option<Self> {
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
        Instant(i64::from(self.0) * DAY)
    }

    /// The last instant of the day, in UTC.
    pub fn end(self) -> Instant {
        Instant((i64::from(self.0) + 1) * DAY - 1)
    }

    /// Appends `2026-11-21`.
    pub fn write(self, out: &mut Vec<u8>) {
        if let Some(date) = NaiveDate::default().checked_add_signed(TimeDelta::days(i64::from(self.0))) {
            write_date(out, date.year(), date.month(), date.day());
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(10);
        self.write(&mut text);
        out.write_str(&String::from_utf8_lossy(&text))
    }
}

fn write_date(out: &mut Vec<u8>, year: i32, month: u32, day: u32) {
    if (0..=9999).contains(&year) {
        let year = year.unsigned_abs();
        two(out, year / 100);
        two(out, year % 100);
    } else {
        out.extend_from_slice(year.to_string().as_bytes());
    }
    out.push(b'-');
    two(out, month);
    out.push(b'-');
    two(out, day);
}

#[allow(clippy::cast_possible_truncation)] // each is a remainder below ten
fn two(out: &mut Vec<u8>, number: u32) {
    out.push(b'0' + (number / 10 % 10) as u8);
    out.push(b'0' + (number % 10) as u8);
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
    use proptest::prelude::*;

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
        fn what_is_written_is_read(micros in -62_000_000_000_000_000i64..200_000_000_000_000_000) {
            let at = Instant(micros);
            prop_assert_eq!(Instant::parse(&at.to_string()), Some(at));
        }

        #[test]
        fn what_is_written_is_read_for_days(days in -700_000i32..2_000_000) {
            prop_assert_eq!(Date::parse(&Date(days).to_string()), Some(Date(days)));
        }
    }
}
