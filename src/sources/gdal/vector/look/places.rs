//! Rows of CSV whose columns of places have something that is no geometry: GDAL gives them none and says nothing.

use std::ffi::CString;

use gdal_sys::OGRFieldType;

use crate::sources::gdal::vector::ogr::{FieldDefinition, Source};

/// How many rows there are, and the number of the first.
pub(super) struct Lost {
    pub(super) rows: u64,
    pub(super) first: i64,
}

/// Looks at all rows: `plain` is the file as it is served, `shown` the same with the columns of places beside the others.
pub(super) fn lost(plain: &mut Source, shown: &mut Source) -> Option<Lost> {
    let served = plain.layer(0)?.fields();
    let fields = shown.layer(0)?.fields();
    let places = hidden(&served, &fields);
    if places.is_empty() || !places.iter().all(|&field| shown.retype(0, field, OGRFieldType::OFTString)) {
        return None;
    }
    let mut layer = shown.layer(0)?;
    let others = fields.iter().enumerate().filter(|(index, _)| !places.contains(index));
    let others: Vec<CString> = others.filter_map(|(_, field)| CString::new(field.name.as_str()).ok()).collect();
    layer.ignore(&others);
    layer.rewind();
    let (mut lost, mut wkb) = (None::<Lost>, Vec::new());
    while let Some(mut row) = layer.next() {
        let has_text = |field: &usize| row.text(*field).is_some_and(|text| !text.trim_ascii().is_empty());
        if places.iter().any(has_text) && !row.wkb(&mut wkb) {
            lost.get_or_insert(Lost { rows: 0, first: row.id() }).rows += 1;
        }
    }
    lost
}

/// The places of fields that are not served.
fn hidden(served: &[FieldDefinition], all: &[FieldDefinition]) -> Vec<usize> {
    let mut served = served.iter().map(|field| &field.name).peekable();
    let is_hidden = |(_, field): &(usize, &FieldDefinition)| served.next_if(|name| **name == field.name).is_none();
    all.iter().enumerate().filter(is_hidden).map(|(index, _)| index).collect()
}
