//! The features of a collection (Part 1, 7.15).

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use http::Method;
use serde::{Deserialize, Deserializer};
use serde_json::{Value as Json, json};
use utoipa::{IntoParams, ToSchema};

use crate::api::{FeaturePage, Param, Route, get, route as route_for};
use crate::base::bbox::{Corners, Rect};
use crate::base::crs::Crs;
use crate::base::datetime::Interval;
use crate::base::format::Format;
use crate::base::link::{Link, Rel};
use crate::base::names;
use crate::data::cursor;
use crate::data::query::{Query, SortBy};
use crate::data::{bounds, reference};
use crate::error::{Error, Kind, Result};
use crate::expr::check::names_geometry;
use crate::expr::{Expr, check};
use crate::model::schema::{Field, FieldKind, Schema};
use crate::model::value::Value;
use crate::project::catalog::Layer;
use crate::server::context::Context;

use super::collection::{ids, segment};
use super::filter::{self, Language};
use super::items_page;
use super::schema::scalar;
use super::{ends, item, search};

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
    /// The place where the page begins or ends, from a `next` or `prev` link of this collection in this order. It means
    /// nothing but to the server, and goes without `offset`.
    #[param(min_length = 1, max_length = 1024, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
    /// Only features whose geometry intersects the box: west, south, east, north in longitude and latitude, or six numbers
    /// with the heights third and sixth. A box whose western edge is greater than its eastern one crosses the date line.
    /// In the order of the axes of `bbox-crs`, where that is given.
    #[param(inline)]
    bbox: Option<Corners>,
    /// Coordinate reference system of `bbox`; CRS84 where left out
    #[serde(rename = "bbox-crs")]
    #[param(rename = "bbox-crs")]
    bbox_crs: Option<String>,
    /// Coordinate reference system of the answer; CRS84 where left out
    crs: Option<String>,
    /// Names of the properties that features are to have; all where left out. A name with a comma stands in quotation marks:
    /// `"a,b"`.
    #[serde(default, deserialize_with = "listed")]
    #[param(min_items = 1)]
    properties: Option<Vec<String>>,
    /// Names of properties by which features are sorted, the first the foremost: `-` before a name has the greatest first.
    /// What has no value comes last. A name with a comma, or one that begins with `-`, stands in quotation marks: `-"a,b"`.
    #[serde(default, deserialize_with = "listed")]
    #[param(min_items = 1)]
    sortby: Option<Vec<String>>,
    /// Whether geometries are left out
    #[param(default = false)]
    skip_geometry: bool,
    /// `hits` for the number of features alone
    #[param(inline, default = "results")]
    result_type: ResultType,
    /// Only features whose time intersects this instant or interval (RFC 3339; `..` is an open end). Features without a time
    /// stay in.
    #[param(inline)]
    datetime: Option<Interval>,
    /// Only features with text: one of the terms in one of their properties, its words together and in their order, whether
    /// upper case or lower
    #[param(min_items = 1)]
    q: Option<Vec<String>>,
    /// Only features that meet a condition, in CQL2
    filter: Option<String>,
    /// Language of `filter`
    #[serde(rename = "filter-lang")]
    #[param(rename = "filter-lang", inline, default = "cql2-text")]
    filter_lang: Language,
    /// Coordinate reference system of coordinates in `filter`; CRS84 where left out
    #[serde(rename = "filter-crs")]
    #[param(rename = "filter-crs")]
    filter_crs: Option<String>,
}

/// What is asked for
#[derive(Clone, Copy, Deserialize, PartialEq, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ResultType {
    /// Features
    Results,
    /// Their number
    Hits,
}

/// Names in a list, each as it is written.
fn listed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(|text| names::split(&text).into_iter().map(str::to_owned).collect()))
}

/// Names that no property's parameter can have: those of this description, and the framework's own.
static RESERVED: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let own = Items::into_params(|| None).into_iter().map(|parameter| parameter.name);
    own.chain(["f".to_owned()]).collect()
});

/// Why a layer's query cannot have a parameter: neither it nor the one that is called so already would be told from the other.
pub(super) fn misfit(layer: &Layer) -> Option<String> {
    let is_own = |name: &str| {
        let is_of_others = ends::is_one(name) || item::has(name);
        // Which chooses a project, in any case.
        RESERVED.contains(name) || is_of_others || name.eq_ignore_ascii_case("map")
    };
    let name = &layer.parameters.iter().find(|parameter| is_own(&parameter.name))?.name;
    Some(format!("the parameter '{name}' of its query has a name of the API's own: call it otherwise"))
}

pub(super) fn route() -> Route {
    get("/collections/(?P<collectionId>[^/]+)/items", "getFeatures", items)
        .summary("Features")
        .description(
            "The features of a collection, page by page in the order of their ids or another. Each property is a parameter as well: \
             a value that features must have, never an expression; `at-least[property]`, `at-most[property]`, \
             `contains[property]` and `begins-with[property]` tell ends of values.",
        )
        .tags(["Data"])
        .link("Features", Rel::Items)
        .clamp("limit")
        .each("collectionId", ids, kept(own_params))
}

/// The same with the filter in the body: what is too long for a URL.
pub(super) fn post_route() -> Route {
    route_for(Method::POST, "/collections/(?P<collectionId>[^/]+)/items", "queryFeatures", items)
        .summary("Features that meet a condition")
        .description(
            "The features of a collection that meet the condition in the body, CQL2 as JSON; all else is as it is with GET. \
             Links to other pages are for GET with the same condition as `filter`, but where it is too long for a URL, they \
             say that they are for POST (`method`), with the same body.",
        )
        .tags(["Data"])
        .page("getFeatures.html")
        .body(&["application/query-cql-json", "application/json"], "filter", &[("filter-lang", "cql2-json")])
        .clamp("limit")
        .each("collectionId", ids, kept(own_params))
}

/// The parameters of each collection, made once for each schema that a client may see.
pub(super) fn kept(
    make: fn(&Layer, &Schema) -> Vec<Param>,
) -> impl Fn(&Context, &str) -> Vec<Arc<Param>> + Send + Sync {
    /// Schemas of catalogs that were reloaded stay until then.
    const MOST: usize = 4096;
    // Schema and layer are kept with their addresses, so that no others can have them. Layers of one source may share a
    // schema, but not their settings.
    type Kept = (Arc<Schema>, Arc<Layer>, Vec<Arc<Param>>);
    let kept = Mutex::new(HashMap::<(usize, usize), Kept>::new());
    move |cx, id| {
        let Ok((layer, view)) = cx.layer(id) else { return Vec::new() };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        let schema = view.schema();
        let made = || {
            let params = make(&layer, schema).into_iter().map(Arc::new).collect();
            (schema.clone(), layer.clone(), params)
        };
        let key = (Arc::as_ptr(schema).addr(), Arc::as_ptr(&layer).addr());
        kept.entry(key).or_insert_with(made).2.clone()
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
    params.extend(super::crs::param("crs", "Coordinate reference system of the answer", layer, schema));
    params.extend(super::crs::param("bbox-crs", "Coordinate reference system of `bbox`", layer, schema));
    let words = "Coordinate reference system of coordinates in `filter`";
    params.extend(super::crs::param("filter-crs", words, layer, schema));
    params.extend(query_params(layer));
    // Those of properties come after, so that one that is called as one of these has its name.
    params.extend(ends::params(schema));
    let key = Some(&schema.key).filter(|(name, _)| schema.is_key(name));
    let key = key.map(|(name, kind)| Field::new(name.clone(), (*kind).into()));
    for field in schema.fields.iter().chain(&key) {
        let reserved =
            RESERVED.contains(&field.name) || layer.parameters.iter().any(|parameter| parameter.name == field.name);
        if let Some(kind) = scalar(field.kind).filter(|_| !reserved) {
            let words = field.description.clone().or_else(|| field.title.clone());
            let words = words.unwrap_or_else(|| format!("Only features whose '{}' is this value", field.name));
            let param = Param::query(field.name.clone(), words, kind);
            params.push(if field.kind == FieldKind::String { param.or_empty() } else { param });
        }
    }
    params
}

/// The parameters of the query behind a collection.
pub(super) fn query_params(layer: &Layer) -> impl Iterator<Item = Param> {
    layer.parameters.iter().filter_map(|parameter| {
        let mut kind = scalar(parameter.kind)?;
        kind["default"] = stated(&parameter.default);
        let words = parameter.description.clone();
        let words =
            words.unwrap_or_else(|| format!("The parameter '{}' of the query behind the collection", parameter.name));
        Some(Param::query(parameter.name.clone(), words, kind))
    })
}

/// The value of such a parameter; `None` for another one.
pub(super) fn query_value(layer: &Layer, name: &str, text: &str) -> Option<Result<(String, Value)>> {
    let parameter = layer.parameters.iter().find(|parameter| parameter.name == name)?;
    let value = Value::parse(parameter.kind, text).map_err(|expected| invalid(name, text, expected));
    Some(value.map(|value| (name.to_owned(), value)))
}

fn invalid(name: &str, text: &str, expected: &str) -> Error {
    Error::new(Kind::InvalidParameter, format!("parameter '{name}' is '{text}', {expected}")).at(name.to_owned())
}

/// A default as a schema states it.
fn stated(value: &Value) -> Json {
    match value {
        Value::Int(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::Bool(truth) => json!(truth),
        Value::Text(text) => json!(text),
        Value::Date(day) => json!(day.to_string()),
        Value::Instant(at) => json!(at.to_string()),
        Value::Null => Json::Null,
    }
}

async fn items(cx: Context, params: Items) -> Result<FeaturePage> {
    let (layer, view) = cx.layer(&params.collection_id)?;
    let schema = view.schema();
    let mut query = Query {
        offset: params.offset,
        limit: Some(params.limit),
        crs: super::crs::chosen("crs", params.crs.as_deref(), &layer, schema)?,
        sort: params.sortby.unwrap_or_default().iter().map(|text| sort_by(text, schema)).collect::<Result<_>>()?,
        without_geometry: params.skip_geometry,
        ..Query::default()
    };
    if let Some(names) = params.properties {
        query.properties = Some(chosen(names, schema)?);
    }
    if let Some(corners) = params.bbox {
        let crs = super::crs::chosen("bbox-crs", params.bbox_crs.as_deref(), &layer, schema)?;
        query.and(boxed(corners, crs)?);
    }
    if let Some(interval) = params.datetime {
        query.and(Expr::During(interval));
    }
    if let Some(terms) = &params.q {
        query.and(search::condition(terms, schema)?);
    }
    if let Some(text) = &params.filter {
        let crs = super::crs::chosen("filter-crs", params.filter_crs.as_deref(), &layer, schema)?;
        query.and(filter::read(text, params.filter_lang, crs, schema)?);
    }
    for (name, text) in cx.extra() {
        if let Some(given) = query_value(&layer, name, text) {
            query.parameters.push(given?);
            continue;
        }
        let Some(kind) = schema.kind(name) else {
            if let Some(condition) = ends::condition(name, text, schema) {
                query.and(condition?);
            }
            continue;
        };
        let value = Value::parse(kind, text).map_err(|expected| invalid(name, text, expected))?;
        let equals = Expr::equals(name.clone(), value);
        // Of a key this makes what sources find at once.
        query.and(check(&equals, schema).map_err(|misfit| invalid(name, text, &misfit.to_string()))?);
    }
    if params.cursor.is_some() && params.offset > 0 {
        let message = "parameter 'cursor' is a place already: it goes without 'offset'";
        return Err(Error::new(Kind::InvalidParameter, message).at("cursor"));
    }
    let cursor = params.cursor.map(|text| cursor::read(&text, &layer.id, &query, &view)).transpose()?;
    let path = format!("/collections/{}", segment(&layer.id));
    let ends = ends::given(cx.extra(), schema);
    // Links to single features keep what the query behind the collection was given.
    let is_of_query = |name: &String| layer.parameters.iter().any(|parameter| parameter.name == *name);
    let given = cx.extra().iter().filter(|(name, _)| is_of_query(name));
    let given = given.map(|(name, text)| (name.clone(), Json::from(text.as_str()))).collect();
    let links = vec![Link::new(cx.api_url(&path), Rel::Collection, Format::Json.media_type(), &layer.title)];
    Ok(FeaturePage {
        name: layer.id.clone(),
        title: layer.title.clone(),
        view,
        query,
        cursor,
        hits: params.result_type == ResultType::Hits,
        decimals: layer.decimals,
        cache: layer.cache.clone(),
        links,
        page: items_page::words(
            params.filter.filter(|_| params.filter_lang != Language::Json),
            ends,
            given,
            layer.limit.maximum,
        ),
    })
}

/// The box as a filter. One that crosses the date line makes sense in degrees alone.
fn boxed(corners: Corners, crs: Crs) -> Result<Expr> {
    let wrong = |what: String| Error::new(Kind::InvalidParameter, format!("parameter 'bbox': {what}")).at("bbox");
    let bbox = corners.bbox(crs.is_lat_first()).map_err(wrong)?;
    let rects = if reference::of(&crs)?.is_geographic {
        bbox.rectangles()
    } else if bbox.min_x > bbox.max_x {
        return Err(wrong("its western edge lies east of its eastern one".to_owned()));
    } else {
        // The client's numbers went through a projection of its own: a micrometre beside an edge is on it.
        let by = 1e-6;
        let (min_x, min_y, max_x, max_y) = (bbox.min_x - by, bbox.min_y - by, bbox.max_x + by, bbox.max_y + by);
        bounds::round(Rect { min_x, min_y, max_x, max_y }, &crs)
    };
    Ok(Expr::Bbox { rects, z: bbox.z, crs })
}

/// A property of an order; a plus in a query is a blank where nobody encoded it.
fn sort_by(text: &str, schema: &Schema) -> Result<SortBy> {
    let (descending, name) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+' | b' ') => (false, &text[1..]),
        _ => (false, text),
    };
    let name = &*names::plain(name);
    let field = schema.fields.iter().find(|field| field.name == name);
    if !field.map_or(schema.key.0 == name, |field| field.kind.is_comparable()) {
        return Err(unknown("sortby", name));
    }
    Ok(SortBy { property: name.to_owned(), descending })
}

/// Names of properties, each once. The geometry has a switch of its own, the key is told as the id, and both may be named as
/// well.
fn chosen(names: Vec<String>, schema: &Schema) -> Result<Vec<String>> {
    let mut chosen = Vec::with_capacity(names.len());
    for name in names {
        let name = names::plain(&name).into_owned();
        let is_geometry = names_geometry(schema, &name);
        if schema.position(&name).is_none() && !is_geometry && schema.key.0 != name {
            return Err(unknown("properties", &name));
        }
        if schema.position(&name).is_some() && !chosen.contains(&name) {
            chosen.push(name);
        }
    }
    Ok(chosen)
}

fn unknown(parameter: &str, name: &str) -> Error {
    let message = format!("parameter '{parameter}': there is no property '{name}' for this");
    Error::new(Kind::InvalidParameter, message).at(parameter)
}
