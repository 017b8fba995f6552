//! Lists of names, such as `name,-pop`. One with a comma or the like in it stands in quotation marks, doubled where it has such
//! itself: `"a,b"`, `-"-"`.

use std::borrow::Cow;

/// The names of a list, each as it is written.
pub fn split(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    loop {
        let end = quoted_end(rest).unwrap_or_else(|| rest.find(',').unwrap_or(rest.len()));
        names.push(&rest[..end]);
        match rest.get(end + 1..) {
            Some(next) => rest = next,
            None => return names,
        }
    }
}

/// Where a name in quotation marks ends, perhaps with a sign before it; none where there is no such name.
fn quoted_end(text: &str) -> Option<usize> {
    let from = usize::from(text.starts_with(['-', '+', ' ']));
    let inner = text[from..].strip_prefix('"')?;
    let mut marks = inner.match_indices('"').map(|(at, _)| at).peekable();
    while let Some(at) = marks.next() {
        if marks.next_if_eq(&(at + 1)).is_none() {
            let end = from + 1 + at + 1;
            return text[end..].is_empty().then_some(end).or_else(|| text[end..].starts_with(',').then_some(end));
        }
    }
    None
}

/// A name that may be written in quotation marks.
pub fn plain(name: &str) -> Cow<'_, str> {
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\"").into(),
        None => name.into(),
    }
}

/// A name as lists have it.
pub fn written(name: &str) -> Cow<'_, str> {
    let is_plain = !name.contains([',', '"']) && !name.starts_with(['-', '+', ' ']);
    if is_plain { name.into() } else { format!("\"{}\"", name.replace('"', "\"\"")).into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_commas_outside_of_quotation_marks() {
        for (text, names) in [
            ("a,-b", vec!["a", "-b"]),
            ("", vec![""]),
            ("a,", vec!["a", ""]),
            ("\"a,b\",c", vec!["\"a,b\"", "c"]),
            ("-\"a,b\"", vec!["-\"a,b\""]),
            ("\"a\"\",b\"", vec!["\"a\"\",b\""]),
            // What does not end is no name in quotation marks.
            ("\"a,b", vec!["\"a", "b"]),
            ("\"a\"b,c", vec!["\"a\"b", "c"]),
            ("5\",6\"", vec!["5\"", "6\""]),
            ("\"", vec!["\""]),
            ("é,\"ü,\"", vec!["é", "\"ü,\""]),
        ] {
            assert_eq!(split(text), names, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for name in ["a", "a,b", "-", "-a", "+", " a", "a\"b", "\"", "\"\"", ",", "a b"] {
            let text = written(name);
            assert_eq!(split(&text), [&*text], "{name}");
            assert_eq!(plain(&text), name);
        }
    }
}
