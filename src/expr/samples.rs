//! Predicates for tests: whatever CQL2 can say.

use proptest::prelude::*;

use super::{Comparison, Expr, Operand, Relation};
use crate::base::bbox::Bbox;
use crate::base::datetime::{Date, Instant};
use crate::model::value::Value;

/// Any value that has a text.
pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Int),
        (-3i64..4).prop_map(Value::Int),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::Float),
        (-6i32..7).prop_map(|number| Value::Float(f64::from(number) / 2.0)),
        any::<bool>().prop_map(Value::Bool),
        "\\PC{0,6}".prop_map(Value::Text),
        "[ab'\"%_\\\\]{0,4}".prop_map(Value::Text),
        (-700_000i32..2_000_000).prop_map(|day| Value::Date(Date(day))),
        (-62_000_000_000_000_000i64..200_000_000_000_000_000).prop_map(|at| Value::Instant(Instant(at))),
    ]
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,3}",
        "\\PC{1,5}",
        prop::sample::select(vec!["and", "Date", "NULL", "point", "x.y", "a b", "DIV"]).prop_map(str::to_owned)
    ]
}

/// A place that a box or a geometry of boxes has.
fn any_box() -> impl Strategy<Value = Bbox> {
    let number = || prop_oneof![(-20i32..20).prop_map(f64::from), -170.0..170.0f64];
    let high = prop_oneof![4 => Just(0.0), 4 => (0i32..9).prop_map(f64::from), 2 => 0.1..9.0f64];
    (number(), number(), high.clone(), high).prop_map(|(x, y, width, height)| Bbox::new(x, y, x + width, y + height))
}

/// A spatial predicate on a geometry of this name.
pub(crate) fn any_spatial(name: impl Strategy<Value = String>) -> impl Strategy<Value = Expr> {
    let flat = |relation| prop::collection::vec(any_box(), 1..4).prop_map(move |boxes| (relation, boxes));
    let one = any_box().prop_flat_map(|bbox| {
        let Bbox { min_x, min_y, max_x, max_y, .. } = bbox;
        let crossing = Bbox { min_x: max_x + 1.0, max_x: min_x, ..bbox };
        let high = Bbox { z: Some((min_y, max_y)), ..bbox };
        let area = Bbox { max_x: max_x + 1.0, max_y: max_y + 1.0, ..bbox };
        prop::sample::select(vec![
            (Relation::Intersects, vec![crossing]),
            (Relation::Disjoint, vec![high]),
            (Relation::Intersects, vec![high]),
            (Relation::Within, vec![area]),
            (Relation::Within, vec![Bbox { max_y: max_y + 1.0, ..crossing }]),
        ])
    });
    (prop_oneof![flat(Relation::Intersects), flat(Relation::Disjoint), one], name)
        .prop_map(|((relation, boxes), property)| Expr::Spatial { relation, property, boxes })
}

pub(crate) fn any_comparison() -> impl Strategy<Value = Comparison> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    prop::sample::select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual])
}

/// Predicates that join others by AND, OR and NOT.
pub(crate) fn joined(leaf: impl Strategy<Value = Expr> + 'static) -> impl Strategy<Value = Expr> {
    leaf.prop_recursive(4, 24, 4, |inner| {
        let several = || prop::collection::vec(inner.clone(), 2..5);
        prop_oneof![
            several().prop_map(Expr::And),
            several().prop_map(Expr::Or),
            inner.clone().prop_map(|part| Expr::Not(Box::new(part)))
        ]
    })
}

/// Any predicate that has a text.
pub(crate) fn any_expr() -> impl Strategy<Value = Expr> {
    let operand = || prop_oneof![any_name().prop_map(Operand::Property), any_value().prop_map(Operand::Literal)];
    joined(prop_oneof![
        3 => (operand(), any_comparison(), operand()).prop_map(|(left, how, right)| Expr::Compare(left, how, right)),
        1 => (operand(), "[ab'%_\\\\]{0,5}").prop_map(|(operand, pattern)| Expr::Like { operand, pattern }),
        1 => (operand(), operand(), operand()).prop_map(|(operand, low, high)| Expr::Between(operand, low, high)),
        1 => (operand(), prop::collection::vec(any_value(), 1..4)).prop_map(|(operand, values)| Expr::In(operand, values)),
        1 => operand().prop_map(Expr::IsNull),
        1 => any_spatial(any_name()),
        1 => prop::sample::select(vec![Expr::always(), Expr::never()]),
    ])
}
