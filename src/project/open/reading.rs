//! Opens files of data, many at a time: a folder may have a thousand.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::files::is_named_as_features;
use crate::data::coverage::Coverage;
use crate::data::source::FeatureSource;
use crate::error::{Error, Kind};
use crate::sources::gdal::vector::{OpenOptions, VectorFile};
use crate::sources::gdal::{self, Raster, RasterOptions};
use crate::sources::geopackage::GeoPackage;

/// Threads that open files: they wait for the disk as much as they work.
const THREADS: usize = 8;

/// A file that was opened as it is.
pub(super) struct Read {
    pub(super) path: PathBuf,
    pub(super) outcome: Result<Contents, Error>,
}

/// What a file has.
pub(super) struct Contents {
    pub(super) layers: Vec<Result<Found, (String, Error)>>,
    /// The file, where it is a GeoPackage.
    pub(super) package: Option<GeoPackage>,
    /// The files on this machine whose change asks for another opening.
    pub(super) files: Vec<PathBuf>,
}

/// A layer of a file.
pub(super) struct Found {
    /// The name that its id is made of.
    pub(super) id: String,
    /// Its name in the file; a raster has none.
    pub(super) layer: Option<String>,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) source: Source,
}

pub(super) enum Source {
    Features(Arc<dyn FeatureSource>),
    Coverage(Arc<dyn Coverage>),
}

/// What a file is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    Package,
    Raster,
    Features,
}

/// What a file is taken for, by its name where that says it.
pub(super) fn kind(path: &Path) -> FileKind {
    let has = |ending: &str| path.extension().is_some_and(|it| it.eq_ignore_ascii_case(ending));
    match () {
        // Text in XML that names rasters or layers of features.
        () if has("vrt") && !gdal::is_raster(path) => FileKind::Features,
        () if gdal::is_named_as_raster(path) => FileKind::Raster,
        () if path.to_string_lossy().starts_with("/vsi") => {
            if is_named_as_features(path) || !gdal::is_raster(path) {
                FileKind::Features
            } else {
                FileKind::Raster
            }
        }
        () if has("gpkg") => FileKind::Package,
        () if is_named_as_features(path) => FileKind::Features,
        () if gdal::is_raster(path) => FileKind::Raster,
        () if is_sqlite(path) => FileKind::Package,
        () => FileKind::Features,
    }
}

/// A GeoPackage may have any name.
fn is_sqlite(path: &Path) -> bool {
    use std::io::Read as _;
    let mut head = [0; 16];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == *b"SQLite format 3\0"
}

/// Opens files, in their order. GeoPackages that are open already come along.
pub(super) fn read_all(paths: &[(PathBuf, Option<GeoPackage>)]) -> Vec<Read> {
    let (next, count) = (AtomicUsize::new(0), paths.len());
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((path, package)) = paths.get(at) else { return done };
            done.push((at, Read { path: path.clone(), outcome: read(path, package.as_ref()) }));
        }
    };
    let mut all: Vec<(usize, Read)> = if count < 2 {
        work()
    } else {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS.min(count)).map(|_| scope.spawn(work)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
        })
    };
    all.sort_unstable_by_key(|(at, _)| *at);
    let mut read: Vec<Read> = all.into_iter().map(|(_, read)| read).collect();
    if read.len() < count {
        // A thread that panicked takes with it what it had opened.
        let lost = |(path, _): &&(PathBuf, Option<GeoPackage>)| !read.iter().any(|read| read.path == *path);
        let lost: Vec<PathBuf> = paths.iter().filter(lost).map(|(path, _)| path.clone()).collect();
        let fault = |path: &PathBuf| Error::new(Kind::Internal, format!("{}: opening it panicked", path.display()));
        read.extend(lost.into_iter().map(|path| Read { outcome: Err(fault(&path)), path }));
    }
    read
}

/// Opens one file as it is.
pub(super) fn read(path: &Path, package: Option<&GeoPackage>) -> Result<Contents, Error> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if package.is_none() {
        match kind(path) {
            FileKind::Package => {}
            FileKind::Raster => {
                let raster = Raster::open(path, &RasterOptions::default())?;
                let title = raster.title().map(str::to_owned);
                let source = Source::Coverage(Arc::new(raster));
                let found = Found { id: stem, layer: None, title, description: None, source };
                return Ok(Contents { layers: vec![Ok(found)], package: None, files: vec![path.to_owned()] });
            }
            FileKind::Features => {
                let file = VectorFile::open(path, &OpenOptions::new())?;
                let mut layers = file.layers();
                let is_one = layers.len() == 1;
                let layers = layers
                    .drain(..)
                    .map(|layer| {
                        layer.map(|layer| Found {
                            // The one layer of a file is known by the file: formats have names for it that nobody chose.
                            id: if is_one { stem.clone() } else { layer.name.clone() },
                            layer: Some(layer.name),
                            title: None,
                            description: None,
                            source: Source::Features(layer.source),
                        })
                    })
                    .collect();
                return Ok(Contents { layers, package: None, files: file.files().to_vec() });
            }
        }
    }
    let package = match package {
        Some(package) => package.clone(),
        None => GeoPackage::open(path)?,
    };
    let found = |layer: crate::sources::geopackage::GeoPackageLayer| Found {
        id: layer.name.clone(),
        layer: Some(layer.name),
        title: layer.identifier,
        description: layer.description,
        source: Source::Features(layer.source),
    };
    let layers = package.layers().into_iter().map(|layer| layer.map(found)).collect();
    Ok(Contents { layers, package: Some(package), files: Vec::new() })
}
