//! The same questions to the WFS: rows, values, numbers, schemas and capabilities.

use graticule::Server;
use graticule::base::xml::{Element, Limits, parse};
use serde_json::json;

use super::judge::{Verdict, same, silent};
use super::requests::Items;
use super::world::{LAYERS, NAMES, Row, World};
use crate::kit::ask;

const WFS: &str = "/ows?SERVICE=WFS&VERSION=2.0.0";

fn read(url: &str, text: &str) -> Result<Element, String> {
    parse(text.as_bytes(), &Limits::default()).map_err(|fault| format!("{url}: {fault}: {text}"))
}

fn members(root: &Element) -> Vec<&Element> {
    root.children_named("member").flat_map(|member| &member.children).collect()
}

/// Which layers and which of their properties there are.
pub(super) async fn descriptions(world: &World, server: &Server) -> Verdict {
    for version in ["1.0.0", "1.1.0", "2.0.0"] {
        for request in ["GetCapabilities", "DescribeFeatureType"] {
            let url = format!("/ows?SERVICE=WFS&VERSION={version}&REQUEST={request}");
            let text = ask(server, &url).await.text();
            for (layer, name) in LAYERS.iter().enumerate() {
                let told = text.contains(&format!("app:{name}"));
                same(&format!("{name} in {url}"), &told.into(), &world.shows(layer).into())?;
            }
        }
    }
    for (layer, name) in LAYERS.iter().enumerate() {
        let url = format!("{WFS}&REQUEST=DescribeFeatureType&TYPENAMES={name}");
        let answer = ask(server, &url).await;
        if !world.shows(layer) {
            same(&url, &answer.status().into(), &400.into())?;
            continue;
        }
        let (text, attributes) = (answer.text(), world.attributes(layer));
        for property in NAMES {
            let told = text.contains(&format!("name=\"{property}\""));
            same(&format!("{property} in {url}"), &told.into(), &attributes.contains(&property).into())?;
        }
    }
    Ok(())
}

/// One feature by its id.
pub(super) async fn feature(world: &World, server: &Server, layer: usize, row: &Row) -> Verdict {
    let name = LAYERS[layer];
    let is_there = world.shows(layer) && world.allowed(layer).iter().any(|other| other.id == row.id);
    let url = format!("{WFS}&REQUEST=GetFeature&RESOURCEID={name}.{}", row.id);
    let text = ask(server, &url).await.text();
    silent(world, &url, &text)?;
    same(&url, &members(&read(&url, &text)?).len().into(), &usize::from(is_there).into())?;
    let stored = "STOREDQUERY_ID=urn:ogc:def:query:OGC-WFS::GetFeatureById";
    let url = format!("{WFS}&REQUEST=GetFeature&{stored}&ID={name}.{}", row.id);
    let answer = ask(server, &url).await;
    silent(world, &url, &answer.text())?;
    same(&url, &answer.status().into(), &if is_there { 200 } else { 404 }.into())
}

/// A page of features, their number, and the values of one property.
pub(super) async fn features(world: &World, server: &Server, request: &Items) -> Verdict {
    let Some(query) = request.wfs() else { return Ok(()) };
    let (layer, attributes) = (request.layer, world.attributes(request.layer));
    let page = format!("COUNT={}&STARTINDEX={}", request.limit, request.offset);
    let base = format!("{WFS}&TYPENAMES={}&{query}", LAYERS[layer]);
    let url = format!("{base}&REQUEST=GetFeature&{page}");
    let answer = ask(server, &url).await;
    silent(world, &url, &answer.text())?;
    if !world.shows(layer) || request.is_refused(&attributes) {
        return same(&url, &answer.status().into(), &400.into());
    }
    let root = read(&url, &answer.text())?;
    let wanted: Vec<_> = world.allowed(layer).into_iter().filter(|row| request.wants(row, &attributes)).collect();
    let rows: Vec<_> = wanted.iter().skip(request.offset).take(request.limit).collect();
    let expected: Vec<_> = rows
        .iter()
        .map(|row| {
            let values = [row.a.map(|a| a.to_string()), row.b.clone(), Some(row.sentinel.clone()), row.time()];
            let shown = NAMES.iter().zip(values).filter(|(name, _)| attributes.contains(name));
            json!([format!("{}.{}", LAYERS[layer], row.id), shown.map(|(_, value)| value).collect::<Vec<_>>()])
        })
        .collect();
    let value = |feature: &Element, name: &str| feature.child(name).map(|child| child.trimmed().to_owned());
    let found: Vec<_> = members(&root)
        .iter()
        .map(|it| json!([it.attribute("id"), attributes.iter().map(|name| value(it, name)).collect::<Vec<_>>()]))
        .collect();
    same(&url, &json!(found), &json!(expected))?;
    let numbers = json!([root.attribute("numberMatched"), root.attribute("numberReturned")]);
    same(&url, &numbers, &json!([wanted.len().to_string(), rows.len().to_string()]))?;
    let url = format!("{base}&REQUEST=GetFeature&RESULTTYPE=hits");
    let hits = read(&url, &ask(server, &url).await.text())?;
    same(&url, &json!(hits.attribute("numberMatched")), &json!(wanted.len().to_string()))?;
    for property in NAMES {
        let url = format!("{base}&REQUEST=GetPropertyValue&VALUEREFERENCE={property}");
        let answer = ask(server, &url).await;
        silent(world, &url, &answer.text())?;
        let is_seen = attributes.contains(&property);
        same(&url, &answer.status().into(), &if is_seen { 200 } else { 400 }.into())?;
    }
    for format in ["GML3", "GML2", "geojson", "csv"] {
        let url =
            format!("{base}&REQUEST=GetFeature&OUTPUTFORMAT={format}&SORTBY={}", attributes.first().unwrap_or(&"fid"));
        silent(world, &url, &ask(server, &url).await.text())?;
    }
    Ok(())
}
