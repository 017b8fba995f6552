//! Files that are not what they should be.

use super::*;

fn refused(path: &Path) -> String {
    Raster::open(path, &RasterOptions::default()).unwrap_err().to_string()
}

#[test]
fn what_is_no_raster_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    assert!(refused(&path).contains("does not exist"));
    std::fs::write(&path, "nothing of the kind").unwrap();
    assert!(refused(&path).contains("no raster"), "{}", refused(&path));
}

#[test]
fn a_file_that_is_cut_off_is_told_or_fails_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(elevation()).unwrap();
    let path = folder.path().join("cut.tif");
    let mut told = 0;
    for part in 1..16 {
        std::fs::write(&path, &whole[..whole.len() * part / 16]).unwrap();
        match Raster::open(&path, &RasterOptions::default()) {
            Err(error) => {
                assert!(error.to_string().contains("cut.tif"), "{error}");
                told += 1;
            }
            Ok(raster) => {
                let view = LockedCoverage::new(Arc::new(raster)).open(None, Vec::new()).unwrap();
                let query = pixels(view.grid(), (0, 0), (403, 344));
                assert!(strips(&view, &query).is_err(), "{part}");
            }
        }
    }
    assert!(told > 0);
}

#[test]
fn bytes_turned_over_crash_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(elevation()).unwrap();
    let path = folder.path().join("odd.tif");
    let mut random = 12345_u64;
    for _ in 0..60 {
        let mut bytes = whole.clone();
        for _ in 0..8 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // The head and the directories are where a fault does most.
            let at = (random >> 33) as usize % 2000;
            bytes[at] ^= (random >> 16) as u8;
        }
        std::fs::write(&path, &bytes).unwrap();
        if let Ok(raster) = Raster::open(&path, &RasterOptions::default()) {
            let view = LockedCoverage::new(Arc::new(raster)).open(None, Vec::new()).unwrap();
            let grid = view.grid().clone();
            let query = CoverageQuery { width: 64, height: 64, area: grid.extent(), ..pixels(&grid, (0, 0), (1, 1)) };
            let _ = strips(&view, &query);
        }
    }
}

#[test]
fn a_raster_without_a_place_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nowhere.tif");
    let driver = gdal::DriverManager::get_driver_by_name("GTiff").unwrap();
    let mut dataset = driver.create_with_band_type::<u8, _>(&path, 4, 4, 1).unwrap();
    dataset.flush_cache().unwrap();
    assert!(refused(&path).contains("where on Earth"), "{}", refused(&path));
    dataset.set_geo_transform(&[0.0, 1.0, 0.0, 4.0, 0.0, -1.0]).unwrap();
    drop(dataset);
    assert!(refused(&path).contains("reference system"), "{}", refused(&path));
    let options = RasterOptions {
        crs: Some(Crs::Epsg(32632)),
        bands: Some(vec!["Near Infrared (NIR)".to_owned()]),
        ..RasterOptions::default()
    };
    let raster = Raster::open(&path, &options).unwrap();
    let grid = crate::data::coverage::Coverage::grid(&raster);
    assert_eq!((grid.crs.clone(), grid.bands[0].name.as_str()), (Crs::Epsg(32632), "Near_Infrared_NIR"));
}
