//! Files that are broken: a clear error or rows, never a panic.

use super::*;
use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::error::Error;
use crate::expr::Expr;

/// Reads all that there is, in every way; the first error, if any.
async fn try_all(path: &Path) -> Result<(), Error> {
    for layer in GeoPackage::open(path)?.layers() {
        let layer = layer.map_err(|(_, error)| error)?;
        let view = open(&layer.source);
        let bbox = Expr::Bbox {
            rects: vec![Rect { min_x: 0.0, min_y: 0.0, max_x: 20.0, max_y: 50.0 }],
            z: None,
            crs: Crs::Crs84,
        };
        let boxed = Query { filter: Some(bbox), limit: Some(50), ..Query::default() };
        let all = read(&view, &Query::default()).await.map(drop);
        let some = read(&view, &boxed).await.map(drop);
        view.count(&boxed, AMPLE).await?;
        view.extent(AMPLE).await;
        all.and(some)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_cut_off_is_refused() {
    let whole = std::fs::read(natural_earth()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.gpkg");
    for length in (0..whole.len()).step_by(1000) {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = GeoPackage::open(&path).unwrap_err();
        assert!(error.message().contains("cut.gpkg is "), "{error:?}");
    }
}

#[tokio::test]
async fn flipped_bytes_make_no_panic() {
    let whole = std::fs::read(natural_earth()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut random = 0x2545_f491_4f6c_dd1du64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 1).unwrap()
    };
    let mut failed = 0;
    for round in 0..150 {
        let mut bytes = whole.clone();
        for _ in 0..=round {
            let at = next() % bytes.len();
            bytes[at] = next().to_le_bytes()[0];
        }
        let path = folder.path().join(format!("{round}.gpkg"));
        std::fs::write(&path, bytes).unwrap();
        if let Err(error) = try_all(&path).await {
            assert!(!error.message().is_empty());
            assert!(!format!("{error:?}").contains("panicked"), "{error:?}");
            failed += 1;
        }
    }
    assert!(failed > 0);
}

#[test]
fn what_is_no_geopackage_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let said = |name: &str, bytes: Option<&[u8]>| {
        let path = folder.path().join(name);
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).unwrap();
        }
        GeoPackage::open(&path).unwrap_err().message().to_owned()
    };
    assert!(said("none.gpkg", None).ends_with("none.gpkg does not exist"));
    assert!(said("empty.gpkg", Some(b"")).ends_with("is empty"));
    assert!(said("text.gpkg", Some(&[b'x'; 1024])).ends_with("is not a SQLite file"));
    let noise: Vec<u8> = (0..1024u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0]).collect();
    assert!(said("noise.gpkg", Some(&noise)).contains("encrypted"));
    let plain = folder.path().join("plain.sqlite");
    rusqlite::Connection::open(&plain).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(said("plain.sqlite", None).contains("no table gpkg_contents"));
    assert!(GeoPackage::open(folder.path()).unwrap_err().message().ends_with("is not a file"));
}

#[tokio::test]
async fn a_file_in_wal_mode_is_read_with_what_is_not_written_back() {
    let file = File::new();
    file.run("PRAGMA journal_mode=wal; CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)");
    file.attributes("t");
    let source = layer(&file, "t").source;
    let (before, view) = (source.state(), open(&source));
    assert_eq!(ids(&read(&view, &Query::default()).await.unwrap().0), [1]);
    file.run("INSERT INTO t VALUES (2)");
    assert_ne!(source.state(), before);
    assert_eq!(ids(&read(&view, &Query::default()).await.unwrap().0), [1, 2]);
}
