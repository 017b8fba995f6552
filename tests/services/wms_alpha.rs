//! Rasters that can be seen through: by a band of opacity, or by a palette.

use std::path::{Path, PathBuf};

use gdal::raster::{Buffer, ColorInterpretation, GdalType};
use graticule::server::Server;

use crate::harness::{made, text};
use crate::wms_kit::{Picture, ask, builder};

/// Pixels of a side.
const SIDE: usize = 32;
/// A map of the raster's own pixels, and one whose pixels are a quarter of them.
const OWN: &str = "CRS=EPSG:32632&BBOX=500000,5000000,500320,5000320&WIDTH=32&HEIGHT=32";
const FINE: &str = "CRS=EPSG:32632&BBOX=500000,5000000,500320,5000320&WIDTH=128&HEIGHT=128";

/// A raster of so many bands, the last of which may be the opacity: `make` has a band's number and the pixel's column.
fn raster<T: GdalType + Copy>(path: &Path, bands: usize, has_alpha: bool, make: impl Fn(usize, usize) -> T) {
    let driver = gdal::DriverManager::get_driver_by_name("GTiff").unwrap();
    let mut dataset = driver.create_with_band_type::<T, _>(path, SIDE, SIDE, bands).unwrap();
    dataset.set_geo_transform(&[500_000.0, 10.0, 0.0, 5_000_320.0, 0.0, -10.0]).unwrap();
    dataset.set_spatial_ref(&gdal::spatial_ref::SpatialRef::from_epsg(32632).unwrap()).unwrap();
    for number in 0..bands {
        let values = (0..SIDE * SIDE).map(|at| make(number, at % SIDE)).collect();
        let mut band = dataset.rasterband(number + 1).unwrap();
        if has_alpha && number + 1 == bands {
            band.set_color_interpretation(ColorInterpretation::AlphaBand).unwrap();
        }
        band.write((0, 0), (SIDE, SIDE), &mut Buffer::new((SIDE, SIDE), values)).unwrap();
    }
    dataset.close().unwrap();
}

/// A fourth is opaque, a fourth half so, and the other half clear: black, as whoever clears pixels leaves them.
fn opacity(column: usize) -> u8 {
    [255, 128, 0, 0][column / 8]
}

/// The colour where anything is to be seen.
const COLOUR: [u8; 3] = [200, 100, 50];

fn rgba() -> PathBuf {
    made("rgba.tif", |path| {
        raster(path, 4, true, |band, column| match opacity(column) {
            alpha if band == 3 => alpha,
            0 => 0,
            _ => COLOUR[band],
        });
    })
}

fn server() -> Server {
    let ground = made("ground.tif", |path| raster(path, 3, false, |band, _| [0_u8, 0, 250][band]));
    let grey = made("grey_alpha.tif", |path| {
        raster(path, 2, true, |band, column| if band == 1 { opacity(column) } else { 200 * opacity(column).min(1) });
    });
    let wide = made("rgba16.tif", |path| {
        raster(path, 4, true, |band, column| match u16::from(opacity(column)) * 257 {
            alpha if band == 3 => alpha,
            0 => 0,
            _ => u16::from(COLOUR[band]) * 257,
        });
    });
    let palette = made("places.tif", |path| {
        raster(path, 1, false, |_, column| (column / 8) as u8);
    });
    // A TIFF keeps no opacity with its colours; other formats do.
    let palette = made("palette_alpha.vrt", |path| {
        let source = gdal::Dataset::open(&palette).unwrap();
        let driver = gdal::DriverManager::get_driver_by_name("VRT").unwrap();
        let copy = source.create_copy(&driver, path, &gdal::raster::RasterCreationOptions::new()).unwrap();
        copy.close().unwrap();
        let [r, g, b] = COLOUR;
        let entry = |index: usize| format!("<Entry c1=\"{r}\" c2=\"{g}\" c3=\"{b}\" c4=\"{}\"/>", opacity(index * 8));
        let entries: Vec<String> = (0..4).map(entry).collect();
        let colours = format!("<ColorInterp>Palette</ColorInterp><ColorTable>{}</ColorTable>", entries.concat());
        let text = std::fs::read_to_string(path).unwrap();
        let grey = "<ColorInterp>Gray</ColorInterp>";
        assert!(text.contains(grey));
        std::fs::write(path, text.replace(grey, &colours)).unwrap();
    });
    let styles = "styles = [{ name = 'usual', raster = { rgb = {} } }, \
        { name = 'faint', raster = { opacity = 0.5, rgb = {} } }, { name = 'grey', raster = { grey = { band = 1 } } }, \
        { name = 'ramp', raster = { ramp = { stops = [{ value = 0, color = '#f00' }] } } }, \
        { name = 'alpha', raster = { grey = { band = 4 } } }]\n";
    let wide_style = "styles = [{ name = 'wide', raster = { rgb = { min = 0, max = 65535 } } }]\n";
    let layer = |path: &Path| format!("[[layers]]\nsource = '{}'\n", text(path));
    let project = format!(
        "{}{}{styles}{}{}{wide_style}{}",
        layer(&ground),
        layer(&rgba()),
        layer(&grey),
        layer(&wide),
        layer(&palette)
    );
    builder(&project).build().unwrap()
}

fn map(server: &Server, layers: &str, style: &str, area: &str) -> Picture {
    let query =
        format!("VERSION=1.3.0&REQUEST=GetMap&LAYERS={layers}&STYLES={style}&{area}&FORMAT=image/png&TRANSPARENT=TRUE");
    ask(server, &query).picture()
}

/// Multiplied by its opacity and back, a colour is as near as its opacity lets it.
#[track_caller]
fn is_like(pixel: [u8; 4], wanted: [u8; 3], alpha: u8) {
    let off = |a: u8, b: u8| a.abs_diff(b);
    assert!(off(pixel[3], alpha) <= 1, "{pixel:?} has not the opacity {alpha}");
    let leeway = 255_u8.checked_div(alpha).map_or(255, |part| part.saturating_add(1));
    assert!(pixel.iter().zip(wanted).all(|(a, b)| off(*a, b) <= leeway), "{pixel:?} is not {wanted:?}");
}

#[test]
fn the_opacity_of_a_raster_was_passed_over() {
    let server = server();
    for layer in ["rgba", "rgba16", "palette_alpha"] {
        let picture = map(&server, layer, "", OWN);
        for column in 0..SIDE {
            is_like(picture.at(column, 16), COLOUR, opacity(column));
        }
    }
    let picture = map(&server, "grey_alpha", "", OWN);
    (0..SIDE).for_each(|column| is_like(picture.at(column, 16), [200; 3], opacity(column)));
    let picture = map(&server, "ground,rgba", "", OWN);
    assert_eq!([4, 12, 28].map(|x| picture.at(x, 16)), [[200, 100, 50, 255], [100, 50, 150, 255], [0, 0, 250, 255]]);
}

#[test]
fn what_is_clear_darkens_nothing_beside_it() {
    let server = server();
    for layer in ["rgba", "rgba16", "grey_alpha"] {
        let wanted = if layer == "grey_alpha" { [200; 3] } else { COLOUR };
        let picture = map(&server, layer, "", FINE);
        let alphas: Vec<u8> = (0..128).map(|x| picture.at(x, 64)[3]).collect();
        assert!(alphas.is_sorted_by(|a, b| a >= b), "{layer}: {alphas:?}");
        // Between two pixels there are steps.
        assert!(alphas.iter().any(|alpha| (1..100).contains(alpha)), "{layer}: {alphas:?}");
        (0..128).for_each(|x| is_like(picture.at(x, 64), wanted, alphas[x]));
    }
}

#[test]
fn opacity_is_kept_in_other_systems_and_by_styles() {
    let server = server();
    let areas = [
        "CRS=CRS:84&BBOX=9.0,45.15348,9.00407,45.15636&WIDTH=64&HEIGHT=64",
        "CRS=EPSG:3857&BBOX=1001876,5645716,1002328,5646170&WIDTH=64&HEIGHT=64",
        "CRS=EPSG:4326&BBOX=45.15348,9.0,45.15636,9.00407&WIDTH=16&HEIGHT=16",
    ];
    for area in areas {
        let picture = map(&server, "rgba", "", area);
        let middle = picture.height / 2;
        is_like(picture.at(picture.width / 8, middle), COLOUR, 255);
        is_like(picture.at(picture.width * 3 / 8, middle), COLOUR, 128);
        assert_eq!(picture.at(picture.width * 3 / 4, middle)[3], 0, "{area}");
    }
    let at = |style: &str| [4, 12, 28].map(|x| map(&server, "rgba", style, OWN).at(x, 16));
    let [full, half, none] = at("faint");
    is_like(full, COLOUR, 128);
    is_like(half, COLOUR, 64);
    assert_eq!(none[3], 0);
    let [full, half, none] = at("grey");
    is_like(full, [200; 3], 255);
    is_like(half, [200; 3], 128);
    assert_eq!(none[3], 0);
    let [full, half, none] = at("ramp");
    is_like(full, [255, 0, 0], 255);
    is_like(half, [255, 0, 0], 128);
    assert_eq!(none[3], 0);
    // A style that shows the opacity itself shows all of it.
    assert_eq!(at("alpha"), [[255; 4], [128, 128, 128, 255], [0, 0, 0, 255]]);
}

#[test]
fn an_opacity_is_a_value_for_who_asks_for_values() {
    let server = server();
    let query = format!(
        "VERSION=1.3.0&REQUEST=GetFeatureInfo&LAYERS=rgba&QUERY_LAYERS=rgba&STYLES=&{OWN}&I=12&J=16&INFO_FORMAT=application/json"
    );
    let values: serde_json::Value = serde_json::from_slice(&ask(&server, &query).body).unwrap();
    let bands = values["features"][0]["properties"].as_object().unwrap();
    let values: Vec<i64> = bands.values().filter_map(serde_json::Value::as_i64).collect();
    assert_eq!(values, [200, 100, 50, 128], "{bands:?}");
}
