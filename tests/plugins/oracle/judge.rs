//! Asks every path and holds the answers against what the oracle knows.

use std::sync::Arc;

use graticule::Server;
use graticule::model::schema::{Field, FieldKind, Schema};
use graticule::project::catalog::{Layer, Project};
use graticule::sources::memory::Memory;
use serde_json::{Value, json};

use super::package;
use super::requests::Items;
use super::world::{LAYERS, NAMES, Row, World};
use super::{wfs, wms};
use crate::kit::{ask, builder, schema};

pub(super) type Verdict = Result<(), String>;

pub(super) async fn in_memory(world: &World, requests: &[Items]) -> Verdict {
    let kinds = [FieldKind::Integer, FieldKind::String, FieldKind::String, FieldKind::DateTime];
    let fields = NAMES.iter().zip(kinds).map(|(name, kind)| Field::new(*name, kind)).collect();
    let schema = Schema { fields, ..schema() };
    let mut project = Project::new("Test");
    for (name, rows) in LAYERS.iter().zip(&world.rows) {
        let source = Memory::new(schema.clone(), rows.iter().map(Row::in_memory).collect()).unwrap();
        project.add(Layer::new(*name, Arc::new(source))).unwrap();
    }
    judge(world, requests, project, false).await
}

pub(super) async fn in_a_package(world: &World, requests: &[Items]) -> Verdict {
    let folder = tempfile::tempdir().unwrap();
    let project = package::project(world, &folder.path().join("world.gpkg"));
    judge(world, requests, project, true).await
}

async fn judge(world: &World, requests: &[Items], project: Project, with_sql: bool) -> Verdict {
    let mut builder = builder(project);
    for rules in world.rules(with_sql) {
        builder = builder.access(rules, 0);
    }
    let server = builder.build().unwrap();
    lists(world, &server).await?;
    wfs::descriptions(world, &server).await?;
    wms::capabilities(world, &server).await?;
    for (layer, name) in LAYERS.iter().enumerate() {
        collection(world, &server, layer, &format!("/ogcapi/collections/{name}")).await?;
        wms::layer(world, &server, layer).await?;
        for row in &world.rows[layer] {
            item(world, &server, layer, row).await?;
            wfs::feature(world, &server, layer, row).await?;
        }
    }
    for request in requests {
        items(world, &server, request).await?;
        wfs::features(world, &server, request).await?;
    }
    Ok(())
}

pub(super) fn same(what: &str, found: &Value, expected: &Value) -> Verdict {
    if found == expected { Ok(()) } else { Err(format!("{what}: found {found}, expected {expected}")) }
}

/// No text tells of a row or of a property that may not be seen.
pub(super) fn silent(world: &World, what: &str, text: &str) -> Verdict {
    for layer in 0..LAYERS.len() {
        let allowed: Vec<i64> = world.allowed(layer).iter().map(|row| row.id).collect();
        let may_see = world.shows(layer) && world.attributes(layer).contains(&"sentinel");
        for row in &world.rows[layer] {
            if text.contains(&row.sentinel) && !(may_see && allowed.contains(&row.id)) {
                return Err(format!("{what} tells of {}", row.sentinel));
            }
        }
    }
    Ok(())
}

/// The lists of layers: as documents, as pages, and in the definitions.
async fn lists(world: &World, server: &Server) -> Verdict {
    let shown: Vec<&str> =
        LAYERS.iter().enumerate().filter(|(layer, _)| world.shows(*layer)).map(|(_, name)| *name).collect();
    for (url, list) in [("/ogcapi/collections", "collections"), ("/", "collections")] {
        let answer = ask(server, url).await.json();
        let ids: Vec<&Value> = answer[list].as_array().unwrap().iter().map(|one| &one["id"]).collect();
        same(url, &json!(ids), &json!(shown))?;
    }
    for url in ["/?f=html", "/ogcapi/collections?f=html", "/ogcapi/api", "/api"] {
        let text = ask(server, url).await.text();
        silent(world, url, &text)?;
        for name in LAYERS.iter().filter(|name| !shown.contains(name)) {
            if text.contains(&format!("/{name}")) || text.contains(&format!("\"{name}\"")) {
                return Err(format!("{url} tells of the layer {name}"));
            }
        }
    }
    Ok(())
}

/// A collection: whether it is there, and its extent.
async fn collection(world: &World, server: &Server, layer: usize, url: &str) -> Verdict {
    let answer = ask(server, url).await;
    let page = ask(server, &format!("{url}?f=html")).await;
    silent(world, url, &page.text())?;
    if !world.shows(layer) {
        return same(url, &json!([answer.status(), page.status()]), &json!([404, 404]));
    }
    let (rows, attributes) = (world.allowed(layer), world.attributes(layer));
    let extent = answer.json()["extent"].clone();
    let (spatial, temporal) = (&extent["spatial"]["bbox"], &extent["temporal"]["interval"]);
    let points: Vec<_> = rows.iter().filter_map(|row| row.at).collect();
    let xs = points.iter().map(|(x, _)| f64::from(*x));
    let ys = points.iter().map(|(_, y)| f64::from(*y));
    let least = |all: &mut dyn Iterator<Item = f64>| all.fold(f64::INFINITY, f64::min);
    let most = |all: &mut dyn Iterator<Item = f64>| all.fold(f64::NEG_INFINITY, f64::max);
    let bbox = [least(&mut xs.clone()), least(&mut ys.clone()), most(&mut xs.clone()), most(&mut ys.clone())];
    let bbox = if points.is_empty() { Value::Null } else { json!([bbox]) };
    let mut times: Vec<_> = rows.iter().filter_map(|row| row.time()).collect();
    times.sort();
    let has_time = attributes.contains(&"t");
    let interval = times.first().zip(times.last()).filter(|_| has_time).map(|(first, last)| json!([[first, last]]));
    // A measurement that takes longer than its budget is left out, never wrong.
    if !spatial.is_null() || !temporal.is_null() {
        same(&format!("spatial extent of {url}"), spatial, &bbox)?;
        same(&format!("temporal extent of {url}"), temporal, &interval.unwrap_or_default())?;
    }
    Ok(())
}

/// A row as a feature's properties, with what may be seen of it.
pub(super) fn properties(row: &Row, attributes: &[&str]) -> Value {
    let all = [json!(row.a), json!(row.b), json!(row.sentinel), json!(row.time())];
    NAMES
        .iter()
        .zip(all)
        .filter(|(name, _)| attributes.contains(name))
        .map(|(name, it)| ((*name).to_owned(), it))
        .collect()
}

fn geometry(row: &Row) -> Value {
    row.at.map_or(Value::Null, |(x, y)| json!({ "type": "Point", "coordinates": [x, y] }))
}

/// One feature by its id.
async fn item(world: &World, server: &Server, layer: usize, row: &Row) -> Verdict {
    let url = format!("/ogcapi/collections/{}/items/{}", LAYERS[layer], row.id);
    let answer = ask(server, &url).await;
    silent(world, &url, &ask(server, &format!("{url}?f=html")).await.text())?;
    silent(world, &url, &answer.text())?;
    if !world.shows(layer) || !world.allowed(layer).iter().any(|other| other.id == row.id) {
        return same(&url, &answer.status().into(), &404.into());
    }
    let found = answer.json();
    same(&url, &found["properties"], &properties(row, &world.attributes(layer)))?;
    same(&url, &found["geometry"], &geometry(row))
}

/// A page of features.
async fn items(world: &World, server: &Server, request: &Items) -> Verdict {
    let layer = request.layer;
    let url = format!("/ogcapi/collections/{}/items?{}", LAYERS[layer], request.query());
    let answer = ask(server, &url).await;
    silent(world, &url, &ask(server, &format!("{url}&f=html")).await.text())?;
    silent(world, &url, &answer.text())?;
    let attributes = world.attributes(layer);
    if !world.shows(layer) {
        let refused = answer.status() == 404 || answer.status() == 400;
        return if refused { Ok(()) } else { Err(format!("{url}: {}", answer.status())) };
    }
    if request.is_refused(&attributes) {
        return same(&url, &answer.status().into(), &400.into());
    }
    let found = answer.json();
    let wanted: Vec<_> = world.allowed(layer).into_iter().filter(|row| request.wants(row, &attributes)).collect();
    let page: Vec<_> = wanted.iter().skip(request.offset).take(request.limit).collect();
    let told = |feature: &Value| json!([feature["id"], feature["geometry"], feature["properties"]]);
    let features: Vec<_> = found["features"].as_array().into_iter().flatten().map(told).collect();
    let expected: Vec<_> =
        page.iter().map(|row| json!([row.id, geometry(row), properties(row, &attributes)])).collect();
    same(&url, &json!(features), &json!(expected))?;
    same(&format!("numberReturned of {url}"), &found["numberReturned"], &page.len().into())?;
    if !found["numberMatched"].is_null() {
        same(&format!("numberMatched of {url}"), &found["numberMatched"], &wanted.len().into())?;
    }
    let has_next = found["links"].as_array().into_iter().flatten().any(|link| link["rel"] == "next");
    same(&format!("next of {url}"), &has_next.into(), &(wanted.len() > request.offset + request.limit).into())
}
