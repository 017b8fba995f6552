//! From a project file, or from files alone, to a catalog. A layer that cannot be opened is told beside the others, which
//! are served.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::HeaderValue;

use crate::data::coverage::Coverage;
use crate::error::Error;
use crate::sources::gdal::{self, Raster, RasterOptions};
use crate::sources::geopackage::{GeoPackage, GeoPackageLayer, LayerOptions};
use crate::sources::postgis::Database;

use super::catalog::{Layer, Project};
use super::map_settings::Scales;
use super::settings::{self, Limit, TimeColumns};
use super::tree::tree;
use super::watch::Watched;

mod database;

/// A catalog, and what is missing from it.
pub struct Opened {
    /// What can be served.
    pub project: Project,
    /// What cannot, and why.
    pub faults: Vec<String>,
    /// Files whose change asks for another opening.
    pub watched: Watched,
}

/// Opens all that a project names.
pub fn open(settings: &settings::Project, name: Option<String>) -> Opened {
    let title = settings.title.clone().or_else(|| name.clone()).or_else(|| title_of(&settings.data));
    let mut project = Project::new(title.unwrap_or_else(|| "Graticule".to_owned()));
    project.name = name;
    project.aliases.clone_from(&settings.aliases);
    project.description.clone_from(&settings.description);
    project.contact.clone_from(&settings.contact);
    project.license.clone_from(&settings.license);
    project.keywords.clone_from(&settings.keywords);
    project.map = settings.map.clone();
    project.wms = settings.wms.clone();
    project.wfs = settings.wfs.clone();
    project.wcs = settings.wcs.clone();
    let mut opening = Opening {
        settings,
        opened: HashMap::new(),
        databases: HashMap::new(),
        project,
        faults: Vec::new(),
        watched: Watched::default(),
    };
    for layer in &settings.layers {
        opening.add_layer(layer);
    }
    for path in &settings.data {
        opening.add_data(path);
    }
    opening.add_groups();
    opening.watched.packages(opening.opened.into_values());
    Opened { project: opening.project, faults: opening.faults, watched: opening.watched }
}

/// A title for a project that is one file: `natural_earth.gpkg` is "natural earth".
fn title_of(data: &[PathBuf]) -> Option<String> {
    match data {
        [one] => Some(one.file_stem()?.to_string_lossy().replace(['_', '-'], " ")),
        _ => None,
    }
}

struct Opening<'a> {
    settings: &'a settings::Project,
    /// Files that are open already, so that their layers share connections.
    opened: HashMap<PathBuf, GeoPackage>,
    /// Databases by their connection strings; none where one does not answer.
    databases: HashMap<String, Option<Database>>,
    project: Project,
    faults: Vec<String>,
    watched: Watched,
}

impl Opening<'_> {
    /// Every layer of a file, or of every GeoPackage and raster in a folder.
    fn add_data(&mut self, path: &Path) {
        if let Some(dsn) = database::dsn(path) {
            return self.add_database(dsn);
        }
        if path.is_dir() {
            self.watched.path(path);
            let entries = std::fs::read_dir(path).map(|entries| entries.flatten().map(|entry| entry.path()));
            let Ok(entries) = entries else {
                return self.faults.push(format!("{}: the folder cannot be read", path.display()));
            };
            let mut files: Vec<PathBuf> =
                entries.filter(|path| is_package(path) || gdal::is_named_as_raster(path)).collect();
            files.sort();
            if files.is_empty() {
                let missing = "there is no GeoPackage (*.gpkg) and no raster (*.tif) in this folder";
                self.faults.push(format!("{}: {missing}", path.display()));
            }
            return files.iter().for_each(|file| self.add_data(file));
        }
        if is_raster(path) {
            let id = self.free_id(&path.file_stem().unwrap_or_default().to_string_lossy());
            return self.add_raster(&id, path, None);
        }
        let layers = match self.file(path) {
            Ok(file) => file.layers(),
            Err(error) => return self.faults.push(told(&error)),
        };
        for layer in layers {
            match layer {
                Ok(layer) => {
                    let id = self.free_id(&layer.name);
                    self.publish_features(&id, &layer, None);
                }
                Err((name, error)) => self.faults.push(format!("{}: layer '{name}': {}", path.display(), told(&error))),
            }
        }
    }

    /// One layer with settings of its own.
    fn add_layer(&mut self, layer: &settings::Layer) {
        if is_raster(&layer.source) {
            let stem = layer.source.file_stem().unwrap_or_default().to_string_lossy();
            return self.add_raster(layer.id.as_deref().unwrap_or(&stem), &layer.source, Some(layer));
        }
        let time = layer.time.as_ref().map(|time| match time {
            TimeColumns::At(at) => (at.clone(), None),
            TimeColumns::Lasting([start, end]) => (start.clone(), Some(end.clone())),
        });
        let options = LayerOptions { time, id: layer.key.clone() };
        if let Some(dsn) = database::dsn(&layer.source) {
            return self.add_table(dsn, layer, &options);
        }
        let file = match self.file(&layer.source) {
            Ok(file) => file.clone(),
            Err(error) => return self.faults.push(told(&error)),
        };
        let names: Vec<&str> = file.layer_names().collect();
        let name = match (&layer.layer, names.as_slice()) {
            (Some(name), _) => name.as_str(),
            (None, [one]) => one,
            (None, _) => {
                let all = names.join(", ");
                return self.faults.push(format!("{}: say which layer: {all}", layer.source.display()));
            }
        };
        match file.layer(name, &options) {
            Ok(opened) => self.publish_features(layer.id.as_deref().unwrap_or(name), &opened, Some(layer)),
            Err(error) => self.faults.push(format!("layer '{name}': {}", told(&error))),
        }
    }

    /// A raster.
    fn add_raster(&mut self, id: &str, path: &Path, own: Option<&settings::Layer>) {
        self.watched.path(path);
        let crs = own.and_then(|own| own.crs.as_deref()).map(str::parse).transpose();
        let crs = match crs {
            Ok(crs) => crs,
            Err(fault) => return self.faults.push(format!("layer '{id}': crs: {fault}")),
        };
        let bands = own.and_then(|own| own.bands.clone());
        let units = own.and_then(|own| own.units.clone());
        match Raster::open(path, &RasterOptions { bands, units, crs }) {
            Ok(raster) => {
                let title = raster.title().map(str::to_owned);
                let source: Arc<dyn Coverage> = Arc::new(raster);
                self.publish(Layer::coverage(id, source), (title, None), own);
            }
            Err(error) => self.faults.push(told(&error)),
        }
    }

    fn publish_features(&mut self, id: &str, opened: &GeoPackageLayer, own: Option<&settings::Layer>) {
        let told = (opened.identifier.clone(), opened.description.clone());
        self.publish(Layer::new(id, opened.source.clone()), told, own);
    }

    /// Adds a layer; the file tells a title and a description.
    fn publish(&mut self, mut layer: Layer, told: (Option<String>, Option<String>), own: Option<&settings::Layer>) {
        let id = layer.id.clone();
        let own_title = own.and_then(|own| own.title.clone());
        layer.title = own_title.or(told.0).filter(|title| !title.is_empty()).unwrap_or_else(|| id.clone());
        let description = own.and_then(|own| own.description.clone()).or(told.1);
        layer.description = description.filter(|text| !text.is_empty());
        layer.limit = own.and_then(|own| own.limit).unwrap_or(self.settings.limit);
        layer.decimals = own.and_then(|own| own.decimals).or(self.settings.decimals);
        let cache = own.and_then(|own| own.cache.as_ref()).or(self.settings.cache.as_ref());
        layer.cache = cache.and_then(|text| HeaderValue::from_str(text).ok());
        if cache.is_some() && layer.cache.is_none() {
            self.faults.push(format!("layer '{id}': cache must be a value of Cache-Control, such as \"max-age=3600\""));
        }
        layer.properties = own.and_then(|own| own.properties.clone());
        layer.keywords = own.map(|own| own.keywords.clone()).unwrap_or_default();
        layer.attribution = own.and_then(|own| own.attribution.clone());
        layer.scales = own.map(|own| Scales { min: own.min_scale, max: own.max_scale }).unwrap_or_default();
        if !layer.scales.are_sound() {
            self.faults.push(format!("layer '{id}': min_scale must lie below max_scale, both from 0 on"));
        }
        if let Err(fault) = layer.set_styles(own.map(|own| own.styles.clone()).unwrap_or_default()) {
            self.faults.push(format!("layer '{id}': {fault}"));
        }
        let names = layer.property_names();
        for name in layer.properties.iter().flatten().filter(|name| !names.contains(name)) {
            self.faults.push(format!("layer '{id}': there is no property '{name}', only {}", names.join(", ")));
        }
        let Limit { default, maximum } = layer.limit;
        if default == 0 || default > maximum {
            self.faults.push(format!("layer '{id}': the default limit {default} must lie between 1 and {maximum}"));
        }
        if let Err(error) = self.project.add(layer) {
            self.faults.push(error.message().to_owned());
        }
    }

    /// The groups of maps, once every layer is there.
    fn add_groups(&mut self) {
        self.faults.extend(self.settings.wms.faults());
        self.faults.extend(self.settings.wfs.faults());
        self.faults.extend(self.settings.wcs.faults());
        if !self.settings.groups.is_empty() {
            let ids: Vec<String> = self.project.layers().iter().map(|layer| layer.id.clone()).collect();
            let (nodes, faults) = tree(&self.settings.groups, &ids);
            self.project.tree = nodes;
            self.faults.extend(faults);
        }
    }

    /// An id that no collection has yet: two files may have layers of the same name.
    fn free_id(&self, name: &str) -> String {
        let mut numbered = (2..).map(|number| format!("{name}_{number}"));
        let taken = |id: &String| self.project.layer(id).is_some();
        std::iter::once(name.to_owned()).chain(&mut numbered).find(|id| !taken(id)).unwrap_or_default()
    }

    fn file(&mut self, path: &Path) -> Result<&GeoPackage, Error> {
        if !self.opened.contains_key(path) {
            let file = GeoPackage::open(path).inspect_err(|_| self.watched.path(path))?;
            self.opened.insert(path.to_owned(), file);
        }
        Ok(&self.opened[path])
    }
}

fn is_package(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "gpkg")
}

/// Whether a file is one of samples; a GeoPackage is one of features.
fn is_raster(path: &Path) -> bool {
    !is_package(path) && (gdal::is_named_as_raster(path) || gdal::is_raster(path))
}

/// An error as whoever runs the server reads it: with its cause.
fn told(error: &Error) -> String {
    match error.cause() {
        Some(cause) => format!("{error} ({cause})"),
        None => error.to_string(),
    }
}
