//! Equalities that OR joins as one list: `a = 1 OR a = 2` is `a IN (1, 2)`, which sources find in one go. So is what AND joins
//! of the opposite: `a <> 1 AND a <> 2` is `NOT a IN (1, 2)`.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};

use super::{Comparison, Expr, Operand};
use crate::model::value::{FeatureId, Value};

/// What a list is of: a property with values of one type, or ids.
#[derive(PartialEq, Eq, Hash)]
enum Of {
    Property(String, Discriminant<Value>),
    Ids,
}

/// What an equality says.
enum Part {
    Values(String, Vec<Value>),
    Ids(Vec<FeatureId>),
    Other(Expr),
}

impl Expr {
    /// The same, unknown where it is unknown, with its equalities of one property as lists.
    #[must_use]
    pub fn gathered(self) -> Expr {
        match self {
            Expr::And(parts) => gather_opposites(parts),
            Expr::Not(part) => Expr::Not(Box::new(part.gathered())),
            Expr::IsUnknown(part) => Expr::IsUnknown(Box::new(part.gathered())),
            Expr::Or(parts) => gather(parts),
            other => other,
        }
    }
}

fn gather(parts: Vec<Expr>) -> Expr {
    let (mut gathered, mut places) = (Vec::with_capacity(parts.len()), HashMap::new());
    let flat = parts.into_iter().map(Expr::gathered).flat_map(|part| match part {
        Expr::Or(parts) => parts,
        other => vec![other],
    });
    for part in flat.map(part) {
        let of = match &part {
            Part::Values(name, values) => values.first().map(|first| Of::Property(name.clone(), discriminant(first))),
            Part::Ids(_) => Some(Of::Ids),
            Part::Other(_) => None,
        };
        let at = of.map(|of| *places.entry(of).or_insert(gathered.len()));
        match (at.and_then(|at| gathered.get_mut(at)), part) {
            (Some(Part::Values(_, all)), Part::Values(_, more)) => all.extend(more),
            (Some(Part::Ids(all)), Part::Ids(more)) => all.extend(more),
            (_, part) => gathered.push(part),
        }
    }
    let mut whole: Vec<Expr> = gathered.into_iter().map(expr).collect();
    match (whole.len(), whole.pop()) {
        (1, Some(one)) => one,
        (_, last) => {
            whole.extend(last);
            Expr::Or(whole)
        }
    }
}

/// By De Morgan's law: what AND joins of equalities that must not hold is one OR of them that must not.
fn gather_opposites(parts: Vec<Expr>) -> Expr {
    let (mut all, mut equalities, mut at) = (Vec::with_capacity(parts.len()), Vec::new(), None);
    let flat = parts.into_iter().map(Expr::gathered).flat_map(|part| match part {
        Expr::And(parts) => parts,
        other => vec![other],
    });
    for part in flat {
        let equality = match part {
            Expr::Compare(left, Comparison::NotEqual, right) => Expr::Compare(left, Comparison::Equal, right),
            Expr::Not(part) if matches!(*part, Expr::In(..) | Expr::Ids(_)) => *part,
            other => {
                all.push(other);
                continue;
            }
        };
        at.get_or_insert(all.len());
        equalities.push(equality);
    }
    let opposite = |equality| match equality {
        Expr::Compare(left, Comparison::Equal, right) => Expr::Compare(left, Comparison::NotEqual, right),
        other => Expr::Not(Box::new(other)),
    };
    let gathered: Vec<Expr> = match gather(equalities) {
        Expr::Or(parts) => parts.into_iter().map(opposite).collect(),
        one => vec![opposite(one)],
    };
    let at = at.unwrap_or(all.len());
    all.splice(at..at, gathered);
    match all.pop() {
        Some(one) if all.is_empty() => one,
        last => {
            all.extend(last);
            Expr::And(all)
        }
    }
}

fn part(expr: Expr) -> Part {
    match expr {
        Expr::Compare(Operand::Property(name), Comparison::Equal, Operand::Literal(value))
        | Expr::Compare(Operand::Literal(value), Comparison::Equal, Operand::Property(name)) => {
            Part::Values(name, vec![value])
        }
        Expr::In(Operand::Property(name), values) if is_of_one_type(&values) => Part::Values(name, values),
        Expr::Ids(ids) => Part::Ids(ids),
        other => Part::Other(other),
    }
}

fn is_of_one_type(values: &[Value]) -> bool {
    let [first, rest @ ..] = values else { return false };
    rest.iter().all(|value| discriminant(value) == discriminant(first))
}

fn expr(part: Part) -> Expr {
    match part {
        Part::Values(name, mut values) if values.len() == 1 => {
            values.pop().map_or_else(Expr::never, |value| Expr::equals(name, value))
        }
        Part::Values(name, values) => Expr::In(Operand::Property(name), values),
        Part::Ids(ids) => Expr::Ids(ids),
        Part::Other(expr) => expr,
    }
}

#[cfg(test)]
mod tests {
    use crate::expr::cql2;

    #[test]
    fn equalities_become_lists() {
        for (text, gathered) in [
            ("a = 1 OR a = 2 OR a IN (3, 4)", "a IN (1, 2, 3, 4)"),
            ("a = 1 OR b = 1 OR 2 = a", "a IN (1, 2) OR b = 1"),
            ("a = 1 OR (b > 1 OR (a = 2 OR c IS NULL))", "a IN (1, 2) OR b > 1 OR c IS NULL"),
            ("NOT (a = 'x' OR a = 'y') AND c = 1", "NOT (a IN ('x', 'y')) AND c = 1"),
            ("a = 1 OR a = 'x' OR a = 1.5", "a = 1 OR a = 'x' OR a = 1.5"),
            ("a = 1 OR a <> 2", "a = 1 OR a <> 2"),
            ("a = 1 AND a = 2", "a = 1 AND a = 2"),
            ("a <> 1 AND a <> 2 AND a NOT IN (3, 4)", "NOT (a IN (1, 2, 3, 4))"),
            ("c = 1 AND a <> 1 AND b > 1 AND 2 <> a AND b <> 1", "c = 1 AND NOT (a IN (1, 2)) AND b <> 1 AND b > 1"),
            ("a <> 1 AND a <> 'x'", "a <> 1 AND a <> 'x'"),
            ("a <> b AND a <> b", "a <> b AND a <> b"),
        ] {
            let parsed = |text: &str| cql2::parse(text).unwrap();
            assert_eq!(parsed(text).gathered(), parsed(gathered), "{text}");
        }
    }
}
