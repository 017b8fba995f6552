//! Whether a predicate fits a layer: its names are the layer's, and what it compares is of like type. What is written in
//! another form than the property has is brought into it, so that sources can push it down and indexes are used.

use super::array::{List, Member};
use super::function::Class;
use super::misfit::Misfit;
use super::nearest::nearest;
use super::temporal::{Time, TimeRelation};
use super::{Comparison, Expr, Operand, is_geometry};
use crate::base::datetime::{Date, Instant};
use crate::model::schema::{FieldKind, Schema};
use crate::model::value::{FeatureId, Value};

/// What clients may call every geometry, whatever its column is called.
const GEOMETRY: &str = "geometry";
/// Up to here every whole number is a float.
const EXACT: i64 = 1 << 53;
/// The first float beyond all whole numbers.
const BEYOND: f64 = 9_223_372_036_854_775_808.0;
/// Most names that are told to whoever wrote another.
const MOST_NAMES: usize = 12;
/// How a time is written.
const TIME: &str = "write it as in '2018-02-12' or '2018-02-12T23:20:50Z'";

/// Checks a predicate against a schema, and gives it back with literals in the types of their properties, comparisons
/// with the key as ids, and the geometry by its name. The error is for whoever wrote it.
pub fn check(expr: &Expr, schema: &Schema) -> Result<Expr, Misfit> {
    Checker { schema }.expr(expr)
}

/// What is wrong with an operand: about the first property in it, or the literal that it is.
fn of(operand: &Operand, message: String) -> Misfit {
    let mut name = None;
    operand.properties(&mut |property| name = name.take().or(Some(property.to_owned())));
    let literal = match operand {
        Operand::Literal(value) => Some(value.clone()),
        _ => None,
    };
    Misfit { name, literal, ..Misfit::new(message) }
}

/// Whether clients may call the geometry so: by its own name, or as every one is called where no property is.
pub fn names_geometry(schema: &Schema, name: &str) -> bool {
    let is_alias = name == GEOMETRY && schema.position(name).is_none() && schema.geometry.is_some();
    is_alias || is_geometry(schema, name)
}

struct Checker<'a> {
    schema: &'a Schema,
}

impl Checker<'_> {
    fn expr(&self, expr: &Expr) -> Result<Expr, Misfit> {
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
                    Some(_) => return Err(of(operand, format!("LIKE is for text, and {operand} is none"))),
                }
                expr.clone()
            }
            Expr::Between(operand, low, high) => {
                self.class(operand)?;
                let (first, low) = self.beside(operand, low)?;
                let (second, high) = self.beside(operand, high)?;
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
            Expr::NoGeometry(name) => return Err(Misfit::of(name, format!("'{name}' is no geometry"))),
            Expr::Spatial { relation, property, geometry, distance } => {
                let of = self.geometry(property)?;
                if let Some(refusal) = geometry.refusal(*relation) {
                    return Err(Misfit::of(property, refusal));
                }
                Expr::Spatial { relation: *relation, property: of, geometry: geometry.clone(), distance: *distance }
            }
            Expr::Geometries(left, relation, right) => {
                Expr::Geometries(self.geometry(left)?, *relation, self.geometry(right)?)
            }
            Expr::IsNull(operand) => {
                self.class(operand)?;
                expr.clone()
            }
            Expr::Temporal(left, relation, right) => {
                let (left, right) = (self.time(left)?, self.time(right)?);
                match relation {
                    TimeRelation::Contains => self.lasts(&left)?,
                    TimeRelation::During => self.lasts(&right)?,
                    _ => {}
                }
                Expr::Temporal(left, *relation, right)
            }
            Expr::Array(left, _, right) => {
                self.list_of(left)?;
                self.list_of(right)?;
                expr.clone()
            }
            Expr::Ids(_) | Expr::Bbox { .. } | Expr::During(_) | Expr::Subset(_) => expr.clone(),
        })
    }

    fn compare(&self, left: &Operand, how: Comparison, right: &Operand) -> Result<Expr, Misfit> {
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

    fn list(&self, operand: &Operand, values: &[Value]) -> Result<Expr, Misfit> {
        if let Operand::Property(name) = operand
            && self.schema.is_key(name)
            && !values.contains(&Value::Null)
        {
            let id = |value| self.id(name, value).map_err(|misfit| misfit.about(value));
            let ids = values.iter().map(id).collect::<Result<Vec<_>, _>>()?;
            return Ok(Expr::Ids(ids.into_iter().flatten().collect()));
        }
        self.class(operand)?;
        let mut coerced = Vec::with_capacity(values.len());
        for value in values {
            if let Operand::Literal(value) = self.beside(operand, &Operand::Literal(value.clone()))?.1 {
                coerced.push(value);
            }
        }
        Ok(Expr::In(operand.clone(), coerced))
    }

    fn time(&self, time: &Time) -> Result<Time, Misfit> {
        let one = |operand: &Operand| {
            let operand = match operand {
                Operand::Literal(Value::Text(text)) => {
                    let read = Date::parse(text).map(Value::Date).or_else(|| Instant::parse(text).map(Value::Instant));
                    let wrong =
                        || Misfit::new(format!("'{text}' is no time")).hint(TIME).about(&Value::Text(text.clone()));
                    Operand::Literal(read.ok_or_else(wrong)?)
                }
                other => other.clone(),
            };
            match self.class(&operand)? {
                Some(Class::Time) | None => Ok(operand),
                Some(_) => Err(of(&operand, format!("{operand} is no time"))),
            }
        };
        let end = |operand: &Option<Operand>| operand.as_ref().map(one).transpose();
        Ok(match time {
            Time::At(at) => Time::At(one(at)?),
            Time::Between(start, end_of) => {
                let read = Time::Between(end(start)?, end(end_of)?);
                if read.is_reversed() {
                    return Err(Misfit::new("an interval ends before it starts"));
                }
                read
            }
        })
    }

    fn list_of(&self, list: &List) -> Result<(), Misfit> {
        match list {
            List::Literal(_) => Ok(()),
            List::Made(members) => members.iter().try_for_each(|member| self.member(member)),
            List::Property(name) => {
                match self.kind(name)? {
                    FieldKind::Json => Ok(()),
                    _ => Err(Misfit::of(name, format!("'{name}' is no list"))
                        .hint("a property with a JSON document can be one")),
                }
            }
        }
    }

    fn member(&self, member: &Member) -> Result<(), Misfit> {
        match member {
            Member::Literal(_) => Ok(()),
            Member::Operand(operand) => self.class(operand).map(drop),
            Member::List(members) => members.iter().try_for_each(|member| self.member(member)),
        }
    }

    /// That other times may lie within a time: an instant has no room.
    fn lasts(&self, time: &Time) -> Result<(), Misfit> {
        let instant = match time {
            Time::At(at @ Operand::Literal(Value::Instant(_))) => at,
            Time::At(at @ Operand::Property(name)) if self.kind(name)? == FieldKind::DateTime => at,
            _ => return Ok(()),
        };
        let misfit = of(instant, format!("{instant} is an instant, and nothing lies within it"));
        Err(misfit.hint("T_EQUALS and T_INTERSECTS relate instants"))
    }

    /// Two operands that are compared.
    fn pair(&self, left: &Operand, right: &Operand) -> Result<(Operand, Operand), Misfit> {
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
            (Some(a), Some(b)) if a != b => Err(of(&left, format!("{left} and {right} cannot be compared"))),
            _ => Ok((left, right)),
        }
    }

    /// The same for one of several, which is told where it is what does not fit: what is before it fits.
    fn beside(&self, operand: &Operand, other: &Operand) -> Result<(Operand, Operand), Misfit> {
        self.pair(operand, other).map_err(|misfit| match other {
            Operand::Literal(value) => misfit.about(value),
            _ => misfit,
        })
    }

    /// A literal in the type of the property that it is compared with.
    fn coerce(&self, name: &str, value: &Value) -> Result<Value, Misfit> {
        let kind = self.kind(name)?;
        let wrong = |what: &str| {
            let written = Operand::Literal(value.clone());
            let misfit = Misfit::of(name, format!("'{name}' is {what}, and cannot be compared with {written}"));
            Err(match (kind, value) {
                (FieldKind::String, Value::Int(_) | Value::Float(_)) => {
                    misfit.hint(format!("text is written '{written}'"))
                }
                (FieldKind::Integer | FieldKind::Number, Value::Text(text)) if text.trim().parse::<f64>().is_ok() => {
                    misfit.hint(format!("a number is written {}", text.trim()))
                }
                (FieldKind::Boolean, _) => misfit.hint("write TRUE or FALSE"),
                (FieldKind::Json, _) => misfit.hint("A_CONTAINS and its like test lists"),
                (FieldKind::Date | FieldKind::DateTime, _) => misfit.hint(TIME),
                _ => misfit,
            })
        };
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::float_cmp)]
        // within what is exact
        Ok(match (kind, value) {
            (_, Value::Null) => Value::Null,
            (FieldKind::Integer, Value::Float(number))
                if number.fract() == 0.0 && (-BEYOND..BEYOND).contains(number) =>
            {
                Value::Int(*number as i64)
            }
            // The largest whole number, as a float, is just this one; but it is less.
            (FieldKind::Integer, Value::Float(number)) if *number == BEYOND => Value::Float(BEYOND.next_up()),
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
                return wrong("a list or another JSON document");
            }
            (FieldKind::DateTime, Value::Date(day)) => Value::Instant(day.start()),
            (FieldKind::Date | FieldKind::DateTime, Value::Text(text)) => {
                // GDAL's client of OGC API Features ends a day with a T.
                let day = Date::parse(text.strip_suffix('T').unwrap_or(text));
                let time = day.map(Value::Date).or_else(|| Instant::parse(text).map(Value::Instant));
                match (kind, time) {
                    (FieldKind::DateTime, Some(Value::Date(day))) => Value::Instant(day.start()),
                    (_, Some(time)) => time,
                    (_, None) => return wrong("a time"),
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
    fn class(&self, operand: &Operand) -> Result<Option<Class>, Misfit> {
        Ok(Some(match operand {
            Operand::Calculation(left, _, right) => {
                for side in [left, right] {
                    if !matches!(self.class(side)?, Some(Class::Number) | None) {
                        return Err(of(side, format!("{side} is no number to calculate with")));
                    }
                }
                Class::Number
            }
            Operand::Call(function, arguments) => {
                let told = function.description();
                if let Some(message) = function.miscounted(told.name, arguments.len()) {
                    return Err(Misfit::of(told.name, message));
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
                            return Err(of(argument, format!("{} takes {wanted}, and {argument} is none", told.name)));
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
                FieldKind::Binary => {
                    return Err(Misfit::of(name, format!("'{name}' is bytes, and cannot be compared")));
                }
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
    fn kind(&self, name: &str) -> Result<FieldKind, Misfit> {
        if let Some(kind) = self.schema.kind(name) {
            return Ok(kind);
        }
        if self.is_geometry(name) {
            let message = format!("the geometry '{name}' can be tested with S_INTERSECTS and its like only");
            return Err(
                Misfit::of(name, message).hint(format!("write it as in S_INTERSECTS({name}, BBOX(5, 45, 11, 48))"))
            );
        }
        let all = || self.schema.fields.iter().map(|field| field.name.as_str()).chain([self.schema.key.0.as_str()]);
        let misfit = Misfit::of(name, format!("there is no property '{name}'"));
        Err(if let Some(near) = nearest(name, all()) {
            misfit.hint(format!("did you mean '{near}'?"))
        } else {
            let some: Vec<&str> = all().take(MOST_NAMES).collect();
            let more = if all().count() > MOST_NAMES { " and others" } else { "" };
            misfit.hint(format!("there are {}{more}", some.join(", ")))
        })
    }

    /// The geometry by its own name.
    fn geometry(&self, name: &str) -> Result<String, Misfit> {
        match &self.schema.geometry {
            Some(geometry) if self.is_geometry(name) => Ok(geometry.name.clone()),
            Some(geometry) => {
                Err(Misfit::of(name, format!("'{name}' is no geometry"))
                    .hint(format!("it is called '{}'", geometry.name)))
            }
            None => Err(Misfit::of(name, "there is no geometry")),
        }
    }

    fn is_geometry(&self, name: &str) -> bool {
        names_geometry(self.schema, name)
    }

    /// The id that equals a literal; none where none can.
    fn id(&self, name: &str, value: &Value) -> Result<Option<FeatureId>, Misfit> {
        Ok(match self.coerce(name, value)? {
            Value::Int(id) => Some(FeatureId::Int(id)),
            Value::Text(id) => Some(FeatureId::Text(id)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests;
