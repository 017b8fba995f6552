//! What there is to publish in some data, to be written down: for `graticule init`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::reading::{self, Found, Source};
use super::{database, files, told};
use crate::base::address;
use crate::model::schema::Schema;
use crate::sources::LayerOptions;
use crate::sources::postgis::{Database, DatabaseOptions};

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

/// Every layer of the data: files, folders, patterns and databases; and what cannot be read, and why. Where nothing can, that
/// is the error.
pub fn list(data: &[PathBuf]) -> Result<(Vec<Listed>, Vec<String>), String> {
    let (mut all, mut faults) = (Vec::new(), Vec::new());
    for path in data {
        if let Some(dsn) = database::dsn(path) {
            match Database::open(dsn, &DatabaseOptions::default()) {
                Ok(database) => list_database(path, &database, &mut all, &mut faults),
                Err(error) => faults.push(told(&error)),
            }
            continue;
        }
        if let Some(fault) = database::not_a_dsn(path) {
            faults.push(fault);
            continue;
        }
        let paths = match files::meant(path) {
            Ok(meant) => meant.into_iter().map(|path| (path, None)).collect::<Vec<_>>(),
            Err(fault) => {
                faults.push(address::hidden(&fault).into_owned());
                continue;
            }
        };
        for read in reading::read_all(&paths) {
            let layers = match read.outcome {
                Ok(contents) => contents.layers,
                Err(error) => {
                    faults.push(told(&error));
                    continue;
                }
            };
            for layer in layers {
                match layer {
                    Ok(found) => all.push(of_file(found)),
                    Err((name, error)) => {
                        faults.push(format!("{}: layer '{name}': {}", address::shown(&read.path), told(&error)));
                    }
                }
            }
        }
    }
    if all.is_empty() && !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    let mut taken = HashSet::new();
    for layer in &mut all {
        let numbered = (2..).map(|number| format!("{}_{number}", layer.id));
        let free = std::iter::once(layer.id.clone()).chain(numbered).find(|id| !taken.contains(id));
        layer.id = free.unwrap_or_default();
        taken.insert(layer.id.clone());
    }
    Ok((all, faults))
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

fn list_database(path: &Path, database: &Database, all: &mut Vec<Listed>, faults: &mut Vec<String>) {
    for name in database.layer_names() {
        match database.layer(&name, &LayerOptions::default()) {
            Ok(layer) => all.push(Listed {
                source: path.to_owned(),
                layer: Some(name.clone()),
                id: name,
                title: None,
                description: layer.description,
                contents: ListedContents::Features(layer.source.schema().clone()),
            }),
            Err(error) => faults.push(told(&error)),
        }
    }
    faults.extend(database.left_out().iter().map(|(name, why)| format!("table '{name}': {why}")));
}
