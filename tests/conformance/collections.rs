//! The collections and each of them (Part 1, 7.13 and 7.14).

use serde_json::Value;

use super::Check;
use super::geometry::positions;
use super::kit::{Checked, Collection, GEOJSON, HTML, JSON, Kit, features, resolve, skip, with};
use crate::ensure;
use crate::harness::client::links;

pub(crate) const CHECKS: &[Check] = &[
    ("/req/core/fc-md-op", "the collections answer at their path", fc_md_op),
    ("/req/core/fc-md-success", "with 200, links and a list of collections", fc_md_success),
    ("/req/core/fc-md-links", "links to itself and to its other formats, with rel and type", fc_md_links),
    ("/req/core/fc-md-items", "every collection has an id of its own and links", fc_md_items),
    ("/req/core/fc-md-items-links", "and a link to its items in every declared format, with a type", fc_md_items_links),
    ("/req/core/fc-md-extent", "its extent holds its features and is well-formed", fc_md_extent),
    ("/rec/core/fc-md-descriptions", "titles and descriptions are texts", fc_md_descriptions),
    ("/req/core/sfc-md-op", "every collection answers at its own path, and by its own link", sfc_md_op),
    ("/req/core/sfc-md-success", "and says of itself what the list says", sfc_md_success),
];

fn fc_md_op(kit: &Kit) -> Checked {
    let url = format!("{}/collections", kit.root);
    let answer = kit.get(&url, JSON)?;
    ensure!(answer.status == 200, "{url}: status {}", answer.status);
    Ok(())
}

fn fc_md_success(kit: &Kit) -> Checked {
    let list = kit.json(&kit.collections_url()?, JSON)?;
    ensure!(list["links"].is_array() && list["collections"].is_array(), "links or collections is missing");
    Ok(())
}

/// The formats that the declared classes name.
pub(crate) fn declared_formats(kit: &Kit, of_features: bool) -> Checked<Vec<&'static str>> {
    let mut formats = Vec::new();
    if kit.declares("ogcapi-features-1/1.0/conf/html")? {
        formats.push(HTML);
    }
    if kit.declares("ogcapi-features-1/1.0/conf/geojson")? {
        formats.push(if of_features { GEOJSON } else { JSON });
    }
    Ok(formats)
}

/// A document has a link to itself, and one to itself in each other format; all have a type.
pub(crate) fn check_own_links(kit: &Kit, at: &str, document: &Value, own: &str) -> Checked {
    let own_links = links(document, "self");
    ensure!(own_links.len() == 1, "{at}: {} links with rel self", own_links.len());
    ensure!(own_links[0]["type"].is_string(), "{at}: the link to itself has no type");
    let alternates = links(document, "alternate");
    for format in declared_formats(kit, own == GEOJSON)?.into_iter().filter(|format| *format != own) {
        let link = alternates.iter().find(|link| link["type"] == format);
        let Some(link) = link else {
            return super::kit::fail(format!("{at}: no link with rel alternate and type {format}"));
        };
        let url = resolve(at, link["href"].as_str().unwrap_or_default());
        let answer = kit.get(&url, "")?;
        ensure!(
            answer.status == 200 && answer.media_type() == format,
            "{url}: {} {}, the link says {format}",
            answer.status,
            answer.media_type()
        );
    }
    Ok(())
}

fn fc_md_links(kit: &Kit) -> Checked {
    let url = kit.collections_url()?;
    check_own_links(kit, &url, &kit.json(&url, JSON)?, JSON)
}

fn fc_md_items(kit: &Kit) -> Checked {
    let mut ids: Vec<&str> = kit.collections()?.iter().map(|collection| collection.id.as_str()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    ensure!(ids.len() == count, "two collections have the same id");
    for collection in kit.collections()? {
        ensure!(
            collection.value["links"].as_array().is_some_and(|links| !links.is_empty()),
            "{} has no links",
            collection.id
        );
    }
    Ok(())
}

fn fc_md_items_links(kit: &Kit) -> Checked {
    for collection in kit.collections()? {
        let all = links(&collection.value, "items");
        ensure!(all.iter().all(|link| link["type"].is_string()), "{}: a link to items has no type", collection.id);
        for format in declared_formats(kit, true)? {
            let link = all.iter().find(|link| link["type"] == format);
            let Some(link) = link else {
                return super::kit::fail(format!("{}: no link to items as {format}", collection.id));
            };
            let url = resolve(&collection.url, link["href"].as_str().unwrap_or_default());
            let answer = kit.get(&url, "")?;
            ensure!(
                answer.status == 200 && answer.media_type() == format,
                "{url}: {} {}, the link says {format}",
                answer.status,
                answer.media_type()
            );
        }
    }
    Ok(())
}

/// The first box of the spatial extent: west, south, east, north.
pub(crate) fn extent_of(collection: &Collection) -> Option<[f64; 4]> {
    let numbers: Vec<f64> =
        collection.value["extent"]["spatial"]["bbox"][0].as_array()?.iter().filter_map(Value::as_f64).collect();
    match numbers[..] {
        [west, south, east, north] | [west, south, _, east, north, _] => Some([west, south, east, north]),
        _ => None,
    }
}

/// In degrees: a tenth of a millimetre.
const NOISE: f64 = 1e-9;

fn fc_md_extent(kit: &Kit) -> Checked {
    let mut seen = false;
    for collection in kit.collections()? {
        let extent = &collection.value["extent"];
        if let Some([west, south, east, north]) = extent_of(collection) {
            seen = true;
            let id = &collection.id;
            ensure!(
                south <= north && (-90.0..=90.0).contains(&south) && north <= 90.0,
                "{id}: extent {south} to {north}"
            );
            ensure!(
                (-180.0..=180.0).contains(&west) && (-180.0..=180.0).contains(&east),
                "{id}: extent {west} to {east}"
            );
            // Extents in files fall short of their features by the noise of arithmetic, which is no distance on Earth.
            let (west, south, east, north) = (west - NOISE, south - NOISE, east + NOISE, north + NOISE);
            for feature in features(&kit.json(&with(&collection.items, "limit=1000"), "")?) {
                for [x, y] in positions(&feature["geometry"]) {
                    let within = if west <= east { west <= x && x <= east } else { x >= west || x <= east };
                    // A feature may run past 180, an extent may not.
                    let wraps = x.abs() > 180.0;
                    ensure!((within || wraps) && south <= y && y <= north, "{id}: {x} {y} lies outside of the extent");
                }
            }
        }
        let Some(interval) = extent["temporal"]["interval"].as_array() else { continue };
        for ends in interval {
            let fine = ends.as_array().is_some_and(|ends| {
                ends.len() == 2 && ends.iter().all(|end| end.is_null() || end.as_str().is_some_and(has_zone))
            });
            ensure!(fine, "{}: temporal interval {ends}", collection.id);
        }
    }
    if seen { Ok(()) } else { skip("no collection has a spatial extent") }
}

/// Whether a text is an RFC 3339 date-time.
pub(crate) fn has_zone(text: &str) -> bool {
    graticule::base::datetime::Instant::parse(text).is_some()
}

fn fc_md_descriptions(kit: &Kit) -> Checked {
    for collection in kit.collections()? {
        for key in ["title", "description"] {
            let value = &collection.value[key];
            ensure!(value.is_null() || value.is_string(), "{}: {key} is {value}", collection.id);
        }
    }
    Ok(())
}

fn sfc_md_op(kit: &Kit) -> Checked {
    for collection in kit.collections()? {
        let answer = kit.get(&collection.url, JSON)?;
        ensure!(answer.status == 200, "{}: status {}", collection.url, answer.status);
        for link in links(&collection.value, "self") {
            let url = resolve(&collection.url, link["href"].as_str().unwrap_or_default());
            let own = kit.json(&url, JSON)?;
            ensure!(own["id"] == collection.id.as_str(), "{url} is {}, not {}", own["id"], collection.id);
        }
    }
    Ok(())
}

fn sfc_md_success(kit: &Kit) -> Checked {
    for collection in kit.collections()? {
        let alone = kit.json(&collection.url, JSON)?;
        for key in ["id", "title", "description", "extent", "itemType", "crs", "storageCrs"] {
            let (there, here) = (&collection.value[key], &alone[key]);
            ensure!(there == here, "{}: {key} is {here}, in the list {there}", collection.url);
        }
        check_own_links(kit, &collection.url, &alone, JSON)?;
    }
    Ok(())
}
