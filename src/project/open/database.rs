//! Databases among the data of a project.

use std::path::Path;

use super::{Opening, name_of, settings, told};
use crate::base::address;
use crate::error::{Error, Kind};
use crate::model::schema::FieldKind;
use crate::model::value::Value;
use crate::project::catalog::Layer;
use crate::sources::LayerOptions;
use crate::sources::postgis::{Database, DatabaseLayer, DatabaseOptions, SqlView, ViewParameter, is_dsn, is_held};

/// The connection string that stands in the place of a file's name.
pub(super) fn dsn(path: &Path) -> Option<&str> {
    path.to_str().filter(|text| is_dsn(text))
}

/// What is wrong where a path is the connection of a database in another form. Nothing of it is told.
pub(super) fn not_a_dsn(path: &Path) -> Option<String> {
    path.to_str().filter(|text| address::is_connection(text)).map(|_| {
        "a database is named by its URL, postgres://user@host:port/database, not in the form of libpq or GDAL"
            .to_owned()
    })
}

impl Opening<'_> {
    /// Every table and view of a database that has a geometry.
    pub(super) fn add_database(&mut self, dsn: &str) {
        let Some(database) = self.database(dsn) else { return };
        for name in database.layer_names().collect::<Vec<_>>() {
            self.origin = format!("table {dsn} {name}");
            match database.layer(&name, &LayerOptions::default()) {
                Ok(layer) => {
                    let id = self.free_id(&layer.name);
                    self.publish_table(&id, layer, None);
                }
                Err(error) => self.cannot_read(&name, &error, told(&error), None),
            }
        }
        for (name, why) in database.left_out() {
            self.lacks(name, format!("table '{name}': {why}"));
        }
        database.watch_all();
    }

    /// One table with settings of its own.
    pub(super) fn add_table(&mut self, dsn: &str, own: &settings::Layer, options: &LayerOptions) {
        let Some(database) = self.database(dsn) else {
            if self.watched.waits_for(dsn)
                && let Some(id) = own.id.as_deref().or(own.layer.as_deref())
            {
                self.project.await_layer(id);
            }
            return;
        };
        if let Some(query) = &own.sql {
            return self.add_query(&database, query, own, options);
        }
        let Some(name) = &own.layer else {
            let all: Vec<String> = database.layer_names().collect();
            return self.faults.push(format!("{}: say which layer: {}", database.name(), all.join(", ")));
        };
        match database.layer(name, options) {
            Ok(layer) => self.publish_table(own.id.as_deref().unwrap_or(name), layer, Some(own)),
            Err(error) => {
                self.cannot_read(&name_of(own), &error, format!("layer '{name}': {}", told(&error)), Some(own));
            }
        }
    }

    /// A query as a layer.
    fn add_query(&mut self, database: &Database, query: &str, own: &settings::Layer, options: &LayerOptions) {
        let Some(id) = &own.id else {
            return self.faults.push("a layer with sql needs an id".to_owned());
        };
        let parameters = own.parameters.iter().map(|(name, own)| parameter(name, own)).collect::<Result<Vec<_>, _>>();
        let parameters = match parameters {
            Ok(parameters) => parameters,
            Err(fault) => return self.faults.push(format!("layer '{id}': {fault}")),
        };
        let view = SqlView { query: query.to_owned(), parameters, geometry: own.layer.clone() };
        match database.view(id, &view, options) {
            Ok(opened) => {
                let mut layer = Layer::new(id, opened.source);
                layer.parameters = view.parameters;
                self.publish(layer, (None, None), Some(own));
            }
            Err(error) => self.cannot_read(id, &error, format!("layer '{id}': {}", told(&error)), Some(own)),
        }
    }

    /// A table that cannot be read, for now or as it is: the others are served. One that is
    /// locked, or not filled yet, goes on as it was described.
    fn cannot_read(&mut self, name: &str, error: &Error, fault: String, own: Option<&settings::Layer>) {
        if is_held(error) {
            self.lacks_now(name, fault, own);
            return self.project.await_layer(name);
        }
        if error.kind() == Kind::Unavailable { self.misses(name, fault) } else { self.lacks(name, fault) }
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
            self.misses("database", told(&error));
            if error.kind() == Kind::Unavailable {
                self.watched.database(dsn, options);
            }
        });
        self.databases.insert(dsn.to_owned(), opened.clone().ok());
        opened.ok()
    }
}

/// A parameter as the project file has it.
fn parameter(name: &str, own: &settings::Parameter) -> Result<ViewParameter, String> {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Err(format!("the parameter '{name}' needs a name of letters, digits and underscores"));
    }
    let kind = match own.kind.as_str() {
        "integer" => FieldKind::Integer,
        "number" => FieldKind::Number,
        "boolean" => FieldKind::Boolean,
        "string" => FieldKind::String,
        "date" => FieldKind::Date,
        "date-time" => FieldKind::DateTime,
        other => {
            let known = "integer, number, boolean, string, date or date-time";
            return Err(format!("the parameter '{name}' has the type '{other}', expected {known}"));
        }
    };
    let text = match &own.default {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let default = Value::parse(kind, &text).map_err(|expected| format!("the default of '{name}': {expected}"))?;
    Ok(ViewParameter { name: name.to_owned(), kind, default, description: own.description.clone() })
}
