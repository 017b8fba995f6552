//! What a page is given of a geometry: a page is made in memory, where each number takes a hundred times its bytes, and its map
//! reads the data themselves.

use crate::model::geometry::Malformed;
use crate::model::geometry::extent::envelope;
use crate::model::geometry::simplify::simplify;
use crate::model::geometry::wkb::Shape;
use crate::model::geometry::write::Writer;

/// Bytes of WKB, at most: some 250 vertices.
const LONG: usize = 4096;

/// A geometry that is too long for a page, in few vertices: simplified, or the rectangle around it where it has too many parts.
/// Nothing where it is short, empty or malformed.
pub(super) fn shortened(wkb: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
    if wkb.len() <= LONG {
        return Ok(None);
    }
    let Some(rect) = envelope(wkb)? else { return Ok(None) };
    let largest = (rect.max_x - rect.min_x).max(rect.max_y - rect.min_y);
    let mut short = Vec::new();
    for parts in [512.0, 64.0, 8.0] {
        short.clear();
        simplify(wkb, (largest / parts, largest / parts), &mut short)?;
        if short.len() <= LONG {
            return Ok(Some(short));
        }
    }
    short.clear();
    let mut writer = Writer::new(&mut short);
    writer.begin(Shape::Polygon);
    let (west, south, east, north) = (rect.min_x, rect.min_y, rect.max_x, rect.max_y);
    writer.ring(&[(west, south), (east, south), (east, north), (west, north), (west, south)]);
    writer.end();
    Ok(Some(short))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(shape: Shape, write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
        let mut wkb = Vec::new();
        let mut writer = Writer::new(&mut wkb);
        writer.begin(shape);
        write(&mut writer);
        writer.end();
        wkb
    }

    #[test]
    fn what_is_long_is_shortened_and_stays_where_it_is() {
        let wave: Vec<(f64, f64)> =
            (0..20_000).map(|at| (f64::from(at) / 100.0, (f64::from(at) / 1000.0).sin())).collect();
        let line = written(Shape::LineString, |writer| writer.run(&wave));
        let dots = written(Shape::MultiPoint, |writer| {
            for &at in &wave {
                writer.begin(Shape::Point);
                writer.point(at);
                writer.end();
            }
        });
        let short = written(Shape::LineString, |writer| writer.run(&wave[..200]));
        assert!(shortened(&short).unwrap().is_none());
        for (long, kind) in [(line, 2), (dots, 3)] {
            let found = shortened(&long).unwrap().unwrap();
            assert!(found.len() <= LONG && found[1] == kind);
            let (before, after) = (envelope(&long).unwrap().unwrap(), envelope(&found).unwrap().unwrap());
            assert!((before.min_x - after.min_x).abs() < 1.0 && (before.max_x - after.max_x).abs() < 1.0);
        }
        let nowhere = written(Shape::LineString, |writer| writer.run(&vec![(f64::NAN, f64::NAN); 500]));
        assert!(shortened(&nowhere).unwrap().is_none());
        assert!(shortened(&nowhere[..5000]).is_err());
    }
}
