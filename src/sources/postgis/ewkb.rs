//! Geometries as PostGIS sends them: WKB whose head says which reference system they are in. To ask for that costs nothing,
//! and no row is taken for one of another system.

use crate::model::batch::{Batch, Cell};
use crate::model::geometry::Figure;

/// What a result calls a column of geometries.
pub(super) const TYPE: &str = "geometry";

/// Of the code of the type: whether the number of a reference system follows.
const SRID_FLAG: u32 = 0x2000_0000;

/// Appends a geometry for the loop to test, or nothing for one with a coordinate without end.
pub(super) fn push_testable(batch: &mut Batch, raw: Option<&[u8]>, srid: i32) -> bool {
    let mut one = Batch::new(1);
    let is_as_described = push(&mut one, raw, srid);
    let row = one.row(0);
    match row.cell(0) {
        blob @ Cell::Blob(..) if has_end(row.bytes(blob)) => batch.push_blob(row.bytes(blob)),
        _ => batch.push(Cell::Null),
    }
    is_as_described
}

/// Whether all places of a geometry are somewhere.
fn has_end(wkb: &[u8]) -> bool {
    let mut has_end = true;
    let is_somewhere = |at: &[f64; 3]| at[0].is_finite() && at[1].is_finite();
    Figure::read(wkb).is_ok_and(|figure| {
        figure.runs(&mut |run| has_end &= run.iter().all(is_somewhere));
        has_end
    })
}

/// Appends a geometry; false where it is in another system than was described.
pub(super) fn push(batch: &mut Batch, raw: Option<&[u8]>, srid: i32) -> bool {
    let Some(bytes) = raw else {
        batch.push(Cell::Null);
        return true;
    };
    let Some((code, own, rest)) = split(bytes) else { return false };
    batch.push_blob_with(|out| {
        out.push(bytes[0]);
        out.extend_from_slice(&code);
        out.extend_from_slice(rest);
        true
    });
    own == srid
}

/// The code of the type without the flag, the number of the system (0 for none), and what follows them.
fn split(bytes: &[u8]) -> Option<([u8; 4], i32, &[u8])> {
    let (order, rest) = bytes.split_first()?;
    let (code, rest) = rest.split_first_chunk::<4>()?;
    let is_little = *order == 1;
    let number = |bytes: &[u8; 4]| if is_little { u32::from_le_bytes(*bytes) } else { u32::from_be_bytes(*bytes) };
    let flagged = number(code);
    if flagged & SRID_FLAG == 0 {
        return Some((*code, 0, rest));
    }
    let (srid, rest) = rest.split_first_chunk::<4>()?;
    let plain = flagged & !SRID_FLAG;
    let code = if is_little { plain.to_le_bytes() } else { plain.to_be_bytes() };
    Some((code, number(srid).cast_signed(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_read_and_left_out_in_either_byte_order() {
        let point = [0_u8; 16];
        let made = |head: &[u8]| [head, &point].concat();
        let cases = [
            (made(&[1, 1, 0, 0, 0x20, 0xe6, 0x10, 0, 0]), 4326, made(&[1, 1, 0, 0, 0])),
            (made(&[0, 0xa0, 0, 0, 1, 0, 0, 0x10, 0xe6]), 4326, made(&[0, 0x80, 0, 0, 1])),
            (made(&[1, 1, 0, 0, 0]), 0, made(&[1, 1, 0, 0, 0])),
        ];
        for (sent, srid, wkb) in cases {
            let mut batch = Batch::new(2);
            assert!(push(&mut batch, Some(&sent), srid));
            assert!(!push(&mut batch, Some(&sent), srid + 1), "{sent:?}");
            assert_eq!(batch.row(0).bytes(batch.row(0).cell(0)), wkb);
        }
        let mut batch = Batch::new(1);
        assert!(push(&mut batch, None, 4326));
        assert!([&[][..], &[1], &[1, 1, 0, 0, 0x20, 0xe6]].iter().all(|cut| !push(&mut batch, Some(cut), 4326)));
    }
}
