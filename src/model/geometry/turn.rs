//! On which side of a line a point lies: exactly, whatever rounding would say (after Shewchuk's adaptive predicates).

/// Positive where `c` lies left of the line from `a` to `b`, negative where right, zero where on it.
#[inline]
pub(super) fn turn(a: (f64, f64), b: (f64, f64), c: (f64, f64)) -> f64 {
    let left = (a.0 - c.0) * (b.1 - c.1);
    let right = (a.1 - c.1) * (b.0 - c.0);
    let turn = left - right;
    // No rounding of the five operations above can move the result further than this.
    let doubt = (left.abs() + right.abs()) * (3.0 + 8.0 * f64::EPSILON) * (f64::EPSILON / 2.0);
    if turn.abs() > doubt { turn } else { exact(a, b, c) }
}

/// The sum of the determinant's twelve exact terms, kept as numbers that do not overlap.
#[cold]
fn exact(a: (f64, f64), b: (f64, f64), c: (f64, f64)) -> f64 {
    let factors = [(a.0, b.1), (-a.1, b.0), (b.0, c.1), (-b.1, c.0), (c.0, a.1), (-c.1, a.0)];
    let mut sum = [0.0; 12];
    for (at, (p, q)) in factors.into_iter().enumerate() {
        let product = p * q;
        add(&mut sum, 2 * at, p.mul_add(q, -product));
        add(&mut sum, 2 * at + 1, product);
    }
    sum.into_iter().rev().find(|part| *part != 0.0).unwrap_or(0.0)
}

/// Adds a number to the parts that are filled: each keeps what is lost in rounding, and the carry becomes the next part.
fn add(sum: &mut [f64; 12], filled: usize, number: f64) {
    let mut carry = number;
    for part in sum.iter_mut().take(filled) {
        let total = carry + *part;
        let back = total - carry;
        let lost = (carry - (total - back)) + (*part - back);
        (*part, carry) = (lost, total);
    }
    if let Some(next) = sum.get_mut(filled) {
        *next = carry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[allow(clippy::cast_precision_loss)] // below 2^53
    fn float(p: (i64, i64)) -> (f64, f64) {
        (p.0 as f64, p.1 as f64)
    }

    proptest! {
        #[test]
        fn the_sign_is_that_of_whole_numbers(
            a in (-(1i64 << 52)..1 << 52, -(1i64 << 52)..1 << 52), d in (-(1i64 << 48)..1 << 48, -(1i64 << 48)..1 << 48),
            k in -16i64..16, l in -16i64..16, off in (-1i64..2, -1i64..2),
        ) {
            // Nearly on one line, where rounding errs.
            let b = (a.0 / 2 + d.0 * k, a.1 / 2 + d.1 * k);
            let c = (a.0 / 2 + d.0 * l + off.0, a.1 / 2 + d.1 * l + off.1);
            let a = (a.0 / 2, a.1 / 2);
            let wide = |p: (i64, i64)| (i128::from(p.0), i128::from(p.1));
            let (wa, wb, wc) = (wide(a), wide(b), wide(c));
            let expected = (wa.0 - wc.0) * (wb.1 - wc.1) - (wa.1 - wc.1) * (wb.0 - wc.0);
            let got = turn(float(a), float(b), float(c));
            prop_assert_eq!(got.partial_cmp(&0.0), Some(expected.cmp(&0)));
        }
    }
}
