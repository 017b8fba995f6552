//! Bytes to text: by the byte order mark, by the first bytes, or as the declaration says; UTF-8 else.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How far a declaration is looked for.
const DECLARATION: usize = 200;

/// The text of a document; `outer` is the encoding that the transport names, which goes before the declaration
/// (RFC 7303). The fault says what is wrong.
pub(super) fn decode<'a>(bytes: &'a [u8], outer: Option<&str>) -> Result<Cow<'a, str>, String> {
    let (encoding, body) = split(bytes, outer)?;
    if encoding == UTF_8 {
        return std::str::from_utf8(body).map(Cow::Borrowed).map_err(|_| "the text is not UTF-8".to_owned());
    }
    let text = encoding.decode_without_bom_handling_and_without_replacement(body);
    text.ok_or_else(|| format!("the text is not {}", encoding.name()))
}

/// The text of the beginning of a document, which may be cut within a character.
pub(super) fn decode_start<'a>(bytes: &'a [u8], outer: Option<&str>) -> Result<Cow<'a, str>, String> {
    let (encoding, body) = split(bytes, outer)?;
    Ok(encoding.decode_without_bom_handling(body).0)
}

fn split<'a>(bytes: &'a [u8], outer: Option<&str>) -> Result<(&'static Encoding, &'a [u8]), String> {
    match Encoding::for_bom(bytes) {
        Some((encoding, length)) => Ok((encoding, &bytes[length..])),
        None => Ok((named(bytes, outer)?, bytes)),
    }
}

fn named(bytes: &[u8], outer: Option<&str>) -> Result<&'static Encoding, String> {
    // Two bytes a character, as `<?` tells (XML 1.0, appendix F).
    let guess = match bytes {
        [0, b'<', ..] => Some(UTF_16BE),
        [b'<', 0, ..] => Some(UTF_16LE),
        _ => None,
    };
    if let Some(guess) = guess {
        return Ok(guess);
    }
    let declared = declared(bytes);
    let Some(label) = outer.or(declared.as_deref()) else { return Ok(UTF_8) };
    match Encoding::for_label(label.trim().as_bytes()) {
        // A declaration that could be read byte by byte names no encoding of two bytes.
        Some(found) if found == UTF_16BE || found == UTF_16LE => Ok(UTF_8),
        Some(found) => Ok(found),
        None => Err("the encoding is not known".to_owned()),
    }
}

/// What `<?xml … encoding="…"?>` says.
fn declared(bytes: &[u8]) -> Option<String> {
    let start = &bytes[..bytes.len().min(DECLARATION)];
    let end = start.windows(2).position(|pair| pair == b"?>")?;
    let text = std::str::from_utf8(start[..end].strip_prefix(b"<?xml")?).ok()?;
    let (_, rest) = text.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest[1..].split_once(quote).map(|(name, _)| name.to_owned())
}
