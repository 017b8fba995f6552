//! Writes GeoPackages for tests. Spatial indexes are filled here, for the functions that triggers call are not SQLite's.

use std::path::PathBuf;

use rusqlite::{Connection, ToSql};

use super::super::{header, sql::quoted};
use crate::base::bbox::Rect;

/// A file in a folder of its own, which goes with it.
pub(super) struct File {
    _folder: tempfile::TempDir,
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
}

const TABLES: &str = "
    PRAGMA application_id = 1196444487;
    CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
        organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
    CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
        description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT '2026-01-01T00:00:00.000Z',
        min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);
    CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
        geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL);
    CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL,
        definition TEXT NOT NULL, scope TEXT NOT NULL);
    INSERT INTO gpkg_spatial_ref_sys VALUES ('WGS 84', 4326, 'EPSG', 4326, 'GEOGCS[]', NULL),
        ('own', 100000, 'NONE', 1, 'LOCAL_CS[]', NULL), ('bare', 100001, 'NONE', 2, 'undefined', NULL),
        ('New York', 2263, 'epsg', 2263, 'PROJCS[]', NULL);
";

impl File {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a file?#%20.gpkg");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(TABLES).unwrap();
        Self { _folder: folder, path, connection }
    }

    pub(super) fn run(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap();
    }

    pub(super) fn insert(&self, sql: &str, values: &[&dyn ToSql]) {
        self.connection.execute(sql, values).unwrap();
    }

    /// Registers a table or view without geometry.
    pub(super) fn attributes(&self, table: &str) {
        self.insert("INSERT INTO gpkg_contents (table_name, data_type) VALUES (?1, 'attributes')", &[&table]);
    }

    /// Registers a table or view with a geometry column.
    pub(super) fn features(&self, table: &str, column: &str, kind: &str, srs: i64, z: i64) {
        let contents =
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES (?1, 'features', ?1, ?2)";
        self.insert(contents, &[&table, &srs]);
        let geometry = "INSERT INTO gpkg_geometry_columns VALUES (?1, ?2, ?3, ?4, ?5, 0)";
        self.insert(geometry, &[&table, &column, &kind, &srs, &z]);
    }

    /// Makes and fills the spatial index.
    pub(super) fn index(&self, table: &str, column: &str) {
        let extension = "INSERT INTO gpkg_extensions VALUES (?1, ?2, 'gpkg_rtree_index', '', 'write-only')";
        self.insert(extension, &[&table, &column]);
        let rtree = quoted(&format!("rtree_{table}_{column}"));
        self.run(&format!("BEGIN; CREATE VIRTUAL TABLE {rtree} USING rtree(id, minx, maxx, miny, maxy)"));
        let (from, geometry) = (quoted(table), quoted(column));
        let mut rows = self.connection.prepare(&format!("SELECT rowid, {geometry} FROM {from}")).unwrap();
        let mut rows = rows.query([]).unwrap();
        let mut add = self.connection.prepare(&format!("INSERT INTO {rtree} VALUES (?1, ?2, ?3, ?4, ?5)")).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let id: i64 = row.get(0).unwrap();
            let blob: Option<Vec<u8>> = row.get(1).unwrap();
            if let Some(rect) = blob.as_deref().and_then(header::parse).and_then(|stored| envelope(&stored)) {
                add.execute((id, rect.min_x, rect.max_x, rect.min_y, rect.max_y)).unwrap();
            }
        }
        drop((rows, add));
        self.run("COMMIT");
    }
}

/// The envelope of what this writer writes; of what is broken, its first numbers.
fn envelope(stored: &header::Stored<'_>) -> Option<Rect> {
    let whole = crate::model::geometry::envelope(stored.wkb);
    stored.envelope.or(whole.ok().flatten()).or_else(|| {
        let number = |at: usize| stored.wkb[at..at + 8].try_into().map(f64::from_le_bytes).unwrap();
        (!number(5).is_nan()).then(|| Rect { min_x: number(5), max_x: number(5), min_y: number(13), max_y: number(13) })
    })
}

/// A header without an envelope and a geometry.
pub(super) fn blob(wkb: &[u8]) -> Vec<u8> {
    [b"GP\0\x01\xe6\x10\0\0", wkb].concat()
}

/// A point as a GeoPackage has it.
pub(super) fn point(x: f64, y: f64) -> Vec<u8> {
    blob(&wkb_point(x, y))
}

pub(super) fn wkb_point(x: f64, y: f64) -> Vec<u8> {
    [&[1, 1, 0, 0, 0][..], &x.to_le_bytes(), &y.to_le_bytes()].concat()
}

/// A line of two points, with an envelope in the header.
pub(super) fn line(from: (f64, f64), to: (f64, f64)) -> Vec<u8> {
    let mut bytes = b"GP\0\x03\xe6\x10\0\0".to_vec();
    for number in [from.0.min(to.0), from.0.max(to.0), from.1.min(to.1), from.1.max(to.1)] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend([1, 2, 0, 0, 0, 2, 0, 0, 0]);
    for number in [from.0, from.1, to.0, to.1] {
        bytes.extend(number.to_le_bytes());
    }
    bytes
}
