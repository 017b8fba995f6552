//! Pages of a GeoPackage of a million points, asked of the whole server in this process: reading, the gate, encoding, and
//! no network.
#![allow(clippy::expect_used, clippy::print_stdout, missing_docs)]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use graticule::message::request::Request;
use graticule::project::catalog::{Layer, Project};
use graticule::project::settings::Limit;
use graticule::sources::LayerOptions;
use graticule::sources::geopackage::GeoPackage;
use graticule::standard;
use rusqlite::{Connection, params};

const POINTS: u32 = 1_000_000;

/// Points all over the world in no order, or from west to east.
fn write(path: &Path, is_sorted: bool) -> rusqlite::Result<()> {
    let file = Connection::open(path)?;
    file.execute_batch(
        "PRAGMA journal_mode=off; PRAGMA synchronous=off;
         CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY, organization TEXT,
             organization_coordsys_id INTEGER, definition TEXT, description TEXT);
         CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT, identifier TEXT, description TEXT,
             last_change DATETIME, min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);
         CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER,
             z TINYINT, m TINYINT);
         CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT, definition TEXT, scope TEXT);
         INSERT INTO gpkg_spatial_ref_sys VALUES ('WGS 84', 4326, 'EPSG', 4326, '', '');
         INSERT INTO gpkg_contents VALUES ('points', 'features', 'Points', '', '2026-01-01T00:00:00Z', -180, -90, 180, 90, 4326);
         INSERT INTO gpkg_geometry_columns VALUES ('points', 'geom', 'POINT', 4326, 0, 0);
         INSERT INTO gpkg_extensions VALUES ('points', 'geom', 'gpkg_rtree_index', '', 'write-only');
         CREATE TABLE points (fid INTEGER PRIMARY KEY, geom POINT, name TEXT, height DOUBLE, people INTEGER, seen DATE,
             changed DATETIME);
         CREATE VIRTUAL TABLE rtree_points_geom USING rtree(id, minx, maxx, miny, maxy);
         BEGIN",
    )?;
    let mut row =
        file.prepare("INSERT INTO points VALUES (?1, ?2, ?3, ?4, ?5, '2024-02-29', '2024-02-29T12:00:00Z')")?;
    let mut entry = file.prepare("INSERT INTO rtree_points_geom VALUES (?1, ?2, ?2, ?3, ?3)")?;
    for fid in 1..=POINTS {
        let scattered = |by: u32| f64::from(fid.wrapping_mul(by)) / f64::from(u32::MAX);
        let along = if is_sorted { f64::from(fid) / f64::from(POINTS) } else { scattered(2_654_435_761) };
        let (x, y) = (along * 360.0 - 180.0, scattered(2_246_822_519) * 180.0 - 90.0);
        let mut blob = b"GP\0\x01\xe6\x10\0\0\x01\x01\0\0\0".to_vec();
        blob.extend(x.to_le_bytes().into_iter().chain(y.to_le_bytes()));
        row.execute(params![fid, blob, format!("point number {fid}"), scattered(3_266_489_917) * 4000.0, fid % 9973])?;
        entry.execute(params![fid, x, y])?;
    }
    file.execute_batch("COMMIT")
}

fn pages(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder for the file");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut project = Project::new("Bench");
    for (id, is_sorted) in [("points", false), ("sorted", true)] {
        let path = folder.path().join(format!("{id}.gpkg"));
        write(&path, is_sorted).expect("the file is written");
        let opened = GeoPackage::open(&path).and_then(|file| file.layer("points", &LayerOptions::default()));
        let mut layer = Layer::new(id, opened.expect("the file is read").source);
        layer.limit = Limit { default: 10, maximum: 10_000 };
        project.add(layer).expect("a collection");
    }
    let server = standard::server(project).build().unwrap_or_else(|_| unreachable!("a server"));
    let mut group = criterion.benchmark_group("geopackage, a million points");
    for (name, query) in [
        ("10 in the order of the key", "points/items?limit=10"),
        ("100 in the order of the key", "points/items?limit=100"),
        ("1000 in the order of the key", "points/items?limit=1000"),
        ("10 in a box of about 100", "points/items?limit=10&bbox=10,10,12.56,12.56"),
        ("10 in a box of a tenth", "points/items?limit=10&bbox=-60,-27,60,27"),
        ("10 in a box of the world", "points/items?limit=10&bbox=-180,-90,180,90"),
        ("10 at the end of a sorted file", "sorted/items?limit=10&bbox=100,-90,180,90"),
        ("10 from offset 100000", "points/items?limit=10&offset=100000"),
        ("10 from offset 500000", "points/items?limit=10&offset=500000"),
    ] {
        let url = format!("/ogcapi/collections/{query}&f=geojson");
        let ask = || {
            runtime.block_on(async {
                let answer = server.handle(Request::get(&url)).await;
                assert!(answer.status.is_success(), "{url}");
                answer.body.collect(usize::MAX).await.expect("a body")
            })
        };
        println!("{name}: {} bytes", ask().len());
        group.bench_function(name, |bencher| bencher.iter(|| black_box(ask())));
    }
    group.finish();
}

criterion_group!(benches, pages);
criterion_main!(benches);
