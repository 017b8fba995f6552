//! GeoPackage files, read by SQL on SQLite: a page costs half to a fifth of one through a library's feature objects.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use crate::data::source::FeatureSource;
use crate::error::Result;
use crate::sources::LayerOptions;
use crate::sources::pool::{self, Pool};

mod cells;
mod columns;
mod count;
mod extent;
mod fault;
mod filter;
mod header;
mod key;
mod layer;
mod made;
mod milestones;
mod narrow;
mod nodes;
mod number;
mod open;
mod passes;
mod patience;
mod read;
mod reference;
mod seek;
mod spatial;
mod sql;
mod table;
#[cfg(test)]
mod tests;
mod times;
mod trigrams;

/// A file that is open for reading.
#[derive(Clone)]
pub struct GeoPackage {
    room: Arc<Room>,
    contents: Vec<Entry>,
}

/// What the layers of a file share.
struct Room {
    path: PathBuf,
    pool: Pool<open::Handle>,
    /// What opens the layers, one after the other: to read the schema of a file of many is most of the work.
    opening: Mutex<Option<Connection>>,
}

/// A row of gpkg_contents.
#[derive(Clone)]
struct Entry {
    name: String,
    identifier: Option<String>,
    description: Option<String>,
    last_change: Option<String>,
}

/// A layer of a file.
#[derive(Clone)]
pub struct GeoPackageLayer {
    /// Name of the table.
    pub name: String,
    /// Title for people.
    pub identifier: Option<String>,
    /// Description for people.
    pub description: Option<String>,
    /// When the layer was changed, as the file tells it; not every program keeps it up.
    pub last_change: Option<String>,
    /// The rows.
    pub source: Arc<dyn FeatureSource>,
}

impl fmt::Debug for GeoPackage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "GeoPackage({})", self.room.path.display())
    }
}

impl fmt::Debug for GeoPackageLayer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "GeoPackageLayer({})", self.name)
    }
}

impl GeoPackage {
    /// Opens a file. The errors name the file and what is wrong with it: they are for whoever runs the server.
    pub fn open(path: &Path) -> Result<GeoPackage> {
        Self::open_with(path, pool::THREADS)
    }

    /// Opens a file that at most so many threads read at once.
    pub fn open_with(path: &Path, threads: usize) -> Result<GeoPackage> {
        open::check(path)?;
        let connection = open::connect(path).map_err(|error| open::explained(path, error))?;
        let contents = contents(&connection).map_err(|cause| open::explained(path, fault::opening(path, cause)))?;
        let Some(contents) = contents else {
            return Err(fault::file(path, "is a SQLite file, but no GeoPackage: it has no table gpkg_contents"));
        };
        Ok(Self {
            room: Arc::new(Room {
                path: path.to_owned(),
                pool: Pool::new("gpkg", path, threads, open::reader),
                opening: Mutex::new(Some(connection)),
            }),
            contents,
        })
    }

    /// The names of the layers, in the file's order.
    pub fn layer_names(&self) -> impl Iterator<Item = &str> {
        self.contents.iter().map(|entry| entry.name.as_str())
    }

    /// All layers as the file describes them. One that cannot be read stands as its name and what is wrong with it, so
    /// that the others can be served.
    pub fn layers(&self) -> Vec<Result<GeoPackageLayer, (String, crate::error::Error)>> {
        let read =
            |entry: &Entry| self.read(entry, &LayerOptions::default()).map_err(|error| (entry.name.clone(), error));
        self.contents.iter().map(read).collect()
    }

    /// One layer by its name.
    pub fn layer(&self, name: &str, options: &LayerOptions) -> Result<GeoPackageLayer> {
        if let Some(entry) = self.contents.iter().find(|entry| entry.name == name) {
            return self.read(entry, options);
        }
        let names: Vec<_> = self.layer_names().map(|name| format!("'{name}'")).collect();
        Err(fault::file(&self.room.path, &format!("has no layer '{name}', but these: {}", names.join(", "))))
    }

    /// Closes what opened the layers; a further one would open it anew.
    pub(crate) fn end_opening(&self) {
        self.room.opening.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// A number that changes when the file is another one or its tables are made otherwise; not when rows change, which
    /// layers notice by themselves. None where the file cannot be read.
    pub fn shape(&self) -> Option<u64> {
        let connection = open::connect(&self.room.path).ok()?;
        let version: i64 = connection.query_row("PRAGMA schema_version", [], |row| row.get(0)).ok()?;
        let contents = contents(&connection).ok()??;
        let words = contents.iter().map(|entry| (&entry.name, &entry.identifier, &entry.description));
        let mut hasher = DefaultHasher::new();
        (open::inode(&self.room.path), version).hash(&mut hasher);
        words.for_each(|words| words.hash(&mut hasher));
        Some(hasher.finish())
    }

    fn read(&self, entry: &Entry, options: &LayerOptions) -> Result<GeoPackageLayer> {
        let mut opening = self.room.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match opening.take() {
            Some(connection) => connection,
            None => open::connect(&self.room.path)?,
        };
        let table = table::read(&connection, &entry.name, options);
        *opening = Some(connection);
        let table = table?;
        Ok(GeoPackageLayer {
            name: entry.name.clone(),
            identifier: entry.identifier.clone(),
            description: entry.description.clone(),
            last_change: entry.last_change.clone(),
            source: Arc::new(layer::Layer::new(self.room.clone(), table)),
        })
    }
}

/// The tables with features or attributes; `None` where the file is no GeoPackage.
fn contents(connection: &Connection) -> rusqlite::Result<Option<Vec<Entry>>> {
    if !connection.prepare("SELECT 1 FROM sqlite_master WHERE lower(name) = 'gpkg_contents'")?.exists([])? {
        return Ok(None);
    }
    let mut statement = connection.prepare(
        "SELECT table_name, identifier, description, last_change FROM gpkg_contents \
         WHERE data_type IN ('features', 'attributes', 'aspatial') ORDER BY rowid",
    )?;
    let rows = statement.query_map([], |row| {
        let filled = |at| Ok::<_, rusqlite::Error>(sql::text(row, at)?.filter(|text| !text.is_empty()));
        Ok(Entry {
            name: sql::text(row, 0)?.unwrap_or_default(),
            identifier: filled(1)?,
            description: filled(2)?,
            last_change: filled(3)?,
        })
    })?;
    rows.collect::<rusqlite::Result<_>>().map(Some)
}
