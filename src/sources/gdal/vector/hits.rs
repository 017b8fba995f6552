//! The index of a FlatGeobuf on another machine, read here: which features a rectangle meets. Where a connection breaks off, GDAL takes the
//! features that it has found by then for all, and says nothing; of those that are asked for by their numbers it is known that they exist.

use std::io::Read as _;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::ogr::Bytes;
use super::order::Fault;
use crate::base::bbox::Rect;

/// Bytes before the header: the mark of the format, and the length of the header.
const HEAD: usize = 12;
/// Most bytes of a header.
const MOST: u32 = 16 * 1024 * 1024;
/// Bytes of a node: four sides of a rectangle and a place.
const NODE: u64 = 40;
/// Nodes that are read at once.
const PIECE: u64 = 1024;
/// The fields of the header that are read, as its schema numbers them.
const COUNT_FIELD: usize = 8;
const BRANCHES_FIELD: usize = 9;
/// The children of a node where the header does not say it.
const BRANCHES: u16 = 16;

/// The numbers of the features whose rectangles meet this one, in order; `None` where the file has no index.
pub(super) fn numbers(path: &Path, rect: &Rect, stop: &AtomicBool) -> Result<Option<Vec<i64>>, Fault> {
    let mut file = Bytes::open(path).map_err(|_| lacks("cannot be opened"))?;
    let mut head = [0; HEAD];
    read(&mut file, 0, &mut head)?;
    let length = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
    if !head.starts_with(b"fgb") || length > MOST {
        return Err(lacks("has no header"));
    }
    let mut header = vec![0; length as usize];
    read(&mut file, HEAD as u64, &mut header)?;
    let (count, branches) = described(&header).ok_or_else(|| lacks("has a broken header"))?;
    if count == 0 || branches == 0 {
        return Ok(None);
    }
    let start = HEAD as u64 + u64::from(length);
    let levels = levels(count, u64::from(branches.max(2))).ok_or_else(|| lacks("tells an impossible count"))?;
    let mut ranges: Vec<Range<u64>> = std::iter::once(0..1).collect();
    let mut found = Vec::new();
    for (depth, level) in levels.iter().enumerate() {
        let below = levels.get(depth + 1);
        let mut children: Vec<Range<u64>> = Vec::new();
        for range in std::mem::take(&mut ranges) {
            let mut nodes = vec![0; usize::try_from((range.end - range.start).min(PIECE) * NODE).unwrap_or(0)];
            let mut at = range.start;
            while at < range.end {
                if stop.load(Ordering::Relaxed) {
                    return Err(Fault::Stopped);
                }
                let here = (range.end - at).min(PIECE);
                let piece = &mut nodes[..usize::try_from(here * NODE).unwrap_or(0)];
                let place = (level.before + at).checked_mul(NODE).and_then(|place| place.checked_add(start));
                read(&mut file, place.ok_or_else(|| lacks("tells an impossible count"))?, piece)?;
                for (number, node) in (at..).zip(piece.chunks_exact(40)) {
                    if !meets(node, rect) {
                        continue;
                    }
                    let Some(below) = below else {
                        found.extend(i64::try_from(number));
                        continue;
                    };
                    let first = number * u64::from(branches.max(2));
                    let end = (first + u64::from(branches.max(2))).min(below.nodes);
                    match children.last_mut() {
                        Some(last) if last.end == first => last.end = end,
                        _ => children.push(first..end),
                    }
                }
                at += here;
            }
        }
        ranges = children;
    }
    Ok(Some(found))
}

fn lacks(what: &str) -> Fault {
    Fault::Unreadable(format!("the index {what}"))
}

fn read(file: &mut Bytes, place: u64, into: &mut [u8]) -> Result<(), Fault> {
    file.go_to(place).and_then(|()| file.read_exact(into)).map_err(|_| lacks("cannot be read"))
}

/// The count of features and the children of a node, out of a header (a table of flatbuffers).
fn described(header: &[u8]) -> Option<(u64, u16)> {
    let bytes = |at: usize, length: usize| header.get(at..at.checked_add(length)?);
    let short = |at: usize| Some(u16::from_le_bytes(bytes(at, 2)?.try_into().ok()?));
    let table = usize::try_from(u32::from_le_bytes(bytes(0, 4)?.try_into().ok()?)).ok()?;
    let back = i32::from_le_bytes(bytes(table, 4)?.try_into().ok()?);
    let fields = usize::try_from(i64::try_from(table).ok()? - i64::from(back)).ok()?;
    let length = usize::from(short(fields)?);
    let field = |number: usize| {
        let at = 4 + 2 * number;
        let place = if at + 2 <= length { short(fields.checked_add(at)?)? } else { 0 };
        Some((place != 0).then(|| table + usize::from(place)))
    };
    let count = match field(COUNT_FIELD)? {
        Some(at) => u64::from_le_bytes(bytes(at, 8)?.try_into().ok()?),
        None => 0,
    };
    let branches = match field(BRANCHES_FIELD)? {
        Some(at) => short(at)?,
        None => BRANCHES,
    };
    Some((count, branches))
}

/// The nodes of one level of the tree, and of all above it, which stand before them.
struct Level {
    nodes: u64,
    before: u64,
}

/// The levels from the root to the features.
fn levels(count: u64, branches: u64) -> Option<Vec<Level>> {
    let mut sizes = vec![count];
    let mut nodes = count;
    loop {
        nodes = nodes.div_ceil(branches);
        sizes.push(nodes);
        if nodes <= 1 {
            break;
        }
    }
    let mut before = 0_u64;
    let level = |nodes: u64| {
        let level = Level { nodes, before };
        before = before.checked_add(nodes)?;
        Some(level)
    };
    sizes.into_iter().rev().map(level).collect()
}

fn meets(node: &[u8], rect: &Rect) -> bool {
    let side =
        |number: usize| node.get(number * 8..number * 8 + 8).and_then(|it| it.try_into().ok()).map(f64::from_le_bytes);
    let (Some(min_x), Some(min_y), Some(max_x), Some(max_y)) = (side(0), side(1), side(2), side(3)) else {
        return false;
    };
    max_x >= rect.min_x && max_y >= rect.min_y && min_x <= rect.max_x && min_y <= rect.max_y
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_of_a_tree_are_those_of_the_format() {
        let of = |count| levels(count, 16).unwrap().iter().map(|it| (it.nodes, it.before)).collect::<Vec<_>>();
        assert_eq!(of(1), [(1, 0), (1, 1)]);
        assert_eq!(of(16), [(1, 0), (16, 1)]);
        assert_eq!(of(150_000), [(1, 0), (3, 1), (37, 4), (586, 41), (9375, 627), (150_000, 10_002)]);
        assert!(levels(u64::MAX, 2).is_none());
    }

    #[test]
    fn a_broken_header_is_none() {
        for header in [&b""[..], &[0xff; 40], &[4, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f], &[4, 0, 0, 0, 1, 0, 0, 0, 9]] {
            assert!(described(header).is_none(), "{header:?}");
        }
    }
}
