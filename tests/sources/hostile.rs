//! Files that are cut off, damaged or made to harm: a clear message, the rest is served, nothing crashes or hangs.

use std::path::{Path, PathBuf};

use crate::harness::server::{Server, run, stderr};
use crate::harness::text;
use crate::made::{FORMATS, file};

/// Formats that are one file, whose bytes can be harmed.
fn formats() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|(ending, ..)| *ending).filter(|ending| *ending != "gdb")
}

/// Tries a file: `check` ends by itself, with a message or none. 124 is the time-out, more is a signal.
fn check(path: &Path) -> String {
    let output = run(&["check", text(path)]);
    let told = stderr(&output);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}: {:?}: {told}", path.display(), output.status);
    if output.status.code() == Some(1) {
        assert!(
            told.contains(path.file_stem().unwrap().to_str().unwrap()),
            "{}: it is not named: {told}",
            path.display()
        );
    }
    told
}

/// Harms the bytes of a file in some way.
type Harm = (&'static str, fn(&mut Vec<u8>));

const HARMS: [Harm; 7] = [
    ("empty", |bytes| bytes.clear()),
    ("head", |bytes| bytes.truncate(60)),
    ("half", |bytes| bytes.truncate(bytes.len() / 2)),
    ("tail", |bytes| bytes.truncate(bytes.len() - 7)),
    ("noise", |bytes| {
        let mut seed = 1_u32;
        let length = bytes.len();
        for _ in 0..40 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bytes[seed as usize % length] = seed.to_le_bytes()[3];
        }
    }),
    ("ones", |bytes| {
        let (start, end) = (bytes.len() / 3, bytes.len() / 3 + 64);
        let end = end.min(bytes.len());
        bytes[start..end].fill(0xff);
    }),
    ("zeros", |bytes| bytes.fill(0)),
];

#[test]
fn harmed_files_of_every_format_are_told_and_the_rest_is_served() {
    let folder = tempfile::tempdir().unwrap();
    for ending in formats() {
        let whole = file(folder.path(), "whole", ending);
        let bytes = std::fs::read(&whole).unwrap();
        for (name, harm) in HARMS {
            let mut harmed = bytes.clone();
            harm(&mut harmed);
            let stem = format!("{name}_{ending}");
            // The other parts of a Shapefile or MapInfo table are whole.
            for beside in ["shx", "dbf", "prj", "cpg", "dat", "map", "id", "xsd"] {
                let part = whole.with_extension(beside);
                if part.exists() {
                    std::fs::copy(part, folder.path().join(&stem).with_extension(beside)).unwrap();
                }
            }
            std::fs::write(folder.path().join(format!("{stem}.{ending}")), harmed).unwrap();
        }
    }
    let output = run(&["check", text(folder.path())]);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    for ending in formats() {
        assert!(told.contains(&format!("empty_{ending}.{ending}")), "the empty {ending} is told: {told}");
        assert!(told.contains(&format!("zeros_{ending}.{ending}")), "the {ending} of zeros is told: {told}");
    }
    let server = Server::start(&[text(folder.path())]);
    let collections = server.json("/ogcapi/collections");
    for collection in collections["collections"].as_array().unwrap() {
        let id = collection["id"].as_str().unwrap();
        let items = format!("/ogcapi/collections/{}/items", id.replace('/', "%2F"));
        for query in ["", "?limit=3&offset=5", "?bbox=0,0,20,20", "?f=csv", "?f=fgb", "?bbox=170,80,171,81"] {
            // What was harmed in the middle may be noticed while it is read, even after the head has gone out.
            let url = format!("{}{items}{query}", server.url);
            if let Ok(answer) = crate::harness::client::attempt("GET", &url, &[], &[]) {
                assert!(matches!(answer.status, 200 | 500 | 503), "{url}: {}", answer.status);
            }
        }
        if id.starts_with("whole") {
            assert_eq!(server.json(&format!("{items}?limit=1"))["numberMatched"], 10, "{id}");
        }
    }
}

fn written(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn files_that_are_made_to_harm_do_none() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let entity = |number: i32| format!("<!ENTITY l{} \"{}\">", number + 1, format!("&l{number};").repeat(10));
    let entities = (0..9).map(entity).collect::<Vec<_>>().concat();
    let laughs = |root: &str, inner: &str| {
        format!("<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY l0 \"lol\">{entities}]>{root}{inner}")
    };
    let outside = |root: &str, inner: &str| {
        format!("<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{root}{inner}")
    };
    let kml = |value: &str| {
        format!(
            "<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document><Placemark><name>{value}</name><Point>\
             <coordinates>1,2</coordinates></Point></Placemark></Document></kml>"
        )
    };
    let gpx = |value: &str| {
        format!(
            "<gpx version=\"1.1\" xmlns=\"http://www.topografix.com/GPX/1/1\"><wpt lat=\"1\" lon=\"2\"><name>{value}</name></wpt></gpx>"
        )
    };
    let gml = |value: &str| {
        format!(
            "<ogr:FeatureCollection xmlns:ogr=\"http://ogr.maptools.org/\" xmlns:gml=\"http://www.opengis.net/gml\">\
             <gml:featureMember><ogr:a><ogr:name>{value}</ogr:name></ogr:a></gml:featureMember></ogr:FeatureCollection>"
        )
    };
    let mut files = Vec::new();
    for (ending, document) in [("kml", kml as fn(&str) -> String), ("gpx", gpx), ("gml", gml)] {
        files.push(written(at, &format!("laughs_{ending}.{ending}"), laughs("", &document("&l9;"))));
        files.push(written(at, &format!("outside_{ending}.{ending}"), outside("", &document("&e;"))));
        files.push(written(at, &format!("deep_{ending}.{ending}"), "<a>".repeat(200_000)));
    }
    let point = "{\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"Point\",\"coordinates\":";
    files.push(written(at, "deep.geojson", format!("{point}{}", "[".repeat(500_000))));
    let collection = "{\"type\":\"GeometryCollection\",\"geometries\":[".repeat(20_000);
    let nested =
        format!("{{\"type\":\"Feature\",\"properties\":{{}},\"geometry\":{collection}{}}}", "]}".repeat(20_000));
    files.push(written(at, "nested.geojson", nested));
    files.push(written(at, "huge_number.geojson", format!("{point}[1e999,{}]}}}}", "9".repeat(10_000))));
    files.push(written(at, "wide.csv", format!("{}\n{}\n", "c,".repeat(20_000), "1,".repeat(20_000))));
    files.push(written(at, "one_line.csv", "x".repeat(3_000_000)));
    files.push(written(at, "open_quote.csv", format!("a,b\n\"{}", "x,\n".repeat(300_000))));
    // A header that says that it is four gigabytes long, and one that has no end of features.
    files.push(written(at, "long_header.fgb", [&b"fgb\x03fgb\x00"[..], &[0xff; 400]].concat()));
    let whole = std::fs::read(file(at, "fine", "fgb")).unwrap();
    for (number, place) in (0..whole.len().min(900)).step_by(9).enumerate() {
        let mut harmed = whole.clone();
        harmed[place..place + 4].fill(0xff);
        files.push(written(at, &format!("harmed{number}.fgb"), harmed));
    }
    let shape = std::fs::read(file(at, "shape", "shp")).unwrap();
    let (index, table) = (std::fs::read(at.join("shape.shx")).unwrap(), std::fs::read(at.join("shape.dbf")).unwrap());
    for (number, place) in (0..shape.len()).step_by(7).enumerate() {
        let (mut shape, mut index, mut table) = (shape.clone(), index.clone(), table.clone());
        for bytes in [&mut shape, &mut index, &mut table] {
            let end = (place + 4).min(bytes.len());
            bytes[place.min(end)..end].fill(0x7f);
        }
        written(at, &format!("broken{number}.shx"), index);
        written(at, &format!("broken{number}.dbf"), table);
        files.push(written(at, &format!("broken{number}.shp"), shape));
    }
    for path in files.iter().filter(|path| !path.file_name().unwrap().to_str().unwrap().starts_with(['h', 'b'])) {
        let told = check(path);
        assert!(!told.contains("root:"), "{}: {told}", path.display());
    }
    let server = Server::start(&[text(at)]);
    let collections = server.json("/ogcapi/collections");
    let ids: Vec<&str> =
        collections["collections"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    for id in &ids {
        let url = format!("{}/ogcapi/collections/{id}/items?limit=100", server.url);
        if let Ok(answer) = crate::harness::client::attempt("GET", &url, &[], &[]) {
            assert!(matches!(answer.status, 200 | 500 | 503), "{url}: {}", answer.status);
            assert!(!String::from_utf8_lossy(&answer.body).contains("root:"), "{url} tells of another file");
            assert!(answer.body.len() < 20_000_000, "{url}: {} bytes", answer.body.len());
        }
    }
    assert!(ids.contains(&"fine") && ids.contains(&"shape"), "{ids:?}");
    assert_eq!(server.json("/ogcapi/collections/fine/items")["numberMatched"], 10);
}

/// The file as it is, cut off by so many bytes.
fn cut(path: &Path, from_end: usize) {
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, &bytes[..bytes.len() - from_end]).unwrap();
}

#[test]
fn a_file_that_is_cut_off_is_refused_by_check_and_not_served_as_if_whole() {
    let folder = tempfile::tempdir().unwrap();
    for (ending, missing) in [("gml", 20), ("shp", 100), ("fgb", 60), ("geojsons", 30)] {
        for has_schema in [true, false] {
            let whole = file(folder.path(), "whole", ending);
            if !has_schema {
                let _ = std::fs::remove_file(whole.with_extension("xsd"));
            }
            assert!(!check(&whole).contains("damaged"));
            cut(&whole, missing);
            let output = run(&["check", text(&whole)]);
            assert_eq!(output.status.code(), Some(1), "{ending} {has_schema}");
            assert!(stderr(&output).contains(text(&whole)), "{}", stderr(&output));
            if stderr(&output).contains("the data of this layer cannot be read") {
                // Only a walk through it all tells: the answer is an error or breaks off.
                let mut server = Server::start(&[text(&whole)]);
                let url = format!("{}/ogcapi/collections/whole/items", server.url);
                let answer = crate::harness::client::attempt("GET", &url, &[], &[]);
                let is_told = answer.as_ref().map_or(true, |answer| answer.status == 500);
                assert!(is_told, "{ending} {has_schema}: {}", answer.unwrap().text());
                assert!(server.log().contains("whole"), "{}", server.log());
            }
            std::fs::remove_file(&whole).unwrap();
        }
    }
}

/// A GeoPackage whose view is this statement.
fn with_view(folder: &Path, name: &str, select: &str) {
    let path = file(folder, name, "gpkg");
    let package = rusqlite::Connection::open(&path).unwrap();
    package
        .execute_batch(&format!(
            "CREATE VIEW {name}_view AS {select};
            INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('{name}_view', 'features', '{name}_view', 4326);
            INSERT INTO gpkg_geometry_columns VALUES ('{name}_view', 'geom', 'POINT', 4326, 0, 0);
            CREATE TRIGGER gone AFTER INSERT ON {name} BEGIN DELETE FROM {name}; END;"
        ))
        .unwrap();
}

#[test]
fn views_without_end_and_with_huge_values_cost_no_more_than_a_request_may() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let numbers = "WITH RECURSIVE n(fid) AS (SELECT 1 UNION ALL SELECT fid + 1 FROM n)";
    with_view(
        at,
        "endless",
        &format!("{numbers} SELECT n.fid, p.geom FROM n, (SELECT geom FROM endless LIMIT 1) AS p"),
    );
    with_view(at, "never", &format!("{numbers} SELECT n.fid, NULL AS geom FROM n WHERE fid < 0"));
    with_view(at, "huge", "SELECT fid, geom, hex(zeroblob(400000000)) AS name FROM huge");
    with_view(at, "shape", "SELECT fid, zeroblob(900000000) AS geom FROM shape");
    with_view(at, "code", "SELECT fid, geom, load_extension('/tmp/none.so') AS name FROM code");
    with_view(at, "written", "SELECT fid, geom FROM written");
    let package = rusqlite::Connection::open(at.join("written.gpkg")).unwrap();
    package
        .execute_batch(
            "PRAGMA writable_schema = ON;
            UPDATE sqlite_master SET sql = 'CREATE VIEW written_view AS SELECT * FROM written_view' WHERE name = 'written_view';",
        )
        .unwrap();
    drop(package);
    let mut server = Server::start(&[text(at), "--limit", "request_seconds=2"]);
    for id in ["endless", "never", "huge", "shape", "code", "written"] {
        assert_eq!(server.json(&format!("/ogcapi/collections/{id}/items"))["numberMatched"], 10, "{id}");
    }
    for (view, statuses) in [
        ("endless", [200, 503]),
        ("never", [503, 503]),
        ("huge", [404, 500]),
        ("shape", [500, 500]),
        ("written", [404, 404]),
    ] {
        let answer = server.get(&format!("/ogcapi/collections/{view}_view/items?limit=5"));
        assert!(statuses.contains(&answer.status), "{view}: {}", answer.status);
    }
    let log = server.log();
    for told in ["huge_view", "code_view", "written_view"] {
        assert!(log.contains(told), "{told} is told: {log}");
    }
}

#[test]
fn names_that_say_another_format_are_told_or_read_as_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let whole = tempfile::tempdir().unwrap();
    let endings: Vec<&str> = formats().chain(["zip", "tif", "kmz", "shz"]).collect();
    for ending in formats() {
        let bytes = std::fs::read(file(whole.path(), &format!("it_{ending}"), ending)).unwrap();
        for other in endings.iter().filter(|other| **other != ending) {
            written(folder.path(), &format!("{ending}_as.{other}"), &bytes);
        }
        written(folder.path(), &format!("{ending}_plain"), &bytes);
    }
    let output = run(&["check", text(folder.path())]);
    let told = stderr(&output);
    assert!(output.status.code() == Some(1) && !told.contains("panicked"), "{told}");
    let server = Server::start(&[text(folder.path()), text(&file(whole.path(), "fine", "fgb"))]);
    let collections = server.json("/ogcapi/collections");
    for collection in collections["collections"].as_array().unwrap() {
        let id = collection["id"].as_str().unwrap();
        let answer = server.get(&format!("/ogcapi/collections/{id}/items?limit=100"));
        assert!(matches!(answer.status, 200 | 500), "{id}: {}", answer.status);
    }
    assert_eq!(server.json("/ogcapi/collections/fine/items")["numberMatched"], 10);
}

#[test]
fn long_texts_and_many_columns_take_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let long = "x".repeat(100_000_000);
    let columns = (0..10_000).map(|number| format!("c{number},")).collect::<Vec<_>>().concat();
    let mut files = vec![
        written(at, "wide.csv", format!("{columns}x,y\n{}1,2\n", "1,".repeat(10_000))),
        written(at, "long.csv", format!("a,x,y\n{long},1,2\nb,2,3\n")),
        written(at, "quoted.csv", format!("a,x,y\n\"{long}\",1,2\nb,2,3\n")),
        written(
            at,
            "long.geojson",
            format!("{{\"type\":\"Feature\",\"properties\":{{\"a\":\"{long}\"}},\"geometry\":null}}"),
        ),
    ];
    files.push(written(
        at,
        "long.geojsons",
        format!("{{\"type\":\"Feature\",\"properties\":{{\"a\":\"{long}\"}},\"geometry\":null}}\n"),
    ));
    drop(long);
    for path in files {
        let limited =
            format!("ulimit -v 4000000; exec timeout 50 {} check {}", crate::harness::server::PROGRAM, text(&path));
        let output = std::process::Command::new("sh").args(["-c", &limited]).output().unwrap();
        let told = stderr(&output);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}: {:?} {told}", path.display(), output.status);
        assert!(told.len() < 20_000, "{}: {} bytes are told", path.display(), told.len());
    }
}

/// Numbers of a header that say more than there is.
#[test]
fn headers_that_lie_about_counts_and_sizes_are_believed_in_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let shape = std::fs::read(file(at, "shape", "shp")).unwrap();
    let (index, table) = (std::fs::read(at.join("shape.shx")).unwrap(), std::fs::read(at.join("shape.dbf")).unwrap());
    // Length of the file, of a record; rows of the table, length of its head and of a row.
    for (number, (part, place, bytes)) in [
        ("shp", 24, &[0x7f, 0xff, 0xff, 0xff][..]),
        ("shx", 24, &[0x7f, 0xff, 0xff, 0xff]),
        ("shp", 104, &[0x7f, 0xff, 0xff, 0xff]),
        ("shx", 104, &[0x7f, 0xff, 0xff, 0xff]),
        ("shx", 100, &[0x00, 0x00, 0x00, 0x01]),
        ("dbf", 4, &[0xff, 0xff, 0xff, 0x7f]),
        ("dbf", 8, &[0xff, 0xff]),
        ("dbf", 10, &[0xff, 0xff]),
        ("dbf", 10, &[0, 0]),
    ]
    .into_iter()
    .enumerate()
    {
        for (ending, whole) in [("shp", &shape), ("shx", &index), ("dbf", &table)] {
            let mut lying = whole.clone();
            if ending == part {
                lying[place..place + bytes.len()].copy_from_slice(bytes);
            }
            written(at, &format!("lie{number}.{ending}"), lying);
        }
    }
    let flat = std::fs::read(file(at, "flat", "fgb")).unwrap();
    for place in 8..12 {
        let mut lying = flat.clone();
        lying[place] = 0x7f;
        written(at, &format!("size{place}.fgb"), lying);
    }
    let package = std::fs::read(file(at, "pages", "gpkg")).unwrap();
    for (number, (place, value)) in [(28, 0x7f), (16, 0x80), (20, 0xff), (32, 0x7f)].into_iter().enumerate() {
        let mut lying = package.clone();
        lying[place] = value;
        written(at, &format!("pages{number}.gpkg"), lying);
    }
    let limited = format!("ulimit -v 4000000; exec timeout 50 {} check {}", crate::harness::server::PROGRAM, text(at));
    let output = std::process::Command::new("sh").args(["-c", &limited]).output().unwrap();
    let told = stderr(&output);
    assert!(output.status.code() == Some(1) && !told.contains("panicked"), "{:?} {told}", output.status);
    let server = Server::start(&[text(at)]);
    for collection in server.json("/ogcapi/collections")["collections"].as_array().unwrap() {
        let url = format!("{}/ogcapi/collections/{}/items?limit=100", server.url, collection["id"].as_str().unwrap());
        if let Ok(answer) = crate::harness::client::attempt("GET", &url, &[], &[]) {
            assert!(
                matches!(answer.status, 200 | 500 | 503) && answer.body.len() < 100_000,
                "{url}: {}",
                answer.status
            );
        }
    }
    assert_eq!(server.json("/ogcapi/collections/flat/items")["numberMatched"], 10);
}
