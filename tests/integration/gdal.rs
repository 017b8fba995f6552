//! GDAL is the judge: the same counts, boxes, filters and coordinates as it reads from the file, and its own client of
//! OGC API Features sees every layer.

use std::path::Path;

use serde_json::Value;

use crate::harness::server::{demo, odd_server};
use crate::harness::{SAMPLE, examples, gdal, odd};

/// The features of a collection as the server has them.
fn served(collection: &str, query: &str) -> Vec<Value> {
    let page = odd_server().json(&format!("/ogcapi/collections/{collection}/items?limit=10000{query}"));
    page["features"].as_array().unwrap().clone()
}

/// The largest difference between numbers at the same place of two coordinate arrays; infinite where the forms differ.
fn difference(a: &Value, b: &Value) -> f64 {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).map(|(a, b)| difference(a, b)).fold(0.0, f64::max)
        }
        (Value::Number(a), Value::Number(b)) => (a.as_f64().unwrap() - b.as_f64().unwrap()).abs(),
        (a, b) if a == b => 0.0,
        _ => f64::INFINITY,
    }
}

/// Every feature has the geometry that GDAL reads, within a tolerance in degrees.
#[track_caller]
fn same_coordinates(file: &Path, layer: &str, tolerance: f64) {
    let (ours, theirs) = (served(layer, ""), gdal::features(file, layer, &[]));
    assert_eq!(ours.len(), theirs.len(), "{layer}");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let off = difference(&ours["geometry"]["coordinates"], &theirs["geometry"]["coordinates"]);
        assert!(
            off <= tolerance,
            "{layer} {}: {off} apart: {} and {}",
            ours["id"],
            ours["geometry"],
            theirs["geometry"]
        );
    }
}

#[test]
fn coordinates_are_those_of_the_file() {
    same_coordinates(Path::new(SAMPLE), "cities", 1e-14);
    same_coordinates(odd::file(), "gaps", 0.0);
}

#[test]
fn projected_coordinates_are_those_that_gdal_computes() {
    same_coordinates(odd::file(), "new_york", 1e-9);
    same_coordinates(odd::file(), "mercator", 1e-9);
}

/// The ids of features, in order.
fn ids(features: &[Value]) -> Vec<i64> {
    let mut ids: Vec<i64> = features.iter().map(|it| it["id"].as_i64().unwrap()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn boxes_have_the_features_that_gdal_finds() {
    for [west, south, east, north] in [
        [-10.0, 35.0, 30.0, 60.0],
        [0.0, 0.0, 0.5, 0.5],
        [-180.0, -90.0, 180.0, 90.0],
        [100.0, -50.0, 180.0, 0.0],
        [-5.5, 50.0, -5.0, 50.1],
        [8.0, 47.0, 8.0, 47.0],
    ] {
        let bbox = format!("&bbox={west},{south},{east},{north}");
        let numbers: Vec<String> = [west, south, east, north].iter().map(f64::to_string).collect();
        let spat = [vec!["-preserve_fid", "-spat"], numbers.iter().map(String::as_str).collect()].concat();
        for layer in ["countries", "cities"] {
            let theirs = gdal::features(Path::new(SAMPLE), layer, &spat);
            assert_eq!(ids(&served(layer, &bbox)), ids(&theirs), "{layer} in {bbox}");
        }
    }
}

#[test]
fn filters_have_the_features_that_gdal_finds() {
    for (layer, query, condition) in [
        ("countries", "&continent=Africa", "continent = 'Africa'"),
        ("countries", "&iso_a3=CHE", "iso_a3 = 'CHE'"),
        ("countries", "&continent=Europe&name=Norway", "continent = 'Europe' AND name = 'Norway'"),
        ("countries", "&gdp_md_est=703082", "gdp_md_est = 703082"),
        ("cities", "&name=S%C3%A3o%20Paulo", "name = 'São Paulo'"),
    ] {
        let theirs = gdal::features(Path::new(SAMPLE), layer, &["-preserve_fid", "-where", condition]);
        assert_eq!(ids(&served(layer, query)), ids(&theirs), "{condition}");
    }
}

/// What `ogrinfo` says of a layer: how many features, and west, south, east, north.
fn about(target: &str, layer: &str) -> (usize, Vec<f64>) {
    let told = gdal::run("ogrinfo", &["-ro", "-so", target, layer]);
    let value =
        |key: &str| told.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_else(|| panic!("{told}")).trim();
    let numbers = value("Extent:").split(['(', ')', ',', ' ']).filter_map(|word| word.parse().ok()).collect();
    (value("Feature Count:").parse().unwrap(), numbers)
}

#[test]
fn extents_hold_those_of_the_file() {
    for layer in ["countries", "cities"] {
        let (_, theirs) = about(SAMPLE, layer);
        let collection = demo().json(&format!("/ogcapi/collections/{layer}"));
        let ours = collection["extent"]["spatial"]["bbox"][0].as_array().unwrap().iter().map(|it| it.as_f64().unwrap());
        for (ours, theirs) in ours.zip(theirs) {
            // It prints six decimals.
            assert!((ours - theirs).abs() < 1e-6, "{layer}: {ours}, the file {theirs}");
        }
    }
}

#[test]
fn its_own_client_sees_every_layer() {
    let target = format!("OAPIF:{}/ogcapi", demo().url);
    let list = gdal::run("ogrinfo", &["-ro", "-q", &target]);
    assert!(list.contains("countries") && list.contains("cities"), "{list}");
    for layer in ["countries", "cities"] {
        let (ours, theirs) = (about(&target, layer), about(SAMPLE, layer));
        assert_eq!(ours.0, theirs.0, "{layer}");
        assert!(
            ours.1.iter().zip(&theirs.1).all(|(ours, theirs)| (ours - theirs).abs() < 1e-5),
            "{ours:?} and {theirs:?}"
        );
    }
    let found = gdal::run("ogrinfo", &["-ro", "-q", &target, "countries", "-where", "name = 'Norway'", "-geom=NO"]);
    assert!(found.matches("OGRFeature(").count() == 1 && found.contains("Norway"), "{found}");
    let found = gdal::run("ogrinfo", &["-ro", "-q", &target, "cities", "-spat", "7", "46", "9", "48", "-geom=NO"]);
    assert!(found.contains("Bern") && !found.contains("Tokyo"), "{found}");
}

/// What GDAL's own client of OGC API Features sends for a condition, and the ids that come of it.
fn sent(layer: &str, condition: &str) -> (Vec<String>, Vec<i64>) {
    let target = format!("OAPIF:{}/ogcapi", odd_server().url);
    let args = ["-ro", "-q", "--debug", "on", "-geom=NO", "-fields=NO", &target, layer, "-where", condition];
    let output = std::process::Command::new("ogrinfo").args(args).env("NO_PROXY", "127.0.0.1").output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !log.contains("ERROR"), "{condition}: {log}");
    let filters = log.lines().filter_map(|line| {
        let (_, rest) = line.split_once("filter=")?;
        let encoded = rest.split('&').next()?;
        Some(percent_encoding::percent_decode_str(encoded).decode_utf8_lossy().into_owned())
    });
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    let ids = found.lines().filter_map(|line| line.strip_prefix(&format!("OGRFeature({layer}):"))?.parse().ok());
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    (filters.collect(), ids)
}

#[test]
fn its_client_leaves_conditions_to_the_server() {
    for (layer, condition, wanted) in [
        ("countries", "pop_est > 100000000", "pop_est > 100000000"),
        ("countries", "continent = 'Europe' AND pop_est < 1000000", "continent = 'Europe'"),
        ("countries", "continent = 'Europe' OR gdp_md_est >= 1000000", " OR "),
        ("countries", "NOT continent = 'Europe'", "NOT"),
        ("countries", "name LIKE 'B%'", "name LIKE 'B%'"),
        ("countries", "name ILIKE 'b%'", "name ILIKE 'b%'"),
        ("countries", "name = 'Côte d''Ivoire'", "'Côte d''Ivoire'"),
        ("countries", "pop_est BETWEEN 1000000 AND 2000000", "pop_est >= 1000000"),
        ("examples", "depth IS NULL", "depth IS NULL"),
        ("examples", "built >= '2012/06/05'", "built >= '2012-06-05"),
        ("examples", "updated_at < '2013/01/01 00:00:00'", "updated_at < '2013-01-01"),
    ] {
        let (filters, ids) = sent(layer, condition);
        assert!(filters.iter().any(|filter| filter.contains(wanted)), "{condition} was sent as {filters:?}");
        let file = if layer == "countries" { Path::new(SAMPLE) } else { examples::file() };
        // Of the file GDAL asks SQLite, whose LIKE is that of ILIKE and whose times are text.
        let of_file = condition.replace("ILIKE", "LIKE").replace('/', "-").replace(" 00:00:00", "T00:00:00Z");
        let theirs = gdal::features(file, layer, &["-preserve_fid", "-where", &of_file]);
        let mut wanted: Vec<i64> = theirs.iter().map(|it| it["id"].as_i64().unwrap()).collect();
        wanted.sort_unstable();
        assert!(!wanted.is_empty(), "{condition} is a test of something");
        assert_eq!(ids, wanted, "{condition}");
    }
}

#[test]
fn its_client_pages_through_a_large_layer() {
    let target = format!("OAPIF:{}/ogcapi", odd_server().url);
    let sql = ["-ro", "-q", &target, "-oo", "PAGE_SIZE=5000", "-sql", "SELECT COUNT(DISTINCT name) AS n FROM many"];
    let count = gdal::run("ogrinfo", &sql);
    assert!(count.contains(&odd::MANY.to_string()), "{count}");
}
