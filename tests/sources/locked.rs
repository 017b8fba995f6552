//! Files that others write while they are published.

use std::path::Path;

use rusqlite::Connection;

use crate::harness::server::Server;
use crate::harness::text;
use crate::made::file;

/// Takes a database as a writer does that suffers nobody else in it, and may wait for a moment.
fn taken(path: &Path) -> rusqlite::Result<Connection> {
    let database = Connection::open(path)?;
    database.execute_batch("PRAGMA busy_timeout = 3000; BEGIN EXCLUSIVE")?;
    Ok(database)
}

#[test]
fn a_page_that_is_not_the_last_leaves_no_lock_behind() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let (database, package) = (file(at, "plain", "sqlite"), file(at, "behind", "gpkg"));
    let virtual_file = at.join("virtual.vrt");
    let inner = format!(
        "<OGRVRTDataSource><OGRVRTLayer name='virtual'><SrcDataSource>{}</SrcDataSource>\
         <SrcLayer>behind</SrcLayer></OGRVRTLayer></OGRVRTDataSource>",
        text(&package)
    );
    std::fs::write(&virtual_file, inner).unwrap();
    let server = Server::start(&[text(&database), text(&virtual_file)]);
    for (layer, path) in [("plain", &database), ("virtual", &package)] {
        let items = format!("/ogcapi/collections/{layer}/items");
        for page in [
            format!("{items}?limit=3"),
            format!("{items}?limit=2&offset=3"),
            format!("{items}?limit=3&f=html"),
            format!("{items}?limit=3&f=csv"),
            format!("{items}?limit=2&filter=height%20%3E%204"),
            format!("{items}?limit=2&bbox=0,0,20,60"),
            format!("{items}/3"),
            "/ready".to_owned(),
        ] {
            server.get(&page).expect(200);
            let writer = taken(path);
            assert!(writer.is_ok(), "{page}: {:?}", writer.err());
        }
    }
}

#[test]
fn a_database_that_is_being_written_is_busy_and_not_broken() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "places", "sqlite");
    let mut server = Server::start_with(&[text(&path)], &[("SQLITE_BUSY_TIMEOUT", "50")]);
    server.get("/ogcapi/collections/places/items?limit=3").expect(200);
    let writer = taken(&path).unwrap();
    let answer = server.get("/ogcapi/collections/places/items?limit=3");
    assert!(!answer.header("retry-after").is_empty());
    answer.expect(503);
    drop(writer);
    server.get("/ogcapi/collections/places/items?limit=3").expect(200);
    // Of a layer, or where its handle had ended, of the whole file.
    assert!(server.log().contains("places.sqlite"), "{}", server.log());
}

#[test]
fn a_file_that_is_away_is_busy_and_not_broken() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["gpkg", "shp", "fgb", "sqlite"] {
        let path = file(folder.path(), "places", ending);
        let server = Server::start(&["--watch", "0", text(&path)]);
        server.get("/ogcapi/collections/places/items?limit=3").expect(200);
        let away = path.with_extension("away");
        std::fs::rename(&path, &away).unwrap();
        let answer = server.get("/ogcapi/collections/places/items?limit=3");
        assert!(!answer.header("retry-after").is_empty(), "{ending}");
        answer.expect(503);
        std::fs::rename(&away, &path).unwrap();
        server.get("/ogcapi/collections/places/items?limit=3").expect(200);
    }
}
