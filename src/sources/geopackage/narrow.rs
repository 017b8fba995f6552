//! What SQL finds of a condition on which the loop that reads the rows has the last word: all rows that pass, and few others.

use rusqlite::types::Value as Bound;

use super::filter::{exact, integer_ids, text_ids};
use super::number;
use super::sql::Sql;
use super::table::Table;
use crate::base::datetime::{Date, Interval};
use crate::expr::like::Pattern;
use crate::expr::temporal::narrowed;
use crate::expr::{Comparison, Expr, Operand};
use crate::model::schema::{FieldKind, KeyKind};
use crate::model::value::Value;

/// Before the text of every time that has no blanks before it, and after it. As numbers they mean nothing, and so SQL
/// compares them as texts in columns of any type.
const BEFORE: &str = "'0-'";
const AFTER: &str = "':'";
/// Shortest beginning of a text that is looked for by an index: of a shorter one many rows are found, to be sorted.
const SELECTIVE: usize = 3;

/// SQL that is true for every row for which the condition is; `None` where there is none. It goes `by_index` also where that may
/// find many rows, to be sorted.
pub(super) fn superset(table: &Table, expr: &Expr, by_index: bool) -> Option<Sql> {
    let superset = |expr: &Expr| superset(table, expr, by_index);
    if let Some(sql) = exact(table, expr, true) {
        return Some(sql);
    }
    match expr {
        Expr::And(parts) => {
            let joined = Sql::join(parts.iter().filter_map(superset), " AND ");
            (!joined.text.is_empty()).then_some(joined)
        }
        Expr::Or(parts) => Some(Sql::join(parts.iter().map(superset).collect::<Option<Vec<_>>>()?, " OR ")),
        Expr::Between(operand, low, high) => {
            let bound = |how, bound: &Operand| Expr::Compare(operand.clone(), how, bound.clone());
            let bounds = [bound(Comparison::GreaterOrEqual, low), bound(Comparison::LessOrEqual, high)];
            superset(&Expr::And(bounds.into()))
        }
        Expr::Compare(Operand::Property(name), how, Operand::Literal(value)) => {
            days(table, name, *how, value, by_index)
        }
        Expr::Compare(Operand::Literal(value), how, Operand::Property(name)) => {
            days(table, name, how.turned(), value, by_index)
        }
        Expr::Compare(Operand::Property(left), how, Operand::Property(right)) => {
            number::columns(table, left, *how, right)
        }
        // Days and instants are texts alike.
        Expr::Temporal(left, relation, right) => superset(&narrowed(left, *relation, right, &|_| false)?),
        Expr::Like { operand: Operand::Property(name), pattern } => prefixed(table, name, pattern, by_index),
        Expr::During(interval) => during(table, interval, by_index),
        Expr::Ids(ids) if table.key.kind == KeyKind::Integer => Some(integer_ids(&table.key.sql, ids)),
        Expr::Ids(ids) => text_ids(&table.key.compared(), ids),
        _ => None,
    }
}

/// Times as texts, whatever their zone: all begin with a day, which is that of their instant in UTC or the one before or after.
/// What begins otherwise (with a blank, or is no text) is left to the loop.
fn days(table: &Table, name: &str, how: Comparison, value: &Value, by_index: bool) -> Option<Sql> {
    let field = table.schema.position(name)?;
    if !matches!(table.schema.fields[field].kind, FieldKind::Date | FieldKind::DateTime) {
        return None;
    }
    let day = match value {
        Value::Date(day) => *day,
        Value::Instant(at) => at.day()?,
        _ => return None,
    };
    let (low, high) = (|| near(day, -2), || near(day, 3));
    let (column, sign) = (&table.columns[field], if by_index { "" } else { "+" });
    Some(match how {
        // Few are found.
        Comparison::Equal => Sql::new(
            format!("({column} >= ? AND {column} < ? OR {column} < {BEFORE} OR {column} >= {AFTER})"),
            vec![low()?, high()?],
        ),
        Comparison::Less | Comparison::LessOrEqual => {
            Sql::new(format!("({sign}{column} < ? OR {sign}{column} >= {AFTER})"), vec![high()?])
        }
        Comparison::Greater | Comparison::GreaterOrEqual => {
            Sql::new(format!("({sign}{column} >= ? OR {sign}{column} < {BEFORE})"), vec![low()?])
        }
        Comparison::NotEqual => return None,
    })
}

/// The text of a day so many days off.
fn near(day: Date, by: i32) -> Option<Bound> {
    let text = Date(day.0.checked_add(by)?).to_string();
    let is_plain = text.len() == 10 && text.as_bytes()[0].is_ascii_digit();
    is_plain.then_some(Bound::Text(text))
}

/// Rows that may be in an interval, those without a time among them.
fn during(table: &Table, interval: &Interval, by_index: bool) -> Option<Sql> {
    let time = table.schema.time?;
    let sign = if by_index { "" } else { "+" };
    let low = interval.start.map(|from| near(from.day()?, -2));
    let high = interval.end.map(|until| near(until.day()?, 3));
    let side = |field: usize, low: Option<Option<Bound>>, high: Option<Option<Bound>>| {
        let column = format!("{sign}{}", table.columns[field]);
        let (test, values) = match (low, high) {
            (None, None) => return None,
            (Some(low), None) => (format!("{column} >= ? OR {column} < {BEFORE}"), vec![low?]),
            (None, Some(high)) => (format!("{column} < ? OR {column} >= {AFTER}"), vec![high?]),
            (Some(low), Some(high)) => {
                let within = format!("{column} >= ? AND {column} < ?");
                (format!("{within} OR {column} < {BEFORE} OR {column} >= {AFTER}"), vec![low?, high?])
            }
        };
        Some(Sql::new(format!("({column} IS NULL OR {test})"), values))
    };
    match time.end {
        None => side(time.start, low, high),
        Some(end) => {
            let sides = [side(time.start, None, high), side(end, low, None)];
            let joined = Sql::join(sides.into_iter().flatten(), " AND ");
            (!joined.text.is_empty()).then_some(joined)
        }
    }
}

/// Texts that begin as a pattern does.
fn prefixed(table: &Table, name: &str, pattern: &str, by_index: bool) -> Option<Sql> {
    let field = table.schema.position(name)?;
    let is_text = matches!(table.schema.fields[field].kind, FieldKind::String | FieldKind::Json);
    // In another encoding SQL sorts in another order.
    if !is_text || !table.makes_text[field] || !table.is_utf8 {
        return None;
    }
    let prefix = Pattern::new(pattern).prefix();
    // Bytes that are no UTF-8 are read as the replacement character.
    if prefix.is_empty() || prefix.contains(['\u{fffd}', '\0']) {
        return None;
    }
    let last = prefix.chars().next_back()?;
    let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32)?;
    let end = format!("{}{next}", &prefix[..prefix.len() - last.len_utf8()]);
    let sign = if prefix.chars().count() < SELECTIVE && !by_index { "+" } else { "" };
    let column = format!("{sign}{} COLLATE BINARY", table.columns[field]);
    Some(Sql::new(format!("({column} >= ? AND {column} < ?)"), vec![Bound::Text(prefix), Bound::Text(end)]))
}
