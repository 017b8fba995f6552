//! Conditions in the words that databases have: what no row changes is worked out, and a year is the days that it has, which an
//! index finds.

use super::evaluate::truth;
use super::function::{Function, new_year};
use super::operand::float;
use super::temporal::Time;
use super::{Comparison, Expr, Operand};
use crate::model::value::Value;

/// Most years of a list that become days.
const MOST_YEARS: usize = 50;

impl Expr {
    /// The same, true, false and unknown where it is.
    #[must_use]
    pub fn plain(self) -> Expr {
        let all = |parts: Vec<Expr>| parts.into_iter().map(Expr::plain).collect();
        match self {
            Expr::And(parts) => Expr::And(all(parts)),
            Expr::Or(parts) => Expr::Or(all(parts)),
            Expr::Not(part) => Expr::Not(Box::new(part.plain())),
            Expr::IsUnknown(part) => Expr::IsUnknown(Box::new(part.plain())),
            Expr::Compare(left, how, right) => compare(settled(left), how, settled(right)),
            Expr::Like { operand, pattern } => known(Expr::Like { operand: settled(operand), pattern }),
            Expr::Between(operand, low, high) => {
                let [operand, low, high] = [operand, low, high].map(settled);
                match (days_of_year(&operand), &low, &high) {
                    (Some(_), Operand::Literal(_), Operand::Literal(_)) => Expr::And(vec![
                        compare(operand.clone(), Comparison::GreaterOrEqual, low),
                        compare(operand, Comparison::LessOrEqual, high),
                    ]),
                    _ => known(Expr::Between(operand, low, high)),
                }
            }
            Expr::In(operand, values) => {
                let operand = settled(operand);
                if days_of_year(&operand).is_some() && (1..=MOST_YEARS).contains(&values.len()) {
                    let equal = |value| compare(operand.clone(), Comparison::Equal, Operand::Literal(value));
                    return Expr::Or(values.into_iter().map(equal).collect());
                }
                known(Expr::In(operand, values))
            }
            Expr::IsNull(operand) => known(Expr::IsNull(settled(operand))),
            Expr::Temporal(left, relation, right) => Expr::Temporal(moment(left), relation, moment(right)),
            other => other,
        }
    }
}

fn moment(time: Time) -> Time {
    match time {
        Time::At(at) => Time::At(settled(at)),
        Time::Between(start, end) => Time::Between(start.map(settled), end.map(settled)),
    }
}

/// An operand with its parts worked out as far as no row is needed.
fn settled(operand: Operand) -> Operand {
    match operand.constant() {
        Some(value) => Operand::Literal(value),
        None => match operand {
            Operand::Calculation(left, operator, right) => {
                Operand::calculation(settled(*left), operator, settled(*right))
            }
            Operand::Call(function, arguments) => {
                let mut arguments: Vec<Operand> = arguments.into_iter().map(settled).collect();
                // QGIS sends it with none where none are given; databases are asked without.
                if let (Function::Round, [_, Operand::Literal(decimals)]) = (function, &arguments[..])
                    && float(decimals) == Some(0.0)
                {
                    arguments.pop();
                }
                Operand::Call(function, arguments)
            }
            other => other,
        },
    }
}

/// What is true or false for every row; what is unknown for every row stays what it is.
fn known(expr: Expr) -> Expr {
    match truth(&expr) {
        Some(true) => Expr::always(),
        Some(false) => Expr::never(),
        None => expr,
    }
}

/// The property whose year it is.
fn days_of_year(operand: &Operand) -> Option<&Operand> {
    match operand {
        Operand::Call(Function::Year, arguments) => match &arguments[..] {
            [time @ Operand::Property(_)] => Some(time),
            _ => None,
        },
        _ => None,
    }
}

fn compare(left: Operand, how: Comparison, right: Operand) -> Expr {
    let in_days = match (&left, &right) {
        (of_year, Operand::Literal(Value::Int(year))) => years(of_year, how, *year),
        (Operand::Literal(Value::Int(year)), of_year) => years(of_year, how.turned(), *year),
        _ => None,
    };
    in_days.unwrap_or_else(|| known(Expr::Compare(left, how, right)))
}

/// A comparison of a year as one of days.
fn years(of_year: &Operand, how: Comparison, year: i64) -> Option<Expr> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let time = days_of_year(of_year)?;
    let (first, next) = (new_year(year)?, new_year(year.checked_add(1)?)?);
    let compare = |how, day| Expr::Compare(time.clone(), how, Operand::Literal(Value::Date(day)));
    Some(match how {
        Equal => Expr::And(vec![compare(GreaterOrEqual, first), compare(Less, next)]),
        NotEqual => Expr::Or(vec![compare(Less, first), compare(GreaterOrEqual, next)]),
        Less => compare(Less, first),
        LessOrEqual => compare(Less, next),
        Greater => compare(GreaterOrEqual, next),
        GreaterOrEqual => compare(GreaterOrEqual, first),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::base::datetime::{Date, Instant};
    use crate::expr::evaluate::Predicate;
    use crate::expr::samples::{any_comparison, any_operand, any_value, joined};
    use crate::expr::{Expr, Operand, cql2};
    use crate::model::batch::{Batch, Cell, Layout};
    use crate::model::schema::{Field, FieldKind, KeyKind, Schema};
    use crate::model::value::Value;

    #[test]
    fn years_are_days_and_constants_are_worked_out() {
        for (text, plain) in [
            ("year(d) = 2020", "d >= DATE('2020-01-01') AND d < DATE('2021-01-01')"),
            ("2019 < year(d)", "d >= DATE('2020-01-01')"),
            ("year(d) <> 2020", "d < DATE('2020-01-01') OR d >= DATE('2021-01-01')"),
            ("year(d) BETWEEN 2019 AND 2020", "d >= DATE('2019-01-01') AND d < DATE('2021-01-01')"),
            ("year(d) IN (2020)", "(d >= DATE('2020-01-01') AND d < DATE('2021-01-01'))"),
            ("a > 1 + 2 * 3", "a > 7"),
            ("CASEI(t) = CASEI('ÄB')", "CASEI(t) = 'äb'"),
            ("a = 1 OR 1 > 2", "a = 1 OR FALSE"),
            ("'abc' LIKE 'a%'", "TRUE"),
            ("a = 1 / 0", "a = NULL"),
        ] {
            let found = cql2::parse(text).unwrap().plain();
            let expected = match plain {
                "a = NULL" => Expr::equals("a", Value::Null),
                "(d >= DATE('2020-01-01') AND d < DATE('2021-01-01'))" => Expr::Or(vec![cql2::parse(plain).unwrap()]),
                plain => cql2::parse(plain).unwrap(),
            };
            assert_eq!(found, expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_plain_condition_says_the_same(
            expr in joined(prop_oneof![
                2 => (any_operand(Just("v".to_owned()), any_value()), any_comparison(), any_operand(Just("v".to_owned()), any_value()))
                    .prop_map(|(left, how, right)| Expr::Compare(left, how, right)),
                2 => (any_comparison(), 1960i64..2030).prop_map(|(how, year)| {
                    let of_year = Operand::Call(crate::expr::function::Function::Year, vec![Operand::Property("v".to_owned())]);
                    Expr::Compare(of_year, how, Operand::Literal(Value::Int(year)))
                }),
                1 => (any_operand(Just("v".to_owned()), any_value()), prop::collection::vec(any_value(), 0..3))
                    .prop_map(|(operand, values)| Expr::In(operand, values)),
            ]),
            value in prop_oneof![
                3 => (-5000i32..25_000).prop_map(|day| Value::Date(Date(day))),
                3 => (-5000i64..25_000).prop_map(|day| Value::Instant(Instant(day * 86_400_000_000 - 1))),
                1 => any_value(),
                1 => Just(Value::Null),
            ],
        ) {
            let schema = Schema {
                fields: vec![Field::new("v", FieldKind::Date)],
                key: ("fid".to_owned(), KeyKind::Integer),
                geometry: None,
                time: None,
            };
            let layout = Layout { geometry: false, fields: vec![0] };
            let mut row = Batch::new(2);
            row.push(Cell::Int(1));
            row.push_value(&value);
            for expr in [expr.clone(), Expr::Not(Box::new(expr))] {
                let passes = |expr: &Expr| Predicate::new(expr, &schema, &layout).unwrap().test(row.row(0));
                prop_assert_eq!(passes(&expr), passes(&expr.clone().plain()), "{}", expr);
                prop_assert_eq!(passes(&expr), passes(&expr.clone().gathered()), "{}", expr);
            }
        }
    }
}
