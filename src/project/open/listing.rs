//! What there is to publish in some data, to be written down: for `graticule init`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::reading::{self, Found, Source};
use super::{database, files, told};
use crate::base::address;
use crate::model::schema::Schema;
use crate::sources::postgis::{Database, DatabaseOptions, TableOptions};

/// A layer, as far as a project file names it.
pub struct Listed {
    /// The file, or the connection string of the database.
    pub source: PathBuf,
    /// Its name there; a raster has none.
    pub layer: Option<String>,
    /// An id that no other of the list has.
    pub id: String,
    /// What the source calls it.
    pub title: Option<String>,
    /// What the source says of it.
    pub description: Option<String>,
    /// What it consists of.
    pub contents: ListedContents,
}

/// What a layer consists of.
pub enum ListedContents {
    /// Features with these properties.
    Features(Arc<Schema>),
    /// A raster with bands of these names.
    Coverage(Vec<String>),
}

/// Every layer of the data: files, folders, patterns and databases. The first that cannot be read is told.
pub fn list(data: &[PathBuf]) -> Result<Vec<Listed>, String> {
    let mut all = Vec::new();
    for path in data {
        if let Some(dsn) = database::dsn(path) {
            list_database(path, dsn, &mut all)?;
            continue;
        }
        if let Some(fault) = database::not_a_dsn(path) {
            return Err(fault);
        }
        let meant = files::meant(path).map_err(|fault| address::hidden(&fault).into_owned())?;
        let paths: Vec<_> = meant.into_iter().map(|path| (path, None)).collect();
        for read in reading::read_all(&paths) {
            let contents = read.outcome.map_err(|error| told(&error))?;
            for layer in contents.layers {
                let wrong = |(name, error)| format!("{}: layer '{name}': {}", address::shown(&read.path), told(&error));
                all.push(of_file(layer.map_err(wrong)?));
            }
        }
    }
    let mut taken = HashSet::new();
    for layer in &mut all {
        let numbered = (2..).map(|number| format!("{}_{number}", layer.id));
        let free = std::iter::once(layer.id.clone()).chain(numbered).find(|id| !taken.contains(id));
        layer.id = free.unwrap_or_default();
        taken.insert(layer.id.clone());
    }
    Ok(all)
}

fn of_file(found: Found) -> Listed {
    let contents = match found.source {
        Source::Features(source) => ListedContents::Features(source.schema().clone()),
        Source::Coverage(source) => {
            ListedContents::Coverage(source.grid().bands.iter().map(|band| band.name.clone()).collect())
        }
    };
    let Found { path, id, layer, title, description, .. } = found;
    Listed { source: path, layer, id, title, description, contents }
}

fn list_database(path: &Path, dsn: &str, all: &mut Vec<Listed>) -> Result<(), String> {
    let database = Database::open(dsn, &DatabaseOptions::default()).map_err(|error| told(&error))?;
    for name in database.layer_names() {
        let layer = database.layer(&name, &TableOptions::default()).map_err(|error| told(&error))?;
        all.push(Listed {
            source: path.to_owned(),
            layer: Some(name.clone()),
            id: name,
            title: None,
            description: layer.description,
            contents: ListedContents::Features(layer.source.schema().clone()),
        });
    }
    Ok(())
}
