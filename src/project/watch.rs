//! What a catalog was made from, to be looked at again: the project file, templates, folders and files of data.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::sources::geopackage::GeoPackage;
use crate::sources::postgis::{Database, DatabaseOptions};

/// Files whose change asks for another opening.
#[derive(Clone, Default)]
pub struct Watched {
    paths: Vec<PathBuf>,
    packages: Vec<GeoPackage>,
    databases: Vec<Database>,
    /// Databases that did not answer.
    waiting: Vec<(String, DatabaseOptions)>,
}

impl Watched {
    /// Watches a file, or a folder and the files in it.
    pub fn path(&mut self, path: &Path) {
        self.paths.push(path.to_owned());
    }

    /// Watches how files of data are made; rows that change in them are nothing to open them anew for.
    pub(crate) fn packages(&mut self, packages: impl IntoIterator<Item = GeoPackage>) {
        self.packages.extend(packages.into_iter().inspect(GeoPackage::end_opening));
    }

    /// Watches how tables of databases are made; rows that change in them are nothing to describe them anew for.
    pub(crate) fn databases(&mut self, databases: impl IntoIterator<Item = Database>) {
        self.databases.extend(databases);
    }

    /// Waits for a database that did not answer.
    pub(crate) fn database(&mut self, dsn: &str, options: DatabaseOptions) {
        self.waiting.push((dsn.to_owned(), options));
    }

    /// Whether a database is waited for.
    pub(crate) fn waits_for(&self, dsn: &str) -> bool {
        self.waiting.iter().any(|(waiting, _)| waiting == dsn)
    }

    /// Whether something is waited for, so that it is looked for without being told to.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Watches what another watches as well.
    pub fn join(&mut self, other: Watched) {
        self.paths.extend(other.paths);
        self.packages.extend(other.packages);
        self.databases.extend(other.databases);
        self.waiting.extend(other.waiting);
    }

    /// A number that is another one when something changed.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.paths.iter().for_each(|path| stamp(path, &mut hasher, DEPTH));
        self.packages.iter().for_each(|package| package.shape().hash(&mut hasher));
        self.databases.iter().for_each(|database| database.shape().hash(&mut hasher));
        self.waiting.iter().for_each(|(dsn, options)| Database::open(dsn, options).is_ok().hash(&mut hasher));
        hasher.finish()
    }
}

/// How deep folders are looked into: templates have parts and static files.
const DEPTH: u8 = 3;

fn stamp(path: &Path, hasher: &mut DefaultHasher, depth: u8) {
    let Ok(about) = fs::metadata(path) else {
        return path.hash(hasher);
    };
    (path, about.ino()).hash(hasher);
    if !about.is_dir() {
        return (about.mtime(), about.mtime_nsec(), about.len()).hash(hasher);
    }
    let Some(depth) = depth.checked_sub(1) else { return };
    let mut inside: Vec<PathBuf> =
        fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    inside.sort();
    for path in inside {
        // Data in a folder is written into all the time; what counts is which files there are.
        if depth + 1 == DEPTH && path.extension().is_some_and(|it| it == "gpkg") {
            path.hash(hasher);
        } else if !is_beside_data(&path) {
            stamp(&path, hasher, depth);
        }
    }
}

/// SQLite makes and removes files beside a database as it is read and written.
fn is_beside_data(path: &Path) -> bool {
    path.to_string_lossy().ends_with("-wal")
        || path.to_string_lossy().ends_with("-shm")
        || path.to_string_lossy().ends_with("-journal")
        // GDAL keeps there what it found out about GML and rasters.
        || path.extension().is_some_and(|it| it == "gfs")
        || path.to_string_lossy().ends_with(".aux.xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_noticed_and_no_change_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("project.toml");
        let mut watched = Watched::default();
        watched.path(&file);
        watched.path(folder.path());
        let missing = watched.fingerprint();
        fs::write(&file, "title = 'a'").unwrap();
        let there = watched.fingerprint();
        assert_ne!(missing, there);
        assert_eq!(watched.fingerprint(), there);
        fs::write(folder.path().join("base.html"), "x").unwrap();
        assert_ne!(watched.fingerprint(), there);
    }
}
