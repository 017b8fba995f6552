//! The same rows in a GeoPackage, with a spatial index.

use std::path::Path;

use graticule::project::catalog::{Layer, Project};
use graticule::sources::geopackage::GeoPackage;
use rusqlite::Connection;

use super::world::{LAYERS, World};

pub(crate) const TABLES: &str = "
    PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA application_id = 1196444487;
    CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
        organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
    CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT,
        description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT '2026-01-01T00:00:00.000Z',
        min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);
    CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
        geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL);
    CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL,
        definition TEXT NOT NULL, scope TEXT NOT NULL);
    INSERT INTO gpkg_spatial_ref_sys VALUES ('WGS 84', 4326, 'EPSG', 4326, 'undefined', NULL);";

fn write(world: &World, path: &Path) -> rusqlite::Result<()> {
    let mut file = Connection::open(path)?;
    file.execute_batch(TABLES)?;
    let all = file.transaction()?;
    for (table, rows) in LAYERS.iter().zip(&world.rows) {
        all.execute_batch(&format!(
            "CREATE TABLE {table} (fid INTEGER PRIMARY KEY, geom POINT, a INTEGER, b TEXT, sentinel TEXT, t DATETIME);
            CREATE VIRTUAL TABLE rtree_{table}_geom USING rtree(id, minx, maxx, miny, maxy);
            INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('{table}', 'features', 4326);
            INSERT INTO gpkg_geometry_columns VALUES ('{table}', 'geom', 'POINT', 4326, 0, 0);
            INSERT INTO gpkg_extensions VALUES ('{table}', 'geom', 'gpkg_rtree_index', '', 'write-only');"
        ))?;
        for row in rows {
            let geometry = row.wkb().map(|wkb| [&b"GP\0\x01\xe6\x10\0\0"[..], &wkb].concat());
            let values = (row.id, geometry, row.a, &row.b, &row.sentinel, row.time());
            all.execute(&format!("INSERT INTO {table} VALUES (?1, ?2, ?3, ?4, ?5, ?6)"), values)?;
            if let Some((x, y)) = row.at {
                all.execute(&format!("INSERT INTO rtree_{table}_geom VALUES (?1, ?2, ?2, ?3, ?3)"), (row.id, x, y))?;
            }
        }
    }
    all.commit()
}

pub(super) fn project(world: &World, path: &Path) -> Project {
    write(world, path).unwrap();
    let mut project = Project::new("Test");
    for layer in GeoPackage::open(path).unwrap().layers() {
        let layer = layer.unwrap();
        project.add(Layer::new(layer.name, layer.source)).unwrap();
    }
    project
}
