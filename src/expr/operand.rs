//! What can be compared: properties, literals, and what is calculated from them.

use crate::model::value::Value;

use super::function::Function;

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A property by its name.
    Property(String),
    /// A literal.
    Literal(Value),
    /// A calculation with two numbers.
    Calculation(Box<Operand>, Operator, Box<Operand>),
    /// A function of its arguments.
    Call(Function, Vec<Operand>),
}

/// What is calculated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`: with a fraction, also of whole numbers.
    Divide,
    /// `%`: what is left of a division, with the sign of the dividend.
    Modulo,
    /// `div`: without the fraction.
    IntegerDivide,
    /// `^`
    Power,
}

impl Operand {
    /// A calculation.
    pub fn calculation(left: Operand, operator: Operator, right: Operand) -> Operand {
        Operand::Calculation(Box::new(left), operator, Box::new(right))
    }

    /// Its value, where no property is in it.
    pub fn constant(&self) -> Option<Value> {
        Some(match self {
            Operand::Property(_) => return None,
            Operand::Literal(value) => value.clone(),
            Operand::Calculation(left, operator, right) => operator.apply(&left.constant()?, &right.constant()?),
            Operand::Call(function, arguments) => {
                function.apply(&arguments.iter().map(Operand::constant).collect::<Option<Vec<_>>>()?)
            }
        })
    }

    /// Calls `visit` with the name of each property in it.
    pub fn properties<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        match self {
            Operand::Property(name) => visit(name),
            Operand::Literal(_) => {}
            Operand::Calculation(left, _, right) => {
                left.properties(visit);
                right.properties(visit);
            }
            Operand::Call(_, arguments) => arguments.iter().for_each(|argument| argument.properties(visit)),
        }
    }
}

impl Operator {
    /// The result; null where there is none: of what is no number, of a division by zero, of finite numbers whose result no float
    /// can hold. What is calculated with an infinite number may be infinite.
    pub fn apply(self, left: &Value, right: &Value) -> Value {
        if let (Value::Int(a), Value::Int(b)) = (left, right) {
            let whole = match self {
                Self::Add => a.checked_add(*b),
                Self::Subtract => a.checked_sub(*b),
                Self::Multiply => a.checked_mul(*b),
                // Nothing is left of a division by minus one, also where its result has no place.
                Self::Modulo => (*b != 0).then(|| a.wrapping_rem(*b)),
                Self::IntegerDivide => a.checked_div(*b),
                Self::Divide | Self::Power => None,
            };
            if let Some(whole) = whole {
                return Value::Int(whole);
            }
        }
        let (Some(a), Some(b)) = (float(left), float(right)) else { return Value::Null };
        // The machine says that any power of one is one, and whatever to the power of zero.
        if a.is_nan() || b.is_nan() {
            return Value::Null;
        }
        #[allow(clippy::float_cmp)] // just these exponents
        let result = match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Modulo => a % b,
            Self::IntegerDivide => (a / b).trunc(),
            // What a power is to the last digit, each machine says for itself; but squares and cubes are products.
            Self::Power if b == 2.0 => a * a,
            Self::Power if b == 3.0 => a * a * a,
            Self::Power => a.powf(b),
        };
        let is_division = matches!(self, Self::Divide | Self::Modulo | Self::IntegerDivide);
        let has_result = result.is_finite() || !result.is_nan() && (a.is_infinite() || b.is_infinite());
        if has_result && !(is_division && b == 0.0) { Value::Float(result) } else { Value::Null }
    }
}

/// A number as a float.
pub(super) fn float(value: &Value) -> Option<f64> {
    #[allow(clippy::cast_precision_loss)] // calculations are of floats
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_of_what_is_not_a_number_was_one() {
        let nan = || Value::Float(f64::NAN);
        for one in [Value::Int(1), Value::Int(0), Value::Float(1.0), Value::Float(0.0), nan()] {
            assert_eq!(Operator::Power.apply(&one, &nan()), Value::Null, "{one:?}");
            assert_eq!(Operator::Power.apply(&nan(), &one), Value::Null, "{one:?}");
        }
    }

    #[test]
    fn calculations_have_no_surprises() {
        use Operator::{Add, Divide, IntegerDivide, Modulo, Multiply, Power, Subtract};
        const INFINITE: Value = Value::Float(f64::INFINITY);
        let int = Value::Int;
        for (left, operator, right, result) in [
            (int(2), Add, int(3), int(5)),
            (int(2), Subtract, Value::Float(0.5), Value::Float(1.5)),
            (int(i64::MAX), Add, int(1), Value::Float(9_223_372_036_854_775_808.0)),
            (int(i64::MIN), Modulo, int(-1), int(0)),
            (int(5), Multiply, int(-3), int(-15)),
            (int(7), Divide, int(2), Value::Float(3.5)),
            (int(7), Divide, int(0), Value::Null),
            (int(7), Modulo, int(0), Value::Null),
            (int(-7), Modulo, int(4), int(-3)),
            (int(7), IntegerDivide, int(2), int(3)),
            (Value::Float(-7.5), IntegerDivide, int(2), Value::Float(-3.0)),
            (int(2), Power, int(10), Value::Float(1024.0)),
            (int(10), Power, int(400), Value::Null),
            (Value::Float(-0.1), Power, int(2), Value::Float(0.010_000_000_000_000_002)),
            (int(-3), Power, Value::Float(3.0), Value::Float(-27.0)),
            (int(10), Divide, INFINITE, Value::Float(0.0)),
            (INFINITE, Add, int(1), INFINITE),
            (int(0), Subtract, INFINITE, Value::Float(f64::NEG_INFINITY)),
            (INFINITE, Multiply, int(1), INFINITE),
            (INFINITE, Multiply, int(0), Value::Null),
            (INFINITE, Subtract, INFINITE, Value::Null),
            (INFINITE, Divide, int(0), Value::Null),
            (INFINITE, IntegerDivide, int(2), INFINITE),
            (INFINITE, Modulo, int(2), Value::Null),
            (INFINITE, Power, int(2), INFINITE),
            (Value::Float(1e300), Multiply, Value::Float(1e300), Value::Null),
            (Value::Null, Add, int(1), Value::Null),
            (Value::Text("1".to_owned()), Add, int(1), Value::Null),
        ] {
            assert_eq!(operator.apply(&left, &right), result, "{left:?} {operator:?} {right:?}");
        }
    }
}
