//! The columns of a table: their types, titles and descriptions.

use rusqlite::{Connection, OptionalExtension};

use super::patience::briefly;
use super::sql;
use crate::model::schema::{Field, FieldKind};

/// A column as the file declares it.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) declared: String,
    /// Its place in the primary key, from 1; 0 where it is not part of it.
    pub(super) in_key: i64,
    pub(super) not_null: bool,
}

/// The columns of a table or view, none where there is no such table.
pub(super) fn read(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Column>> {
    // Hidden 1 are those of virtual tables that are no values; 2 and 3 are generated columns, which are.
    let mut statement = connection
        .prepare("SELECT name, type, pk, \"notnull\" FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid")?;
    let rows = statement.query_map([table], |row| {
        let name = sql::text(row, 0)?.unwrap_or_default();
        let declared = sql::text(row, 1)?.unwrap_or_default().trim().to_ascii_uppercase();
        Ok(Column { name, declared, in_key: row.get(2)?, not_null: row.get(3)? })
    })?;
    rows.collect()
}

/// The columns that an index over all rows has first, and whether it has text by its bytes.
pub(super) fn indexed(connection: &Connection, table: &str) -> rusqlite::Result<Vec<(String, bool)>> {
    let mut statement = connection.prepare(
        "SELECT c.name, c.coll = 'BINARY' FROM pragma_index_list(?1) AS i, pragma_index_xinfo(i.name) AS c \
         WHERE i.partial = 0 AND c.seqno = 0 AND c.name IS NOT NULL",
    )?;
    let rows = statement.query_map([table], |row| Ok((sql::text(row, 0)?.unwrap_or_default(), row.get(1)?)))?;
    rows.collect()
}

/// The type of a property by the declared type of its column: GeoPackage's table of types, then SQLite's rules.
pub(super) fn kind(declared: &str) -> Option<FieldKind> {
    let base = declared.split('(').next().unwrap_or_default().trim();
    let has = |parts: &[&str]| parts.iter().any(|part| base.contains(part));
    Some(match base {
        "" => return None,
        "BOOLEAN" | "BOOL" => FieldKind::Boolean,
        "DATE" => FieldKind::Date,
        "DATETIME" => FieldKind::DateTime,
        "JSON" | "JSONB" => FieldKind::Json,
        "POINT" | "GEOMETRY" | "LINESTRING" | "POLYGON" => FieldKind::Binary,
        _ if base.starts_with("TIMESTAMP") => FieldKind::DateTime,
        _ if has(&["INT"]) => FieldKind::Integer,
        _ if has(&["CHAR", "CLOB", "TEXT"]) => FieldKind::String,
        _ if has(&["BLOB", "BINARY"]) => FieldKind::Binary,
        _ if has(&["REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL", "NUMBER"]) => FieldKind::Number,
        _ => FieldKind::String,
    })
}

/// Whether SQLite makes text of the numbers that are put into the column.
pub(super) fn makes_text(declared: &str) -> bool {
    !declared.contains("INT") && ["CHAR", "CLOB", "TEXT"].iter().any(|part| declared.contains(part))
}

/// The type of a column without a declared one (an expression of a view): that of its first value.
pub(super) fn sample(connection: &Connection, table: &str, column: &str) -> rusqlite::Result<FieldKind> {
    let column = sql::column(column);
    let query = format!("SELECT typeof({column}) FROM {} AS t WHERE {column} IS NOT NULL LIMIT 1", sql::quoted(table));
    let first = || connection.query_row(&query, [], |row| row.get(0)).optional();
    let kind: Option<String> = briefly(connection, first)?.unwrap_or_else(|| {
        tracing::warn!(
            table,
            column,
            "it takes too long to find a value, whose type the column would have: it is text"
        );
        None
    });
    Ok(match kind.as_deref() {
        Some("integer") => FieldKind::Integer,
        Some("real") => FieldKind::Number,
        Some("blob") => FieldKind::Binary,
        _ => FieldKind::String,
    })
}

/// Adds what gpkg_data_columns says about the fields, where the file has that table.
pub(super) fn describe(connection: &Connection, table: &str, fields: &mut [Field]) -> rusqlite::Result<()> {
    let query = "SELECT column_name, title, description, mime_type FROM gpkg_data_columns \
                 WHERE lower(table_name) = lower(?1)";
    // An optional table, and older versions lack columns: what cannot be asked is not told.
    let Ok(mut statement) = connection.prepare(query) else { return Ok(()) };
    let mut rows = statement.query([table])?;
    while let Some(row) = rows.next()? {
        let name = sql::text(row, 0)?.unwrap_or_default();
        let Some(field) = fields.iter_mut().find(|field| field.name.eq_ignore_ascii_case(&name)) else { continue };
        field.title = sql::text(row, 1)?.filter(|title| !title.is_empty());
        field.description = sql::text(row, 2)?.filter(|text| !text.is_empty());
        let is_json = sql::text(row, 3)?.is_some_and(|mime| mime.eq_ignore_ascii_case("application/json"));
        if is_json && field.kind == FieldKind::String {
            field.kind = FieldKind::Json;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_are_read_as_geopackage_and_sqlite_do() {
        for (declared, expected) in [
            ("BOOLEAN", FieldKind::Boolean),
            ("MEDIUMINT", FieldKind::Integer),
            ("INT", FieldKind::Integer),
            ("BIGINT", FieldKind::Integer),
            ("FLOAT", FieldKind::Number),
            ("DOUBLE PRECISION", FieldKind::Number),
            ("DECIMAL(10,5)", FieldKind::Number),
            ("TEXT(80)", FieldKind::String),
            ("VARCHAR(5)", FieldKind::String),
            ("BLOB", FieldKind::Binary),
            ("DATE", FieldKind::Date),
            ("DATETIME", FieldKind::DateTime),
            ("TIMESTAMP WITH TIME ZONE", FieldKind::DateTime),
            ("JSON", FieldKind::Json),
            ("UUID", FieldKind::String),
        ] {
            assert_eq!(kind(declared), Some(expected), "{declared}");
        }
        assert!(kind("").is_none());
        assert!(makes_text("VARCHAR(5)") && !makes_text("STRING") && !makes_text("CHARINT"));
    }
}
