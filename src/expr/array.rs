//! How lists lie to each other (CQL2, 7.8): as sets, so that neither order nor repetition counts.

use serde_json::Value as Json;

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
    /// Literal members: texts (times as such), numbers, truths and lists.
    Literal(Vec<Json>),
}

fn has(list: &[Json], member: &Json) -> bool {
    list.iter().any(|other| is(other, member))
}

fn is(one: &Json, other: &Json) -> bool {
    match (one, other) {
        // 1 and 1.0 are the same number.
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is(a, b)),
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
        ] {
            let (first, second) = (one.as_array().unwrap(), other.as_array().unwrap());
            for (relation, name) in ArrayRelation::ALL {
                assert_eq!(relation.holds(first, second), holds.contains(&relation), "{one} {name} {other}");
            }
        }
    }
}
