//! Which column makes the ids of features.

use rusqlite::{Connection, OptionalExtension};

use super::columns::{self, Column};
use super::patience::briefly;
use super::sql;
use crate::model::schema::{FieldKind, KeyKind};

/// The key of a table.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// What clients call it.
    pub(super) name: String,
    pub(super) kind: KeyKind,
    /// The key in SQL.
    pub(super) sql: String,
    /// SQLite's own number of the row in SQL, where the table has it; an R-tree knows rows by it.
    pub(super) rowid: Option<String>,
    /// Whether the column is a property as well: a key that was guessed is one of a view's values.
    pub(super) is_property: bool,
}

/// So many rows of a column are looked at before it makes ids: a huge view must not block the start.
const TRIED: u32 = 100_000;

impl Key {
    /// The key as it is compared: text by its bytes, whatever the column's collation.
    pub(super) fn compared(&self) -> String {
        match self.kind {
            KeyKind::Integer => self.sql.clone(),
            KeyKind::String => format!("{} COLLATE BINARY", self.sql),
        }
    }

    /// What rows are ordered by after the key: a column that was merely said to be unique must not shuffle rows between
    /// pages.
    pub(super) fn tie(&self) -> Option<&str> {
        self.rowid.as_deref().filter(|_| !self.is_rowid())
    }

    /// Whether the key is SQLite's own number of the row: always an integer, and rows lie in its order.
    pub(super) fn is_rowid(&self) -> bool {
        self.rowid.as_ref() == Some(&self.sql)
    }
}

/// Chooses the key; the error is for whoever runs the server.
pub(super) fn choose(
    connection: &Connection,
    table: &str,
    columns: &[Column],
    wanted: Option<&str>,
) -> rusqlite::Result<Result<Key, String>> {
    let query = "SELECT type, wr FROM pragma_table_list WHERE schema = 'main' AND lower(name) = lower(?1)";
    let of_table = |row: &rusqlite::Row<'_>| Ok((sql::text(row, 0)?.unwrap_or_default(), row.get::<_, bool>(1)?));
    let (what, without_rowid) = connection.query_row(query, [table], of_table).optional()?.unwrap_or_default();
    let is_view = what == "view";
    let in_key: Vec<&Column> = columns.iter().filter(|column| column.in_key > 0).collect();
    let alias = match in_key[..] {
        [column] if column.declared == "INTEGER" && !without_rowid && !key_has_index(connection, table)? => {
            Some(column)
        }
        _ => None,
    };
    let rowid = match alias {
        _ if is_view || without_rowid => None,
        Some(column) => Some(sql::column(&column.name)),
        None => ["rowid", "_rowid_", "oid"]
            .iter()
            .find(|name| !columns.iter().any(|column| column.name.eq_ignore_ascii_case(name)))
            .map(|name| format!("t.{name}")),
    };
    let by_column = |column: &Column| Key {
        name: column.name.clone(),
        kind: match columns::kind(&column.declared) {
            Some(FieldKind::Integer) => KeyKind::Integer,
            _ => KeyKind::String,
        },
        sql: sql::column(&column.name),
        rowid: rowid.clone(),
        is_property: false,
    };
    if let Some(wanted) = wanted {
        let found = columns.iter().find(|column| column.name == wanted);
        let found = found.or_else(|| columns.iter().find(|column| column.name.eq_ignore_ascii_case(wanted)));
        let Some(column) = found else { return Ok(Err(format!("there is no column '{wanted}' for the ids"))) };
        let key = by_column(column);
        let is_sure = alias.is_some_and(|alias| alias.name == column.name);
        return Ok(if is_sure { Ok(key) } else { tried(connection, table, key)? });
    }
    if let Some(column) = alias {
        return Ok(Ok(by_column(column)));
    }
    if is_view {
        // GeoPackage's rule for views: the first column is the key.
        let Some(first) = columns.first() else { return Ok(Err("it has no columns".to_owned())) };
        let mut key = by_column(first);
        if columns::kind(&first.declared).is_none()
            && columns::sample(connection, table, &first.name)? == FieldKind::Integer
        {
            key.kind = KeyKind::Integer;
        }
        key.is_property = key.kind == KeyKind::String;
        return tried(connection, table, key);
    }
    if let [column] = in_key[..] {
        // SQLite lets a key that is no rowid be null; such rows would have no id.
        let query =
            format!("SELECT 1 FROM {} AS t WHERE {} IS NULL LIMIT 1", sql::quoted(table), sql::column(&column.name));
        let surely_there = column.not_null || without_rowid;
        if surely_there || connection.query_row(&query, [], |_| Ok(())).optional()?.is_none() {
            return Ok(Ok(by_column(column)));
        }
        tracing::warn!(table, column = column.name, "the key has nulls: the rowid makes the ids");
    }
    Ok(match rowid {
        Some(sql) => Ok(Key {
            name: "rowid".to_owned(),
            kind: KeyKind::Integer,
            rowid: Some(sql.clone()),
            sql,
            is_property: false,
        }),
        None => Err("it has no key of a single column: name the column of the ids in the project file".to_owned()),
    })
}

/// The key where its first values are unique and none is null: of features with the same id clients keep one.
fn tried(connection: &Connection, table: &str, key: Key) -> rusqlite::Result<Result<Key, String>> {
    let (id, from) = (&key.sql, sql::quoted(table));
    let query = format!(
        "SELECT count(*), count(id), count(DISTINCT id COLLATE BINARY) FROM (SELECT {id} AS id FROM {from} AS t LIMIT {TRIED})"
    );
    let counts = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
    let Some((rows, filled, distinct)) = briefly(connection, || connection.query_row(&query, [], counts))? else {
        tracing::warn!(table, column = key.name, "whether the ids are unique takes too long to find out");
        return Ok(Ok(key));
    };
    let what = match () {
        () if filled < rows => "null",
        () if distinct < filled => "the same",
        () => return Ok(Ok(key)),
    };
    let name = &key.name;
    Ok(Err(format!(
        "the column '{name}' cannot make the ids, some of its values are {what}: name a unique column with \
         key = \"…\" in the project file"
    )))
}

/// Whether the primary key has an index of its own, and so is not the rowid (`INTEGER PRIMARY KEY DESC` has).
fn key_has_index(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let query = "SELECT 1 FROM pragma_index_list(?1) WHERE origin = 'pk' LIMIT 1";
    Ok(connection.query_row(query, [table], |_| Ok(())).optional()?.is_some())
}
