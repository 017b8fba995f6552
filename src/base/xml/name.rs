//! Names that XML can have, and an escape for those it cannot.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::letters::{goes_on, starts};

/// Whether text is a name without a colon.
pub fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(starts) && chars.all(goes_on)
}

/// Text as a name: what a name cannot have stands as `_xHHHH_`, or `_xHHHHHHHH_` beyond U+FFFF, and so does an underscore
/// that would read as such an escape. Two texts never give one name.
pub fn escaped_name(text: &str) -> Cow<'_, str> {
    let reads_as_escape = |rest: &str| rest.starts_with("_x");
    if is_name(text) && !text.match_indices('_').any(|(at, _)| reads_as_escape(&text[at..])) {
        return Cow::Borrowed(text);
    }
    let mut name = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        let fits = if at == 0 { starts(c) } else { goes_on(c) };
        if fits && !reads_as_escape(&text[at..]) {
            name.push(c);
        } else {
            let code = u32::from(c);
            let digits = if code > 0xFFFF { 8 } else { 4 };
            // Writing to a String cannot fail.
            let _ = write!(name, "_x{code:0digits$X}_");
        }
    }
    if name.is_empty() { Cow::Borrowed("_x0000_") } else { Cow::Owned(name) }
}

/// The text that was escaped so; none where this is no escaped text.
pub fn unescaped_name(name: &str) -> Option<String> {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((plain, escape)) = rest.split_once("_x") {
        text.push_str(plain);
        let (digits, after) = escape.split_once('_')?;
        let is_upper = digits.len() >= 4 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'));
        text.push(char::from_u32(u32::from_str_radix(digits, 16).ok().filter(|_| is_upper)?)?);
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn odd_names_are_escaped_and_others_left() {
        for (text, wanted) in [
            ("name", "name"),
            ("größe_2", "größe_2"),
            ("2nd name", "_x0032_nd_x0020_name"),
            ("a:b", "a_x003A_b"),
            ("_x0020_", "_x005F_x0020_"),
            ("", "_x0000_"),
            ("😀!", "_x0001F600__x0021_"),
        ] {
            assert_eq!(escaped_name(text), wanted);
            assert!(text.is_empty() || unescaped_name(wanted).as_deref() == Some(text));
        }
    }

    #[test]
    fn letters_that_expat_does_not_know_broke_off_its_readers() {
        for text in ["名前", "имя", "όνομα", "이름", "größe", "नाम", "a·b"] {
            assert_eq!(escaped_name(text), text);
        }
        for (text, wanted) in [("țară", "_x021B_ară"), ("ስም", "_x1235__x121D_"), ("a𝑏", "a_x0001D44F_")] {
            assert_eq!(escaped_name(text), wanted);
            assert_eq!(unescaped_name(wanted).as_deref(), Some(text));
        }
    }

    proptest! {
        #[test]
        fn escapes_are_names_and_never_meet(a in "[a_x0-9 :]{0,8}", b in "[a_x0-9 :]{0,8}") {
            prop_assert!(is_name(&escaped_name(&a)));
            prop_assert_eq!(a == b, escaped_name(&a) == escaped_name(&b));
            prop_assert!(a.is_empty() || unescaped_name(&escaped_name(&a)) == Some(a));
        }
    }
}
