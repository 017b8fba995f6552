//! One feature (Part 1, 7.16).

use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::{OneFeature, Param, Route, get};
use crate::apis::json_ld;
use crate::base::crs::Crs;
use crate::base::format::Format;
use crate::base::link::{Link, Rel};
use crate::data::query::Query;
use crate::error::{Error, Kind, Result};
use crate::expr::Expr;
use crate::model::schema::Schema;
use crate::model::value::FeatureId;
use crate::project::catalog::Layer;
use crate::server::context::Context;
use crate::web::negotiate::ending_in_id;

use super::collection::{ids, segment};
use super::items;

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(rename_all = "camelCase")]
struct Item {
    /// Id of a collection
    collection_id: String,
    /// Id of a feature
    feature_id: String,
    /// Coordinate reference system of the answer; CRS84 where left out
    crs: Option<String>,
}

pub(super) fn route() -> Route {
    get("/collections/(?P<collectionId>[^/]+)/items/(?P<featureId>[^/]+)", "getFeature", item)
        .summary("Feature")
        .description("One feature of a collection, by its id.")
        .tags(["Data"])
        .each("collectionId", ids, items::kept(params))
}

/// Whether a parameter of this description is called so.
pub(super) fn has(name: &str) -> bool {
    Item::into_params(|| None).iter().any(|parameter| parameter.name == name)
}

/// What a collection brings along.
fn params(layer: &Layer, schema: &Schema) -> Vec<Param> {
    let words = "Coordinate reference system of the answer";
    let crs = super::crs::param("crs", words, layer, schema);
    crs.into_iter().chain(items::query_params(layer)).collect()
}

async fn item(cx: Context, params: Item) -> Result<OneFeature> {
    let (layer, view) = cx.layer(&params.collection_id)?;
    let id = FeatureId::parse(view.schema().key.1, &params.feature_id).ok_or_else(|| {
        let message = format!("collection '{}' has no feature '{}'", layer.id, params.feature_id);
        let path = format!("/collections/{}", segment(&layer.id));
        Error::new(Kind::UnknownFeature, message).instead(&layer.title, cx.api_url(&path))
    })?;
    let crs = super::crs::chosen("crs", params.crs.as_deref(), &layer, view.schema())?;
    let mut query = Query { filter: Some(Expr::Ids(vec![id])), limit: Some(1), crs, ..Query::default() };
    for (name, text) in cx.extra() {
        if let Some(given) = items::query_value(&layer, name, text) {
            query.parameters.push(given?);
        }
    }
    let path = format!("/collections/{}", segment(&layer.id));
    let dataset = cx.api_url(&path);
    let place = ending_in_id(&format!("{dataset}/items/{}", segment(&params.feature_id))).into_owned();
    let is_degrees = query.crs == Crs::default();
    let links = vec![Link::new(cx.api_url(&path), Rel::Collection, Format::Json.media_type(), &layer.title)];
    Ok(OneFeature {
        name: layer.id.clone(),
        id: params.feature_id,
        view,
        query,
        decimals: layer.decimals,
        cache: layer.cache.clone(),
        links,
        page: Box::new(move |feature| json_ld::words(json_ld::place(&place, &dataset, is_degrees, feature))),
    })
}
