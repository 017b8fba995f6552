//! Tests rows: the one evaluator, for what a source does not push down and for sources that test in their own loop.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value as Json;

use crate::base::bbox::Rect;
use crate::base::datetime::{Instant, Interval};
use crate::model::batch::{Batch, Cell, Layout, Row};
use crate::model::geometry::intersect;
use crate::model::schema::{FieldKind, KeyKind, Schema};
use crate::model::value::{FeatureId, Value};

use super::array::{self, ArrayRelation, List, Member};
use super::function::Function;
use super::like::Pattern;
use super::spatial::{self, Place};
use super::temporal::{Moment, Time, TimeRelation};
use super::{Comparison, Expr, Operand, Operator, Relation, is_geometry};

/// What a source tests in its own loop, with the cells that it must have for that.
#[derive(Debug)]
pub struct Test {
    /// The predicate, over rows of the layout.
    pub predicate: Predicate,
    /// The cells that it reads.
    pub layout: Layout,
}

impl Test {
    /// Conditions that must all hold; none where there are none. The error is a name that the schema does not have.
    pub fn all(conditions: Vec<Expr>, schema: &Schema) -> Result<Option<Self>, String> {
        if conditions.is_empty() {
            return Ok(None);
        }
        let all = Expr::And(conditions);
        let layout = Layout { geometry: all.reads_geometry(), fields: all.fields(schema)? };
        Ok(Some(Self { predicate: Predicate::new(&all, schema, &layout)?, layout }))
    }
}

/// A predicate whose names are resolved to the cells of a layout.
#[derive(Clone, Debug)]
pub struct Predicate(Node);

#[derive(Clone, Debug)]
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Compare(Side, Comparison, Side),
    Like(Side, Pattern),
    Between(Side, Side, Side),
    In(Side, Vec<Value>),
    IsNull(Side),
    IsUnknown(Box<Node>),
    NoGeometry,
    Spatial(Place),
    Itself(Relation),
    Temporal(Span, TimeRelation, Span),
    Array(Members, ArrayRelation, Members),
    Ids(Vec<FeatureId>),
    Bbox { rects: Vec<Rect>, z: Option<(f64, f64)> },
    During { interval: Interval, start: usize, end: Option<usize> },
    Always,
}

#[derive(Clone, Debug)]
enum Side {
    Cell(usize),
    Literal(Value),
    Calculation(Box<Side>, Operator, Box<Side>),
    Call(Function, Vec<Side>),
}

/// A time of a row.
#[derive(Clone, Debug)]
enum Span {
    At(Side),
    Between(Option<Side>, Option<Side>),
}

/// A list of a row.
#[derive(Clone, Debug)]
enum Members {
    Cell(usize),
    Literal(Vec<Json>),
    Made(Vec<Part>),
}

/// A member of a list that is made for each row.
#[derive(Clone, Debug)]
enum Part {
    Literal(Json),
    Side(Side),
    /// A JSON document.
    Document(usize),
    List(Vec<Part>),
}

/// The names of a layout.
#[derive(Clone, Copy)]
struct Names<'a> {
    schema: &'a Schema,
    layout: &'a Layout,
}

impl Predicate {
    /// Resolves the names; the error is a name that is not among the layout's cells.
    pub fn new(expr: &Expr, schema: &Schema, layout: &Layout) -> Result<Self, String> {
        Node::new(expr, schema, layout).map(Self)
    }

    /// Whether the row passes.
    pub fn test(&self, row: Row<'_>) -> bool {
        self.0.test(row) == Some(true)
    }
}

/// What a condition without properties comes to for every row; `None` for one that is unknown or reads a row.
pub(super) fn truth(expr: &Expr) -> Option<bool> {
    // No column is called so.
    let key = ("\0".to_owned(), KeyKind::Integer);
    let schema = Schema { fields: Vec::new(), key, geometry: None, time: None };
    let layout = Layout { geometry: false, fields: Vec::new() };
    let mut nothing = Batch::new(1);
    nothing.push(Cell::Null);
    Node::new(expr, &schema, &layout).ok()?.test(nothing.row(0))
}

impl Node {
    fn new(expr: &Expr, schema: &Schema, layout: &Layout) -> Result<Node, String> {
        let all = |parts: &[Expr]| parts.iter().map(|part| Node::new(part, schema, layout)).collect::<Result<_, _>>();
        let names = Names { schema, layout };
        let side = |operand: &Operand| names.side(operand);
        Ok(match expr {
            Expr::And(parts) => Node::And(all(parts)?),
            Expr::Or(parts) => Node::Or(all(parts)?),
            Expr::Not(part) => Node::Not(Box::new(Node::new(part, schema, layout)?)),
            Expr::IsUnknown(part) => Node::IsUnknown(Box::new(Node::new(part, schema, layout)?)),
            Expr::Compare(left, how, right) => Node::Compare(side(left)?, *how, side(right)?),
            Expr::Like { operand, pattern } => Node::Like(side(operand)?, Pattern::new(pattern)),
            Expr::Between(operand, low, high) => Node::Between(side(operand)?, side(low)?, side(high)?),
            Expr::In(operand, values) => Node::In(side(operand)?, values.clone()),
            Expr::IsNull(operand) => Node::IsNull(side(operand)?),
            Expr::Spatial { property, .. } | Expr::NoGeometry(property)
                if !layout.geometry || !is_geometry(schema, property) =>
            {
                return Err(property.clone());
            }
            Expr::Geometries(left, relation, right) => {
                let is_there = |name: &&String| layout.geometry && is_geometry(schema, name);
                match [left, right].into_iter().find(|name| !is_there(name)) {
                    Some(name) => return Err(name.clone()),
                    None => Node::Itself(*relation),
                }
            }
            Expr::NoGeometry(_) => Node::NoGeometry,
            Expr::Spatial { relation, geometry, distance, .. } => {
                Node::Spatial(Place::new(*relation, geometry, *distance))
            }
            Expr::Temporal(left, relation, right) => Node::Temporal(names.span(left)?, *relation, names.span(right)?),
            Expr::Array(left, relation, right) => Node::Array(names.list(left)?, *relation, names.list(right)?),
            Expr::Ids(ids) => Node::Ids(ids.clone()),
            Expr::Bbox { .. } if !layout.geometry => return Err("geometry".to_owned()),
            Expr::Bbox { rects, z, .. } => Node::Bbox { rects: rects.clone(), z: *z },
            // Whoever cannot push it down must not let rows pass.
            Expr::Subset(_) => return Err("subset".to_owned()),
            Expr::During(interval) => match schema.time {
                None => Node::Always,
                Some(time) => {
                    let cell = |field| layout.cell_of(field).ok_or_else(|| "time".to_owned());
                    Node::During { interval: *interval, start: cell(time.start)?, end: time.end.map(cell).transpose()? }
                }
            },
        })
    }

    /// True, false or unknown.
    fn test(&self, row: Row<'_>) -> Option<bool> {
        match self {
            Node::And(parts) => all(parts.iter().map(|part| part.test(row))),
            Node::Or(parts) => any(parts.iter().map(|part| part.test(row))),
            Node::Not(part) => part.test(row).map(|truth| !truth),
            Node::IsUnknown(part) => Some(part.test(row).is_none()),
            Node::Compare(left, how, right) => compare(&left.value(row), *how, &right.value(row)),
            Node::Like(side, pattern) => match &*side.value(row) {
                Value::Text(text) => Some(pattern.matches(text)),
                _ => None,
            },
            Node::Between(side, low, high) => {
                let value = side.value(row);
                all([
                    compare(&value, Comparison::GreaterOrEqual, &low.value(row)),
                    compare(&value, Comparison::LessOrEqual, &high.value(row)),
                ])
            }
            Node::In(side, values) => {
                let value = side.value(row);
                any(values.iter().map(|other| compare(&value, Comparison::Equal, other)))
            }
            Node::IsNull(side) => Some(match side {
                // What is not a number is nothing: some formats cannot keep it, and JSON cannot tell it.
                Side::Cell(cell) => row.cell(*cell).is_nothing(),
                other => *other.value(row) == Value::Null,
            }),
            Node::NoGeometry => Some(row.geometry().is_none()),
            // Where a geometry that cannot be read lies is unknown.
            Node::Spatial(place) => place.test(row.geometry()?),
            Node::Itself(relation) => spatial::beside_itself(*relation, row.geometry()?),
            Node::Temporal(left, relation, right) => Some(relation.holds(&left.value(row)?, &right.value(row)?)),
            Node::Array(left, relation, right) => Some(relation.holds(&left.value(row)?, &right.value(row)?)),
            Node::Ids(ids) => Some(ids.iter().any(|id| match (id, row.cell(0)) {
                (FeatureId::Int(id), Cell::Int(other)) => *id == other,
                (FeatureId::Text(id), text @ Cell::Text(..)) => id == row.text(text),
                _ => false,
            })),
            Node::Bbox { rects, z } => Some(row.geometry().is_some_and(|wkb| {
                // A geometry that cannot be read is nowhere.
                rects.iter().any(|rect| intersect::intersects(wkb, rect).unwrap_or(false))
                    && z.is_none_or(|(low, high)| intersect::intersects_z(wkb, low, high).unwrap_or(false))
            })),
            Node::During { interval, start, end } => {
                // What stands in the place of a time and is none is at no time; where nothing stands, it is at any.
                let time = |cell: usize, last: bool| match row.cell(cell) {
                    Cell::Null => Some(None),
                    cell => instant(cell, last).map(Some),
                };
                let (first, last) = (time(*start, false), time(end.unwrap_or(*start), true));
                Some(first.zip(last).is_some_and(|(first, last)| interval.intersects(first, last)))
            }
            Node::Always => Some(true),
        }
    }
}

impl Side {
    fn value(&self, row: Row<'_>) -> Cow<'_, Value> {
        match self {
            Side::Cell(cell) => Cow::Owned(row.value(*cell)),
            Side::Literal(value) => Cow::Borrowed(value),
            Side::Calculation(left, operator, right) => Cow::Owned(operator.apply(&left.value(row), &right.value(row))),
            Side::Call(function, arguments) => {
                let arguments: Vec<Value> = arguments.iter().map(|side| side.value(row).into_owned()).collect();
                Cow::Owned(function.apply(&arguments))
            }
        }
    }
}

impl Names<'_> {
    fn cell(&self, name: &str) -> Result<usize, String> {
        let cell = match self.schema.position(name) {
            Some(field) => self.layout.cell_of(field),
            None => (self.schema.key.0 == name).then_some(0),
        };
        cell.ok_or_else(|| name.to_owned())
    }

    fn side(&self, operand: &Operand) -> Result<Side, String> {
        Ok(match operand {
            Operand::Literal(value) => Side::Literal(value.clone()),
            Operand::Property(name) => Side::Cell(self.cell(name)?),
            Operand::Calculation(left, operator, right) => match (self.side(left)?, self.side(right)?) {
                (Side::Literal(left), Side::Literal(right)) => Side::Literal(operator.apply(&left, &right)),
                (left, right) => Side::Calculation(Box::new(left), *operator, Box::new(right)),
            },
            Operand::Call(function, arguments) => {
                let sides = arguments.iter().map(|argument| self.side(argument)).collect::<Result<Vec<_>, _>>()?;
                let literal = |side: &Side| match side {
                    Side::Literal(value) => Some(value.clone()),
                    _ => None,
                };
                // What no row changes is worked out once.
                match sides.iter().map(literal).collect::<Option<Vec<_>>>() {
                    Some(values) => Side::Literal(function.apply(&values)),
                    None => Side::Call(*function, sides),
                }
            }
        })
    }

    fn span(&self, time: &Time) -> Result<Span, String> {
        Ok(match time {
            Time::At(at) => Span::At(self.side(at)?),
            Time::Between(start, end) => {
                let end_of = |operand: &Option<Operand>| operand.as_ref().map(|operand| self.side(operand)).transpose();
                Span::Between(end_of(start)?, end_of(end)?)
            }
        })
    }

    fn list(&self, list: &List) -> Result<Members, String> {
        Ok(match list {
            List::Property(name) => Members::Cell(self.cell(name)?),
            List::Literal(members) => Members::Literal(members.clone()),
            List::Made(members) => Members::Made(members.iter().map(|it| self.member(it)).collect::<Result<_, _>>()?),
        })
    }

    fn member(&self, member: &Member) -> Result<Part, String> {
        Ok(match member {
            Member::Literal(member) => Part::Literal(member.clone()),
            Member::Operand(Operand::Property(name)) if self.schema.kind(name) == Some(FieldKind::Json) => {
                Part::Document(self.cell(name)?)
            }
            Member::Operand(operand) => Part::Side(self.side(operand)?),
            Member::List(members) => Part::List(members.iter().map(|it| self.member(it)).collect::<Result<_, _>>()?),
        })
    }
}

impl Span {
    fn value(&self, row: Row<'_>) -> Option<(Moment, Moment)> {
        let moment = |side: &Side| Moment::of(&side.value(row));
        match self {
            Span::At(at) => moment(at).map(|at| (at, at)),
            Span::Between(start, end) => {
                let start = start.as_ref().map_or(Some(Moment::PAST), moment)?;
                Some((start, end.as_ref().map_or(Some(Moment::FUTURE), moment)?))
            }
        }
    }
}

impl Members {
    fn value(&self, row: Row<'_>) -> Option<Cow<'_, [Json]>> {
        match self {
            Members::Literal(members) => Some(Cow::Borrowed(members)),
            Members::Cell(cell) => match serde_json::from_str(row.text(row.cell(*cell))).ok()? {
                Json::Array(members) => Some(Cow::Owned(members)),
                _ => None,
            },
            Members::Made(parts) => parts.iter().map(|part| part.value(row)).collect::<Option<_>>().map(Cow::Owned),
        }
    }
}

impl Part {
    /// The member; none where it is nothing.
    fn value(&self, row: Row<'_>) -> Option<Json> {
        match self {
            Part::Literal(member) => Some(member.clone()),
            Part::Side(side) => array::json(&side.value(row)),
            Part::Document(cell) => serde_json::from_str(row.text(row.cell(*cell))).ok().filter(|it| *it != Json::Null),
            Part::List(parts) => parts.iter().map(|part| part.value(row)).collect::<Option<_>>().map(Json::Array),
        }
    }
}

/// True where all are, false where one is.
pub(super) fn all(parts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            None => all = None,
            Some(true) => {}
        }
    }
    all
}

/// True where one is, false where all are.
pub(super) fn any(parts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut any = Some(false);
    for part in parts {
        match part {
            Some(true) => return Some(true),
            None => any = None,
            Some(false) => {}
        }
    }
    any
}

fn compare(left: &Value, how: Comparison, right: &Value) -> Option<bool> {
    let order = left.compare(right)?;
    Some(match how {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::NotEqual => order != Ordering::Equal,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
    })
}

/// The first or last instant that a cell of time means.
pub(crate) fn instant(cell: Cell, last: bool) -> Option<Instant> {
    match cell {
        Cell::Instant(at) => Some(at),
        Cell::Date(day) => Some(if last { day.end() } else { day.start() }),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
