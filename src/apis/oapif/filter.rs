//! A client's filter (Part 3): CQL2 in one of its forms, onto the one tree, and checked against what the client may see.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::base::crs::Crs;
use crate::error::{Error, Kind, Result};
use crate::expr::{Expr, Misfit, cql2};
use crate::model::schema::{FieldKind, Schema};

/// The language of a filter
#[derive(Clone, Copy, Deserialize, PartialEq, ToSchema)]
pub(super) enum Language {
    /// CQL2 as text
    #[serde(rename = "cql2-text")]
    Text,
    /// CQL2 as JSON
    #[serde(rename = "cql2-json")]
    Json,
    /// CQL2 as text by an older name, with ILIKE, as GDAL sends it
    #[serde(rename = "cql-text")]
    Older,
}

/// Reads a filter whose coordinates are in this system, in the order of its axes.
pub(super) fn read(text: &str, language: Language, crs: Crs, schema: &Schema) -> Result<Expr> {
    let wrong = |what: String| Error::new(Kind::InvalidParameter, format!("parameter 'filter': {what}")).at("filter");
    let is_swapped = crs.is_lat_first();
    let frame = cql2::Frame { crs, is_swapped };
    let form = match language {
        Language::Text => cql2::Form::Text,
        Language::Older => cql2::Form::Older,
        Language::Json => cql2::Form::Json,
    };
    let checked = cql2::parse_for(text, form, &frame, schema).map_err(|fault| wrong(fault.to_string()))?;
    // Bytes are no queryables, not even for IS NULL.
    let fields = checked.fields(schema).map_err(wrong)?;
    match fields.into_iter().map(|field| &schema.fields[field]).find(|field| field.kind == FieldKind::Binary) {
        Some(field) => {
            let misfit =
                Misfit::of(&field.name, format!("'{}' is bytes, by which no feature can be chosen", field.name));
            Err(wrong(cql2::place(text, form, &frame, schema, &misfit).to_string()))
        }
        None => Ok(checked),
    }
}
