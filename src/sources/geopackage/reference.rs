//! The reference system of a layer and the epoch of its coordinates, from gpkg_spatial_ref_sys.

use rusqlite::{Connection, OptionalExtension};

use super::{cells, sql};
use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::error::{Error, Kind, Result};
use crate::model::geometry::envelope;
use crate::sources::layer_options::in_degrees;

/// Rows whose places are looked at where no system is defined.
const LOOKED_AT: u32 = 100;

/// The system with this number in the file; the error is for whoever runs the server.
pub(super) fn read(connection: &Connection, table: &str, column: &str, srs: i64) -> Result<Crs> {
    let fault = |what: &str| Error::new(Kind::Internal, format!("layer '{table}': {what}"));
    let wrong = |what: &str| fault(&format!("its reference system {srs} {what}"));
    if let 0 | -1 = srs {
        let first = first(connection, table, column).map_err(|cause| wrong("cannot be looked at").because(cause))?;
        in_degrees(first).map_err(|what| fault(&what))?;
        if srs == -1 {
            tracing::warn!(
                table,
                "the reference system is undefined: coordinates are taken for longitude and latitude; name another with \
                 crs = \"EPSG:…\" in the project file"
            );
        }
        return Ok(Crs::Crs84);
    }
    let query = "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?1";
    let found = connection.query_row(query, [srs], |row| {
        let organization = sql::text(row, 0)?.unwrap_or_default();
        Ok((organization, row.get::<_, Option<i64>>(1)?, sql::text(row, 2)?.unwrap_or_default()))
    });
    let found = found.optional().map_err(|cause| wrong("cannot be read").because(cause))?;
    let (organization, code, definition) = found.ok_or_else(|| wrong("is not in gpkg_spatial_ref_sys"))?;
    if organization.eq_ignore_ascii_case("EPSG")
        && let Some(code) = code.and_then(|code| u32::try_from(code).ok())
    {
        return Ok(Crs::Epsg(code));
    }
    if organization.eq_ignore_ascii_case("OGC") && definition.contains("CRS84") {
        return Ok(Crs::Crs84);
    }
    let is_given = |text: &String| !text.trim().is_empty() && !text.eq_ignore_ascii_case("undefined");
    if is_given(&definition) {
        return Ok(Crs::Definition(definition.into()));
    }
    // An extension that not every file has: a column with the newer form of WKT.
    let query = "SELECT definition_12_063 FROM gpkg_spatial_ref_sys WHERE srs_id = ?1";
    let newer = connection.query_row(query, [srs], |row| sql::text(row, 0)).ok().flatten();
    newer.filter(is_given).map(|text| Crs::Definition(text.into())).ok_or_else(|| wrong("has no definition"))
}

/// The envelopes of the first geometries.
fn first(connection: &Connection, table: &str, column: &str) -> rusqlite::Result<Vec<Rect>> {
    let (column, table) = (sql::quoted(column), sql::quoted(table));
    let query = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL LIMIT {LOOKED_AT}");
    let mut statement = connection.prepare(&query)?;
    let (mut rows, mut rects) = (statement.query([])?, Vec::new());
    while let Some(row) = rows.next()? {
        rects.extend(cells::geometry(row.get_ref(0)?).and_then(|stored| envelope(stored.wkb).ok().flatten()));
    }
    Ok(rects)
}

/// The epoch of the coordinates in years; the column is there from GeoPackage 1.4 on, and in what GDAL wrote before.
pub(super) fn epoch(connection: &Connection, srs: i64) -> Option<f64> {
    let query = "SELECT epoch FROM gpkg_spatial_ref_sys WHERE srs_id = ?1";
    let epoch = connection.query_row(query, [srs], |row| sql::number(row, 0)).ok().flatten();
    epoch.filter(|epoch| epoch.is_finite() && *epoch > 0.0)
}
