//! Opens files of data, many at a time: a folder may have a thousand.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::archive;
use super::files::is_named_as_features;
use super::left_out::special;
use super::{FOUND, OPENED};
use crate::base::address;
use crate::data::coverage::Coverage;
use crate::data::source::FeatureSource;
use crate::error::{Error, Kind};
use crate::sources::gdal::archive::is_within;
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
    /// The file; in an archive, the one within.
    pub(super) path: PathBuf,
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
        () if path.to_string_lossy().starts_with("/vsi") || is_within(path) => {
            if is_named_as_features(path) || !gdal::is_raster(path) { FileKind::Features } else { FileKind::Raster }
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
    FOUND.fetch_add(count, Ordering::Relaxed);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((path, package)) = paths.get(at) else { return done };
            done.push((at, Read { path: path.clone(), outcome: read(path, package.as_ref()) }));
            OPENED.fetch_add(1, Ordering::Relaxed);
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
        let fault =
            |path: &PathBuf| Error::new(Kind::Internal, format!("{}: opening it panicked", address::shown(path)));
        read.extend(lost.into_iter().map(|path| Read { outcome: Err(fault(&path)), path }));
    }
    read
}

/// Opens an archive: each file of data in it, or where there is none that is known by its name, what GDAL takes it for as a whole.
fn read_archive(path: &Path) -> Result<Contents, Error> {
    let held = archive::held(path)?;
    if held.data.is_empty() {
        return read_one(path, None).map_err(|error| {
            let has = if held.other.is_empty() { "nothing".to_owned() } else { held.others() };
            let what = format!("{} holds no file of data that is known by its name, but {has}", address::shown(path));
            Error::new(Kind::Internal, what).because(error)
        });
    }
    if !held.other.is_empty() {
        tracing::info!(archive = %address::shown(path), "not published: {}", held.others());
    }
    let mut contents = Contents { layers: Vec::new(), package: None, files: vec![path.to_owned()] };
    for member in &held.data {
        match read_one(member, None) {
            Ok(of) => {
                contents.layers.extend(of.layers);
                contents.files.extend(of.files);
            }
            Err(error) => {
                let name = member.file_name().unwrap_or_default().to_string_lossy().into_owned();
                contents.layers.push(Err((name, error)));
            }
        }
    }
    contents.files.sort();
    contents.files.dedup();
    // The one layer of an archive is known by the archive.
    if let [Ok(one)] = contents.layers.as_mut_slice()
        && let Some(stem) = gdal::archive::stem(path)
    {
        // `roads.shp.zip` has roads.
        let plain = Path::new(stem).file_stem().filter(|_| is_named_as_features(Path::new(stem)));
        one.id = plain.map_or_else(|| stem.to_owned(), |plain| plain.to_string_lossy().into_owned());
    }
    Ok(contents)
}

/// Why what is neither a regular file nor a folder is not opened.
pub(super) fn refused(special: &Path) -> Error {
    Error::new(Kind::Unavailable, format!("{} is neither a regular file nor a folder", special.display()))
}

/// Opens one file as it is.
pub(super) fn read(path: &Path, package: Option<&GeoPackage>) -> Result<Contents, Error> {
    if let Some(special) = special(path) {
        return Err(refused(&special));
    }
    if package.is_none() && archive::is_archive(path) { read_archive(path) } else { read_one(path, package) }
}

fn read_one(path: &Path, package: Option<&GeoPackage>) -> Result<Contents, Error> {
    let stem = address::stem(path);
    if package.is_none() {
        match kind(path) {
            FileKind::Package => {}
            FileKind::Raster => {
                let raster = Raster::open(path, &RasterOptions::default())?;
                let title = raster.title().map(str::to_owned);
                let files = vec![raster.file().unwrap_or_else(|| path.to_owned())];
                let source = Source::Coverage(Arc::new(raster));
                let found = Found { path: path.to_owned(), id: stem, layer: None, title, description: None, source };
                return Ok(Contents { layers: vec![Ok(found)], package: None, files });
            }
            FileKind::Features => {
                let file = VectorFile::open(path, &OpenOptions::new())?;
                let mut layers = file.layers();
                let is_one = layers.len() == 1;
                let is_package = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("gpkg"));
                let layers = layers
                    .drain(..)
                    .map(|layer| {
                        layer.map(|layer| Found {
                            path: path.to_owned(),
                            // The one layer of a file is known by the file: formats have names for it that nobody chose.
                            id: if is_one && !is_package { stem.clone() } else { layer.name.clone() },
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
        path: path.to_owned(),
        id: layer.name.clone(),
        layer: Some(layer.name),
        title: layer.identifier,
        description: layer.description,
        source: Source::Features(layer.source),
    };
    let layers = package.layers().into_iter().map(|layer| layer.map(found)).collect();
    Ok(Contents { layers, package: Some(package), files: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_as_they_are_opened_not_at_the_end() {
        let (opened, found) = crate::project::open::opened();
        let paths: Vec<_> = (0..20).map(|number| (PathBuf::from(format!("/nowhere/{number}.csv")), None)).collect();
        assert_eq!(read_all(&paths).len(), 20);
        let (now, all) = crate::project::open::opened();
        // Other tests open files as well.
        assert!(now >= opened + 20 && all >= found + 20, "{opened} of {found}, {now} of {all}");
    }
}
