//! Archives are folders: what is data in them is published, whatever folders and archives it lies in.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::server::{Server, run, stderr, stdout};
use crate::harness::text;
use crate::made::file;

/// Folders with two Shapefiles, GeoJSON, a GeoPackage, and what is no data.
fn folders() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["roads", "deep/a/b"] {
        std::fs::create_dir_all(at(name)).unwrap();
    }
    file(&at("roads"), "roads", "shp");
    file(&at("roads"), "rails", "shp");
    std::fs::write(at("roads/readme.txt"), "hello").unwrap();
    file(&at("deep/a/b"), "places", "geojson");
    file(&at("deep"), "pack", "gpkg");
    file(&at("deep"), "base", "gdb");
    folder
}

/// Packs what is in a folder, by Python.
fn packed(folder: &Path, archive: &Path) {
    let kind = match archive.extension().and_then(|it| it.to_str()) {
        Some("zip") => "zip",
        Some("tar") => "tar",
        _ => "gztar",
    };
    let stem = archive.parent().unwrap().join("made");
    let script =
        "import shutil,sys,os; os.rename(shutil.make_archive(sys.argv[1], sys.argv[2], sys.argv[3]), sys.argv[4])";
    let status = Command::new("python3").args(["-c", script, text(&stem), kind, text(folder), text(archive)]).status();
    assert!(status.unwrap().success(), "python3 shutil.make_archive");
}

fn ids(server: &Server) -> Vec<String> {
    let collections = server.json("/ogcapi/collections");
    let all = collections["collections"].as_array().unwrap();
    let mut ids: Vec<String> = all.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn every_file_of_data_in_an_archive_is_a_collection() {
    let (source, folder) = (folders(), tempfile::tempdir().unwrap());
    for name in ["all.zip", "all.tar", "all.tar.gz", "all.tgz"] {
        let archive = folder.path().join(name);
        packed(source.path(), &archive);
        let mut server = Server::start(&[text(&archive)]);
        assert_eq!(ids(&server), ["base", "pack", "places", "rails", "roads"], "{name}");
        for id in ["base", "pack", "places", "rails", "roads"] {
            let items = format!("/ogcapi/collections/{id}/items");
            let page = server.json(&format!("{items}?limit=3&offset=4"));
            assert_eq!(page["numberMatched"], 10, "{name} {id}");
            assert_eq!(page["features"][0]["properties"]["name"], "five", "{name} {id}");
            assert_eq!(server.json(&format!("{items}?bbox=4.5,4.5,7.5,7.5"))["numberMatched"], 3, "{name} {id}");
            let one = &page["features"][1]["id"];
            assert_eq!(server.json(&format!("{items}/{one}"))["properties"]["name"], "six", "{name} {id}");
        }
        assert!(server.log().contains("readme.txt"), "what is no data is told: {}", server.log());
        assert!(!folder.path().join("all.tar.gz.properties").exists(), "nothing is written beside it");
        std::fs::remove_file(archive).unwrap();
    }
}

#[test]
fn an_archive_of_one_layer_is_known_by_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    for (name, ending) in [("a.zip", "geojson"), ("b.gpkg.zip", "gpkg"), ("c.zip", "fgb"), ("d.gdb.zip", "gdb")] {
        let source = tempfile::tempdir().unwrap();
        std::fs::create_dir(source.path().join("in")).unwrap();
        file(&source.path().join("in"), "places", ending);
        packed(source.path(), &folder.path().join(name));
    }
    file(folder.path(), "e", "shz");
    file(folder.path(), "f", "kmz");
    let server = Server::start(&[text(folder.path())]);
    assert_eq!(ids(&server), ["a", "b", "c", "d", "e", "f"]);
    for id in ids(&server) {
        assert_eq!(server.json(&format!("/ogcapi/collections/{id}/items"))["numberMatched"], 10, "{id}");
    }
}

#[test]
fn an_archive_in_an_archive_is_looked_into_and_a_third_is_told() {
    let (source, folder) = (folders(), tempfile::tempdir().unwrap());
    let mut inner = source.path().to_owned();
    let mut layers = Vec::new();
    for name in ["one.zip", "two.zip", "three.zip"] {
        let holder = folder.path().join(format!("holder_of_{name}"));
        std::fs::create_dir(&holder).unwrap();
        packed(&inner, &holder.join(name));
        let output = run(&["check", text(&holder.join(name))]);
        layers.push(stdout(&output).lines().count() - 1);
        let is_told = stderr(&output).contains("two.zip/one.zip is an archive in an archive");
        assert_eq!(is_told, name == "three.zip", "{}", stderr(&output));
        inner = holder;
    }
    assert_eq!(layers, [5, 5, 0]);
}

#[test]
fn a_project_names_what_is_in_an_archive() {
    let (source, folder) = (folders(), tempfile::tempdir().unwrap());
    packed(source.path(), &folder.path().join("all.zip"));
    let project = folder.path().join("project.toml");
    let serve = |toml: &str| {
        std::fs::write(&project, toml).unwrap();
        Server::start(&["--project", text(&project)])
    };
    let server = serve(
        "[[layers]]\nsource = 'all.zip'\nlayer = 'roads'\nid = 'streets'\nkey = 'code'\n[[layers]]\nsource = 'all.zip'\nlayer = 'pack'\n[[layers]]\nsource = 'all.zip/deep/a/b/places.geojson'\n",
    );
    assert_eq!(ids(&server), ["pack", "places", "streets"]);
    assert_eq!(server.json("/ogcapi/collections/streets/items/j")["properties"]["name"], "Zürich");
    std::fs::write(&project, "[[layers]]\nsource = 'all.zip'\n").unwrap();
    let output = run(&["check", "--project", text(&project)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("say which file of it") && stderr(&output).contains("all.zip/roads/rails.shp"));
    // What init writes is served as the archive itself.
    let archive = folder.path().join("all.zip");
    let made = folder.path().join("made.toml");
    let output = run(&["init", text(&archive), "--output", text(&made)]);
    assert!(output.status.success(), "{} {}", stdout(&output), stderr(&output));
    assert!(std::fs::read_to_string(&made).unwrap().contains("\"all.zip/roads/roads.shp\""));
    let server = Server::start(&["--project", text(&made)]);
    assert_eq!(ids(&server), ["base", "pack", "places", "rails", "roads"]);
}

#[test]
fn an_archive_that_changes_is_read_anew() {
    for name in ["a.zip", "a.tar", "a.tar.gz", "a.tgz"] {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join(name);
        let write = |rows: u32| {
            let source = tempfile::tempdir().unwrap();
            std::fs::create_dir(source.path().join("in")).unwrap();
            let lines: Vec<String> = (0..rows).map(|at| format!("{},{},1\n", at * 7919, at % 180)).collect();
            std::fs::write(source.path().join("in/places.csv"), format!("name,x,y\n{}", lines.concat())).unwrap();
            let next = folder.path().join(format!("next.{name}"));
            packed(source.path(), &next);
            std::fs::rename(next, &archive).unwrap();
        };
        write(3500);
        let server = Server::start(&[text(&archive), "--watch", "0"]);
        assert_eq!(server.json("/ogcapi/collections/a/items")["numberMatched"], 3500, "{name}");
        write(4000);
        assert_eq!(server.json("/ogcapi/collections/a/items")["numberMatched"], 4000, "{name}");
    }
}

/// A script of Python's that writes an archive.
fn written(folder: &Path, name: &str, script: &str) -> PathBuf {
    let path = folder.join(name);
    let whole = format!("import sys,zipfile,tarfile,gzip,io\npath = sys.argv[1]\n{script}");
    assert!(Command::new("python3").args(["-c", &whole, text(&path)]).status().unwrap().success());
    path
}

#[test]
fn archives_that_are_made_to_harm_do_none() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let row = r#""a,x,y\n1,2,3\n""#;
    let zip = |body: &str| format!("z = zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED)\n{body}\nz.close()");
    let bomb = zip("z.writestr('b.geojson', b'{\"type\":\"FeatureCollection\",\"features\":[' + b' ' * 300_000_000)");
    let vrt = "<OGRVRTDataSource><OGRVRTLayer name='passwd'><SrcDataSource>CSV:/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>";
    let virtuals =
        format!("z.writestr('a.vrt', \"{vrt}\")\nz.writestr('b.gml', \"{vrt}\")\nz.writestr('c.tif', \"{vrt}\")");
    let cases = [
        ("bomb.zip", bomb.clone(), "times its size"),
        ("bomb.tar.gz", "t = gzip.open(path, 'wb', 1)\nfor _ in range(300): t.write(bytes(1_000_000))\nt.close()".into(), "would unpack to more than"),
        ("many.zip", zip(&format!("for i in range(10_001): z.writestr(f'{{i}}.csv', {row})")), "more than 10000 files"),
        ("texts.zip", zip("z.writestr('readme.txt', 'x')\nz.writestr('b/license.pdf', 'x')"), "b/license.pdf, readme.txt"),
        ("none.zip", zip(""), "none.zip"),
        ("up.zip", zip(&format!("z.writestr('../../up.csv', {row})\nz.writestr('/etc/x.csv', {row})")), "up.zip"),
        ("virtual.zip", zip(&virtuals), "virtual.zip/b.gml is no file of features"),
        ("no.zip", "open(path, 'w').write('x' * 1000)".into(), "no.zip"),
        ("empty.zip", "open(path, 'w')".into(), "empty.zip"),
        ("empty.tar", "open(path, 'w')".into(), "empty.tar"),
        ("cut.tar.gz", "t = tarfile.open(path, 'w:gz')\ni = tarfile.TarInfo('a.csv'); i.size = 90_000\nt.addfile(i, io.BytesIO(bytes(90_000)))\nt.close()\nb = open(path, 'rb').read()\nopen(path, 'wb').write(b[:len(b) // 2])".into(), "is cut off or damaged"),
        ("inner.zip", zip(&format!("b = io.BytesIO()\ny = zipfile.ZipFile(b, 'w', zipfile.ZIP_DEFLATED)\ny.writestr('c.csv', b'a,x,y\\n' + b'0' * 300_000_000)\ny.close()\nz.writestr('in.zip', b.getvalue())\nz.writestr('ok.csv', {row})")), "not published"),
    ];
    for (name, script, told) in &cases {
        let path = written(at, name, script);
        let output = run(&["check", text(&path)]);
        let said = stderr(&output);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{name}: {:?} {said}", output.status);
        assert!(said.contains(told) && !said.contains("root:") && !said.contains("panicked"), "{name}: {said}");
    }
    file(at, "fine", "fgb");
    let mut server = Server::start(&[text(at)]);
    assert_eq!(ids(&server), ["fine", "inner"], "{}", server.log());
    assert_eq!(server.json("/ogcapi/collections/inner/items")["numberMatched"], 1);
    let ready = server.json("/ready");
    let layers: Vec<_> = ready["layers"].as_array().unwrap().iter().filter(|it| it["status"] == "unopened").collect();
    assert!(layers.iter().any(|it| it["id"] == "bomb.zip"), "{ready}");
}

#[test]
fn no_path_into_an_archive_comes_from_a_request() {
    let folder = tempfile::tempdir().unwrap();
    let source = folders();
    packed(source.path(), &folder.path().join("all.zip"));
    let server = Server::start(&[text(&folder.path().join("all.zip"))]);
    for id in ["all.zip%2Froads%2Froads.shp", "%2Fvsizip%2Fall.zip%2Froads%2Froads.shp", "roads.shp", "..%2Fall.zip"] {
        server.get(&format!("/ogcapi/collections/{id}/items")).expect(404);
    }
}
