//! Where pixels come to lie: overviews, other systems, the date line, the poles.

use super::*;
use crate::data::transform;

/// A raster of the world in degrees, whose samples are ten times the longitude and the latitude.
fn world(folder: &Path, from: f64) -> PathBuf {
    let path = folder.join("world.tif");
    let driver = gdal::DriverManager::get_driver_by_name("GTiff").unwrap();
    let mut dataset = driver.create_with_band_type::<f32, _>(&path, 720, 360, 2).unwrap();
    dataset.set_geo_transform(&[from, 0.5, 0.0, 90.0, 0.0, -0.5]).unwrap();
    dataset.set_spatial_ref(&gdal::spatial_ref::SpatialRef::from_epsg(4326).unwrap()).unwrap();
    for number in 1..=2 {
        let value = |at: usize| {
            let (column, row) = ((at % 720) as f32, (at / 720) as f32);
            if number == 1 { from as f32 + 0.25 + column * 0.5 } else { 89.75 - row * 0.5 }
        };
        let values: Vec<f32> = (0..720 * 360).map(value).collect();
        let mut buffer = gdal::raster::Buffer::new((720, 360), values);
        dataset.rasterband(number).unwrap().write((0, 0), (720, 360), &mut buffer).unwrap();
    }
    dataset.close().unwrap();
    path
}

/// The samples are where the transform of each single pixel says, with no more between them than the raster has.
fn check(view: &CoverageView, query: &CoverageQuery, tolerance: f64) -> usize {
    let ((xs, valid), (ys, _)) = (band(view, query, 0), band(view, query, 1));
    let mut seen = 0;
    for row in 0..query.height {
        for column in 0..query.width {
            let (w, h) = (f64::from(query.width), f64::from(query.height));
            let x = query.area.min_x + (query.area.max_x - query.area.min_x) * (f64::from(column) + 0.5) / w;
            let y = query.area.max_y - (query.area.max_y - query.area.min_y) * (f64::from(row) + 0.5) / h;
            let (mut lon, mut lat) = ([x], [y]);
            let has_place = transform::points(&mut lon, &mut lat, &query.crs, &Crs::Crs84).unwrap();
            let at = (row * query.width + column) as usize;
            assert_eq!(valid[at], has_place && lat[0].abs() <= 90.0, "{column} {row}: {lon:?} {lat:?}");
            if valid[at] {
                let turn = (xs[at] - lon[0]) / 360.0;
                let off = ((turn - turn.round()) * 360.0).abs();
                // Near a pole the meridians meet.
                let is_polar = lat[0].abs() > 89.0;
                assert!(off <= tolerance || is_polar, "{column} {row}: {} is not {}", xs[at], lon[0]);
                assert!((ys[at] - lat[0]).abs() <= tolerance, "{column} {row}: {} is not {}", ys[at], lat[0]);
                seen += 1;
            }
        }
    }
    seen
}

#[test]
fn the_date_line_and_the_poles_are_no_border() {
    let folder = tempfile::tempdir().unwrap();
    for from in [-180.0, 0.0] {
        let path = world(folder.path(), from);
        let view = view(&path);
        let mercator = 20_037_508.342_789_244;
        for (crs, rect, size) in [
            (Crs::Crs84, [170.0, -20.0, 200.0, 20.0], (60, 80)),
            (Crs::Crs84, [-200.0, -20.0, 200.0, 20.0], (800, 80)),
            (Crs::Epsg(3857), [mercator * 0.9, -4e6, mercator * 1.1, 4e6], (64, 128)),
            (Crs::Epsg(3857), [-mercator, -mercator, mercator, mercator], (256, 256)),
            (Crs::Epsg(3995), [-4e6, -4e6, 4e6, 4e6], (200, 200)),
            (Crs::Epsg(3031), [-4e6, -4e6, 4e6, 4e6], (200, 200)),
            (Crs::Epsg(3832), [-8e6, -4e6, 8e6, 4e6], (160, 80)),
        ] {
            let [min_x, min_y, max_x, max_y] = rect;
            let area = Rect { min_x, min_y, max_x, max_y };
            let (width, height) = size;
            let query =
                CoverageQuery { area, crs, width, height, bands: None, resampling: Resampling::Nearest, opacity: None };
            // Half a pixel, and what a place may be off.
            assert!(check(&view, &query, 0.25 + 0.0625 + 1e-6) > (width * height / 3) as usize, "{query:?}");
        }
    }
}

#[test]
fn resampled_samples_lie_between_their_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    let view = view(&world(folder.path(), -180.0));
    for resampling in [Resampling::Bilinear, Resampling::Cubic, Resampling::Average] {
        for (crs, rect, size, tolerance) in [
            (Crs::Crs84, [5.0, 40.0, 15.0, 50.0], (100, 100), 0.02),
            (Crs::Crs84, [5.0, 40.0, 15.0, 50.0], (7, 5), 0.3),
            (Crs::Epsg(32632), [300_000.0, 5_000_000.0, 700_000.0, 5_400_000.0], (150, 150), 0.1),
        ] {
            let [min_x, min_y, max_x, max_y] = rect;
            let area = Rect { min_x, min_y, max_x, max_y };
            let (width, height) = size;
            let query = CoverageQuery { area, crs, width, height, bands: None, resampling, opacity: None };
            // The mean of one pixel is that pixel.
            let tolerance = if resampling == Resampling::Average { 0.32 } else { tolerance };
            check(&view, &query, tolerance);
        }
    }
}

#[test]
fn a_small_picture_is_made_of_an_overview() {
    let view = view(&elevation());
    let mut query = pixels(view.grid(), (0, 0), (403, 344));
    (query.width, query.height) = (100, 86);
    let (values, _) = band(&view, &query, 0);
    let dataset = Dataset::open(elevation()).unwrap();
    let overview = dataset.rasterband(1).unwrap().overview(1).unwrap();
    let wanted = overview.read_as::<f64>((0, 0), (100, 86), (100, 86), None).unwrap();
    assert_eq!(values, wanted.data());
}
