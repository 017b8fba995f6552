//! What functions, calculations and patterns give, worked out by the kit.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::datum::Datum;

/// A calculation; nothing where its result may differ from server to server.
pub(crate) fn sum(left: &Datum, operator: &str, right: &Datum) -> Option<Datum> {
    if matches!(left, Datum::Null) || matches!(right, Datum::Null) {
        return Some(Datum::Null);
    }
    if let (Datum::Whole(a), Datum::Whole(b)) = (left, right) {
        let is_small = a.abs() < 1 << 50 && b.abs() < 1 << 50;
        return match operator {
            "+" if is_small => Some(Datum::Whole(a + b)),
            "-" if is_small => Some(Datum::Whole(a - b)),
            "*" if a.abs() < 1 << 25 && b.abs() < 1 << 25 => Some(Datum::Whole(a * b)),
            // With or without a fraction: only where there is none.
            "/" if is_small && *b != 0 && a % b == 0 => Some(Datum::Whole(a / b)),
            "div" if is_small && *a >= 0 && *b > 0 => Some(Datum::Whole(a / b)),
            "%" if is_small && *a >= 0 && *b > 0 => Some(Datum::Whole(a % b)),
            "^" if a.abs() < 1 << 20 && *b == 2 => Some(Datum::Whole(a * a)),
            _ => None,
        };
    }
    let (a, b) = (left.float()?, right.float()?);
    let result = match operator {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" if b != 0.0 => a / b,
        _ => return None,
    };
    result.is_finite().then_some(Datum::Float(result))
}

/// The functions whose meaning their names tell; nothing for others.
pub(crate) fn call(name: &str, arguments: &[Datum]) -> Option<Datum> {
    if arguments.iter().any(|argument| matches!(argument, Datum::Null)) {
        return Some(Datum::Null);
    }
    match (name, arguments) {
        ("casei", [Datum::Text(text)]) => {
            Some(Datum::Text(text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()))
        }
        ("accenti", [Datum::Text(text)]) => {
            Some(Datum::Text(text.nfd().filter(|each| !is_combining_mark(*each)).nfc().collect()))
        }
        ("lower", [Datum::Text(text)]) => Some(Datum::Text(text.to_lowercase())),
        ("upper", [Datum::Text(text)]) => Some(Datum::Text(text.to_uppercase())),
        ("trim", [Datum::Text(text)]) => Some(Datum::Text(text.trim().to_owned())),
        ("length", [Datum::Text(text)]) => Some(Datum::Whole(i128::try_from(text.chars().count()).ok()?)),
        ("concat", [Datum::Text(first), Datum::Text(second)]) => Some(Datum::Text(format!("{first}{second}"))),
        ("abs", [Datum::Whole(number)]) if number.abs() < 1 << 50 => Some(Datum::Whole(number.abs())),
        ("abs", [Datum::Float(number)]) => Some(Datum::Float(number.abs())),
        ("ceil" | "floor", [whole @ Datum::Whole(_)]) => Some(whole.clone()),
        ("ceil", [number]) => Some(Datum::Float(number.float()?.ceil())),
        ("floor", [number]) => Some(Datum::Float(number.float()?.floor())),
        ("sqrt", [number]) => number.float().filter(|it| *it >= 0.0).map(|it| Datum::Float(it.sqrt())),
        ("year", [time]) => part(time, 0..4),
        ("month", [time]) => part(time, 5..7),
        ("day", [time]) => part(time, 8..10),
        _ => None,
    }
}

/// A part of a time as it is written in UTC.
fn part(time: &Datum, range: std::ops::Range<usize>) -> Option<Datum> {
    let time = time.clone().timed();
    let written = time.written();
    match time {
        Datum::Instant(..) if !written.ends_with('Z') => None,
        Datum::Day(_) | Datum::Instant(..) => Some(Datum::Whole(written.get(range)?.parse().ok()?)),
        _ => None,
    }
}

/// `%` any text, `_` any character, a backslash takes their meaning.
pub(crate) fn like(text: &str, pattern: &str) -> bool {
    let mut signs = pattern.chars();
    match signs.next() {
        None => text.is_empty(),
        Some('%') => {
            (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| like(&text[at..], signs.as_str()))
        }
        Some(sign) => {
            let mut rest = text.chars();
            let Some(first) = rest.next() else { return false };
            let (sign, wild) = if sign == '\\' { (signs.next().unwrap_or('\\'), false) } else { (sign, sign == '_') };
            (wild || sign == first) && like(rest.as_str(), signs.as_str())
        }
    }
}
