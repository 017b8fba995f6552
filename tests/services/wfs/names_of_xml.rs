//! Names and values that GDAL could not read, and with it QGIS.

use std::path::PathBuf;

use crate::harness::gdal::features;
use crate::harness::made;
use crate::harness::package::Package;
use crate::harness::server::Server;
use crate::harness::text;

/// A table with a column of bytes, and one with names that the reader of XML that most programs have does not know.
fn server() -> Server {
    let file = made("names_of_xml.gpkg", |path| {
        let package = Package::new(path);
        for (table, column, value) in [("bin", "bytes", "x'00FFAB'"), ("odd_😀_ț", "țară_😀", "'Moldova'")] {
            package.run(&format!(
                "CREATE TABLE \"{table}\" (fid INTEGER PRIMARY KEY, geom POINT, n INTEGER, \"{column}\" {});
                 INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('{table}', 'features', '{table}', 4326);
                 INSERT INTO gpkg_geometry_columns VALUES ('{table}', 'geom', 'POINT', 4326, 0, 0);
                 INSERT INTO \"{table}\" VALUES (1, x'47500001E61000000101000000000000000000F03F0000000000000040', 7, {value});",
                if table == "bin" { "BLOB" } else { "TEXT" }
            ));
        }
        package.finish();
    });
    Server::start(&[text(&file)])
}

#[test]
fn a_column_of_bytes_cost_gdal_the_schema_and_an_emoji_the_layer() {
    let server = server();
    for version in ["1.0.0", "1.1.0", "2.0.0"] {
        let wfs = PathBuf::from(format!("WFS:{}/ows?VERSION={version}", server.url));
        for (layer, column, value) in
            [("app:bin", "bytes", "00FFAB"), ("app:odd__x0001F600___x021B_", "_x021B_ară__x0001F600_", "Moldova")]
        {
            let found = features(&wfs, layer, &[]);
            assert_eq!(found.len(), 1, "{version} {layer}");
            let (place, properties) = (&found[0]["geometry"]["coordinates"], &found[0]["properties"]);
            assert_eq!(place, &serde_json::json!([1.0, 2.0]), "{version} {layer}");
            assert_eq!((&properties["n"], &properties[column]), (&7.into(), &value.into()), "{version} {properties}");
        }
    }
}
