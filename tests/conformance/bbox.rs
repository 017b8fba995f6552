//! The parameter bbox (Part 1, 7.15.3).

use std::collections::BTreeSet;

use super::Check;
use super::collections::extent_of;
use super::geometry::{Area, positions};
use super::items::{check_form, declared};
use super::kit::{Checked, Kit, features, id_of, with};
use crate::ensure;

pub(crate) const CHECKS: &[Check] = &[
    ("/req/core/fc-bbox-definition", "bbox is declared as the standard has it", definition),
    (
        "/req/core/fc-bbox-response",
        "only features that meet the box, and all that surely do; also across the date line",
        response,
    ),
    ("/req/core/fc-bbox-response-6", "six numbers are legal, and every height is the same as none", six_numbers),
];

fn definition(kit: &Kit) -> Checked {
    for (path, parameter) in declared(kit, "bbox")? {
        check_form(&path, &parameter)?;
        let schema = &parameter["schema"];
        ensure!(schema["type"] == "array" && schema["items"]["type"] == "number", "{path}: bbox {schema}");
        ensure!(schema["minItems"] == 4 && schema["maxItems"] == 6, "{path}: bbox {schema}");
    }
    Ok(())
}

const AREAS: [Area; 10] = [
    Area::new(-1.5, 50.0, 1.5, 53.0),
    Area::new(-80.0, -5.0, -70.0, 5.0),
    Area::new(177.0, 65.0, -177.0, 70.0),
    Area::new(170.0, -50.0, -170.0, 50.0),
    Area::new(100.0, -90.0, -100.0, 90.0),
    Area::new(-180.0, 85.0, 180.0, 90.0),
    Area::new(-180.0, -90.0, 180.0, -85.0),
    Area::new(-180.0, -90.0, 180.0, 90.0),
    Area::new(0.0, 0.0, 0.0, 0.0),
    Area::new(5.0, 45.0, 11.0, 48.0),
];

fn response(kit: &Kit) -> Checked {
    for collection in kit.collections()? {
        let all = kit.json(&with(&collection.items, "limit=10000"), "")?;
        // Where one page does not hold them all, only those on it are known.
        let known = features(&all);
        let own = extent_of(collection).map(|[west, south, east, north]| Area::new(west, south, east, north));
        let half = own.map(|area| Area {
            east: f64::midpoint(area.west, area.east),
            north: f64::midpoint(area.south, area.north),
            ..area
        });
        for area in AREAS.into_iter().chain(own).chain(half) {
            let url = with(&collection.items, &format!("limit=10000&bbox={}", area.text()));
            let page = kit.json(&url, "")?;
            let found = features(&page);
            let ids: BTreeSet<String> = found.iter().map(id_of).collect();
            for feature in found.iter().filter(|feature| !feature["geometry"].is_null()) {
                ensure!(area.meets_envelope(&feature["geometry"]), "{url}: feature {} lies outside", id_of(feature));
            }
            let whole = page["numberMatched"].as_u64().is_none_or(|matched| matched == found.len() as u64);
            for feature in known.iter().filter(|_| whole) {
                let surely = positions(&feature["geometry"]).iter().any(|position| area.holds(*position));
                ensure!(
                    !surely || ids.contains(&id_of(feature)),
                    "{url}: feature {} lies within, but is not there",
                    id_of(feature)
                );
            }
        }
    }
    Ok(())
}

fn six_numbers(kit: &Kit) -> Checked {
    for collection in kit.collections()? {
        let ids = |bbox: &str| -> Checked<Vec<String>> {
            Ok(features(&kit.json(&with(&collection.items, &format!("limit=1000&bbox={bbox}")), "")?)
                .iter()
                .map(id_of)
                .collect())
        };
        let (flat, deep) = (ids("-180,-90,180,90")?, ids("-180,-90,-100000,180,90,100000")?);
        ensure!(flat == deep, "{}: {} features in four numbers, {} in six", collection.items, flat.len(), deep.len());
    }
    Ok(())
}
