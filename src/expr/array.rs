//! How lists lie to each other (CQL2, 7.8): as sets, so that neither order nor repetition counts.

use serde_json::{Number, Value as Json};

use super::Operand;
use crate::model::value::Value;

/// How the first of two lists lies to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrayRelation {
    /// They have the same members.
    Equals,
    /// The first has all members of the second.
    Contains,
    /// The second has all members of the first.
    ContainedBy,
    /// They share a member.
    Overlaps,
}

impl ArrayRelation {
    /// All, with the name that each has in CQL2.
    pub const ALL: [(ArrayRelation, &'static str); 4] = [
        (Self::Equals, "A_EQUALS"),
        (Self::Contains, "A_CONTAINS"),
        (Self::ContainedBy, "A_CONTAINEDBY"),
        (Self::Overlaps, "A_OVERLAPS"),
    ];

    /// Whether the first lies so to the second.
    pub fn holds(self, first: &[Json], second: &[Json]) -> bool {
        let has_all = |list: &[Json], wanted: &[Json]| wanted.iter().all(|member| has(list, member));
        match self {
            Self::Equals => has_all(first, second) && has_all(second, first),
            Self::Contains => has_all(first, second),
            Self::ContainedBy => has_all(second, first),
            Self::Overlaps => first.iter().any(|member| has(second, member)),
        }
    }
}

/// A list that is compared.
#[derive(Clone, Debug, PartialEq)]
pub enum List {
    /// A property that is a JSON document with a list in it.
    Property(String),
    /// Literal members: texts (times as such), numbers, truths, lists, geometries as GeoJSON and intervals as CQL2 JSON.
    Literal(Vec<Json>),
    /// Members of which some are each row's own; where one of them is nothing, what the list is compared with is unknown.
    Made(Vec<Member>),
}

/// A member of a list.
#[derive(Clone, Debug, PartialEq)]
pub enum Member {
    /// As in a literal list.
    Literal(Json),
    /// What each row has.
    Operand(Operand),
    /// A list.
    List(Vec<Member>),
}

impl List {
    /// A list of these members: a literal one where all are.
    pub fn of(members: Vec<Member>) -> List {
        match members.iter().map(Member::literal).collect() {
            Some(literals) => List::Literal(literals),
            None => List::Made(members),
        }
    }

    /// Calls `visit` with the name of each property in it.
    pub fn properties<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        match self {
            List::Property(name) => visit(name),
            List::Literal(_) => {}
            List::Made(members) => members.iter().for_each(|member| member.operands(&mut |it| it.properties(visit))),
        }
    }
}

impl Member {
    /// The member where it is the same for every row.
    fn literal(&self) -> Option<Json> {
        match self {
            Member::Literal(member) => Some(member.clone()),
            Member::Operand(Operand::Literal(value)) => json(value),
            Member::Operand(_) => None,
            Member::List(members) => members.iter().map(Member::literal).collect(),
        }
    }

    /// Calls `visit` with each operand in it.
    pub fn operands<'a>(&'a self, visit: &mut dyn FnMut(&'a Operand)) {
        match self {
            Member::Literal(_) => {}
            Member::Operand(operand) => visit(operand),
            Member::List(members) => members.iter().for_each(|member| member.operands(visit)),
        }
    }
}

/// A value as the member of a list; none for nothing, and for a number that is none.
pub(super) fn json(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Null => return None,
        Value::Int(number) => Json::from(*number),
        Value::Float(number) => Json::Number(Number::from_f64(*number)?),
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Text(text) => Json::from(text.as_str()),
        Value::Date(day) => Json::String(day.to_string()),
        Value::Instant(at) => Json::String(at.to_string()),
    })
}

fn has(list: &[Json], member: &Json) -> bool {
    list.iter().any(|other| is(other, member))
}

fn is(one: &Json, other: &Json) -> bool {
    match (one, other) {
        // 1 and 1.0 are the same number.
        (Json::Number(a), Json::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            _ => a == b || a.as_f64() == b.as_f64(),
        },
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            let has = |name, one| b.get(name).is_some_and(|other| is(one, other));
            a.len() == b.len() && a.iter().all(|(name, one)| has(name, one))
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_are_sets() {
        use ArrayRelation::{ContainedBy, Contains, Equals, Overlaps};
        for (one, other, holds) in [
            (json!(["a", "b"]), json!(["b", "a", "a"]), vec![Equals, Contains, ContainedBy, Overlaps]),
            (json!(["a", "b", 1]), json!([1.0]), vec![Contains, Overlaps]),
            (json!([true]), json!([true, [1, 2]]), vec![ContainedBy, Overlaps]),
            (json!(["a", "b"]), json!(["b", "c"]), vec![Overlaps]),
            (json!(["a"]), json!(["A"]), vec![]),
            (json!([]), json!(["a"]), vec![ContainedBy]),
            (json!([9_007_199_254_740_993_i64]), json!([9_007_199_254_740_992_i64]), vec![]),
            (
                json!([{"type": "Point", "coordinates": [1, 2]}]),
                json!([{"coordinates": [1.0, 2.0], "type": "Point"}]),
                vec![Equals, Contains, ContainedBy, Overlaps],
            ),
        ] {
            let (first, second) = (one.as_array().unwrap(), other.as_array().unwrap());
            for (relation, name) in ArrayRelation::ALL {
                assert_eq!(relation.holds(first, second), holds.contains(&relation), "{one} {name} {other}");
            }
        }
    }
}
