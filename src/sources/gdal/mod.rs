//! What GDAL opens. Rasters stand here: GeoTIFF and some hundred formats more; features in [`vector`]. Threads that each keep the file open read samples as they
//! are stored; what is made of them is the gate's work.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once, OnceLock};
use std::time::SystemTime;

use gdal::{Dataset, DatasetOptions, DriverManager, GdalOpenFlags};

use self::offline::Offline;
use crate::base::address;
use crate::base::crs::Crs;
use crate::data::coverage::{Coverage, Grid, Job, Reader};
use crate::error::{Error, Kind, Result};
use crate::sources::pool::{self, Pool};

pub mod archive;
mod facts;
mod offline;
mod read;
#[cfg(test)]
mod tests;
pub mod vector;

/// Most threads of one file. They work more than they wait, but one with a slow reader waits as well.
const THREADS: usize = 32;

/// Settings of GDAL, each unless the environment says otherwise.
const SETTINGS: [(&str, &str); 7] = [
    // Megabytes of blocks that it keeps for all files together; by itself it takes a twentieth of the machine's memory.
    ("GDAL_CACHEMAX", "128"),
    // Seconds for a file on another machine to answer, and for the connection to it; by itself it waits for ever.
    ("GDAL_HTTP_TIMEOUT", "30"),
    ("GDAL_HTTP_CONNECTTIMEOUT", "5"),
    // A second try where the other machine says that it has no time.
    ("GDAL_HTTP_MAX_RETRY", "1"),
    ("GDAL_HTTP_RETRY_DELAY", "1"),
    // Of a file it does not read the schema that stands elsewhere.
    ("GML_DOWNLOAD_SCHEMA", "NO"),
    // Nothing is written beside packed files.
    ("CPL_VSIL_GZIP_WRITE_PROPERTIES", "NO"),
];

/// How a raster is read where its file does not say.
#[derive(Clone, Debug, Default)]
pub struct RasterOptions {
    /// Names of the bands, in their order, in place of those of the file.
    pub bands: Option<Vec<String>>,
    /// Units of the bands, in their order, in place of those of the file.
    pub units: Option<Vec<String>>,
    /// The reference system, in place of that of the file.
    pub crs: Option<Crs>,
}

/// A raster file that is open for reading.
#[derive(Clone)]
pub struct Raster(Arc<Room>);

struct Room {
    path: PathBuf,
    grid: Arc<Grid>,
    title: Option<String>,
    opening: u64,
    pool: Pool<read::Open>,
}

impl fmt::Debug for Raster {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Raster({})", address::shown(&self.0.path))
    }
}

impl Raster {
    /// Opens a file. The errors name the file and what is wrong with it: they are for whoever runs the server.
    pub fn open(path: &Path, options: &RasterOptions) -> Result<Raster> {
        look_anew(path);
        let _offline = Offline::of(path);
        let first = dataset(path)?;
        let facts = facts::read(&first, path, options)?;
        let grid = Arc::new(facts.grid);
        // Read once, so that a file that is cut off is told when it is published.
        let mut open = read::Open::new(first, grid.clone());
        open.probe().map_err(|cause| {
            file(path, "is cut off or damaged: its last pixels cannot be read")
                .because(address::hidden(&cause.to_string()).into_owned())
        })?;
        drop(open);
        let (kept, is_named) = (grid.clone(), options.crs.is_some());
        let pool = Pool::new("gdal", path, THREADS, move |path| {
            Offline::for_good(path);
            let dataset = dataset(path).inspect_err(|_| vector::ogr::forget_fetched_of(path))?;
            facts::is_as_before(&dataset, &kept, is_named)?;
            Ok(read::Open::new(dataset, kept.clone()).at(path, is_named))
        });
        Ok(Self(Arc::new(Room { path: path.to_owned(), grid, title: facts.title, opening: opening(), pool })))
    }

    /// What the file calls itself.
    pub fn title(&self) -> Option<&str> {
        self.0.title.as_deref()
    }

    /// A number that changes when the file does.
    pub fn shape(&self) -> u64 {
        self.state()
    }

    /// The file on this machine that it is, or is in.
    pub fn file(&self) -> Option<PathBuf> {
        vector::local(&self.0.path)
    }
}

impl Coverage for Raster {
    fn grid(&self) -> &Arc<Grid> {
        &self.0.grid
    }

    fn submit(&self, job: Job) -> Result<()> {
        self.0.pool.submit(Box::new(move |open| match open {
            Ok(open) => job(Ok(open as &mut dyn Reader)),
            Err(error) => job(Err(error)),
        }))
    }

    fn state(&self) -> u64 {
        self.file().map_or(self.0.opening, |file| pool::state(&file))
    }
}

/// Names by which rasters in a folder are known. Pictures such as PNG are seldom on Earth, and are named one by one.
const NAMES: [&str; 12] = ["tif", "tiff", "gtiff", "vrt", "img", "asc", "jp2", "hgt", "dem", "bil", "flt", "nc"];

/// Whether a file has the name of a raster.
pub fn is_named_as_raster(path: &Path) -> bool {
    let extension = path.extension().map(|it| it.to_string_lossy().to_ascii_lowercase());
    extension.is_some_and(|it| NAMES.contains(&it.as_str()))
}

/// Whether GDAL would open a file as a raster. It looks at the first bytes, and at the name.
pub fn is_raster(path: &Path) -> bool {
    dataset(path).is_ok_and(|dataset| dataset.raster_count() > 0)
}

/// Whether a file has the name of one that names others.
fn is_named_as_virtual(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("vrt"))
}

fn dataset(path: &Path) -> Result<Dataset> {
    prepare();
    let within = archive::within(path);
    // What is not on this machine's disks, GDAL alone can open.
    if !within.to_string_lossy().starts_with("/vsi")
        && let Err(cause) = std::fs::File::open(path)
    {
        return Err(match cause.kind() {
            std::io::ErrorKind::NotFound => file(path, "does not exist"),
            _ => file(path, "cannot be read").because(cause),
        });
    }
    let open_flags =
        GdalOpenFlags::GDAL_OF_READONLY | GdalOpenFlags::GDAL_OF_RASTER | GdalOpenFlags::GDAL_OF_VERBOSE_ERROR;
    let _offline = Offline::of(path);
    let is_virtual = is_named_as_virtual(path) && !archive::is_within(path);
    let allowed: Vec<&str> = drivers().iter().map(String::as_str).filter(|name| is_virtual || *name != "VRT").collect();
    let allowed_drivers = Some(&allowed[..]);
    Dataset::open_ex(&*within, DatasetOptions { open_flags, allowed_drivers, ..DatasetOptions::default() })
        .map_err(|cause| unopened(path, "is no raster that GDAL can read", &cause))
}

/// Why GDAL could not open a file: it tells a want of handles as one of the file.
fn unopened(path: &Path, what: &str, cause: &dyn fmt::Display) -> Error {
    let what = if pool::is_starved() { pool::STARVED } else { what };
    file(path, what).because(address::hidden(&cause.to_string()).into_owned())
}

/// Has GDAL forget what it knows of other machines' files, where one is opened that is there, or may name one.
fn look_anew(path: &Path) {
    if vector::local(path).is_none() || is_named_as_virtual(path) {
        vector::ogr::forget_fetched();
    }
}

/// A number for the state of a file without times: each opening has its own, also those of a server before this one.
fn opening() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut hasher = DefaultHasher::new();
    (SystemTime::now(), COUNT.fetch_add(1, Ordering::Relaxed)).hash(&mut hasher);
    hasher.finish()
}

/// Drivers of rasters that speak to servers: what is named is a file, and one that merely looks like a description of a service is none.
const REFUSED: [&str; 16] = [
    "DAAS",
    "DERIVED",
    "EEDAI",
    "GTI",
    "HTTP",
    "NGW",
    "OGCAPI",
    "PLMOSAIC",
    "PLSCENES",
    "PostGISRaster",
    "STACIT",
    "STACTA",
    "TileDB",
    "WCS",
    "WMS",
    "WMTS",
];

/// Drivers of files.
fn drivers() -> &'static [String] {
    static DRIVERS: OnceLock<Vec<String>> = OnceLock::new();
    DRIVERS.get_or_init(|| registered_but(&REFUSED))
}

/// GDAL's drivers but those refused. Counting registers them, by the one lock of the gdal crate: GDAL itself has none, and two threads
/// that register at once end the process.
fn registered_but(refused: &[&str]) -> Vec<String> {
    let all = (0..DriverManager::count()).filter_map(|index| DriverManager::get_driver(index).ok());
    all.map(|driver| driver.short_name()).filter(|name| !refused.contains(&name.as_str())).collect()
}

/// Settings of GDAL that hold for the whole process, made once.
fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        gdal::config::set_error_handler(|_, number, message| {
            tracing::debug!(number, message = %address::hidden(message), "GDAL complains");
        });
        for (name, value) in SETTINGS {
            let is_set = gdal::config::get_config_option(name, "").is_ok_and(|value| !value.is_empty());
            if !is_set && let Err(error) = gdal::config::set_config_option(name, value) {
                tracing::warn!(%error, name, "GDAL does not take a setting");
            }
        }
    });
}

/// What is wrong with a file.
fn file(path: &Path, what: &str) -> Error {
    Error::new(Kind::Internal, format!("{} {}", address::shown(path), address::hidden(what)))
}
