//! Names of feature types, of their properties and of features, as clients write them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::base::xml::{Element, escaped_name, unescaped_name};
use crate::data::gate::View;
use crate::error::{Error, Kind, Result};
use crate::model::schema::Schema;
use crate::model::value::FeatureId;
use crate::project::catalog::Layer;
use crate::server::context::Context;
use crate::services::ows::kvp::{Kvp, invalid};

/// A prefix that clients of QGIS Server send, whatever a server says.
const QGIS: (&str, &str) = ("qgs", "http://www.qgis.org/gml");

/// A feature type that the client may see.
#[derive(Clone)]
pub(super) struct FeatureType {
    pub(super) layer: Arc<Layer>,
    pub(super) view: View,
    /// Its local name.
    pub(super) name: String,
}

/// The names of one project, and the prefixes that a request declares.
pub(super) struct Names<'a> {
    cx: &'a Context,
    /// The prefix that answers have.
    pub(super) prefix: &'a str,
    /// The namespace of all feature types.
    pub(super) namespace: String,
    declared: HashMap<String, String>,
}

/// The namespace of a project's feature types.
pub(super) fn namespace(cx: &Context) -> String {
    let project = cx.project();
    let own = || match &project.name {
        Some(name) => format!("urn:graticule:features:{name}"),
        None => "urn:graticule:features".to_owned(),
    };
    project.wfs.namespace.clone().unwrap_or_else(own)
}

impl<'a> Names<'a> {
    /// With the prefixes that `NAMESPACES` (2.0.0) or `NAMESPACE` (1.1.0) declares.
    pub(super) fn new(cx: &'a Context, kvp: Kvp<'_>) -> Result<Self> {
        let mut declared = HashMap::new();
        if let Some((key, text)) = kvp.first(&["NAMESPACES", "NAMESPACE"])? {
            let wrong = || invalid(key, text, "xmlns(prefix,uri) or xmlns(uri), divided by commas");
            let mut rest = text;
            while !rest.is_empty() {
                let inner = rest.strip_prefix("xmlns(").ok_or_else(wrong)?;
                let (one, after) = inner.split_once(')').ok_or_else(wrong)?;
                let (prefix, uri) = one.split_once([',', '=']).unwrap_or(("", one));
                declared.insert(prefix.trim().to_owned(), uri.trim().to_owned());
                rest = after.trim_start().strip_prefix(',').unwrap_or(after).trim_start();
            }
        }
        Ok(Self { cx, prefix: &cx.project().wfs.prefix, namespace: namespace(cx), declared })
    }

    /// All feature types, in the project's order.
    pub(super) fn all(&self) -> impl Iterator<Item = FeatureType> {
        self.cx.layers().map(|(layer, view)| FeatureType { layer: layer.clone(), view, name: local(&layer.id) })
    }

    /// The feature type of a name in a parameter.
    pub(super) fn find(&self, at: &str, name: &str) -> Result<FeatureType> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let known = match self.declared.get(prefix) {
            Some(uri) => *uri == self.namespace || uri == QGIS.1,
            None => ["", self.prefix, QGIS.0].contains(&prefix),
        };
        self.seek(at, name, known.then_some(local))
    }

    /// The feature type of a name in a document.
    pub(super) fn find_in(&self, at: &str, name: &str, element: &Element) -> Result<FeatureType> {
        // Also `schema-element(app:name)`: there are no substitutes.
        let plain = name.strip_prefix("schema-element(").and_then(|inner| inner.strip_suffix(')')).unwrap_or(name);
        let (uri, local) = element.resolve(plain);
        match uri {
            Some(uri) if uri == self.namespace || uri == QGIS.1 => self.seek(at, name, Some(local)),
            // A name without a prefix under a default namespace is meant plainly, as is one whose prefix was forgotten.
            _ if !plain.contains(':') => self.seek(at, name, Some(plain)),
            Some(_) => self.seek(at, name, None),
            None => self.find(at, plain),
        }
    }

    fn seek(&self, at: &str, name: &str, wanted: Option<&str>) -> Result<FeatureType> {
        let unknown = || {
            let names: Vec<String> = self.all().map(|it| format!("{}:{}", self.prefix, it.name)).take(20).collect();
            invalid(at, name, &format!("the name of a feature type, such as {}", names.join(", ")))
        };
        let is_it = |layer: &&Arc<Layer>| wanted.is_some_and(|wanted| layer.id == wanted || local(&layer.id) == wanted);
        let layer = self.cx.project().layers().iter().find(is_it).ok_or_else(unknown)?;
        let (layer, view) = self.cx.layer(&layer.id).map_err(|error| match error.kind() {
            // One that may not be seen does not exist.
            Kind::UnknownLayer => unknown(),
            _ => error,
        })?;
        Ok(FeatureType { name: local(&layer.id), layer, view })
    }

    /// The feature type and the key that the id of a feature tells; none where no feature can have it.
    pub(super) fn feature(&self, id: &str) -> Option<(FeatureType, FeatureId)> {
        let layers = self.cx.project().layers().iter();
        layers.filter_map(|layer| Some((layer, id.strip_prefix(&*local(&layer.id))?.strip_prefix('.')?))).find_map(
            |(layer, key)| {
                let (layer, view) = self.cx.layer(&layer.id).ok()?;
                let key = FeatureId::parse(view.schema().key.1, &unescaped_name(key)?)?;
                Some((FeatureType { name: local(&layer.id), layer, view }, key))
            },
        )
    }
}

/// The name of a layer in XML.
fn local(id: &str) -> String {
    escaped_name(id).into_owned()
}

/// What of a feature a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Property {
    /// The geometry.
    Geometry,
    /// A property, by its name in the schema.
    Field(String),
    /// The id.
    Id,
}

impl FeatureType {
    /// The schema of what the client may see.
    pub(super) fn schema(&self) -> &Arc<Schema> {
        self.view.schema()
    }

    /// The property that a path means: its name with or without a prefix, behind the name of the type or on its own.
    pub(super) fn property(&self, at: &str, path: &str) -> Result<Property> {
        let unknown = || {
            let message = format!("there is no property '{path}' of '{}'", self.name);
            Error::new(Kind::InvalidParameter, message).at(at.to_owned())
        };
        let last = path.trim().trim_start_matches('/').rsplit('/').next().unwrap_or_default();
        let name = last.split_once(':').map_or(last, |(_, name)| name);
        if last.starts_with('@') {
            return if matches!(name, "id" | "@id" | "fid" | "@fid") { Ok(Property::Id) } else { Err(unknown()) };
        }
        let schema = self.schema();
        let is = |own: &str| own == name || escaped_name(own) == name;
        if let Some(field) = schema.fields.iter().find(|field| is(&field.name)) {
            return Ok(Property::Field(field.name.clone()));
        }
        if schema.geometry.as_ref().is_some_and(|geometry| is(&geometry.name) || name == "geometry") {
            return Ok(Property::Geometry);
        }
        if is(&schema.key.0) { Ok(Property::Id) } else { Err(unknown()) }
    }
}
