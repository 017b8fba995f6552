//! GetFeatureInfo: what is at a pixel of a map, or what a FILTER finds.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::data::coverage_gate::CoverageView;
use crate::data::features::Features;
use crate::data::gate::View;
use crate::data::query::{Area, Query};
use crate::data::reference;
use crate::error::{Error, Kind, Result};
use crate::expr::Expr;
use crate::formats::gml::Srs;
use crate::message::response::Response;
use crate::model::batch::{Cell, Layout, Row};
use crate::model::geometry::intersects;
use crate::model::schema::{GeometryKind, Schema};
use crate::model::value::FeatureId;
use crate::server::context::{Context, Published};
use crate::services::ows::kvp::{Kvp, invalid};
use crate::web::page::content_security_policy;

use super::formats::{INFO_FORMATS, InfoFormat};
use super::info::{InfoPart, InfoWriter, writer};
use super::map_area::MapArea;
use super::map_request::{self, Drawn};
use super::offered;
use super::parameters::{count, is_true, list};
use super::values;
use super::version::Version;

/// Pixels around the point that still hit a point or a line, where the client says nothing else. A polygon is hit inside.
const TOLERANCE: [(&str, f64); 3] =
    [("FI_POINT_TOLERANCE", 8.0), ("FI_LINE_TOLERANCE", 4.0), ("FI_POLYGON_TOLERANCE", 0.0)];

/// The widest tolerance.
const WIDEST: f64 = 1000.0;

/// Most features of a layer.
const MOST: u32 = 10_000;

/// The largest answer in bytes.
const LARGEST: usize = 64 * 1024 * 1024;

/// What is asked.
struct Question<'a> {
    kvp: Kvp<'a>,
    /// The map, where a pixel of one is asked about.
    area: Option<MapArea>,
    /// The middle of the pixel, in the map's system.
    point: Option<(f64, f64)>,
    /// Features of each layer.
    most: u32,
    /// The system of the geometries that are told, where it is not the map's.
    told: Option<Crs>,
}

/// Answers the request.
pub(super) async fn answer(cx: &Context, kvp: Kvp<'_>, version: &'static Version) -> Result<Response> {
    let (format, media_type) = info_format(kvp)?;
    let drawn = map_request::layers(cx, kvp)?;
    let asked = query_layers(kvp, &drawn)?;
    let pixel = pixel(kvp, version)?;
    let is_filtered = asked.iter().any(|drawn| drawn.is_filtered);
    // Without a point FILTER alone says which features are meant, as QGIS's clients have it.
    if pixel.is_none() && !is_filtered {
        kvp.required(version.pixel[0])?;
        kvp.required(version.pixel[1])?;
    }
    let has_area = pixel.is_some() || kvp.text("BBOX")?.is_some();
    let area = has_area.then(|| MapArea::read(cx, kvp, version)).transpose()?;
    let point = area.as_ref().zip(pixel).map(|(area, pixel)| place(area, pixel, version)).transpose()?;
    let most = count(kvp, "FEATURE_COUNT", 1, MOST)?.unwrap_or(1);
    let told = (format == InfoFormat::GeoJson).then_some(Crs::Crs84);
    let question = Question { kvp, area, point, most, told };
    let mut out = writer(format);
    let work = async {
        for drawn in &asked {
            question.layer(drawn, &mut *out).await?;
        }
        Ok::<_, Error>(())
    };
    let limit: Duration = cx.project().wms.deadline();
    let late = |_| Error::new(Kind::Timeout, format!("the answer took more than {} s", limit.as_secs()));
    tokio::time::timeout(limit, work).await.map_err(late)??;
    let mut response = Response::ok(media_type, out.finish(cx)?);
    if format == InfoFormat::Html
        && let Ok(policy) = HeaderValue::try_from(content_security_policy(&cx.project().map))
    {
        response.set(CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

/// The format of the answer, and its media type.
fn info_format(kvp: Kvp<'_>) -> Result<(InfoFormat, &'static str)> {
    let Some(given) = kvp.text("INFO_FORMAT")? else { return Ok((INFO_FORMATS[0].1, INFO_FORMATS[0].2)) };
    let found = INFO_FORMATS.iter().find(|row| row.0.eq_ignore_ascii_case(given));
    // A plus in a URL that nobody escaped is a blank.
    let found = found.or_else(|| INFO_FORMATS.iter().find(|row| row.0.replace('+', " ").eq_ignore_ascii_case(given)));
    found.map(|row| (row.1, row.2)).ok_or_else(|| {
        let all: Vec<&str> = INFO_FORMATS.iter().map(|row| row.0).collect();
        let message = format!("INFO_FORMAT is '{given}', expected one of: {}", all.join(", "));
        Error::new(Kind::InvalidParameter, message).at("INFO_FORMAT").coded("InvalidFormat")
    })
}

/// The layers of the map that are asked about.
fn query_layers<'a>(kvp: Kvp<'_>, drawn: &'a [Drawn]) -> Result<Vec<&'a Drawn>> {
    kvp.required("QUERY_LAYERS")?;
    let mut asked = Vec::new();
    for name in list(kvp, "QUERY_LAYERS")? {
        let found: Vec<&Drawn> = drawn.iter().filter(|drawn| drawn.names.iter().any(|known| known == name)).collect();
        if found.is_empty() {
            let message = format!("QUERY_LAYERS names '{name}', which is no layer of the map");
            return Err(Error::new(Kind::UnknownLayer, message).at("QUERY_LAYERS"));
        }
        asked.extend(found);
    }
    Ok(asked)
}

/// The pixel; none where the request names none. Either version's names are taken, for clients mix them up.
fn pixel(kvp: Kvp<'_>, version: &Version) -> Result<Option<[f64; 2]>> {
    let mut pixel = [0.0; 2];
    for (at, names) in [["I", "X"], ["J", "Y"]].into_iter().enumerate() {
        let Some((name, given)) = kvp.first(&[version.pixel[at], names[0], names[1]])? else { return Ok(None) };
        let wrong = || invalid(name, given, "a whole number").coded("InvalidPoint");
        pixel[at] = given.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(wrong)?;
    }
    Ok(Some(pixel))
}

fn invalid_point(message: String) -> Error {
    Error::new(Kind::OutOfRange, message).coded("InvalidPoint")
}

/// The middle of the pixel on the map.
fn place(area: &MapArea, pixel: [f64; 2], version: &Version) -> Result<(f64, f64)> {
    for ((at, name), size) in pixel.iter().zip(version.pixel).zip([area.frame.width, area.frame.height]) {
        if !(0.0..f64::from(size)).contains(at) {
            return Err(invalid_point(format!("{name} is {at}, expected 0 to {}", size - 1)).at(name));
        }
    }
    let (across, down) = area.frame.pixel_size();
    let x = area.frame.rect.min_x + (pixel[0].floor() + 0.5) * across;
    // Beyond the date line the world begins anew.
    let turn = area.turns().into_iter().min_by(|a, b| (x - a).abs().total_cmp(&(x - b).abs()));
    Ok((x - turn.unwrap_or(0.0), area.frame.rect.max_y - (pixel[1].floor() + 0.5) * down))
}

/// The part of the map in which rows are looked for: a pixel wider than the target, for what is cut to an area without a
/// size has no inside left. `rows` tests the target itself.
fn around(rect: Rect, area: &MapArea) -> Area {
    let (across, down) = area.frame.pixel_size();
    let rect = Rect {
        min_x: rect.min_x - across,
        min_y: rect.min_y - down,
        max_x: rect.max_x + across,
        max_y: rect.max_y + down,
    };
    Area { rect, crs: area.crs.clone() }
}

/// Whether a row touches the target, where there is one.
fn is_hit(row: Row<'_>, target: Option<&Rect>) -> bool {
    target.is_none_or(|rect| row.geometry().is_some_and(|wkb| intersects(wkb, rect).unwrap_or(false)))
}

impl Question<'_> {
    /// Pixels around the point that hit a geometry of this kind.
    fn tolerance(&self, kind: GeometryKind) -> Result<f64> {
        let (name, usual) = TOLERANCE[match kind {
            GeometryKind::Point | GeometryKind::MultiPoint => 0,
            GeometryKind::Polygon | GeometryKind::MultiPolygon => 2,
            _ => 1,
        }];
        Ok(self.kvp.number(name)?.unwrap_or(usual).clamp(0.0, WIDEST))
    }

    /// The square that a feature must touch.
    fn target(&self, area: &MapArea, kind: GeometryKind) -> Result<Option<Rect>> {
        let Some((x, y)) = self.point else { return Ok(None) };
        let (across, down) = area.frame.pixel_size();
        let pixels = self.tolerance(kind)?;
        let (dx, dy) = (across * pixels, down * pixels);
        Ok(Some(Rect { min_x: x - dx, min_y: y - dy, max_x: x + dx, max_y: y + dy }))
    }

    /// What a writer is told of a layer.
    fn part(&self, drawn: &Drawn, schema: Arc<Schema>, layout: Arc<Layout>, crs: &Crs) -> Result<InfoPart> {
        let layer = &drawn.layer.layer;
        let decimals = reference::decimals(layer.decimals, &schema, crs);
        Ok(InfoPart {
            name: layer.id.clone(),
            title: layer.title.clone(),
            schema,
            layout,
            geometry: is_true(self.kvp, "WITH_GEOMETRY")?,
            // The short name means x first to whoever reads GML.
            srs: Srs { name: offered::name(crs), swap: false, decimals },
        })
    }

    async fn layer(&self, drawn: &Drawn, out: &mut dyn InfoWriter) -> Result<()> {
        match &drawn.layer.data {
            Published::Features(view) => self.features(drawn, view, out).await,
            Published::Coverage(view) => self.coverage(drawn, view, out).await,
        }
    }

    async fn coverage(&self, drawn: &Drawn, view: &CoverageView, out: &mut dyn InfoWriter) -> Result<()> {
        // FILTER says nothing of a coverage, and without a point there is no value.
        let (Some(area), Some(point)) = (&self.area, self.point) else { return Ok(()) };
        let (schema, layout) = values::schema(view);
        out.layer(&self.part(drawn, schema, layout, &area.crs)?);
        if drawn.layer.layer.scales.hold(area.frame.scale)
            && let Some(row) = values::at(view, area, point).await?
        {
            out.rows(&row);
        }
        Ok(())
    }

    async fn features(&self, drawn: &Drawn, view: &View, out: &mut dyn InfoWriter) -> Result<()> {
        let schema = view.schema().clone();
        let Some(geometry) = &schema.geometry else { return Ok(()) };
        let map = self.area.as_ref().map_or_else(|| geometry.crs.clone(), |area| area.crs.clone());
        let crs = self.told.clone().unwrap_or_else(|| map.clone());
        let is_told = is_true(self.kvp, "WITH_GEOMETRY")?;
        let mut target = self.area.as_ref().map(|area| self.target(area, geometry.kind)).transpose()?.flatten();
        let mut query = Query {
            filter: drawn.filter.clone(),
            without_geometry: target.is_none() && !is_told,
            crs: if target.is_some() { map } else { crs.clone() },
            area: target.zip(self.area.as_ref()).map(|(rect, area)| around(rect, area)),
            ..Query::default()
        };
        let mut is_drawn = true;
        if let Some(area) = &self.area {
            is_drawn = drawn.layer.layer.scales.hold(area.frame.scale);
            if let Some(rules) = drawn.style.filter(area.frame.scale) {
                query.and(rules);
            }
        }
        if is_told && is_drawn && target.is_some() {
            // What is looked for is cut to the target; what is told is whole.
            let ids = self.found(Query { properties: Some(Vec::new()), ..query }, view, target).await?;
            query = Query { filter: Some(Expr::Ids(ids)), crs: crs.clone(), ..Query::default() };
            target = None;
        }
        let features = view.features(&query)?;
        out.layer(&self.part(drawn, schema.clone(), features.layout().clone(), &crs)?);
        if is_drawn {
            let rows = self.rows(features, target, out).await?;
            drawn.trace.add_rows(rows as u64);
        }
        Ok(())
    }

    /// The ids of the rows that are hit, as many as are wanted.
    async fn found(&self, query: Query, view: &View, target: Option<Rect>) -> Result<Vec<FeatureId>> {
        let (mut features, mut found) = (view.features(&query)?, Vec::new());
        while found.len() < self.most as usize {
            let Some(batch) = features.next().await else { break };
            let batch = batch?;
            let hits = batch.rows().filter(|row| is_hit(*row, target.as_ref()));
            let ids = hits.filter_map(|row| match row.cell(0) {
                Cell::Int(id) => Some(FeatureId::Int(id)),
                id @ Cell::Text(..) => Some(FeatureId::Text(row.text(id).to_owned())),
                _ => None,
            });
            found.extend(ids.take(self.most as usize - found.len()));
            features.recycle(batch);
        }
        Ok(found)
    }

    /// The rows that are hit, as many as are wanted; how many there were.
    async fn rows(&self, mut features: Features, target: Option<Rect>, out: &mut dyn InfoWriter) -> Result<usize> {
        let mut left = self.most as usize;
        while left > 0 {
            let Some(batch) = features.next().await else { break };
            let mut batch = batch?;
            batch.retain(left, |row| is_hit(row, target.as_ref()));
            left -= batch.len();
            out.rows(&batch);
            if out.size() > LARGEST {
                return Err(Error::new(Kind::TooLarge, "the answer is too large: ask for fewer with FEATURE_COUNT"));
            }
            features.recycle(batch);
        }
        Ok(self.most as usize - left)
    }
}
