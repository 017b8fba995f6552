//! What a GeoTIFF says of itself besides its samples: GDAL writes a file of one pixel with the system, the bands and
//! their metadata, and its directory is taken over. So every system that GDAL can tell in keys is told as GDAL tells it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gdal::raster::{Buffer, ColorEntry, ColorInterpretation, ColorTable, GdalType, PaletteInterpretation};
use gdal::spatial_ref::{AxisMappingStrategy, SpatialRef};
use gdal::{Dataset, DriverManager, Metadata, vsi};

use super::Picture;
use super::tiff::{Entry, entries};
use crate::base::crs::Crs;
use crate::data::coverage::{Band, Colour, SampleKind};
use crate::error::{Error, Result};

/// Skeletons that are kept: one for each coverage, choice of bands and system.
const KEPT: usize = 256;

/// Tags that the writer sets itself: size, compression, strips, tiles, predictor, place.
const OWN: [u16; 16] = [256, 257, 259, 273, 278, 279, 284, 317, 322, 323, 324, 325, 33550, 33922, 34264, 254];

/// The entries for pictures with these bands in this system.
pub(super) fn of(picture: &Picture) -> Result<Arc<[Entry]>> {
    static MADE: Mutex<Option<HashMap<String, Arc<[Entry]>>>> = Mutex::new(None);
    let mut key = format!("{:?} {:?}", picture.crs, picture.common_kind());
    for band in &*picture.bands {
        let Band { name, nodata, unit, description, colour, palette, scale, offset, .. } = band;
        // Writing to a string does not fail.
        let _ = write!(key, "{name:?}{nodata:?}{unit:?}{description:?}{colour:?}{palette:?}{scale:?}{offset:?}");
    }
    let kept = MADE.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(|made| made.get(&key).cloned());
    if let Some(kept) = kept {
        return Ok(kept);
    }
    let made: Arc<[Entry]> = make(picture)?.into();
    let mut all = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let all = all.get_or_insert_default();
    if all.len() >= KEPT {
        all.clear();
    }
    all.insert(key, made.clone());
    Ok(made)
}

fn make(picture: &Picture) -> Result<Vec<Entry>> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let path = format!("/vsimem/graticule-skeleton-{}.tif", NEXT.fetch_add(1, Ordering::Relaxed));
    let made = write(picture, &path).and_then(|()| vsi::get_vsi_mem_file_bytes_owned(&path));
    // Metadata that has no place in the file itself is written beside it.
    let _ = vsi::unlink_mem_file(format!("{path}.aux.xml"));
    let bytes = made.map_err(|cause| {
        let _ = vsi::unlink_mem_file(&path);
        Error::internal(cause)
    })?;
    let all = entries(&bytes).ok_or_else(|| Error::internal("the skeleton of a GeoTIFF cannot be read"))?;
    let mut all: Vec<Entry> = all.into_iter().filter(|entry| !OWN.contains(&entry.tag)).collect();
    all.iter_mut().filter(|entry| entry.tag == METADATA).for_each(mark_units);
    Ok(all)
}

/// The tag of GDAL's metadata.
const METADATA: u16 = 42112;

/// Units are told as items of a role, which the crate cannot set.
fn mark_units(entry: &mut Entry) {
    let Ok(text) = std::str::from_utf8(&entry.values) else { return };
    let mut marked = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<Item name=\"UNITTYPE\"") {
        marked.push_str(before);
        marked.push_str("<Item name=\"UNITTYPE\" role=\"unittype\"");
        rest = after;
    }
    marked.push_str(rest);
    entry.values = marked.into_bytes();
    entry.count = u32::try_from(entry.values.len()).unwrap_or_default();
}

fn write(picture: &Picture, path: &str) -> gdal::errors::Result<()> {
    match picture.common_kind() {
        SampleKind::U8 => write_as::<u8>(picture, path),
        SampleKind::I16 => write_as::<i16>(picture, path),
        SampleKind::U16 => write_as::<u16>(picture, path),
        SampleKind::I32 => write_as::<i32>(picture, path),
        SampleKind::U32 => write_as::<u32>(picture, path),
        SampleKind::F32 => write_as::<f32>(picture, path),
        SampleKind::F64 => write_as::<f64>(picture, path),
    }
}

fn write_as<T: GdalType + Copy + Default>(picture: &Picture, path: &str) -> gdal::errors::Result<()> {
    let driver = DriverManager::get_driver_by_name("GTiff")?;
    let is_rgb = picture.bands.len() >= 3
        && picture.bands.iter().take(3).map(|band| band.colour).eq([Colour::Red, Colour::Green, Colour::Blue]);
    let has_palette = picture.bands.len() == 1 && picture.bands[0].palette.is_some();
    let photometric = match (is_rgb, has_palette) {
        (true, _) => "PHOTOMETRIC=RGB",
        // The table of colours says so itself.
        (_, true) => "INTERLEAVE=PIXEL",
        _ => "PHOTOMETRIC=MINISBLACK",
    };
    let options = gdal::raster::RasterCreationOptions::from_iter(["INTERLEAVE=PIXEL", photometric]);
    let mut dataset = driver.create_with_band_type_with_options::<T, _>(path, 1, 1, picture.bands.len(), &options)?;
    dataset.set_geo_transform(&[picture.area.min_x, 1.0, 0.0, picture.area.max_y, 0.0, -1.0])?;
    dataset.set_spatial_ref(&reference(&picture.crs)?)?;
    for (number, band) in picture.bands.iter().enumerate() {
        describe(&mut dataset, number + 1, band)?;
    }
    for number in 1..=picture.bands.len() {
        let mut pixel = Buffer::new((1, 1), vec![T::default()]);
        dataset.rasterband(number)?.write((0, 0), (1, 1), &mut pixel)?;
    }
    dataset.close()
}

fn describe(dataset: &mut Dataset, number: usize, band: &Band) -> gdal::errors::Result<()> {
    let mut to = dataset.rasterband(number)?;
    if number == 1
        && dataset.raster_count() == 1
        && let Some(palette) = &band.palette
    {
        let mut table = ColorTable::new(PaletteInterpretation::Rgba);
        for (index, colour) in palette.iter().enumerate() {
            let [r, g, b, a] = colour.map(i16::from);
            if let Ok(index) = u16::try_from(index) {
                table.set_color_entry(index, &ColorEntry::rgba(r, g, b, a));
            }
        }
        to.set_color_table(&table);
    }
    let interpretation = match band.colour {
        Colour::Undefined => ColorInterpretation::Undefined,
        Colour::Grey => ColorInterpretation::GrayIndex,
        Colour::Palette => ColorInterpretation::PaletteIndex,
        Colour::Red => ColorInterpretation::RedBand,
        Colour::Green => ColorInterpretation::GreenBand,
        Colour::Blue => ColorInterpretation::BlueBand,
        Colour::Alpha => ColorInterpretation::AlphaBand,
    };
    if band.colour != Colour::Palette {
        to.set_color_interpretation(interpretation)?;
    }
    if number == 1 || band.nodata.is_some() {
        // A GeoTIFF has one for all bands.
        to.set_no_data_value(band.nodata)?;
    }
    to.set_description(band.description.as_deref().unwrap_or(&band.name))?;
    if let Some(unit) = &band.unit {
        to.set_metadata_item("UNITTYPE", unit, "")?;
    }
    if let Some(scale) = band.scale {
        to.set_scale(scale)?;
    }
    if let Some(offset) = band.offset {
        to.set_offset(offset)?;
    }
    Ok(())
}

fn reference(crs: &Crs) -> gdal::errors::Result<SpatialRef> {
    let mut reference = match crs {
        Crs::Crs84 => SpatialRef::from_epsg(4326),
        Crs::Crs84h => SpatialRef::from_epsg(4979),
        Crs::Epsg(code) => SpatialRef::from_epsg(*code),
        Crs::Definition(text) => SpatialRef::from_definition(text),
    }?;
    reference.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
    Ok(reference)
}
