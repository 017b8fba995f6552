//! The bytes of TIFF 6.0: directories, and where everything stands. All sizes are known before the first sample, so that
//! an answer is streamed.

use crate::error::{Error, Kind, Result};

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) tag: u16,
    pub(super) kind: u16,
    pub(super) count: u32,
    /// The values, little-endian.
    pub(super) values: Vec<u8>,
}

/// The type `SHORT`.
pub(super) const SHORT: u16 = 3;
/// The type `LONG`.
pub(super) const LONG: u16 = 4;
/// The type `DOUBLE`.
pub(super) const DOUBLE: u16 = 12;

impl Entry {
    pub(super) fn short(tag: u16, value: u16) -> Self {
        Self { tag, kind: SHORT, count: 1, values: value.to_le_bytes().to_vec() }
    }

    pub(super) fn long(tag: u16, value: u32) -> Self {
        Self::longs(tag, &[value])
    }

    pub(super) fn longs(tag: u16, values: &[u32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { tag, kind: LONG, count: count(values.len()), values: bytes }
    }

    pub(super) fn doubles(tag: u16, values: &[f64]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { tag, kind: DOUBLE, count: count(values.len()), values: bytes }
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Bytes of a value of a type (TIFF 6.0, section 2).
fn size_of(kind: u16) -> Option<usize> {
    Some(match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 => 4,
        5 | 10 | 12 => 8,
        _ => return None,
    })
}

/// The entries of the first directory of a small file that this program had made.
pub(super) fn entries(file: &[u8]) -> Option<Vec<Entry>> {
    let short = |at: usize| Some(u16::from_le_bytes(file.get(at..at + 2)?.try_into().ok()?));
    let long = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?));
    if file.get(..4)? != b"II*\0" {
        return None;
    }
    let directory = long(4)? as usize;
    (0..short(directory)? as usize)
        .map(|number| {
            let at = directory + 2 + 12 * number;
            let (tag, kind, count) = (short(at)?, short(at + 2)?, long(at + 4)?);
            let bytes = size_of(kind)?.checked_mul(count as usize)?;
            let start = if bytes <= 4 { at + 8 } else { long(at + 8)? as usize };
            Some(Entry { tag, kind, count, values: file.get(start..start.checked_add(bytes)?)?.to_vec() })
        })
        .collect()
}

/// Bytes of a directory, with the values that do not fit into it.
pub(super) fn length(entries: &[Entry]) -> usize {
    let beside: usize = entries.iter().map(|entry| entry.values.len()).filter(|len| *len > 4).map(even).sum();
    2 + 12 * entries.len() + 4 + beside
}

fn even(len: usize) -> usize {
    len + len % 2
}

/// Appends a directory that stands at this place of the file; `next` is the place of the one after it, or 0.
pub(super) fn write(entries: &mut [Entry], at: usize, next: u32, out: &mut Vec<u8>) -> Result<()> {
    entries.sort_by_key(|entry| entry.tag);
    let too_large = || Error::new(Kind::TooLarge, "the picture is too large for a TIFF file");
    let mut beside = at + 2 + 12 * entries.len() + 4;
    out.extend(u16::try_from(entries.len()).map_err(|_| too_large())?.to_le_bytes());
    for entry in &*entries {
        out.extend(entry.tag.to_le_bytes());
        out.extend(entry.kind.to_le_bytes());
        out.extend(entry.count.to_le_bytes());
        if entry.values.len() <= 4 {
            out.extend(&entry.values);
            out.extend(std::iter::repeat_n(0, 4 - entry.values.len()));
        } else {
            out.extend(u32::try_from(beside).map_err(|_| too_large())?.to_le_bytes());
            beside += even(entry.values.len());
        }
    }
    out.extend(next.to_le_bytes());
    for entry in entries.iter().filter(|entry| entry.values.len() > 4) {
        out.extend(&entry.values);
        out.extend(std::iter::repeat_n(0, entry.values.len() % 2));
    }
    Ok(())
}
