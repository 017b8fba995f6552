//! Whether a predicate fits a layer: its names are the layer's, and what it compares is of like type. What is written in
//! another form than the property has is brought into it, so that sources can push it down and indexes are used.

use super::array::{List, Member};
use super::function::Class;
use super::nearest::nearest;
use super::temporal::Time;
use super::{Comparison, Expr, Operand, is_geometry};
use crate::base::datetime::{Date, Instant};
use crate::model::schema::{FieldKind, Schema};
use crate::model::value::{FeatureId, Value};

/// What clients may call every geometry, whatever its column is called.
const GEOMETRY: &str = "geometry";
/// Up to here every whole number is a float.
const EXACT: i64 = 1 << 53;

/// Checks a predicate against a schema, and gives it back with literals in the types of their properties, comparisons
/// with the key as ids, and the geometry by its name. The error is for whoever wrote it.
pub fn check(expr: &Expr, schema: &Schema) -> Result<Expr, String> {
    Checker { schema }.expr(expr)
}

struct Checker<'a> {
    schema: &'a Schema,
}

impl Checker<'_> {
    fn expr(&self, expr: &Expr) -> Result<Expr, String> {
        let all = |parts: &[Expr]| parts.iter().map(|part| self.expr(part)).collect::<Result<_, _>>();
        Ok(match expr {
            Expr::And(parts) => Expr::And(all(parts)?),
            Expr::Or(parts) => Expr::Or(all(parts)?),
            Expr::Not(part) => Expr::Not(Box::new(self.expr(part)?)),
            Expr::IsUnknown(part) => Expr::IsUnknown(Box::new(self.expr(part)?)),
            Expr::Compare(left, how, right) => return self.compare(left, *how, right),
            Expr::Like { operand, .. } => {
                match self.class(operand)? {
                    Some(Class::Text) | None => {}
                    Some(_) => return Err(format!("LIKE is for text, and {operand} is none")),
                }
                expr.clone()
            }
            Expr::Between(operand, low, high) => {
                let (first, low) = self.pair(operand, low)?;
                let (second, high) = self.pair(operand, high)?;
                self.pair(&low, &high)?;
                if first == second {
                    return Ok(Expr::Between(first, low, high));
                }
                // A literal between properties of two types is coerced to each.
                let lower = Expr::Compare(first, Comparison::GreaterOrEqual, low);
                Expr::And(vec![lower, Expr::Compare(second, Comparison::LessOrEqual, high)])
            }
            Expr::In(operand, values) => return self.list(operand, values),
            Expr::IsNull(Operand::Property(name)) => {
                if let Some(geometry) = &self.schema.geometry
                    && self.schema.position(name).is_none()
                    && self.is_geometry(name)
                {
                    return Ok(Expr::NoGeometry(geometry.name.clone()));
                }
                self.kind(name)?;
                expr.clone()
            }
            Expr::NoGeometry(name) if self.is_geometry(name) => expr.clone(),
            Expr::NoGeometry(name) => return Err(format!("'{name}' is no geometry")),
            Expr::Spatial { relation, property, geometry, distance } => Expr::Spatial {
                relation: *relation,
                property: self.geometry(property)?,
                geometry: geometry.clone(),
                distance: *distance,
            },
            Expr::Geometries(left, relation, right) => {
                Expr::Geometries(self.geometry(left)?, *relation, self.geometry(right)?)
            }
            Expr::IsNull(operand) => {
                self.class(operand)?;
                expr.clone()
            }
            Expr::Temporal(left, relation, right) => Expr::Temporal(self.time(left)?, *relation, self.time(right)?),
            Expr::Array(left, _, right) => {
                self.list_of(left)?;
                self.list_of(right)?;
                expr.clone()
            }
            Expr::Ids(_) | Expr::Bbox { .. } | Expr::During(_) | Expr::Subset(_) => expr.clone(),
        })
    }

    fn compare(&self, left: &Operand, how: Comparison, right: &Operand) -> Result<Expr, String> {
        match (left, right) {
            // Ids are never null: to be one of none is false, as equality with a fraction is.
            (Operand::Property(name), Operand::Literal(value)) | (Operand::Literal(value), Operand::Property(name))
                if self.schema.is_key(name)
                    && matches!(how, Comparison::Equal | Comparison::NotEqual)
                    && *value != Value::Null =>
            {
                let ids = Expr::Ids(self.id(name, value)?.into_iter().collect());
                Ok(if how == Comparison::Equal { ids } else { Expr::Not(Box::new(ids)) })
            }
            _ => {
                let (left, right) = self.pair(left, right)?;
                Ok(Expr::Compare(left, how, right))
            }
        }
    }

    fn list(&self, operand: &Operand, values: &[Value]) -> Result<Expr, String> {
        if let Operand::Property(name) = operand
            && self.schema.is_key(name)
            && !values.contains(&Value::Null)
        {
            let ids = values.iter().map(|value| self.id(name, value)).collect::<Result<Vec<_>, _>>()?;
            return Ok(Expr::Ids(ids.into_iter().flatten().collect()));
        }
        let mut coerced = Vec::with_capacity(values.len());
        for value in values {
            if let Operand::Literal(value) = self.pair(operand, &Operand::Literal(value.clone()))?.1 {
                coerced.push(value);
            }
        }
        self.class(operand)?;
        Ok(Expr::In(operand.clone(), coerced))
    }

    fn time(&self, time: &Time) -> Result<Time, String> {
        let one = |operand: &Operand| {
            let operand = match operand {
                Operand::Literal(Value::Text(text)) => {
                    let read = Date::parse(text).map(Value::Date).or_else(|| Instant::parse(text).map(Value::Instant));
                    Operand::Literal(read.ok_or_else(|| format!("'{text}' is no time"))?)
                }
                other => other.clone(),
            };
            match self.class(&operand)? {
                Some(Class::Time) | None => Ok(operand),
                Some(_) => Err(format!("{operand} is no time")),
            }
        };
        let end = |operand: &Option<Operand>| operand.as_ref().map(one).transpose();
        Ok(match time {
            Time::At(at) => Time::At(one(at)?),
            Time::Between(start, end_of) => {
                let read = Time::Between(end(start)?, end(end_of)?);
                if read.is_reversed() {
                    return Err("an interval ends before it starts".to_owned());
                }
                read
            }
        })
    }

    fn list_of(&self, list: &List) -> Result<(), String> {
        match list {
            List::Literal(_) => Ok(()),
            List::Made(members) => members.iter().try_for_each(|member| self.member(member)),
            List::Property(name) => match self.kind(name)? {
                FieldKind::Json => Ok(()),
                _ => Err(format!("'{name}' is no list; a property with a JSON document can be one")),
            },
        }
    }

    fn member(&self, member: &Member) -> Result<(), String> {
        match member {
            Member::Literal(_) => Ok(()),
            Member::Operand(operand) => self.class(operand).map(drop),
            Member::List(members) => members.iter().try_for_each(|member| self.member(member)),
        }
    }

    /// Two operands that are compared.
    fn pair(&self, left: &Operand, right: &Operand) -> Result<(Operand, Operand), String> {
        let (left, right) = match (left, right) {
            (Operand::Property(name), Operand::Literal(value)) => {
                (left.clone(), Operand::Literal(self.coerce(name, value)?))
            }
            (Operand::Literal(value), Operand::Property(name)) => {
                (Operand::Literal(self.coerce(name, value)?), right.clone())
            }
            _ => (left.clone(), right.clone()),
        };
        match (self.class(&left)?, self.class(&right)?) {
            (Some(a), Some(b)) if a != b => Err(format!("{left} and {right} cannot be compared")),
            _ => Ok((left, right)),
        }
    }

    /// A literal in the type of the property that it is compared with.
    fn coerce(&self, name: &str, value: &Value) -> Result<Value, String> {
        let kind = self.kind(name)?;
        let wrong = |what: &str| {
            let written = Operand::Literal(value.clone());
            Err(format!("'{name}' is {what}, and cannot be compared with {written}"))
        };
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // within what is exact
        Ok(match (kind, value) {
            (_, Value::Null) => Value::Null,
            (FieldKind::Integer, Value::Float(number)) if number.fract() == 0.0 && number.abs() <= EXACT as f64 => {
                Value::Int(*number as i64)
            }
            (FieldKind::Number, Value::Int(number)) if number.unsigned_abs() <= EXACT.unsigned_abs() => {
                Value::Float(*number as f64)
            }
            // GDAL's filters, and texts of XML Schema's type, have numbers for them.
            (FieldKind::Boolean, Value::Int(truth @ (0 | 1))) => Value::Bool(*truth == 1),
            (FieldKind::Integer | FieldKind::Number, Value::Int(_) | Value::Float(_))
            | (FieldKind::Boolean, Value::Bool(_))
            | (FieldKind::String, Value::Text(_))
            | (FieldKind::Date, Value::Date(_) | Value::Instant(_))
            | (FieldKind::DateTime, Value::Instant(_)) => value.clone(),
            (FieldKind::Json, Value::Text(text)) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => {
                value.clone()
            }
            (FieldKind::Json, _) => {
                return wrong("a list or another JSON document (A_CONTAINS and its like test lists)");
            }
            (FieldKind::DateTime, Value::Date(day)) => Value::Instant(day.start()),
            (FieldKind::Date | FieldKind::DateTime, Value::Text(text)) => {
                // GDAL's client of OGC API Features ends a day with a T.
                let day = Date::parse(text.strip_suffix('T').unwrap_or(text));
                let time = day.map(Value::Date).or_else(|| Instant::parse(text).map(Value::Instant));
                match (kind, time) {
                    (FieldKind::DateTime, Some(Value::Date(day))) => Value::Instant(day.start()),
                    (_, Some(time)) => time,
                    (_, None) => return wrong("a time, such as '2018-02-12' or '2018-02-12T23:20:50Z'"),
                }
            }
            (FieldKind::Integer | FieldKind::Number, _) => return wrong("a number"),
            (FieldKind::Boolean, _) => return wrong("true or false"),
            (FieldKind::String, _) => return wrong("text"),
            (FieldKind::Date | FieldKind::DateTime, _) => return wrong("a time"),
            (FieldKind::Binary, _) => return wrong("bytes"),
        })
    }

    /// What the operand can be compared with; nothing and everything, where it is null.
    fn class(&self, operand: &Operand) -> Result<Option<Class>, String> {
        Ok(Some(match operand {
            Operand::Calculation(left, _, right) => {
                for side in [left, right] {
                    if !matches!(self.class(side)?, Some(Class::Number) | None) {
                        return Err(format!("{side} is no number to calculate with"));
                    }
                }
                Class::Number
            }
            Operand::Call(function, arguments) => {
                let told = function.description();
                if told.arguments.len() != arguments.len() {
                    let (name, wanted) = (told.name, told.arguments.len());
                    return Err(format!("{name} has {wanted} arguments, and is given {}", arguments.len()));
                }
                for ((_, wanted), argument) in told.arguments.iter().zip(arguments) {
                    match self.class(argument)? {
                        Some(class) if class != *wanted => {
                            let wanted = match wanted {
                                Class::Number => "a number",
                                Class::Truth => "true or false",
                                Class::Text => "text",
                                Class::Time => "a time",
                            };
                            return Err(format!("{} takes {wanted}, and {argument} is none", told.name));
                        }
                        _ => {}
                    }
                }
                told.returns
            }
            Operand::Property(name) => match self.kind(name)? {
                FieldKind::Integer | FieldKind::Number => Class::Number,
                FieldKind::Boolean => Class::Truth,
                FieldKind::String | FieldKind::Json => Class::Text,
                FieldKind::Date | FieldKind::DateTime => Class::Time,
                FieldKind::Binary => return Err(format!("'{name}' is bytes, and cannot be compared")),
            },
            Operand::Literal(value) => match value {
                Value::Null => return Ok(None),
                Value::Int(_) | Value::Float(_) => Class::Number,
                Value::Bool(_) => Class::Truth,
                Value::Text(_) => Class::Text,
                Value::Date(_) | Value::Instant(_) => Class::Time,
            },
        }))
    }

    /// The type of a property, or of the key.
    fn kind(&self, name: &str) -> Result<FieldKind, String> {
        if let Some(kind) = self.schema.kind(name) {
            return Ok(kind);
        }
        if self.is_geometry(name) {
            return Err(format!("the geometry '{name}' can be tested with S_INTERSECTS and its like only"));
        }
        let near = nearest(name, self.schema.fields.iter().map(|field| field.name.as_str()));
        let hint = near.map_or(String::new(), |near| format!("; did you mean '{near}'?"));
        Err(format!("there is no property '{name}'{hint}"))
    }

    /// The geometry by its own name.
    fn geometry(&self, name: &str) -> Result<String, String> {
        match &self.schema.geometry {
            Some(geometry) if self.is_geometry(name) => Ok(geometry.name.clone()),
            Some(geometry) => Err(format!("'{name}' is no geometry; it is called '{}'", geometry.name)),
            None => Err("there is no geometry".to_owned()),
        }
    }

    fn is_geometry(&self, name: &str) -> bool {
        let is_alias = name == GEOMETRY && self.schema.position(name).is_none() && self.schema.geometry.is_some();
        is_alias || is_geometry(self.schema, name)
    }

    /// The id that equals a literal; none where none can.
    fn id(&self, name: &str, value: &Value) -> Result<Option<FeatureId>, String> {
        Ok(match self.coerce(name, value)? {
            Value::Int(id) => Some(FeatureId::Int(id)),
            Value::Text(id) => Some(FeatureId::Text(id)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::crs::Crs;
    use crate::expr::cql2::parse;
    use crate::expr::samples::any_expr;
    use crate::model::schema::{Field, GeometryField, GeometryKind, KeyKind};
    use proptest::prelude::*;

    fn schema() -> Schema {
        let kinds = [
            ("count", FieldKind::Integer),
            ("size", FieldKind::Number),
            ("open", FieldKind::Boolean),
            ("name", FieldKind::String),
            ("day", FieldKind::Date),
            ("at", FieldKind::DateTime),
            ("image", FieldKind::Binary),
            ("tags", FieldKind::Json),
        ];
        let geometry = GeometryField {
            name: "shape".to_owned(),
            kind: GeometryKind::Any,
            crs: Crs::Crs84,
            epoch: None,
            has_z: false,
        };
        Schema {
            fields: kinds.map(|(name, kind)| Field::new(name, kind)).into(),
            key: ("fid".to_owned(), KeyKind::Integer),
            geometry: Some(geometry),
            time: None,
        }
    }

    fn checked(text: &str) -> Result<Expr, String> {
        check(&parse(text).unwrap(), &schema())
    }

    #[test]
    fn literals_take_the_type_of_their_property() {
        let day = "at < TIMESTAMP('2018-02-12T00:00:00Z')";
        for (text, same) in [
            ("count = 2.0", "count = 2"),
            ("2 < size", "2.0 < size"),
            ("size BETWEEN 1 AND 2.5", "size BETWEEN 1.0 AND 2.5"),
            ("size IN (1, 2)", "size IN (1.0, 2.0)"),
            ("day = '2018-02-12'", "day = DATE('2018-02-12')"),
            ("at < '2018-02-12'", day),
            ("at < '2018-02-12T'", day),
            ("at < DATE('2018-02-12')", day),
            ("at < '2018-02-12T01:00:00+01:00'", day),
            ("S_INTERSECTS(geometry, POINT(1 2))", "S_INTERSECTS(shape, POINT(1 2))"),
        ] {
            assert_eq!(checked(text), Ok(parse(same).unwrap()), "{text}");
        }
        for same in
            ["count = 1.5", "count > size", "name LIKE 'a' OR image IS NULL", "1 = 1", "day = at", "NOT open = TRUE"]
        {
            assert_eq!(checked(same), Ok(parse(same).unwrap()));
        }
        let split = checked("'2018-02-12' BETWEEN day AND at").unwrap();
        assert_eq!(split.to_string(), "DATE('2018-02-12') >= day AND TIMESTAMP('2018-02-12T00:00:00Z') <= at");
    }

    #[test]
    fn a_geometry_may_be_missing() {
        let missing = Expr::NoGeometry("shape".to_owned());
        assert_eq!(checked("geometry IS NULL"), Ok(missing.clone()));
        let there = checked("shape IS NOT NULL").unwrap();
        assert_eq!(there, Expr::Not(Box::new(missing)));
        assert_eq!(there.to_string(), "shape IS NOT NULL");
    }

    #[test]
    fn the_key_is_compared_as_an_id() {
        let ids = |ids: &[i64]| Expr::Ids(ids.iter().copied().map(FeatureId::Int).collect());
        assert_eq!(checked("fid = 3"), Ok(ids(&[3])));
        assert_eq!(checked("3 <> fid"), Ok(Expr::Not(Box::new(ids(&[3])))));
        assert_eq!(checked("fid IN (3, 4)"), Ok(ids(&[3, 4])));
        assert_eq!(checked("fid = 3.0"), Ok(ids(&[3])));
        assert_eq!(checked("fid IN (3, 3.5)"), Ok(ids(&[3])));
        assert_eq!(checked("fid <> 3.5"), Ok(Expr::Not(Box::new(ids(&[])))));
    }

    #[test]
    fn the_key_is_a_number_among_others() {
        for same in ["fid > 3", "fid BETWEEN 3 AND 7", "fid % 2 = 0", "fid = count", "fid IS NULL", "abs(fid) < size"] {
            assert_eq!(checked(same), Ok(parse(same).unwrap()));
        }
        assert_eq!(checked("3.0 < fid"), checked("3 < fid"));
    }

    #[test]
    fn one_and_zero_are_true_and_false() {
        assert_eq!(checked("open = 1"), checked("open = TRUE"));
        assert_eq!(checked("open <> 0"), checked("open <> FALSE"));
        assert_eq!(checked("open"), checked("open = TRUE"));
    }

    #[test]
    fn a_list_is_no_text_and_no_interval_ends_before_it_starts() {
        for (text, message) in [
            ("tags = 'a'", "'tags' is a list or another JSON document"),
            ("tags IN ('a', 'b')", "A_CONTAINS"),
            ("tags > 5", "'tags' is a list"),
            ("T_DURING(at, INTERVAL('2020-01-01', '2019-01-01'))", "ends before it starts"),
            ("T_INTERSECTS(INTERVAL('2020-01-02', '2020-01-01T23:59:59Z'), at)", "ends before it starts"),
        ] {
            let error = checked(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
        for text in [
            "tags = '[\"a\"]'",
            "tags LIKE '%a%'",
            "A_CONTAINS(tags, ('a'))",
            "T_DURING(at, INTERVAL('2019-01-01', '2019-01-01T12:00:00Z'))",
            "T_DURING(at, INTERVAL('2019-01-01T12:00:00Z', '2019-01-01'))",
            "T_DURING(at, INTERVAL('..', '2019-01-01'))",
            "T_DURING(at, INTERVAL('2019-01-01', '..'))",
            "T_INTERSECTS(INTERVAL(day, at), INTERVAL('2019-01-01', '2019-01-01'))",
        ] {
            assert!(checked(text).is_ok(), "{text}: {:?}", checked(text));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (text, message) in [
            ("nmae = 'a'", "did you mean 'name'?"),
            ("Name = 'a'", "did you mean 'name'?"),
            ("zzz IS NULL", "there is no property 'zzz'"),
            ("zzz IN (1)", "there is no property 'zzz'"),
            ("count = 'a'", "'count' is a number, and cannot be compared with 'a'"),
            ("open = 2", "true or false"),
            ("name", "'name' is text"),
            ("name = 1 OR open = TRUE", "'name' is text"),
            ("name IN ('a', 2)", "'name' is text"),
            ("day = 'yesterday'", "'2018-02-12'"),
            ("at = 2018", "a time"),
            ("image = 'a'", "bytes"),
            ("name < count", "name and count cannot be compared"),
            ("1 = 'a'", "1 and 'a' cannot be compared"),
            ("count LIKE 'a'", "LIKE is for text"),
            ("count BETWEEN 1 AND 'a'", "'count' is a number"),
            ("fid = 'a'", "'fid' is a number"),
            ("fid > 'a'", "'fid' is a number"),
            ("fid IN (1, 'a')", "'fid' is a number"),
            ("fid LIKE '1%'", "LIKE is for text"),
            ("name = fid", "cannot be compared"),
            ("shape = 1", "S_INTERSECTS"),
            ("S_INTERSECTS(name, POINT(1 2))", "it is called 'shape'"),
        ] {
            let error = checked(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_checked_passes_again_and_names_only_what_there_is(expr in any_expr()) {
            if let Ok(checked) = check(&expr, &schema()) {
                prop_assert!(checked.fields(&schema()).is_ok());
                prop_assert_eq!(check(&checked, &schema()), Ok(checked));
            }
        }
    }
}
