//! A pass over the bytes of JSON. GDAL makes the last of 64 bits of each whole number beyond them, so that two codes become one: in
//! quotes they are text with every digit. And whether it may make another of a text that is like a time.

use std::io::{self, Read, Write};
use std::path::Path;

use crate::sources::gdal::vector::ogr::{Bytes, MemoryFile};
use crate::sources::gdal::vector::{HELD, times};

/// Most digits of a number; no other writes so many.
const DIGITS: usize = 4096;
/// Most bytes of a text that are looked at: longer than any time that GDAL has whole.
const LONGEST: usize = 48;
/// Digits that 64 bits have whatever they are.
const SHORT: usize = 18;
/// Members whose lists are places, where no code is.
const PLACES: [&[u8]; 4] = [b"coordinates", b"bbox", b"arcs", b"transform"];

/// What the pass found.
pub(super) struct Found {
    /// A copy in which such numbers stand in quotes, where there are any.
    pub(super) copy: Option<MemoryFile>,
    pub(super) numbers: u64,
    /// Whether a text may become another time, or the time that it is not.
    pub(super) has_doubtful: bool,
}

/// Looks at a file.
pub(super) fn pass(path: &Path) -> io::Result<Found> {
    let (numbers, has_doubtful) = read(path, &mut io::sink())?;
    if numbers == 0 {
        return Ok(Found { copy: None, numbers, has_doubtful });
    }
    let stem = path.file_name().map_or_else(|| "data.json".into(), |name| name.to_string_lossy());
    let mut copy = Bounded(MemoryFile::new(&stem)?, HELD);
    read(path, &mut copy)?;
    Ok(Found { copy: Some(copy.0.finished()?), numbers, has_doubtful })
}

/// Writes no more than so many bytes.
struct Bounded(MemoryFile, u64);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1 = self.1.checked_sub(bytes.len() as u64).ok_or_else(|| {
            io::Error::other(
                "it has whole numbers beyond 64 bits, and is too large to be held with them as text: write them in quotes",
            )
        })?;
        self.0.write_all(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn read(path: &Path, out: &mut impl Write) -> io::Result<(u64, bool)> {
    let (mut file, mut quoter) = (Bytes::open(path)?, Quoter::default());
    let (mut bytes, mut changed) = (vec![0; 256 * 1024], Vec::new());
    loop {
        let count = file.read(&mut bytes)?;
        changed.clear();
        quoter.push(&bytes[..count], &mut changed)?;
        if count == 0 {
            quoter.end_number(&mut changed);
        }
        out.write_all(&changed)?;
        if count == 0 {
            return Ok((quoter.found, quoter.doubtful > 0));
        }
    }
}

/// Puts numbers in quotes in a text that comes in pieces.
#[derive(Default)]
struct Quoter {
    is_text: bool,
    is_escaped: bool,
    /// The text that was read last without escapes, or its beginning: the name of a member, or a value.
    text: Vec<u8>,
    /// The number that is being read; empty elsewhere.
    number: Vec<u8>,
    is_after_name: bool,
    /// Lists within each other that are a place.
    place: usize,
    found: u64,
    doubtful: u64,
}

impl Quoter {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        for &byte in bytes {
            if self.is_text {
                out.push(byte);
                match byte {
                    _ if self.is_escaped => {
                        self.is_escaped = false;
                        self.text.extend(Some(byte).filter(|&byte| byte == b'/' && self.text.len() < LONGEST));
                    }
                    b'\\' => self.is_escaped = true,
                    b'"' => self.end_text(),
                    _ if self.text.len() < LONGEST => self.text.push(byte),
                    _ => {}
                }
                continue;
            }
            let goes_on = !self.number.is_empty() && matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
            if goes_on || (self.number.is_empty() && matches!(byte, b'0'..=b'9' | b'-')) {
                self.number.push(byte);
                if self.number.len() > DIGITS {
                    return Err(io::Error::other("it has a number of thousands of digits"));
                }
                continue;
            }
            self.end_number(out);
            out.push(byte);
            match byte {
                b'"' => {
                    self.is_text = true;
                    self.text.clear();
                }
                b'[' if self.place > 0 || (self.is_after_name && PLACES.contains(&&*self.text)) => self.place += 1,
                b']' => self.place = self.place.saturating_sub(1),
                _ => {}
            }
            if !byte.is_ascii_whitespace() && byte != b'"' {
                self.is_after_name = byte == b':';
            }
        }
        Ok(())
    }

    fn end_text(&mut self) {
        self.is_text = false;
        let is_value = std::mem::take(&mut self.is_after_name);
        if is_value && self.text.iter().copied().find(|it| !it.is_ascii_whitespace()).is_some_and(is_first) {
            self.doubtful += u64::from(times::is_doubtful(&String::from_utf8_lossy(&self.text)));
        }
    }

    fn end_number(&mut self, out: &mut Vec<u8>) {
        if self.number.is_empty() {
            return;
        }
        let is_wide = self.place == 0 && self.number.len() > SHORT && is_wide(&self.number);
        if is_wide {
            self.found += 1;
            out.push(b'"');
        }
        out.extend_from_slice(&self.number);
        if is_wide {
            out.push(b'"');
        }
        self.number.clear();
        self.is_after_name = false;
    }
}

/// Whether a time may begin so.
fn is_first(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'+')
}

/// Whether a number is whole and beyond 64 bits.
fn is_wide(number: &[u8]) -> bool {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    digits.iter().all(u8::is_ascii_digit) && std::str::from_utf8(number).is_ok_and(|text| text.parse::<i64>().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_beyond_64_bits_get_quotes_wherever_they_are_cut() {
        let text = r#"{"n": 9223372036854775808, "m":-9223372036854775809,"ok":[9223372036854775807,-9223372036854775808,
            123456789012345678901],"f":1.23456789012345678901e+20,"s":"12345678901234567890\"12345678901234567890",
            "geometry":{"type":"Point","coordinates":[[12345678901234567890,1]],"x":12345678901234567890}} 12345678901234567890"#;
        let expected = r#"{"n": "9223372036854775808", "m":"-9223372036854775809","ok":[9223372036854775807,-9223372036854775808,
            "123456789012345678901"],"f":1.23456789012345678901e+20,"s":"12345678901234567890\"12345678901234567890",
            "geometry":{"type":"Point","coordinates":[[12345678901234567890,1]],"x":"12345678901234567890"}} "12345678901234567890""#;
        for size in [1, 2, 3, 7, 50, 1000] {
            let (mut quoter, mut out) = (Quoter::default(), Vec::new());
            text.as_bytes().chunks(size).for_each(|piece| quoter.push(piece, &mut out).unwrap());
            quoter.end_number(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
            assert_eq!(quoter.found, 5);
        }
        assert!(Quoter::default().push(&[b'1'; DIGITS + 1], &mut Vec::new()).is_err());
    }
}
