//! Reads the two forms in which GeoPackage stores days and instants, which is all that most files have. A filter by time
//! reads one for each row; everything else is left to the general parser.

use crate::base::datetime::{Date, Instant};

/// `2018-02-12`
pub(super) fn date(text: &[u8]) -> Option<Date> {
    let &[a, b, c, d, b'-', m, n, b'-', e, f] = text else { return None };
    let (year, month, day) = (two(a, b)? * 100 + two(c, d)?, two(m, n)?, two(e, f)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the leap day is their last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(Date(before + (153 * month + 2) / 5 + day - 1 - 719_468))
}

/// `2018-02-12T23:20:50Z`, with up to six decimals.
pub(super) fn instant(text: &[u8]) -> Option<Instant> {
    let (day, rest) = text.split_first_chunk::<10>()?;
    let &[b'T', h, i, b':', m, j, b':', s, k, ref rest @ ..] = rest else { return None };
    let (hour, minute, second) = (two(h, i)?, two(m, j)?, two(s, k)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let micros = match rest {
        b"Z" | b".000Z" => 0,
        [b'.', decimals @ .., b'Z'] if (1..=6).contains(&decimals.len()) => {
            number(decimals)? * 10i32.pow(6 - u32::try_from(decimals.len()).ok()?)
        }
        _ => return None,
    };
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    Some(Instant(date(day)?.start().0 + seconds * 1_000_000 + i64::from(micros)))
}

fn two(ten: u8, one: u8) -> Option<i32> {
    let (ten, one) = (ten.wrapping_sub(b'0'), one.wrapping_sub(b'0'));
    (ten < 10 && one < 10).then(|| i32::from(ten) * 10 + i32::from(one))
}

fn number(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn days_are_what_the_general_parser_reads(year in 0u32..10000, month in 0u32..14, day in 0u32..33) {
            let text = format!("{year:04}-{month:02}-{day:02}");
            prop_assert_eq!(date(text.as_bytes()), Date::parse(&text));
        }

        #[test]
        fn what_is_read_is_what_the_general_parser_reads(
            text in "[0-2][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,8})?[Zz+ ]?",
        ) {
            if let Some(at) = instant(text.as_bytes()) {
                prop_assert_eq!(Some(at), Instant::parse_stored(&text));
            }
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..30)) {
            let _ = (date(&bytes), instant(&bytes));
        }
    }

    #[test]
    fn the_usual_forms_need_no_other_parser() {
        for text in ["2018-02-12T23:20:50Z", "0000-03-01T00:00:00.5Z", "9999-12-31T23:59:59.999999Z"] {
            assert!(instant(text.as_bytes()).is_some(), "{text}");
        }
    }
}
