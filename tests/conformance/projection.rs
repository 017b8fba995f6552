//! Coordinates by PROJ alone, in the order of each system's axes: what the server's own are held against.

use gdal::spatial_ref::{CoordTransform, SpatialRef};
use serde_json::Value;

pub(crate) const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
pub(crate) const CRS84H: &str = "http://www.opengis.net/def/crs/OGC/0/CRS84h";

/// The system of a URI; nothing for one that is unknown here.
fn system(uri: &str) -> Option<SpatialRef> {
    if uri == CRS84 || uri == CRS84H {
        return SpatialRef::from_definition("OGC:CRS84").ok();
    }
    let (_, named) = uri.split_once("/def/crs/")?;
    let mut parts = named.split('/');
    let (authority, code) = (parts.next()?, parts.next_back()?);
    // By the definition of the authority: GDAL takes its axes as they are there.
    SpatialRef::from_definition(&format!("{authority}:{code}")).ok()
}

/// How a position of CRS84 is written in another system.
pub(crate) struct Projection {
    transform: CoordTransform,
    /// Metres or feet, not degrees.
    pub(crate) is_projected: bool,
}

impl Projection {
    pub(crate) fn to(uri: &str) -> Option<Self> {
        let target = system(uri)?;
        let transform = CoordTransform::new(&system(CRS84)?, &target).ok()?;
        Some(Self { transform, is_projected: target.is_projected() })
    }

    /// Nothing for what has no place there.
    pub(crate) fn place(&self, [longitude, latitude]: [f64; 2]) -> Option<[f64; 2]> {
        let (mut x, mut y) = ([longitude], [latitude]);
        self.transform.transform_coords(&mut x, &mut y, &mut [0.0]).ok()?;
        (x[0].is_finite() && y[0].is_finite()).then_some([x[0], y[0]])
    }
}

/// A geometry for GEOS; nothing for one that it cannot judge.
pub(crate) fn geometry(geojson: &Value) -> Option<gdal::vector::Geometry> {
    if geojson.is_null() {
        return None;
    }
    let mut made = gdal::vector::Geometry::from_geojson(&geojson.to_string()).ok()?;
    made.flatten_to_2d();
    (!made.is_empty() && made.is_valid()).then_some(made)
}
