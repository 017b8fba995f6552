//! Addresses as they may be told: without who reads there, and without what follows the question mark, which may be a key.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

/// What stands in the place of a secret.
const HIDDEN: &str = "…";

/// A text for a log or a terminal, such as a path of GDAL's (`/vsicurl/https://user:password@…`), without the secrets of the
/// addresses in it.
pub fn hidden(text: &str) -> Cow<'_, str> {
    if !text.contains("://") && !text.contains("/vsi") {
        return text.into();
    }
    let (mut shown, mut rest) = (String::new(), text);
    while let Some(at) = start(rest) {
        let (before, address) = rest.split_at(at);
        shown.push_str(before);
        let end = address.find(|it: char| it.is_whitespace() || "\"<>}".contains(it)).unwrap_or(address.len());
        let (address, after) = address.split_at(end);
        let question = address.find('?');
        // A password that was not written as it ought to be may have any sign in it.
        let place = match address.rfind('@') {
            Some(at) if question.is_none_or(|question| at < question) => {
                shown.push_str(HIDDEN);
                &address[at..question.unwrap_or(address.len())]
            }
            Some(_) => "",
            None => &address[..question.unwrap_or(address.len())],
        };
        shown.push_str(place);
        if question.is_some() {
            let _ = write!(shown, "?{HIDDEN}");
        }
        rest = after;
    }
    shown.push_str(rest);
    shown.into()
}

/// A path for a log or a terminal, without the secrets of an address in it.
pub fn shown(path: &Path) -> String {
    hidden(&path.to_string_lossy()).into_owned()
}

/// The name of a file without its ending; of an address it is that of what lies there.
pub fn stem(path: &Path) -> String {
    let text = path.to_string_lossy();
    let named = text.split_once("/vsicurl").and_then(|(_, rest)| rest.strip_prefix('?'));
    let url = named.and_then(|options| options.split('&').find_map(|option| option.strip_prefix("url=")));
    let text = match url {
        Some(url) => percent_encoding::percent_decode_str(url).decode_utf8_lossy(),
        None => text,
    };
    let place = if text.contains("://") { text.split('?').next().unwrap_or_default() } else { &text };
    Path::new(place).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Where the next address begins: after its scheme, or with the question mark of GDAL's options.
fn start(text: &str) -> Option<usize> {
    let scheme = text.match_indices("://").find_map(|(at, colon)| {
        let name = text[..at].rsplit(|it: char| !it.is_ascii_alphanumeric()).next().unwrap_or_default();
        let is_known = ["http", "https", "ftp", "ftps"].iter().any(|known| name.eq_ignore_ascii_case(known));
        is_known.then_some(at + colon.len())
    });
    let options = text.match_indices("/vsi").find_map(|(at, _)| {
        let length = text[at + 1..].find(|it: char| !it.is_ascii_alphanumeric() && it != '_')?;
        let end = at + 1 + length;
        text[end..].starts_with('?').then_some(end)
    });
    scheme.into_iter().chain(options).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_without_their_secrets() {
        for (text, wanted) in [
            ("/data/a.fgb", "/data/a.fgb"),
            ("/data/who@home?.fgb", "/data/who@home?.fgb"),
            ("/vsicurl/https://example.org/a.fgb", "/vsicurl/https://example.org/a.fgb"),
            ("/vsicurl/http://user:geheim@host/a.fgb: no", "/vsicurl/http://…@host/a.fgb: no"),
            ("/vsicurl/http://user:ge/he@im@host:80/a.fgb", "/vsicurl/http://…@host:80/a.fgb"),
            ("/vsicurl/http://host/a.fgb?key=geheim is cut", "/vsicurl/http://host/a.fgb?… is cut"),
            ("/vsicurl?max_retry=2&url=http://u:geheim@host/a.fgb", "/vsicurl?…"),
            ("/vsizip/{/vsicurl?url=http%3A%2F%2Fu%3Ageheim%40h}/a", "/vsizip/{/vsicurl?…}/a"),
            ("http://user:ge?he@im@host/a.fgb", "http://?…"),
            ("HTTP://u:geheim@a and ftp://v@b", "HTTP://…@a and ftp://…@b"),
            ("postgresql://reader@host/base", "postgresql://reader@host/base"),
        ] {
            assert_eq!(hidden(text), wanted);
        }
    }

    #[test]
    fn names_have_no_part_of_a_key() {
        for (path, wanted) in [
            ("data/a.b.fgb", "a.b"),
            ("what?.fgb", "what?"),
            ("/vsicurl/http://host/a.fgb?v=1.5&key=geheim", "a"),
            ("/vsicurl?max_retry=2&url=http%3A%2F%2Fu%3Ageheim%40h%2Fa.fgb", "a"),
        ] {
            assert_eq!(stem(Path::new(path)), wanted);
        }
    }
}
