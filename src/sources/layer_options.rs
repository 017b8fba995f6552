//! What a project file says of a layer that the source itself does not say, or says otherwise.

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::model::schema::{Field, FieldKind, TimeFields};

/// How a layer is read.
#[derive(Clone, Debug, Default)]
pub struct LayerOptions {
    /// The column of the instant or of the start, and that of the end. Otherwise the first with instants, else the first
    /// with days, is the instant.
    pub time: Option<(String, Option<String>)>,
    /// The column that makes the ids: unique, and never null. Otherwise that which the source has for them.
    pub id: Option<String>,
    /// The reference system, in place of that of the source.
    pub crs: Option<Crs>,
}

impl LayerOptions {
    /// The fields of time: those that are named, else the first with instants, else the first with days.
    pub(super) fn time_fields(&self, fields: &[Field]) -> Result<Option<TimeFields>, String> {
        let first = |kind: FieldKind| fields.iter().position(|field| field.kind == kind);
        let Some((start, end)) = &self.time else {
            let start = first(FieldKind::DateTime).or_else(|| first(FieldKind::Date));
            return Ok(start.map(|start| TimeFields { start, end: None }));
        };
        let named = |name: &String| {
            let at = fields.iter().position(|field| field.name == *name);
            let at = at.ok_or_else(|| format!("there is no column '{name}' for its time"))?;
            match fields[at].kind {
                FieldKind::Date | FieldKind::DateTime => Ok(at),
                _ => Err(format!("the column '{name}' for its time has neither days nor instants")),
            }
        };
        Ok(Some(TimeFields { start: named(start)?, end: end.as_ref().map(named).transpose()? }))
    }
}

/// Whether what lies in these rectangles of a layer that says no reference system may be longitudes and latitudes, by a good
/// measure: some count on over the date line, some round a bit past a pole.
pub(super) fn in_degrees(rects: impl IntoIterator<Item = Rect>) -> Result<(), String> {
    let corners = rects.into_iter().flat_map(|rect| [(rect.min_x, rect.min_y), (rect.max_x, rect.max_y)]);
    let mut corners = corners.filter(|(x, y)| x.is_finite() && y.is_finite());
    let Some((x, y)) = corners.find(|(x, y)| x.abs() > 540.0 || y.abs() > 100.0) else { return Ok(()) };
    Err(format!(
        "its coordinates ({x} {y}) are no longitude and latitude, and it does not say its reference system: name it with \
         crs = \"EPSG:…\" in the project file"
    ))
}
