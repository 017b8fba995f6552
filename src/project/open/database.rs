//! Databases among the data of a project.

use std::path::Path;

use super::{Opening, settings, told};
use crate::error::Kind;
use crate::project::catalog::Layer;
use crate::sources::geopackage::LayerOptions;
use crate::sources::postgis::{Database, DatabaseLayer, DatabaseOptions, is_dsn};

/// The connection string that stands in the place of a file's name.
pub(super) fn dsn(path: &Path) -> Option<&str> {
    path.to_str().filter(|text| is_dsn(text))
}

impl Opening<'_> {
    /// Every table and view of a database that has a geometry.
    pub(super) fn add_database(&mut self, dsn: &str) {
        let Some(database) = self.database(dsn) else { return };
        for name in database.layer_names().collect::<Vec<_>>() {
            match database.layer(&name, &LayerOptions::default()) {
                Ok(layer) => {
                    let id = self.free_id(&layer.name);
                    self.publish_table(&id, layer, None);
                }
                Err(error) => self.faults.push(told(&error)),
            }
        }
    }

    /// One table with settings of its own.
    pub(super) fn add_table(&mut self, dsn: &str, own: &settings::Layer, options: &LayerOptions) {
        let Some(database) = self.database(dsn) else { return };
        let Some(name) = &own.layer else {
            let all: Vec<String> = database.layer_names().collect();
            return self.faults.push(format!("{}: say which layer: {}", database.name(), all.join(", ")));
        };
        match database.layer(name, options) {
            Ok(layer) => self.publish_table(own.id.as_deref().unwrap_or(name), layer, Some(own)),
            Err(error) => self.faults.push(format!("layer '{name}': {}", told(&error))),
        }
    }

    fn publish_table(&mut self, id: &str, layer: DatabaseLayer, own: Option<&settings::Layer>) {
        self.publish(Layer::new(id, layer.source), (None, layer.description), own);
    }

    /// A database, opened once; one that does not answer is told once, and tried again.
    fn database(&mut self, dsn: &str) -> Option<Database> {
        if let Some(known) = self.databases.get(dsn) {
            return known.clone();
        }
        let settings = self.settings.database;
        let options =
            DatabaseOptions { connections: settings.connections, statement_timeout: settings.statement_timeout() };
        let opened = Database::open(dsn, &options).map_err(|error| {
            self.faults.push(told(&error));
            if error.kind() == Kind::Unavailable {
                self.watched.database(dsn, options);
            }
        });
        self.databases.insert(dsn.to_owned(), opened.clone().ok());
        opened.ok()
    }
}
