//! The project file (TOML), as it is written. Unknown keys are refused, so that a slip of the pen is told at start.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::render::style::Style;

use super::access_settings::Access;
use super::coverage_settings::Wcs;
use super::database_settings::Database;
use super::limits::Limits;
use super::map_settings::{Attribution, Group, Wms};
use super::wfs_settings::Wfs;
use crate::base::address;
use crate::sources::postgis::is_dsn;

/// A project; the file is the project at the root.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// Settings of the server; only at the root.
    pub server: Option<Server>,
    /// Who may ask and what they may see; only at the root.
    pub access: Option<Access>,
    /// Other values of `MAP=` that mean this project, such as the path that an old client sends.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Title.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Whom to ask.
    pub contact: Option<Contact>,
    /// Under what licence the data is.
    pub license: Option<License>,
    /// Words to find it by.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Files, folders and patterns of files (`data/*.shp`, `data/**/*.fgb`) whose every layer is published.
    #[serde(default)]
    pub data: Vec<PathBuf>,
    /// Layers with settings of their own.
    #[serde(default)]
    pub layers: Vec<Layer>,
    /// Layers that maps show as one.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// The limits of maps.
    #[serde(default)]
    pub wms: Wms,
    /// How databases are used.
    #[serde(default)]
    pub database: Database,
    /// Names and limits of the WFS.
    #[serde(default)]
    pub wfs: Wfs,
    /// The limits of coverages.
    #[serde(default)]
    pub wcs: Wcs,
    /// Page sizes, where a layer has none of its own.
    #[serde(default)]
    pub limit: Limit,
    /// Decimals of coordinates in answers; where left out all, or to a thousandth of a millimetre where they are moved to another system.
    pub decimals: Option<u8>,
    /// How long caches may keep answers with features (`Cache-Control`), where a layer does not say otherwise.
    pub cache: Option<String>,
    /// The reference systems in which features are offered, besides CRS84; the stored one, EPSG:4326 and EPSG:3857 where
    /// left out.
    pub crs: Option<Vec<String>>,
    /// The map on the pages.
    #[serde(default)]
    pub map: Map,
    /// Further projects by name, each under `/{name}/` and `?MAP={name}`; only at the root.
    #[serde(default)]
    pub projects: BTreeMap<String, Project>,
}

/// Settings of the server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: Option<String>,
    /// The URL by which the world knows the server; else it is taken from each request.
    pub base_url: Option<String>,
    /// Addresses or ranges of proxies whose forwarded headers are believed; this machine where left out.
    pub trusted_proxies: Option<Vec<String>>,
    /// Root of OGC API Features.
    pub ogcapi: Option<String>,
    /// Names of parameters that are let through unread; `*` at the end stands for anything.
    #[serde(default)]
    pub ignored_parameters: Vec<String>,
    /// Folder of templates that take the place of the built-in ones of the same name.
    pub templates: Option<PathBuf>,
    /// What the server bears.
    #[serde(default)]
    pub limits: Limits,
    /// Whether answers are compressed; they are where left out.
    pub compression: Option<bool>,
    /// Whether the demo's circle is served.
    #[serde(default)]
    pub circle: bool,
}

/// A layer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// The file.
    pub source: PathBuf,
    /// The layer's name in the file; may be left out where the file has one layer.
    pub layer: Option<String>,
    /// Id of the collection; the layer's name where left out.
    pub id: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// A query of a database that is published as if it were a view; `:name` stands for a parameter.
    pub sql: Option<String>,
    /// The parameters of that query, which clients may give.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    /// Column of the id.
    pub key: Option<String>,
    /// Column of the time, or two of start and end.
    pub time: Option<TimeColumns>,
    /// Properties that are shown; all where left out.
    pub properties: Option<Vec<String>>,
    /// Page sizes.
    pub limit: Option<Limit>,
    /// Decimals of coordinates in answers.
    pub decimals: Option<u8>,
    /// How long caches may keep answers with its features (`Cache-Control`), such as `max-age=3600`.
    pub cache: Option<String>,
    /// Names of the bands of a raster.
    pub bands: Option<Vec<String>>,
    /// Units of the bands of a raster.
    pub units: Option<Vec<String>>,
    /// A list: the reference systems in which features are offered. A text: that of a file that does not say it, or says
    /// another.
    pub crs: Option<CrsSetting>,
    /// Options of GDAL's driver for a file of features, such as `ENCODING = "CP1251"` for a Shapefile.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// Words to find it by.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Whose data it is.
    pub attribution: Option<Attribution>,
    /// Maps show it from this scale denominator on: 1000 for 1:1000.
    pub min_scale: Option<f64>,
    /// Maps show it below this scale denominator: 50000 for 1:50000.
    pub max_scale: Option<f64>,
    /// How maps draw it: the first is the usual style. One by the kind of geometry where left out.
    #[serde(default)]
    pub styles: Vec<Style>,
}

/// A parameter of a query.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Type: `integer`, `number`, `boolean`, `string`, `date` or `date-time`.
    #[serde(rename = "type", default = "Parameter::usual")]
    pub kind: String,
    /// What it is where a client gives none.
    pub default: toml::Value,
    /// What it is, for people.
    pub description: Option<String>,
}

impl Parameter {
    fn usual() -> String {
        "string".to_owned()
    }
}

/// What is said of reference systems.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "the name of a reference system, or a list of such")]
pub enum CrsSetting {
    /// In which data is stored.
    Stored(String),
    /// In which it is offered.
    Offered(Vec<String>),
}

impl CrsSetting {
    /// In which data is stored, where that is said.
    pub fn stored(&self) -> Option<&str> {
        match self {
            Self::Stored(name) => Some(name),
            Self::Offered(_) => None,
        }
    }

    /// In which it is offered, where that is said.
    pub fn offered(&self) -> Option<&[String]> {
        match self {
            Self::Stored(_) => None,
            Self::Offered(names) => Some(names),
        }
    }
}

/// The column or columns of a layer's time.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "the name of a column, or a list of two: that of the start and that of the end")]
pub enum TimeColumns {
    /// An instant.
    At(String),
    /// Start and end.
    Lasting([String; 2]),
}

/// Page sizes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Features of a page where the client names no number.
    #[serde(default = "Limit::usual")]
    pub default: u32,
    /// Most features of a page; a larger wish is lowered to it.
    #[serde(default = "Limit::most")]
    pub maximum: u32,
}

impl Limit {
    fn usual() -> u32 {
        10
    }

    fn most() -> u32 {
        10_000
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self { default: Self::usual(), maximum: Self::most() }
    }
}

/// Whom to ask.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Name of a person or office.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Web page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A licence.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct License {
    /// Name.
    pub name: String,
    /// Its text on the web.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// The map on the pages.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// URL of tiles with `{z}`, `{x}` and `{y}`; no basemap where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tile_url: Option<String>,
    /// Whose map it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
}

impl Project {
    /// Reads a project file; the error says file, line and what is wrong.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|cause| format!("{}: {cause}", path.display()))?;
        let mut project: Self = toml::from_str(&text).map_err(|cause| {
            // It shows the line, which may name a database.
            let cause = cause.to_string();
            format!("{}: {}", path.display(), address::hidden(&cause))
        })?;
        project.resolve(path.parent().unwrap_or(Path::new("")));
        Ok(project)
    }

    /// Paths in the file are relative to the file.
    fn resolve(&mut self, folder: &Path) {
        let sources = self.layers.iter_mut().map(|layer| &mut layer.source);
        let templates = self.server.iter_mut().filter_map(|server| server.templates.as_mut());
        // A database has no folder.
        let is_file =
            |path: &&mut PathBuf| !path.to_str().is_some_and(|text| is_dsn(text) || address::is_connection(text));
        self.data
            .iter_mut()
            .chain(sources)
            .filter(is_file)
            .chain(templates)
            .for_each(|path| *path = folder.join(&*path));
        self.access.iter_mut().for_each(|access| access.resolve(folder));
        self.projects.values_mut().for_each(|project| project.resolve(folder));
    }
}
