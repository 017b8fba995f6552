//! Spatial predicates and the geometries in them: well-known text, and BBOX.

use super::Frame;
use super::fault::Fault;
use super::lexer::TokenKind;
use super::parser::Parser;
use crate::base::bbox::Bbox;
use crate::expr::constant::{Constants, TooDear};
use crate::expr::{Expr, GeometryLiteral, Relation};
use crate::model::geometry::wkt;
use crate::model::value::Value;

/// One side of a spatial predicate.
pub(super) enum Side {
    Property(String),
    Geometry(GeometryLiteral),
}

/// The relations by their names.
pub(super) const NAMES: [(&str, Relation); 8] = [
    ("S_INTERSECTS", Relation::Intersects),
    ("S_DISJOINT", Relation::Disjoint),
    ("S_WITHIN", Relation::Within),
    ("S_CONTAINS", Relation::Contains),
    ("S_TOUCHES", Relation::Touches),
    ("S_CROSSES", Relation::Crosses),
    ("S_OVERLAPS", Relation::Overlaps),
    ("S_EQUALS", Relation::Equals),
];

/// The relation that a function's name (in capitals) means.
pub(super) fn relation(name: &str) -> Option<Relation> {
    NAMES.iter().find(|(other, _)| *other == name).map(|(_, relation)| *relation)
}

/// The relation seen from the other side.
pub(in crate::expr) fn turned(relation: Relation) -> Relation {
    match relation {
        Relation::Within => Relation::Contains,
        Relation::Contains => Relation::Within,
        other => other,
    }
}

/// Why two sides make no predicate.
pub(super) enum Apart {
    /// One has heights that do not count.
    Heights,
    /// Both are written, and it would take long.
    TooDear,
}

/// A spatial predicate.
pub(super) fn joined(first: Side, relation: Relation, second: Side, constants: &mut Constants) -> Result<Expr, Apart> {
    let is_flat = |side: &Side| match side {
        Side::Geometry(GeometryLiteral { heights: Some(_), .. }) => {
            matches!(relation, Relation::Intersects | Relation::Disjoint)
        }
        _ => true,
    };
    if !is_flat(&first) || !is_flat(&second) {
        return Err(Apart::Heights);
    }
    let (relation, property, geometry) = match (first, second) {
        (Side::Property(property), Side::Geometry(geometry)) => (relation, property, geometry),
        (Side::Geometry(geometry), Side::Property(property)) => (turned(relation), property, geometry),
        (Side::Property(first), Side::Property(second)) => return Ok(Expr::Geometries(first, relation, second)),
        (Side::Geometry(first), Side::Geometry(second)) => {
            let told = constants.relate(relation, &first, &second).map_err(|TooDear| Apart::TooDear)?;
            return Ok(told.map_or_else(Expr::unknown, |holds| if holds { Expr::always() } else { Expr::never() }));
        }
    };
    Ok(Expr::Spatial { relation, property, geometry, distance: None })
}

impl Parser<'_> {
    /// A spatial predicate whose name is the present token.
    pub(super) fn spatial(&mut self, name: &str, relation: Relation) -> Result<Expr, Fault> {
        let start = self.start();
        self.advance();
        self.expect("(")?;
        let first = self.side()?;
        self.expect(",")?;
        let second = self.side()?;
        self.expect(")")?;
        joined(first, relation, second, &mut self.constants).map_err(|apart| match apart {
            Apart::Heights => self
                .fault_at(start, format!("{name} is flat, and takes a BBOX of four numbers"))
                .hint("heights count for S_INTERSECTS and S_DISJOINT"),
            Apart::TooDear => self.fault_at(start, TooDear::MESSAGE),
        })
    }

    fn side(&mut self) -> Result<Side, Fault> {
        let name = match self.kind() {
            TokenKind::Word(word) if self.is_geometry(word) => None,
            TokenKind::Word(_) if self.is_call() => {
                let TokenKind::Word(word) = self.kind() else { return Err(self.expected("a geometry")) };
                let fault = self.fault(format!("'{word}' is no geometry that can stand here"));
                return Err(
                    fault.hint("there are POINT, LINESTRING, POLYGON, MULTI… of each, GEOMETRYCOLLECTION and BBOX")
                );
            }
            TokenKind::Word(name) | TokenKind::Name(name) => Some(name.clone()),
            _ => return Err(self.expected("the geometry's name or a geometry such as BBOX(5, 45, 11, 48)")),
        };
        if let Some(name) = name {
            self.advance();
            return Ok(Side::Property(name));
        }
        self.literal().map(Side::Geometry)
    }

    /// A geometry that starts here.
    pub(super) fn literal(&mut self) -> Result<GeometryLiteral, Fault> {
        if self.is_word("BBOX") { self.bbox() } else { self.geometry() }
    }

    /// Whether a geometry starts here: a word of one, and what must follow it.
    pub(super) fn is_geometry(&self, word: &str) -> bool {
        let word = word.to_ascii_uppercase();
        let plain = word.trim_end_matches(['Z', 'M']);
        let follows = ["Z", "M", "ZM", "EMPTY"].iter().any(|next| self.is_next_word(next));
        if word == "BBOX" { self.is_call() } else { wkt::is_geometry(plain) && (self.is_call() || follows) }
    }

    fn bbox(&mut self) -> Result<GeometryLiteral, Fault> {
        let start = self.start();
        self.advance();
        self.expect("(")?;
        let mut numbers = vec![self.coordinate()?];
        while self.take_sign(",") {
            numbers.push(self.coordinate()?);
        }
        self.expect(")")?;
        bbox(&numbers, &self.frame).map_err(|(message, hint)| {
            let fault = self.fault_at(start, message);
            if hint.is_empty() { fault } else { fault.hint(hint) }
        })
    }

    /// A geometry as well-known text.
    fn geometry(&mut self) -> Result<GeometryLiteral, Fault> {
        let start = self.start();
        let (mut figure, length) =
            wkt::parse_start(self.rest()).map_err(|fault| self.fault_at(start + fault.position, fault.message))?;
        self.advance_to(start + length);
        if self.frame.is_swapped {
            figure.swap();
        }
        Ok(GeometryLiteral::new(&figure, self.frame.crs.clone()))
    }

    fn coordinate(&mut self) -> Result<f64, Fault> {
        #[allow(clippy::cast_precision_loss)] // no coordinate has so many digits
        Ok(match self.number()? {
            Value::Int(number) => number as f64,
            Value::Float(number) => number,
            _ => return Err(self.expected("a number")),
        })
    }
}

/// A box of 4 numbers or 6; else what is wrong with them, and a hint.
pub(super) fn bbox(numbers: &[f64], frame: &Frame) -> Result<GeometryLiteral, (&'static str, &'static str)> {
    let flat = |[a, b, c, d]: [f64; 4]| if frame.is_swapped { Bbox::new(b, a, d, c) } else { Bbox::new(a, b, c, d) };
    let bbox = match *numbers {
        [a, b, c, d] => flat([a, b, c, d]),
        [a, b, low, c, d, high] if low <= high => Bbox { z: Some((low, high)), ..flat([a, b, c, d]) },
        [_, _, _, _, _, _] => return Err(("the lower height is above the upper one", "")),
        _ => return Err(("BBOX needs 4 numbers, or 6 with heights", "write it as in BBOX(west, south, east, north)")),
    };
    if bbox.min_y > bbox.max_y {
        return Err(("the southern edge lies north of the northern one", ""));
    }
    if bbox.min_x > bbox.max_x && !frame.crs.is_lon_lat_wgs84() {
        return Err(("the western edge lies east of the eastern one", "only longitudes go round"));
    }
    Ok(GeometryLiteral::bbox(&bbox, frame.crs.clone()))
}
