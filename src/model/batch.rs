//! Rows on their way from a source to an encoder: flat cells over one arena, never feature objects (those cost half the
//! throughput), handed back to be filled again.

use crate::base::datetime::{Date, Instant};

use super::value::Value;

/// One value of a row, as the schema says, not as the file stores it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// A day.
    Date(Date),
    /// An instant.
    Instant(Instant),
    /// UTF-8 text (a JSON document, where the schema says so): start and end in the arena.
    Text(u32, u32),
    /// Bytes (a geometry as WKB, where the schema says so): start and end in the arena.
    Blob(u32, u32),
}

impl Cell {
    /// Whether it is nothing: null, or what is no number.
    pub fn is_nothing(self) -> bool {
        match self {
            Self::Null => true,
            Self::Float(number) => number.is_nan(),
            _ => false,
        }
    }
}

/// What the cells of a row are: the id, the geometry where one was asked for, then properties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Whether the second cell of a row is its geometry.
    pub geometry: bool,
    /// The schema's field for each property cell, in order.
    pub fields: Vec<usize>,
}

impl Layout {
    /// Cells in a row.
    pub fn width(&self) -> usize {
        self.first_property() + self.fields.len()
    }

    /// The cell of the first property.
    pub fn first_property(&self) -> usize {
        1 + usize::from(self.geometry)
    }

    /// The cell that has this field of the schema.
    pub fn cell_of(&self, field: usize) -> Option<usize> {
        self.fields.iter().position(|&other| other == field).map(|at| at + self.first_property())
    }
}

/// Some rows. The arena of one batch holds at most 4 GiB; sources send a batch when it has about 128 KiB.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    cells: Vec<Cell>,
    arena: Vec<u8>,
    width: usize,
}

/// What became of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remade {
    /// It stays as it is.
    Same,
    /// The bytes that were appended take its place.
    Other,
    /// Nothing is left of it.
    Nothing,
}

/// About what a row has in texts and a point.
const ROW_BYTES: usize = 64;

/// When a source sends a batch on.
pub const BATCH_BYTES: usize = 128 * 1024;

impl Batch {
    /// An empty batch of rows of this many cells.
    pub fn new(width: usize) -> Self {
        Self { cells: Vec::new(), arena: Vec::new(), width }
    }

    /// Makes room for so many rows, as far as a batch has them, so that small ones are not moved from one place to a larger one.
    pub fn reserve(&mut self, rows: usize) {
        let rows = rows.min(BATCH_BYTES / (self.width * size_of::<Cell>() + ROW_BYTES));
        self.cells.reserve(rows * self.width);
        self.arena.reserve(rows * ROW_BYTES);
    }

    /// Empties the batch for other rows; its memory stays.
    pub fn reset(&mut self, width: usize) {
        self.cells.clear();
        self.arena.clear();
        self.width = width;
    }

    /// The number of (whole) rows.
    pub fn len(&self) -> usize {
        self.cells.len() / self.width.max(1)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Roughly the bytes held.
    pub fn size(&self) -> usize {
        self.arena.len() + self.cells.len() * size_of::<Cell>()
    }

    /// Whether the batch should be sent on.
    pub fn is_full(&self) -> bool {
        self.size() >= BATCH_BYTES
    }

    /// Appends a cell without bytes.
    pub fn push(&mut self, cell: Cell) {
        self.cells.push(cell);
    }

    /// Appends text.
    pub fn push_text(&mut self, text: &str) {
        let (start, end) = self.store(text.as_bytes());
        self.cells.push(Cell::Text(start, end));
    }

    /// Appends a value.
    pub fn push_value(&mut self, value: &Value) {
        match value {
            Value::Null => self.push(Cell::Null),
            Value::Int(number) => self.push(Cell::Int(*number)),
            Value::Float(number) => self.push(Cell::Float(*number)),
            Value::Bool(truth) => self.push(Cell::Bool(*truth)),
            Value::Text(text) => self.push_text(text),
            Value::Date(date) => self.push(Cell::Date(*date)),
            Value::Instant(at) => self.push(Cell::Instant(*at)),
        }
    }

    /// Appends bytes.
    pub fn push_blob(&mut self, bytes: &[u8]) {
        let (start, end) = self.store(bytes);
        self.cells.push(Cell::Blob(start, end));
    }

    /// Appends bytes that `make` appends to those it is given; null where it says that there are none.
    #[allow(clippy::cast_possible_truncation)] // as below
    pub fn push_blob_with(&mut self, make: impl FnOnce(&mut Vec<u8>) -> bool) {
        let start = self.arena.len();
        let is_there = make(&mut self.arena);
        if !is_there {
            self.arena.truncate(start);
        }
        self.cells.push(if is_there { Cell::Blob(start as u32, self.arena.len() as u32) } else { Cell::Null });
    }

    #[allow(clippy::cast_possible_truncation)] // one value is below 2 GB in every source, and a batch is sent at 128 KiB
    fn store(&mut self, bytes: &[u8]) -> (u32, u32) {
        let start = self.arena.len() as u32;
        self.arena.extend_from_slice(bytes);
        (start, self.arena.len() as u32)
    }

    /// Appends a row of another batch.
    pub fn push_row(&mut self, row: Row<'_>) {
        for &cell in row.cells {
            let cell = match cell {
                Cell::Text(..) => {
                    let (start, end) = self.store(row.bytes(cell));
                    Cell::Text(start, end)
                }
                Cell::Blob(..) => {
                    let (start, end) = self.store(row.bytes(cell));
                    Cell::Blob(start, end)
                }
                other => other,
            };
            self.cells.push(cell);
        }
    }

    /// Takes the last row away again.
    pub fn pop_row(&mut self) {
        let keep = self.cells.len().saturating_sub(self.width);
        let start = self.cells[keep..].iter().find_map(|cell| match cell {
            Cell::Text(start, _) | Cell::Blob(start, _) => Some(*start as usize),
            _ => None,
        });
        if let Some(start) = start {
            self.arena.truncate(start);
        }
        self.cells.truncate(keep);
    }

    /// The cells of a row.
    pub fn row(&self, row: usize) -> Row<'_> {
        Row { cells: &self.cells[row * self.width..(row + 1) * self.width], arena: &self.arena }
    }

    /// The rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.cells.chunks_exact(self.width.max(1)).map(|cells| Row { cells, arena: &self.arena })
    }

    /// Keeps the rows for which `keep` says so, and at most `limit` of them.
    pub fn retain(&mut self, limit: usize, mut keep: impl FnMut(Row<'_>) -> bool) {
        let (mut to, width) = (0, self.width);
        for from in 0..self.len() {
            if to == limit {
                break;
            }
            if keep(self.row(from)) {
                self.cells.copy_within(from * width..(from + 1) * width, to * width);
                to += 1;
            }
        }
        self.cells.truncate(to * width);
    }

    /// Cuts each row down to its first `width` cells.
    pub fn narrow(&mut self, width: usize) {
        for row in 0..self.len() {
            self.cells.copy_within(row * self.width..row * self.width + width, row * width);
        }
        self.cells.truncate(self.len() * width);
        self.width = width;
    }

    /// Takes one cell out of each row.
    pub fn leave_out(&mut self, cell: usize) {
        let width = self.width.max(1);
        let mut at = 0;
        self.cells.retain(|_| {
            at += 1;
            (at - 1) % width != cell
        });
        self.width -= 1;
    }

    /// Makes the blob in this cell of each row anew, where `make` says so; it appends the new bytes to those it is given.
    pub fn remake_blobs(&mut self, cell: usize, mut make: impl FnMut(&[u8], &mut Vec<u8>) -> Remade) {
        let mut bytes = Vec::new();
        for row in 0..self.len() {
            let at = row * self.width + cell;
            let Cell::Blob(start, end) = self.cells[at] else { continue };
            bytes.clear();
            match make(&self.arena[start as usize..end as usize], &mut bytes) {
                Remade::Same => {}
                Remade::Nothing => self.cells[at] = Cell::Null,
                Remade::Other => {
                    let (start, end) = self.store(&bytes);
                    self.cells[at] = Cell::Blob(start, end);
                }
            }
        }
    }

    /// The bytes of the blob in this cell of each row, to change in place; rows without one are passed over.
    pub fn blobs_mut(&mut self, cell: usize, mut change: impl FnMut(&mut [u8])) {
        for row in 0..self.len() {
            if let Cell::Blob(start, end) = self.cells[row * self.width + cell] {
                change(&mut self.arena[start as usize..end as usize]);
            }
        }
    }
}

/// One row of a batch.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    cells: &'a [Cell],
    arena: &'a [u8],
}

impl<'a> Row<'a> {
    /// How many cells it has.
    pub fn width(&self) -> usize {
        self.cells.len()
    }

    /// The cell at this place.
    pub fn cell(&self, at: usize) -> Cell {
        self.cells[at]
    }

    /// The bytes of a text or blob cell.
    pub fn bytes(&self, cell: Cell) -> &'a [u8] {
        match cell {
            Cell::Text(start, end) | Cell::Blob(start, end) => &self.arena[start as usize..end as usize],
            _ => &[],
        }
    }

    /// The text of a text cell.
    pub fn text(&self, cell: Cell) -> &'a str {
        // Only `push_text` makes text cells, so the bytes are UTF-8.
        std::str::from_utf8(self.bytes(cell)).unwrap_or_default()
    }

    /// The geometry, as WKB, of a row whose layout has one.
    pub fn geometry(&self) -> Option<&'a [u8]> {
        matches!(self.cells[1], Cell::Blob(..)).then(|| self.bytes(self.cells[1]))
    }

    /// A cell as a value of its own. Blobs have none.
    pub fn value(&self, at: usize) -> Value {
        match self.cells[at] {
            Cell::Null | Cell::Blob(..) => Value::Null,
            Cell::Int(number) => Value::Int(number),
            Cell::Float(number) => Value::Float(number),
            Cell::Bool(truth) => Value::Bool(truth),
            Cell::Date(date) => Value::Date(date),
            Cell::Instant(at) => Value::Instant(at),
            text @ Cell::Text(..) => Value::Text(self.text(text).to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_rows() -> Batch {
        let mut batch = Batch::new(2);
        for number in 0..3 {
            batch.push(Cell::Int(number));
            batch.push_text(&format!("row {number}"));
        }
        batch
    }

    #[test]
    fn rows_are_kept_dropped_and_narrowed() {
        let mut batch = three_rows();
        batch.pop_row();
        assert_eq!(batch.len(), 2);
        batch.push(Cell::Int(7));
        batch.push_text("row 7");
        batch.retain(5, |row| row.cell(0) != Cell::Int(0));
        let texts: Vec<_> = batch.rows().map(|row| row.text(row.cell(1)).to_owned()).collect();
        assert_eq!(texts, ["row 1", "row 7"]);
        batch.leave_out(0);
        assert_eq!(batch.rows().map(|row| row.text(row.cell(0))).collect::<Vec<_>>(), ["row 1", "row 7"]);
        let mut batch = three_rows();
        batch.retain(5, |row| row.cell(0) != Cell::Int(2));
        batch.narrow(1);
        assert_eq!(batch.rows().map(|row| row.cell(0)).collect::<Vec<_>>(), [Cell::Int(0), Cell::Int(1)]);
    }
}
