//! Calculations in SQL. PostgreSQL has no result but an error for what is too large or too small for a number, and the evaluator
//! another; so it is asked only where neither can be. Where a column may hold more, rows whose values are beyond a limit are
//! left to the loop.

use super::columns::{Column, Compared, Form};
use super::filter::Writer;
use super::sql::Bound;
use crate::expr::function::Function;
use crate::expr::{Comparison, Operand, Operator};
use crate::model::value::Value;

/// Up to which values of columns a calculation is tried: whole numbers below a power of two, others between powers of ten (a
/// power of two that is further away).
const LIMITS: [Limit; 4] = [
    Limit { bits: 53, decimals: 90, exponent: 300 },
    Limit { bits: 31, decimals: 90, exponent: 300 },
    Limit { bits: 31, decimals: 30, exponent: 100 },
    Limit { bits: 20, decimals: 15, exponent: 50 },
];
/// Beyond this power of two no float is let go.
const FURTHEST: i32 = 1000;
/// Digits of a float.
const DIGITS: i32 = 53;
/// Longest text that may stand in SQL more than once.
const SHORT: usize = 200;
/// Longest calculation.
const LONGEST: usize = 20_000;

#[derive(Clone, Copy)]
struct Limit {
    bits: u32,
    decimals: i32,
    exponent: i32,
}

/// A number in SQL.
pub(super) struct Number {
    pub(super) text: String,
    reach: Reach,
}

/// Of what type it is, and how far from zero it may be.
#[derive(Clone, Copy)]
enum Reach {
    /// `int8`, no further than this.
    Whole(u128),
    /// `float8`, zero or between these powers of two.
    Float { low: i32, high: i32 },
}

/// A comparison in SQL.
pub(super) struct Calculated {
    pub(super) text: String,
    /// What rows meet for which it holds; of others nothing is known. None where it is for all.
    pub(super) guard: Option<String>,
}

impl Number {
    fn whole(text: String, most: u128) -> Option<Self> {
        (most < 1 << 63).then_some(Self { text, reach: Reach::Whole(most) })
    }

    fn float(text: String, low: i32, high: i32) -> Option<Self> {
        let is_near = low > -FURTHEST && high < FURTHEST && text.len() < LONGEST;
        is_near.then_some(Self { text, reach: Reach::Float { low, high } })
    }

    /// The same as a float, with the powers of two.
    fn as_float(&self) -> (String, i32, i32) {
        match self.reach {
            Reach::Whole(most) => {
                let bits = u128::BITS - most.leading_zeros();
                (format!("({})::float8", self.text), 0, i32::try_from(bits).unwrap_or(i32::MAX))
            }
            Reach::Float { low, high } => (self.text.clone(), low, high),
        }
    }
}

impl Writer<'_> {
    /// A comparison of numbers; `None` where SQL cannot say it.
    pub(super) fn calculated(&mut self, left: &Operand, how: Comparison, right: &Operand) -> Option<Calculated> {
        self.within_limits(&[left, right], |writer, limit| {
            let left = writer.number(left, limit)?;
            let right = writer.number(right, limit)?;
            // PostgreSQL compares them as floats, which are whole numbers up to here alone.
            let is_exact = match (left.reach, right.reach) {
                (Reach::Whole(most), Reach::Float { .. }) | (Reach::Float { .. }, Reach::Whole(most)) => {
                    most <= 1 << DIGITS
                }
                _ => true,
            };
            is_exact.then(|| format!("{} {} {}", left.text, how.sign(), right.text))
        })
    }

    /// Whether a number is none.
    pub(super) fn has_no_number(&mut self, operand: &Operand) -> Option<Calculated> {
        self.within_limits(&[operand], |writer, limit| Some(format!("{} IS NULL", writer.number(operand, limit)?.text)))
    }

    fn within_limits(
        &mut self,
        operands: &[&Operand],
        mut write: impl FnMut(&mut Self, Limit) -> Option<String>,
    ) -> Option<Calculated> {
        let mark = self.out.mark();
        for limit in LIMITS {
            self.out.undo(mark);
            if let Some(text) = write(self, limit) {
                let mut names = Vec::new();
                for operand in operands {
                    operand.properties(&mut |name| names.push(name));
                }
                names.sort_unstable();
                names.dedup();
                let guards = names.iter().filter_map(|name| guard(self.column(name)?, limit));
                let guards: Vec<String> = guards.collect();
                let guard = (!guards.is_empty()).then(|| guards.join(" AND "));
                return Some(Calculated { text, guard });
            }
        }
        self.out.undo(mark);
        None
    }

    /// A value that stands in the text.
    pub(super) fn bound(&mut self, value: Bound, cast: &str) -> String {
        let (at, _) = self.out.mark();
        self.out.bind(value, cast);
        self.out.text.split_off(at)
    }

    fn number(&mut self, operand: &Operand, limit: Limit) -> Option<Number> {
        match operand {
            Operand::Property(name) => {
                let column = self.column(name)?;
                let most = match column.form {
                    Form::Int2 => 1 << 15,
                    Form::Int4 => 1 << 31,
                    _ => 1 << limit.bits,
                };
                match column.compared {
                    Compared::Integer => Number::whole(format!("{}::int8", column.stored()), most),
                    // Its guard has those that are no floats.
                    Compared::Numeric => {
                        Number::float(format!("{}::float8", column.stored()), -limit.exponent, limit.exponent)
                    }
                    _ => Number::float(column.float.clone()?, -limit.exponent, limit.exponent),
                }
            }
            Operand::Literal(Value::Int(number)) => {
                Number::whole(self.bound(Bound::Int(*number), "int8"), number.unsigned_abs().into())
            }
            Operand::Literal(Value::Float(number)) => {
                let text = self.bound(Bound::Float(*number), "float8");
                if *number == 0.0 {
                    return Number::float(text, 0, 0);
                }
                #[allow(clippy::cast_possible_truncation)] // a float's power of two is small
                let power = Some(*number).filter(|number| number.is_normal())?.abs().log2().floor() as i32;
                Number::float(text, power - 1, power + 2)
            }
            Operand::Literal(_) => None,
            Operand::Calculation(base, Operator::Power, exponent) => {
                let base = self.number(base, limit)?;
                power(&base, exponent)
            }
            Operand::Calculation(left, operator, right) => {
                let left = self.number(left, limit)?;
                let right = self.number(right, limit)?;
                calculation(&left, *operator, &right)
            }
            Operand::Call(Function::Length, arguments) => {
                let [text] = &arguments[..] else { return None };
                Number::whole(format!("char_length({})::int8", self.words(text)?), 1 << 31)
            }
            Operand::Call(part @ (Function::Year | Function::Month | Function::Day), arguments) => {
                let [Operand::Property(name)] = &arguments[..] else { return None };
                Number::whole(part_of_time(self.column(name)?, *part)?, 1 << 31)
            }
            Operand::Call(function, arguments) => {
                let [argument] = &arguments[..] else { return None };
                let number = self.number(argument, limit)?;
                call(*function, number)
            }
        }
    }
}

fn calculation(left: &Number, operator: Operator, right: &Number) -> Option<Number> {
    if let (Reach::Whole(a), Reach::Whole(b)) = (left.reach, right.reach) {
        let (left, right) = (&left.text, &right.text);
        let plain = |sign: char, most| Number::whole(format!("({left} {sign} {right})"), most);
        let divided = |sign: char| Number::whole(format!("({left} {sign} nullif({right}, 0))"), a);
        match operator {
            Operator::Add => return plain('+', a + b),
            Operator::Subtract => return plain('-', a + b),
            Operator::Multiply => return plain('*', a.checked_mul(b)?),
            Operator::Modulo => return divided('%'),
            Operator::IntegerDivide => return divided('/'),
            Operator::Divide | Operator::Power => {}
        }
    }
    let ((left, a_low, a_high), (right, b_low, b_high)) = (left.as_float(), right.as_float());
    let divided = || format!("({left} / nullif({right}, 0))");
    match operator {
        // What is left of two that are nearly the same has no digits below theirs.
        Operator::Add => {
            Number::float(format!("({left} + {right})"), a_low.min(b_low) - DIGITS, a_high.max(b_high) + 1)
        }
        Operator::Subtract => {
            Number::float(format!("({left} - {right})"), a_low.min(b_low) - DIGITS, a_high.max(b_high) + 1)
        }
        Operator::Multiply => Number::float(format!("({left} * {right})"), a_low + b_low, a_high + b_high),
        Operator::Divide => Number::float(divided(), a_low - b_high, a_high - b_low),
        Operator::IntegerDivide => {
            Number::float(divided(), a_low - b_high, a_high - b_low)?;
            Number::float(format!("trunc({})", divided()), 0, (a_high - b_low).max(0))
        }
        // PostgreSQL has no remainder of floats.
        Operator::Modulo | Operator::Power => None,
    }
}

/// Squares and cubes, which the evaluator has as products; what another power is to the last digit, each machine says for itself.
#[allow(clippy::float_cmp)] // just these exponents
fn power(base: &Number, exponent: &Operand) -> Option<Number> {
    let (base, low, high) = base.as_float();
    let (times, text) = match exponent {
        _ if base.len() > SHORT => return None,
        Operand::Literal(Value::Int(2)) => (2, format!("({base} * {base})")),
        Operand::Literal(Value::Int(3)) => (3, format!("({base} * {base} * {base})")),
        Operand::Literal(Value::Float(two)) if *two == 2.0 => (2, format!("({base} * {base})")),
        Operand::Literal(Value::Float(three)) if *three == 3.0 => (3, format!("({base} * {base} * {base})")),
        _ => return None,
    };
    Number::float(text, low * times, high * times)
}

fn call(function: Function, number: Number) -> Option<Number> {
    let Number { text, reach } = number;
    let (low, high) = match (function, reach) {
        (Function::Abs, Reach::Whole(most)) => return Number::whole(format!("abs({text})"), most),
        (Function::Ceil | Function::Floor | Function::Round, Reach::Whole(most)) => return Number::whole(text, most),
        (Function::Sqrt, Reach::Whole(_)) => (0, 64),
        (_, Reach::Float { low, high }) => (low, high),
        _ => return None,
    };
    let is_short = text.len() <= SHORT;
    match function {
        Function::Abs => Number::float(format!("abs({text})"), low, high),
        Function::Ceil => Number::float(format!("ceil({text})"), 0, high.max(0) + 1),
        Function::Floor => Number::float(format!("floor({text})"), 0, high.max(0) + 1),
        // Its own goes to the even neighbour.
        Function::Round if is_short => {
            let half = format!("CASE WHEN abs({text} - trunc({text})) >= 0.5::float8 THEN sign({text}) ELSE 0 END");
            Number::float(format!("(trunc({text}) + {half})"), 0, high.max(0) + 1)
        }
        Function::Sqrt if is_short => {
            Number::float(format!("CASE WHEN {text} >= 0 THEN sqrt(({text})::float8) END"), low / 2 - 1, high / 2 + 1)
        }
        _ => None,
    }
}

impl Column {
    /// What is true for a value that others can be more or less than: one that is a number, or has an end. None where all are.
    pub(super) fn has_order(&self) -> Option<String> {
        let stored = self.stored();
        match self.compared {
            Compared::Float | Compared::Numeric | Compared::Short => Some(format!("{stored} <> 'NaN'")),
            Compared::Date | Compared::Timestamp | Compared::TimestampTz => Some(format!("isfinite({stored})")),
            _ => None,
        }
    }
}

/// What is true for a value within a limit, and for none.
fn guard(column: &Column, limit: Limit) -> Option<String> {
    let stored = column.stored();
    match column.compared {
        Compared::Integer if column.form == Form::Int8 => {
            let most = 1_i64 << limit.bits;
            Some(format!("({stored} BETWEEN {} AND {most}) IS NOT FALSE", -most))
        }
        Compared::Float | Compared::Numeric | Compared::Short => {
            // Infinity and what is no number are beyond all.
            let decimals = limit.decimals;
            Some(format!("({stored} = 0 OR abs({stored}) BETWEEN 1e-{decimals} AND 1e{decimals}) IS NOT FALSE"))
        }
        _ => None,
    }
}

/// The year, month or day of a column in UTC.
fn part_of_time(column: &Column, part: Function) -> Option<String> {
    let stored = column.stored();
    let time = match column.compared {
        Compared::Date | Compared::Timestamp => stored.clone(),
        Compared::TimestampTz => format!("({stored} AT TIME ZONE 'UTC')"),
        _ => return None,
    };
    let name = match part {
        Function::Year => "year",
        Function::Month => "month",
        _ => "day",
    };
    // Before the year 1 comes the year 0 here, and the year -1 there.
    let shift = match part {
        Function::Year => format!(" + CASE WHEN {time} < '0001-01-01' THEN 1 ELSE 0 END"),
        _ => String::new(),
    };
    Some(format!("CASE WHEN isfinite({stored}) THEN extract({name} FROM {time})::int8{shift} END"))
}
