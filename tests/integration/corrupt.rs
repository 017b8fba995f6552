//! Damaged files: a clear message at start and no crash; the good ones beside them are served.

use std::path::{Path, PathBuf};

use crate::harness::server::{Server, run, stderr};
use crate::harness::{SAMPLE, made, text};

fn damaged(name: &str, damage: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
    let mut bytes = std::fs::read(SAMPLE).unwrap();
    damage(&mut bytes);
    made(name, |path| std::fs::write(path, &bytes).unwrap())
}

/// `check` and `serve` tell that this file is at fault, and exit with 1.
#[track_caller]
fn refused(path: &Path) {
    for command in
        [&["check", text(path)][..], &["serve", text(path), "--listen", "127.0.0.1:0"], &["init", text(path)]]
    {
        let output = run(command);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {}", stderr(&output));
        let told = stderr(&output);
        assert!(told.contains(text(path)) && !told.contains("panicked"), "{command:?}: {told}");
    }
}

#[test]
fn a_file_that_is_cut_off() {
    for part in [0usize, 1, 10, 99, 100, 4096, 50_000] {
        refused(&damaged("cut.gpkg", |bytes| bytes.truncate(part)));
    }
    refused(&damaged("half.gpkg", |bytes| bytes.truncate(bytes.len() / 2)));
}

#[test]
fn a_file_that_is_something_else() {
    refused(&made("text.gpkg", |path| std::fs::write(path, "name,x,y\n".repeat(1000)).unwrap()));
    refused(&made("zeros.gpkg", |path| std::fs::write(path, vec![0; 100_000]).unwrap()));
    refused(&made("plain_sqlite.gpkg", |path| {
        rusqlite::Connection::open(path)
            .unwrap()
            .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
            .unwrap();
    }));
    refused(Path::new("/dev/null"));
}

#[test]
fn damage_within_never_stops_the_server() {
    let size = std::fs::metadata(SAMPLE).unwrap().len() as usize;
    for (number, from) in (0..size).step_by(size / 12).enumerate() {
        let path = damaged(&format!("flipped_{number}.gpkg"), |bytes| {
            let end = (from + 2000).min(bytes.len());
            bytes[from.max(100)..end.max(101)].iter_mut().for_each(|byte| *byte ^= 0x5a);
        });
        let output = run(&["check", text(&path)]);
        assert!(
            [0, 1].contains(&output.status.code().unwrap_or(101)),
            "{}: {:?}: {}",
            path.display(),
            output.status,
            stderr(&output)
        );
        assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
        if !output.status.success() {
            continue;
        }
        // What can be opened may still have damaged rows: an error or a break, and the next request is answered.
        let server = Server::start(&[text(&path), SAMPLE]);
        for layer in ["countries", "cities"] {
            let url = format!("{}/ogcapi/collections/{layer}/items?limit=1000", server.url);
            let _ = crate::harness::client::attempt("GET", &url, &[], &[]);
            let boxed = format!("{url}&bbox=0,0,50,50");
            let _ = crate::harness::client::attempt("GET", &boxed, &[], &[]);
        }
        assert_eq!(
            server.json("/ogcapi/collections/cities_2/items?limit=1")["numberReturned"],
            1,
            "the good file beside it"
        );
    }
}

#[test]
fn the_good_beside_the_bad_is_served() {
    let bad = damaged("bad.gpkg", |bytes| bytes.truncate(5000));
    let mut server = Server::start(&[text(&bad), SAMPLE]);
    assert_eq!(server.json("/ogcapi/collections/cities/items")["numberMatched"], 243);
    assert!(server.log().contains("bad.gpkg"), "{}", server.log());
    let output = run(&["check", text(&bad), SAMPLE]);
    assert_eq!(output.status.code(), Some(1));
}
