//! The features of a collection (Part 1, 7.15).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Value as Json, json};
use utoipa::IntoParams;

use crate::api::{FeaturePage, Param, Route, get};
use crate::base::bbox::Bbox;
use crate::base::crs::Crs;
use crate::base::datetime::Interval;
use crate::base::format::Format;
use crate::base::link::{Link, Rel};
use crate::data::query::Query;
use crate::error::{Error, Kind, Result};
use crate::expr::Expr;
use crate::model::schema::{FieldKind, Schema};
use crate::model::value::Value;
use crate::project::catalog::Layer;
use crate::server::context::Context;

use super::collection::{ids, segment};

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(rename_all = "camelCase")]
struct Items {
    /// Id of a collection
    collection_id: String,
    /// Most features of the page; a number above the maximum is lowered to it
    #[param(minimum = 1, maximum = 10_000, default = 10)]
    limit: u64,
    /// Features to pass over
    #[param(minimum = 0, default = 0)]
    offset: u64,
    /// Only features whose geometry intersects the box: west, south, east, north in longitude and latitude, or six numbers
    /// with the heights third and sixth. A box whose western edge is greater than its eastern one crosses the date line.
    #[param(inline)]
    bbox: Option<Bbox>,
    /// Only features whose time intersects this instant or interval (RFC 3339; `..` is an open end). Features without a time
    /// stay in.
    #[param(inline)]
    datetime: Option<Interval>,
}

pub(super) fn route() -> Route {
    get("/collections/(?P<collectionId>[^/]+)/items", "getFeatures", items)
        .summary("Features")
        .description(
            "The features of a collection, page by page in the order of their ids. Each property is a parameter as well: \
             a value that features must have, never an expression.",
        )
        .tags(["Data"])
        .link("Features", Rel::Items)
        .clamp("limit")
        .each("collectionId", ids, kept_params())
}

/// The parameters of each collection, made once for each schema that a client may see.
fn kept_params() -> impl Fn(&Context, &str) -> Vec<Arc<Param>> + Send + Sync {
    /// Schemas of catalogs that were reloaded stay until then.
    const MOST: usize = 4096;
    // The schema is kept with its address, so that no other can have it. Layers of one source may share it, but not their
    // page sizes.
    let kept = Mutex::new(HashMap::<(usize, u32, u32), (Arc<Schema>, Vec<Arc<Param>>)>::new());
    move |cx, id| {
        let Ok((layer, view)) = cx.layer(id) else { return Vec::new() };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        let schema = view.schema();
        let make = || (schema.clone(), own_params(&layer, schema).into_iter().map(Arc::new).collect());
        let key = (Arc::as_ptr(schema).addr(), layer.limit.default, layer.limit.maximum);
        kept.entry(key).or_insert_with(make).1.clone()
    }
}

/// What a collection brings along: its page sizes, and each property that can be compared.
fn own_params(layer: &Layer, schema: &Schema) -> Vec<Param> {
    let limit = json!({
        "type": "integer", "minimum": 1, "maximum": layer.limit.maximum.max(1),
        "default": layer.limit.default.clamp(1, layer.limit.maximum.max(1)),
    });
    let words = "Most features of the page; a number above the maximum is lowered to it";
    let mut params = vec![Param::query("limit", words, limit).clamping()];
    for field in &schema.fields {
        let reserved = ["limit", "offset", "bbox", "datetime", "f", "collectionId"].contains(&field.name.as_str());
        if let Some(kind) = schema_of(field.kind).filter(|_| !reserved) {
            let words = field.description.clone().or_else(|| field.title.clone());
            let words = words.unwrap_or_else(|| format!("Only features whose '{}' is this value", field.name));
            let param = Param::query(field.name.clone(), words, kind);
            params.push(if field.kind == FieldKind::String { param.or_empty() } else { param });
        }
    }
    params
}

/// The JSON Schema of a property that can be compared.
fn schema_of(kind: FieldKind) -> Option<Json> {
    Some(match kind {
        FieldKind::Integer => json!({ "type": "integer" }),
        FieldKind::Number => json!({ "type": "number" }),
        FieldKind::Boolean => json!({ "type": "boolean" }),
        FieldKind::String => json!({ "type": "string" }),
        FieldKind::Date => json!({ "type": "string", "format": "date" }),
        FieldKind::DateTime => json!({ "type": "string", "format": "date-time" }),
        FieldKind::Binary | FieldKind::Json => return None,
    })
}

async fn items(cx: Context, params: Items) -> Result<FeaturePage> {
    let (layer, view) = cx.layer(&params.collection_id)?;
    let mut query = Query { offset: params.offset, limit: Some(params.limit), ..Query::default() };
    if let Some(bbox) = params.bbox {
        query.and(Expr::Bbox { rects: bbox.rectangles(), z: bbox.z, crs: Crs::Crs84 });
    }
    if let Some(interval) = params.datetime {
        query.and(Expr::During(interval));
    }
    for (name, text) in cx.extra() {
        let field = view.schema().fields.iter().find(|field| field.name == *name);
        let Some(field) = field else { continue };
        let value = Value::parse(field.kind, text).map_err(|expected| {
            Error::new(Kind::InvalidParameter, format!("parameter '{name}' is '{text}', {expected}")).at(name.clone())
        })?;
        query.and(Expr::equals(name.clone(), value));
    }
    let path = format!("/collections/{}", segment(&layer.id));
    let links = vec![Link::new(cx.api_url(&path), Rel::Collection, Format::Json.media_type(), &layer.title)];
    Ok(FeaturePage {
        name: layer.id.clone(),
        title: layer.title.clone(),
        view,
        query,
        decimals: layer.decimals,
        cache: layer.cache.clone(),
        links,
    })
}
