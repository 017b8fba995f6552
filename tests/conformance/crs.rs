//! Coordinate reference systems by reference (Part 2): what is listed, what is asked for, what comes.

use serde_json::Value;

use super::Check;
use super::geometry::positions;
use super::kit::{Checked, Collection, GEOJSON, Kit, encoded, fail, features, id_of, resolve, skip, with};
use super::known::read;
use super::projection::{CRS84, CRS84H, Projection, geometry};
use crate::ensure;
use crate::harness::client::Answer;

pub(crate) const CHECKS: &[Check] = &[
    ("/req/crs/crs-uri", "systems are listed by URIs, each once, and known to PROJ", crs_uri),
    ("/req/crs/fc-md-crs-list", "the list of a spatial collection has CRS84 or CRS84h", crs_list),
    ("/req/crs/fc-md-storageCrs", "storageCrs is one of the list, its epoch a number", storage_crs),
    ("/req/crs/fc-crs-action", "coordinates are PROJ's, in the order of the system's axes", crs_action),
    ("/req/crs/fc-crs-valid-value", "a system that is not listed is 400, for features and for one", crs_exception),
    ("/req/crs/ogc-crs-header", "Content-Crs tells the system, asked for or not, also to browsers", crs_header),
    ("/req/crs/fc-bbox-crs-action", "a box is in the system that bbox-crs names", bbox_crs_action),
    ("/req/crs/fc-bbox-crs-default-value", "a box without bbox-crs is in CRS84", bbox_crs_default),
    ("/req/crs/bbox-crs-exception", "a bbox-crs that is not listed is 400", bbox_crs_exception),
    ("/req/crs/fc-crs-links", "links to further pages keep the system", crs_links),
];

const CLASS: &str = "ogcapi-features-2/1.0/conf/crs";

/// The systems of a collection; the global ones in the place of a pointer to them.
pub(crate) fn listed(kit: &Kit, collection: &Collection) -> Checked<Vec<String>> {
    let own = collection.value["crs"].as_array().cloned().unwrap_or_default();
    let mut all = Vec::new();
    for uri in own.iter().filter_map(Value::as_str) {
        if uri == "#/crs" {
            let document = kit.json(&kit.collections_url()?, "application/json")?;
            let global = document["crs"].as_array().cloned().unwrap_or_default();
            all.extend(global.iter().filter_map(Value::as_str).map(str::to_owned));
        } else {
            all.push(uri.to_owned());
        }
    }
    Ok(all)
}

/// The collections that list systems, with these.
fn spatial(kit: &Kit) -> Checked<Vec<(&Collection, Vec<String>)>> {
    kit.needs(CLASS)?;
    let mut all = Vec::new();
    for collection in kit.collections()? {
        let listed = listed(kit, collection)?;
        if !listed.is_empty() {
            all.push((collection, listed));
        }
    }
    if all.is_empty() { skip("no collection lists a system") } else { Ok(all) }
}

fn crs_uri(kit: &Kit) -> Checked {
    for (collection, listed) in spatial(kit)? {
        for (at, uri) in listed.iter().enumerate() {
            let is_uri = uri.starts_with("http://www.opengis.net/def/crs/") || uri.starts_with("https://");
            ensure!(is_uri || uri.starts_with("urn:"), "{}: '{uri}' is no URI of a system", collection.id);
            ensure!(!listed[..at].contains(uri), "{}: '{uri}' is listed twice", collection.id);
        }
    }
    Ok(())
}

fn crs_list(kit: &Kit) -> Checked {
    kit.needs(CLASS)?;
    for collection in kit.collections()? {
        if collection.value["extent"]["spatial"].is_null() {
            continue;
        }
        let listed = listed(kit, collection)?;
        ensure!(listed.iter().any(|uri| uri == CRS84 || uri == CRS84H), "{}: crs is {listed:?}", collection.id);
    }
    Ok(())
}

fn storage_crs(kit: &Kit) -> Checked {
    let mut seen = false;
    for (collection, listed) in spatial(kit)? {
        let storage = &collection.value["storageCrs"];
        if !storage.is_null() {
            seen = true;
            let is_listed = storage.as_str().is_some_and(|uri| listed.iter().any(|other| other == uri));
            ensure!(is_listed, "{}: storageCrs {storage} is not among {listed:?}", collection.id);
        }
        let epoch = &collection.value["storageCrsCoordinateEpoch"];
        ensure!(epoch.is_null() || epoch.is_number(), "{}: storageCrsCoordinateEpoch is {epoch}", collection.id);
    }
    if seen { Ok(()) } else { skip("no collection tells its storageCrs") }
}

fn crs_action(kit: &Kit) -> Checked {
    let mut compared = 0;
    for (collection, listed) in spatial(kit)? {
        let plain = kit.json(&with(&collection.items, "limit=100"), GEOJSON)?;
        for uri in &listed {
            let Some(projection) = Projection::to(uri) else { continue };
            let url = with(&collection.items, &format!("limit=100&crs={}", encoded(uri)));
            let page = kit.json(&url, GEOJSON)?;
            let (before, after) = (features(&plain), features(&page));
            ensure!(before.len() == after.len(), "{url}: {} features, {} without", after.len(), before.len());
            for (before, after) in before.iter().zip(&after) {
                compared += same_place(&url, &projection, before, after)?;
            }
            // One feature by itself has the same coordinates.
            if let Some(first) = after.first() {
                let own = with(
                    &format!("{}/items/{}", collection.url, encoded(&id_of(first))),
                    &format!("crs={}", encoded(uri)),
                );
                let feature = kit.json(&own, GEOJSON)?;
                ensure!(feature["geometry"] == first["geometry"], "{own}: not the geometry that {url} has");
            }
        }
    }
    if compared == 0 { skip("there is no coordinate to compare") } else { Ok(()) }
}

/// How many positions were compared.
fn same_place(url: &str, projection: &Projection, before: &Value, after: &Value) -> Checked<usize> {
    let (before, found) = (positions(&before["geometry"]), positions(&after["geometry"]));
    // What has no place in a system may be left out, and then no position has a fellow.
    if before.len() != found.len() {
        return Ok(0);
    }
    let mut compared = 0;
    for (place, [x, y]) in before.iter().zip(found) {
        if place[0].abs() > 180.0 || (projection.is_projected && place[1].abs() > 80.0) {
            continue;
        }
        let Some([east, north]) = projection.place(*place) else { continue };
        // Metres or feet: CRS84 has few decimals, and datums may be met on two ways.
        let tolerance = if projection.is_projected { 5.0 } else { 5e-5 };
        let is_near = |a: f64, b: f64| (a - b).abs() <= tolerance;
        // The date line has two names.
        let turned =
            !projection.is_projected && (is_near((x - east).abs(), 360.0) || is_near((y - north).abs(), 360.0));
        ensure!(
            (is_near(x, east) && is_near(y, north)) || turned,
            "{url}: {place:?} became {x}, {y}; PROJ says {east}, {north}"
        );
        compared += 1;
    }
    Ok(compared)
}

const UNKNOWN: [&str; 4] =
    ["http://www.opengis.net/def/crs/0/unsupported", "http://www.opengis.net/def/crs/EPSG/0/999999", "nonsense", ""];

fn crs_exception(kit: &Kit) -> Checked {
    for (collection, _) in spatial(kit)?.into_iter().take(3) {
        let page = kit.json(&with(&collection.items, "limit=1"), GEOJSON)?;
        let first = features(&page).first().map(|one| format!("{}/items/{}", collection.url, encoded(&id_of(one))));
        for url in first.iter().chain([&collection.items]) {
            for wrong in UNKNOWN {
                kit.refused(&with(url, &format!("crs={}", encoded(wrong))))?;
            }
        }
    }
    Ok(())
}

fn crs_header(kit: &Kit) -> Checked {
    let tells = |answer: &Answer, uri: &str| -> Checked {
        let told = answer.header("content-crs");
        ensure!(told == format!("<{uri}>"), "{}: Content-Crs '{told}', not <{uri}>", answer.url);
        let exposed = answer.header("access-control-expose-headers").to_ascii_lowercase();
        let is_exposed = exposed.is_empty() || exposed.contains("content-crs") || exposed == "*";
        ensure!(is_exposed, "{}: browsers do not see Content-Crs: {exposed}", answer.url);
        Ok(())
    };
    for (collection, listed) in spatial(kit)? {
        let page = kit.json(&with(&collection.items, "limit=1"), GEOJSON)?;
        let first = features(&page).first().map(|one| format!("{}/items/{}", collection.url, encoded(&id_of(one))));
        for url in first.iter().chain([&with(&collection.items, "limit=1")]) {
            let plain = kit.get(url, GEOJSON)?;
            ensure!([CRS84, CRS84H].iter().any(|uri| tells(&plain, uri).is_ok()), "{url}: {:?}", plain.headers);
            for uri in &listed {
                tells(&kit.get(&with(url, &format!("crs={}", encoded(uri))), GEOJSON)?, uri)?;
            }
        }
    }
    Ok(())
}

/// Smallest and greatest first and second coordinates of features.
pub(crate) fn bounds(features: &[Value]) -> Option<[f64; 4]> {
    let all: Vec<[f64; 2]> = features.iter().flat_map(|feature| positions(&feature["geometry"])).collect();
    let start = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    let bounds = all.iter().fold(start, |[a, b, c, d], [x, y]| [a.min(*x), b.min(*y), c.max(*x), d.max(*y)]);
    (bounds[0].is_finite() && bounds[2].is_finite()).then_some(bounds)
}

/// A part of a box that no coordinate of the data is likely to lie on the edge of.
pub(crate) fn part([a, b, c, d]: [f64; 4]) -> [f64; 4] {
    let (width, height) = ((c - a).max(1e-3), (d - b).max(1e-3));
    [a + 0.1317 * width, b + 0.1713 * height, a + 0.6371 * width, b + 0.7731 * height]
}

fn bbox_crs_action(kit: &Kit) -> Checked {
    let mut seen = false;
    for (collection, listed) in spatial(kit)? {
        for uri in &listed {
            let asked = with(&collection.items, &format!("limit=1000&crs={}", encoded(uri)));
            let (all, is_whole) = read(kit, &asked, 1000)?;
            let Some(box_) = bounds(&all).map(part).filter(|_| is_whole) else { continue };
            let [a, b, c, d] = box_;
            let area = gdal::vector::Geometry::bbox(a, b, c, d).unwrap();
            let url = with(&asked, &format!("bbox={a},{b},{c},{d}&bbox-crs={}", encoded(uri)));
            seen |= has_what_meets(kit, &url, &all, &area)?;
        }
    }
    if seen { Ok(()) } else { skip("no collection is small enough") }
}

/// Whether a page has those of all features that meet the area, and no others; false where none could be judged.
pub(crate) fn has_what_meets(kit: &Kit, url: &str, all: &[Value], area: &gdal::vector::Geometry) -> Checked<bool> {
    let found: Vec<String> = features(&kit.json(url, GEOJSON)?).iter().map(id_of).collect();
    let mut seen = false;
    for feature in all {
        let Some(geometry) = judged(feature) else { continue };
        let (is_there, belongs) = (found.contains(&id_of(feature)), geometry.intersects(area));
        ensure!(is_there == belongs, "{url}: feature {}: there: {is_there}", id_of(feature));
        seen = true;
    }
    Ok(seen)
}

/// The geometry of a feature, where it has one that lies in one place: what goes round the world may be met on both sides.
pub(crate) fn judged(feature: &Value) -> Option<gdal::vector::Geometry> {
    let beyond = positions(&feature["geometry"]).iter().flatten().any(|number| number.abs() > 180.0);
    let in_degrees = bounds(std::slice::from_ref(feature)).is_some_and(|it| it.iter().all(|side| side.abs() <= 400.0));
    if beyond && in_degrees { None } else { geometry(&feature["geometry"]) }
}

fn bbox_crs_default(kit: &Kit) -> Checked {
    for (collection, listed) in spatial(kit)? {
        let Some(default) = listed.iter().find(|uri| *uri == CRS84 || *uri == CRS84H) else { continue };
        let known = kit.known(collection)?;
        let Some([a, b, c, d]) = bounds(&known.features).map(part) else { continue };
        let url = with(&collection.items, &format!("limit=100&bbox={a},{b},{c},{d}"));
        let ids =
            |url: &str| -> Checked<Vec<String>> { Ok(features(&kit.json(url, GEOJSON)?).iter().map(id_of).collect()) };
        let (plain, named) = (ids(&url)?, ids(&with(&url, &format!("bbox-crs={}", encoded(default))))?);
        ensure!(plain == named, "{url}: not the same with bbox-crs={default}");
    }
    Ok(())
}

fn bbox_crs_exception(kit: &Kit) -> Checked {
    for (collection, _) in spatial(kit)?.into_iter().take(3) {
        for wrong in UNKNOWN {
            kit.refused(&with(&collection.items, &format!("bbox=0,0,1,1&bbox-crs={}", encoded(wrong))))?;
        }
    }
    Ok(())
}

fn crs_links(kit: &Kit) -> Checked {
    for (collection, listed) in spatial(kit)? {
        let Some(uri) = listed.last() else { continue };
        let url = with(&collection.items, &format!("limit=1&crs={}", encoded(uri)));
        let page = kit.json(&url, GEOJSON)?;
        let next = crate::harness::client::links(&page, "next");
        let Some(href) = next.first().and_then(|link| link["href"].as_str()) else { continue };
        let answer = kit.get(&resolve(&url, href), GEOJSON)?;
        if answer.header("content-crs") != format!("<{uri}>") {
            return fail(format!("{href}: the next page is in '{}'", answer.header("content-crs")));
        }
    }
    Ok(())
}
