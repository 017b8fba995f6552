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
