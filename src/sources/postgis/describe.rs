//! Finds out what a table, view or query is like: its columns, its key, its fields of time. Errors are for whoever runs the
//! server.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::types::Kind as TypeKind;
use tokio_postgres::{Client, Row};

use super::LayerOptions;
use super::columns::{Column, Described};
use super::doubt::Doubts;
use super::letters::Letters;
use super::spatial::{self, Declared};
use super::table::{From, Table};
use super::{fault, key, moment};
use crate::error::{Error, Kind, Result};
use crate::model::schema::{Field, Schema};

/// How long one statement may take that finds out what a table is like; a view may compute much.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);

/// A column, and whether its type is one of places.
pub(super) type Seen = (Column, bool);

/// Reads the description of what is called `label`; of several geometries the one that is named, else the first.
pub(super) async fn describe(
    client: &Client,
    label: &str,
    from: From,
    geometry: Option<&str>,
    options: &LayerOptions,
    doubts: &Doubts,
) -> Result<Table> {
    let wrong = |what: String| Error::new(Kind::Internal, format!("table '{label}': {what}"));
    let (mut all, declared) = match &from {
        From::Name { name, .. } => (columns(client, name).await?, spatial::declared(client, name, geometry).await?),
        From::Query(_) => of_query(client, &from, geometry).await?,
    };
    let declared = declared.ok_or_else(|| wrong("it has no geometry".to_owned()))?;
    let chosen = key::choose(client, &from, &all, options.id.as_deref(), doubts).await?;
    let (key_name, ids) = chosen.map_err(wrong)?;
    let none = || wrong("it has no column to make the ids".to_owned());
    let at = all.iter().position(|(column, _)| column.name == key_name).ok_or_else(none)?;
    let (key, _) = all.remove(at);
    let key_kind = key.key_kind().ok_or_else(none)?;
    let (fields, columns): (Vec<Field>, Vec<Column>) = all
        .into_iter()
        .filter(|(_, is_spatial)| !is_spatial)
        .map(|(column, _)| {
            let mut field = Field::new(&column.name, column.kind);
            field.description.clone_from(&column.comment);
            (field, column)
        })
        .unzip();
    let time = options.time_fields(&fields).map_err(wrong)?;
    let (geometry, described) = spatial::geometry(client, label, &from, declared, options.crs.as_ref(), doubts).await?;
    let schema = Schema { fields, key: (key.name.clone(), key_kind), geometry: Some(described), time };
    let is_small = moment::is_worth_it(client, &from).await?;
    let encoding =
        client.query_one("SELECT current_setting('server_encoding')", &[]).await.map_err(fault::describing)?;
    let letters = Letters::of(encoding.get(0));
    Ok(Table { schema: Arc::new(schema), from, key, ids, columns, geometry: Some(geometry), is_small, letters })
}

fn is_spatial(type_name: &str) -> bool {
    matches!(type_name, "geometry" | "geography" | "raster" | "box2d" | "box3d")
}

/// The columns of a query, and its geometry.
async fn of_query(client: &Client, from: &From, geometry: Option<&str>) -> Result<(Vec<Seen>, Option<Declared>)> {
    let statement = client.prepare(&from.select_all().text).await.map_err(fault::describing)?;
    let mut declared = None;
    let seen = statement.columns().iter().map(|column| {
        let mut kind = column.type_();
        while let TypeKind::Domain(inner) = kind.kind() {
            kind = inner;
        }
        let category = match kind.kind() {
            TypeKind::Array(_) => 'A',
            TypeKind::Composite(_) => 'C',
            _ => 'U',
        };
        let (name, type_name) = (column.name(), kind.name());
        if declared.is_none() && matches!(type_name, "geometry" | "geography") && geometry.is_none_or(|it| it == name) {
            declared = Some((name.to_owned(), type_name == "geography", column.type_modifier()));
        }
        let described = Described {
            name,
            type_name,
            category,
            modifier: column.type_modifier(),
            is_deterministic: true,
            // Nobody knows how the query compares its texts.
            is_unicode: false,
            is_filled: false,
            index: None,
            comment: None,
        };
        (Column::new(described), is_spatial(type_name))
    });
    let seen = seen.collect();
    let declared = match declared {
        Some((name, is_geography, modifier)) => Some(spatial::typed(client, name, is_geography, modifier).await?),
        None => None,
    };
    Ok((seen, declared))
}

/// All columns, and whether each is spatial.
async fn columns(client: &Client, from: &str) -> Result<Vec<Seen>> {
    let query = "
        SELECT a.attname, coalesce(b.typname, t.typname), coalesce(b.typcategory, t.typcategory)::text,
               coalesce(l.collisdeterministic, true), col_description(a.attrelid, a.attnum), a.attnotnull,
               (SELECT bool_or(coalesce(c.collname = 'C', false)) FROM pg_index i
                JOIN pg_opclass o ON o.oid = i.indclass[0] JOIN pg_am m ON m.oid = o.opcmethod
                LEFT JOIN pg_collation c ON c.oid = i.indcollation[0]
                WHERE i.indrelid = a.attrelid AND i.indkey[0] = a.attnum AND i.indpred IS NULL AND i.indisvalid
                  AND m.amname = 'btree' AND o.opcdefault),
               current_setting('server_encoding') = 'UTF8',
               CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END
        FROM pg_attribute a
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
        LEFT JOIN pg_collation l ON l.oid = a.attcollation
        WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum";
    let rows = client.query(query, &[&from]).await.map_err(fault::describing)?;
    let column = |row: &Row| {
        let (type_name, category): (&str, &str) = (row.get(1), row.get(2));
        let described = Described {
            name: row.get(0),
            type_name,
            category: category.chars().next().unwrap_or('U'),
            is_deterministic: row.get(3),
            comment: row.get(4),
            is_filled: row.get(5),
            index: row.get(6),
            is_unicode: row.get(7),
            modifier: row.get(8),
        };
        (Column::new(described), is_spatial(type_name))
    };
    Ok(rows.iter().map(column).collect())
}
