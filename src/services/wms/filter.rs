//! The FILTER parameter in QGIS Server's form: conditions by the names of layers, or a filter of the OGC for each layer in
//! their order. They are the client's, so they read what the client may see and no more.

use crate::base::crs::Crs;
use crate::data::reference;
use crate::error::{Error, Kind, Result};
use crate::expr::fes::{self, FesContext};
use crate::expr::qgis_filter::{self, Condition};
use crate::expr::{Expr, check};
use crate::model::schema::Schema;
use crate::model::value::FeatureId;
use crate::server::context::Published;
use crate::services::ows::kvp::Kvp;

use super::layers::MapLayer;
use super::map_request::Drawn;

/// Conditions of a request.
pub(super) struct Filters(Option<qgis_filter::Filters>);

/// Reads FILTER.
pub(super) fn read(kvp: Kvp<'_>) -> Result<Filters> {
    let Some(text) = kvp.text("FILTER")? else { return Ok(Filters(None)) };
    qgis_filter::parse(text).map(|filters| Filters(Some(filters))).map_err(|fault| wrong(&fault.to_string()))
}

fn wrong(fault: &str) -> Error {
    Error::new(Kind::InvalidParameter, format!("FILTER cannot be read: {fault}")).at("FILTER")
}

impl Filters {
    /// The conditions of a layer that LAYERS has at a place, by its own name or by that of a group.
    pub(super) fn of(&self, layer: &MapLayer, names: &[String], at: usize) -> Result<Vec<Expr>> {
        let Published::Features(view) = &layer.data else { return Ok(Vec::new()) };
        let found: Vec<&Condition> = match &self.0 {
            None => Vec::new(),
            Some(qgis_filter::Filters::ByName(all)) => {
                let is_meant = |meant: &[String]| meant.iter().any(|name| names.contains(name));
                all.iter().filter(|(meant, _)| is_meant(meant)).map(|(_, condition)| condition).collect()
            }
            Some(qgis_filter::Filters::ByOrder(all)) => all.get(at).and_then(Option::as_ref).into_iter().collect(),
        };
        found.into_iter().map(|condition| checked(condition, view.schema(), &layer.name())).collect()
    }

    /// Whether each condition is of a layer of the map, which has so many in LAYERS: a slip of the pen must not show more
    /// than was asked for.
    pub(super) fn check(&self, drawn: &[Drawn], layers: usize) -> Result<()> {
        match &self.0 {
            Some(qgis_filter::Filters::ByName(all)) => {
                let is_known = |name: &String| drawn.iter().any(|drawn| drawn.names.contains(name));
                let unknown = all.iter().flat_map(|(names, _)| names).find(|name| !is_known(name));
                unknown.map_or(Ok(()), |name| {
                    let message = format!("FILTER names '{name}', which is no layer of the map");
                    Err(Error::new(Kind::InvalidParameter, message).at("FILTER"))
                })
            }
            Some(qgis_filter::Filters::ByOrder(all)) if all.len() > layers => {
                let message = format!("FILTER has {} filters for {layers} layers", all.len());
                Err(Error::new(Kind::InvalidParameter, message).at("FILTER"))
            }
            None | Some(qgis_filter::Filters::ByOrder(_)) => Ok(()),
        }
    }
}

/// A condition in the types of a layer.
fn checked(condition: &Condition, schema: &Schema, layer: &str) -> Result<Expr> {
    match condition {
        Condition::Expression(expr) => {
            let expr = check(expr, schema).map_err(|misfit| wrong(&misfit.to_string()))?;
            let unknown = |name| wrong(&format!("'{layer}' has no property '{name}'"));
            expr.fields(schema).map_err(unknown)?;
            Ok(expr)
        }
        Condition::Fes(root) => {
            let stored = schema.geometry.as_ref().map_or(Crs::Crs84, |geometry| geometry.crs.clone());
            let rule = |name: Option<&str>| match name {
                // As QGIS and all clients of WMS write coordinates: a URN means the authority's axes, `EPSG:4326` does not.
                Some(name) => {
                    let crs: Crs = name.parse()?;
                    reference::of_places(&crs).map_err(|error| error.message().to_owned())?;
                    let turned = !name.starts_with("EPSG:") && crs.is_lat_first();
                    Ok((crs, turned))
                }
                None => Ok((stored.clone(), false)),
            };
            let metres = |crs: &Crs| reference::of(crs).map_or(1.0, |found| found.metres_per_unit);
            let id = |id: &str| FeatureId::parse(schema.key.1, id.strip_prefix(layer)?.strip_prefix('.')?);
            let context = FesContext { schema, types: &[layer], rule: &rule, metres_per_unit: &metres, id: &id };
            Ok(fes::parse(root, &context)?)
        }
    }
}
