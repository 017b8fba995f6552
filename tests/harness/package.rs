//! Writes GeoPackages. Spatial indexes are filled by hand, for the functions that triggers would call are not SQLite's.

use std::path::Path;

use rusqlite::{Connection, ToSql};

use super::shape::Shape;

/// A file that is being written.
pub(crate) struct Package(Connection);

const TABLES: &str = "
    PRAGMA journal_mode = off; PRAGMA synchronous = off;
    PRAGMA application_id = 1196444487; PRAGMA user_version = 10300;
    CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
        organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
    CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
        description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT '2026-01-01T00:00:00.000Z',
        min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);
    CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
        geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL);
    CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL,
        definition TEXT NOT NULL, scope TEXT NOT NULL);
    INSERT INTO gpkg_spatial_ref_sys VALUES
        ('undefined cartesian', -1, 'NONE', -1, 'undefined', NULL), ('undefined geographic', 0, 'NONE', 0, 'undefined', NULL),
        ('WGS 84', 4326, 'EPSG', 4326, 'undefined', NULL), ('Pseudo-Mercator', 3857, 'EPSG', 3857, 'undefined', NULL),
        ('New York Long Island (ftUS)', 2263, 'EPSG', 2263, 'undefined', NULL),
        ('PDC Mercator', 3832, 'EPSG', 3832, 'undefined', NULL);
    BEGIN;
";

/// A layer that is being written: its table, and whether its rows are indexed.
pub(crate) struct Layer<'a> {
    package: &'a Package,
    table: String,
    srs: i32,
    extent: Option<[f64; 4]>,
}

/// A name as SQL quotes it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Package {
    pub(crate) fn new(path: &Path) -> Self {
        let connection = Connection::open(path).unwrap();
        connection.execute_batch(TABLES).unwrap();
        Self(connection)
    }

    /// Runs statements as they are.
    pub(crate) fn run(&self, sql: &str) {
        self.0.execute_batch(sql).unwrap();
    }

    /// Registers a table or view without geometry.
    pub(crate) fn attributes(&self, table: &str) {
        let sql = "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES (?1, 'attributes', ?1)";
        self.0.execute(sql, [table]).unwrap();
    }

    /// Registers a table or view with the geometry column `geom`.
    pub(crate) fn features(&self, table: &str, kind: &str, srs: i32, z: bool, m: bool) {
        let sql =
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES (?1, 'features', ?1, ?2)";
        self.0.execute(sql, (table, srs)).unwrap();
        let sql = "INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', ?2, ?3, ?4, ?5)";
        self.0.execute(sql, (table, kind, srs, z, m)).unwrap();
    }

    /// A feature table with an index, `fid` as key, and these further columns.
    pub(crate) fn layer(&self, table: &str, kind: &str, srs: i32, columns: &str) -> Layer<'_> {
        self.layer_with(
            table,
            kind,
            srs,
            (false, false),
            &format!("fid INTEGER PRIMARY KEY AUTOINCREMENT, geom {kind}, {columns}"),
        )
    }

    /// A feature table with an index and exactly these columns; one of them is `geom`.
    pub(crate) fn layer_with(
        &self,
        table: &str,
        kind: &str,
        srs: i32,
        (z, m): (bool, bool),
        columns: &str,
    ) -> Layer<'_> {
        self.run(&format!("CREATE TABLE {} ({columns})", quoted(table)));
        self.features(table, kind, srs, z, m);
        let rtree = quoted(&format!("rtree_{table}_geom"));
        self.run(&format!("CREATE VIRTUAL TABLE {rtree} USING rtree(id, minx, maxx, miny, maxy)"));
        let sql = "INSERT INTO gpkg_extensions VALUES (?1, 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')";
        self.0.execute(sql, [table]).unwrap();
        Layer { package: self, table: table.to_owned(), srs, extent: None }
    }

    /// Ends the writing.
    pub(crate) fn finish(self) {
        self.run("COMMIT");
    }
}

impl Layer<'_> {
    /// Adds a row: its geometry and the values of these columns.
    pub(crate) fn row(&mut self, shape: Option<&Shape>, values: &[(&str, &dyn ToSql)]) -> &mut Self {
        let blob = shape.map(|shape| shape.blob(self.srs));
        let mut names = vec!["geom".to_owned()];
        names.extend(values.iter().map(|(name, _)| quoted(name)));
        let marks = vec!["?"; names.len()].join(", ");
        let sql = format!("INSERT INTO {} ({}) VALUES ({marks})", quoted(&self.table), names.join(", "));
        let all: Vec<&dyn ToSql> =
            std::iter::once(&blob as &dyn ToSql).chain(values.iter().map(|(_, value)| *value)).collect();
        let connection = &self.package.0;
        connection.prepare_cached(&sql).unwrap().execute(all.as_slice()).unwrap();
        let Some([west, south, east, north]) = shape.map(Shape::envelope) else { return self };
        let sql = format!("INSERT INTO {} VALUES (?1, ?2, ?3, ?4, ?5)", quoted(&format!("rtree_{}_geom", self.table)));
        let id = connection.last_insert_rowid();
        connection.prepare_cached(&sql).unwrap().execute((id, west, east, south, north)).unwrap();
        let [a, b, c, d] = self.extent.unwrap_or([west, south, east, north]);
        self.extent = Some([a.min(west), b.min(south), c.max(east), d.max(north)]);
        self
    }

    /// Writes the extent down, as programs do when they are done.
    pub(crate) fn with_extent(&self) {
        let [west, south, east, north] = self.extent.unwrap();
        let sql = "UPDATE gpkg_contents SET min_x = ?2, min_y = ?3, max_x = ?4, max_y = ?5 WHERE table_name = ?1";
        self.package.0.execute(sql, (&self.table, west, south, east, north)).unwrap();
    }
}
