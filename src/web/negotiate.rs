//! Which format an answer has: `f=` beats a suffix beats `Accept` (RFC 9110, 12.5.1) beats the first that is offered.

use std::borrow::Cow;

use http::{HeaderMap, header};
use percent_encoding::utf8_percent_encode;

use crate::base::format::Format;
use crate::error::{Error, Kind, Result};
use crate::message::request::COMPONENT;

/// Chooses one of the offered formats, in their order of preference.
pub fn negotiate(offered: &[Format], f: Option<&str>, suffix: Option<Format>, headers: &HeaderMap) -> Result<Format> {
    let names = || {
        let mut names: Vec<&str> = offered.iter().map(|format| format.name()).collect();
        // What is JSON is also called so.
        if !offered.contains(&Format::Json) && satisfy(offered, Format::Json).is_some() {
            names.push(Format::Json.name());
        }
        names.join(", ")
    };
    if let Some(name) = f {
        let wrong = |kind| Error::new(kind, format!("parameter 'f' is '{name}', expected one of {}", names())).at("f");
        let format = Format::by_name(name).ok_or_else(|| wrong(Kind::InvalidParameter))?;
        return satisfy(offered, format).ok_or_else(|| wrong(Kind::NotAcceptable));
    }
    if let Some(format) = suffix {
        return satisfy(offered, format)
            .ok_or_else(|| Error::new(Kind::NotAcceptable, format!("there is no {format} of this, only {}", names())));
    }
    let ranges = accepted(headers);
    // Plain text alone is for programs that watch: they get it, whatever their library says that it accepts.
    if ranges.is_empty() || offered == [Format::Text] {
        return preferred(offered).ok_or_else(|| Error::internal("a route without a format"));
    }
    accept(offered, &ranges)
        .ok_or_else(|| Error::new(Kind::NotAcceptable, format!("none of what is accepted is offered: {}", names())))
}

/// Whether a page suits the client better than JSON: for errors, where there is no list of formats.
pub fn prefers_html(f: Option<&str>, suffix: Option<Format>, headers: &HeaderMap) -> bool {
    let both = [Format::Json, Format::Html];
    let explicit = f.and_then(Format::by_name).or(suffix);
    explicit.map_or_else(|| accept(&both, &accepted(headers)) == Some(Format::Html), |format| format == Format::Html)
}

/// An id as a segment of a path, of which no end is taken for the suffix of a format.
pub fn segment(id: &str) -> String {
    let segment = utf8_percent_encode(id, COMPONENT).to_string();
    match segment.rsplit_once('.') {
        Some((stem, name)) if Format::by_name(name).is_some() => format!("{stem}%2E{name}"),
        _ => segment,
    }
}

/// A path whose last segment is an id, as links have it. Every client resolves `.` and `..`, however they are escaped; before
/// the suffix of a format they are ids.
pub fn ending_in_id(path: &str) -> Cow<'_, str> {
    let (before, last) = path.rsplit_once('/').map_or(("", path), |(before, last)| (&path[..=before.len()], last));
    match last {
        "." | ".." => format!("{path}.{}", Format::Html.name()).into(),
        last => match last.rsplit_once('.') {
            Some((stem, name)) if Format::by_name(name).is_some() => format!("{before}{stem}%2E{name}").into(),
            _ => path.into(),
        },
    }
}

/// The offered format that meets a wish: itself, or for plain JSON the first that is JSON.
fn satisfy(offered: &[Format], wish: Format) -> Option<Format> {
    let exact = offered.iter().copied().find(|format| *format == wish);
    exact.or_else(|| (wish == Format::Json).then(|| offered.iter().copied().find(|format| format.is_json())).flatten())
}

/// The first that is offered, which is never HTML where there is another.
fn preferred(offered: &[Format]) -> Option<Format> {
    offered.iter().copied().find(|format| *format != Format::Html).or(offered.first().copied())
}

/// One media range of `Accept`.
struct Range {
    essence: String,
    quality: f32,
}

/// The media ranges of all `Accept` headers; what cannot be read is passed over.
fn accepted(headers: &HeaderMap) -> Vec<Range> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges = values.flat_map(|value| value.split(','));
    ranges
        .filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let essence = parts.next().filter(|essence| essence.contains('/'))?.to_ascii_lowercase();
            let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            let quality = quality.map_or(Some(1.0), |q| q.parse().ok()).filter(|q| (0.0..=1.0).contains(q))?;
            Some(Range { essence, quality })
        })
        .collect()
}

/// The offered format of the highest quality; the most specific range that names a format says its quality.
fn accept(offered: &[Format], ranges: &[Range]) -> Option<Format> {
    let mut best: Option<(f32, Format)> = None;
    // HTML comes late, so that it never wins a tie: `*/*` gives JSON. Last is what people keep as a file, which nobody
    // gets who has not named it while there is something to look at.
    let mut ordered = offered.to_vec();
    ordered.sort_by_key(|format| (format.extension().is_some(), *format == Format::Html));
    for format in ordered {
        let quality = quality(format, ranges);
        if quality > 0.0 && best.is_none_or(|(high, _)| quality > high) {
            best = Some((quality, format));
        }
    }
    best.map(|(_, format)| format)
}

fn quality(format: Format, ranges: &[Range]) -> f32 {
    let specificity = |range: &Range| {
        let class = format.media_type().split('/').next().unwrap_or_default();
        match range.essence.as_str() {
            essence if format.is_called(essence) => Some(4),
            "application/json" if format.is_json() => Some(3),
            "*/*" => Some(1),
            essence if essence.strip_suffix("/*") == Some(class) => Some(2),
            _ => None,
        }
    };
    let named = ranges.iter().filter_map(|range| specificity(range).map(|how| (how, range.quality)));
    named.max_by(|(a, _), (b, _)| a.cmp(b)).map_or(0.0, |(_, quality)| quality)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Format::{GeoJson, Html, Json, OpenApi};

    fn chosen(offered: &[Format], f: Option<&str>, suffix: Option<Format>, accept: &str) -> Result<Format, Kind> {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert(header::ACCEPT, accept.parse().unwrap());
        }
        negotiate(offered, f, suffix, &headers).map_err(|error| error.kind())
    }

    #[test]
    fn no_end_of_an_id_is_taken_for_a_suffix() {
        for (id, expected) in
            [("a.json", "a%2Ejson"), ("a/b.html", "a%2Fb%2Ehtml"), ("1.5", "1.5"), (".csv", "%2Ecsv"), ("json", "json")]
        {
            assert_eq!(segment(id), expected);
            assert_eq!(ending_in_id(&format!("/items/{}", segment(id))), format!("/items/{expected}"));
        }
        assert_eq!(ending_in_id("/items/."), "/items/..html");
        assert_eq!(ending_in_id("/items/.."), "/items/...html");
        assert_eq!(ending_in_id("/items/a.json"), "/items/a%2Ejson");
    }

    #[test]
    fn every_name_that_is_taken_is_told() {
        let fault = negotiate(&[Format::OpenApi, Format::Html], Some("yaml"), None, &HeaderMap::new()).unwrap_err();
        assert!(fault.message().ends_with("expected one of openapi3, html, json"), "{}", fault.message());
    }

    #[test]
    fn the_explicit_beats_the_implicit() {
        let both = [Html, GeoJson];
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        assert_eq!(chosen(&both, None, None, browser), Ok(Html));
        assert_eq!(chosen(&both, None, None, ""), Ok(GeoJson));
        assert_eq!(chosen(&both, None, None, "*/*"), Ok(GeoJson));
        assert_eq!(chosen(&both, None, None, "application/json"), Ok(GeoJson));
        assert_eq!(chosen(&both, None, None, "text/html;q=0.3, application/*;q=0.5"), Ok(GeoJson));
        assert_eq!(chosen(&both, None, None, "application/geo+json;q=0, */*"), Ok(Html));
        assert_eq!(chosen(&both, Some("json"), Some(Html), browser), Ok(GeoJson));
        assert_eq!(chosen(&both, None, Some(Html), "application/json"), Ok(Html));
        assert_eq!(chosen(&[OpenApi, Html], None, None, "application/vnd.oai.openapi+json;version=3.0"), Ok(OpenApi));
    }

    #[test]
    fn who_watches_is_answered_whatever_it_accepts() {
        assert_eq!(chosen(&[Format::Text], None, None, "application/json"), Ok(Format::Text));
        assert_eq!(chosen(&[Format::Text], Some("json"), None, ""), Err(Kind::NotAcceptable));
    }

    #[test]
    fn a_wish_that_cannot_be_met_is_told() {
        assert_eq!(chosen(&[Json, Html], None, None, "image/png"), Err(Kind::NotAcceptable));
        assert_eq!(chosen(&[Json, Html], Some("geojson"), None, ""), Err(Kind::NotAcceptable));
        assert_eq!(chosen(&[Json, Html], Some("nonsense"), None, ""), Err(Kind::InvalidParameter));
        assert_eq!(chosen(&[Json, Html], None, None, "nonsense"), Ok(Json));
    }
}
