//! What PROJ's database knows of a reference system, looked up once.

use std::collections::HashMap;
use std::f64::consts::PI;
use std::sync::{Arc, Mutex, PoisonError};

use gdal::spatial_ref::{AxisMappingStrategy, CoordTransform, SpatialRef};
use serde_json::Value;

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::error::{Error, Kind, Result};
use crate::model::schema::Schema;

/// Metres of a degree on the equator of WGS 84, by which the classic services measure scales.
pub const METRES_PER_DEGREE: f64 = 111_319.490_793_273_57;

/// Facts about a system.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Its name for people.
    pub name: String,
    /// Whether the authority has north or latitude before east or longitude.
    pub is_lat_first: bool,
    /// Whether it has places on the ground: neither heights alone, nor distances from the centre of the Earth.
    pub is_plane: bool,
    /// Whether its coordinates are angles.
    pub is_geographic: bool,
    /// Length of its unit in metres; that of a degree on the equator where it is geographic.
    pub metres_per_unit: f64,
    /// Where it is meant to be used, in longitude and latitude; `min_x` is greater than `max_x` across the date line.
    pub area_of_use: Option<Rect>,
    /// The longitude in its middle, where it is a projection that has one.
    pub(super) middle: Option<f64>,
    /// The family that the projection is of.
    pub(super) family: Family,
    /// Where the world goes on along x without an end: how much further the same place comes again.
    pub turn: Option<f64>,
    /// How far the poles are from the equator along y there, or where square maps end that have none.
    pub(super) pole: f64,
}

/// How far a projection is good, by how it is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Family {
    /// Mercator's: good all the way round, but not up to the poles.
    Mercator,
    /// Meridians run down from pole to pole: good everywhere.
    World,
    /// Lambert's azimuthal: good everywhere but opposite to its centre, which is at this latitude.
    Azimuthal(f64),
    /// Mercator's laid across, by zones: good around its middle.
    Transverse,
    /// Any other, and none.
    Other,
}

/// Names of projections that are good everywhere, as GDAL spells them, or how they begin.
const WORLDS: [&str; 9] = [
    "Equirectangular",
    "Cylindrical_Equal_Area",
    "Miller_Cylindrical",
    "Mollweide",
    "Robinson",
    "Sinusoidal",
    "Eckert_",
    "Winkel_Tripel",
    "Wagner_",
];

/// What GDAL calls `OAO_North`.
const NORTH: u32 = 1;
/// What GDAL calls `OAO_East`.
const EAST: u32 = 3;

/// Facts that are kept; definitions come from files, so there are few.
const KEPT: usize = 1024;

/// The facts about a system; an error where nobody knows it.
pub fn of(crs: &Crs) -> Result<Arc<Reference>> {
    static KNOWN: Mutex<Option<HashMap<Crs, Arc<Reference>>>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    if let Some(found) = known.get(crs) {
        return Ok(found.clone());
    }
    let found = Arc::new(looked_up(crs)?);
    if known.len() >= KEPT {
        known.clear();
    }
    known.insert(crs.clone(), found.clone());
    Ok(found)
}

/// The same of a system in which places on the ground can be given; an error where it has none.
pub fn of_places(crs: &Crs) -> Result<Arc<Reference>> {
    let found = of(crs)?;
    if found.is_plane {
        return Ok(found);
    }
    let what = format!("{crs} ({}) has no places on the ground: it is neither geographic nor projected", found.name);
    Err(Error::new(Kind::UnknownCrs, what))
}

impl Crs {
    /// Whether the authority wants latitude or north before longitude or east where coordinates are exchanged.
    pub fn is_lat_first(&self) -> bool {
        match self {
            Self::Epsg(_) => of(self).is_ok_and(|reference| reference.is_lat_first),
            Self::Crs84 | Self::Crs84h | Self::Definition(_) => false,
        }
    }
}

/// Decimals with which coordinates are written: those that were wished for, or all that the source has; where they were moved, a thousandth of a
/// millimetre, for what follows is the noise of arithmetic.
pub fn decimals(wished: Option<u8>, schema: &Schema, crs: &Crs) -> Option<u8> {
    let is_moved = schema.geometry.as_ref().is_some_and(|geometry| !geometry.crs.is_same_plane(crs));
    if wished.is_some() || !is_moved {
        return wished;
    }
    let units = of(crs).map_or(1.0, |reference| reference.metres_per_unit) * 1e6;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // at most fifteen
    Some(units.log10().round().clamp(0.0, 15.0) as u8)
}

/// GDAL's own description of a system, x before y.
pub(super) fn spatial_ref(crs: &Crs) -> Result<SpatialRef> {
    let made = match crs {
        Crs::Crs84 => SpatialRef::from_epsg(4326),
        Crs::Crs84h => SpatialRef::from_epsg(4979),
        Crs::Epsg(code) => SpatialRef::from_epsg(*code),
        Crs::Definition(text) => SpatialRef::from_definition(text),
    };
    let mut made = made.map_err(|cause| Error::new(Kind::UnknownCrs, format!("{crs} is not known")).because(cause))?;
    made.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
    Ok(made)
}

/// The part of a system that says where on the ground something is. Heights are not moved; and for a height without a grid
/// PROJ would leave out the change of datum on the ground as well, a hundred metres and more.
pub(super) fn ground(crs: &Crs) -> Result<SpatialRef> {
    part(crs).map(|(_, found)| found)
}

/// The same part as a system of its own, by its code where it has one: that of what has no heights, as a raster, whatever
/// its file names.
pub fn horizontal(crs: &Crs) -> Result<Crs> {
    let (part, found) = part(crs)?;
    Ok(without_height(&found).unwrap_or(part))
}

/// A geographic system that has the height above the ellipsoid for a third axis, without that.
fn without_height(whole: &SpatialRef) -> Option<Crs> {
    let document = whole.is_geographic().then(|| whole.to_projjson().ok()).flatten()?;
    let mut document: Value = serde_json::from_str(&document).ok()?;
    let axes = document["coordinate_system"]["axis"].as_array_mut().filter(|axes| axes.len() == 3)?;
    axes.pop();
    // Which is that of another.
    document.as_object_mut()?.remove("id");
    Some(Crs::Definition(document.to_string().into()))
}

fn part(crs: &Crs) -> Result<(Crs, SpatialRef)> {
    let crs = match crs {
        Crs::Crs84h => Crs::Crs84,
        Crs::Epsg(4979) => Crs::Epsg(4326),
        other => other.clone(),
    };
    let whole = spatial_ref(&crs)?;
    if !whole.is_compound() {
        return Ok((crs, whole));
    }
    let document: Value =
        serde_json::from_str(&whole.to_projjson().map_err(Error::internal)?).map_err(Error::internal)?;
    let part = &document["components"][0];
    let code = part["id"]["code"].as_u64().filter(|_| part["id"]["authority"] == "EPSG");
    let part = match code.and_then(|code| u32::try_from(code).ok()) {
        Some(code) => Crs::Epsg(code),
        None => Crs::Definition(part.to_string().into()),
    };
    let found = spatial_ref(&part)?;
    Ok((part, found))
}

/// The same system by a definition that says all of it, where a name of another authority or a text for PROJ is its
/// definition; formats that have room for one write it.
pub fn spelled_out(crs: Crs) -> Crs {
    match &crs {
        // WKT says it.
        Crs::Definition(text) if !text.ends_with(']') => {
            let text = spatial_ref(&crs).ok().and_then(|found| found.to_wkt().ok());
            text.filter(|text| !text.is_empty()).map_or(crs, |text| Crs::Definition(text.into()))
        }
        _ => crs,
    }
}

fn looked_up(crs: &Crs) -> Result<Reference> {
    super::transform::quiet();
    let found = spatial_ref(crs)?;
    let is_geographic = found.is_geographic();
    let metres_per_unit =
        if is_geographic { found.angular_units().to_degrees() * METRES_PER_DEGREE } else { found.linear_units() };
    let area_of_use = found.area_of_use().map(|area| Rect {
        min_x: area.west_lon_degree,
        min_y: area.south_lat_degree,
        max_x: area.east_lon_degree,
        max_y: area.north_lat_degree,
    });
    let parameter = |name: &str| found.get_proj_param(name).ok().flatten();
    let middles = ["central_meridian", "longitude_of_center", "longitude_of_origin"];
    let family = if is_geographic { Family::Other } else { family(&found) };
    let (turn, pole) = match family {
        _ if is_geographic => Some(2.0 * PI / found.angular_units()).map(|turn| (turn, turn / 4.0)),
        Family::Mercator => around(&found).map(|turn| (turn, turn / 2.0)),
        Family::World => cylinder(&found, middles.into_iter().find_map(parameter).unwrap_or(0.0)),
        _ => None,
    }
    .unzip();
    Ok(Reference {
        family,
        turn,
        pole: pole.unwrap_or_default(),
        name: found.name().unwrap_or_else(|| crs.to_string()),
        is_lat_first: matches!(crs, Crs::Epsg(_)) && has_north_first(&found),
        is_plane: is_geographic || found.is_projected(),
        is_geographic,
        metres_per_unit,
        area_of_use,
        middle: middles.into_iter().find_map(parameter).filter(|_| !is_geographic),
    })
}

fn family(reference: &SpatialRef) -> Family {
    let Ok(Some(name)) = reference.get_attr_value("PROJECTION", 0) else { return Family::Other };
    match name.as_str() {
        "Mercator_1SP" | "Mercator_2SP" | "Mercator" | "Mercator_Auxiliary_Sphere" => Family::Mercator,
        "Transverse_Mercator" => Family::Transverse,
        "Lambert_Azimuthal_Equal_Area" => {
            let centre = reference.get_proj_param("latitude_of_center").ok().flatten();
            centre.map_or(Family::Other, Family::Azimuthal)
        }
        name if WORLDS.iter().any(|start| name.starts_with(start)) => Family::World,
        _ => Family::Other,
    }
}

/// How long the equator is on a map of Mercator's.
fn around(reference: &SpatialRef) -> Option<f64> {
    let (major, minor) = (reference.semi_major().ok()?, reference.semi_minor().ok()?);
    let scale = match reference.get_proj_param("standard_parallel_1").ok()? {
        Some(latitude) => {
            let (sine, cosine) = latitude.to_radians().sin_cos();
            cosine / (1.0 - (1.0 - (minor / major).powi(2)) * sine * sine).sqrt()
        }
        None => reference.get_proj_param("scale_factor").ok()?.unwrap_or(1.0),
    };
    let length = 2.0 * PI * major * scale / reference.linear_units();
    (length.is_finite() && length > 0.0).then_some(length)
}

/// How wide the world is, and how far its poles are from the equator, in a projection whose meridians are upright and evenly
/// spaced: none of the others go on along x.
fn cylinder(reference: &SpatialRef, middle: f64) -> Option<(f64, f64)> {
    let mut degrees = reference.geog_cs().ok()?;
    degrees.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
    let mut xs = [-90.0, 90.0, 45.0, 45.0, 45.0].map(|by| middle + by);
    let mut ys = [0.0, 0.0, 90.0, 50.0, -70.0];
    CoordTransform::new(&degrees, reference).ok()?.transform_coords(&mut xs, &mut ys, &mut []).ok()?;
    let turn = 2.0 * (xs[1] - xs[0]);
    let is_even = xs[2..].iter().all(|x| (x - (xs[0] + turn * 0.375)).abs() < turn * 1e-12);
    (is_even && turn.is_finite() && turn > 0.0).then_some((turn, (ys[2] - ys[0]).abs()))
}

/// Whether the first axis runs north and the second east; at a pole all run south (or north), and their names tell.
fn has_north_first(reference: &SpatialRef) -> bool {
    let node = if reference.is_geographic() { "GEOGCS" } else { "PROJCS" };
    let axis = |at| reference.axis_orientation(node, at).ok();
    let is_called =
        |at, word: &str| reference.axis_name(node, at).is_ok_and(|name| name.to_ascii_lowercase().starts_with(word));
    match (axis(0), axis(1)) {
        (Some(NORTH), Some(EAST)) => true,
        (Some(first), Some(second)) if first == second => is_called(0, "northing") && is_called(1, "easting"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_says_which_axis_comes_first() {
        for code in [4326, 4258, 2180, 31467, 3035, 32661, 4979] {
            assert!(Crs::Epsg(code).is_lat_first(), "{code}");
        }
        for code in [3857, 32633, 2056, 2263, 25832, 5972, 3031, 3995] {
            assert!(!Crs::Epsg(code).is_lat_first(), "{code}");
        }
        assert!(!Crs::Crs84.is_lat_first() && !Crs::Epsg(99_999).is_lat_first());
    }

    #[test]
    fn units_and_places_are_known() {
        let degrees = of(&Crs::Epsg(4326)).unwrap();
        assert!(degrees.is_geographic && (degrees.metres_per_unit - METRES_PER_DEGREE).abs() < 1e-6);
        let feet = of(&Crs::Epsg(2263)).unwrap();
        assert!((feet.metres_per_unit - 0.304_800_6).abs() < 1e-6, "{feet:?}");
        let utm = of(&Crs::Epsg(32633)).unwrap();
        assert!(utm.middle == Some(15.0) && utm.area_of_use.is_some_and(|area| area.holds(15.0, 50.0)), "{utm:?}");
        assert!(of(&Crs::Epsg(99_999)).is_err());
    }

    #[test]
    fn a_projection_is_told_by_how_it_is_made() {
        let mollweide = Crs::Definition("ESRI:54009".into());
        for (crs, family) in [
            (Crs::Epsg(3832), Family::Mercator),
            (Crs::Epsg(3857), Family::Mercator),
            (Crs::Epsg(3395), Family::Mercator),
            (Crs::Epsg(3994), Family::Mercator),
            (Crs::Epsg(3035), Family::Azimuthal(52.0)),
            (Crs::Epsg(3575), Family::Azimuthal(90.0)),
            (Crs::Epsg(32633), Family::Transverse),
            (Crs::Epsg(4326), Family::Other),
            (mollweide, Family::World),
        ] {
            assert_eq!(of(&crs).unwrap().family, family, "{crs}");
        }
        let turn = |code| of(&Crs::Epsg(code)).unwrap().turn;
        for code in [3857, 3395, 3832] {
            assert!(turn(code).is_some_and(|turn| (turn - 40_075_016.685_578_49).abs() < 1e-3), "{code}");
        }
        // With a standard parallel at 41 degrees south.
        assert!(turn(3994).is_some_and(|turn| (turn - 30_288_648.0).abs() < 2_000.0), "{:?}", turn(3994));
        for (code, wide) in [(4087, 40_075_016.685_578_49), (6933, 34_735_060.89)] {
            assert!(turn(code).is_some_and(|turn| (turn - wide).abs() < 10.0), "{code} {:?}", turn(code));
        }
        assert!(turn(8857).is_none(), "Equal Earth is none");
        assert!(turn(4326).is_some_and(|turn| (turn - 360.0).abs() < 1e-9) && turn(3035).is_none());
    }
}
