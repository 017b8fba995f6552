//! The same rows out of a database and out of a GeoPackage: every question has the same answer.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;

use crate::both::Both;
use crate::harness::package::Package;
use crate::harness::postgres::is_here;
use crate::harness::server::Server;
use crate::harness::shape::Shape;
use crate::harness::{SAMPLE, made, odd, text};

fn both() -> &'static Both {
    static BOTH: OnceLock<Both> = OnceLock::new();
    BOTH.get_or_init(|| {
        let (odd, many, pacific) = (text(odd::file()), text(odd::many()), pacific());
        let layers = [
            (SAMPLE, "countries"),
            (SAMPLE, "cities"),
            (many, "many"),
            (odd, "new_york"),
            (odd, "big_ids"),
            (text(&pacific), "pdc"),
        ];
        Both::load(&layers, |_, _| ())
    })
}

/// A file with a layer in PDC Mercator, which has a rectangle from 168° to 186° east.
fn pacific() -> PathBuf {
    made("pdc.gpkg", |path| {
        let package = Package::new(path);
        let mut layer = package.layer("pdc", "POLYGON", 3832, "name TEXT");
        let degree = 6_378_137.0_f64.to_radians();
        let shape = Shape::rectangle(18.0 * degree, -2_258_000.0, 36.0 * degree, -1_111_000.0);
        layer.row(Some(&shape), &[("name", &"over the date line")]);
        layer.with_extent();
        package.finish();
    })
}

/// What of an answer must be the same: the features and the numbers.
fn essence(server: &Server, path: &str) -> Value {
    let mut answer = server.json(path);
    let document = answer.as_object_mut().unwrap();
    document.retain(|key, _| {
        matches!(key.as_str(), "features" | "numberMatched" | "numberReturned" | "geometry" | "properties" | "id")
    });
    answer
}

#[test]
fn every_question_has_the_same_answer() {
    if !is_here() {
        return;
    }
    let both = both();
    for path in [
        "countries/items?limit=1000",
        "countries/items?limit=7&offset=13",
        "countries/items?offset=100000",
        "countries/items?bbox=0,40,20,50",
        "countries/items?bbox=170,-20,-170,20&limit=100",
        "countries/items?bbox=-180,-90,180,90&limit=3",
        "countries/items?continent=Africa&limit=100",
        "countries/items?name=Fiji",
        "countries/items?name=fiji",
        "countries/items?pop_est=889953",
        "countries/items?continent=Africa&bbox=10,0,30,20&limit=5&offset=2",
        "cities/items?limit=1000",
        "cities/items?bbox=5,45,15,50&limit=100",
        "cities/items?name=Vatican%20City",
        "many/items?limit=10000",
        "many/items?tens=77",
        "many/items?bbox=0,0,3,3&limit=50",
        "many/items?bbox=1,1,1,1&limit=50",
        "many/items?bbox=1,0,1,3&limit=50",
        "many/items?filter=S_INTERSECTS(geom,POINT(1+1))&limit=50",
        "countries/items?bbox=10,50,10,50",
        "countries/items?bbox=10,40,10,55",
        "countries/items?filter=S_INTERSECTS(geom,POINT(10+50))",
        "countries/items?filter=NOT+S_INTERSECTS(geom,POINT(10+50))&limit=3",
        "many/items?limit=5&offset=12000",
        "new_york/items?limit=10",
        "new_york/items?bbox=-74.1,40.6,-73.9,40.8",
        "new_york/items?storeys=2",
        "pdc/items?bbox=175,-15.1,175.1,-15",
        "pdc/items?bbox=-175.1,-15.1,-175,-15",
        "pdc/items?bbox=179.9,-15.1,-179.9,-15",
        "pdc/items?bbox=0,-15.1,0.1,-15",
        "pdc/items?filter=S_WITHIN(geom,BBOX(160,-30,-170,0))",
        "countries/items/5",
        "new_york/items/1",
    ] {
        let path = format!("/ogcapi/collections/{path}");
        assert_eq!(essence(&both.of_database, &path), essence(&both.of_file, &path), "{path}");
    }
    for (place, count) in [("175,-15.1,175.1,-15", 1), ("-175.1,-15.1,-175,-15", 1), ("0,-15.1,0.1,-15", 0)] {
        let found = both.of_database.json(&format!("/ogcapi/collections/pdc/items?bbox={place}"));
        assert_eq!(found["numberMatched"], count, "{place}");
    }
    for path in ["countries/items/100000", "countries/items/x", "many/items/-1"] {
        both.of_database.get(&format!("/ogcapi/collections/{path}")).expect(404);
    }
}

#[test]
fn the_collection_says_the_same() {
    if !is_here() {
        return;
    }
    let both = both();
    for name in ["countries", "cities", "new_york"] {
        let path = format!("/ogcapi/collections/{name}");
        let [ours, theirs] =
            [&both.of_database, &both.of_file].map(|server| server.json(&path)["extent"]["spatial"].clone());
        let sides = |extent: &Value| -> Vec<f64> {
            extent["bbox"][0].as_array().unwrap().iter().map(|side| side.as_f64().unwrap()).collect()
        };
        // The file's box is that of its index, which is rounded.
        for (a, b) in sides(&ours).iter().zip(sides(&theirs)) {
            assert!((a - b).abs() < 1e-4, "{name}: {ours} {theirs}");
        }
    }
}

#[test]
fn a_box_without_a_surface_finds_the_points_in_it() {
    if !is_here() {
        return;
    }
    for query in ["bbox=1,1,1,1", "bbox=0,1,2,1", "filter=S_INTERSECTS(geom,POINT(1+1))"] {
        let path = format!("/ogcapi/collections/big_ids/items?{query}");
        assert_eq!(both().of_database.json(&path)["numberMatched"], 5, "{query}");
    }
}

/// Features whose order says nothing of most of them come in the order of their keys: pages by number neither repeat one nor leave
/// one out.
#[test]
fn pages_of_wfs_by_number_are_right_under_equal_values() {
    if !is_here() {
        return;
    }
    let both = both();
    let page = |server: &Server, layer: &str, more: &str| -> (Vec<String>, Value) {
        let query = "SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&OUTPUTFORMAT=json";
        let page = server.json(&format!("/ows?{query}&TYPENAMES={layer}&{more}"));
        let id = |feature: &Value| feature["id"].to_string();
        (page["features"].as_array().unwrap().iter().map(id).collect(), page["numberMatched"].clone())
    };
    for (layer, sort, count) in [
        ("countries", "continent", 11),
        ("countries", "continent+DESC", 7),
        ("countries", "", 17),
        ("many", "tens+DESC", 2500),
        ("new_york", "", 1),
    ] {
        let sort = if sort.is_empty() { String::new() } else { format!("&SORTBY={sort}") };
        let whole = page(&both.of_database, layer, &format!("COUNT=20000{sort}")).0;
        for server in [&both.of_database, &both.of_file] {
            let mut found = Vec::new();
            while found.len() < whole.len() {
                let (ids, matched) = page(server, layer, &format!("COUNT={count}&STARTINDEX={}{sort}", found.len()));
                assert_eq!(matched, whole.len(), "{layer} {sort}");
                assert!(!ids.is_empty(), "{layer} {sort} ends after {}", found.len());
                found.extend(ids);
            }
            assert!(found == whole, "{layer} {sort}");
        }
    }
}
