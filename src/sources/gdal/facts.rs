//! What a dataset says of itself.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use gdal::Dataset;
use gdal::Metadata;
use gdal::raster::{ColorInterpretation, GdalDataType, RasterBand};
use gdal::spatial_ref::{AxisMappingStrategy, SpatialRef};

use super::{RasterOptions, file};
use crate::base::crs::Crs;
use crate::data::coverage::{Affine, Band, Colour, Grid, SampleKind, Statistics};
use crate::data::reference;
use crate::error::{Error, Result};
use crate::sources::pool::busy;

pub(super) struct Facts {
    pub(super) grid: Grid,
    pub(super) title: Option<String>,
}

/// The facts of a dataset; the errors are for whoever runs the server.
pub(super) fn read(dataset: &Dataset, path: &Path, options: &RasterOptions) -> Result<Facts> {
    let wrong = |what: String| file(path, &what);
    let (width, height) = size(dataset);
    if dataset.raster_count() == 0 || width == 0 || height == 0 {
        return Err(wrong("has no raster: name one of its parts, as gdalinfo lists them".to_owned()));
    }
    let affine = dataset.geo_transform().map(Affine).map_err(|cause| {
        wrong("does not say where on Earth it is: give it a place with gdal_translate -a_ullr, or warp it".to_owned())
            .because(cause)
    })?;
    if affine.inverse().is_none() || !affine.0.iter().all(|number| number.is_finite()) {
        return Err(wrong("has pixels without an area".to_owned()));
    }
    let (crs, in_degrees) = if let Some(crs) = &options.crs {
        (flat(crs).map_err(|_| wrong(format!("is given a reference system that is not known: {crs}")))?, None)
    } else {
        let reference = dataset.spatial_ref().map_err(|cause| {
            wrong("has no reference system: name it with crs = \"EPSG:…\" in the project file".to_owned())
                .because(cause)
        })?;
        let (crs, in_degrees) = flat_system(&reference)
            .map_err(|cause| wrong("has a reference system that cannot be read".to_owned()).because(cause))?;
        (crs, Some(in_degrees))
    };
    let in_degrees = match in_degrees {
        Some(in_degrees) => in_degrees,
        None => {
            is_in_degrees(&crs).ok_or_else(|| wrong(format!("is given a reference system that is not known: {crs}")))?
        }
    };
    let mut bands = Vec::new();
    for (number, band) in dataset.rasterbands().enumerate() {
        let band = band.map_err(|cause| wrong("has a band that cannot be opened".to_owned()).because(cause))?;
        bands.push(self::band(&band, number).map_err(|what| wrong(format!("has a band {} {what}", number + 1)))?);
    }
    name(&mut bands, options).map_err(wrong)?;
    let first = dataset.rasterband(1).map_err(Error::internal)?;
    let overviews = overviews(dataset, (width, height));
    let flags = first.mask_flags().map_err(Error::internal)?;
    let has_mask = !flags.is_all_valid() && !flags.is_nodata() && !flags.is_alpha();
    let title = ["TIFFTAG_DOCUMENTNAME", "title", "TITLE"]
        .iter()
        .find_map(|key| dataset.metadata_item(key, ""))
        .filter(|title| !title.trim().is_empty());
    Ok(Facts { grid: Grid { width, height, affine, crs, in_degrees, bands, has_mask, overviews }, title })
}

/// Whether a file that was opened again is the one that was published; else it must be published anew first. `is_named` says
/// that the project file names its reference system.
pub(super) fn is_as_before(dataset: &Dataset, grid: &Grid, is_named: bool) -> Result<()> {
    let kinds = dataset.rasterbands().map(|band| band.ok().and_then(|band| kind(band.band_type())));
    let is_same = size(dataset) == (grid.width, grid.height)
        && dataset.geo_transform().is_ok_and(|affine| Affine(affine) == grid.affine)
        && kinds.eq(grid.bands.iter().map(|band| Some(band.kind)))
        && overviews(dataset, (grid.width, grid.height)) == grid.overviews
        && (is_named || dataset.spatial_ref().is_ok_and(|it| flat_system(&it).is_ok_and(|(crs, _)| crs == grid.crs)));
    if is_same { Ok(()) } else { Err(busy("the data of this layer has changed and is being opened anew, try again")) }
}

fn size(dataset: &Dataset) -> (u32, u32) {
    let (width, height) = dataset.raster_size();
    (u32::try_from(width).unwrap_or(0), u32::try_from(height).unwrap_or(0))
}

/// The overviews that all bands have and that are of use: each smaller than the one before.
fn overviews(dataset: &Dataset, full: (u32, u32)) -> Vec<(u32, u32)> {
    let of = |band: &RasterBand<'_>| -> Vec<(u32, u32)> {
        let count = band.overview_count().unwrap_or(0);
        let sizes = (0..usize::try_from(count).unwrap_or(0)).map(|at| band.overview(at).ok().map(|it| it.size()));
        let sizes = sizes.map_while(|size| {
            let (width, height) = size?;
            Some((u32::try_from(width).ok()?, u32::try_from(height).ok()?))
        });
        let mut before = full;
        sizes.take_while(|&size| size.0 > 0 && size.1 > 0 && size.0 < std::mem::replace(&mut before, size).0).collect()
    };
    let mut bands = dataset.rasterbands().filter_map(Result::ok).map(|band| of(&band));
    let first = bands.next().unwrap_or_default();
    bands.fold(first, |common, other| common.into_iter().zip(other).map_while(|(a, b)| (a == b).then_some(a)).collect())
}

/// A reference system by its code where it has one, and whether it is in degrees.
pub(super) fn system(reference: &SpatialRef) -> gdal::errors::Result<(Crs, bool)> {
    let code = |reference: &SpatialRef| {
        let is_epsg = reference.auth_name().is_some_and(|name| name == "EPSG");
        is_epsg.then(|| reference.auth_code().ok()).flatten().and_then(|code| u32::try_from(code).ok())
    };
    let is_crs84 = reference.auth_name().is_some_and(|name| name == "OGC")
        && reference.authority().is_ok_and(|name| name.ends_with("CRS84"));
    if is_crs84 {
        return Ok((Crs::Crs84, true));
    }
    let known = code(reference).or_else(|| {
        // Some files tell all of a system but its code. A guess must be the same system to be taken.
        let mut guess = reference.clone();
        guess.auto_identify_epsg().ok()?;
        code(&guess)
    });
    let crs = match known {
        Some(code) => Crs::Epsg(code),
        None => Crs::Definition(reference.to_wkt()?.into()),
    };
    Ok((crs, reference.is_geographic() && is_degree(reference)))
}

/// The same of a raster, whose pixels lie on the ground: heights are what its samples may be, and no axis.
fn flat_system(reference: &SpatialRef) -> Result<(Crs, bool)> {
    let (crs, in_degrees) = system(reference).map_err(Error::internal)?;
    Ok((flat(&crs)?, in_degrees))
}

fn flat(crs: &Crs) -> Result<Crs> {
    match reference::horizontal(crs)? {
        // What has lost its heights may be one that has a code.
        Crs::Definition(text) if Crs::Definition(text.clone()) != *crs => {
            let part = SpatialRef::from_definition(&text).map_err(Error::internal)?;
            Ok(system(&part).map_err(Error::internal)?.0)
        }
        flat => Ok(flat),
    }
}

fn is_degree(reference: &SpatialRef) -> bool {
    (reference.angular_units() - 1_f64.to_radians()).abs() < 1e-12
}

fn is_in_degrees(crs: &Crs) -> Option<bool> {
    let reference = match crs {
        Crs::Crs84 | Crs::Crs84h => return Some(true),
        Crs::Epsg(code) => SpatialRef::from_epsg(*code),
        Crs::Definition(text) => SpatialRef::from_definition(text),
    };
    let mut reference = reference.ok()?;
    reference.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
    Some(reference.is_geographic() && is_degree(&reference))
}

fn kind(of: GdalDataType) -> Option<SampleKind> {
    Some(match of {
        GdalDataType::UInt8 => SampleKind::U8,
        GdalDataType::Int16 => SampleKind::I16,
        GdalDataType::UInt16 => SampleKind::U16,
        GdalDataType::Int32 => SampleKind::I32,
        GdalDataType::UInt32 => SampleKind::U32,
        GdalDataType::Float32 => SampleKind::F32,
        GdalDataType::Float64 => SampleKind::F64,
        _ => return None,
    })
}

fn band(band: &RasterBand<'_>, number: usize) -> Result<Band, String> {
    let of = band.band_type();
    let kind = kind(of).ok_or_else(|| format!("of the type {}, which is not served", of.name()))?;
    let text = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let description = band.description().ok().and_then(text);
    let palette = band.color_table().map(|table| {
        let colour = |at: usize| {
            let entry = table.entry_as_rgb(at).map(|it| [it.r, it.g, it.b, it.a]).unwrap_or_default();
            entry.map(|part| u8::try_from(part.clamp(0, 255)).unwrap_or_default())
        };
        (0..table.entry_count()).map(colour).collect::<Arc<[_]>>()
    });
    // Only what the file tells: to find it out would read all of it.
    let statistics = band.get_statistics(false, true).ok().flatten().map(|it| Statistics {
        min: it.min,
        max: it.max,
        mean: it.mean,
        deviation: it.std_dev,
    });
    Ok(Band {
        name: description.clone().unwrap_or_else(|| format!("band{}", number + 1)),
        kind,
        nodata: band.no_data_value(),
        unit: text(band.unit()),
        description,
        colour: match band.color_interpretation() {
            ColorInterpretation::GrayIndex => Colour::Grey,
            ColorInterpretation::PaletteIndex => Colour::Palette,
            ColorInterpretation::RedBand => Colour::Red,
            ColorInterpretation::GreenBand => Colour::Green,
            ColorInterpretation::BlueBand => Colour::Blue,
            ColorInterpretation::AlphaBand => Colour::Alpha,
            _ => Colour::Undefined,
        },
        palette,
        #[allow(clippy::float_cmp)] // what GDAL says where a file says nothing
        scale: band.scale().filter(|scale| *scale != 1.0),
        offset: band.offset().filter(|offset| *offset != 0.0),
        statistics,
    })
}

/// Gives the bands the names and units of the settings, and names that are words of their own: clients ask for them.
fn name(bands: &mut [Band], options: &RasterOptions) -> Result<(), String> {
    let count = bands.len();
    let fits = |given: &Option<Vec<String>>| given.as_ref().is_none_or(|given| given.len() == count);
    if !fits(&options.bands) || !fits(&options.units) {
        return Err(format!("has {count} bands, and is given another number of names or units"));
    }
    for (band, name) in bands.iter_mut().zip(options.bands.iter().flatten()) {
        name.clone_into(&mut band.name);
    }
    for (band, unit) in bands.iter_mut().zip(options.units.iter().flatten()) {
        band.unit = Some(unit.clone()).filter(|unit| !unit.is_empty());
    }
    let mut taken = HashSet::new();
    for (number, band) in bands.iter_mut().enumerate() {
        band.name = word(&band.name, number);
        if !taken.insert(band.name.clone()) {
            band.name = format!("{}_{}", band.name, number + 1);
            taken.insert(band.name.clone());
        }
    }
    Ok(())
}

/// A name that XML takes as one: `Near Infrared (NIR)` is `Near_Infrared_NIR`.
fn word(text: &str, number: usize) -> String {
    let mut word = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || c == '-' || c == '.' {
            word.push(c);
        } else if !word.ends_with('_') && !word.is_empty() {
            word.push('_');
        }
    }
    let word = word.trim_end_matches('_');
    match word.chars().next() {
        None => format!("band{}", number + 1),
        Some(first) if first.is_alphabetic() => word.to_owned(),
        Some(_) => format!("band_{word}"),
    }
}
