//! One predicate tree for every filter language, for the parameters of OGC API Features and for policies.

use crate::base::bbox::Rect;
use crate::base::datetime::Interval;
use crate::model::schema::Schema;
use crate::model::value::{FeatureId, Value};

pub mod evaluate;

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

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A property by its name.
    Property(String),
    /// A literal.
    Literal(Value),
}

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
    /// Whether there is no value.
    IsNull(Operand),
    /// The feature's id is one of these.
    Ids(Vec<FeatureId>),
    /// The geometry has a point within one of the rectangles (and, where it has heights, between the two). A feature
    /// without a geometry does not.
    Bbox {
        /// In the coordinates of the rows that are tested; edges count.
        rects: Vec<Rect>,
        /// Lowest and highest z.
        z: Option<(f64, f64)>,
    },
    /// The feature's time shares an instant with the interval. A feature without a time passes (Part 1, 7.15.4).
    During(Interval),
    /// A condition in the source's own language, from a policy, never from a request. Only a source can test it.
    Subset(String),
}

impl Expr {
    /// `name = value`.
    pub fn equals(name: impl Into<String>, value: Value) -> Expr {
        Expr::Compare(Operand::Property(name.into()), Comparison::Equal, Operand::Literal(value))
    }

    /// The name and the value of `name = value`.
    pub fn as_equality(&self) -> Option<(&str, &Value)> {
        match self {
            Expr::Compare(Operand::Property(name), Comparison::Equal, Operand::Literal(value)) => Some((name, value)),
            _ => None,
        }
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
            Expr::Not(part) => part.walk(visit),
            Expr::Compare(..)
            | Expr::IsNull(_)
            | Expr::Ids(_)
            | Expr::Bbox { .. }
            | Expr::During(_)
            | Expr::Subset(_) => {}
        }
    }

    /// Whether a test of it reads the geometry.
    pub fn reads_geometry(&self) -> bool {
        let mut reads = false;
        self.walk(&mut |part| reads |= matches!(part, Expr::Bbox { .. }));
        reads
    }

    /// Whether a part of it is in a source's own language.
    pub fn has_subset(&self) -> bool {
        let mut has = false;
        self.walk(&mut |part| has |= matches!(part, Expr::Subset(_)));
        has
    }

    /// The fields of the schema that a test of it reads; a name that the schema does not have is the error.
    pub fn fields(&self, schema: &Schema) -> Result<Vec<usize>, String> {
        let (mut fields, mut unknown) = (Vec::new(), None);
        let mut read = |operand: &Operand| {
            if let Operand::Property(name) = operand {
                match schema.position(name) {
                    Some(field) => fields.push(field),
                    None => unknown = Some(name.clone()),
                }
            }
        };
        let mut times = false;
        self.walk(&mut |part| match part {
            Expr::Compare(left, _, right) => {
                read(left);
                read(right);
            }
            Expr::IsNull(operand) => read(operand),
            Expr::During(_) => times = true,
            _ => {}
        });
        if let Some(time) = schema.time.filter(|_| times) {
            fields.push(time.start);
            fields.extend(time.end);
        }
        fields.sort_unstable();
        fields.dedup();
        unknown.map_or(Ok(fields), Err)
    }
}
