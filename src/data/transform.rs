//! Reprojection, by PROJ through GDAL: the one place that moves coordinates between systems. Coordinates are always x
//! before y (longitude before latitude) here; what order an authority wants is a matter of those who write.

use std::cell::RefCell;

use gdal::spatial_ref::{AxisMappingStrategy, CoordTransform, CoordTransformOptions, SpatialRef};

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::error::{Error, Kind, Result};
use crate::model::batch::Batch;
use crate::model::geometry::rewrite_xy;

/// A transform is not `Send` and dear to make, so each thread keeps those that it used last.
const KEPT: usize = 16;

thread_local! {
    static TRANSFORMS: RefCell<Vec<((Crs, Crs), CoordTransform)>> = const { RefCell::new(Vec::new()) };
}

fn reference(crs: &Crs) -> Result<SpatialRef> {
    let made = match crs {
        Crs::Crs84 => SpatialRef::from_epsg(4326),
        Crs::Crs84h => SpatialRef::from_epsg(4979),
        Crs::Epsg(code) => SpatialRef::from_epsg(*code),
        Crs::Definition(text) => SpatialRef::from_definition(text),
    };
    let mut reference =
        made.map_err(|cause| Error::new(Kind::UnknownCrs, format!("{crs} is not known")).because(cause))?;
    reference.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
    Ok(reference)
}

fn with_transform<T>(from: &Crs, to: &Crs, run: impl FnOnce(&CoordTransform) -> Result<T>) -> Result<T> {
    TRANSFORMS.with_borrow_mut(|kept| {
        let found = kept.iter().position(|((a, b), _)| a == from && b == to);
        let at = if let Some(at) = found {
            at
        } else {
            let options = CoordTransformOptions::new().map_err(Error::internal)?;
            let made = CoordTransform::new_with_options(&reference(from)?, &reference(to)?, &options);
            let made = made.map_err(|cause| {
                Error::new(Kind::UnknownCrs, format!("there is no way from {from} to {to}")).because(cause)
            })?;
            if kept.len() == KEPT {
                kept.remove(0);
            }
            kept.push(((from.clone(), to.clone()), made));
            kept.len() - 1
        };
        run(&kept[at].1)
    })
}

/// Whether coordinates can be brought from one system to the other.
pub fn check(from: &Crs, to: &Crs) -> Result<()> {
    with_transform(from, to, |_| Ok(()))
}

/// Brings the geometries in a column of a batch into another system, in place. A point that has no place there becomes
/// infinite (PROJ moves the others all the same), and its geometry is written as null.
pub fn reproject(batch: &mut Batch, cell: usize, from: &Crs, to: &Crs) -> Result<()> {
    with_transform(from, to, |transform| {
        batch.blobs_mut(cell, |geometry| {
            // Malformed bytes stay as they are: the encoder meets them again and tells.
            let _ = rewrite_xy(geometry, &mut |xs, ys| transform.transform_coords(xs, ys, &mut []).is_ok());
        });
        Ok(())
    })
}

/// The smallest rectangle around a rectangle in another system; its edges are followed, for they bend.
pub fn rectangle(rect: &Rect, from: &Crs, to: &Crs) -> Result<Rect> {
    with_transform(from, to, |transform| {
        let bounds = [rect.min_x, rect.min_y, rect.max_x, rect.max_y];
        let [min_x, min_y, max_x, max_y] = transform
            .transform_bounds(&bounds, 21)
            .map_err(|cause| Error::new(Kind::OutOfRange, format!("the box has no place in {to}")).because(cause))?;
        Ok(Rect { min_x, min_y, max_x, max_y })
    })
}
