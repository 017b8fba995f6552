//! Values of data as people read them: a table's cells, numbers, times.

use std::fmt::Write as _;

use minijinja::HtmlEscape;
use minijinja::value::{Value, ValueKind};

use super::urls;

/// A text longer than this is folded in a table: its beginning shows, and opens to the whole.
const LONG: usize = 80;

/// On a feature's own page texts are folded from here on.
const VERY_LONG: usize = 1200;

/// Fractions of more digits than this are what binary numbers leave over; the whole is in the title.
const DIGITS: usize = 12;

/// Nested JSON in a table is folded from this many characters on; a feature's own page has all of it.
const NESTED: usize = 160;

/// One property's value as HTML: all that comes from data is escaped, and only http and https become links. With `full`,
/// which a feature's own page asks for, hardly anything is folded. Digits of what its `name` says is an id stay together.
pub(super) fn cell(value: &Value, full: Option<bool>, name: Option<&str>) -> Value {
    let full = full.unwrap_or(false);
    Value::from_safe_string(match value.kind() {
        ValueKind::Undefined | ValueKind::None => r#"<span class="null" title="no value">–</span>"#.into(),
        ValueKind::Bool => format!("<span class=\"bool\">{}</span>", if value.is_true() { "yes" } else { "no" }),
        ValueKind::Number if name.is_some_and(is_code) => format!("<span class=\"num\">{}</span>", decimal(value)),
        ValueKind::Number => measured(value),
        ValueKind::String => text(&value.to_string(), full),
        _ => nested(value, full),
    })
}

/// Whether numbers of this name are names themselves: ids, codes, years.
fn is_code(name: &str) -> bool {
    const CODES: [&str; 30] = [
        "id",
        "fid",
        "gid",
        "oid",
        "uid",
        "objectid",
        "featureid",
        "osmid",
        "code",
        "epsg",
        "srid",
        "iso",
        "nuts",
        "lau",
        "ags",
        "year",
        "jahr",
        "anno",
        "zip",
        "zipcode",
        "postcode",
        "plz",
        "phone",
        "tel",
        "fax",
        "number",
        "nummer",
        "nr",
        "no",
        "ref",
    ];
    let mut words = vec![String::new()];
    let mut is_lower = false;
    for character in name.chars() {
        // `parcelId` is two words, as `parcel_id` is.
        if !character.is_alphanumeric() || (is_lower && character.is_uppercase()) {
            words.push(String::new());
        }
        is_lower = character.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| character.is_alphanumeric()) {
            word.extend(character.to_lowercase());
        }
    }
    words.iter().any(|word| CODES.contains(&word.as_str()))
}

/// A number as it reads well; one that was rounded has the whole in its title.
fn measured(value: &Value) -> String {
    let whole = decimal(value);
    let digits = whole.bytes().filter(u8::is_ascii_digit).count();
    let Some(number) = f64::try_from(value.clone()).ok().filter(|_| digits > DIGITS && whole.contains('.')) else {
        return numeral(&whole);
    };
    // Ten digits that count, without the noughts that rounding leaves.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // numbers of some ten digits around one
    let decimals = (9.0 - number.abs().log10().floor()).clamp(0.0, 20.0) as usize;
    let rounded = format!("{number:.decimals$}");
    let rounded = if rounded.contains('.') { rounded.trim_end_matches('0').trim_end_matches('.') } else { &rounded };
    if whole.contains('e') || rounded == whole {
        return numeral(&whole);
    }
    format!("<span title=\"{whole}\">{}</span>", numeral(rounded))
}

/// Whether a text is an e-mail address that a link may have as it stands.
fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    let is_plain = |part: &str, more: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    text.len() < 255
        && is_plain(name, ".+-_")
        && is_plain(host, ".-")
        && host.contains('.')
        && !host.starts_with(['.', '-'])
        && !host.ends_with(['.', '-'])
}

fn text(text: &str, full: bool) -> String {
    let escaped = HtmlEscape(text);
    if text.is_empty() {
        return r#"<span class="null" title="empty text">“”</span>"#.into();
    }
    let is_url = ["http://", "https://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    // Spaces and quotes would be escaped, too, but then it was no URL but a sentence.
    if is_url && urls::is_link(text) && !text.contains(char::is_whitespace) {
        return format!(
            "<a class=\"url\" href=\"{escaped}\" rel=\"nofollow noopener noreferrer\" title=\"{escaped}\">{escaped}</a>"
        );
    }
    if is_email(text) {
        return format!("<a href=\"mailto:{escaped}\" rel=\"nofollow\">{escaped}</a>");
    }
    if let Some(time) = time(text) {
        return time;
    }
    let length = text.chars().count();
    if length > if full { VERY_LONG } else { LONG } {
        return folded(text, if full { VERY_LONG / 3 } else { LONG * 2 / 3 });
    }
    if let Some(lines) = text.find('\n').filter(|_| !full) {
        // A row is as high as the line that it is.
        return folded(text, text[..lines].chars().count().max(1));
    }
    // A direction of its own, so that what stands beside it stays in its place.
    if text.is_ascii() {
        format!("<span class=\"text\">{escaped}</span>")
    } else {
        format!("<span class=\"text\" dir=\"auto\">{escaped}</span>")
    }
}

/// A text whose beginning shows, and opens to the whole.
fn folded(text: &str, shown: usize) -> String {
    let start: String = text.chars().take(shown).collect();
    let (start, whole) = (HtmlEscape(start.trim_end()), HtmlEscape(text));
    format!(
        "<details class=\"fold\"><summary dir=\"auto\">{start}…</summary><div class=\"text\" dir=\"auto\" tabindex=\"0\">{whole}</div></details>"
    )
}

fn nested(value: &Value, full: bool) -> String {
    if full {
        let json = serde_json::to_string_pretty(value).unwrap_or_default();
        return format!("<pre class=\"json\" tabindex=\"0\">{}</pre>", HtmlEscape(&json));
    }
    let json = serde_json::to_string(value).unwrap_or_default();
    if json.chars().count() > NESTED {
        return folded(&json, NESTED / 2);
    }
    format!("<code>{}</code>", HtmlEscape(&json))
}

/// A number without an exponent or a fraction of nothing, as long as that reads well.
fn decimal(value: &Value) -> String {
    if value.is_integer() {
        return value.to_string();
    }
    match f64::try_from(value.clone()) {
        Ok(number) if number != 0.0 && !(1e-6..1e15).contains(&number.abs()) => format!("{number:e}"),
        Ok(number) => number.to_string(),
        Err(_) => value.to_string(),
    }
}

/// The digits of the integer part in groups of three, from five digits on: years and short codes stay whole.
fn groups(decimal: &str) -> Vec<&str> {
    let digits = decimal.trim_start_matches('-');
    let sign = decimal.len() - digits.len();
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    if end < 5 {
        return vec![decimal];
    }
    let mut cuts: Vec<usize> = (1..end).filter(|at| (end - at) % 3 == 0).map(|at| sign + at).collect();
    cuts.insert(0, 0);
    cuts.push(decimal.len());
    cuts.windows(2).filter_map(|cut| decimal.get(cut[0]..cut[1])).collect()
}

/// A number whose groups are set apart by the stylesheet, so that it is copied without spaces.
fn numeral(decimal: &str) -> String {
    let mut html = String::from("<span class=\"num\">");
    for (at, group) in groups(decimal).iter().enumerate() {
        let _ = if at == 0 { write!(html, "{group}") } else { write!(html, "<span>{group}</span>") };
    }
    html.push_str("</span>");
    html
}

/// A number within a sentence: `1 234 567`, with thin spaces.
pub(super) fn number(value: &Value) -> String {
    match value.kind() {
        ValueKind::Number => groups(&decimal(value)).join("\u{202f}"),
        _ => value.to_string(),
    }
}

/// The text of a number that is a property's value, within a sentence: its digits apart as in a table.
pub(super) fn quantity(text: &str, name: &str) -> String {
    // One with an exponent, and what is none for people, stays as it was written.
    let is_number =
        text.parse::<f64>().is_ok() && !text.contains(['e', 'E']) && text.ends_with(|c: char| c.is_ascii_digit());
    if is_number && !is_code(name) { groups(text).join("\u{202f}") } else { text.to_owned() }
}

/// A time within a sentence: `2024-05-01`, `2024-05-01 12:00 UTC`; anything else as it is.
pub(super) fn instant(value: &Value) -> Value {
    let text = value.to_string();
    time(&text).map_or_else(|| Value::from(text), Value::from_safe_string)
}

/// A date, or a date and time with its zone, as a `time` element.
fn time(text: &str) -> Option<String> {
    let shown = if let Ok(date) = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        // The parser also takes `2024-5-1`, which is no date of RFC 3339.
        (date.to_string() == text).then(|| text.to_owned())?
    } else {
        let instant = chrono::DateTime::parse_from_rfc3339(text).ok()?;
        let local = instant.naive_local();
        let zone = if instant.offset().local_minus_utc() == 0 { "UTC".into() } else { instant.offset().to_string() };
        let time = local.time();
        if time == chrono::NaiveTime::MIN && zone == "UTC" {
            // Whoever writes midnight nearly always means the day.
            local.date().to_string()
        } else if time.format("%S%.f").to_string() == "00" {
            format!("{} {} {zone}", local.date(), time.format("%H:%M"))
        } else {
            format!("{} {time} {zone}", local.date())
        }
    };
    let title = if shown == text { String::new() } else { format!(" title=\"{}\"", HtmlEscape(text)) };
    Some(format!("<time datetime=\"{}\"{title}>{}</time>", HtmlEscape(text), HtmlEscape(&shown)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(value: impl Into<Value>) -> String {
        cell(&value.into(), None, None).to_string()
    }

    #[test]
    fn data_never_becomes_markup() {
        assert!(!html("<script>alert(1)</script>").contains("<script"));
        assert!(!html("javascript:alert(1)").contains("href"));
        assert!(!html("https://x/ onmouseover=alert(1)").contains("href"));
        let quoted = html("http://x/\"onmouseover=\"alert(1)");
        assert!(quoted.contains("&quot;onmouseover") && !quoted.contains("\"onmouseover"), "{quoted}");
        assert!(html("HTTPS://example.org/a").contains("rel=\"nofollow noopener noreferrer\""));
        assert!(html("a.b@example.org").contains("href=\"mailto:a.b@example.org\""));
        for text in ["a@b", "a@.org", "a b@example.org", "a@example.org?cc=x", "@example.org", "a@b@example.org"] {
            assert!(!html(text).contains("href"), "{text}");
        }
    }

    #[test]
    fn long_texts_are_folded_and_whole_all_the_same() {
        let long = "<i>ä</i>".repeat(200);
        let folded = html(long.as_str());
        assert!(folded.starts_with("<details class=\"fold\"><summary dir=\"auto\">&lt;i&gt;ä"), "{folded}");
        assert!(folded.contains(&HtmlEscape(&long).to_string()));
        assert!(!cell(&Value::from("ä".repeat(300)), Some(true), None).to_string().contains("<details"));
        assert!(cell(&Value::from(long), Some(true), None).to_string().contains("<details"));
        assert!(html("one\ntwo").starts_with("<details class=\"fold\"><summary dir=\"auto\">one…"));
        assert!(!cell(&Value::from("one\ntwo"), Some(true), None).to_string().contains("<details"));
    }

    #[test]
    fn digits_of_codes_stay_together_and_leftovers_of_binary_numbers_go() {
        assert_eq!(
            cell(&Value::from(1_234_567), None, Some("osm_id")).to_string(),
            r#"<span class="num">1234567</span>"#
        );
        for name in ["OBJECTID", "parcelId", "postcode", "EPSG", "Nr.", "ISO_N3"] {
            assert!(is_code(name), "{name}");
        }
        for name in ["pop_est", "humid", "notes", "grid_size", "yearly", ""] {
            assert!(!is_code(name), "{name}");
        }
        assert_eq!(
            (quantity("1234567.5", "pop"), quantity("12345", "id")),
            ("1\u{202f}234\u{202f}567.5".into(), "12345".into())
        );
        assert_eq!((quantity("2024-05-01", "day"), quantity("1e9", "a")), ("2024-05-01".into(), "1e9".into()));
        assert!(cell(&Value::from(1_234_567), None, Some("width")).to_string().contains("<span>234</span>"));
        assert_eq!(html(0.1 + 0.2), r#"<span title="0.30000000000000004"><span class="num">0.3</span></span>"#);
        assert_eq!(html(12.25), r#"<span class="num">12.25</span>"#);
        assert!(html(0.000_833_333_333_333_333_4).contains(">0.0008333333333<"));
    }

    #[test]
    fn numbers_are_grouped_for_the_eye_alone() {
        assert_eq!(
            html(1_397_715_000),
            r#"<span class="num">1<span>397</span><span>715</span><span>000</span></span>"#
        );
        assert_eq!(html(-12345.5), r#"<span class="num">-12<span>345.5</span></span>"#);
        assert_eq!(html(2024), r#"<span class="num">2024</span>"#);
        assert_eq!(html(889_953.0), r#"<span class="num">889<span>953</span></span>"#);
        assert_eq!(html(1e300), r#"<span class="num">1e300</span>"#);
        assert_eq!(number(&Value::from(1_234_567)), "1\u{202f}234\u{202f}567");
    }

    #[test]
    fn times_are_marked() {
        assert_eq!(html("2024-05-01"), r#"<time datetime="2024-05-01">2024-05-01</time>"#);
        assert!(html("2024-05-01T12:00:00Z").contains(">2024-05-01 12:00 UTC<"));
        assert!(html("2024-05-01T12:00:07Z").contains(">2024-05-01 12:00:07 UTC<"));
        assert_eq!(
            html("2024-05-01T00:00:00Z"),
            r#"<time datetime="2024-05-01T00:00:00Z" title="2024-05-01T00:00:00Z">2024-05-01</time>"#
        );
        assert!(html("2024-05-01T12:00:00.5+02:00").contains(">2024-05-01 12:00:00.500 +02:00<"));
        assert!(!html("2024-5-1").contains("<time"));
    }

    #[test]
    fn nothing_and_nested_values_show() {
        assert!(html(()).contains("no value"));
        assert!(html("").contains("empty text"));
        assert!(html(vec![1, 2]).contains("[1,2]"));
        assert!(html("ä".repeat(90)).contains("class=\"fold\""));
        assert!(html(true).contains(">yes<"));
    }
}
