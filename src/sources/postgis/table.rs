//! One table or view: its columns, its key, its geometry.

use std::sync::Arc;

use tokio_postgres::Client;

use super::LayerOptions;
use super::columns::{Column, Compared, Described, Form};
use super::discover::Found;
use super::fault;
use super::sql::quoted;
use crate::base::crs::Crs;
use crate::data::plan::Sort;
use crate::error::{Error, Kind, Result};
use crate::model::schema::{Field, FieldKind, GeometryField, GeometryKind, KeyKind, Schema, TimeFields};

/// Rows that are looked at to see whether a view's ids are unique.
const TRIED: u32 = 10_000;

/// Names of columns that make ids in views, which have no primary key.
const USUAL_KEYS: [&str; 6] = ["fid", "id", "gid", "ogc_fid", "objectid", "osm_id"];

/// A table as it is read.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) schema: Arc<Schema>,
    /// The table as a FROM clause names it, called `t`.
    pub(super) from: String,
    pub(super) key: Column,
    /// For each field of the schema.
    pub(super) columns: Vec<Column>,
    pub(super) geometry: Option<Geometry>,
}

/// The geometry column.
#[derive(Debug)]
pub(super) struct Geometry {
    /// The column, as a geometry.
    pub(super) column: String,
    /// Whether an index on it can be used.
    pub(super) is_indexable: bool,
    pub(super) srid: i32,
}

impl Table {
    /// The order of the rows, texts by their bytes; by key where they are equal so far.
    pub(super) fn order(&self, sort: &[Sort]) -> String {
        let mut keys = Vec::new();
        for step in sort {
            let column = step.field.map_or(&self.key, |field| &self.columns[field]);
            keys.push(format!("{} {} NULLS LAST", column.sorted(), if step.descending { "DESC" } else { "ASC" }));
        }
        keys.push(self.key.sorted());
        keys.join(", ")
    }
}

/// Reads the description of a table; errors are for whoever runs the server.
pub(super) async fn describe(client: &Client, found: &Found, options: &LayerOptions) -> Result<Table> {
    let from = format!("{}.{}", quoted(&found.schema), quoted(&found.name));
    let wrong = |what: String| Error::new(Kind::Internal, format!("table '{}': {what}", found.label()));
    let mut all = columns(client, &from).await?;
    let key_name = match &options.id {
        Some(name) => name.clone(),
        None => key(client, &from, &all).await?.ok_or_else(|| {
            wrong(
                "it has no primary key of one column: name a unique column with key = \"…\" in the project file".into(),
            )
        })?,
    };
    let at = all.iter().position(|(column, _)| column.name == key_name);
    let at = at.ok_or_else(|| wrong(format!("there is no column '{key_name}' to make the ids")))?;
    let (key, _) = all.remove(at);
    let key_kind = match key.form {
        Form::Int2 | Form::Int4 | Form::Int8 => KeyKind::Integer,
        Form::Text if key.kind == FieldKind::String => KeyKind::String,
        _ => return Err(wrong(format!("the column '{key_name}' cannot make the ids: neither integer nor text"))),
    };
    let (fields, columns): (Vec<Field>, Vec<Column>) = all
        .into_iter()
        .filter(|(_, is_spatial)| !is_spatial)
        .map(|(column, _)| {
            let mut field = Field::new(&column.name, column.kind);
            field.description.clone_from(&column.comment);
            (field, column)
        })
        .unzip();
    let time = time(&fields, options).map_err(wrong)?;
    let (geometry, described) = geometry(client, found, &from).await?;
    let schema = Schema { fields, key: (key.name.clone(), key_kind), geometry: Some(described), time };
    Ok(Table { schema: Arc::new(schema), from: format!("{from} AS t"), key, columns, geometry: Some(geometry) })
}

/// All columns, and whether each is spatial.
async fn columns(client: &Client, from: &str) -> Result<Vec<(Column, bool)>> {
    let query = "
        SELECT a.attname, coalesce(b.typname, t.typname), coalesce(b.typcategory, t.typcategory)::text,
               coalesce(l.collisdeterministic, true), col_description(a.attrelid, a.attnum)
        FROM pg_attribute a
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
        LEFT JOIN pg_collation l ON l.oid = a.attcollation
        WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum";
    let rows = client.query(query, &[&from]).await.map_err(fault::reading)?;
    let column = |row: &tokio_postgres::Row| {
        let (type_name, category): (&str, &str) = (row.get(1), row.get(2));
        let described = Described {
            name: row.get(0),
            type_name,
            category: category.chars().next().unwrap_or('U'),
            is_deterministic: row.get(3),
            comment: row.get(4),
        };
        (Column::new(described), matches!(type_name, "geometry" | "geography" | "raster" | "box2d" | "box3d"))
    };
    Ok(rows.iter().map(column).collect())
}

/// The column of the ids: the primary key, else a unique column that is never null, else one with a usual name whose
/// values are unique as far as was looked.
async fn key(client: &Client, from: &str, columns: &[(Column, bool)]) -> Result<Option<String>> {
    let query = "
        SELECT a.attname FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = $1::text::regclass AND i.indnkeyatts = 1 AND i.indisunique AND i.indpred IS NULL
          AND i.indexprs IS NULL AND a.attnotnull
        ORDER BY i.indisprimary DESC, a.attnum LIMIT 1";
    if let Some(row) = client.query_opt(query, &[&from]).await.map_err(fault::reading)? {
        return Ok(Some(row.get(0)));
    }
    for name in USUAL_KEYS {
        let Some((column, _)) = columns.iter().find(|(column, _)| column.name.eq_ignore_ascii_case(name)) else {
            continue;
        };
        if column.compared != Compared::Integer {
            continue;
        }
        let stored = column.stored();
        let query = format!(
            "SELECT count(*) = count(DISTINCT k) FROM (SELECT {stored} AS k FROM {from} AS t LIMIT {TRIED}) AS tried"
        );
        if client.query_one(&query, &[]).await.map_err(fault::reading)?.get(0) {
            return Ok(Some(column.name.clone()));
        }
    }
    Ok(None)
}

/// The fields of time: those that are named, else the first instant, else the first day.
fn time(fields: &[Field], options: &LayerOptions) -> Result<Option<TimeFields>, String> {
    let named = |name: &String| {
        let at = fields.iter().position(|field| field.name == *name);
        let at = at.ok_or_else(|| format!("there is no column '{name}' for the time"))?;
        let is_time = matches!(fields[at].kind, FieldKind::Date | FieldKind::DateTime);
        is_time.then_some(at).ok_or_else(|| format!("the column '{name}' is neither a day nor an instant"))
    };
    if let Some((start, end)) = &options.time {
        return Ok(Some(TimeFields { start: named(start)?, end: end.as_ref().map(named).transpose()? }));
    }
    let first = |kind| fields.iter().position(|field| field.kind == kind);
    let start = first(FieldKind::DateTime).or_else(|| first(FieldKind::Date));
    Ok(start.map(|start| TimeFields { start, end: None }))
}

/// The geometry column, from its type; a view whose column has no type of its own is looked into.
async fn geometry(client: &Client, found: &Found, from: &str) -> Result<(Geometry, GeometryField)> {
    let query = "
        SELECT t.typname, a.atttypmod,
               CASE WHEN a.atttypmod >= 0 THEN postgis_typmod_type(a.atttypmod) END,
               CASE WHEN a.atttypmod >= 0 THEN postgis_typmod_srid(a.atttypmod) END,
               CASE WHEN a.atttypmod >= 0 THEN postgis_typmod_dims(a.atttypmod) END
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = $1::text::regclass AND a.attname = $2::text";
    let row = client.query_one(query, &[&from, &found.geometry]).await.map_err(fault::reading)?;
    let is_geography = row.get::<_, &str>(0) == "geography";
    let (mut name, mut srid): (Option<String>, Option<i32>) = (row.get(2), row.get(3));
    let mut dims: Option<i32> = row.get(4);
    let stored = format!("t.{}", quoted(&found.geometry));
    let column = if is_geography { format!("{stored}::geometry") } else { stored };
    if name.is_none() || srid.unwrap_or(0) == 0 {
        let query = format!(
            "SELECT ST_SRID({column}), ST_NDims({column})::int4 FROM {from} AS t WHERE {column} IS NOT NULL LIMIT 1"
        );
        if let Some(row) = client.query_opt(&query, &[]).await.map_err(fault::reading)? {
            (srid, dims) = (row.get(0), row.get(1));
        }
        name.get_or_insert_with(|| "Geometry".to_owned());
    }
    let srid = srid.unwrap_or(0);
    let text = name.unwrap_or_default().to_ascii_lowercase();
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
    let crs = reference(client, found, srid).await?;
    // Three dimensions may be x, y and a measure.
    let has_z = dims.is_some_and(|dims| dims > 3 || (dims == 3 && !text.ends_with('m')));
    let field = GeometryField { name: found.geometry.clone(), kind, crs, has_z };
    Ok((Geometry { column, is_indexable: !is_geography, srid }, field))
}

/// The reference system behind a number.
async fn reference(client: &Client, found: &Found, srid: i32) -> Result<Crs> {
    let query = "SELECT auth_name, auth_srid, srtext FROM spatial_ref_sys WHERE srid = $1";
    let row = if srid > 0 { client.query_opt(query, &[&srid]).await.map_err(fault::reading)? } else { None };
    let Some(row) = row else {
        tracing::warn!(
            table = found.label(),
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
