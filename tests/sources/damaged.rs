//! Damage in later rows: whoever meets it is told, a broken stream never looks whole, and the good rows before it are served where the format has
//! places for them.

use std::path::{Path, PathBuf};

use crate::harness::server::{Server, run, stderr};
use crate::harness::{client, gdal, text};
use crate::made::FORMATS;

/// Rows of each file: some hundred kilobytes in every format.
const ROWS: usize = 4000;

/// Formats that end where they end: nobody can tell that rows are missing.
const WITHOUT_END: [&str; 1] = ["csv"];

/// A file with many rows.
fn large(folder: &Path, ending: &str) -> PathBuf {
    let source = folder.join("source.csv");
    if !source.exists() {
        let row = |n: usize| {
            format!("{n},\"the long name of the row with the number {n}\",{},{}\n", n % 360 - n % 180, n % 90)
        };
        std::fs::write(&source, format!("n,name,x,y\n{}", (0..ROWS).map(row).collect::<String>())).unwrap();
    }
    let path = folder.join(format!("whole.{ending}"));
    let (_, driver, options) = FORMATS.iter().find(|(other, ..)| *other == ending).unwrap();
    let read = ["X_POSSIBLE_NAMES=x", "Y_POSSIBLE_NAMES=y", "AUTODETECT_TYPE=YES", "KEEP_GEOM_COLUMNS=NO"];
    let mut args = vec!["-q", "-f", driver, "-a_srs", "EPSG:4326"];
    args.extend(read.iter().flat_map(|option| ["-oo", option]));
    args.extend_from_slice(options);
    args.extend([text(&path), text(&source), "-nln", if ending == "gpx" { "waypoints" } else { "whole" }]);
    gdal::run("ogr2ogr", &args);
    path
}

/// The part of a dataset that holds its rows.
fn rows_of(path: &Path) -> PathBuf {
    let sizes =
        |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    match path.extension().and_then(|it| it.to_str()) {
        Some("gdb") => sizes(path).into_iter().max_by_key(|part| std::fs::metadata(part).unwrap().len()).unwrap(),
        Some("tab") => path.with_extension("map"),
        _ => path.to_owned(),
    }
}

/// What is served of a damaged file.
fn look(path: &Path, ending: &str, harm: &str) {
    let output = run(&["check", text(path)]);
    let told = stderr(&output);
    assert!(matches!(output.status.code(), Some(0 | 1)) && !told.contains("panicked"), "{ending} {harm}: {told}");
    let is_found = output.status.code() == Some(1);
    assert!(is_found || harm != "cut" || WITHOUT_END.contains(&ending), "{ending} {harm}: check finds nothing");
    assert!(!is_found || told.contains("whole"), "{ending} {harm}: it is named: {told}");
    let good = path.with_file_name("good.geojson");
    std::fs::write(&good, crate::made::PLACES).unwrap();
    let mut server = Server::start(&[text(path), text(&good)]);
    let listed = server.json("/ogcapi/collections");
    let ids: Vec<&str> =
        listed["collections"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"good"), "{ending} {harm}: {ids:?}");
    let id = if ending == "gpx" { "waypoints" } else { "whole" };
    if ids.contains(&id) {
        let mut fails = false;
        // Twice: what was met by one request is met by the next, also on the thread that met it.
        for query in [
            "limit=10000",
            "limit=10000",
            "limit=10000&f=csv",
            "limit=10000&f=fgb",
            "limit=10000&f=geojsonseq",
            "limit=5",
        ] {
            let url = format!("{}/ogcapi/collections/{id}/items?{query}", server.url);
            match client::attempt("GET", &url, &[], &[]) {
                Err(_) => fails = true,
                Ok(answer) if answer.status == 200 && query.starts_with("limit=10000") => {
                    assert!(!is_found, "{ending} {harm} {query}: a broken stream looks whole");
                }
                Ok(answer) => {
                    assert!(matches!(answer.status, 200 | 500), "{ending} {harm} {query}: {}", answer.status);
                    let body = answer.text();
                    let is_clean = !body.contains(text(path.parent().unwrap())) && !body.contains("fread");
                    assert!(answer.status == 200 || is_clean, "{ending} {harm}: {body}");
                    fails |= answer.status == 500;
                }
            }
        }
        let log = server.log();
        assert!(!fails || (log.contains(text(path)) && log.contains(id)), "{ending} {harm}: {log}");
        assert!(!log.contains("panicked"), "{log}");
    } else {
        assert!(server.log().contains("whole"), "{ending} {harm}: {}", server.log());
        server.get("/ready").expect(200);
        assert_eq!(server.json("/ready")["status"], "degraded", "{ending} {harm}");
    }
    assert_eq!(server.json("/ogcapi/collections/good/items")["numberMatched"], 10, "{ending} {harm}");
}

fn damaged(ending: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = large(folder.path(), ending);
    std::fs::remove_file(folder.path().join("source.csv")).unwrap();
    let part = rows_of(&path);
    let whole = std::fs::read(&part).unwrap();
    let middle = whole.len() * 3 / 5;
    let mut seed = 7_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed.to_be_bytes()[0]
    };
    let mut flipped = whole.clone();
    flipped[middle..].iter_mut().take(6000).for_each(|byte| *byte = noise());
    for (harm, bytes) in [("cut", whole[..middle].to_vec()), ("flipped", flipped)] {
        std::fs::write(&part, bytes).unwrap();
        // GDAL keeps what it found out about GML.
        let _ = std::fs::remove_file(path.with_extension("gfs"));
        look(&path, ending, harm);
    }
}

macro_rules! each_format {
    ($($ending:ident)*) => {
        $(#[test]
        fn $ending() {
            damaged(stringify!($ending));
        })*

        #[test]
        fn every_format_is_damaged_here() {
            let tested = [$(stringify!($ending)),*];
            assert!(FORMATS.iter().all(|(ending, ..)| tested.contains(ending)), "{tested:?}");
        }
    };
}

each_format!(gpkg shp fgb geojson geojsons csv gml kml gpx tab sqlite gdb);

/// The leaf of a table that is read last is damaged: pages before it are served, and those that meet it fail.
#[test]
fn a_page_of_a_geopackage_in_the_middle_of_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = large(folder.path(), "gpkg");
    let mut bytes = std::fs::read(&path).unwrap();
    let needle = b"the long name of the row with the number 2500";
    let at = bytes.windows(needle.len()).position(|window| window == needle).unwrap();
    let page = at / 4096 * 4096;
    bytes[page..page + 8].fill(0xee);
    std::fs::write(&path, bytes).unwrap();
    let output = run(&["check", text(&path)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("layer 'whole'") && stderr(&output).contains("malformed"), "{}", stderr(&output));
    let server = Server::start(&[text(&path)]);
    let items = "/ogcapi/collections/whole/items";
    assert_eq!(server.json(&format!("{items}?limit=100"))["numberReturned"], 100);
    let answer = server.get(&format!("{items}?limit=100&offset=2450")).expect(500);
    assert!(!answer.text().contains("malformed") && !answer.text().contains(text(&path)), "{}", answer.text());
    for format in ["json", "csv", "fgb", "geojsonseq"] {
        let url = format!("{}{items}?limit=10000&f={format}", server.url);
        let whole = client::attempt("GET", &url, &[], &[]).is_ok_and(|answer| answer.status == 200);
        assert!(!whole, "{format}: a broken stream looks whole");
    }
}

#[test]
fn too_many_open_files_are_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let first = crate::made::file(folder.path(), "places", "shp");
    for number in 0..40 {
        for ending in ["shp", "shx", "dbf", "prj", "cpg"] {
            let to = folder.path().join(format!("copy{number}.{ending}"));
            std::fs::copy(first.with_extension(ending), to).unwrap();
        }
    }
    let limited = format!("ulimit -n 40; exec {} check {}", crate::harness::server::PROGRAM, text(folder.path()));
    let output = std::process::Command::new("sh").args(["-c", &limited]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("too many open files"), "{told}");
    assert!(!told.contains("or is damaged"), "{told}");
}
