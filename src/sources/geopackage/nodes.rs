//! Reads an R-tree by its nodes, as SQLite's documentation describes their table: a hit costs a twentieth of one through the virtual table.

use std::ops::ControlFlow;

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, Rows};

use super::table::Rtree;
use crate::base::bbox::Rect;

/// SQLite's own limit of an R-tree's height.
const HIGHEST: u16 = 40;
/// Bytes of a cell: a 64-bit number, then least and most of both axes as 32-bit floats, all of them big-endian.
const CELL: usize = 24;

/// The root, which is always node 1, held open: as long as it is, all that is read is of one state of the file, no lock is
/// taken anew, and an interrupt finds something to interrupt.
pub(super) struct Held<'a>(CachedStatement<'a>);

impl<'a> Held<'a> {
    pub(super) fn new(connection: &'a Connection, rtree: &Rtree) -> rusqlite::Result<Self> {
        connection.prepare_cached(&format!("SELECT data FROM {} WHERE nodeno = 1", rtree.nodes)).map(Self)
    }

    /// The root, and what holds it.
    pub(super) fn root(&mut self) -> rusqlite::Result<(Root, Rows<'_>)> {
        let mut rows = self.0.query([])?;
        let data = match rows.next()? {
            Some(row) => row.get(0)?,
            None => Vec::new(),
        };
        Ok((Root(data), rows))
    }
}

/// The root of an R-tree.
pub(super) struct Root(Vec<u8>);

impl Root {
    /// The rectangle around all entries.
    pub(super) fn bounds(&self) -> Option<Rect> {
        let mut bounds = Rect::EMPTY;
        for (_, rect) in cells(&self.0).into_iter().flatten() {
            bounds.include(rect.min_x, rect.min_y);
            bounds.include(rect.max_x, rect.max_y);
        }
        (!bounds.is_empty()).then_some(bounds)
    }

    /// Tells each entry that meets one of the rectangles, once: the number of its row and its rectangle, which is rounded outwards.
    /// `None` where the nodes are not what they should be.
    pub(super) fn walk(
        &self,
        connection: &Connection,
        rtree: &Rtree,
        rects: &[Rect],
        mut found: impl FnMut(i64, &Rect) -> rusqlite::Result<ControlFlow<()>>,
    ) -> rusqlite::Result<Option<()>> {
        let height = self.0.first_chunk().map_or(u16::MAX, |bytes| u16::from_be_bytes(*bytes));
        if !rtree.is_plain || height > HIGHEST {
            return Ok(None);
        }
        let mut statement =
            connection.prepare_cached(&format!("SELECT data FROM {} WHERE nodeno = ?1", rtree.nodes))?;
        // Nodes still to be read, each with its height.
        let mut open: Vec<(i64, u16)> = Vec::new();
        let mut read = |node: &[u8], height: u16, open: &mut Vec<(i64, u16)>| {
            let Some(cells) = cells(node) else { return Ok(None) };
            for (number, rect) in cells {
                if !rects.iter().any(|wanted| wanted.intersects(&rect)) {
                    continue;
                }
                match height.checked_sub(1) {
                    Some(below) => open.push((number, below)),
                    None if found(number, &rect)?.is_break() => return Ok(Some(ControlFlow::Break(()))),
                    None => {}
                }
            }
            Ok::<_, rusqlite::Error>(Some(ControlFlow::Continue(())))
        };
        let mut state = read(&self.0, height, &mut open)?;
        while let (Some(ControlFlow::Continue(())), Some((number, height))) = (state, open.pop()) {
            let mut rows = statement.query([number])?;
            state = match rows.next()? {
                Some(row) => match row.get_ref(0)? {
                    ValueRef::Blob(node) => read(node, height, &mut open)?,
                    _ => None,
                },
                None => None,
            };
        }
        Ok(state.map(|_| ()))
    }
}

/// The cells of a node; `None` where it is shorter than it says.
fn cells(node: &[u8]) -> Option<impl Iterator<Item = (i64, Rect)>> {
    let count = u16::from_be_bytes(*node.get(2..)?.first_chunk()?);
    let cells = node.get(4..4 + usize::from(count) * CELL)?;
    Some(cells.as_chunks::<CELL>().0.iter().map(|cell| {
        let word = |at: usize| [cell[at], cell[at + 1], cell[at + 2], cell[at + 3]];
        let side = |at: usize| f64::from(f32::from_be_bytes(word(at)));
        let (high, low) = (u32::from_be_bytes(word(0)), u32::from_be_bytes(word(4)));
        let number = (u64::from(high) << 32 | u64::from(low)).cast_signed();
        (number, Rect { min_x: side(8), max_x: side(12), min_y: side(16), max_y: side(20) })
    }))
}
