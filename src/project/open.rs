//! From a project file, or from files alone, to a catalog. A layer that cannot be opened is told beside the others, which
//! are served.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderValue;

use crate::base::address;
use crate::base::crs::Crs;
use crate::data::coverage::Coverage;
use crate::data::reference;
use crate::error::Error;
use crate::sources::LayerOptions;
use crate::sources::gdal::vector::{OpenOptions, VectorFile};
use crate::sources::gdal::{self, Raster, RasterOptions};
use crate::sources::geopackage::{GeoPackage, GeoPackageLayer};
use crate::sources::postgis::Database;

use super::catalog::{Layer, Project};
use super::map_settings::Scales;
use super::settings::{self, CrsSetting, Limit, TimeColumns};
use super::tree::tree;
use super::watch::Watched;
use reading::{FileKind, Found, Source};

mod archive;
mod away;
mod database;
mod files;
mod left_out;
pub mod listing;
mod misplaced;
mod reading;

/// Files and layers of project files that this process found so far, and those of them that it opened or gave up, for whoever
/// waits.
static FOUND: AtomicUsize = AtomicUsize::new(0);
static OPENED: AtomicUsize = AtomicUsize::new(0);

/// How many files, and layers of project files, this process has opened so far, of how many that it found.
pub fn opened() -> (usize, usize) {
    let opened = OPENED.load(Ordering::Relaxed);
    (opened, FOUND.load(Ordering::Relaxed).max(opened))
}

/// A catalog, and what is missing from it.
pub struct Opened {
    /// What can be served.
    pub project: Project,
    /// What cannot, and why.
    pub faults: Vec<String>,
    /// Those of the faults that are of files of data alone, not of what the project says.
    pub of_files: Vec<String>,
    /// The layers, files and databases among that, by a name that says nothing of where they are.
    pub unopened: Vec<String>,
    /// Files whose change asks for another opening.
    pub watched: Watched,
}

/// Opens all that a project names.
pub fn open(settings: &settings::Project, name: Option<String>) -> Opened {
    open_again(settings, name, None)
}

/// Opens all that a project names. What cannot be opened now and was `before` goes on as it was described then.
pub fn open_again(settings: &settings::Project, name: Option<String>, before: Option<&Project>) -> Opened {
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
        before,
        origin: String::new(),
        files: Vec::new(),
        opened: HashMap::new(),
        vectors: HashMap::new(),
        databases: HashMap::new(),
        project,
        faults: Vec::new(),
        of_files: Vec::new(),
        unopened: Vec::new(),
        watched: Watched::default(),
    };
    FOUND.fetch_add(settings.layers.len(), Ordering::Relaxed);
    for layer in &settings.layers {
        opening.add_layer(layer);
        OPENED.fetch_add(1, Ordering::Relaxed);
    }
    opening.add_all_data(&settings.data);
    opening.add_groups();
    opening.watched.databases(std::mem::take(&mut opening.databases).into_values().flatten());
    opening.watched.packages(std::mem::take(&mut opening.opened).into_values());
    let Opening { project, faults, of_files, unopened, watched, .. } = opening;
    Opened { project, faults, of_files, unopened, watched }
}

/// A title for a project that is one file: `natural_earth.gpkg` is "natural earth".
fn title_of(data: &[PathBuf]) -> Option<String> {
    match data {
        [one] => {
            let stem = gdal::archive::stem(one).map_or_else(|| address::stem(one), str::to_owned);
            Some(stem.replace(['_', '-'], " ")).filter(|title| !title.is_empty())
        }
        _ => None,
    }
}

/// What one path of data stands for.
enum Meant<'a> {
    Database(&'a str),
    /// So many files, and whether the folder that they lie in is watched.
    Files(usize, bool),
}

struct Opening<'a> {
    settings: &'a settings::Project,
    /// The same project as it was served until now.
    before: Option<&'a Project>,
    /// What is being opened, as the project says it.
    origin: String,
    /// The files that it consists of.
    files: Vec<PathBuf>,
    /// Files that are open already, so that their layers share connections.
    opened: HashMap<PathBuf, GeoPackage>,
    /// The same of files that GDAL reads.
    vectors: HashMap<(PathBuf, OpenOptions), VectorFile>,
    /// Databases by their connection strings; none where one does not answer.
    databases: HashMap<String, Option<Database>>,
    project: Project,
    faults: Vec<String>,
    of_files: Vec<String>,
    unopened: Vec<String>,
    watched: Watched,
}

impl Opening<'_> {
    /// Every layer of the data that is named: databases, files, folders and patterns of files.
    fn add_all_data(&mut self, data: &[PathBuf]) {
        // Each stands for some files, or for a database, in the order in which they are named.
        let (mut meant, mut paths) = (Vec::new(), Vec::new());
        for path in data {
            if let Some(dsn) = database::dsn(path) {
                meant.push(Meant::Database(dsn));
                continue;
            }
            if let Some(fault) = database::not_a_dsn(path) {
                self.misses("database", fault);
                continue;
            }
            let folder = files::folder(path);
            if let Some(folder) = &folder {
                self.watched.path(folder);
            }
            match files::meant(path) {
                Ok(mut files) => {
                    self.add_emptied(&mut files, folder.as_deref().filter(|folder| *folder == path));
                    meant.push(Meant::Files(files.len(), folder.is_some()));
                    let open = &self.opened;
                    paths.extend(files.into_iter().map(|path| {
                        let package = open.get(&path).cloned();
                        (path, package)
                    }));
                }
                Err(fault) => self.lacks(&address::name(path), address::hidden(&fault).into_owned()),
            }
        }
        let mut read = reading::read_all(&paths).into_iter();
        for meant in meant {
            match meant {
                Meant::Database(dsn) => self.add_database(dsn),
                Meant::Files(count, is_watched) => {
                    read.by_ref().take(count).for_each(|file| self.add_file(file, is_watched));
                }
            }
        }
    }

    /// Every layer of a file.
    fn add_file(&mut self, file: reading::Read, is_watched: bool) {
        let path = file.path;
        let origin = away::origin_of_data(&path);
        self.origin.clone_from(&origin);
        self.files.clear();
        let contents = match file.outcome {
            Ok(contents) => contents,
            Err(error) => {
                self.watched.path(&path);
                return self.lacks_now(&address::name(&path), told(&error), None);
            }
        };
        if let Some(fault) = self.part_away(&path) {
            self.watched.path(&path);
            return self.lacks_now(&address::name(&path), fault, None);
        }
        self.files.clone_from(&contents.files);
        if !is_watched {
            contents.files.iter().for_each(|file| self.watched.path(file));
        }
        if let Some(package) = contents.package {
            self.opened.insert(path.clone(), package);
        }
        for layer in contents.layers {
            match layer {
                Ok(Found { path: member, id, layer: name, title, description, source }) => {
                    self.origin = away::origin_within(&origin, &member, name.as_deref().unwrap_or_default());
                    let id = self.free_id(&id);
                    let layer = match source {
                        Source::Features(source) => Layer::new(id, source),
                        Source::Coverage(source) => Layer::coverage(id, source),
                    };
                    self.publish(layer, (title, description), None);
                }
                Err((name, error)) => {
                    self.origin = away::origin_within(&origin, &path, &name);
                    let fault = format!("{}: layer '{name}': {}", address::shown(&path), told(&error));
                    self.lacks_now(&name, fault, None);
                }
            }
        }
    }

    /// One layer with settings of its own.
    fn add_layer(&mut self, layer: &settings::Layer) {
        self.origin = away::origin_of_layer(layer);
        self.files.clear();
        if let Some(special) = left_out::special(&layer.source) {
            self.watched.path(&layer.source);
            return self.lacks_now(&name_of(layer), told(&reading::refused(&special)), Some(layer));
        }
        if archive::is_archive(&layer.source) {
            let Some(layer) = self.in_archive(layer) else { return };
            return self.add_file_layer(&layer);
        }
        self.add_file_layer(layer);
    }

    fn add_file_layer(&mut self, layer: &settings::Layer) {
        if let Some(fault) = database::not_a_dsn(&layer.source) {
            return self.misses(&name_of(layer), fault);
        }
        let is_database = database::dsn(&layer.source).is_some();
        let kind = if is_database { FileKind::Package } else { reading::kind(&layer.source) };
        for setting in misplaced::settings(layer, kind, is_database) {
            self.faults.push(format!("layer '{}': {setting}", name_of(layer)));
        }
        let crs = match layer.crs.as_ref().and_then(CrsSetting::stored).map(system).transpose() {
            Ok(crs) => crs,
            Err(fault) => return self.faults.push(format!("layer '{}': crs: {fault}", name_of(layer))),
        };
        if kind == FileKind::Raster {
            let stem = address::stem(&layer.source);
            return self.add_raster(layer.id.as_deref().unwrap_or(&stem), &layer.source, crs, Some(layer));
        }
        let time = layer.time.as_ref().map(|time| match time {
            TimeColumns::At(at) => (at.clone(), None),
            TimeColumns::Lasting([start, end]) => (start.clone(), Some(end.clone())),
        });
        let options = LayerOptions { time, id: layer.key.clone(), crs };
        if let Some(dsn) = database::dsn(&layer.source) {
            return self.add_table(dsn, layer, &options);
        }
        if kind == FileKind::Features {
            return self.add_features(layer, &options);
        }
        let file = match self.file(&layer.source) {
            Ok(file) => file.clone(),
            Err(error) => return self.lacks_now(&name_of(layer), told(&error), Some(layer)),
        };
        let names: Vec<&str> = file.layer_names().collect();
        let name = match (&layer.layer, names.as_slice()) {
            (Some(name), _) => name.as_str(),
            (None, [one]) => one,
            (None, _) => {
                let all = names.join(", ");
                return self.faults.push(format!("{}: say which layer: {all}", address::shown(&layer.source)));
            }
        };
        match file.layer(name, &options) {
            Ok(opened) => self.publish_features(layer.id.as_deref().unwrap_or(name), &opened, Some(layer)),
            Err(error) => self.lacks_now(&name_of(layer), format!("layer '{name}': {}", told(&error)), Some(layer)),
        }
    }

    /// A layer of a file that GDAL reads.
    fn add_features(&mut self, own: &settings::Layer, layer: &LayerOptions) {
        let path = &own.source;
        self.watched.path(path);
        let options: OpenOptions = own.options.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let stem = address::stem(path);
        let known = self.vectors.get(&(path.clone(), options.clone())).cloned();
        let file = match known.map_or_else(|| VectorFile::open(path, &options), Ok) {
            Ok(file) => file,
            Err(error) => return self.lacks_now(&name_of(own), told(&error), Some(own)),
        };
        if let Some(fault) = self.part_away(path) {
            return self.lacks_now(&name_of(own), fault, Some(own));
        }
        self.files = file.files().to_vec();
        file.files().iter().for_each(|file| self.watched.path(file));
        self.vectors.insert((path.clone(), options), file.clone());
        let names: Vec<&str> = file.layer_names().collect();
        let (name, id) = match (&own.layer, names.as_slice()) {
            (Some(name), _) => (name.as_str(), name.as_str()),
            (None, [one]) => (*one, stem.as_str()),
            (None, _) => {
                let all = names.join(", ");
                return self.faults.push(format!("{}: say which layer: {all}", address::shown(path)));
            }
        };
        match file.layer(name, layer) {
            Ok(opened) => {
                let layer = Layer::new(own.id.as_deref().unwrap_or(id), opened.source);
                self.publish(layer, (None, None), Some(own));
            }
            Err(error) => self.lacks_now(&name_of(own), told(&error), Some(own)),
        }
    }

    /// A raster.
    fn add_raster(&mut self, id: &str, path: &Path, crs: Option<Crs>, own: Option<&settings::Layer>) {
        self.watched.path(path);
        let bands = own.and_then(|own| own.bands.clone());
        let units = own.and_then(|own| own.units.clone());
        match Raster::open(path, &RasterOptions { bands, units, crs }) {
            Ok(raster) => {
                raster.file().iter().for_each(|file| self.watched.path(file));
                let title = raster.title().map(str::to_owned);
                let source: Arc<dyn Coverage> = Arc::new(raster);
                self.publish(Layer::coverage(id, source), (title, None), own);
            }
            Err(error) => self.lacks_now(id, told(&error), own),
        }
    }

    fn publish_features(&mut self, id: &str, opened: &GeoPackageLayer, own: Option<&settings::Layer>) {
        let told = (opened.identifier.clone(), opened.description.clone());
        self.publish(Layer::new(id, opened.source.clone()), told, own);
    }

    /// Adds a layer; the file tells a title and a description.
    fn publish(&mut self, mut layer: Layer, told: (Option<String>, Option<String>), own: Option<&settings::Layer>) {
        let id = layer.id.clone();
        layer.origin.clone_from(&self.origin);
        layer.files.clone_from(&self.files);
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
        let offered = own.and_then(|own| own.crs.as_ref()).and_then(CrsSetting::offered);
        layer.crs = offered.or(self.settings.crs.as_deref()).map(|names| self.systems(&id, names));
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

    /// Reference systems by name; each must be known.
    fn systems(&mut self, id: &str, names: &[String]) -> Vec<Crs> {
        let mut systems = Vec::new();
        for name in names {
            match system(name) {
                Ok(crs) => systems.push(crs),
                Err(fault) => self.faults.push(format!("layer '{id}': crs '{name}': {fault}")),
            }
        }
        systems
    }

    /// A file, or a layer of one, that should be published and cannot be.
    fn lacks(&mut self, name: &str, fault: String) {
        self.of_files.push(fault.clone());
        self.misses(name, fault);
    }

    /// Something that should be published and cannot be.
    fn misses(&mut self, name: &str, fault: String) {
        self.unopened.push(name.to_owned());
        self.faults.push(fault);
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

/// What a layer is called that could not be opened.
fn name_of(own: &settings::Layer) -> String {
    own.id.clone().or_else(|| own.layer.clone()).unwrap_or_else(|| address::name(&own.source))
}

/// An error as whoever runs the server reads it: with its cause.
fn told(error: &Error) -> String {
    match error.cause() {
        Some(cause) => address::hidden(&format!("{error} ({cause})")).into_owned(),
        None => address::hidden(&error.to_string()).into_owned(),
    }
}

/// A reference system in which something can have a place.
fn system(name: &str) -> Result<Crs, String> {
    let crs: Crs = name.parse()?;
    reference::of_places(&crs).map_err(|error| error.message().to_owned())?;
    Ok(crs)
}
