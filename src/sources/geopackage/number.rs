//! Calculations in SQL, with the evaluator's results. SQLite calculates as it does: whole numbers that have no place go on as
//! floats, what divides by zero or is no number is null. What differs is made the same: texts are no numbers, and what finite
//! numbers make is nothing where it is infinite.

use rusqlite::types::Value as Bound;

use super::sql::Sql;
use super::table::Table;
use crate::expr::function::Function;
use crate::expr::{Comparison, Operand, Operator};
use crate::model::schema::FieldKind;
use crate::model::value::Value;

/// How deep calculations may stand within each other.
const DEEPEST: u32 = 3;
/// Longest text that may stand in SQL more than once.
const SHORT: usize = 400;

/// A literal too large for a float is infinite.
const INFINITE: &str = "IN (9e999, -9e999)";

/// A comparison of numbers that is true, false and null where the condition is true, false and unknown.
pub(super) fn compare(table: &Table, left: &Operand, how: Comparison, right: &Operand) -> Option<Sql> {
    if let (Operand::Property(_), Operand::Property(_)) = (left, right) {
        // Texts in both are compared as well, and by the loop.
        return None;
    }
    // SQLite compares a whole number with a float exactly, as the evaluator does.
    Some(written(&format!("@ {} #", how.sign()), &number(table, left)?, &number(table, right)?))
}

/// Whether there is no result.
pub(super) fn is_null(table: &Table, operand: &Operand) -> Option<Sql> {
    let mut sql = Sql::new("(", Vec::new());
    sql.append(number(table, operand)?);
    sql.add(" IS NULL)");
    Some(sql)
}

/// How deep calculations stand within each other.
pub(super) fn nesting(operand: &Operand) -> u32 {
    match operand {
        Operand::Property(_) | Operand::Literal(_) => 0,
        Operand::Calculation(left, _, right) => 1 + nesting(left).max(nesting(right)),
        Operand::Call(_, arguments) => 1 + arguments.iter().map(nesting).max().unwrap_or(0),
    }
}

/// What is true for all rows in which two columns of numbers compare so, and for those that have something else in both.
pub(super) fn columns(table: &Table, left: &str, how: Comparison, right: &str) -> Option<Sql> {
    let (left, right, sign) = (number_column(table, left)?, number_column(table, right)?, how.sign());
    let both = format!("typeof({left}) IN ('integer', 'real') AND typeof({right}) IN ('integer', 'real')");
    let test = format!("{left} {sign} {right}");
    let other = format!("{left} IS NOT NULL AND typeof({left}) = typeof({right})");
    Some(Sql::new(format!("CASE WHEN {both} THEN {test} ELSE {other} END"), Vec::new()))
}

/// A column that has numbers, if it has what it should have.
fn number_column<'a>(table: &'a Table, name: &str) -> Option<&'a str> {
    let stored = table.stored(name)?;
    matches!(stored.kind, FieldKind::Integer | FieldKind::Number).then_some(stored.sql)
}

/// A number, null where there is none.
fn number(table: &Table, operand: &Operand) -> Option<Sql> {
    if nesting(operand) > DEEPEST {
        return None;
    }
    match operand {
        Operand::Property(name) => {
            let column = number_column(table, name)?;
            let text = format!("CASE WHEN typeof({column}) IN ('integer', 'real') THEN {column} END");
            Some(Sql::new(text, Vec::new()))
        }
        Operand::Literal(Value::Int(number)) => Some(Sql::new("?", vec![Bound::Integer(*number)])),
        Operand::Literal(Value::Float(number)) if number.is_finite() => Some(Sql::new("?", vec![Bound::Real(*number)])),
        Operand::Literal(_) => None,
        Operand::Calculation(left, operator, right) => {
            calculation(table, &number(table, left)?, *operator, &number(table, right)?)
        }
        Operand::Call(function, arguments) => match &arguments[..] {
            [argument] => call(table, *function, &number(table, argument)?),
            _ => None,
        },
    }
}

fn calculation(table: &Table, left: &Sql, operator: Operator, right: &Sql) -> Option<Sql> {
    let is_told = table.has_math && left.text.len() + right.text.len() <= SHORT;
    let are_whole = "typeof(@) = 'integer' AND typeof(#) = 'integer'";
    Some(match operator {
        Operator::Add => result("@ + #", left, right),
        Operator::Subtract => result("@ - #", left, right),
        Operator::Multiply => result("@ * #", left, right),
        Operator::Divide => result("CAST(@ AS REAL) / #", left, right),
        // Its own remainder is that of whole numbers alone.
        Operator::Modulo if is_told => {
            written(&format!("CASE WHEN {are_whole} THEN @ % # ELSE mod(@, #) END"), left, right)
        }
        Operator::IntegerDivide if is_told => {
            let floats = "trunc(CAST(@ AS REAL) / #)";
            result(&format!("CASE WHEN {are_whole} THEN @ / # ELSE {floats} END"), left, right)
        }
        // What a power is to the last digit, each library says for itself.
        Operator::Modulo | Operator::IntegerDivide | Operator::Power => return None,
    })
}

fn call(table: &Table, function: Function, number: &Sql) -> Option<Sql> {
    let is_short = number.text.len() <= SHORT;
    let text = match function {
        // The least whole number has no opposite: here it is an error.
        Function::Abs if is_short => {
            "CASE WHEN typeof(@) = 'integer' AND @ = -9223372036854775808 THEN 9223372036854775808.0 ELSE abs(@) END"
        }
        Function::Ceil if table.has_math => "ceil(@)",
        Function::Floor if table.has_math => "floor(@)",
        Function::Sqrt if table.has_math => "sqrt(@)",
        // Its own is off where a half is added to what is a hair less than a half.
        Function::Round if table.has_math && is_short => {
            "trunc(@) + CASE WHEN abs(@ - trunc(@)) >= 0.5 THEN sign(@) ELSE 0 END"
        }
        _ => return None,
    };
    // Of a finite number it is finite.
    Some(written(text, number, &Sql::default()))
}

/// Text in which `@` and `#` stand for numbers.
fn written(text: &str, left: &Sql, right: &Sql) -> Sql {
    let mut sql = Sql::new("(", Vec::new());
    for piece in text.split_inclusive(['@', '#']) {
        let number = match piece.as_bytes().last() {
            Some(b'@') => left,
            Some(b'#') => right,
            _ => {
                sql.add(piece);
                continue;
            }
        };
        sql.add(&piece[..piece.len() - 1]);
        sql.append(number.clone());
    }
    sql.add(")");
    sql
}

/// What is calculated of two numbers: nothing where it is infinite and neither of them is.
fn result(text: &str, left: &Sql, right: &Sql) -> Sql {
    let finite = format!("nullif(nullif({text}, 9e999), -9e999)");
    let infinite = format!("CASE WHEN @ {INFINITE} OR # {INFINITE} THEN {text} END");
    written(&format!("coalesce({finite}, {infinite})"), left, right)
}
