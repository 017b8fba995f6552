//! What the project file says of files that GDAL reads.

use std::path::Path;

use serde_json::Value;

use crate::harness::server::{Server, run, stderr, stdout};
use crate::harness::{gdal, text};
use crate::made::{PLACES, file};

fn project(folder: &Path, toml: &str) -> String {
    let path = folder.join("project.toml");
    std::fs::write(&path, toml).unwrap();
    text(&path).to_owned()
}

fn codes(page: &Value) -> Vec<&str> {
    page["features"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect()
}

#[test]
fn a_column_of_text_makes_the_ids_and_their_order() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["shp", "tab", "geojson", "sqlite"] {
        let path = file(folder.path(), "places", ending);
        let toml = format!("[[layers]]\nsource = '{}'\nkey = 'code'\nid = 'it'\ntitle = 'Places'\n", text(&path));
        let server = Server::start(&["--project", &project(folder.path(), &toml)]);
        let page = server.json("/ogcapi/collections/it/items?limit=4&offset=1");
        assert_eq!(codes(&page), ["b", "c", "d", "e"], "{ending}");
        let one = server.json("/ogcapi/collections/it/items/j");
        assert_eq!(one["properties"]["name"], "Zürich", "{ending}");
        assert!(one["properties"].get("code").is_none(), "{ending}");
        server.get("/ogcapi/collections/it/items/z").expect(404);
    }
}

#[test]
fn a_column_that_cannot_make_ids_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("places.geojson");
    std::fs::write(
        &path,
        PLACES.replace("\"code\":\"b\"", "\"code\":\"a\"").replace("\"height\":5", "\"height\":null"),
    )
    .unwrap();
    for (key, told) in [
        ("code", "some of its values are the same"),
        ("height", "some of its values are null"),
        ("size", "there is no column 'size'"),
    ] {
        let toml = format!("[[layers]]\nsource = 'places.geojson'\nkey = '{key}'\n");
        let output = run(&["check", "--project", &project(folder.path(), &toml)]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(told), "{}", stderr(&output));
    }
    let csv = file(folder.path(), "unsorted", "csv");
    let toml = format!("[[layers]]\nsource = '{}'\nkey = 'code'\n", text(&csv));
    let output = run(&["check", "--project", &project(folder.path(), &toml)]);
    assert!(stderr(&output).contains("the rows are not in the order of 'code'"), "{}", stderr(&output));
}

#[test]
fn encodings_of_shapefiles_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let source = at("source.geojson");
    std::fs::write(&source, PLACES.replace("東京", "Ναύπλιο")).unwrap();
    gdal::run(
        "ogr2ogr",
        &["-q", text(&at("greek.shp")), text(&source), "-lco", "ENCODING=CP1253", "-where", "code='b'"],
    );
    gdal::run(
        "ogr2ogr",
        &["-q", text(&at("latin.shp")), text(&source), "-lco", "ENCODING=CP1252", "-where", "code='j'"],
    );
    std::fs::copy(at("greek.shp"), at("told.shp")).unwrap();
    for ending in ["shx", "dbf"] {
        std::fs::copy(at(&format!("greek.{ending}")), at(&format!("told.{ending}"))).unwrap();
    }
    // Neither a .cpg nor the byte in the header: nothing says how the text is to be read.
    std::fs::remove_file(at("latin.cpg")).unwrap();
    for name in ["latin.dbf", "told.dbf"] {
        let mut bytes = std::fs::read(at(name)).unwrap();
        bytes[29] = 0;
        std::fs::write(at(name), bytes).unwrap();
    }
    let toml = "data = ['greek.shp', 'latin.shp']\n[[layers]]\nsource = 'told.shp'\ncrs = 'EPSG:4326'\noptions = { ENCODING = 'CP1253' }\n";
    let server = Server::start(&["--project", &project(folder.path(), toml)]);
    for (id, name) in [("greek", "Ναύπλιο"), ("told", "Ναύπλιο"), ("latin", "Zürich")] {
        let page = server.json(&format!("/ogcapi/collections/{id}/items"));
        assert_eq!(page["features"][0]["properties"]["name"], name, "{id}");
    }
}

#[test]
fn a_reference_system_can_be_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("swiss.csv"), "name,easting,northing\nBern,2600000,1200000\n").unwrap();
    let toml = "[[layers]]\nsource = 'swiss.csv'\ncrs = 'EPSG:2056'\n";
    let server = Server::start(&["--project", &project(folder.path(), toml)]);
    let page = server.json("/ogcapi/collections/swiss/items?bbox=7.4,46.9,7.5,47");
    let place = &page["features"][0]["geometry"]["coordinates"];
    assert!((place[0].as_f64().unwrap() - 7.438_632).abs() < 1e-4, "{place}");
    assert!((place[1].as_f64().unwrap() - 46.951_083).abs() < 1e-4, "{place}");
}

#[test]
fn the_system_of_a_geopackage_can_be_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("swiss.csv"), "name,easting,northing\nBern,2600000,1200000\n").unwrap();
    let package = folder.path().join("swiss.gpkg");
    let mut command = std::process::Command::new("ogr2ogr");
    command.args(["-q", "-f", "GPKG", "-oo", "X_POSSIBLE_NAMES=easting", "-oo", "Y_POSSIBLE_NAMES=northing"]);
    assert!(command.args([&package, &folder.path().join("swiss.csv")]).status().unwrap().success());
    // It does not say its system, and cannot be in degrees.
    let output = run(&["check", text(&package)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("crs = \"EPSG:…\""), "{}", stderr(&output));
    let toml = |crs: &str| format!("[[layers]]\nsource = 'swiss.gpkg'\ncrs = '{crs}'\n");
    let output = run(&["check", "--project", &project(folder.path(), &toml("EPSG:99999"))]);
    assert!(stderr(&output).contains("EPSG:99999"), "{}", stderr(&output));
    let server = Server::start(&["--project", &project(folder.path(), &toml("EPSG:2056"))]);
    let page = server.json("/ogcapi/collections/swiss/items?bbox=7.4,46.9,7.5,47");
    let place = &page["features"][0]["geometry"]["coordinates"];
    assert!((place[0].as_f64().unwrap() - 7.438_632).abs() < 1e-4, "{place}");
    let collection = server.json("/ogcapi/collections/swiss");
    assert_eq!(collection["storageCrs"], "http://www.opengis.net/def/crs/EPSG/0/2056");
}

#[test]
fn settings_that_say_nothing_of_a_layer_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("swiss.csv"), "name,x,y\nBern,7,47\n").unwrap();
    for (setting, told) in [
        ("bands = ['a']", "'bands' is a setting of rasters alone"),
        ("units = ['m']", "'units' is a setting of rasters alone"),
        ("sql = 'SELECT 1'", "'sql' is a setting of layers of a database alone"),
        ("time = { start = 'a' }", "a list of two: that of the start and that of the end"),
    ] {
        let toml = format!("[[layers]]\nsource = 'swiss.csv'\n{setting}\n");
        let output = run(&["check", "--project", &project(folder.path(), &toml)]);
        assert_eq!(output.status.code(), Some(1), "{setting}");
        assert!(stderr(&output).contains(told), "{}", stderr(&output));
    }
}

#[test]
fn times_booleans_and_documents_are_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let source = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","id":"x","properties":{"at":"2024-02-29T12:00:00+02:00","day":"2024-02-29","flag":true,
         "doc":{"a":[1,null]},"list":[1,2],"words":["ä","b"]},"geometry":null},
        {"type":"Feature","id":"y","properties":{"at":null,"day":"2023-01-01","flag":false,"doc":null,"list":null,"words":null},
         "geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}}]}"#;
    std::fs::write(folder.path().join("kinds.geojson"), source).unwrap();
    let server = Server::start(&[text(&folder.path().join("kinds.geojson"))]);
    let page = server.json("/ogcapi/collections/kinds/items");
    let first = &page["features"][0]["properties"];
    assert_eq!(
        (&first["at"], &first["day"], &first["flag"]),
        (&"2024-02-29T10:00:00Z".into(), &"2024-02-29".into(), &true.into())
    );
    assert_eq!((&first["doc"], &first["list"]), (&serde_json::json!({"a": [1, null]}), &serde_json::json!([1, 2])));
    assert_eq!(first["words"], serde_json::json!(["ä", "b"]));
    assert!(page["features"][1]["properties"]["at"].is_null());
    let during = |interval: &str| {
        server.json(&format!("/ogcapi/collections/kinds/items?datetime={interval}"))["numberMatched"].as_i64().unwrap()
    };
    assert_eq!(
        (during("2024-02-29T10:00:00Z"), during("2020-01-01T00:00:00Z")),
        (2, 1),
        "one has no time and stays in"
    );
    assert_eq!(server.json("/ogcapi/collections/kinds/items?flag=false")["numberMatched"], 1);
}

#[test]
fn init_writes_down_the_layers_of_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "places", "shp");
    let output = run(&["init", text(&path)]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("layer = \"places\""), "{}", stdout(&output));
    let written = project(folder.path(), &stdout(&output));
    let checked = run(&["check", "--project", &written]);
    assert!(checked.status.success(), "{}", stderr(&checked));
}

#[test]
fn a_quoted_number_of_a_csv_is_text_with_its_zeros() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("codes.csv"), "n,code,x,y\n1,\"01067\",13.7,51\n2,\"99999\",13.8,51\n").unwrap();
    let server = Server::start(&[text(&folder.path().join("codes.csv"))]);
    let page = server.json("/ogcapi/collections/codes/items");
    assert_eq!(page["features"][0]["properties"], serde_json::json!({ "n": 1, "code": "01067" }));
    // What the server writes comes back as it was.
    let written = server.get("/ogcapi/collections/codes/items?f=csv").expect(200).text();
    std::fs::write(folder.path().join("again.csv"), written).unwrap();
    let server = Server::start(&[text(&folder.path().join("again.csv"))]);
    assert_eq!(server.json("/ogcapi/collections/again/items")["features"][0]["properties"]["code"], "01067");
}

#[test]
fn projected_coordinates_without_a_system_are_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("utm.csv");
    std::fs::write(&path, "name,easting,northing\nBerlin,500000,5700000\n").unwrap();
    let output = run(&["check", text(&path)]);
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(told.contains(text(&path)) && told.contains("crs = \"EPSG:…\""), "{told}");
    let toml = "[[layers]]\nsource = 'utm.csv'\ncrs = 'EPSG:25832'\n";
    assert!(run(&["check", "--project", &project(folder.path(), toml)]).status.success());
    // Beside others it is told, and they are served.
    std::fs::write(folder.path().join("good.csv"), "name,x,y\nBerlin,13,52\n").unwrap();
    let server = Server::start(&[text(folder.path())]);
    let unopened = serde_json::json!({ "id": "utm", "status": "unopened" });
    let ready = server.json("/ready");
    assert!(ready["layers"].as_array().unwrap().contains(&unopened), "{ready}");
    server.get("/ogcapi/collections/good/items").expect(200);
}
