//! Rows that meet a box.

use std::sync::atomic::{AtomicBool, Ordering};

use super::filter::Writer;
use super::sql::Bound;
use super::table::Geometry;
use crate::base::bbox::Rect;

/// Geometries that PostGIS does not test against others, and sets in which they may be.
const PATCHED: &str = "'ST_PolyhedralSurface', 'ST_Tin', 'ST_Triangle', 'ST_GeometryCollection'";

/// Whether PostGIS failed to test a geometry of a table: one with a coordinate without end takes the whole statement away. From
/// then on it finds rows by their boxes alone, and the loop tests them.
#[derive(Debug, Default)]
pub(super) struct Untestable(AtomicBool);

impl Untestable {
    pub(super) fn is_found(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Hears of one.
    pub(super) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Writer<'_> {
    pub(super) fn geometry(&self) -> Option<&Geometry> {
        self.table.geometry.as_ref().filter(|geometry| geometry.is_indexable)
    }

    /// Rows that meet one of the rectangles.
    pub(super) fn meets(&mut self, rects: &[Rect], positive: bool) -> Option<()> {
        if self.only_finds {
            return None;
        }
        let Geometry { column, may_be_patched, .. } = self.geometry()?;
        let (column, may_be_patched) = (column.clone(), *may_be_patched);
        self.out.add("(false");
        for rect in rects {
            // Under NOT nothing is left out, for what remained might be false where it should be unknown.
            if positive && !self.is_within_reach(rect) {
                continue;
            }
            if may_be_patched {
                self.patch_meets(&column, rect)?;
                continue;
            }
            self.out.add(&format!(" OR ST_Intersects({column}, "));
            self.place(rect)?;
            self.out.add(")");
        }
        self.out.add(")");
        Some(())
    }

    /// The same of a geometry that may consist of patches: then of each of them.
    fn patch_meets(&mut self, column: &str, rect: &Rect) -> Option<()> {
        self.out.add(&format!(" OR ({column} && "));
        self.place(rect)?;
        self.out.add(&format!(
            " AND CASE WHEN ST_GeometryType({column}) IN ({PATCHED}) THEN EXISTS (SELECT 1 FROM ST_Dump({column}) AS patch \
             WHERE ST_Intersects(CASE ST_GeometryType(patch.geom) WHEN 'ST_Triangle' \
             THEN ST_MakePolygon(ST_ExteriorRing(patch.geom)) ELSE patch.geom END, "
        ));
        self.place(rect)?;
        self.out.add(&format!(")) ELSE ST_Intersects({column}, "));
        self.place(rect)?;
        self.out.add(") END)");
        Some(())
    }

    /// A box as a geometry. What a query within the query tells is unknown to the planner.
    fn place(&mut self, rect: &Rect) -> Option<()> {
        let (before, after) = if self.hides_boxes { ("(SELECT ", ")") } else { ("", "") };
        self.out.add(before);
        self.plain_place(rect)?;
        self.out.add(after);
        Some(())
    }

    /// A polygon without a surface meets nothing: of such a box a point or a line is made.
    fn plain_place(&mut self, rect: &Rect) -> Option<()> {
        if rect.min_x < rect.max_x && rect.min_y < rect.max_y {
            return self.envelope(rect);
        }
        self.out.add("ST_Envelope(");
        self.diagonal(rect)?;
        self.out.add(")");
        Some(())
    }

    pub(super) fn envelope(&mut self, rect: &Rect) -> Option<()> {
        let srid = self.geometry()?.srid;
        self.out.add("ST_MakeEnvelope(");
        for side in [rect.min_x, rect.min_y, rect.max_x, rect.max_y] {
            self.side(side);
            self.out.add(", ");
        }
        self.out.add(&format!("{srid})"));
        Some(())
    }

    /// From one corner of a box to the other.
    fn diagonal(&mut self, rect: &Rect) -> Option<()> {
        let srid = self.geometry()?.srid;
        self.out.add("ST_SetSRID(ST_MakeLine(");
        for (x, y, after) in [(rect.min_x, rect.min_y, ", "), (rect.max_x, rect.max_y, "), ")] {
            self.out.add("ST_MakePoint(");
            self.side(x);
            self.out.add(", ");
            self.side(y);
            self.out.add(")");
            self.out.add(after);
        }
        self.out.add(&format!("{srid})"));
        Some(())
    }

    /// A coordinate of a box; it may be beyond all that one can be.
    fn side(&mut self, side: f64) {
        self.out.bind(Bound::Float(side.clamp(-1e300, 1e300)), "float8");
    }
}
