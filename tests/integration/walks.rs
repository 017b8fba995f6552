//! A walk over pages while another program writes: what stood still is met once, in order, in every format and order.

use std::collections::HashSet;

use proptest::prelude::*;
use rusqlite::Connection;

use crate::harness::made;
use crate::harness::server::Server;
use crate::harness::walk::{ids, last, pages};

const FORMATS: [&str; 5] = ["geojson", "csv", "fgb", "geojsonseq", "html"];

/// A file with ties and nulls in every column; one column has an index.
fn file() -> std::path::PathBuf {
    made("walked.gpkg", |path| {
        let package = crate::harness::package::Package::new(path);
        let mut layer = package.layer("walked", "POINT", 4326, "a INTEGER, b TEXT, c REAL");
        let shape = crate::harness::shape::Shape::point(&[1.0, 2.0]);
        for _ in 0..120 {
            layer.row(Some(&shape), &[("a", &0), ("b", &""), ("c", &0.5)]);
        }
        layer.with_extent();
        package.finish();
        let file = Connection::open(path).unwrap();
        file.execute_batch("CREATE INDEX by_a ON walked (a);").unwrap();
        mix(&file, "1");
    })
}

/// Gives rows values in which they differ.
fn mix(file: &Connection, which: &str) {
    file.execute_batch(&format!(
        "UPDATE walked SET a = nullif(fid * 7 % 5, 3), b = CASE fid % 4 WHEN 0 THEN NULL ELSE char(97 + fid * 11 % 6) END,
            c = nullif(fid * 3 % 7, 2) / 2.0 WHERE {which}"
    ))
    .unwrap();
}

/// What another program does between two pages.
#[derive(Clone, Debug)]
enum Change {
    Delete(i64),
    Insert(i64),
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![(1i64..300).prop_map(Change::Delete), (121i64..300).prop_map(Change::Insert)]
}

fn apply(file: &Connection, change: &Change) {
    match change {
        Change::Delete(fid) => {
            file.execute("DELETE FROM walked WHERE fid = ?1", [fid]).unwrap();
        }
        Change::Insert(fid) => {
            let added =
                file.execute("INSERT OR IGNORE INTO walked (fid, geom) SELECT ?1, geom FROM walked LIMIT 1", [fid]);
            if added.unwrap() > 0 {
                mix(file, &format!("fid = {fid}"));
            }
        }
    }
}

#[test]
fn a_walk_while_rows_come_and_go_meets_once_what_stays() {
    let path = file();
    let server = Server::start(&[path.to_str().unwrap()]);
    let file = Connection::open(&path).unwrap();
    file.execute_batch("PRAGMA busy_timeout = 10000").unwrap();
    let step = (prop::sample::select(vec!["a", "b", "c", "fid"]), any::<bool>());
    let sort = prop::collection::vec(step, 0..3);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) };
    proptest!(config, |(
        sort in sort, format in prop::sample::select(FORMATS.to_vec()), size in 7u32..40, is_back in any::<bool>(),
        changes in prop::collection::vec(prop::collection::vec(any_change(), 0..6), 1..6),
    )| {
        let sort: Vec<String> = sort.iter().map(|(name, down)| format!("{}{name}", if *down { "-" } else { "" })).collect();
        let order = if sort.is_empty() { String::new() } else { format!("&sortby={}", sort.join(",")) };
        let url = |size: u32, format: &str| {
            format!("{}/ogcapi/collections/walked/items?limit={size}&f={format}{order}", server.url)
        };
        let whole = || ids(&server.get(url(1000, "geojson").strip_prefix(&server.url).unwrap()).expect(200), "geojson");
        let before = whole();
        let first = if is_back { last(&url(size, format)) } else { url(size, format) };
        let rel = if is_back { "prev" } else { "next" };
        let mut touched = HashSet::new();
        let mut met = pages(&first, format, rel, &mut |page| {
            for change in changes.get(page - 1).into_iter().flatten() {
                apply(&file, change);
                let (Change::Delete(fid) | Change::Insert(fid)) = change;
                touched.insert(fid.to_string());
            }
        });
        if is_back {
            met.reverse();
        }
        let met = met.concat();
        let unique: HashSet<_> = met.iter().collect();
        prop_assert_eq!(unique.len(), met.len(), "twice: {:?}", met);
        let still = |all: &[String]| all.iter().filter(|id| !touched.contains(*id)).cloned().collect::<Vec<_>>();
        prop_assert_eq!(still(&met), still(&before), "{} {}", first, rel);
        // None but those that were there at one time or another.
        let after: HashSet<_> = whole().into_iter().chain(before).chain(touched.clone()).collect();
        prop_assert!(met.iter().all(|id| after.contains(id)));
    });
}
