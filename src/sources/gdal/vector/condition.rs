//! Conditions in OGR's language. They narrow what a driver reads by indexes of its own; the evaluator has the last word, so
//! a condition must be true for every row for which the predicate is, and may be true for more.

use std::ffi::CString;
use std::fmt::Write as _;

use super::schema::Table;
use crate::expr::{Comparison, Expr, Operand};
use crate::model::schema::FieldKind;
use crate::model::value::Value;

/// From here on not every integer is a float.
const EXACT: i64 = 1 << 53;
/// Most values of a list.
const MOST: usize = 500;

/// What all of these conditions amount to in OGR's language; `None` where nothing of them can be said in it.
pub(super) fn condition(table: &Table, conjuncts: &[Expr]) -> Option<CString> {
    let parts: Vec<String> = conjuncts.iter().filter_map(|part| written(table, part)).collect();
    if parts.is_empty() {
        return None;
    }
    CString::new(joined(parts, " AND ")).ok()
}

/// The subsets of policies, which are in OGR's language already.
pub(super) fn subsets<'a>(conjuncts: impl IntoIterator<Item = &'a Expr>) -> Vec<String> {
    let text = |part: &Expr| match part {
        Expr::Subset(text) => Some(text.clone()),
        _ => None,
    };
    conjuncts.into_iter().filter_map(text).collect()
}

fn joined(parts: Vec<String>, by: &str) -> String {
    let parts: Vec<String> = parts.into_iter().map(|part| format!("({part})")).collect();
    parts.join(by)
}

fn written(table: &Table, expr: &Expr) -> Option<String> {
    match expr {
        Expr::And(parts) => {
            let parts: Vec<String> = parts.iter().filter_map(|part| written(table, part)).collect();
            (!parts.is_empty()).then(|| joined(parts, " AND "))
        }
        Expr::Or(parts) if !parts.is_empty() => {
            let parts = parts.iter().map(|part| written(table, part)).collect::<Option<Vec<_>>>()?;
            Some(joined(parts, " OR "))
        }
        Expr::Compare(Operand::Property(name), how, Operand::Literal(value)) => {
            let (column, kind) = column(table, name)?;
            let (value, is_text) = literal(kind, value)?;
            // Of texts some drivers say that they are equal whatever the case of their letters, and order them in their own way.
            (!is_text || *how == Comparison::Equal).then(|| format!("{column} {} {value}", how.sign()))
        }
        Expr::Between(Operand::Property(name), Operand::Literal(low), Operand::Literal(high)) => {
            let (column, kind) = column(table, name)?;
            let ((low, is_text), (high, _)) = (literal(kind, low)?, literal(kind, high)?);
            (!is_text).then(|| format!("{column} >= {low} AND {column} <= {high}"))
        }
        Expr::In(Operand::Property(name), values) if (1..=MOST).contains(&values.len()) => {
            let (column, kind) = column(table, name)?;
            let values = values.iter().map(|value| Some(literal(kind, value)?.0)).collect::<Option<Vec<_>>>()?;
            Some(format!("{column} IN ({})", values.join(", ")))
        }
        _ => None,
    }
}

/// A column in quotes, where its name means the same to every driver.
fn column(table: &Table, name: &str) -> Option<(String, FieldKind)> {
    // A key that is OGR's own number of the feature is no column.
    let own = match table.schema.position(name) {
        Some(field) => table.columns.get(field)?,
        None => table.key.as_ref()?,
    };
    let is_plain = own.name == name && !name.contains(['"', '\\', '\0']);
    Some((format!("\"{name}\""), table.schema.kind(name).filter(|_| is_plain)?))
}

/// A value, and whether it is text.
fn literal(kind: FieldKind, value: &Value) -> Option<(String, bool)> {
    match (kind, value) {
        (FieldKind::Integer | FieldKind::Number, Value::Int(number))
            if number.unsigned_abs() < EXACT.unsigned_abs() =>
        {
            Some((number.to_string(), false))
        }
        (FieldKind::Integer | FieldKind::Number, Value::Float(number)) if number.is_finite() => {
            let mut text = String::new();
            // Writing to a string cannot fail.
            let _ = write!(text, "{number:?}");
            Some((text, false))
        }
        (FieldKind::String, Value::Text(text)) if !text.contains(['\\', '\0']) && !text.is_empty() => {
            Some((format!("'{}'", text.replace('\'', "''")), true))
        }
        _ => None,
    }
}
