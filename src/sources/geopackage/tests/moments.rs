//! A page and what is counted on its way are of one moment, whoever writes meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

use super::*;
use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::expr::Expr;

const ROWS: i64 = 60;

#[tokio::test]
async fn a_page_has_as_many_rows_as_were_counted_while_somebody_writes() {
    let file = File::new();
    file.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; CREATE TABLE p (fid INTEGER PRIMARY KEY, geom BLOB)");
    for fid in 1..=2 * ROWS {
        // Half of them are far away.
        let at = if fid <= ROWS { 1.0 } else { 50.0 };
        file.insert("INSERT INTO p VALUES (?1, ?2)", &[&fid, &point(at, at)]);
    }
    file.run("CREATE TABLE near AS SELECT geom FROM p WHERE fid = 1");
    file.features("p", "geom", "POINT", 4326, 0);
    file.index("p", "geom");
    let view = open(&layer(&file, "p").source);
    let rects = vec![Rect { min_x: 0.0, min_y: 0.0, max_x: 2.0, max_y: 2.0 }];
    let filter = Some(Expr::Bbox { rects, z: None, crs: Crs::Crs84 });
    let query = Query { filter, limit: Some(1000), ..Query::default() };
    let (is_done, path) = (Arc::new(AtomicBool::new(false)), file.path.clone());
    let writer = std::thread::spawn({
        let is_done = is_done.clone();
        move || {
            let connection = Connection::open(path).unwrap();
            connection.execute_batch("PRAGMA busy_timeout=5000; PRAGMA synchronous=OFF").unwrap();
            let mut is_there = true;
            while !is_done.load(Ordering::Relaxed) {
                let change = if is_there {
                    format!("DELETE FROM p WHERE fid <= {ROWS}; DELETE FROM rtree_p_geom WHERE id <= {ROWS}")
                } else {
                    format!(
                        "INSERT INTO p SELECT fid - {ROWS}, (SELECT geom FROM near) FROM p WHERE fid > {ROWS};
                         INSERT INTO rtree_p_geom SELECT fid, 1, 1, 1, 1 FROM p WHERE fid <= {ROWS}"
                    )
                };
                connection.execute_batch(&format!("BEGIN IMMEDIATE; {change}; COMMIT")).unwrap();
                is_there = !is_there;
            }
        }
    });
    let mut counts: Vec<(Option<u64>, u64)> = Vec::new();
    let met = |counts: &[(Option<u64>, u64)], wanted: u64| counts.iter().any(|(_, count)| *count == wanted);
    while counts.len() < 300 || (counts.len() < 50_000 && !(met(&counts, 0) && met(&counts, ROWS.unsigned_abs()))) {
        let mut features = view.features(&query).unwrap();
        let mut count = 0;
        while let Some(batch) = features.next().await {
            count += batch.unwrap().len() as u64;
        }
        counts.push((features.matched(), count));
    }
    is_done.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    let whole = ROWS.unsigned_abs();
    assert!(
        counts
            .iter()
            .all(|(matched, count)| [0, whole].contains(count) && matched.is_none_or(|matched| matched == *count)),
        "{counts:?}"
    );
}
