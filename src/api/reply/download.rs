//! What an answer that is kept as a file says in headers: its name, and its links (RFC 8288).

use http::{HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::base::format::Format;
use crate::base::link::Link;
use crate::message::response::Response;

/// All but the characters that RFC 8187 lets stand.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Says what the file is called, for formats that people keep.
pub(super) fn set_file_name(response: &mut Response, format: Format, name: &str) {
    let Some(extension) = format.extension() else { return };
    let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.' | ' ' | '+');
    let plain: String = name.chars().map(|it| if is_plain(it) { it } else { '_' }).collect();
    let mut value = format!("attachment; filename=\"{plain}.{extension}\"");
    if plain != name {
        // A slash is no part of a file's name in any alphabet.
        let whole = format!("{}.{extension}", name.replace(['/', '\\'], "_"));
        value.push_str("; filename*=UTF-8''");
        value.extend(utf8_percent_encode(&whole, ENCODED));
    }
    if let Ok(value) = HeaderValue::try_from(value) {
        response.set(header::CONTENT_DISPOSITION, value);
    }
}

/// Sets the links of a format that has no place for them.
pub(super) fn set_links(response: &mut Response, links: impl IntoIterator<Item = Link>) {
    let words = |link: Link| {
        let mut words = format!("<{}>; rel=\"{}\"", link.href, link.rel.name());
        if let Some(method) = link.method {
            words.extend(["; method=\"", method, "\""]);
        }
        if let Some(media_type) = &link.media_type {
            words.extend(["; type=\"", media_type, "\""]);
        }
        words
    };
    let all: Vec<String> = links.into_iter().map(words).collect();
    if let Ok(value) = HeaderValue::try_from(all.join(", ")) {
        response.set(header::LINK, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> String {
        let mut response = Response::ok("text/csv", Vec::new());
        set_file_name(&mut response, Format::Csv, name);
        response.headers[header::CONTENT_DISPOSITION].to_str().unwrap().to_owned()
    }

    #[test]
    fn a_file_has_a_name_that_every_system_can_have() {
        assert_eq!(named("cities"), "attachment; filename=\"cities.csv\"");
        assert_eq!(named("a/b\"\r\n"), "attachment; filename=\"a_b___.csv\"; filename*=UTF-8''a_b%22%0D%0A.csv");
        assert_eq!(named("東"), "attachment; filename=\"_.csv\"; filename*=UTF-8''%E6%9D%B1.csv");
        let mut page = Response::ok("text/html", Vec::new());
        set_file_name(&mut page, Format::Html, "cities");
        assert!(page.headers.get(header::CONTENT_DISPOSITION).is_none());
    }
}
