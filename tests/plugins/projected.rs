//! A policy over a layer in another coordinate system: its box is tested after the coordinates are brought into longitude
//! and latitude, so the source can neither page nor count by itself.

use std::path::Path;

use graticule::base::bbox::Rect;
use graticule::base::crs::Crs;
use graticule::expr::Expr;
use graticule::project::catalog::{Layer, Project};
use graticule::sources::geopackage::GeoPackage;
use rusqlite::Connection;

use crate::access::ids;
use crate::kit::{ask, builder, point};
use crate::oracle::package::TABLES;
use crate::rules::{Rule, Rules};

/// Metres of a degree on the equator, in EPSG:3857.
const DEGREE: f64 = 111_319.490_793_273_58;

/// Ten points on the equator, the id of each its longitude.
fn write(path: &Path) -> rusqlite::Result<()> {
    let file = Connection::open(path)?;
    file.execute_batch(TABLES)?;
    file.execute_batch(
        "INSERT INTO gpkg_spatial_ref_sys VALUES ('Mercator', 3857, 'EPSG', 3857, 'undefined', NULL);
        CREATE TABLE points (fid INTEGER PRIMARY KEY, geom POINT, even BOOLEAN);
        INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('points', 'features', 3857);
        INSERT INTO gpkg_geometry_columns VALUES ('points', 'geom', 'POINT', 3857, 0, 0);",
    )?;
    for degree in 0..10_i32 {
        let blob = [&b"GP\0\x01\x11\x0f\0\0"[..], &point(f64::from(degree) * DEGREE, 0.0)].concat();
        file.execute("INSERT INTO points VALUES (?1, ?2, ?3)", (degree, blob, degree % 2 == 0))?;
    }
    Ok(())
}

#[tokio::test]
async fn the_rows_of_a_policy_are_the_same_in_another_coordinate_system() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mercator.gpkg");
    write(&path).unwrap();
    let layer = GeoPackage::open(&path).unwrap().layers().remove(0).unwrap();
    let project = Project::new("Test").with(Layer::new("points", layer.source)).unwrap();
    let allowed = Rect { min_x: 2.5, min_y: -1.0, max_x: 7.5, max_y: 1.0 };
    // Below an OR the source is not even told a coarse box.
    let rule = Rule::rows(Expr::Or(vec![Expr::Bbox { rects: vec![allowed], z: None, crs: Crs::Crs84 }]));
    let server = builder(project).access(Rules::new([("points", rule)]), 0).build().unwrap();
    let root = "/ogcapi/collections/points";
    let cases: [(&str, &[i64], u64); 6] = [
        ("", &[3, 4, 5, 6, 7], 5),
        ("?limit=2&offset=1", &[4, 5], 5),
        ("?limit=2&offset=4", &[7], 5),
        ("?bbox=0,-1,5.5,1&limit=2", &[3, 4], 3),
        ("?even=true", &[4, 6], 2),
        ("?bbox=8,-1,9,1", &[], 0),
    ];
    for (query, expected, matched) in cases {
        let answer = ask(&server, &format!("{root}/items{query}")).await;
        assert_eq!(ids(&answer), expected, "{query}");
        assert_eq!(answer.json()["numberMatched"], matched, "{query}");
    }
    for (id, status) in [(2, 404), (3, 200), (7, 200), (8, 404)] {
        assert_eq!(ask(&server, &format!("{root}/items/{id}")).await.status(), status, "{id}");
    }
    let bbox = ask(&server, root).await.json()["extent"]["spatial"]["bbox"][0].clone();
    let west_and_east: Vec<f64> = [0, 2].iter().map(|&at| bbox[at].as_f64().unwrap().round()).collect();
    assert_eq!(west_and_east, [3.0, 7.0]);
}
