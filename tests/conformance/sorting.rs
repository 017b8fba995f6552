//! The order of features, and what they carry: sortby, properties, skipGeometry, where they are declared as parameters.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Check;
use super::cql2::datum::Datum;
use super::items::declared;
use super::kit::{Checked, Collection, GEOJSON, Kit, encoded, fail, features, id_of, skip, with};
use super::known::{Type, read, type_of};
use crate::ensure;

pub(crate) const CHECKS: &[Check] = &[
    ("/req/sorting/sortby-response", "features are in the order of each sortable, both ways, on all pages", by_each),
    ("/req/sorting/sortby-several", "a second key decides where the first is equal", by_two),
    ("/req/sorting/sortby-definition", "an empty key, a key that is none and an unknown one are 400", refusals),
    ("/req/property-selection/properties", "features have the properties that are named, and no others", selection),
    ("/req/property-selection/skipGeometry", "without geometries, the same features", without_geometry),
];

fn has(kit: &Kit, parameter: &str) -> Checked {
    match declared(kit, parameter) {
        Ok(_) => Ok(()),
        Err(_) => skip(format!("there is no parameter {parameter}")),
    }
}

/// The sortables of a collection that features show.
fn sortables(kit: &Kit, collection: &Collection) -> Checked<Vec<(String, Type)>> {
    let schema = kit.json(&kit.schema_url(collection, "sortables")?, "application/schema+json")?;
    let all = schema["properties"].as_object().into_iter().flatten();
    Ok(all.map(|(name, property)| (name.clone(), type_of(property))).collect())
}

/// Whether two neighbours stand in order; nothing of texts, whose order is the server's.
fn in_order(kind: Type, [one, other]: [&Value; 2], descends: bool) -> bool {
    if one.is_null() || other.is_null() || !matches!(kind, Type::Number | Type::Date | Type::Instant) {
        return true;
    }
    let (Some(one), Some(other)) = (Datum::read(one).map(Datum::timed), Datum::read(other).map(Datum::timed)) else {
        return true;
    };
    one.compare(if descends { ">=" } else { "<=" }, &other) == super::cql2::datum::Verdict::True
}

/// Whether what has no value stands together, at the start or the end.
fn nulls_together(values: &[&Value]) -> bool {
    let changes = values.windows(2).filter(|two| two[0].is_null() != two[1].is_null()).count();
    changes <= 1
}

fn by_each(kit: &Kit) -> Checked {
    has(kit, "sortby")?;
    let mut seen = false;
    for collection in kit.collections()? {
        let known = kit.known(collection)?;
        if !known.is_whole || known.features.len() > 500 {
            continue;
        }
        let all: BTreeSet<String> = known.features.iter().map(id_of).collect();
        for (name, kind) in sortables(kit, collection)? {
            for sign in ["", "%2B", "-"] {
                let sorted = format!("sortby={sign}{}", encoded(&name));
                let url = with(&collection.items, &format!("limit=1000&{sorted}"));
                let (rows, _) = read(kit, &url, 1000)?;
                let ids: Vec<String> = rows.iter().map(id_of).collect();
                let set: BTreeSet<String> = ids.iter().cloned().collect();
                ensure!(set == all && ids.len() == all.len(), "{url}: {} features of {}", ids.len(), all.len());
                let values: Vec<&Value> = rows.iter().map(|row| &row["properties"][&name]).collect();
                let wrong = values.windows(2).find(|two| !in_order(kind, [two[0], two[1]], sign == "-"));
                ensure!(wrong.is_none(), "{url}: {wrong:?} is not in order");
                ensure!(nulls_together(&values), "{url}: what has no value is scattered");
                let size = (all.len() / 3).max(1);
                let (paged, _) = read(kit, &with(&collection.items, &format!("limit={size}&{sorted}")), 1000)?;
                let paged: Vec<String> = paged.iter().map(id_of).collect();
                ensure!(paged == ids, "{url}: pages of {size} have another order");
                seen = true;
            }
        }
    }
    if seen { Ok(()) } else { skip("no collection is small enough") }
}

fn by_two(kit: &Kit) -> Checked {
    has(kit, "sortby")?;
    let mut seen = false;
    for collection in kit.collections()? {
        let all = sortables(kit, collection)?;
        for two in all.windows(2) {
            let [(first, of_first), (second, of_second)] = two else { continue };
            let url = with(&collection.items, &format!("limit=100&sortby={},-{}", encoded(first), encoded(second)));
            let rows = features(&kit.json(&url, GEOJSON)?);
            for pair in rows.windows(2) {
                let [one, other] = [&pair[0]["properties"], &pair[1]["properties"]];
                if !one.get(first).is_some_and(|it| other.get(first) == Some(it)) {
                    continue;
                }
                let second = [&one[second], &other[second]];
                ensure!(in_order(*of_second, second, true), "{url}: {second:?} is not in order ({of_first:?} equal)");
                seen = true;
            }
        }
    }
    if seen { Ok(()) } else { skip("no collection has equal values") }
}

fn refusals(kit: &Kit) -> Checked {
    has(kit, "sortby")?;
    for collection in kit.collections()?.iter().take(3) {
        for wrong in ["sortby=", "sortby=-", "sortby=,", "sortby=no_such_property_of_any", "sortby=--x"] {
            kit.refused(&with(&collection.items, wrong))?;
        }
    }
    Ok(())
}

fn selection(kit: &Kit) -> Checked {
    has(kit, "properties")?;
    for collection in kit.collections()? {
        let known = kit.known(collection)?.plain();
        let Some(first) = known.first() else { continue };
        let names: Vec<&String> = first["properties"].as_object().into_iter().flatten().map(|(name, _)| name).collect();
        let plain: Vec<&&String> = names.iter().filter(|name| !name.contains(',')).collect();
        for chosen in [&plain[..plain.len().min(1)], &plain[plain.len() / 2..]] {
            if chosen.is_empty() {
                continue;
            }
            let list = chosen.iter().map(|name| encoded(name)).collect::<Vec<_>>().join(",");
            let url = with(&collection.items, &format!("limit=1000&properties={list}"));
            for (one, other) in features(&kit.json(&url, GEOJSON)?).iter().zip(&known) {
                ensure!(one["id"] == other["id"], "{url}: other features");
                let found = one["properties"].as_object().cloned().unwrap_or_default();
                for (name, value) in &found {
                    ensure!(chosen.iter().any(|one| **one == name), "{url}: there is '{name}'");
                    ensure!(*value == other["properties"][name], "{url}: {name} is {value}");
                }
                let lacks = chosen
                    .iter()
                    .find(|name| !found.contains_key(**name as &str) && !other["properties"][**name as &str].is_null());
                ensure!(lacks.is_none(), "{url}: there is no {lacks:?}");
            }
        }
        kit.refused(&with(&collection.items, "properties=no_such_property_of_any"))?;
    }
    Ok(())
}

fn without_geometry(kit: &Kit) -> Checked {
    has(kit, "skipGeometry")?;
    for collection in kit.collections()? {
        let known = kit.known(collection)?.plain();
        let url = with(&collection.items, "limit=1000&skipGeometry=true");
        for (one, other) in features(&kit.json(&url, GEOJSON)?).iter().zip(&known) {
            let same = one["id"] == other["id"] && one["properties"] == other["properties"];
            if !one["geometry"].is_null() || one.get("geometry").is_none() || !same {
                return fail(format!("{url}: {one}"));
            }
        }
        let plain = with(&collection.items, "limit=1000&skipGeometry=false");
        let first = features(&kit.json(&plain, GEOJSON)?).into_iter().next();
        ensure!(first.as_ref() == known.first(), "{plain}: not as without the parameter");
        kit.refused(&with(&collection.items, "skipGeometry=perhaps"))?;
    }
    Ok(())
}
