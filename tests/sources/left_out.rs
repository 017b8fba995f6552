//! What lies in a folder of data and is none: it is named, and never opened.

use std::fs::write;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::server::{Server, run, stderr, stdout};
use crate::harness::text;

const POINT: &str = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":1},"geometry":{"type":"Point","coordinates":[1,2]}}]}"#;

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn ids(server: &Server) -> Vec<String> {
    let all = server.json("/ogcapi/collections?f=json");
    let id = |one: &Value| one["id"].as_str().unwrap().to_owned();
    all["collections"].as_array().unwrap().iter().map(id).collect()
}

#[test]
fn a_pipe_or_a_socket_among_the_data_does_not_stop_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(at("good.geojson"), POINT).unwrap();
    for name in ["p.geojson", "q.json", "r.zip", "s.tif", "t.gpkg", "u"] {
        pipe(&at(name));
    }
    let _socket = UnixListener::bind(at("v.fgb")).unwrap();
    // A part of a file is opened with it.
    write(at("w.csv"), "a,x,y\n1,2,3\n").unwrap();
    pipe(&at("w.prj"));
    let mut server = Server::start(&[text(folder.path())]);
    assert_eq!(ids(&server), ["good"]);
    let log = server.log();
    for told in [
        "p.geojson (neither a file nor a folder)",
        "q.json (",
        "v.fgb (",
        "w.prj is neither a regular file nor a folder",
    ] {
        assert!(log.contains(told), "{told}: {log}");
    }
    let output = run(&["check", &format!("{}/*", text(folder.path()))]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("p.geojson (neither a file nor a folder)"), "{}", stderr(&output));
    for name in ["p.geojson", "r.zip", "t.gpkg", "u", "v.fgb"] {
        let output = run(&["check", text(&at(name)), text(&at("good.geojson"))]);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(
            stderr(&output).contains(&format!("{name} is neither a regular file nor a folder")),
            "{}",
            stderr(&output)
        );
        assert!(stdout(&output).contains("good"), "{}", stdout(&output));
        let project = at("project.toml");
        write(&project, format!("[[layers]]\nid = \"x\"\nsource = \"{name}\"\n")).unwrap();
        let output = run(&["check", "--project", text(&project)]);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains("is neither a regular file nor a folder"), "{}", stderr(&output));
    }
    let output = run(&["init", text(folder.path())]);
    assert!(stderr(&output).contains("w.prj is neither"), "{}", stderr(&output));
}

#[test]
fn what_a_folder_has_that_is_not_published_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["plain.geojson", "as.json", "JSON.JSON"] {
        write(at(name), POINT).unwrap();
    }
    write(at("package.json"), r#"{"name":"x","type":"module"}"#).unwrap();
    for name in ["tiles.mbtiles", "a.geojson.gz", "paper.pdf", "a.prj", "a.tif.aux.xml"] {
        write(at(name), "x").unwrap();
    }
    std::fs::create_dir(at("more")).unwrap();
    let told = "not published: a.geojson.gz, more (a folder), package.json, paper.pdf, tiles.mbtiles\n";
    let output = run(&["check", text(folder.path())]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stderr(&output);
    assert_eq!(said.matches("not published").count(), 1, "{said}");
    assert!(said.replace(" folder=", "\n folder=").contains(told), "{said}");
    let mut server = Server::start(&[text(folder.path())]);
    let mut found = ids(&server);
    found.sort();
    assert_eq!(found, ["JSON", "as", "plain"]);
    assert!(server.log().contains("tiles.mbtiles"), "{}", server.log());
    assert_eq!(server.json("/ogcapi/collections/as/items")["numberMatched"], 1);
    // Without any, what there is instead is told.
    let output = run(&["check", text(&at("more"))]);
    assert!(stderr(&output).contains("there is no file of data in this folder"), "{}", stderr(&output));
}
