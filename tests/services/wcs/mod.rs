//! WCS: the pieces that clients get, beside what GDAL reads from the same files.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gdal::Dataset;
use gdal::raster::Buffer;

use crate::harness::client::{Answer, attempt};
use crate::harness::server::Server;
use crate::harness::{made, text};

mod access;
mod clients;
mod documents;
mod faults;
mod version_1;
mod version_2;

const ELEVATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/elevation.tif");

/// Three bands of bytes without a nodata value, in metres: the column, the row, and their sum.
fn picture() -> PathBuf {
    made("picture.tif", |path| {
        let driver = gdal::DriverManager::get_driver_by_name("GTiff").unwrap();
        let mut dataset = driver.create_with_band_type::<u8, _>(path, 80, 60, 3).unwrap();
        dataset.set_geo_transform(&[500_000.0, 10.0, 0.0, 5_000_600.0, 0.0, -10.0]).unwrap();
        dataset.set_spatial_ref(&gdal::spatial_ref::SpatialRef::from_epsg(32632).unwrap()).unwrap();
        let makes: [fn(usize, usize) -> usize; 3] = [|x, _| x, |_, y| y, |x, y| x + y];
        for (number, make) in makes.into_iter().enumerate() {
            let values = (0..80 * 60).map(|at| make(at % 80, at / 80) as u8).collect();
            let mut buffer = Buffer::new((80, 60), values);
            dataset.rasterband(number + 1).unwrap().write((0, 0), (80, 60), &mut buffer).unwrap();
        }
        dataset.close().unwrap();
    })
}

/// The world in pixels of five degrees and a bit, each the sum of its column and row and one.
fn globe() -> PathBuf {
    made("globe.tif", |path| {
        let driver = gdal::DriverManager::get_driver_by_name("GTiff").unwrap();
        let mut dataset = driver.create_with_band_type::<u8, _>(path, 64, 32, 1).unwrap();
        dataset.set_geo_transform(&[-180.0, 5.625, 0.0, 90.0, 0.0, -5.625]).unwrap();
        dataset.set_spatial_ref(&gdal::spatial_ref::SpatialRef::from_epsg(4326).unwrap()).unwrap();
        let values = (0..64 * 32).map(|at| (at % 64 + at / 64 + 1) as u8).collect();
        let mut buffer = Buffer::new((64, 32), values);
        let mut band = dataset.rasterband(1).unwrap();
        band.write((0, 0), (64, 32), &mut buffer).unwrap();
        band.set_no_data_value(Some(0.0)).unwrap();
        dataset.close().unwrap();
    })
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(&[ELEVATION, text(&picture()), text(&globe())]))
}

fn ask(query: &str) -> Answer {
    server().get(&format!("/ows?SERVICE=WCS&{query}"))
}

fn post(xml: &str) -> Answer {
    let headers = [("Content-Type", "application/xml")];
    attempt("POST", &format!("{}/ows", server().url), &headers, xml.as_bytes()).unwrap()
}

/// An answer as GDAL opens it.
struct Read {
    dataset: Dataset,
    _file: tempfile::TempPath,
}

fn opened(answer: Answer) -> Read {
    let answer = answer.expect(200);
    let file = tempfile::Builder::new().suffix(".tif").tempfile().unwrap().into_temp_path();
    std::fs::write(&file, &answer.body).unwrap();
    Read { dataset: Dataset::open(&file).unwrap(), _file: file }
}

impl Read {
    fn size(&self) -> (usize, usize) {
        self.dataset.raster_size()
    }

    fn values(&self, band: usize) -> Vec<f64> {
        let size = self.size();
        let band = self.dataset.rasterband(band).unwrap();
        band.read_as::<f64>((0, 0), size, size, None).unwrap().data().to_vec()
    }

    /// For each pixel whether it has a value.
    fn mask(&self) -> Vec<bool> {
        let size = self.size();
        let band = self.dataset.rasterband(1).unwrap();
        let mask = band.open_mask_band().unwrap().read_as::<u8>((0, 0), size, size, None).unwrap();
        mask.data().iter().map(|value| *value != 0).collect()
    }

    fn place(&self) -> [f64; 6] {
        self.dataset.geo_transform().unwrap()
    }
}

fn window(file: &Path, band: usize, at: (isize, isize), size: (usize, usize)) -> Vec<f64> {
    let dataset = Dataset::open(file).unwrap();
    dataset.rasterband(band).unwrap().read_as::<f64>(at, size, size, None).unwrap().data().to_vec()
}
