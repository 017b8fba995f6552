//! Features of a layer as a reply: a page that streams in constant memory, or one feature.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Method, header};
use serde_json::{Map, Value, json};

use crate::base::crs::Crs;
use crate::base::datetime::Instant;
use crate::base::fingerprint;
use crate::base::format::Format;
use crate::base::link::{Link, Rel};
use crate::data::cursor::Cursor;
use crate::data::gate::{Features, View};
use crate::data::query::Query;
use crate::error::{Error, Kind, Result};
use crate::formats::geojson::{FeatureWriter, GeoJson};
use crate::formats::{self, Closing, Encoder, Opening, Part};
use crate::message::body::Body;
use crate::message::response::Response;
use crate::model::batch::Layout;
use crate::model::schema::{FieldKind, KeyKind};

use super::super::html;
use super::download::{set_file_name, set_links};
use super::page_encoder::PageEncoder;
use super::{Described, Rendering, Reply};

/// An answer up to this size is sent whole; chunking a small one costs 15% of its throughput.
const WHOLE: usize = 64 * 1024;

/// How long a page waits for the values that its form offers; the next has them.
const CHOICES_BUDGET: Duration = Duration::from_millis(150);

/// What the page alone is told, made from the very value that it shows; nothing is made for other formats.
pub type PageWords = Box<dyn FnOnce(&Value) -> Map<String, Value> + Send>;

/// A page of features.
pub struct FeaturePage {
    /// Id of the collection.
    pub name: String,
    /// Title of the collection, for the page.
    pub title: String,
    /// What the client may see of the layer.
    pub view: View,
    /// What it asked for; the limit is the page size.
    pub query: Query,
    /// The place where the page begins or ends, in the query's order; its offset counts from the beginning.
    pub cursor: Option<Cursor>,
    /// Whether only the number of features is wanted.
    pub hits: bool,
    /// Decimals of coordinates.
    pub decimals: Option<u8>,
    /// How long caches may keep it (`Cache-Control`).
    pub cache: Option<HeaderValue>,
    /// Links besides those of the page itself and of its neighbours.
    pub links: Vec<Link>,
    /// What the HTML page is told besides.
    pub page: PageWords,
}

/// One feature.
pub struct OneFeature {
    /// Id of the collection.
    pub name: String,
    /// Id of the feature, as the client wrote it.
    pub id: String,
    /// What the client may see of the layer.
    pub view: View,
    /// What names the feature.
    pub query: Query,
    /// Decimals of coordinates.
    pub decimals: Option<u8>,
    /// How long caches may keep it (`Cache-Control`).
    pub cache: Option<HeaderValue>,
    /// Links besides that to itself.
    pub links: Vec<Link>,
    /// What the HTML page is told besides.
    pub page: PageWords,
}

impl Reply for FeaturePage {
    fn describe() -> Described {
        Described {
            formats: formats_of_features(),
            schema: json!({ "$ref": "#/components/schemas/FeatureCollection" }),
            components: components(),
        }
    }

    async fn render(mut self, rendering: Rendering) -> Result<Response> {
        let mut response = rendering.response(Body::empty());
        set_crs(&mut response, &self.query.crs);
        set_file_name(&mut response, rendering.format, &self.name);
        let told = (&self.name, self.hits, self.decimals, &self.links);
        let mut basis = rendering.basis(&self.view, &self.query, told);
        fingerprint::write(&self.cursor, &mut basis);
        let (number, state) = (basis.number(), rendering.state(&basis, &self.view).await);
        let is_known = rendering.is_known(number, state, &self.view, self.cache.as_ref(), &mut response);
        if is_known || rendering.cx.head().method == Method::HEAD {
            // Neither starts a query.
            return Ok(response);
        }
        let (kept, place) = rendering.kept(basis, state, &self.view, &response);
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let (is_page, title) = (rendering.format == Format::Html, self.title.clone());
        let told = is_page.then(|| std::mem::replace(&mut self.page, Box::new(|_| Map::new())));
        if is_page {
            let most = u64::from(rendering.cx.limits().page_features);
            self.query.limit = Some(self.query.limit.map_or(most, |limit| limit.min(most)));
        }
        let mut page = PageEncoder::start(self, &rendering).await?;
        let mut out = Vec::with_capacity(16 * 1024);
        while (out.len() < WHOLE || is_page) && page.step(&mut out).await? {}
        if !page.done && !rendering.format.carries_links() {
            page.find_end(&mut out).await?;
        }
        page.tell_in_headers(&mut response).await?;
        let state = page.features.as_ref().and_then(Features::state).or(state);
        let mut keeping = Rendering::keeping(number, state, place, &mut response);
        if !page.done {
            let rest = stream::try_unfold((page, out, keeping), |(mut page, mut out, mut keeping)| async move {
                while !page.done && out.len() < WHOLE {
                    page.step(&mut out).await?;
                }
                let chunk = Bytes::from(std::mem::replace(&mut out, Vec::with_capacity(WHOLE + WHOLE / 2)));
                page.keep(&mut keeping, &chunk);
                Ok::<_, Error>((!chunk.is_empty()).then_some((chunk, (page, out, keeping))))
            });
            response.body = Body::Stream(Box::pin(rest));
            return Ok(response);
        }
        if is_page {
            let value = serde_json::from_slice(&out).map_err(Error::internal)?;
            let mut words = words_of(&page.view);
            words.insert("title".to_owned(), title.into());
            words.extend(told.map(|told| told(&value)).unwrap_or_default());
            let choices = page.view.choices(CHOICES_BUDGET).await.unwrap_or_default();
            words.insert("choices".to_owned(), choices.iter().map(|(name, values)| (name, json!(values))).collect());
            words.insert("passed".to_owned(), page.paging.first.into());
            response.body = html::page(&rendering, &value, None, words)?.body;
            return Ok(response);
        }
        page.keep(&mut keeping, &out);
        response.body = out.into();
        Ok(response)
    }
}

impl Reply for OneFeature {
    fn describe() -> Described {
        Described {
            formats: formats_of_features(),
            schema: json!({ "$ref": "#/components/schemas/Feature" }),
            components: components(),
        }
    }

    async fn render(self, rendering: Rendering) -> Result<Response> {
        let mut validated = rendering.response(Body::empty());
        let basis = rendering.basis(&self.view, &self.query, (&self.name, &self.id, self.decimals, &self.links));
        let (number, state) = (basis.number(), rendering.state(&basis, &self.view).await);
        let is_known = rendering.is_known(number, state, &self.view, self.cache.as_ref(), &mut validated);
        // A tag was given for this feature; a time is the whole layer's, and does not say that there is such a feature.
        if is_known && rendering.cx.head().headers.contains_key(header::IF_NONE_MATCH) {
            return Ok(validated);
        }
        let (kept, place) = rendering.kept(basis, state, &self.view, &validated);
        if let Some(kept) = kept {
            return Ok(if is_known { validated } else { kept });
        }
        let mut features = self.view.features(&self.query)?;
        let Some(batch) = features.next().await else {
            let unknown = Error::new(Kind::UnknownFeature, format!("collection '{}' has no such feature", self.name));
            let of = self.links.iter().find(|link| link.rel == Rel::Collection);
            return Err(match of {
                Some(link) => unknown.instead(link.title.clone().unwrap_or_default(), &link.href),
                None => unknown,
            });
        };
        let batch = batch?;
        if is_known {
            return Ok(validated);
        }
        rendering.cx.head().trace.add_rows(1);
        let mut links = rendering.own_links();
        links.extend(self.links);
        let part = part(self.name, &self.view, features.layout(), self.query.crs.clone(), self.decimals);
        let mut out = Vec::new();
        let mut response = if rendering.format.carries_links() {
            let writer = FeatureWriter::new(&part).in_order_of(&part.crs);
            let is_page = rendering.format == Format::Html;
            let mut writer = if is_page { writer.for_a_page() } else { writer };
            writer.write_document(batch.row(0), &links, &mut out);
            if rendering.format == Format::Html {
                let value = serde_json::from_slice(&out).map_err(Error::internal)?;
                let mut words = words_of(&self.view);
                words.extend((self.page)(&value));
                html::page(&rendering, &value, None, words)?
            } else {
                rendering.response(out)
            }
        } else {
            let mut encoder = encoder(rendering.format)?;
            encoder.open(&Opening { time_stamp: Instant::now().to_seconds(), matched: None }, &mut out);
            encoder.part(&part, &mut out);
            encoder.batch(&batch, &mut out);
            encoder.end_part(&mut out);
            encoder.close(&Closing { links: Vec::new(), matched: None, returned: 1 }, &mut out);
            let mut response = rendering.response(out);
            set_links(&mut response, links);
            set_file_name(&mut response, rendering.format, &format!("{}-{}", part.name, self.id));
            response
        };
        set_crs(&mut response, &self.query.crs);
        for name in [header::LAST_MODIFIED, header::CACHE_CONTROL] {
            if let Some(value) = validated.headers.remove(&name) {
                response.set(name, value);
            }
        }
        let keeping = Rendering::keeping(number, features.state().or(state), place, &mut response);
        if let (Body::Whole(bytes), Some(mut keeping)) = (&response.body, keeping)
            && keeping.push(bytes)
        {
            keeping.end(rendering.cx.answers(), 1);
        }
        Ok(response)
    }
}

pub(super) fn part(name: String, view: &View, layout: &Arc<Layout>, crs: Crs, decimals: Option<u8>) -> Part {
    Part { name, schema: view.schema().clone(), layout: layout.clone(), crs, decimals }
}

fn formats_of_features() -> Vec<Format> {
    formats::of_features().chain([Format::Html]).collect()
}

/// The encoder of a format; a page is made from GeoJSON.
pub(super) fn encoder(format: Format) -> Result<Box<dyn Encoder>> {
    if format.carries_links() {
        let encoder = GeoJson::new().in_authority_order();
        return Ok(Box::new(if format == Format::Html { encoder.for_a_page() } else { encoder }));
    }
    formats::encoder(format).ok_or_else(|| Error::internal(format!("features have no encoder for {format}")))
}

/// Part 2, 7.16: every answer with features says in which system their coordinates are.
fn set_crs(response: &mut Response, crs: &Crs) {
    if let Some(Ok(value)) = crs.uri().map(|uri| HeaderValue::try_from(format!("<{uri}>"))) {
        response.set(header::HeaderName::from_static("content-crs"), value);
    }
}

/// What a page is told of the layer: its columns, so that a table has them even without a row.
pub(crate) fn words_of(view: &View) -> Map<String, Value> {
    let schema = view.schema();
    let role = |at: usize| {
        let time = schema.time?;
        let is_end = time.end == Some(at);
        (is_end || time.start == at).then_some(if is_end { "end" } else { "time" })
    };
    let words = |(at, field): (usize, &crate::model::schema::Field)| {
        json!({
            "name": field.name, "title": field.title, "description": field.description, "type": kind_name(field.kind),
            "comparable": field.kind.is_comparable(), "queryable": field.kind != FieldKind::Binary, "role": role(at),
        })
    };
    let mut map = Map::new();
    map.insert("schema".to_owned(), schema.fields.iter().enumerate().map(words).collect());
    let (key, kind) = &schema.key;
    let kind = if *kind == KeyKind::Integer { "integer" } else { "string" };
    map.insert("key".to_owned(), json!({ "name": key, "type": kind }));
    if let Some(geometry) = &schema.geometry {
        let words = json!({ "name": geometry.name, "type": geometry.kind.name(), "has_z": geometry.has_z });
        map.insert("geometry".to_owned(), words);
    }
    map.insert("has_time".to_owned(), schema.time.is_some().into());
    map.insert("has_geometry".to_owned(), schema.geometry.is_some().into());
    map
}

fn kind_name(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Integer => "integer",
        FieldKind::Number => "number",
        FieldKind::Boolean => "boolean",
        FieldKind::String => "string",
        FieldKind::Date => "date",
        FieldKind::DateTime => "date-time",
        FieldKind::Binary => "binary",
        FieldKind::Json => "json",
    }
}

/// GeoJSON as the standard's schemas have it, in short.
fn components() -> Vec<(String, Value)> {
    let link = Described::json::<Link>(&[]).components;
    let id = json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] });
    let feature = json!({
        "type": "object", "required": ["type", "geometry", "properties"],
        "properties": {
            "type": { "type": "string", "enum": ["Feature"] },
            "id": id,
            "geometry": { "$ref": "#/components/schemas/Geometry" },
            "properties": { "type": "object", "nullable": true, "additionalProperties": true },
            "links": { "type": "array", "items": { "$ref": "#/components/schemas/Link" } },
        },
    });
    // Null is taken only where the type stands beside the word, which an `allOf` around a reference has not.
    let geometry = json!({
        "type": "object", "nullable": true, "required": ["type"],
        "properties": {
            "type": { "type": "string", "enum": [
                "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"
            ] },
            "coordinates": { "type": "array", "items": {} },
            "geometries": { "type": "array", "items": { "type": "object" } },
        },
    });
    let collection = json!({
        "type": "object", "required": ["type", "features"],
        "properties": {
            "type": { "type": "string", "enum": ["FeatureCollection"] },
            "features": { "type": "array", "items": { "$ref": "#/components/schemas/Feature" } },
            "links": { "type": "array", "items": { "$ref": "#/components/schemas/Link" } },
            "timeStamp": { "type": "string", "format": "date-time" },
            "numberMatched": { "type": "integer", "minimum": 0 },
            "numberReturned": { "type": "integer", "minimum": 0 },
        },
    });
    let named = [("Geometry", geometry), ("Feature", feature), ("FeatureCollection", collection)];
    named.into_iter().map(|(name, schema)| (name.to_owned(), schema)).chain(link).collect()
}
