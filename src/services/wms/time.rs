//! The TIME parameter: instants of any precision, intervals, and lists of both (WMS 1.3.0, annexes C and D).

use std::time::Duration;

use http::HeaderValue;

use crate::base::datetime::{Date, Instant, Interval};
use crate::error::{Error, Kind, Result};
use crate::expr::Expr;
use crate::model::schema::{FieldKind, Schema};
use crate::server::context::Published;
use crate::services::ows::kvp::Kvp;

use super::map_request::Drawn;

/// From the first instant to the last: what a map has of a layer where TIME says nothing.
pub(super) fn whole(schema: &Schema, time: Option<(Option<Instant>, Option<Instant>)>) -> Option<String> {
    let (Some((Some(start), Some(end))), true) = (time, schema.time.is_some()) else { return None };
    let told = |at: Instant| {
        let text = at.to_string();
        if is_date(schema) { text.split('T').next().unwrap_or_default().to_owned() } else { text }
    };
    Some(format!("{}/{}", told(start), told(end)))
}

/// Whether the times of a layer are days.
pub(super) fn is_date(schema: &Schema) -> bool {
    schema.time.is_some_and(|time| schema.fields[time.start].kind == FieldKind::Date)
}

/// What an answer says of each default that it used in the place of TIME (WMS 1.3.0, C.4.2), as far as it was told to
/// clients.
pub(super) async fn defaults(kvp: Kvp<'_>, layers: &[Drawn]) -> Result<Vec<HeaderValue>> {
    let mut told = Vec::new();
    if kvp.text("TIME")?.is_some() {
        return Ok(told);
    }
    for drawn in layers.iter().filter(|drawn| drawn.layer.has_time()) {
        let Published::Features(view) = &drawn.layer.data else { continue };
        let extent = drawn.layer.extent(Duration::ZERO).await;
        if let Some(all) = whole(view.schema(), extent.and_then(|extent| extent.time))
            && let Ok(value) = HeaderValue::try_from(format!("99 Default value used: time={all} ISO8601"))
            && !told.contains(&value)
        {
            told.push(value);
        }
    }
    Ok(told)
}

/// Most parts of a list.
const MOST: usize = 1000;

/// The condition that TIME puts on layers that have a time; none where there is no TIME.
pub(super) fn condition(kvp: Kvp<'_>) -> Result<Option<Expr>> {
    let Some(given) = kvp.text("TIME")? else { return Ok(None) };
    let wrong = |why: &str| {
        Error::new(
            Kind::InvalidParameter,
            format!("TIME is '{given}', expected instants or intervals such as 2018-02 or 2018-02-12T23:20Z/2018-02-13: {why}"),
        )
        .at("TIME")
        .coded("InvalidDimensionValue")
    };
    let parts: Vec<&str> = given.split(',').map(str::trim).collect();
    if parts.len() > MOST {
        return Err(wrong("the list is too long"));
    }
    let during =
        parts.into_iter().map(|part| Ok(Expr::During(interval(part).ok_or_else(|| wrong(&format!("'{part}'")))?)));
    let mut during: Vec<Expr> = during.collect::<Result<_>>()?;
    Ok(if during.len() == 1 { during.pop() } else { Some(Expr::Or(during)) })
}

/// An instant as the interval that its precision means, or an interval; the step of one is nothing to a map of all of it.
fn interval(text: &str) -> Option<Interval> {
    let mut parts = text.split('/');
    let (first, last, step, more) = (parts.next()?, parts.next(), parts.next(), parts.next());
    if more.is_some() || step.is_some_and(|step| !step.starts_with('P') && step != "0") {
        return None;
    }
    let (start, mut end) = span(first)?;
    if let Some(last) = last {
        end = span(last)?.1;
    }
    (start <= end).then_some(Interval { start: Some(start), end: Some(end) })
}

/// First and last instant of a year, month, day, hour, minute, second or fraction of one.
fn span(text: &str) -> Option<(Instant, Instant)> {
    const MICROS: [(usize, i64); 3] = [(13, 3_600_000_000), (16, 60_000_000), (19, 1_000_000)];
    if !text.is_ascii() {
        return None;
    }
    if text.starts_with(['+', '-']) {
        let day = Date::parse(text).map(|day| (day.start(), day.end()));
        return day.or_else(|| Instant::parse(text).map(|at| (at, at)));
    }
    let day = |text: &str| Date::parse(text);
    match text.len() {
        4 => Some((day(&format!("{text}-01-01"))?.start(), day(&format!("{text}-12-31"))?.end())),
        7 => {
            let first = day(&format!("{text}-01"))?;
            let last = (28..=31).rev().find_map(|last| day(&format!("{text}-{last}")))?;
            Some((first.start(), last.end()))
        }
        10 => day(text).map(|day| (day.start(), day.end())),
        _ => {
            let (local, zone) = match text.strip_suffix(['Z', 'z']) {
                Some(local) => (local, "Z"),
                None => match text.get(11..)?.find(['+', '-']) {
                    Some(at) => text.split_at(11 + at),
                    None => (text, "Z"),
                },
            };
            let length = MICROS.iter().find(|(digits, _)| local.len() == *digits);
            // What is left out of the time of day is its beginning.
            let filled = match local.len() {
                13 => format!("{local}:00:00{zone}"),
                16 => format!("{local}:00{zone}"),
                _ => format!("{local}{zone}"),
            };
            let start = Instant::parse(&filled)?;
            Some((start, Instant(start.0 + length.map_or(0, |(_, micros)| micros - 1))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_instant_is_as_long_as_its_precision() {
        for (text, start, end) in [
            ("2018", "2018-01-01T00:00:00Z", "2018-12-31T23:59:59.999999Z"),
            ("2018-02", "2018-02-01T00:00:00Z", "2018-02-28T23:59:59.999999Z"),
            ("2018-02-12", "2018-02-12T00:00:00Z", "2018-02-12T23:59:59.999999Z"),
            ("2018-02-12T23Z", "2018-02-12T23:00:00Z", "2018-02-12T23:59:59.999999Z"),
            ("2018-02-12T23:20", "2018-02-12T23:20:00Z", "2018-02-12T23:20:59.999999Z"),
            ("2018-02-12T23:20:50Z", "2018-02-12T23:20:50Z", "2018-02-12T23:20:50.999999Z"),
            ("2018-02-12T23:20:50.000Z", "2018-02-12T23:20:50Z", "2018-02-12T23:20:50Z"),
            ("2018-02-13T01:20:50+02:00", "2018-02-12T23:20:50Z", "2018-02-12T23:20:50.999999Z"),
            ("2018-02/2018-03-01/P1D", "2018-02-01T00:00:00Z", "2018-03-01T23:59:59.999999Z"),
        ] {
            let read = interval(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((read.start, read.end), (Instant::parse(start), Instant::parse(end)), "{text}");
        }
        for bad in
            ["", "x", "18", "2018-13", "2018-02-30", "2018/2017", "a/b/c/d", "2018/2019/x", "2018-02-12T99Z", "current"]
        {
            assert_eq!(interval(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9T:/Z+,.-]{0,40}") {
            let _ = interval(&text);
        }
    }
}
