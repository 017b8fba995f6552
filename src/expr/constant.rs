//! Relations between two written geometries: worked out once, as the filter is read, and so only as long as that is cheap.

use super::evaluate::all;
use super::spatial::Place;
use super::{GeometryLiteral, Relation};
use crate::model::geometry::intersect;
use crate::model::geometry::relate::Shaped;

/// Most vertices of all the geometries of a filter that are related to one another, with the places at which one meets itself
/// or, nearly, the other.
pub(super) const MOST: usize = 10_000;
/// With fewer vertices than this, both together, there cannot be many such places.
const FEW: usize = 40;

/// What the relations between written geometries of one filter may still cost.
#[derive(Debug)]
pub(super) struct Constants {
    left: usize,
}

impl Default for Constants {
    fn default() -> Self {
        Self { left: MOST }
    }
}

/// Why two literals are not related.
pub(super) struct TooDear;

impl TooDear {
    pub(super) const MESSAGE: &str = "the written geometries that are related to each other have too many vertices, or \
        cross themselves too often";
}

impl Constants {
    /// Whether a literal lies so to another of the same system; nothing where it is unknown.
    pub(super) fn relate(
        &mut self,
        relation: Relation,
        first: &GeometryLiteral,
        second: &GeometryLiteral,
    ) -> Result<Option<bool>, TooDear> {
        let vertices = first.points() + second.points();
        self.left = self.left.checked_sub(vertices).ok_or(TooDear)?;
        if vertices > FEW {
            let cost = Shaped::new(&first.figure()).cost(&Shaped::new(&second.figure()), self.left);
            self.left = cost.ok().and_then(|cost| self.left.checked_sub(cost)).ok_or(TooDear)?;
        }
        Ok(of_literals(relation, first, second))
    }
}

/// Whether a literal lies so to another of the same system.
fn of_literals(relation: Relation, first: &GeometryLiteral, second: &GeometryLiteral) -> Option<bool> {
    let flat = GeometryLiteral { heights: None, ..second.clone() };
    let high = |other: (f64, f64)| match first.heights {
        Some((low, high)) => Some(low <= other.1 && other.0 <= high),
        None => intersect::intersects_z(&first.wkb, other.0, other.1).ok(),
    };
    let meets = || match (first.heights, second.heights) {
        (Some((low, high)), None) => intersect::intersects_z(&second.wkb, low, high).ok(),
        (_, Some(heights)) => high(heights),
        (None, None) => Some(true),
    };
    match relation {
        Relation::Intersects => all([Place::new(relation, &flat, None).test(&first.wkb), meets()]),
        Relation::Disjoint => of_literals(Relation::Intersects, first, second).map(|meets| !meets),
        relation => Place::new(relation, &flat, None).test(&first.wkb),
    }
}

#[cfg(test)]
mod tests {
    use crate::expr::cql2;
    use crate::expr::samples::zigzag;

    #[test]
    fn two_dear_literals_are_not_related_while_the_filter_is_read() {
        for (vertices, is_dear) in [(50, false), (500, true), (1200, true)] {
            for name in ["S_TOUCHES", "S_INTERSECTS", "S_WITHIN", "S_EQUALS", "S_CROSSES", "S_DISJOINT"] {
                let text = format!("{name}(LINESTRING({}),LINESTRING({}))", zigzag(vertices, 1), zigzag(vertices, 2));
                let told = cql2::parse(&text);
                assert_eq!(told.is_err(), is_dear, "{name} {vertices}");
            }
        }
        // What is cheap alone is dear many times.
        let one = format!("S_TOUCHES(LINESTRING({}),LINESTRING({}))", zigzag(50, 1), zigzag(50, 2));
        let fault = cql2::parse(&vec![one; 20].join(" AND ")).unwrap_err();
        assert!(fault.message.contains("related to each other"), "{fault}");
        // And a long line that hardly meets itself is cheap.
        let coast: Vec<String> = (0..3000).map(|at| format!("{at} {}", at % 7)).collect();
        let text = format!("S_TOUCHES(LINESTRING({}),POLYGON((0 -1,3000 -1,3000 0,0 0,0 -1)))", coast.join(","));
        assert_eq!(cql2::parse(&text), Ok(crate::expr::Expr::always()));
    }
}
