//! Values of who asks, in the rows of a rule: `:name`, `:roles`, and `:claim` for a claim. They go into the tree as
//! literals of the type that they are compared with; no text is ever pasted. What is not there, or does not read as that
//! type, is null: a comparison with it is unknown, and lets no row out, also under NOT.

use std::collections::BTreeSet;

use crate::expr::function::Class;
use crate::expr::{Comparison, Expr, Operand};
use crate::message::principal::Principal;
use crate::model::schema::{FieldKind, KeyKind, Schema};
use crate::model::value::Value;

/// The one name that stands for several values.
const ROLES: &str = "roles";

/// What a name stands for: nothing, one value, or several.
pub(super) fn value(principal: Option<&Principal>, name: &str) -> Vec<String> {
    let Some(principal) = principal else { return Vec::new() };
    match name {
        "name" => vec![principal.name.clone()],
        ROLES => principal.roles.clone(),
        claim => principal.claims.get(claim).cloned().into_iter().collect(),
    }
}

/// The name of a value, where the operand stands for one.
fn bound(operand: &Operand) -> Option<&str> {
    match operand {
        Operand::Property(name) => name.strip_prefix(':'),
        _ => None,
    }
}

/// All names that an operand binds, also those within it.
fn all_bound(operand: &Operand) -> Vec<&str> {
    let mut names = Vec::new();
    operand.properties(&mut |name| names.extend(name.strip_prefix(':')));
    names
}

fn operands(expr: &Expr) -> Vec<&Operand> {
    match expr {
        Expr::Compare(left, _, right) => vec![left, right],
        Expr::Between(operand, low, high) => vec![operand, low, high],
        Expr::In(operand, _) | Expr::IsNull(operand) | Expr::Like { operand, .. } => vec![operand],
        _ => Vec::new(),
    }
}

/// All names that a predicate binds.
pub(super) fn names(expr: &Expr) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    expr.walk(&mut |part| names.extend(operands(part).into_iter().flat_map(all_bound).map(str::to_owned)));
    names
}

/// Whether `:roles` stands only where several values make sense.
pub(super) fn are_sets_in_place(expr: &Expr) -> Result<(), &'static str> {
    let mut are = true;
    expr.walk(&mut |part| {
        let sets = operands(part).into_iter().flat_map(all_bound).filter(|name| *name == ROLES).count();
        let takes = match part {
            Expr::Compare(left, Comparison::Equal | Comparison::NotEqual, right) => {
                bound(left) == Some(ROLES) || bound(right) == Some(ROLES)
            }
            _ => false,
        };
        are &= sets == 0 || (sets == 1 && takes);
    });
    are.then_some(()).ok_or(":roles stands for several values: write 'property IN (:roles)'")
}

/// The predicate with the values of who asks.
pub(super) fn bind(expr: &Expr, schema: &Schema, principal: Option<&Principal>) -> Expr {
    Binder { schema, principal }.expr(expr)
}

struct Binder<'a> {
    schema: &'a Schema,
    principal: Option<&'a Principal>,
}

/// As what the text of a claim is read.
#[derive(Clone, Copy)]
enum As {
    Kind(FieldKind),
    Key(KeyKind),
}

impl Binder<'_> {
    fn expr(&self, expr: &Expr) -> Expr {
        let all = |parts: &[Expr]| parts.iter().map(|part| self.expr(part)).collect();
        let kind = self.kind(&operands(expr));
        match expr {
            Expr::And(parts) => Expr::And(all(parts)),
            Expr::Or(parts) => Expr::Or(all(parts)),
            Expr::Not(part) => Expr::Not(Box::new(self.expr(part))),
            Expr::IsUnknown(part) => Expr::IsUnknown(Box::new(self.expr(part))),
            Expr::Compare(left, how, right) => match (bound(left), bound(right)) {
                (Some(ROLES), _) => self.one_of(right, *how, kind),
                (_, Some(ROLES)) => self.one_of(left, *how, kind),
                _ => known(self.operand(left, kind), *how, self.operand(right, kind), kind),
            },
            Expr::Between(operand, low, high) => {
                Expr::Between(self.operand(operand, kind), self.operand(low, kind), self.operand(high, kind))
            }
            Expr::In(operand, values) => {
                let kind = values.first().map_or(kind, |value| As::Kind(kind_of(value)));
                Expr::In(self.operand(operand, kind), values.clone())
            }
            Expr::IsNull(operand) => Expr::IsNull(self.operand(operand, kind)),
            Expr::Like { operand, pattern } => {
                Expr::Like { operand: self.operand(operand, kind), pattern: pattern.clone() }
            }
            // What binds nothing. A name left in anything else is an unknown property, which closes the layer.
            other => other.clone(),
        }
    }

    /// Equal to one of the roles; unknown where there are none, so that NOT does not turn nobody into everybody.
    fn one_of(&self, operand: &Operand, how: Comparison, kind: As) -> Expr {
        let operand = self.operand(operand, kind);
        let roles: Vec<Value> = value(self.principal, ROLES).iter().map(|role| read(role, kind)).collect();
        let equal = |role: Value| known(operand.clone(), Comparison::Equal, Operand::Literal(role), kind);
        let any = if roles.is_empty() { equal(Value::Null) } else { Expr::Or(roles.into_iter().map(equal).collect()) };
        if how == Comparison::NotEqual { Expr::Not(Box::new(any)) } else { any }
    }

    fn operand(&self, operand: &Operand, kind: As) -> Operand {
        let name = match (operand, bound(operand)) {
            (_, Some(name)) => name,
            (Operand::Calculation(left, operator, right), _) => {
                let number = As::Kind(FieldKind::Number);
                return Operand::calculation(self.operand(left, number), *operator, self.operand(right, number));
            }
            (Operand::Call(function, arguments), _) => {
                let classes = function.description().arguments.iter().map(|(_, class)| As::Kind(kind_of_class(*class)));
                let arguments = arguments.iter().zip(classes).map(|(argument, kind)| self.operand(argument, kind));
                return Operand::Call(*function, arguments.collect());
            }
            _ => return operand.clone(),
        };
        let text = value(self.principal, name).into_iter().next();
        Operand::Literal(text.map_or(Value::Null, |text| read(&text, kind)))
    }

    /// The type of what claims are compared with: of the first operand that is none.
    fn kind(&self, operands: &[&Operand]) -> As {
        let other = operands.iter().find(|operand| bound(operand).is_none());
        match other {
            Some(Operand::Property(name)) => match self.schema.position(name) {
                Some(field) => As::Kind(self.schema.fields[field].kind),
                None if *name == self.schema.key.0 => As::Key(self.schema.key.1),
                // Unknown: the check says so.
                None => As::Kind(FieldKind::String),
            },
            Some(Operand::Literal(value)) => As::Kind(kind_of(value)),
            Some(Operand::Calculation(..)) => As::Kind(FieldKind::Number),
            Some(Operand::Call(function, _)) => As::Kind(kind_of_class(function.description().returns)),
            None => As::Kind(FieldKind::String),
        }
    }
}

fn kind_of_class(class: Class) -> FieldKind {
    match class {
        Class::Number => FieldKind::Number,
        Class::Truth => FieldKind::Boolean,
        Class::Text => FieldKind::String,
        Class::Time => FieldKind::DateTime,
    }
}

fn kind_of(value: &Value) -> FieldKind {
    match value {
        Value::Int(_) | Value::Float(_) => FieldKind::Number,
        Value::Bool(_) => FieldKind::Boolean,
        Value::Date(_) => FieldKind::Date,
        Value::Instant(_) => FieldKind::DateTime,
        Value::Text(_) | Value::Null => FieldKind::String,
    }
}

fn read(text: &str, kind: As) -> Value {
    match kind {
        As::Kind(kind) => Value::parse(kind, text).unwrap_or(Value::Null),
        As::Key(KeyKind::Integer) => text.parse().map_or(Value::Null, Value::Int),
        As::Key(KeyKind::String) => Value::Text(text.to_owned()),
    }
}

/// A comparison; one of the key with null is written as what it is, unknown, for null is no id.
fn known(left: Operand, how: Comparison, right: Operand, kind: As) -> Expr {
    let null = Operand::Literal(Value::Null);
    if matches!(kind, As::Key(_)) && (left == null || right == null) {
        return Expr::unknown();
    }
    Expr::Compare(left, how, right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::check;
    use crate::expr::cql2::parse;
    use crate::expr::evaluate::Predicate;
    use crate::model::batch::{Batch, Cell, Layout};
    use crate::model::schema::Field;
    use proptest::prelude::*;

    fn schema() -> Schema {
        let fields = [("owner", FieldKind::String), ("tenant", FieldKind::Integer), ("since", FieldKind::Date)];
        Schema {
            fields: fields.map(|(name, kind)| Field::new(name, kind)).into(),
            key: ("fid".to_owned(), KeyKind::Integer),
            geometry: None,
            time: None,
        }
    }

    fn bound_for(text: &str, principal: Option<&Principal>) -> String {
        let schema = schema();
        check(&bind(&parse(text).unwrap(), &schema, principal), &schema).unwrap().to_string()
    }

    #[test]
    fn values_take_the_type_of_what_they_are_compared_with() {
        let mut ann = Principal::new("ann", ["a", "b"]);
        ann.claims = [("t", "7"), ("d", "2020-01-02"), ("x", "' OR 1=1 --")].map(|(k, v)| (k.into(), v.into())).into();
        for (rule, expected) in [
            ("owner = :name", "owner = 'ann'"),
            (":name <> owner", "'ann' <> owner"),
            ("tenant = :t AND owner = :t", "tenant = 7 AND owner = '7'"),
            ("since >= :d", "since >= DATE('2020-01-02')"),
            ("tenant BETWEEN 1 AND :t", "tenant BETWEEN 1 AND 7"),
            ("owner IN (:roles)", "owner = 'a' OR owner = 'b'"),
            ("owner IN ('x', :name)", "owner = 'x' OR owner = 'ann'"),
            ("NOT owner = :roles", "NOT (owner = 'a' OR owner = 'b')"),
            ("owner = :x", "owner = ''' OR 1=1 --'"),
            (":t > 5", "7.0 > 5"),
            (":name LIKE 'a%'", "'ann' LIKE 'a%'"),
            ("owner = ':name'", "owner = ':name'"),
        ] {
            assert_eq!(bound_for(rule, Some(&ann)), expected, "{rule}");
        }
        assert!(bound_for("fid = :t", Some(&ann)).contains('7'));
    }

    #[test]
    fn what_is_missing_or_no_such_value_is_null() {
        let ann = Principal::new("ann", [""; 0]);
        for who in [None, Some(&ann)] {
            for rule in [
                "tenant = :t",
                "NOT tenant = :t",
                "owner IN (:roles)",
                "NOT owner IN (:roles)",
                "fid = :t",
                "NOT fid = :t",
            ] {
                let text = bound_for(rule, who);
                assert!(text.to_ascii_lowercase().contains("null"), "{rule}: {text}");
            }
        }
        assert!(bound_for("tenant = :name", Some(&ann)).to_ascii_lowercase().contains("null"));
    }

    #[test]
    fn several_values_do_not_stand_for_one() {
        for (rule, fine) in [
            ("owner = :roles", true),
            ("owner < :roles", false),
            (":roles IS NULL", false),
            (":roles = :roles", false),
            ("owner BETWEEN 'a' AND :roles", false),
        ] {
            assert_eq!(are_sets_in_place(&parse(rule).unwrap()).is_ok(), fine, "{rule}");
        }
        let names = names(&parse("NOT (a = :x OR :y LIKE 'b') AND :z IS NULL").unwrap());
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["x", "y", "z"]);
    }

    proptest! {
        #[test]
        fn a_claim_is_equal_to_itself_alone(claim in "[a'\"%_:;() -]{0,6}|\\PC{0,6}", owner in "[a'\"%_:]{0,2}|\\PC{0,3}") {
            let mut ann = Principal::new("ann", [&claim]);
            ann.claims.insert("c".to_owned(), claim.clone());
            let (schema, layout) = (schema(), Layout { geometry: false, fields: vec![0] });
            for owner in [&owner, &claim] {
                let mut batch = Batch::new(2);
                batch.push(Cell::Int(1));
                batch.push_text(owner);
                for (rule, holds) in [
                    ("owner = :c", *owner == claim),
                    ("NOT owner = :c", *owner != claim),
                    ("owner IN (:roles)", *owner == claim),
                    ("owner BETWEEN :c AND :c", *owner == claim),
                ] {
                    let bound = check(&bind(&parse(rule).unwrap(), &schema, Some(&ann)), &schema).unwrap();
                    let predicate = Predicate::new(&bound, &schema, &layout).unwrap();
                    prop_assert_eq!(predicate.test(batch.row(0)), holds, "{}", rule);
                    let nobody = check(&bind(&parse(rule).unwrap(), &schema, None), &schema).unwrap();
                    prop_assert!(!Predicate::new(&nobody, &schema, &layout).unwrap().test(batch.row(0)));
                }
            }
        }
    }
}
