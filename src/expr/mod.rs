//! One predicate tree for every filter language, for the parameters of OGC API Features and for policies.

use array::{ArrayRelation, List};
use temporal::{Time, TimeRelation};

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::base::datetime::Interval;
use crate::model::schema::Schema;
use crate::model::value::{FeatureId, Value};

pub mod array;
pub mod check;
pub mod cql2;
pub mod evaluate;
pub mod fes;
pub mod folding;
pub mod function;
pub mod like;
pub mod literal;
pub mod operand;
pub mod qgis_filter;
pub mod temporal;

mod constant;
mod gathered;
mod misfit;
mod nearest;
mod number;
mod plain;
mod spatial;

#[cfg(test)]
pub(crate) mod samples;

pub use crate::model::geometry::relate::Relation;
pub use check::check;
pub use literal::GeometryLiteral;
pub use misfit::Misfit;
pub use operand::{Operand, Operator};

/// How two operands are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// The sign, as CQL2 and SQL write it.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// The same with its sides exchanged: `1 < a` is `a > 1`.
    #[must_use]
    pub fn turned(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

/// A literal and a distance from it.
pub type Placed = (GeometryLiteral, Option<f64>);

/// A predicate over rows. Unknown (a comparison with null) is not true, as in SQL.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// All of them.
    And(Vec<Expr>),
    /// Any of them.
    Or(Vec<Expr>),
    /// The opposite; unknown stays unknown.
    Not(Box<Expr>),
    /// A comparison.
    Compare(Operand, Comparison, Operand),
    /// The text has the form of the pattern (see [`like`]); unknown for what is no text.
    Like {
        /// What is tested.
        operand: Operand,
        /// `%` stands for any text, `_` for any character, `\\` for the one after it itself.
        pattern: String,
    },
    /// The first is not less than the second and not more than the third.
    Between(Operand, Operand, Operand),
    /// It equals one of the values; of no values, none.
    In(Operand, Vec<Value>),
    /// Whether there is no value.
    IsNull(Operand),
    /// Whether it is unknown; never unknown itself.
    IsUnknown(Box<Expr>),
    /// Whether there is no geometry; with its name.
    NoGeometry(String),
    /// How the geometry lies to a literal; unknown for a feature without one.
    Spatial {
        /// How: the feature's geometry is the first of the two.
        relation: Relation,
        /// The name of the geometry.
        property: String,
        /// What it is related to.
        geometry: GeometryLiteral,
        /// For `DWithin` and `Beyond`: metres where the literal is in longitude and latitude, else units of its system.
        distance: Option<f64>,
    },
    /// How two geometries of the feature lie to each other; unknown for a feature without one. A layer has one geometry, so
    /// that both names are its.
    Geometries(String, Relation, String),
    /// How times lie to each other; unknown where one of them is null.
    Temporal(Time, TimeRelation, Time),
    /// How lists lie to each other; unknown for what is no list.
    Array(List, ArrayRelation, List),
    /// The feature's id is one of these.
    Ids(Vec<FeatureId>),
    /// The geometry has a point within one of the rectangles (and, where it has heights, between the two). A feature
    /// without a geometry does not.
    Bbox {
        /// With x before y; edges count.
        rects: Vec<Rect>,
        /// Lowest and highest z.
        z: Option<(f64, f64)>,
        /// The system of the rectangles, in which the rows are tested.
        crs: Crs,
    },
    /// The feature's time shares an instant with the interval. A feature without a time passes (Part 1, 7.15.4).
    During(Interval),
    /// A condition in the source's own language, from a policy, never from a request. Only a source can test it.
    Subset(String),
}

impl Expr {
    /// True for every row.
    pub fn always() -> Expr {
        Expr::And(Vec::new())
    }

    /// True for no row.
    pub fn never() -> Expr {
        Expr::Or(Vec::new())
    }

    /// Neither true nor false for any row.
    pub fn unknown() -> Expr {
        let nothing = || Operand::Literal(Value::Null);
        Expr::Compare(nothing(), Comparison::Equal, nothing())
    }

    /// `name = value`.
    pub fn equals(name: impl Into<String>, value: Value) -> Expr {
        Expr::Compare(Operand::Property(name.into()), Comparison::Equal, Operand::Literal(value))
    }

    /// The parts that must all hold.
    pub fn conjuncts(self) -> Vec<Expr> {
        match self {
            Expr::And(parts) => parts.into_iter().flat_map(Expr::conjuncts).collect(),
            other => vec![other],
        }
    }

    /// Calls `visit` with this predicate and each one within it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        visit(self);
        match self {
            Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| part.walk(visit)),
            Expr::Not(part) | Expr::IsUnknown(part) => part.walk(visit),
            Expr::Compare(..)
            | Expr::Like { .. }
            | Expr::Between(..)
            | Expr::In(..)
            | Expr::IsNull(_)
            | Expr::NoGeometry(_)
            | Expr::Spatial { .. }
            | Expr::Geometries(..)
            | Expr::Temporal(..)
            | Expr::Array(..)
            | Expr::Ids(_)
            | Expr::Bbox { .. }
            | Expr::During(_)
            | Expr::Subset(_) => {}
        }
    }

    /// The same with other literals in the place of its geometries; whoever moves one to another system says so by its
    /// `crs`, and gives the distance in the units that it then has. The first error ends it.
    pub fn map_literals<E>(
        self,
        map: &mut dyn FnMut(GeometryLiteral, Option<f64>) -> Result<Placed, E>,
    ) -> Result<Expr, E> {
        Ok(match self {
            Expr::And(parts) => Expr::And(mapped(parts, map)?),
            Expr::Or(parts) => Expr::Or(mapped(parts, map)?),
            Expr::Not(part) => Expr::Not(Box::new(part.map_literals(map)?)),
            Expr::IsUnknown(part) => Expr::IsUnknown(Box::new(part.map_literals(map)?)),
            Expr::Spatial { relation, property, geometry, distance } => {
                let (geometry, distance) = map(geometry, distance)?;
                Expr::Spatial { relation, property, geometry, distance }
            }
            other => other,
        })
    }

    /// Rectangles in one of which the geometry of each row that passes has a point; `None` where it may be anywhere.
    pub fn reach(&self) -> Option<Vec<Rect>> {
        match self {
            Expr::Bbox { rects, .. } => Some(rects.clone()),
            Expr::Spatial { relation: Relation::Disjoint | Relation::Beyond, .. } => None,
            Expr::Spatial { relation: Relation::DWithin, geometry, distance, .. } => {
                Some(geometry.reach(Some(distance.unwrap_or(0.0))))
            }
            Expr::Spatial { geometry, .. } => Some(geometry.boxes().unwrap_or_else(|| geometry.reach(None))),
            _ => None,
        }
    }

    /// Whether a test of it reads the geometry.
    pub fn reads_geometry(&self) -> bool {
        let mut reads = false;
        self.walk(&mut |part| {
            reads |=
                matches!(part, Expr::Bbox { .. } | Expr::Spatial { .. } | Expr::Geometries(..) | Expr::NoGeometry(_));
        });
        reads
    }

    /// Whether a test of it may take long: see [`GeometryLiteral::is_dear`].
    pub fn is_dear(&self) -> bool {
        let mut is_dear = false;
        self.walk(&mut |part| {
            if let Expr::Spatial { relation, geometry, .. } = part {
                is_dear = is_dear || geometry.is_dear(*relation);
            }
        });
        is_dear
    }

    /// Whether a part of it is in a source's own language.
    pub fn has_subset(&self) -> bool {
        let mut has = false;
        self.walk(&mut |part| has |= matches!(part, Expr::Subset(_)));
        has
    }

    /// The fields of the schema that a test of it reads, beside the key, which every row has; a name that the schema does not
    /// have is the error.
    pub fn fields(&self, schema: &Schema) -> Result<Vec<usize>, String> {
        let (mut fields, mut unknown, mut no_geometry) = (Vec::new(), None, None);
        let mut name = |name: &str| match schema.position(name) {
            Some(field) => fields.push(field),
            None if schema.key.0 == name => {}
            None => unknown = Some(name.to_owned()),
        };
        let mut times = false;
        self.walk(&mut |part| match part {
            Expr::Compare(left, _, right) => {
                left.properties(&mut name);
                right.properties(&mut name);
            }
            Expr::Between(operand, low, high) => {
                for operand in [operand, low, high] {
                    operand.properties(&mut name);
                }
            }
            Expr::Like { operand, .. } | Expr::In(operand, _) | Expr::IsNull(operand) => operand.properties(&mut name),
            Expr::Temporal(left, _, right) => {
                left.operands(&mut |operand| operand.properties(&mut name));
                right.operands(&mut |operand| operand.properties(&mut name));
            }
            Expr::Array(left, _, right) => {
                left.properties(&mut name);
                right.properties(&mut name);
            }
            Expr::Spatial { property, .. } | Expr::NoGeometry(property) if !is_geometry(schema, property) => {
                no_geometry = Some(property.clone());
            }
            Expr::Geometries(left, _, right) => {
                no_geometry =
                    [left, right].into_iter().find(|name| !is_geometry(schema, name)).cloned().or(no_geometry.take());
            }
            Expr::During(_) => times = true,
            _ => {}
        });
        if let Some(time) = schema.time.filter(|_| times) {
            fields.push(time.start);
            fields.extend(time.end);
        }
        fields.sort_unstable();
        fields.dedup();
        unknown.or(no_geometry).map_or(Ok(fields), Err)
    }
}

fn mapped<E>(
    parts: Vec<Expr>,
    map: &mut dyn FnMut(GeometryLiteral, Option<f64>) -> Result<Placed, E>,
) -> Result<Vec<Expr>, E> {
    parts.into_iter().map(|part| part.map_literals(map)).collect()
}

/// Whether the schema's geometry has this name.
fn is_geometry(schema: &Schema, name: &str) -> bool {
    schema.geometry.as_ref().is_some_and(|geometry| geometry.name == name)
}
