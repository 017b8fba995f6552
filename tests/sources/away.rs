//! Files that are away for a while, or half written, while they are published.

use std::fs;

use crate::harness::server::Server;
use crate::harness::{text, until};
use crate::made::file;

#[test]
fn a_file_that_the_project_names_stays_a_collection_while_it_is_away_or_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let endings = ["gpkg", "fgb", "geojson", "shp", "sqlite", "csv"];
    let mut project = "data = ['listed.fgb']\n".to_owned();
    for ending in endings {
        let path = file(folder.path(), &format!("p_{ending}"), ending);
        let layer = format!("[[layers]]\nsource = '{}'\nid = '{ending}'\ntitle = 'The {ending}'\n", text(&path));
        project.push_str(&layer);
    }
    file(folder.path(), "listed", "fgb");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/data/elevation.tif"), at("heights.tif")).unwrap();
    project += "[[layers]]\nsource = 'heights.tif'\nid = 'tif'\n";
    fs::write(at("project.toml"), project).unwrap();
    let server = Server::start(&["--project", text(&at("project.toml")), "--watch", "1"]);
    let mut all: Vec<(String, String)> =
        endings.iter().map(|ending| ((*ending).to_owned(), format!("p_{ending}.{ending}"))).collect();
    all.push(("listed".to_owned(), "listed.fgb".to_owned()));
    all.push(("tif".to_owned(), "heights.tif".to_owned()));
    let read = |id: &str| {
        if id != "tif" {
            return server.get(&format!("/ogcapi/collections/{id}/items?limit=3"));
        }
        let map = "SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=tif&STYLES=&CRS=CRS:84&BBOX=-85,36,-83,37&WIDTH=90&HEIGHT=45";
        server.get(&format!("/ows?{map}&FORMAT=image/png"))
    };
    for (id, _) in &all {
        assert!(read(id).status == 200, "{id}: {}", read(id).text());
    }
    for is_cut in [false, true] {
        for (_, name) in &all {
            fs::rename(at(name), at(&format!("{name}.away"))).unwrap();
            if is_cut {
                let bytes = fs::read(at(&format!("{name}.away"))).unwrap();
                fs::write(at(name), &bytes[..bytes.len().min(70)]).unwrap();
            }
        }
        // A new layer tells that the project was looked at since.
        let marker = if is_cut { "second" } else { "first" };
        file(folder.path(), marker, "csv");
        let more = format!("[[layers]]\nsource = '{marker}.csv'\n");
        let whole = fs::read_to_string(at("project.toml")).unwrap() + &more;
        fs::write(at("project.toml"), whole).unwrap();
        until("the project is not looked at", || server.get(&format!("/ogcapi/collections/{marker}")).status == 200);
        for (id, _) in &all {
            // A text that is cut off may be a shorter one.
            if is_cut && id == "csv" {
                continue;
            }
            let root = if id == "tif" { "/coverages" } else { "/ogcapi/collections" };
            server.get(&format!("{root}/{id}")).expect(200);
            let answer = read(id);
            assert!(!answer.header("retry-after").is_empty(), "{id} {is_cut}: {}", answer.text());
            assert!(!answer.text().contains("p_") && !answer.text().contains(text(folder.path())), "{}", answer.text());
            answer.expect(503);
        }
        assert_eq!(server.json("/ogcapi/collections/fgb")["title"], "The fgb");
        for (_, name) in &all {
            fs::rename(at(&format!("{name}.away")), at(name)).unwrap();
        }
        for (id, _) in &all {
            until("the file that is back is not served", || read(id).status == 200);
        }
    }
}

#[test]
fn a_file_that_is_deleted_from_a_folder_is_no_collection_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let (kept, gone) = (file(folder.path(), "kept", "fgb"), file(folder.path(), "gone", "fgb"));
    let server = Server::start(&[text(folder.path()), "--watch", "1"]);
    server.get("/ogcapi/collections/gone").expect(200);
    fs::remove_file(gone).unwrap();
    until("it is still there", || server.get("/ogcapi/collections/gone").status == 404);
    server.get("/ogcapi/collections/kept/items").expect(200);
    assert!(kept.exists());
}

#[test]
fn a_file_of_a_folder_that_is_half_written_empty_or_without_a_part_is_busy_and_no_collection_less() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for ending in ["shp", "fgb", "geojson", "geojsons", "csv", "gpkg", "gml"] {
        file(folder.path(), &format!("p_{ending}"), ending);
    }
    fs::copy(file(folder.path(), "q", "geojson"), at("p_json.json")).unwrap();
    let server = Server::start(&[text(folder.path()), "--watch", "1"]);
    let items = |name: &str| format!("/ogcapi/collections/p_{name}/items");
    let mut turn = 0;
    for (name, part, harm) in [
        ("shp", "p_shp.shp", 0),
        ("shp", "p_shp.dbf", 200),
        ("shp", "p_shp.dbf", 0),
        ("fgb", "p_fgb.fgb", 0),
        ("fgb", "p_fgb.fgb", 900),
        ("geojson", "p_geojson.geojson", 300),
        ("geojson", "p_geojson.geojson", 0),
        ("json", "p_json.json", 0),
        ("geojsons", "p_geojsons.geojsons", 0),
        ("geojsons", "p_geojsons.geojsons", 450),
        ("csv", "p_csv.csv", 0),
        ("gpkg", "p_gpkg.gpkg", 0),
        ("gpkg", "p_gpkg.gpkg", 5000),
        ("gml", "p_gml.gml", 500),
        ("shp", "p_shp.shx", -1),
        ("shp", "p_shp.dbf", -1),
        ("shp", "p_shp.prj", -1),
    ] {
        let whole = server.json(&items(name))["features"].clone();
        let bytes = fs::read(at(part)).unwrap();
        match usize::try_from(harm) {
            Ok(length) => fs::write(at(part), &bytes[..length]).unwrap(),
            Err(_) => fs::remove_file(at(part)).unwrap(),
        }
        let busy = || {
            let answer = server.get(&items(name));
            assert!(answer.status == 503, "{part} {harm}: {} {:.300}", answer.status, answer.text());
            assert!(!answer.header("retry-after").is_empty(), "{part} {harm}");
        };
        busy();
        // A new layer tells that the folder was looked at since.
        turn += 1;
        file(folder.path(), &format!("marker{turn}"), "csv");
        until("the folder is not looked at", || server.get(&format!("/ogcapi/collections/marker{turn}")).status == 200);
        busy();
        fs::write(at(part), &bytes).unwrap();
        until("the file that is back is not served", || server.get(&items(name)).status == 200);
        assert_eq!(server.json(&items(name))["features"], whole, "{part} {harm}");
    }
}

#[test]
fn a_sequence_to_which_somebody_writes_is_busy_until_the_line_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "lines", "geojsons");
    let server = Server::start(&["--watch", "0", text(&path)]);
    let items = "/ogcapi/collections/lines/items";
    assert_eq!(server.json(items)["numberMatched"], 10);
    let whole = fs::read(&path).unwrap();
    let line = b"\x1e{\"type\":\"Feature\",\"properties\":{\"code\":\"k\",\"name\":\"more\",\"height\":1},\"geometry\":null}\n";
    fs::write(&path, [&whole[..], &line[..40]].concat()).unwrap();
    let answer = server.get(items);
    assert!(!answer.header("retry-after").is_empty(), "{}", answer.text());
    answer.expect(503);
    fs::write(&path, [&whole[..], &line[..]].concat()).unwrap();
    assert_eq!(server.json(items)["numberMatched"], 11);
}
