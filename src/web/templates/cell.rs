//! Values of data as people read them: a table's cells, numbers, times.

use std::fmt::Write as _;

use minijinja::HtmlEscape;
use minijinja::value::{Value, ValueKind};

use super::urls;

/// A text longer than this may be cut by the table; its whole is in the title.
const LONG: usize = 48;

/// Nested JSON in a table is cut after this many characters; a feature's own page has all of it.
const NESTED: usize = 160;

/// One property's value as HTML: all that comes from data is escaped, and only http and https become links. With `full`,
/// which a feature's own page asks for, nothing is cut.
pub(super) fn cell(value: &Value, full: Option<bool>) -> Value {
    let full = full.unwrap_or(false);
    Value::from_safe_string(match value.kind() {
        ValueKind::Undefined | ValueKind::None => r#"<span class="null" title="no value">–</span>"#.into(),
        ValueKind::Bool => format!("<span class=\"bool\">{}</span>", value.is_true()),
        ValueKind::Number => numeral(&decimal(value)),
        ValueKind::String => text(&value.to_string(), full),
        _ => nested(value, full),
    })
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
            "<a class=\"url\" href=\"{escaped}\" rel=\"noopener noreferrer\" title=\"{escaped}\">{escaped}</a>"
        );
    }
    if let Some(time) = time(text) {
        return time;
    }
    if !full && text.chars().count() > LONG {
        return format!("<span class=\"clip\" title=\"{escaped}\">{escaped}</span>");
    }
    escaped.to_string()
}

fn nested(value: &Value, full: bool) -> String {
    if full {
        let json = serde_json::to_string_pretty(value).unwrap_or_default();
        return format!("<pre class=\"json\">{}</pre>", HtmlEscape(&json));
    }
    let json = serde_json::to_string(value).unwrap_or_default();
    let mut shown: String = json.chars().take(NESTED).collect();
    if shown.len() < json.len() {
        shown.push('…');
    }
    let shown = HtmlEscape(&shown);
    format!("<code class=\"clip\" title=\"{shown}\">{shown}</code>")
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

/// An instant within a sentence: `2024-05-01 12:00 UTC`; anything else as it is.
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
        format!("{} {} {zone}", local.date(), local.time())
    };
    Some(format!("<time datetime=\"{}\">{}</time>", HtmlEscape(text), HtmlEscape(&shown)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(value: impl Into<Value>) -> String {
        cell(&value.into(), None).to_string()
    }

    #[test]
    fn data_never_becomes_markup() {
        assert!(!html("<script>alert(1)</script>").contains("<script"));
        assert!(!html("javascript:alert(1)").contains("href"));
        assert!(!html("https://x/ onmouseover=alert(1)").contains("href"));
        let quoted = html("http://x/\"onmouseover=\"alert(1)");
        assert!(quoted.contains("&quot;onmouseover") && !quoted.contains("\"onmouseover"), "{quoted}");
        assert!(html("HTTPS://example.org/a").contains("<a "));
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
        assert!(html("2024-05-01T12:00:00Z").contains(">2024-05-01 12:00:00 UTC<"));
        assert!(html("2024-05-01T12:00:00.5+02:00").contains(">2024-05-01 12:00:00.500 +02:00<"));
        assert_eq!(html("2024-5-1"), "2024-5-1");
    }

    #[test]
    fn nothing_and_nested_values_show() {
        assert!(html(()).contains("no value"));
        assert!(html("").contains("empty text"));
        assert!(html(vec![1, 2]).contains("[1,2]"));
        assert!(html("ä".repeat(60)).contains("class=\"clip\""));
    }
}
