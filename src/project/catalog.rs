//! The catalog: projects and their layers, each behind a locked source.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::data::gate::{Locked, View, Visible};
use crate::data::source::FeatureSource;
use crate::error::{Error, Kind, Result};
use crate::expr::Expr;
use crate::model::schema::Schema;

use super::map_settings::{Attribution, Scales, Wms};
use super::settings::{Contact, License, Limit, Map};
use super::tree::Node;

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
    /// The groups of layers, with what is in none; empty where there are no groups.
    pub tree: Vec<Node>,
    layers: Vec<Arc<Layer>>,
    by_id: HashMap<String, usize>,
}

/// One collection.
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
    /// Properties that are shown; all where `None`.
    pub properties: Option<Vec<String>>,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// Whose data it is.
    pub attribution: Option<Attribution>,
    /// The scales of the maps that show it.
    pub scales: Scales,
    source: Locked,
    /// Made at the first look; nothing above changes after.
    visible: OnceLock<Arc<Visible>>,
    /// What policies leave of it, by the names that are left.
    parts: Mutex<HashMap<Vec<String>, Arc<Visible>>>,
}

/// Most combinations of properties that are kept for a layer.
const MOST_PARTS: usize = 256;

impl Layer {
    /// A layer with an id that is its title as well.
    pub fn new(id: impl Into<String>, source: Arc<dyn FeatureSource>) -> Self {
        let id = id.into();
        Self {
            title: id.clone(),
            id,
            description: None,
            limit: Limit::default(),
            decimals: None,
            properties: None,
            keywords: Vec::new(),
            attribution: None,
            scales: Scales::default(),
            source: Locked::new(source),
            visible: OnceLock::new(),
            parts: Mutex::default(),
        }
    }

    /// Opens the layer. Only the server's guard does, which knows the policies.
    pub(crate) fn view(&self) -> View {
        let visible = self.visible.get_or_init(|| self.source.visible(self.properties.as_deref()));
        self.source.open(visible.clone(), Vec::new())
    }

    /// Opens the layer under policies.
    pub(crate) fn view_under(&self, attributes: Vec<String>, conditions: Vec<Expr>) -> View {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        if parts.len() >= MOST_PARTS {
            parts.clear();
        }
        let make = |names: &Vec<String>| self.source.visible(Some(names));
        let visible = parts.entry(attributes).or_insert_with_key(make).clone();
        self.source.open(visible, conditions)
    }

    /// The full schema, with what is hidden: for the guard.
    pub(crate) fn full_schema(&self) -> &Arc<Schema> {
        self.source.schema()
    }

    /// The names of all properties of the source, hidden ones too.
    pub fn property_names(&self) -> Vec<String> {
        self.source.property_names()
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

    /// The layer with this id.
    pub fn layer(&self, id: &str) -> Option<&Arc<Layer>> {
        self.by_id.get(id).map(|&at| &self.layers[at])
    }
}
