//! What a running server does about files that change.

use std::fs;

use crate::harness::server::Server;
use crate::harness::{SAMPLE, text, until};

const POINT: &str = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":1},"geometry":{"type":"Point","coordinates":[1,2]}}]}"#;

#[test]
fn one_bad_file_in_a_folder_does_not_stop_the_reload_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("c.csv"), "a,x,y\n1,2,3\n").unwrap();
    fs::write(at("j.geojson"), POINT).unwrap();
    fs::write(at("m.geojson"), POINT).unwrap();
    let mut server = Server::start(&[text(folder.path()), "--watch", "1"]);
    fs::write(at("j.geojson"), &POINT[..60]).unwrap();
    fs::write(at("uploading.geojson"), "").unwrap();
    fs::remove_file(at("m.geojson")).unwrap();
    fs::write(at("c.csv"), "b,x,y\nnew,2,3\n").unwrap();
    fs::write(at("new.csv"), "a,x,y\n1,2,3\n").unwrap();
    let status = |name: &str| server.get(&format!("/ogcapi/collections/{name}/items")).status;
    until("the good files are not reloaded", || status("new") == 200 && status("c") == 200 && status("m") == 404);
    let features = server.json("/ogcapi/collections/c/items");
    assert_eq!(features["features"][0]["properties"]["b"], "new");
    let told = server.json("/ready");
    // What was served before stays listed.
    for (name, status) in [("j", "failing"), ("uploading.geojson", "unopened")] {
        let layer = serde_json::json!({ "id": name, "status": status });
        assert!(told["layers"].as_array().unwrap().contains(&layer), "{told}");
    }
    assert!(server.log().contains("j.geojson"), "{}", server.log());
    // Whole again, it comes back.
    fs::write(at("j.geojson"), POINT).unwrap();
    until("the file that is whole again is not served", || server.get("/ogcapi/collections/j/items").status == 200);
}

#[test]
fn a_fault_of_the_project_file_keeps_the_last_good_state_beside_a_bad_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("c.csv"), "a,x,y\n1,2,3\n").unwrap();
    fs::write(at("j.geojson"), POINT).unwrap();
    let project = |more: &str| {
        let both = "[[layers]]\nsource = \"c.csv\"\n[[layers]]\nsource = \"j.geojson\"\n";
        let rules = "[[access.rules]]\nlayers = [\"c\", \"j\"]\nroles = \"*\"\n";
        fs::write(at("p.toml"), format!("title = \"first\"\n{both}{more}{rules}")).unwrap();
    };
    project("");
    let file = at("p.toml");
    let mut server = Server::start(&["--project", text(&file), "--watch", "1"]);
    // A rule that names what cannot be read for now is no fault of the project.
    fs::write(at("j.geojson"), "").unwrap();
    until("the bad file is not told", || server.log().contains("j.geojson"));
    server.get("/ogcapi/collections/j/items").expect(503);
    server.get("/ogcapi/collections/c/items").expect(200);
    project("[[layers]]\nsource = \"c.csv\"\nid = \"d\"\nproperties = [\"none\"]\n");
    until("the fault is not told", || server.log().contains("there is no property 'none'"));
    server.get("/ogcapi/collections/d").expect(404);
}

#[test]
fn a_geopackage_with_other_columns_is_unavailable_until_it_is_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changing.gpkg");
    fs::copy(SAMPLE, &path).unwrap();
    let mut server = Server::start(&[text(&path), "--watch", "0"]);
    let items = "/ogcapi/collections/cities/items?limit=3";
    server.get(items).expect(200);
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("ALTER TABLE cities RENAME COLUMN name TO called").unwrap();
    let answer = server.get(items).expect(503);
    assert_eq!(answer.header("retry-after"), "1");
    assert!(answer.text().contains("is being opened anew") && !answer.text().contains("name to"), "{}", answer.text());
    let log = server.log();
    assert!(log.contains("changing.gpkg") && log.contains("no such column"), "{log}");
}

#[test]
fn an_answer_that_breaks_off_is_told_with_its_request() {
    let mut server = Server::start(&["--limit", "answer_bytes=100000"]);
    let url = format!("{}/ogcapi/collections/countries/items?limit=1000", server.url);
    let broken = crate::harness::client::attempt("GET", &url, &[("x-request-id", "too-long")], &[]);
    assert!(broken.is_err() || broken.is_ok_and(|answer| answer.status != 200));
    let log = server.log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("an answer broke off")).collect();
    assert!(matches!(told[..], [line] if line.contains("too-long") && line.contains("countries")), "{log}");
}
