//! Spatial predicates and the geometries in them. Rows are tested against boxes, so every geometry that boxes make up
//! exactly is taken: a point, a line along the axes, an upright rectangle, and sets of them.

use super::fault::Fault;
use super::lexer::TokenKind;
use super::parser::Parser;
use crate::base::bbox::Bbox;
use crate::expr::{Expr, Relation};
use crate::model::value::Value;

/// Most boxes in a geometry: each row is tested against all of them.
const MOST: usize = 100;

type Position = (f64, f64);

/// One side of a spatial predicate.
enum Side {
    Property(String),
    Geometry(Vec<Bbox>),
}

impl Parser<'_> {
    /// A spatial predicate, where one starts here.
    pub(super) fn spatial(&mut self) -> Result<Option<Expr>, Fault> {
        let TokenKind::Word(name) = self.kind() else { return Ok(None) };
        let (relation, is_turned) = match name.to_ascii_uppercase().as_str() {
            "S_INTERSECTS" => (Relation::Intersects, false),
            "S_DISJOINT" => (Relation::Disjoint, false),
            "S_WITHIN" => (Relation::Within, false),
            "S_CONTAINS" => (Relation::Within, true),
            _ => return Ok(None),
        };
        if !self.is_call() {
            return Ok(None);
        }
        let (name, start) = (name.to_ascii_uppercase(), self.start());
        self.advance();
        self.expect("(")?;
        let first = self.side()?;
        self.expect(",")?;
        let second = self.side()?;
        self.expect(")")?;
        let (property, boxes, is_second) = match (first, second) {
            (Side::Property(property), Side::Geometry(boxes)) => (property, boxes, true),
            (Side::Geometry(boxes), Side::Property(property)) => (property, boxes, false),
            _ => {
                let fault = self.fault_at(start, format!("{name} needs a property and a geometry"));
                return Err(fault.hint(format!("write it as in {name}(geometry, BBOX(5, 45, 11, 48))")));
            }
        };
        if relation == Relation::Within {
            if is_turned == is_second {
                let fault = self.fault_at(start, "whether a feature contains a geometry is not supported");
                return Err(fault.hint("S_INTERSECTS tells whether they share a point"));
            }
            let [Bbox { min_x, max_x, min_y, max_y, z: None }] = boxes[..] else {
                return Err(self.fault_at(start, format!("{name} is supported for one flat box only")));
            };
            // A west greater than the east is across the date line.
            if min_x.total_cmp(&max_x).is_eq() || min_y >= max_y {
                return Err(self.fault_at(start, format!("{name} needs a box with an area")));
            }
        }
        Ok(Some(Expr::Spatial { relation, property, boxes }))
    }

    fn side(&mut self) -> Result<Side, Fault> {
        let name = match self.kind() {
            TokenKind::Word(_) if self.is_call() => None,
            TokenKind::Word(name) | TokenKind::Name(name) => Some(name.clone()),
            _ => return Err(self.expected("the geometry's name or a geometry such as BBOX(5, 45, 11, 48)")),
        };
        if let Some(name) = name {
            self.advance();
            return Ok(Side::Property(name));
        }
        let start = self.start();
        let mut boxes = Vec::new();
        if self.is_word("BBOX") {
            boxes.push(self.bbox()?);
        } else {
            self.geometry(&mut boxes)?;
        }
        if boxes.len() > MOST {
            return Err(self.fault_at(start, format!("the geometry has more than {MOST} parts")));
        }
        Ok(Side::Geometry(boxes))
    }

    fn bbox(&mut self) -> Result<Bbox, Fault> {
        let start = self.start();
        self.advance();
        self.expect("(")?;
        let mut numbers = vec![self.coordinate()?];
        while self.take_sign(",") {
            numbers.push(self.coordinate()?);
        }
        self.expect(")")?;
        let bbox = match numbers[..] {
            [min_x, min_y, max_x, max_y] => Bbox::new(min_x, min_y, max_x, max_y),
            [min_x, min_y, low, max_x, max_y, high] if low <= high => {
                Bbox { z: Some((low, high)), ..Bbox::new(min_x, min_y, max_x, max_y) }
            }
            [_, _, _, _, _, _] => return Err(self.fault_at(start, "the lower height is above the upper one")),
            _ => {
                let fault = self.fault_at(start, "BBOX needs 4 numbers, or 6 with heights");
                return Err(fault.hint("write it as in BBOX(west, south, east, north)"));
            }
        };
        if bbox.min_y > bbox.max_y {
            return Err(self.fault_at(start, "the southern edge lies north of the northern one"));
        }
        Ok(bbox)
    }

    /// A geometry as well-known text.
    fn geometry(&mut self, boxes: &mut Vec<Bbox>) -> Result<(), Fault> {
        let TokenKind::Word(name) = self.kind() else { return Err(self.expected("a geometry")) };
        let name = name.to_ascii_uppercase();
        if !is_geometry(&name) || name == "BBOX" {
            let fault = self.fault(format!("'{name}' is no geometry that can stand here"));
            return Err(fault.hint("there are POINT, LINESTRING, POLYGON, MULTI… of each, and GEOMETRYCOLLECTION"));
        }
        self.advance();
        if self.is_word("Z") {
            return Err(self.fault("heights are supported in BBOX only"));
        }
        match name.as_str() {
            "POINT" => self.list_of(&mut |this| this.point(boxes)),
            "MULTIPOINT" => self.list_of(&mut |this| {
                if this.is_sign("(") { this.list_of(&mut |this| this.point(boxes)) } else { this.point(boxes) }
            }),
            "LINESTRING" => self.line(boxes),
            "MULTILINESTRING" => self.list_of(&mut |this| this.line(boxes)),
            "POLYGON" => self.polygon(boxes),
            "MULTIPOLYGON" => self.list_of(&mut |this| this.polygon(boxes)),
            _ => {
                if !self.is_sign("(") {
                    return Err(self.expected("'('"));
                }
                self.deeper()?;
                self.geometry(boxes)?;
                while self.take_sign(",") {
                    self.geometry(boxes)?;
                }
                self.shallower();
                self.expect(")")
            }
        }
    }

    /// Something in parentheses, with commas between.
    fn list_of(&mut self, one: &mut dyn FnMut(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        self.expect("(")?;
        one(self)?;
        while self.take_sign(",") {
            one(self)?;
        }
        self.expect(")")
    }

    fn point(&mut self, boxes: &mut Vec<Bbox>) -> Result<(), Fault> {
        let position = self.position()?;
        boxes.push(around(position, position));
        Ok(())
    }

    fn positions(&mut self) -> Result<Vec<Position>, Fault> {
        let mut positions: Vec<Position> = Vec::new();
        self.list_of(&mut |this| {
            positions.push(this.position()?);
            Ok(())
        })?;
        Ok(positions)
    }

    fn line(&mut self, boxes: &mut Vec<Bbox>) -> Result<(), Fault> {
        let start = self.start();
        let positions = self.positions()?;
        if positions.len() < 2 {
            return Err(self.fault_at(start, "a line has two positions or more"));
        }
        for ends in positions.windows(2) {
            if !is_upright(ends[0], ends[1]) {
                return Err(self.fault_at(start, "lines that do not run along the axes are not supported"));
            }
            boxes.push(around(ends[0], ends[1]));
        }
        Ok(())
    }

    fn polygon(&mut self, boxes: &mut Vec<Bbox>) -> Result<(), Fault> {
        let start = self.start();
        let mut rings = Vec::new();
        self.list_of(&mut |this| {
            rings.push(this.positions()?);
            Ok(())
        })?;
        let corners = match &rings[..] {
            [ring] => rectangle(ring),
            _ => None,
        };
        let Some((one, other)) = corners else {
            let fault = self.fault_at(start, "polygons other than upright rectangles are not supported");
            return Err(fault.hint("a box is written as in BBOX(west, south, east, north)"));
        };
        boxes.push(around(one, other));
        Ok(())
    }

    fn position(&mut self) -> Result<Position, Fault> {
        let position = (self.coordinate()?, self.coordinate()?);
        if matches!(self.kind(), TokenKind::Number(_) | TokenKind::Sign("-" | "+")) {
            return Err(self.fault("heights are supported in BBOX only"));
        }
        Ok(position)
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

/// Whether a word, in capitals, makes a geometry.
pub(super) fn is_geometry(name: &str) -> bool {
    let single = name.strip_prefix("MULTI").unwrap_or(name);
    matches!(single, "POINT" | "LINESTRING" | "POLYGON") || matches!(name, "GEOMETRYCOLLECTION" | "BBOX")
}

fn around(a: Position, b: Position) -> Bbox {
    Bbox::new(a.0.min(b.0), a.1.min(b.1), a.0.max(b.0), a.1.max(b.1))
}

#[allow(clippy::float_cmp)] // exactly along an axis
fn is_upright(a: Position, b: Position) -> bool {
    a.0 == b.0 || a.1 == b.1
}

/// Two opposite corners of a closed ring that is an upright rectangle with an area.
#[allow(clippy::float_cmp)] // exactly so
fn rectangle(ring: &[Position]) -> Option<(Position, Position)> {
    let [start, _, opposite, _, end] = *ring else { return None };
    let upright = ring.windows(2).all(|side| is_upright(side[0], side[1]));
    let differ = |one: Position, other: Position| one.0 != other.0 && one.1 != other.1;
    let is_whole = differ(start, opposite) && differ(ring[1], ring[3]) && start == end;
    (upright && is_whole).then_some((start, opposite))
}
