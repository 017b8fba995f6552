//! The geometry column of a table: its kind, its system, and how it is read.

use tokio_postgres::Client;

use super::fault;
use super::sql::{Sql, quoted};
use super::table::{From, Geometry};
use crate::base::crs::Crs;
use crate::error::Result;
use crate::model::schema::{GeometryField, GeometryKind};

/// What the type of a column says of its geometries.
pub(super) struct Declared {
    name: String,
    is_geography: bool,
    kind: Option<String>,
    srid: Option<i32>,
    dims: Option<i32>,
}

impl Declared {
    /// A column whose type says nothing.
    pub(super) fn untyped(name: &str, is_geography: bool) -> Self {
        Self { name: name.to_owned(), is_geography, kind: None, srid: None, dims: None }
    }
}

/// The geometry column of a table, the first where none is named.
pub(super) async fn declared(client: &Client, from: &str, name: Option<&str>) -> Result<Option<Declared>> {
    let query = "
        SELECT a.attname, t.typname = 'geography',
               CASE WHEN a.atttypmod >= 0 THEN postgis_typmod_type(a.atttypmod) END,
               CASE WHEN a.atttypmod >= 0 THEN postgis_typmod_srid(a.atttypmod) END,
               CASE WHEN a.atttypmod >= 0 THEN postgis_typmod_dims(a.atttypmod) END
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
          AND t.typname IN ('geometry', 'geography') AND ($2::text IS NULL OR a.attname = $2::text)
        ORDER BY a.attnum LIMIT 1";
    let row = client.query_opt(query, &[&from, &name]).await.map_err(fault::describing)?;
    Ok(row.map(|row| Declared {
        name: row.get(0),
        is_geography: row.get(1),
        kind: row.get(2),
        srid: row.get(3),
        dims: row.get(4),
    }))
}

/// The geometry column; where its type says too little, a row is looked at.
pub(super) async fn geometry(
    client: &Client,
    label: &str,
    from: &From,
    declared: Declared,
) -> Result<(Geometry, GeometryField)> {
    let Declared { name, is_geography, kind, mut srid, mut dims } = declared;
    let stored = format!("t.{}", quoted(&name));
    let column = if is_geography { format!("{stored}::geometry") } else { stored };
    if kind.is_none() || srid.unwrap_or(0) == 0 {
        let mut sql = Sql::default();
        sql.add(&format!("SELECT ST_SRID({column}), ST_NDims({column})::int4 FROM "));
        from.write(&mut sql, &[]);
        sql.add(&format!(" WHERE {column} IS NOT NULL LIMIT 1"));
        let values: Vec<_> = sql.bound().collect();
        if let Some(row) = client.query_opt(&sql.text, &values).await.map_err(fault::describing)? {
            (srid, dims) = (row.get(0), row.get(1));
        }
    }
    let srid = srid.unwrap_or(0);
    let text = kind.unwrap_or_default().to_ascii_lowercase();
    let kind = match text.trim_end_matches(['z', 'm']) {
        "point" => GeometryKind::Point,
        "linestring" | "circularstring" | "compoundcurve" => GeometryKind::LineString,
        "polygon" | "curvepolygon" | "triangle" => GeometryKind::Polygon,
        "multipoint" => GeometryKind::MultiPoint,
        "multilinestring" | "multicurve" => GeometryKind::MultiLineString,
        "multipolygon" | "multisurface" | "polyhedralsurface" | "tin" => GeometryKind::MultiPolygon,
        "geometrycollection" => GeometryKind::GeometryCollection,
        _ => GeometryKind::Any,
    };
    let crs = reference(client, label, srid).await?;
    // Three dimensions may be x, y and a measure.
    let has_z = dims.is_some_and(|dims| dims > 3 || (dims == 3 && !text.ends_with('m')));
    Ok((Geometry { column, is_indexable: !is_geography, srid }, GeometryField { name, kind, crs, epoch: None, has_z }))
}

/// The reference system behind a number.
async fn reference(client: &Client, label: &str, srid: i32) -> Result<Crs> {
    let query = "SELECT auth_name, auth_srid, srtext FROM spatial_ref_sys WHERE srid = $1";
    let row = if srid > 0 { client.query_opt(query, &[&srid]).await.map_err(fault::describing)? } else { None };
    let Some(row) = row else {
        tracing::warn!(
            table = label,
            srid,
            "the reference system is undefined: coordinates are taken for longitude and latitude"
        );
        return Ok(Crs::Crs84);
    };
    let (authority, code, text): (Option<&str>, Option<i32>, Option<&str>) = (row.get(0), row.get(1), row.get(2));
    Ok(match (authority, code.and_then(|code| u32::try_from(code).ok()), text) {
        (Some(authority), Some(code), _) if authority.eq_ignore_ascii_case("EPSG") => Crs::Epsg(code),
        (_, _, Some(text)) if !text.is_empty() => Crs::Definition(text.into()),
        _ => Crs::Crs84,
    })
}
