//! The catalog: projects and their layers, each behind a locked source.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use http::HeaderValue;

use crate::base::crs::Crs;
use crate::data::coverage::{Band, Coverage, Grid};
use crate::data::coverage_gate::{CoverageView, LockedCoverage};
use crate::data::gate::{Locked, View, Visible};
use crate::data::source::FeatureSource;
use crate::error::{Error, Kind, Result};
use crate::expr::Expr;
use crate::model::schema::{GeometryField, GeometryKind, Schema};
use crate::render::style::Style;
use crate::sources::postgis::ViewParameter;

use super::coverage_settings::Wcs;
use super::map_settings::{Attribution, Scales, Wms};
use super::settings::{Contact, License, Limit, Map};
use super::tree::Node;
use super::wfs_settings::Wfs;

/// What is published under one root.
#[derive(Clone, Default)]
pub struct Project {
    /// The name in the path and in `MAP=`; none for the project at the root.
    pub name: Option<String>,
    /// Other values of `MAP=` that mean this project.
    pub aliases: Vec<String>,
    /// Title.
    pub title: String,
    /// Description.
    pub description: Option<String>,
    /// Whom to ask.
    pub contact: Option<Contact>,
    /// Under what licence the data is.
    pub license: Option<License>,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// The map on the pages.
    pub map: Map,
    /// The limits of maps.
    pub wms: Wms,
    /// Names and limits of the WFS.
    pub wfs: Wfs,
    /// The limits of coverages.
    pub wcs: Wcs,
    /// The groups of layers, with what is in none; empty where there are no groups.
    pub tree: Vec<Node>,
    layers: Vec<Arc<Layer>>,
    by_id: HashMap<String, usize>,
    /// Ids of layers that are named and whose database does not answer yet.
    awaited: HashSet<String>,
}

/// One collection of features, or one coverage.
pub struct Layer {
    /// Id of the collection.
    pub id: String,
    /// Title.
    pub title: String,
    /// Description.
    pub description: Option<String>,
    /// Page sizes.
    pub limit: Limit,
    /// Decimals of coordinates in answers.
    pub decimals: Option<u8>,
    /// How long caches may keep answers with its features (`Cache-Control`); asked for again each time where `None`.
    pub cache: Option<HeaderValue>,
    /// Parameters of a layer that is a query of a database, which clients may give.
    pub parameters: Vec<ViewParameter>,
    /// The reference systems in which features are offered besides CRS84, where the project says so.
    pub crs: Option<Vec<Crs>>,
    /// Properties that are shown; all where `None`.
    pub properties: Option<Vec<String>>,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// Whose data it is.
    pub attribution: Option<Attribution>,
    /// The scales of the maps that show it.
    pub scales: Scales,
    /// How maps draw it, the usual style first; never none.
    pub styles: Vec<Arc<Style>>,
    /// What it was opened from, as the project says it; empty where that is not to be opened again.
    pub(super) origin: String,
    /// The files on this machine that it consists of, where it says so.
    pub(super) files: Vec<PathBuf>,
    source: Source,
    /// Made at the first look; nothing above changes after.
    visible: OnceLock<Arc<Visible>>,
    /// The bands of a coverage with what was measured of them, and the state in which it was.
    measured: Mutex<Option<(u64, Arc<[Band]>)>>,
    /// What policies leave of it, by the names that are left.
    parts: Mutex<HashMap<Vec<String>, Arc<Visible>>>,
}

/// What a layer has.
#[derive(Clone)]
enum Source {
    Features(Locked),
    Coverage(LockedCoverage),
}

/// Most combinations of properties that are kept for a layer.
const MOST_PARTS: usize = 256;

/// The name by which maps ask for a layer with this id: commas, which divide names there, stand as `_x002C_`.
pub fn map_name(id: &str) -> Cow<'_, str> {
    if id.contains(',') { id.replace(',', "_x002C_").into() } else { Cow::Borrowed(id) }
}

impl Layer {
    /// A layer with an id that is its title as well.
    pub fn new(id: impl Into<String>, source: Arc<dyn FeatureSource>) -> Self {
        Self::of(id.into(), Source::Features(Locked::new(source)))
    }

    /// A coverage with an id that is its title as well.
    pub fn coverage(id: impl Into<String>, source: Arc<dyn Coverage>) -> Self {
        Self::of(id.into(), Source::Coverage(LockedCoverage::new(source)))
    }

    fn of(id: String, source: Source) -> Self {
        let style = match &source {
            Source::Features(source) => {
                let kind = source.schema().geometry.as_ref().map_or(GeometryKind::Any, |geometry| geometry.kind);
                Style::default_for(kind, &id)
            }
            Source::Coverage(source) => Style::default_for_raster(&source.grid().bands),
        };
        Self {
            title: id.clone(),
            id,
            description: None,
            limit: Limit::default(),
            decimals: None,
            cache: None,
            parameters: Vec::new(),
            crs: None,
            properties: None,
            keywords: Vec::new(),
            attribution: None,
            scales: Scales::default(),
            styles: vec![Arc::new(style)],
            origin: String::new(),
            files: Vec::new(),
            source,
            visible: OnceLock::new(),
            measured: Mutex::default(),
            parts: Mutex::default(),
        }
    }

    /// The same source as a layer of its own, as if it had just been opened.
    pub(super) fn reopened(&self, id: String) -> Self {
        Self { parameters: self.parameters.clone(), ..Self::of(id, self.source.clone()) }
    }

    /// The name by which maps ask for it.
    pub fn map_name(&self) -> Cow<'_, str> {
        map_name(&self.id)
    }

    /// Whether it is a coverage, which has samples instead of features.
    pub fn is_coverage(&self) -> bool {
        matches!(self.source, Source::Coverage(_))
    }

    /// The reference system in which features with this geometry are given where none is asked for.
    pub fn usual(geometry: &GeometryField) -> Crs {
        if geometry.has_z { Crs::Crs84h } else { Crs::Crs84 }
    }

    /// The reference systems in which features with this geometry are offered, the usual one first: CRS84 (with heights
    /// CRS84h), then those of the project, else the stored one and the two that every client knows.
    pub fn offered(&self, geometry: &GeometryField) -> Vec<Crs> {
        let usual = [geometry.crs.clone(), Crs::Epsg(4326), Crs::Epsg(3857)];
        let mut offered = vec![Self::usual(geometry)];
        if geometry.has_z {
            offered.push(Crs::Crs84);
        }
        for crs in self.crs.as_deref().unwrap_or(&usual) {
            // A definition without a name cannot be asked for.
            if crs.uri().is_some() && !offered.contains(crs) {
                offered.push(crs.clone());
            }
        }
        offered
    }

    /// Opens a layer of features. Only the server's guard does, which knows the policies.
    pub(crate) fn view(&self) -> Option<View> {
        let Source::Features(source) = &self.source else { return None };
        let visible = self.visible.get_or_init(|| source.visible(self.properties.as_deref()));
        Some(source.open(visible.clone(), Vec::new()))
    }

    /// Opens a layer of features under policies.
    pub(crate) fn view_under(&self, attributes: Vec<String>, conditions: Vec<Expr>) -> Option<View> {
        let Source::Features(source) = &self.source else { return None };
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        if parts.len() >= MOST_PARTS {
            parts.clear();
        }
        let make = |names: &Vec<String>| source.visible(Some(names));
        let visible = parts.entry(attributes).or_insert_with_key(make).clone();
        Some(source.open(visible, conditions))
    }

    /// Opens a coverage: of the bands that are published those that are named, all where `None`, under the conditions of
    /// policies. One that a raster cannot meet is an error.
    pub(crate) fn coverage_view(
        &self,
        bands: Option<&[String]>,
        conditions: Vec<Expr>,
    ) -> Result<Option<CoverageView>> {
        let Source::Coverage(source) = &self.source else { return Ok(None) };
        source.open(bands.or(self.properties.as_deref()), conditions).map(Some)
    }

    /// The facts of a coverage, with what is hidden.
    pub(crate) fn full_grid(&self) -> Option<&Arc<Grid>> {
        match &self.source {
            Source::Features(_) => None,
            Source::Coverage(source) => Some(source.grid()),
        }
    }

    /// The bands with what was measured of them, where that was kept and is still true.
    pub(crate) fn measured_bands(&self) -> Option<Arc<[Band]>> {
        let measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        measured.as_ref().filter(|(state, _)| *state == self.state()).map(|(_, bands)| bands.clone())
    }

    /// Keeps the bands of the whole coverage with what was measured of them in a state.
    pub(crate) fn keep_measured(&self, state: u64, bands: Arc<[Band]>) {
        *self.measured.lock().unwrap_or_else(PoisonError::into_inner) = Some((state, bands));
    }

    /// A number that changes whenever the data may have changed.
    pub(crate) fn state(&self) -> u64 {
        match &self.source {
            Source::Features(source) => source.state(),
            Source::Coverage(source) => source.state(),
        }
    }

    /// Sets how maps draw it. The error says which style does not fit.
    pub fn set_styles(&mut self, mut styles: Vec<Style>) -> std::result::Result<(), String> {
        let mut names = HashSet::new();
        for style in &mut styles {
            match &self.source {
                Source::Features(source) => style.check(source.schema())?,
                Source::Coverage(source) => style.check_raster(source.grid().bands.len())?,
            }
            if style.name.is_empty() || style.name.contains(',') {
                return Err(format!("the name of a style is '{}', expected one without a comma", style.name));
            }
            if !names.insert(style.name.clone()) {
                return Err(format!("two styles have the name '{}'", style.name));
            }
        }
        if !styles.is_empty() {
            self.styles = styles.into_iter().map(Arc::new).collect();
        }
        Ok(())
    }

    /// The full schema, with what is hidden: for the guard. The properties of a coverage are its bands.
    pub(crate) fn full_schema(&self) -> &Arc<Schema> {
        match &self.source {
            Source::Features(source) => source.schema(),
            Source::Coverage(source) => source.schema(),
        }
    }

    /// The names of the properties that are published.
    pub(crate) fn published_names(&self) -> Vec<String> {
        let is_published = |name: &String| self.properties.as_ref().is_none_or(|names| names.contains(name));
        self.property_names().into_iter().filter(is_published).collect()
    }

    /// The names of all properties of the source, hidden ones too.
    pub fn property_names(&self) -> Vec<String> {
        self.full_schema().fields.iter().map(|field| field.name.clone()).collect()
    }
}

impl Project {
    /// An empty project at the root.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Adds a layer; its id must be new.
    pub fn add(&mut self, layer: Layer) -> Result<()> {
        if layer.id.is_empty() {
            return Err(Error::new(Kind::BadRequest, "a collection needs an id"));
        }
        if self.by_id.contains_key(&layer.id) {
            return Err(Error::new(Kind::BadRequest, format!("two collections have the id '{}'", layer.id)));
        }
        self.by_id.insert(layer.id.clone(), self.layers.len());
        self.layers.push(Arc::new(layer));
        Ok(())
    }

    /// Adds a layer, as a builder does.
    pub fn with(mut self, layer: Layer) -> Result<Self> {
        self.add(layer)?;
        Ok(self)
    }

    /// All layers, in their order.
    pub fn layers(&self) -> &[Arc<Layer>] {
        &self.layers
    }

    /// Has requests for a layer told to come again: its database does not answer yet.
    pub(super) fn await_layer(&mut self, id: &str) {
        self.awaited.insert(id.to_owned());
    }

    /// Whether a layer is named, but its database does not answer yet.
    pub(crate) fn awaits(&self, id: &str) -> bool {
        self.awaited.contains(id)
    }

    /// The layer with this id.
    pub fn layer(&self, id: &str) -> Option<&Arc<Layer>> {
        self.by_id.get(id).map(|&at| &self.layers[at])
    }
}
