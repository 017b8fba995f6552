//! The geometry column of a table: its kind, its system, and how it is read.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row};

use super::doubt::Doubts;
use super::fault;
use super::sql::{Sql, quoted};
use super::srid;
use super::table::{From, Geometry};
use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::error::{Error, Kind, Result};
use crate::model::schema::{GeometryField, GeometryKind};
use crate::sources::layer_options;

/// What the type of a column says of its geometries.
pub(super) struct Declared {
    name: String,
    is_geography: bool,
    kind: Option<String>,
    srid: Option<i32>,
    dims: Option<i32>,
}

/// A column of a query, by the modifier of its type; below zero it says nothing.
pub(super) async fn typed(client: &Client, name: String, is_geography: bool, modifier: i32) -> Result<Declared> {
    let (mut kind, mut srid, mut dims) = (None, None, None);
    if modifier >= 0 {
        let query = "SELECT postgis_typmod_type($1), postgis_typmod_srid($1), postgis_typmod_dims($1)";
        let row = client.query_one(query, &[&modifier]).await.map_err(fault::describing)?;
        (kind, srid, dims) = (row.get(0), row.get(1), row.get(2));
    }
    Ok(Declared { name, is_geography, kind, srid, dims })
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
    crs: Option<&Crs>,
    doubts: &Doubts,
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
        alike(client, from, &column, doubts).await?.map_err(|what| wrong(label, &what))?;
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
    let may_be_patched = matches!(kind, GeometryKind::Any | GeometryKind::GeometryCollection)
        || text.starts_with("polyhedral")
        || text.starts_with("tin")
        || text.starts_with("triangle");
    let known = match crs {
        Some(named) => Some(named.clone()),
        None => srid::reference(client, srid).await?.map_err(|what| wrong(label, &what))?,
    };
    let crs = if let Some(crs) = known {
        crs
    } else {
        in_degrees(client, from, &column).await?.map_err(|what| wrong(label, &what))?;
        tracing::warn!(
            table = label,
            "the reference system is undefined: coordinates are taken for longitude and latitude; crs = \"EPSG:…\" in the \
             project file names another"
        );
        Crs::Crs84
    };
    // Three dimensions may be x, y and a measure.
    let has_z = dims.is_some_and(|dims| dims > 3 || (dims == 3 && !text.ends_with('m')));
    Ok((
        Geometry { column, is_indexable: !is_geography, may_be_patched, srid },
        GeometryField { name, kind, crs, epoch: None, has_z },
    ))
}

fn wrong(label: &str, what: &str) -> Error {
    Error::new(Kind::Internal, format!("table '{label}': {what}"))
}

/// The first geometries, and of a large table some from all over it.
fn sample(from: &From, column: &str) -> Sql {
    let mut sql = Sql::default();
    sql.add(&format!("(SELECT {column} AS g FROM "));
    from.write(&mut sql, &[]);
    sql.add(&format!(" WHERE {column} IS NOT NULL LIMIT {SAMPLED})"));
    if let From::Name { name, is_plain: true } = from {
        let literal = name.replace('\'', "''");
        sql.add(&format!(
            " UNION ALL (SELECT {column} FROM {name} AS t TABLESAMPLE SYSTEM \
             ((SELECT least(100, {PAGES} * 100.0 / greatest(relpages, 1)) FROM pg_class WHERE oid = '{literal}'::regclass)) \
             WHERE {column} IS NOT NULL LIMIT {SAMPLED})"
        ));
    }
    sql
}

/// The reference systems of a sample.
pub(super) fn systems(from: &From, column: &str) -> Sql {
    let mut sql = sample(from, column);
    sql.text = format!("SELECT DISTINCT ST_SRID(g) FROM ({}) AS s ORDER BY 1", sql.text);
    sql
}

/// Rows of a sample, and pages of eight kilobytes that it is taken from.
const SAMPLED: u32 = 5_000;
const PAGES: u32 = 200;

/// Asks a sample; nothing where that takes the database too long, as with a view that computes much.
async fn ask(client: &Client, sql: &Sql) -> Result<Vec<Row>> {
    let values: Vec<_> = sql.bound().collect();
    match client.query(&sql.text, &values).await {
        Err(cause) if cause.code() == Some(&SqlState::QUERY_CANCELED) => Ok(Vec::new()),
        rows => rows.map_err(fault::describing),
    }
}

/// Whether all geometries of a sample are of one reference system.
async fn alike(client: &Client, from: &From, column: &str, doubts: &Doubts) -> Result<Result<(), String>> {
    let sql = systems(from, column);
    let numbers: Vec<String> =
        ask(client, &sql).await?.iter().map(|row| row.get::<_, Option<i32>>(0).unwrap_or(0).to_string()).collect();
    if numbers.len() < 2 {
        return Ok(Ok(()));
    }
    // They may be brought into one.
    doubts.add_systems(sql, &numbers.join(", "));
    Ok(Err(format!(
        "its geometries are of several reference systems (SRID {}): bring them into one with ST_Transform, in the table, in a \
         view or with sql = \"…\" in the project file",
        numbers.join(", ")
    )))
}

/// Whether the places of a sample may be longitudes and latitudes.
async fn in_degrees(client: &Client, from: &From, column: &str) -> Result<Result<(), String>> {
    let mut sql = sample(from, column);
    sql.text = format!(
        "SELECT ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b) FROM (SELECT ST_Extent(g)::box3d AS b FROM ({}) AS s) AS e",
        sql.text
    );
    let rows = ask(client, &sql).await?;
    let side = |row: &Row, at: usize| row.get::<_, Option<f64>>(at).unwrap_or(f64::NAN);
    let rect = |row| Rect { min_x: side(row, 0), min_y: side(row, 1), max_x: side(row, 2), max_y: side(row, 3) };
    Ok(layer_options::in_degrees(rows.iter().map(rect)))
}
