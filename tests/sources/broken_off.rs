//! Files whose end is met too soon: on a machine that breaks connections off, and on this one, cut off. Fewer rows never pass for all.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use crate::harness::server::{Server, program, run, stderr};
use crate::harness::{client, gdal, text};
use crate::remote::{BREAKS_OFF, ENVIRONMENT, Remote};

/// Rows of each file: dozens of the pieces that GDAL fetches.
const ROWS: usize = 20_000;

/// Points in a grid, as a FlatGeobuf.
fn points(folder: &Path, stem: &str, has_index: bool) -> PathBuf {
    let source = folder.join("source.csv");
    let mut rows = "n,name,x,y\n".to_owned();
    for n in 0..ROWS {
        let words = "and some more words of it ".repeat(3);
        writeln!(rows, "{n},the name of row {n} {words},{},{}", (n % 200) as f64 / 2.0, (n / 200) as f64 / 2.0)
            .unwrap();
    }
    std::fs::write(&source, rows).unwrap();
    let path = folder.join(format!("{stem}.fgb"));
    let index = format!("SPATIAL_INDEX={}", if has_index { "YES" } else { "NO" });
    let read = ["X_POSSIBLE_NAMES=x", "Y_POSSIBLE_NAMES=y", "AUTODETECT_TYPE=YES", "KEEP_GEOM_COLUMNS=NO"];
    let mut args = vec!["-q", "-f", "FlatGeobuf", "-a_srs", "EPSG:4326", "-lco", &index];
    args.extend(read.iter().flat_map(|option| ["-oo", option]));
    args.extend([text(&path), text(&source), "-nln", stem]);
    gdal::run("ogr2ogr", &args);
    std::fs::remove_file(source).unwrap();
    path
}

/// Questions whose answers need rows from all over the file.
const QUESTIONS: [&str; 5] = [
    "items?limit=10000&offset=6000&skipGeometry=true",
    "items?filter=n%3E15000&limit=3",
    "items?bbox=20,10,80,40&limit=10000",
    "items?bbox=20,10,80,40&filter=n%3E5000&limit=2&offset=20",
    "items/15000",
];

#[test]
fn a_flatgeobuf_whose_machine_breaks_off_is_never_answered_with_fewer_rows_and_comes_back_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    for (stem, has_index) in [("held", true), ("bare", false)] {
        let path = points(folder.path(), stem, has_index);
        let remote = Remote::start(folder.path());
        let near = Server::start(&[text(&path)]);
        let far = format!("/vsicurl/{}/{stem}.fgb", remote.url);
        for harm in [BREAKS_OFF, 500, 404] {
            for question in if harm == BREAKS_OFF { &QUESTIONS[..] } else { &QUESTIONS[3..] } {
                let url = format!("/ogcapi/collections/{stem}/{question}");
                // Nothing but its head and its end is known yet.
                let server = Server::start_with(&[&far], &ENVIRONMENT);
                remote.harm.store(harm, Ordering::Relaxed);
                for _ in 0..2 {
                    let answer = server.get(&url);
                    assert!(
                        !answer.header("retry-after").is_empty(),
                        "{url} {harm}: {} {}",
                        answer.status,
                        answer.text()
                    );
                    answer.expect(503);
                }
                remote.harm.store(0, Ordering::Relaxed);
                let (back, wanted) = (server.json(&url), near.json(&url));
                for part in ["features", "properties", "geometry"] {
                    assert_eq!(back[part], wanted[part], "{url} {harm}");
                }
            }
        }
        let server = Server::start_with(&[&far], &ENVIRONMENT);
        server.get(&format!("/ogcapi/collections/{stem}/items/{ROWS}")).expect(404);
    }
}

#[test]
fn a_raster_whose_machine_breaks_off_comes_back_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (path, small) = (folder.path().join("heights.tif"), concat!(env!("CARGO_MANIFEST_DIR"), "/data/elevation.tif"));
    gdal::run("gdal_translate", &["-q", "-outsize", "400%", "400%", "-co", "TILED=YES", small, text(&path)]);
    let remote = Remote::start(folder.path());
    let map = "SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=heights&STYLES=&CRS=CRS:84&BBOX=-85,36,-83,37";
    for harm in [BREAKS_OFF, 500] {
        let server = Server::start_with(&[&format!("/vsicurl/{}/heights.tif", remote.url)], &ENVIRONMENT);
        let map = format!("/ows?{map}&WIDTH=200&HEIGHT=100&FORMAT=image/png");
        remote.harm.store(harm, Ordering::Relaxed);
        let answer = server.get(&map);
        assert!(!answer.header("retry-after").is_empty(), "{harm}: {}", answer.status);
        answer.expect(503);
        remote.harm.store(0, Ordering::Relaxed);
        server.get(&map).expect(200);
    }
}

#[test]
fn check_tells_a_flatgeobuf_whose_machine_breaks_off() {
    let folder = tempfile::tempdir().unwrap();
    points(folder.path(), "points", true);
    let remote = Remote::start(folder.path());
    remote.harm.store(BREAKS_OFF, Ordering::Relaxed);
    let far = format!("/vsicurl/{}/points.fgb", remote.url);
    let output = program(&["check", &far]).envs(ENVIRONMENT).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("points.fgb"), "{}", stderr(&output));
}

#[test]
fn a_flatgeobuf_that_is_cut_off_is_told_and_never_answered_with_fewer_rows() {
    let folder = tempfile::tempdir().unwrap();
    let good = crate::made::file(folder.path(), "good", "geojson");
    for (stem, has_index) in [("held", true), ("bare", false)] {
        let path = points(folder.path(), stem, has_index);
        let whole = std::fs::read(&path).unwrap();
        // Between two features: the last begins with its length, which is told nowhere else.
        let last = (0..whole.len() - 4)
            .rev()
            .find(|&at| u32::from_le_bytes(whole[at..at + 4].try_into().unwrap()) as usize == whole.len() - at - 4)
            .unwrap();
        for length in [600, 3000, 8192, 500_000, whole.len() / 2, last, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            let output = run(&["check", text(&path)]);
            assert_eq!(output.status.code(), Some(1), "{stem} {length}: {}", stderr(&output));
            let server = Server::start(&[text(&path), text(&good)]);
            // Each needs the last row, or the look whether there is one.
            for question in
                ["items?limit=10000&offset=10500", "items?bbox=20,10,80,40&limit=10000", "items?filter=n%3E19990"]
            {
                let url = format!("{}/ogcapi/collections/{stem}/{question}", server.url);
                // An answer that has begun breaks off.
                let Ok(answer) = client::attempt("GET", &url, &[], &[]) else { continue };
                let wanted: &[u16] = if has_index { &[404] } else { &[404, 500] };
                assert!(wanted.contains(&answer.status), "{stem} {length} {question}: {}", answer.status);
            }
        }
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(run(&["check", text(&path)]).status.code(), Some(0));
    }
}
