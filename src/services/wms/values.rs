//! The values of a coverage at a pixel of a map, as a row of its bands.

use std::sync::Arc;

use crate::data::coverage::{Band, CoverageQuery, Resampling};
use crate::data::coverage_gate::CoverageView;
use crate::error::Result;
use crate::model::batch::{Batch, Cell, Layout};
use crate::model::schema::{Field, FieldKind, KeyKind, Schema};

use super::map_area::MapArea;

/// What the rows of values look like: a property for each visible band, and no id.
pub(super) fn schema(view: &CoverageView) -> (Arc<Schema>, Arc<Layout>) {
    let field = |band: &Band| {
        let mut field = Field::new(&band.name, if is_whole(band) { FieldKind::Integer } else { FieldKind::Number });
        field.title.clone_from(&band.description);
        field
    };
    let fields: Vec<Field> = view.grid().bands.iter().map(field).collect();
    let layout = Layout { geometry: false, fields: (0..fields.len()).collect() };
    let schema = Schema { fields, key: (String::new(), KeyKind::Integer), geometry: None, time: None };
    (Arc::new(schema), Arc::new(layout))
}

/// The values at a point of the map; no row where there is none.
pub(super) async fn at(view: &CoverageView, area: &MapArea, (x, y): (f64, f64)) -> Result<Option<Batch>> {
    let (across, down) = area.frame.pixel_size();
    let mut rect = area.frame.rect;
    (rect.min_x, rect.max_x) = (x - across / 2.0, x + across / 2.0);
    (rect.min_y, rect.max_y) = (y - down / 2.0, y + down / 2.0);
    let query = CoverageQuery {
        area: rect,
        crs: area.crs.clone(),
        width: 1,
        height: 1,
        bands: None,
        resampling: Resampling::Nearest,
        opacity: None,
    };
    let mut strips = view.read(&query)?;
    let Some(strip) = strips.next().await else { return Ok(None) };
    let strip = strip?;
    if strip.mask.as_ref().is_some_and(|mask| mask.first() == Some(&0)) {
        return Ok(None);
    }
    let bands = &view.grid().bands;
    let mut batch = Batch::new(1 + bands.len());
    batch.push(Cell::Null);
    for (band, samples) in bands.iter().zip(&strip.bands) {
        let sample = samples.get(0).filter(|sample| Some(*sample) != band.nodata && !sample.is_nan());
        batch.push(sample.map_or(Cell::Null, |sample| value(band, sample)));
    }
    Ok(Some(batch))
}

/// Whether the values of a band are whole numbers.
fn is_whole(band: &Band) -> bool {
    !band.kind.is_float() && band.scale.is_none() && band.offset.is_none()
}

/// A sample in the unit of its band.
fn value(band: &Band, sample: f64) -> Cell {
    if is_whole(band) {
        #[allow(clippy::cast_possible_truncation)] // a whole number of at most 32 bits
        return Cell::Int(sample as i64);
    }
    Cell::Float(sample * band.scale.unwrap_or(1.0) + band.offset.unwrap_or(0.0))
}
