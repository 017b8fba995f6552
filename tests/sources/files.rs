//! Files, folders, archives and patterns become collections.

use serde_json::Value;

use crate::harness::server::{Server, run, stderr, stdout};
use crate::harness::text;
use crate::made::{FORMATS, file, zip};

fn ids(server: &Server) -> Vec<String> {
    let collections = server.json("/ogcapi/collections");
    let all = collections["collections"].as_array().unwrap();
    all.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

fn features(server: &Server, path: &str) -> Vec<Value> {
    server.json(path)["features"].as_array().unwrap().clone()
}

#[test]
fn every_format_is_a_collection_with_the_same_features() {
    let folder = tempfile::tempdir().unwrap();
    for (ending, ..) in FORMATS {
        file(folder.path(), &format!("places_{ending}"), ending);
    }
    let server = Server::start(&[text(folder.path())]);
    let ids = ids(&server);
    for (ending, ..) in FORMATS {
        let stem = format!("places_{ending}");
        // GPX has tables of its own.
        let id = if ending == "gpx" { "waypoints".to_owned() } else { stem };
        assert!(ids.contains(&id), "{id} is not among {ids:?}");
        let items = format!("/ogcapi/collections/{id}/items");
        let page = server.json(&format!("{items}?limit=100"));
        assert_eq!(page["numberMatched"], 10, "{ending}");
        // In KML and GPX `name` is the feature's own, with a capital in GDAL's reader of the former.
        let name = if ending == "kml" { "Name" } else { "name" };
        let all = page["features"].as_array().unwrap();
        assert_eq!(all[0]["properties"][name], "Zürich", "{ending}: {}", all[0]);
        assert_eq!(all[2]["properties"][name], "東京", "{ending}: {}", all[2]);
        let near = |place: &Value, wanted: f64| (place.as_f64().unwrap() - wanted).abs() < 1e-5;
        let place = &all[0]["geometry"]["coordinates"];
        assert!(near(&place[0], 8.5) && near(&place[1], 47.5), "{ending}: {place}");
        let page = features(&server, &format!("{items}?limit=3&offset=4"));
        assert_eq!(
            page.iter().map(|it| &it["properties"][name]).collect::<Vec<_>>(),
            ["five", "six", "seven"],
            "{ending}"
        );
        let boxed = features(&server, &format!("{items}?bbox=4.5,4.5,7.5,7.5"));
        assert_eq!(
            boxed.iter().map(|it| &it["properties"][name]).collect::<Vec<_>>(),
            ["five", "six", "seven"],
            "{ending}"
        );
        let quoted = features(&server, &format!("{items}?{name}=O%27Neill,%20%22x%22"));
        assert_eq!(quoted.len(), 1, "{ending}");
        let id = &quoted[0]["id"];
        let one = server.json(&format!("{items}/{id}"));
        assert_eq!(one["properties"], quoted[0]["properties"], "{ending}");
        server.get(&format!("{items}/99999")).expect(404);
        let extent =
            &server.json(&format!("/ogcapi/collections/{}", quoted_id(&ids, ending)))["extent"]["spatial"]["bbox"][0];
        assert!(near(&extent[0], 4.0) && near(&extent[3], 48.0), "{ending}: {extent}");
    }
}

fn quoted_id(ids: &[String], ending: &str) -> String {
    let stem = if ending == "gpx" { "waypoints".to_owned() } else { format!("places_{ending}") };
    ids.iter().find(|id| **id == stem).unwrap().clone()
}

#[test]
fn archives_and_paths_of_gdal_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let inner = tempfile::tempdir().unwrap();
    file(inner.path(), "places", "shp");
    let parts = |ending: &str| inner.path().join(format!("places.{ending}"));
    let archive = folder.path().join("packed.zip");
    zip(&archive, &["shp", "shx", "dbf", "prj", "cpg"].map(parts));
    let within = format!("/vsizip/{}/places.shp", text(&archive));
    let server = Server::start(&[text(&archive), &within]);
    assert_eq!(ids(&server), ["packed", "places"]);
    for id in ["packed", "places"] {
        assert_eq!(server.json(&format!("/ogcapi/collections/{id}/items"))["numberMatched"], 10);
    }
    // No path comes from a request.
    server.get("/ogcapi/collections/%2Fvsizip%2Fpacked.zip/items").expect(404);
}

#[test]
fn patterns_take_the_files_that_fit() {
    let folder = tempfile::tempdir().unwrap();
    for stem in ["a1", "a2", "b1"] {
        file(folder.path(), stem, "geojson");
    }
    file(folder.path(), "a3", "shp");
    let pattern = folder.path().join("a*");
    let server = Server::start(&[text(&pattern)]);
    assert_eq!(ids(&server), ["a1", "a2", "a3"]);
    let output = run(&["check", text(&folder.path().join("c*.shp"))]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no file of data fits this pattern"), "{}", stderr(&output));
}

#[test]
fn two_files_of_one_name_have_two_ids() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "places", "fgb");
    file(folder.path(), "places", "geojson");
    let output = run(&["check", text(folder.path())]);
    assert!(output.status.success(), "{}", stderr(&output));
    let told = stdout(&output);
    assert!(told.contains("places ") && told.contains("places_2 "), "{told}");
}

#[test]
fn a_thousand_files_in_a_folder_are_served() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "l0", "fgb");
    for number in 1..1000 {
        std::fs::copy(folder.path().join("l0.fgb"), folder.path().join(format!("l{number}.fgb"))).unwrap();
    }
    let server = Server::start(&[text(folder.path())]);
    assert_eq!(ids(&server).len(), 1000);
    assert_eq!(server.json("/ogcapi/collections/l999/items")["numberMatched"], 10);
}

#[test]
fn rows_that_change_are_seen_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("places.csv");
    std::fs::write(&path, "name,x,y\na,1,1\n").unwrap();
    // Without a watch: what is seen is the source's own work.
    let server = Server::start(&[text(&path), "--watch", "0"]);
    let items = "/ogcapi/collections/places/items";
    assert_eq!(server.json(items)["numberMatched"], 1);
    std::fs::write(&path, "name,x,y\na,1,1\nb,2,2\n").unwrap();
    let page = server.json(items);
    assert_eq!((&page["numberMatched"], &page["features"][1]["properties"]["name"]), (&2.into(), &"b".into()));
    // Other columns are another layer, which is opened anew by whoever watches.
    std::fs::write(&path, "title,x,y\na,1,1\n").unwrap();
    let answer = server.get(items).expect(503);
    assert_eq!(answer.header("retry-after"), "1");
    std::fs::remove_file(&path).unwrap();
    let answer = server.get(items).expect(503);
    assert!(!answer.text().contains(text(&path)), "no path is told: {}", answer.text());
}

#[test]
fn a_flatgeobuf_that_was_streamed_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "places", "geojson");
    let first = Server::start(&[text(&path)]);
    let streamed = first.get("/ogcapi/collections/places/items?f=fgb&limit=100").expect(200);
    let kept = folder.path().join("kept.fgb");
    std::fs::write(&kept, &streamed.body).unwrap();
    // It has neither a count nor an index.
    let second = Server::start(&[text(&kept)]);
    let page = second.json("/ogcapi/collections/kept/items?limit=3&offset=4&bbox=0,0,20,60");
    let names: Vec<_> =
        page["features"].as_array().unwrap().iter().map(|it| it["properties"]["name"].clone()).collect();
    assert_eq!(names, ["six", "seven", "eight"]);
    assert_eq!(second.json("/ogcapi/collections/kept/items")["numberMatched"], 10);
}
