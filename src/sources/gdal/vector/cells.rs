//! What OGR holds as cells of the type that the schema says.

use gdal_sys::OGRFieldType;

use super::ogr::{Feature, List, Moment};
use super::schema::Column;
use super::times;
use crate::base::datetime::{Date, Instant};
use crate::model::batch::{Batch, Cell};
use crate::model::schema::KeyKind;

/// Appends a property.
pub(super) fn push(batch: &mut Batch, feature: &mut Feature<'_>, column: &Column) {
    let field = column.index;
    let cell = match column.kind {
        OGRFieldType::OFTInteger if column.is_boolean => feature.integer(field).map(|truth| Cell::Bool(truth != 0)),
        OGRFieldType::OFTInteger | OGRFieldType::OFTInteger64 => feature.integer(field).map(Cell::Int),
        OGRFieldType::OFTReal => feature.number(field).map(Cell::Float),
        OGRFieldType::OFTDate | OGRFieldType::OFTDateTime if column.is_text => {
            let read = feature.text(field).map(text);
            read.and_then(|text| match column.kind {
                OGRFieldType::OFTDate => times::date(&text).map(Cell::Date),
                _ => times::instant(&text).map(Cell::Instant),
            })
        }
        OGRFieldType::OFTDate => feature.moment(field).and_then(|moment| date(&moment)).map(Cell::Date),
        OGRFieldType::OFTDateTime => feature.moment(field).and_then(|moment| instant(&moment)).map(Cell::Instant),
        OGRFieldType::OFTBinary => {
            return match feature.binary(field) {
                Some(bytes) => batch.push_blob(bytes),
                None => batch.push(Cell::Null),
            };
        }
        OGRFieldType::OFTIntegerList
        | OGRFieldType::OFTInteger64List
        | OGRFieldType::OFTRealList
        | OGRFieldType::OFTStringList => {
            return match feature.list(field, column.kind) {
                Some(list) => batch.push_text(&json(&list)),
                None => batch.push(Cell::Null),
            };
        }
        _ => {
            return match feature.text(field) {
                Some(bytes) => push_text(batch, bytes),
                None => batch.push(Cell::Null),
            };
        }
    };
    batch.push(cell.unwrap_or(Cell::Null));
}

/// Appends an id: the column's value, or OGR's number, or the place in the file.
pub(super) fn push_id(
    batch: &mut Batch,
    feature: &mut Feature<'_>,
    column: Option<&Column>,
    kind: KeyKind,
    place: Option<u64>,
) {
    match (column, place) {
        (Some(column), _) if kind == KeyKind::String => match feature.text(column.index) {
            Some(bytes) => push_text(batch, bytes),
            None => batch.push(Cell::Null),
        },
        (Some(column), _) => batch.push(feature.integer(column.index).map_or(Cell::Null, Cell::Int)),
        (None, Some(place)) => batch.push(Cell::Int(i64::try_from(place).unwrap_or(i64::MAX))),
        (None, None) => batch.push(Cell::Int(feature.id())),
    }
}

/// Text as files have it: UTF-8, which GDAL makes of what it knows the encoding of, else the encoding of old Windows.
pub(super) fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

fn push_text(batch: &mut Batch, bytes: &[u8]) {
    batch.push_text(&text(bytes));
}

pub(super) fn date(moment: &Moment) -> Option<Date> {
    let (month, day) = (u32::try_from(moment.month).ok()?, u32::try_from(moment.day).ok()?);
    let date = chrono::NaiveDate::from_ymd_opt(moment.year, month, day)?;
    let days = date.signed_duration_since(chrono::NaiveDate::default()).num_days();
    i32::try_from(days).ok().map(Date)
}

/// The instant of a moment; without a zone it is UTC, as it is in every other source.
pub(super) fn instant(moment: &Moment) -> Option<Instant> {
    // A quarter of an hour for each step from 100.
    let east = if moment.zone > 1 { i64::from(moment.zone - 100) * 15 } else { 0 };
    let minutes = i64::from(moment.hour) * 60 + i64::from(moment.minute) - east;
    #[allow(clippy::cast_possible_truncation)] // a second of a minute, to the thousandth that 32 bits can tell
    let millis = (f64::from(moment.second) * 1000.0).round() as i64;
    Some(Instant(date(moment)?.start().0 + minutes * 60_000_000 + millis * 1000))
}

/// A list as a JSON document.
fn json(list: &List<'_>) -> String {
    let value = match list {
        List::Integers(numbers) => serde_json::to_string(numbers),
        List::LongIntegers(numbers) => serde_json::to_string(numbers),
        List::Numbers(numbers) => serde_json::to_string(numbers),
        List::Texts(texts) => serde_json::to_string(&texts.iter().map(|it| text(it.to_bytes())).collect::<Vec<_>>()),
    };
    value.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_utc_unless_they_say_their_zone() {
        let at = |zone, second| Moment { year: 2024, month: 2, day: 29, hour: 12, minute: 30, second, zone };
        let told = |moment: Moment| instant(&moment).unwrap().to_string();
        assert_eq!(told(at(0, 1.5)), "2024-02-29T12:30:01.5Z");
        assert_eq!(told(at(100, 59.999)), "2024-02-29T12:30:59.999Z");
        assert_eq!(told(at(104, 0.0)), "2024-02-29T11:30:00Z");
        assert_eq!(told(at(78, 0.0)), "2024-02-29T18:00:00Z");
        assert!(instant(&Moment { month: 13, ..at(0, 0.0) }).is_none());
        assert_eq!(date(&at(0, 0.0)).unwrap().to_string(), "2024-02-29");
    }

    #[test]
    fn text_of_another_encoding_is_that_of_old_windows() {
        assert_eq!(text("Zürich".as_bytes()), "Zürich");
        assert_eq!(text(b"Z\xfcrich \x80"), "Zürich €");
    }
}
