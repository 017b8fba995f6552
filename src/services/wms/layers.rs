//! The layers and groups that a client may see on maps: what has a place on them, and is not hidden.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::data::extent::Extent;
use crate::error::{Error, Kind, Result};
use crate::project::catalog::Layer;
use crate::project::map_settings::Group;
use crate::project::tree::Node;
use crate::server::context::{Context, Published};

/// A layer that may be drawn.
#[derive(Clone)]
pub(super) struct MapLayer {
    /// Its settings.
    pub(super) layer: Arc<Layer>,
    /// Its rows or samples, as the policies leave them.
    pub(super) data: Published,
}

/// A layer or a group with at least one layer.
pub(super) enum Shown {
    /// A layer.
    Layer(MapLayer),
    /// A group.
    Group(Group, Vec<Shown>),
}

impl MapLayer {
    /// The name by which maps ask for it.
    pub(super) fn name(&self) -> Cow<'_, str> {
        self.layer.map_name()
    }

    /// The system that it is stored in, x before y.
    pub(super) fn crs(&self) -> Option<&Crs> {
        match &self.data {
            Published::Features(view) => view.schema().geometry.as_ref().map(|geometry| &geometry.crs),
            Published::Coverage(view) => Some(&view.grid().crs),
        }
    }

    /// Whether its features have a time.
    pub(super) fn has_time(&self) -> bool {
        matches!(&self.data, Published::Features(view) if view.schema().time.is_some())
    }

    /// Where and when it is, where that is known within the budget.
    pub(super) async fn extent(&self, budget: Duration) -> Option<Extent> {
        match &self.data {
            Published::Features(view) => view.extent(budget).await,
            Published::Coverage(view) => Some(Extent { space: view.extent(), time: None }),
        }
    }

    /// Where it is in its own system, where that is not one of those that all have, and is known within the budget.
    pub(super) async fn stored_extent(&self, budget: Duration) -> Option<Rect> {
        let crs = self.crs()?;
        if crs.is_lon_lat_wgs84() || *crs == Crs::Epsg(3857) {
            return None;
        }
        match &self.data {
            Published::Features(view) => view.stored_extent(budget).await,
            Published::Coverage(view) => Some(view.grid().extent()),
        }
    }
}

impl Shown {
    /// The layers, in the order of drawing.
    pub(super) fn flat<'a>(&'a self, into: &mut Vec<&'a MapLayer>) {
        match self {
            Self::Layer(layer) => into.push(layer),
            Self::Group(_, held) => held.iter().for_each(|one| one.flat(into)),
        }
    }

    /// The layers, in the order of drawing, each with its own name and those of the groups that it is in.
    pub(super) fn named(&self) -> Vec<(&MapLayer, Vec<String>)> {
        match self {
            Self::Layer(layer) => vec![(layer, vec![layer.name().into_owned()])],
            Self::Group(group, held) => {
                let mut all: Vec<_> = held.iter().flat_map(Self::named).collect();
                for (_, names) in &mut all {
                    names.push(group.id.clone());
                }
                all
            }
        }
    }
}

/// What the client may see, in groups.
pub(super) fn shown(cx: &Context) -> Vec<Shown> {
    let tree = &cx.project().tree;
    if tree.is_empty() {
        return cx.published().filter_map(|(layer, data)| drawable(layer.clone(), data)).map(Shown::Layer).collect();
    }
    tree.iter().filter_map(|node| shown_node(cx, node)).collect()
}

fn shown_node(cx: &Context, node: &Node) -> Option<Shown> {
    match node {
        Node::Layer(id) => match layer(cx, id) {
            Ok(layer) => layer.map(Shown::Layer),
            Err(error) => {
                tracing::error!(id = %cx.head().id, layer = id, ?error, "a policy failed");
                None
            }
        },
        Node::Group(group, held) => {
            let held: Vec<Shown> = held.iter().filter_map(|node| shown_node(cx, node)).collect();
            (!held.is_empty()).then(|| Shown::Group(group.clone(), held))
        }
    }
}

/// A layer that the client may see.
fn layer(cx: &Context, id: &str) -> Result<Option<MapLayer>> {
    Ok(cx.find(id)?.and_then(|(layer, data)| drawable(layer, data)))
}

/// A table without a geometry has no place on a map.
fn drawable(layer: Arc<Layer>, data: Published) -> Option<MapLayer> {
    let layer = MapLayer { layer, data };
    layer.crs().is_some().then_some(layer)
}

/// The layer or group of this name.
pub(super) fn find(cx: &Context, name: &str) -> Result<Shown> {
    fn group<'a>(nodes: &'a [Node], name: &str) -> Option<&'a Node> {
        nodes.iter().find_map(|node| match node {
            Node::Group(found, _) if found.id == name => Some(node),
            Node::Group(_, held) => group(held, name),
            Node::Layer(_) => None,
        })
    }
    let unknown = || Error::new(Kind::UnknownLayer, format!("there is no layer '{name}'")).at("LAYERS");
    if let Some(found) = layer(cx, name)? {
        return Ok(Shown::Layer(found));
    }
    let is_so_called = |it: &&Arc<Layer>| it.id != it.map_name() && it.map_name() == name;
    if let Some(called) = cx.project().layers().iter().find(is_so_called) {
        return layer(cx, &called.id)?.map(Shown::Layer).ok_or_else(unknown);
    }
    group(&cx.project().tree, name).and_then(|node| shown_node(cx, node)).ok_or_else(unknown)
}
