//! The same questions to the WMS: pixels, information, legends and capabilities.

use std::io::Cursor;

use graticule::Server;
use serde_json::{Value, json};

use super::judge::{Verdict, properties, same, silent};
use super::world::{LAYERS, World};
use crate::kit::ask;

const WMS: &str = "/ows?SERVICE=WMS&VERSION=1.3.0";
/// Ten pixels a degree, so that the markers of two rows never touch.
const BOX: &str = "CRS=CRS:84&BBOX=-10,-10,10,10&WIDTH=200&HEIGHT=200&STYLES=&FORMAT=image/png";

/// Which layers there are.
pub(super) async fn capabilities(world: &World, server: &Server) -> Verdict {
    for version in ["1.1.1", "1.3.0"] {
        let url = format!("/ows?SERVICE=WMS&VERSION={version}&REQUEST=GetCapabilities");
        let text = ask(server, &url).await.text();
        silent(world, &url, &text)?;
        for (layer, name) in LAYERS.iter().enumerate() {
            let told = text.contains(&format!("<Name>{name}</Name>"));
            same(&format!("{name} in {url}"), &told.into(), &world.shows(layer).into())?;
        }
    }
    Ok(())
}

/// A map, what is on it, and its legend.
pub(super) async fn layer(world: &World, server: &Server, layer: usize) -> Verdict {
    let name = LAYERS[layer];
    let map = format!("{WMS}&REQUEST=GetMap&LAYERS={name}&TRANSPARENT=TRUE&{BOX}");
    let legend = format!("{WMS}&REQUEST=GetLegendGraphic&LAYER={name}&FORMAT=application/json");
    let info = format!(
        "{WMS}&REQUEST=GetFeatureInfo&LAYERS={name}&QUERY_LAYERS={name}&{BOX}&I=100&J=100&FI_POINT_TOLERANCE=200\
         &FI_LINE_TOLERANCE=200&FEATURE_COUNT=100"
    );
    for format in ["text/plain", "text/html", "text/xml", "application/vnd.ogc.gml", "application/json"] {
        let url = format!("{info}&INFO_FORMAT={format}");
        silent(world, &url, &ask(server, &url).await.text())?;
    }
    silent(world, &legend, &ask(server, &legend).await.text())?;
    if !world.shows(layer) {
        for url in [&map, &legend, &info] {
            let answer = ask(server, url).await;
            let is_unknown = answer.status() == 400 && answer.text().contains("LayerNotDefined");
            same(url, &is_unknown.into(), &true.into())?;
        }
        return Ok(());
    }
    let rows = world.allowed(layer);
    let answer = ask(server, &map).await;
    same(&map, &answer.status().into(), &200.into())?;
    let mut decoder = png::Decoder::new(Cursor::new(&answer.body));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().map_err(|fault| fault.to_string())?;
    let mut pixels = vec![0; reader.output_buffer_size().unwrap_or_default()];
    let info_of = reader.next_frame(&mut pixels).map_err(|fault| fault.to_string())?;
    let samples = info_of.color_type.samples();
    for (x, y) in (-9..10_i8).flat_map(|x| (-9..10_i8).map(move |y| (x, y))) {
        let (column, line) = (i32::from(x) * 10 + 100, 100 - i32::from(y) * 10);
        let at = usize::try_from(line * 200 + column).unwrap_or_default() * samples + samples - 1;
        let expected = rows.iter().any(|row| row.at == Some((x, y)));
        if (pixels[at] > 0) != expected {
            return Err(format!("{map}: at {x} {y} there should be a marker: {expected}"));
        }
    }
    let found = ask(server, &format!("{info}&INFO_FORMAT=application/json")).await.json();
    let told: Vec<Value> =
        found["features"].as_array().into_iter().flatten().map(|it| json!([it["id"], it["properties"]])).collect();
    let attributes = world.attributes(layer);
    let placed = rows.iter().filter(|row| row.at.is_some());
    let expected: Vec<Value> =
        placed.map(|row| json!([format!("{name}.{}", row.id), properties(row, &attributes)])).collect();
    same(&info, &json!(told), &json!(expected))
}
