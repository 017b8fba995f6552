//! Columns whose types GDAL guesses from text, of which it looks at a part, and takes 01067 for a number and 2020-02-30 for a day: what
//! it makes of each value is compared with the text.

use gdal_sys::{OGRFieldSubType, OGRFieldType};

use super::{As, Retyped};
use crate::sources::gdal::vector::ogr::{Feature, Source};
use crate::sources::gdal::vector::{cells, times};

/// Whole numbers up to here are floats as well.
const EXACT: i128 = 1 << 53;

/// A column with a guessed type.
#[allow(clippy::struct_excessive_bools)] // each is what one kind of value says
struct Column {
    index: usize,
    name: String,
    kind: OGRFieldType::Type,
    /// Every value is what GDAL makes of it.
    fits: bool,
    /// Every value is a whole number of 64 bits.
    is_whole: bool,
    /// Every value is a number that a float has.
    is_number: bool,
    /// Every value is a time of this kind.
    is_time: bool,
    /// There is a whole number beyond 64 bits that nobody has said to be a float.
    is_beyond: bool,
    /// There is a value that is written otherwise than as a whole number.
    is_broken: bool,
}

/// What is known of a format beside its values.
#[derive(Clone, Copy)]
pub(super) struct Given {
    /// Somebody has said the types: a number of his may begin with 0.
    pub(super) is_said: bool,
    /// Only texts are guessed at, numbers are such as they are written.
    pub(super) only_times: bool,
    /// Times are texts already where they are not guessed.
    pub(super) are_texts: bool,
}

/// The columns that have another type than GDAL says. `None` where GDAL lets no types be changed.
pub(super) fn misfits(typed: &mut Source, texts: &mut Source, given: Given) -> Option<Vec<Retyped>> {
    let mut misfits = Vec::new();
    for layer in 0..typed.layer_names().len() {
        let mut columns = guessed(typed, layer, given.only_times);
        if columns.is_empty() {
            continue;
        }
        let own: Vec<usize> = columns.iter().map(|column| column.index).collect();
        if !own.iter().all(|&field| texts.retype(layer, field, OGRFieldType::OFTString)) {
            return None;
        }
        compare(typed, texts, layer, &mut columns, given.is_said);
        misfits.extend(columns.into_iter().filter(|column| !column.fits() || given.are_texts).map(|column| Retyped {
            layer,
            field: column.index,
            kind: if column.is_code() { As::Kind(OGRFieldType::OFTString) } else { column.widened() },
            name: column.name,
            was_time_of_day: column.kind == OGRFieldType::OFTTime,
        }));
    }
    Some(misfits)
}

fn guessed(typed: &mut Source, layer: usize, only_times: bool) -> Vec<Column> {
    let fields = typed.layer(layer).map(|layer| layer.fields()).unwrap_or_default();
    let column = |(index, field): (usize, crate::sources::gdal::vector::ogr::FieldDefinition)| {
        let is_guessed = match field.kind {
            OGRFieldType::OFTDate | OGRFieldType::OFTTime | OGRFieldType::OFTDateTime => true,
            OGRFieldType::OFTInteger | OGRFieldType::OFTInteger64 | OGRFieldType::OFTReal => !only_times,
            _ => false,
        };
        (is_guessed && field.subtype != OGRFieldSubType::OFSTBoolean).then_some(Column {
            index,
            name: field.name,
            kind: field.kind,
            fits: true,
            is_whole: true,
            is_number: true,
            is_time: field.kind != OGRFieldType::OFTTime,
            is_beyond: false,
            is_broken: false,
        })
    };
    fields.into_iter().enumerate().filter_map(column).collect()
}

/// Reads a layer twice at once: with its types, and as text.
fn compare(typed: &mut Source, texts: &mut Source, layer: usize, columns: &mut [Column], is_said: bool) {
    let (Some(mut typed), Some(mut texts)) = (typed.layer(layer), texts.layer(layer)) else { return };
    typed.rewind();
    texts.rewind();
    while let (Some(value), Some(mut text)) = (typed.next(), texts.next()) {
        for column in &mut *columns {
            if let Some(text) = text.text(column.index) {
                column.add(text, &value, is_said);
            }
        }
        if columns.iter().all(Column::is_text) {
            return;
        }
    }
}

impl Column {
    fn add(&mut self, text: &[u8], value: &Feature<'_>, is_said: bool) {
        let text = std::str::from_utf8(text).unwrap_or("?").trim();
        let is_kept = is_said || !begins_with_zero(text);
        let whole = text.parse::<i64>().ok().filter(|_| is_kept);
        self.is_whole &= whole.is_some();
        self.is_number &= is_kept && is_float(text);
        let is_plain = is_whole(text);
        self.is_broken |= !is_plain;
        let is_said = is_said && self.kind == OGRFieldType::OFTReal;
        self.is_beyond |= is_plain && !is_said && text.parse::<i64>().is_err();
        self.fits &= match self.kind {
            OGRFieldType::OFTInteger | OGRFieldType::OFTInteger64 => {
                whole.is_some() && value.integer(self.index) == whole
            }
            OGRFieldType::OFTReal => {
                // In a file with semicolons GDAL reads decimals with a comma.
                let text = if text.contains('.') { text.to_owned() } else { text.replacen(',', ".", 1) };
                let is_same = |number: f64| {
                    text.parse::<f64>()
                        .is_ok_and(|own| own.to_bits() == number.to_bits() || own.is_nan() && number.is_nan())
                };
                is_kept && is_exact(&text) && value.number(self.index).is_some_and(is_same)
            }
            OGRFieldType::OFTDate => {
                let own = times::date(text);
                self.is_time &= own.is_some();
                own.is_some() && value.moment(self.index).and_then(|it| cells::date(&it)) == own
            }
            OGRFieldType::OFTDateTime => {
                let own = times::instant(text);
                self.is_time &= own.is_some();
                own.is_some() && value.moment(self.index).and_then(|it| cells::instant(&it)) == own
            }
            // Of 1:2 it makes 01:02:00.
            _ => false,
        };
    }

    /// Whole numbers beyond 64 bits alone are codes, also those that a float happens to have.
    fn is_code(&self) -> bool {
        self.is_beyond && !self.is_broken
    }

    fn fits(&self) -> bool {
        self.fits && !self.is_code()
    }

    fn is_text(&self) -> bool {
        !self.fits && matches!(self.widened(), As::Kind(OGRFieldType::OFTString))
    }

    /// The type that has every value.
    fn widened(&self) -> As {
        let is_whole = matches!(self.kind, OGRFieldType::OFTInteger | OGRFieldType::OFTInteger64);
        if is_whole && self.is_whole {
            As::Kind(OGRFieldType::OFTInteger64)
        } else if is_whole && self.is_number {
            As::Kind(OGRFieldType::OFTReal)
        } else if self.is_time && matches!(self.kind, OGRFieldType::OFTDate | OGRFieldType::OFTDateTime) {
            As::Time(self.kind)
        } else {
            As::Kind(OGRFieldType::OFTString)
        }
    }
}

/// Whether a number is written with a zero before its digits: it is a code.
fn begins_with_zero(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text).as_bytes();
    digits.first() == Some(&b'0') && digits.get(1).is_some_and(u8::is_ascii_digit)
}

/// Whether a float has the number with every digit, where it is written as a whole one.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // which is what is asked
fn is_exact(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !is_whole(text) {
        return true;
    }
    digits.parse::<i128>().is_ok_and(|whole| whole <= EXACT || (whole as f64) as i128 == whole)
}

/// Whether a number is written as a whole one.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_float(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite) && is_exact(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_from_numbers() {
        for code in ["01067", "-05", "+00", "00", "007.5"] {
            assert!(begins_with_zero(code), "{code}");
        }
        for number in ["0", "-0", "0.5", "-0.5", "10", "", "-", "."] {
            assert!(!begins_with_zero(number), "{number}");
        }
        assert!(is_exact("9007199254740992") && !is_exact("9007199254740993") && !is_exact("123456789012345678901"));
        assert!(is_exact("100000000000000000000") && is_exact("0.1234567890123456789") && is_exact("1e300"));
        assert!(!is_exact(&"9".repeat(60)));
    }
}
