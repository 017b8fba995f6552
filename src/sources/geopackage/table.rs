//! What the file says about one layer: its columns, key, geometry, time, index and extent.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use super::columns;
use super::key::{self, Key};
use super::made::Made;
use super::trigrams::Trigrams;
use super::{reference, sql};
use crate::base::crs::Crs;
use crate::error::{Error, Kind, Result};
use crate::model::schema::{Field, FieldKind, GeometryField, GeometryKind, KeyKind, Schema};
use crate::sources::layer_options::LayerOptions;

/// A table or view with features.
pub(super) struct Table {
    pub(super) name: String,
    /// `"name" AS t`.
    pub(super) from: String,
    pub(super) schema: Arc<Schema>,
    /// How it was made when it was described.
    pub(super) made: Made,
    pub(super) key: Key,
    /// The geometry column in SQL.
    pub(super) geometry: Option<String>,
    /// For each field of the schema, its column in SQL.
    pub(super) columns: Vec<String>,
    /// For each field of the schema, whether its column makes text of numbers.
    pub(super) makes_text: Vec<bool>,
    /// For each field of the schema, whether an index has the rows in its order.
    pub(super) indexed: Vec<bool>,
    /// The R-tree, where it can be used.
    pub(super) rtree: Option<Rtree>,
    /// Whether texts are UTF-8, so that SQL sorts them by their characters.
    pub(super) is_utf8: bool,
    /// Whether this SQLite has functions such as the remainder of floats.
    pub(super) has_math: bool,
    /// The full-text index, where one can be used.
    pub(super) trigrams: Option<Trigrams>,
    /// Whether triggers keep the number of rows in gpkg_ogr_contents.
    pub(super) counted: bool,
}

/// The names of an R-tree and of the tables behind it, quoted.
pub(super) struct Rtree {
    pub(super) index: String,
    pub(super) nodes: String,
    pub(super) ids: String,
    /// Whether its nodes are those of two axes with floats, as the standard has it.
    pub(super) is_plain: bool,
}

/// A column as conditions read it.
pub(super) struct Stored<'a> {
    /// In SQL.
    pub(super) sql: &'a str,
    pub(super) kind: FieldKind,
    /// Whether it makes text of numbers.
    pub(super) makes_text: bool,
}

impl Table {
    /// The column of a property, or of the key where that is a number: of others ids are made.
    pub(super) fn stored(&self, name: &str) -> Option<Stored<'_>> {
        if let Some(field) = self.schema.position(name) {
            let (kind, makes_text) = (self.schema.fields[field].kind, self.makes_text[field]);
            return Some(Stored { sql: &self.columns[field], kind, makes_text });
        }
        let is_number = self.key.name == name && self.key.kind == KeyKind::Integer;
        is_number.then(|| Stored { sql: &self.key.sql, kind: FieldKind::Integer, makes_text: false })
    }
}

/// Reads a table's description. The errors are for whoever runs the server.
pub(super) fn read(connection: &Connection, name: &str, options: &LayerOptions) -> Result<Table> {
    let wrong = |what: String| Error::new(Kind::Internal, format!("layer '{name}': {what}"));
    let failed = |cause: rusqlite::Error| wrong("its description cannot be read".to_owned()).because(cause);
    let all = columns::read(connection, name).map_err(failed)?;
    if all.is_empty() {
        return Err(wrong("gpkg_contents names it, but there is no such table".to_owned()));
    }
    let key = key::choose(connection, name, &all, options.id.as_deref()).map_err(failed)?.map_err(wrong)?;
    let geometry = geometry(connection, name, options.crs.as_ref())?;
    let (mut fields, mut columns, mut makes_text) = (Vec::new(), Vec::new(), Vec::new());
    let (indexes, mut indexed) = (columns::indexed(connection, name).map_err(failed)?, Vec::new());
    for column in &all {
        let is_key = key.sql == sql::column(&column.name) && !key.is_property;
        let is_geometry = geometry.as_ref().is_some_and(|field| field.name.eq_ignore_ascii_case(&column.name));
        if is_key || is_geometry {
            continue;
        }
        let kind = match columns::kind(&column.declared) {
            Some(kind) => kind,
            None => columns::sample(connection, name, &column.name).map_err(failed)?,
        };
        fields.push(Field::new(column.name.clone(), kind));
        columns.push(sql::column(&column.name));
        makes_text.push(columns::makes_text(&column.declared));
        indexed.push(indexes.iter().any(|(other, is_binary)| {
            *other == column.name && (*is_binary || !matches!(kind, FieldKind::String | FieldKind::Json))
        }));
    }
    columns::describe(connection, name, &mut fields).map_err(failed)?;
    let time = options.time_fields(&fields).map_err(wrong)?;
    let geometry_sql = geometry.as_ref().map(|field| sql::column(&field.name));
    let from = format!("{} AS t", sql::quoted(name));
    let rtree = match (&geometry, &key.rowid) {
        (Some(field), Some(_)) => rtree(connection, name, &field.name, &from).map_err(failed)?,
        _ => None,
    };
    // Compiling a statement over all of it meets a view whose tables are gone.
    connection.prepare(&format!("SELECT * FROM {from}")).map_err(failed)?;
    let trigrams = Trigrams::of(connection, name, &key, &fields, &makes_text).map_err(failed)?;
    Ok(Table {
        name: name.to_owned(),
        from,
        schema: Arc::new(Schema { fields, key: (key.name.clone(), key.kind), geometry, time }),
        made: Made::read(connection, name).map_err(failed)?,
        key,
        geometry: geometry_sql,
        columns,
        makes_text,
        indexed,
        rtree,
        is_utf8: connection
            .query_row("PRAGMA encoding", [], |row| Ok(row.get_ref(0)?.as_str().is_ok_and(|name| name == "UTF-8")))
            .map_err(failed)?,
        has_math: connection
            .query_row("SELECT sqlite_compileoption_used('ENABLE_MATH_FUNCTIONS')", [], |row| row.get(0))
            .map_err(failed)?,
        trigrams,
        counted: is_counted(connection, name).map_err(failed)?,
    })
}

fn geometry(connection: &Connection, table: &str, named: Option<&Crs>) -> Result<Option<GeometryField>> {
    let wrong = |what: String| Error::new(Kind::Internal, format!("layer '{table}': {what}"));
    let query = "SELECT column_name, geometry_type_name, srs_id, z FROM gpkg_geometry_columns \
                 WHERE lower(table_name) = lower(?1)";
    // A file of tables without geometry need not have this table.
    let Ok(mut statement) = connection.prepare(query) else { return Ok(None) };
    let found = statement.query_row([table], |row| {
        let name = sql::text(row, 0)?.unwrap_or_default();
        Ok((name, sql::text(row, 1)?.unwrap_or_default(), row.get::<_, i64>(2)?, sql::number(row, 3)? != Some(0.0)))
    });
    let Some((name, kind, srs, has_z)) =
        found.optional().map_err(|cause| wrong("its geometry is not described".to_owned()).because(cause))?
    else {
        return Ok(None);
    };
    let kind = match kind.to_ascii_uppercase().as_str() {
        "POINT" => GeometryKind::Point,
        "LINESTRING" => GeometryKind::LineString,
        "POLYGON" => GeometryKind::Polygon,
        "MULTIPOINT" => GeometryKind::MultiPoint,
        "MULTILINESTRING" => GeometryKind::MultiLineString,
        "MULTIPOLYGON" => GeometryKind::MultiPolygon,
        "GEOMETRYCOLLECTION" | "GEOMCOLLECTION" => GeometryKind::GeometryCollection,
        _ => GeometryKind::Any,
    };
    let (crs, epoch) = match named {
        // The epoch is said of the file's own system.
        Some(crs) => (crs.clone(), None),
        None => (reference::read(connection, table, &name, srs)?, reference::epoch(connection, srs)),
    };
    Ok(Some(GeometryField { name, kind, crs, epoch, has_z }))
}

/// The R-tree of a geometry column, where the file says that it keeps one and it is not empty beside a full table.
fn rtree(connection: &Connection, table: &str, column: &str, from: &str) -> rusqlite::Result<Option<Rtree>> {
    let query = "SELECT 1 FROM gpkg_extensions WHERE lower(table_name) = lower(?1) AND lower(column_name) = lower(?2) \
                 AND lower(extension_name) = 'gpkg_rtree_index'";
    let declared = match connection.prepare(query) {
        Ok(mut statement) => statement.exists([table, column])?,
        Err(_) => false,
    };
    let name = format!("rtree_{table}_{column}");
    let query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND lower(name) IN (lower(?1), lower(?2))";
    let nodes = format!("{name}_node");
    if !declared || connection.query_row(query, [&name, &nodes], |row| row.get::<_, i64>(0))? != 2 {
        return Ok(None);
    }
    let ids = sql::quoted(&format!("{name}_rowid"));
    let is_plain = is_plain(connection, &name)?;
    let rtree = Rtree { index: sql::quoted(&name), nodes: sql::quoted(&nodes), ids, is_plain };
    let first = format!("SELECT id, minx, maxx, miny, maxy FROM {} LIMIT 1", rtree.index);
    let is_used = connection.prepare(&first)?.exists([])?;
    let geometry = sql::column(column);
    let is_stale = !is_used
        && connection.prepare(&format!("SELECT 1 FROM {from} WHERE {geometry} IS NOT NULL LIMIT 1"))?.exists([])?;
    if is_stale {
        tracing::warn!(table, "the spatial index is empty and is not used: build it anew");
    }
    Ok((!is_stale).then_some(rtree))
}

/// Whether an R-tree has floats (not integers, which SQLite has as well) of two axes in the standard's order.
fn is_plain(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?1)";
    let made: Option<String> = connection.query_row(query, [name], |row| sql::text(row, 0)).optional()?.flatten();
    let made = made.unwrap_or_default().to_ascii_lowercase();
    let columns = made.rsplit_once("using").map(|(_, how)| how.replace(char::is_whitespace, "")).unwrap_or_default();
    let columns = columns.strip_prefix("rtree(").and_then(|rest| rest.strip_suffix(')')).unwrap_or_default();
    let names: Vec<&str> = columns.split(',').map(|name| name.trim_matches(['"', '\'', '`', '[', ']'])).collect();
    Ok(matches!(names[..], [_, "minx", "maxx", "miny", "maxy"]))
}

fn is_counted(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let query = "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND lower(name) = lower(?1)";
    let has_trigger = |what| connection.prepare(query)?.exists([format!("trigger_{what}_feature_count_{table}")]);
    Ok(has_trigger("insert")?
        && has_trigger("delete")?
        && connection.prepare("SELECT feature_count FROM gpkg_ogr_contents").is_ok())
}
