//! One feature (Part 1, 7.16).

use serde_json::Value;

use super::Check;
use super::collections::check_own_links;
use super::kit::{
    Checked, Collection, GEOJSON, JSON, Kit, encoded, features, id_of, resolve, skip, with, with_query_of,
};
use crate::ensure;
use crate::harness::client::links;

pub(crate) const CHECKS: &[Check] = &[
    ("/req/core/f-op", "every feature answers at its id, also at an odd one", f_op),
    ("/req/core/f-success", "with the feature that the page had", f_success),
    ("/req/core/f-links", "and links to itself, to its other formats and to its collection", f_links),
    ("/req/core/f-unknown", "an id that no feature has is 404, whatever its form", f_unknown),
];

/// The address of a feature, by the standard's path; no end of its id is a suffix.
fn url_of(collection: &Collection, id: &str) -> String {
    let bare = collection.url.split('?').next().unwrap_or_default();
    with_query_of(&format!("{bare}/items/{}", encoded(id).replace('.', "%2E")), &collection.url)
}

fn some_features(kit: &Kit) -> Checked<Vec<(&Collection, Value)>> {
    let mut all = Vec::new();
    for collection in kit.collections()? {
        let page = kit.json(&with(&collection.items, "limit=12"), "")?;
        all.extend(features(&page).into_iter().map(|feature| (collection, feature)));
    }
    if all.is_empty() { skip("there is no feature") } else { Ok(all) }
}

fn f_op(kit: &Kit) -> Checked {
    for (collection, feature) in some_features(kit)? {
        let url = url_of(collection, &id_of(&feature));
        let answer = kit.get(&url, GEOJSON)?;
        ensure!(answer.status == 200, "{url}: status {}: {}", answer.status, answer.excerpt());
        ensure!(answer.media_type() == GEOJSON, "{url}: {}", answer.media_type());
    }
    Ok(())
}

fn f_success(kit: &Kit) -> Checked {
    for (collection, feature) in some_features(kit)? {
        for accept in [GEOJSON, JSON, ""] {
            let url = url_of(collection, &id_of(&feature));
            let alone = kit.json(&url, accept)?;
            for key in ["type", "id", "geometry", "properties"] {
                ensure!(alone[key] == feature[key], "{url}: {key} is {}, on the page {}", alone[key], feature[key]);
            }
        }
    }
    Ok(())
}

fn f_links(kit: &Kit) -> Checked {
    for (collection, feature) in some_features(kit)? {
        let url = url_of(collection, &id_of(&feature));
        let alone = kit.json(&url, GEOJSON)?;
        check_own_links(kit, &url, &alone, GEOJSON)?;
        let up = links(&alone, "collection");
        ensure!(up.len() == 1 && up[0]["type"].is_string(), "{url}: {} links with rel collection", up.len());
        let answer = kit.json(&resolve(&url, up[0]["href"].as_str().unwrap_or_default()), JSON)?;
        ensure!(answer["id"] == collection.id.as_str(), "{url}: its link leads to collection {}", answer["id"]);
        let own = resolve(&url, links(&alone, "self")[0]["href"].as_str().unwrap_or_default());
        ensure!(kit.json(&own, GEOJSON)?["id"] == feature["id"], "{url}: its link to itself leads elsewhere: {own}");
    }
    Ok(())
}

fn f_unknown(kit: &Kit) -> Checked {
    let odd = [
        "no-such-feature",
        "-1234567",
        "99999999999999999999999",
        "1.5",
        "1e0",
        "0x1",
        "' OR 1=1",
        "%",
        "a/b",
        " ",
        "\u{1F5FA}",
    ];
    for collection in kit.collections()?.iter().take(5) {
        for id in odd {
            let url = url_of(collection, id);
            let answer = kit.get(&url, GEOJSON)?;
            ensure!(answer.status == 404, "{url}: status {}", answer.status);
        }
    }
    Ok(())
}
