//! Numbers as JSON.

use std::io::Write;

/// What may have more digits than are written in one go.
const MOST: f64 = 999_999_999_999_999.0;
/// Digits of a number that is written in one go.
const DIGITS: usize = 15;

/// How a number with so many decimals is made of its digits.
struct Shape {
    power: f64,
    /// Digits before the point.
    whole: usize,
    /// Where those stand in sixteen bytes, in two halves.
    before: [u64; 2],
    point: [u64; 2],
}

static SHAPES: [Shape; DIGITS] = {
    const EMPTY: Shape = Shape { power: 1.0, whole: DIGITS, before: [0; 2], point: [0; 2] };
    let mut shapes = [EMPTY; DIGITS];
    let (mut decimals, mut power) = (0, 1_u64);
    while decimals < DIGITS {
        let shape = &mut shapes[decimals];
        #[allow(clippy::cast_precision_loss)] // up to 1e14
        let number = power as f64;
        (shape.power, shape.whole) = (number, DIGITS - decimals);
        let mut at = 0;
        while at < DIGITS {
            let byte = (at % 8) * 8;
            if at < shape.whole {
                shape.before[at / 8] |= 0xff << byte;
            }
            at += 1;
        }
        shape.point[shape.whole / 8] |= 0x2e << ((shape.whole % 8) * 8);
        decimals += 1;
        power *= 10;
    }
    shapes
};

/// From here on a float is a whole number.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// Appends a whole number.
#[inline]
pub fn write_integer(number: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends the shortest number that reads back as this one, or `null` where JSON has none. A whole one keeps its `.0`,
/// so that a client that tells floats from integers sees one type in all features.
#[inline]
pub fn write_float(number: f64, out: &mut Vec<u8>) {
    if number.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(number).as_bytes());
    } else {
        out.extend_from_slice(b"null");
    }
}

/// Appends a coordinate, which must be finite: to so many decimals, or as many as it has; nothing after whole ones.
#[inline]
pub fn write_coordinate(number: f64, decimals: Option<u8>, out: &mut Vec<u8>) {
    let Some(decimals) = decimals else {
        return write_shortest(number, out);
    };
    let Some(digits) = Digits::of(number, decimals) else {
        return write_rounded_slowly(number, decimals, out);
    };
    if digits.is_negative {
        out.push(b'-');
    }
    // All sixteen bytes are appended, for that is one store, and the rest is taken back.
    let length = out.len() + digits.length;
    out.extend_from_slice(&digits.text.to_le_bytes());
    out.truncate(length);
}

/// Appends two coordinates with a comma between them.
#[inline]
pub(super) fn write_pair(first: f64, second: f64, decimals: Option<u8>, out: &mut Vec<u8>) {
    if let Some(decimals) = decimals
        && let (Some(first), Some(second)) = (Digits::of(first, decimals), Digits::of(second, decimals))
    {
        let (mut text, mut at) = ([0; 40], 0);
        for digits in [first, second] {
            text[at] = b'-';
            at += usize::from(digits.is_negative);
            text[at..at + 16].copy_from_slice(&digits.text.to_le_bytes());
            at += digits.length;
            text[at] = b',';
            at += 1;
        }
        let length = out.len() + at - 1;
        out.extend_from_slice(&text);
        out.truncate(length);
        return;
    }
    write_coordinate(first, decimals, out);
    out.push(b',');
    write_coordinate(second, decimals, out);
}

#[inline]
fn write_shortest(number: f64, out: &mut Vec<u8>) {
    let mut buffer = zmij::Buffer::new();
    // Adding zero makes a negative zero positive.
    let text = buffer.format_finite(number + 0.0).as_bytes();
    out.extend_from_slice(text.strip_suffix(b".0").unwrap_or(text));
}

/// A number as it is written: so many of sixteen bytes, the first one in the lowest.
struct Digits {
    text: u128,
    length: usize,
    is_negative: bool,
}

impl Digits {
    /// None for what has too many digits, or lies in the middle between two decimals.
    #[inline]
    fn of(number: f64, decimals: u8) -> Option<Self> {
        let shape = SHAPES.get(usize::from(decimals))?;
        let scaled = number.abs() * shape.power;
        if scaled >= MOST {
            return None;
        }
        // A float of this size has no room for a fraction: its last bits are the nearest whole number.
        let rounded = scaled + WHOLE / 2.0;
        let off = (scaled - (rounded - WHOLE / 2.0)).abs();
        let rounded = rounded.to_bits() - (WHOLE / 2.0).to_bits();
        // The product is rounded itself, so close to the middle it cannot say which way.
        if 0.5 - off <= scaled * f64::EPSILON {
            return None;
        }
        let (text, length) = with_point(rounded, shape);
        Some(Self { text, length, is_negative: number < 0.0 && rounded != 0 })
    }
}

/// The text of a number below 1e15 that was multiplied by a power of ten: all its digits at once, the point among them, and of that
/// what is to be seen.
#[inline]
fn with_point(number: u64, shape: &Shape) -> (u128, usize) {
    const ZEROS: u64 = u64::MAX / 255 * 0x30;
    // Fifteen digits, the first one in the lowest byte; the sixteenth, before them, is zero.
    let (high, low) = (eight_digits(number / 100_000_000), eight_digits(number % 100_000_000));
    let (high, low) = ((high >> 8) | (low << 56), low >> 8);
    let (first, last) = match (high, low) {
        (0, 0) => (DIGITS, 0),
        (0, _) => (8 + low.trailing_zeros() as usize / 8, 15 - low.leading_zeros() as usize / 8),
        (_, 0) => (high.trailing_zeros() as usize / 8, 7 - high.leading_zeros() as usize / 8),
        _ => (high.trailing_zeros() as usize / 8, 15 - low.leading_zeros() as usize / 8),
    };
    let (high, low) = (high + ZEROS, low + ZEROS);
    let [before, further] = shape.before;
    // What follows the point makes room for it.
    let (after, later) = (high & !before, low & !further);
    let high = (high & before) | shape.point[0] | (after << 8);
    let low = (low & further) | shape.point[1] | (later << 8) | (after >> 56);
    // A digit stands before the point, but no more zeros than that.
    let start = first.min(shape.whole - 1);
    let end = if last < shape.whole { shape.whole } else { last + 2 };
    ((u128::from(high) | (u128::from(low) << 64)) >> (start * 8), end - start)
}

/// The digits of a number below 1e8 as bytes, the first one in the lowest: halves, quarters and eighths, each of them by one multiplication.
#[inline]
fn eight_digits(number: u64) -> u64 {
    let four = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((four * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let two = hundreds | ((four - hundreds * 100) << 16);
    let tens = ((two * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((two - tens * 10) << 8)
}

/// For what has too many digits to be multiplied, or lies in the middle between two decimals.
#[cold]
fn write_rounded_slowly(number: f64, decimals: u8, out: &mut Vec<u8>) {
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(number);
    let (mantissa, exponent) = shortest.split_once("e-").unwrap_or((shortest, "0"));
    let part = mantissa.split_once('.').map_or(0, |(_, part)| part.len());
    let has = exponent.parse().map_or(usize::MAX, |exponent: usize| exponent + part);
    if has <= usize::from(decimals) || number.abs() >= WHOLE {
        return write_shortest(number, out);
    }
    let start = out.len();
    // Writing to memory does not fail.
    let _ = write!(out, "{number:.*}", usize::from(decimals));
    let Some(written) = out.get(start..) else { return };
    if written.contains(&b'.') {
        let zeros = written.iter().rev().take_while(|digit| **digit == b'0').count();
        out.truncate(out.len() - zeros);
        if out.last() == Some(&b'.') {
            out.pop();
        }
    }
    if out.get(start..) == Some(b"-0") {
        out.truncate(start);
        out.push(b'0');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn coordinate(number: f64, decimals: Option<u8>) -> String {
        let mut out = Vec::new();
        write_coordinate(number, decimals, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn float(number: f64) -> String {
        let mut out = Vec::new();
        write_float(number, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_short_and_never_a_negative_zero() {
        let shortest = [(10.0, "10"), (-0.0, "0"), (0.1, "0.1"), (-7.25, "-7.25"), (1e300, "1e+300"), (1e-7, "1e-7")];
        for (number, text) in shortest {
            assert_eq!(coordinate(number, None), text);
        }
        let rounded = [
            (13.402_345_678, 7, "13.4023457"),
            (13.4, 7, "13.4"),
            (-13.0, 7, "-13"),
            (0.000_012, 7, "0.000012"),
            (-0.000_000_01, 7, "0"),
            (-0.000_000_01, 200, "-1e-8"),
            (0.5, 0, "0"),
            (1.5, 0, "2"),
            (-0.4, 0, "0"),
            (99.96, 1, "100"),
            (99_999_999_999_999.9, 1, "99999999999999.9"),
            (999_999_999_999_999.0, 0, "999999999999999"),
            (999_999_999_999_999.6, 0, "1000000000000000"),
            (1.000_000_000_000_01, 14, "1.00000000000001"),
            (0.0, 14, "0"),
            (1e-14, 14, "0.00000000000001"),
            (2.675, 2, "2.67"),
            (1e300, 3, "1e+300"),
            (-0.0, 3, "0"),
            (-1e-300, 40, "0"),
            (4_503_599_627_370_495.5, 3, "4503599627370495.5"),
        ];
        for (number, decimals, text) in rounded {
            assert_eq!(coordinate(number, Some(decimals)), text);
        }
        assert_eq!([float(10.0), float(f64::NAN), float(f64::INFINITY)], ["10.0", "null", "null"]);
    }

    fn is_plain(text: &str) -> bool {
        let (whole, part) = text.split_once('.').unwrap_or((text, "1"));
        let digits = whole.strip_prefix('-').unwrap_or(whole);
        text != "-0" && !part.ends_with('0') && (digits == "0" || !digits.starts_with('0'))
    }

    proptest! {
        #[test]
        fn the_shortest_number_reads_back(number in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
            prop_assert_eq!(coordinate(number, None).parse::<f64>(), Ok(number));
            prop_assert_eq!(float(number).parse::<f64>(), Ok(number));
            prop_assert!(serde_json::from_str::<f64>(&coordinate(number, None)).is_ok());
        }

        #[test]
        fn a_rounded_number_is_the_nearest(
            number in prop_oneof![
                -180.0..180.0f64, -1e7..1e7f64, -1.0..1.0f64, -1e17..1e17f64,
                // Middles, and their neighbours.
                (-100_000i32..100_000).prop_map(|n| f64::from(n) / 8.0),
                (-100_000i32..100_000).prop_map(|n| (f64::from(n) / 2000.0).next_up()),
                (-100_000i32..100_000).prop_map(|n| f64::from(n) / 2000.0),
            ],
            decimals in 0u8..18,
        ) {
            let text = coordinate(number, Some(decimals));
            let expected: f64 = format!("{number:.*}", usize::from(decimals)).parse().unwrap();
            prop_assert_eq!(text.parse::<f64>(), Ok(expected));
            prop_assert!(is_plain(&text) || text.contains('e'), "{}", text);
            prop_assert!(serde_json::from_str::<f64>(&text).is_ok());
        }

        #[test]
        fn a_pair_is_two_numbers(
            pair in prop::array::uniform2(prop_oneof![-180.0..180.0f64, -1e7..1e7f64, any::<i16>().prop_map(|n| f64::from(n) / 8.0), -1e20..1e20f64]),
            decimals in prop::option::of(0u8..18),
        ) {
            let mut out = Vec::new();
            write_pair(pair[0], pair[1], decimals, &mut out);
            let expected = pair.map(|number| coordinate(number, decimals)).join(",");
            prop_assert_eq!(String::from_utf8(out).unwrap(), expected);
        }

        #[test]
        fn no_number_panics(number in any::<f64>().prop_filter("finite", |n| n.is_finite()), decimals: u8) {
            prop_assert!(serde_json::from_str::<f64>(&coordinate(number, Some(decimals))).is_ok());
        }
    }
}
