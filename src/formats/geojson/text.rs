//! Text and bytes as JSON strings.

/// Appends a string with its quotes. The bytes are UTF-8, as those of every text cell are.
pub fn write_string(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let clean = clean_length(text);
    if clean == text.len() {
        out.extend_from_slice(text);
    } else {
        write_escaped(text, clean, out);
    }
    out.push(b'"');
}

/// Appends text of which so many bytes need no escape, but that behind them does.
fn write_escaped(text: &[u8], clean: usize, out: &mut Vec<u8>) {
    let (mut rest, mut clean) = (text, clean);
    while let Some((run, next)) = rest.split_at_checked(clean) {
        out.extend_from_slice(run);
        let Some((byte, next)) = next.split_first() else { break };
        escape(*byte, out);
        (rest, clean) = (next, clean_length(next));
    }
}

/// How many bytes need no escape.
#[inline]
fn clean_length(text: &[u8]) -> usize {
    let is_clean = |word: &[u8; 8]| !is_dirty(u64::from_le_bytes(*word));
    let (words, _) = text.as_chunks();
    let clean = words.iter().position(|word| !is_clean(word)).unwrap_or(words.len());
    // The last eight are looked at twice rather than one by one.
    if clean == words.len() && text.last_chunk().is_some_and(is_clean) {
        return text.len();
    }
    let rest = text.get(clean * 8..).unwrap_or_default();
    clean * 8 + rest.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\').unwrap_or(rest.len())
}

/// Whether one of eight bytes needs an escape, in a few operations on all of them.
#[inline]
fn is_dirty(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, 0x20) | is(b'"') | is(b'\\')) & (ONES * 0x80) != 0
}

#[cold]
fn escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let digit = |value: u8| value + if value < 10 { b'0' } else { b'a' - 10 };
            return out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends bytes as a string in base64.
pub fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    write_base64_digits(bytes, out);
    out.push(b'"');
}

/// Appends bytes in base64 (RFC 4648, 4: with padding).
pub fn write_base64_digits(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len().div_ceil(3) * 4 + 2);
    let digit = |bits: u32, shift: u32| ALPHABET[(bits >> shift & 63) as usize];
    let (triples, rest) = bytes.as_chunks::<3>();
    for [a, b, c] in triples {
        let bits = u32::from_be_bytes([0, *a, *b, *c]);
        out.extend_from_slice(&[digit(bits, 18), digit(bits, 12), digit(bits, 6), digit(bits, 0)]);
    }
    match rest {
        [a, b] => {
            let bits = u32::from_be_bytes([0, *a, *b, 0]);
            out.extend_from_slice(&[digit(bits, 18), digit(bits, 12), digit(bits, 6), b'=']);
        }
        [a] => {
            let bits = u32::from_be_bytes([0, *a, 0, 0]);
            out.extend_from_slice(&[digit(bits, 18), digit(bits, 12), b'=', b'=']);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn string(text: &str) -> String {
        let mut out = Vec::new();
        write_string(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    fn base64(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        write_base64(bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_character_below_a_blank_is_escaped() {
        for byte in 0..=0x7fu8 {
            let text = format!("12345{}789012", char::from(byte));
            assert_eq!(string(&text), serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn bytes_are_those_of_the_rfc() {
        let table =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")];
        for (bytes, text) in table {
            assert_eq!(base64(bytes.as_bytes()), format!("\"{text}\""));
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "\"+//+\"");
    }

    proptest! {
        #[test]
        fn strings_are_those_of_serde(text in prop_oneof!["\\PC{0,60}", "[a-z\"\\\\\n\u{1f}\u{e4}\u{1f30d}]{0,60}"]) {
            prop_assert_eq!(string(&text), serde_json::to_string(&text).unwrap());
        }
    }
}
