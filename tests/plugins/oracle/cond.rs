//! Conditions with a meaning of their own: the oracle does not ask the code that it tests.

use graticule::base::bbox::Rect;
use graticule::base::crs::Crs;
use graticule::expr::{Comparison, Expr, Operand};
use graticule::model::value::{FeatureId, Value};
use proptest::prelude::*;

use super::world::Row;

#[derive(Clone, Debug)]
pub(super) enum Cond {
    A(usize, i64),
    B(usize, u8),
    NullA,
    NullB,
    Ids(Vec<i64>),
    Box(i8, i8, i8, i8),
    Years(i64, i64),
    And(Vec<Cond>),
    Or(Vec<Cond>),
    Not(Box<Cond>),
}

const COMPARISONS: [(Comparison, &str); 6] = [
    (Comparison::Equal, "="),
    (Comparison::NotEqual, "<>"),
    (Comparison::Less, "<"),
    (Comparison::LessOrEqual, "<="),
    (Comparison::Greater, ">"),
    (Comparison::GreaterOrEqual, ">="),
];

fn compare<T: Ord>(left: Option<&T>, how: usize, right: &T) -> Option<bool> {
    let left = left?;
    Some(match how {
        0 => left == right,
        1 => left != right,
        2 => left < right,
        3 => left <= right,
        4 => left > right,
        _ => left >= right,
    })
}

/// An interval of whole years.
pub(super) fn years(from: i64, to: i64) -> String {
    format!("{from}-01-01T00:00:00Z/{to}-12-31T00:00:00Z")
}

impl Cond {
    /// Whether a row passes: true, false or unknown, as in SQL.
    pub(super) fn test(&self, row: &Row) -> Option<bool> {
        match self {
            Cond::A(how, value) => compare(row.a.as_ref(), *how, value),
            Cond::B(how, value) => compare(row.b.as_ref(), *how, &super::world::word(*value)),
            Cond::NullA => Some(row.a.is_none()),
            Cond::NullB => Some(row.b.is_none()),
            Cond::Ids(ids) => Some(ids.contains(&row.id)),
            Cond::Box(min_x, min_y, max_x, max_y) => {
                Some(row.at.is_some_and(|(x, y)| (*min_x..=*max_x).contains(&x) && (*min_y..=*max_y).contains(&y)))
            }
            Cond::Years(from, to) => Some(row.year.is_none_or(|year| (*from..=*to).contains(&year))),
            Cond::And(parts) => {
                let told: Vec<_> = parts.iter().map(|part| part.test(row)).collect();
                let unknown = told.contains(&None);
                if told.contains(&Some(false)) { Some(false) } else { (!unknown).then_some(true) }
            }
            Cond::Or(parts) => {
                let told: Vec<_> = parts.iter().map(|part| part.test(row)).collect();
                let unknown = told.contains(&None);
                if told.contains(&Some(true)) { Some(true) } else { (!unknown).then_some(false) }
            }
            Cond::Not(part) => part.test(row).map(|truth| !truth),
        }
    }

    /// The same as the server reads it.
    pub(super) fn expr(&self) -> Expr {
        let property = |name: &str| Operand::Property(name.to_owned());
        let all = |parts: &[Cond]| parts.iter().map(Cond::expr).collect();
        match self {
            Cond::A(how, value) => {
                Expr::Compare(property("a"), COMPARISONS[*how].0, Operand::Literal(Value::Int(*value)))
            }
            Cond::B(how, value) => {
                let word = Operand::Literal(Value::Text(super::world::word(*value)));
                Expr::Compare(property("b"), COMPARISONS[*how].0, word)
            }
            Cond::NullA => Expr::IsNull(property("a")),
            Cond::NullB => Expr::IsNull(property("b")),
            Cond::Ids(ids) => Expr::Ids(ids.iter().map(|id| FeatureId::Int(*id)).collect()),
            Cond::Box(min_x, min_y, max_x, max_y) => {
                let [min_x, min_y, max_x, max_y] = [*min_x, *min_y, *max_x, *max_y].map(f64::from);
                Expr::Bbox { rects: vec![Rect { min_x, min_y, max_x, max_y }], z: None, crs: Crs::Crs84 }
            }
            Cond::Years(from, to) => Expr::During(years(*from, *to).parse().unwrap()),
            Cond::And(parts) => Expr::And(all(parts)),
            Cond::Or(parts) => Expr::Or(all(parts)),
            Cond::Not(part) => Expr::Not(Box::new(part.expr())),
        }
    }

    /// The same as SQL, where SQL can say it.
    pub(super) fn sql(&self) -> Option<String> {
        let one = |part: &Cond| part.sql().map(|sql| format!("({sql})"));
        let all = |parts: &[Cond]| parts.iter().map(one).collect::<Option<Vec<_>>>();
        Some(match self {
            Cond::A(how, value) => format!("a {} {value}", COMPARISONS[*how].1),
            Cond::B(how, value) => format!("b {} '{}'", COMPARISONS[*how].1, super::world::word(*value)),
            Cond::NullA => "a IS NULL".to_owned(),
            Cond::NullB => "b IS NULL".to_owned(),
            Cond::Ids(ids) => {
                format!("fid IN ({})", ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
            }
            Cond::Box(..) | Cond::Years(..) => return None,
            Cond::And(parts) => all(parts)?.join(" AND "),
            // Not in parentheses as a whole, as people write it.
            Cond::Or(parts) => all(parts)?.join(" OR "),
            Cond::Not(part) => format!("NOT ({})", part.sql()?),
        })
    }
}

pub(super) fn any() -> impl Strategy<Value = Cond> {
    let leaf = prop_oneof![
        4 => (0..6_usize, 0..5_i64).prop_map(|(how, value)| Cond::A(how, value)),
        4 => (0..6_usize, 0..4_u8).prop_map(|(how, value)| Cond::B(how, value)),
        1 => Just(Cond::NullA),
        1 => Just(Cond::NullB),
        1 => prop::collection::vec(1..12_i64, 0..5).prop_map(Cond::Ids),
        2 => (-9..9_i8, -9..9_i8, 0..9_i8, 0..9_i8).prop_map(|(x, y, w, h)| Cond::Box(x, y, x + w, y + h)),
        2 => (2000..2008_i64, 0..5_i64).prop_map(|(from, more)| Cond::Years(from, from + more)),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(Cond::And),
            prop::collection::vec(inner.clone(), 1..3).prop_map(Cond::Or),
            inner.prop_map(|part| Cond::Not(Box::new(part))),
        ]
    })
}
