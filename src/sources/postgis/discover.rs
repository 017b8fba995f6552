//! What there is in a database: tables and views with a geometry, as its catalog tells.

use tokio_postgres::Client;

use super::{fault, name};
use crate::error::Result;

/// A table or view with a geometry column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) geometry: String,
    /// What the database's owner wrote about it.
    pub(super) comment: Option<String>,
    /// Whether it is a table, or a materialized view, without parts in other databases and without row security.
    pub(super) is_plain: bool,
}

impl Found {
    /// The name by which a project file calls it.
    pub(super) fn label(&self) -> String {
        name::label(&self.schema, &self.name)
    }
}

/// Whether a partitioned table `c` has a partition that is no table of this database.
pub(super) const PARTS_ELSEWHERE: &str = "EXISTS (
        WITH RECURSIVE parts(oid) AS (
            SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = c.oid
            UNION ALL SELECT i.inhrelid FROM pg_inherits i JOIN parts p ON i.inhparent = p.oid)
        SELECT 1 FROM parts p JOIN pg_class s ON s.oid = p.oid WHERE s.relkind NOT IN ('r', 'p'))";

/// Everything that may be read. A table with two geometries is published with its first.
pub(super) async fn discover(client: &Client) -> Result<Vec<Found>> {
    let query = format!(
        "
        SELECT DISTINCT ON (n.nspname, c.relname) n.nspname, c.relname, a.attname, obj_description(c.oid, 'pg_class'),
            NOT c.relrowsecurity AND CASE WHEN c.relkind = 'p' THEN NOT {PARTS_ELSEWHERE}
                ELSE c.relkind IN ('r', 'm') AND NOT c.relhassubclass END
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type t ON t.oid = a.atttypid
        WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
          AND t.typname IN ('geometry', 'geography')
          AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'topology', 'tiger', 'tiger_data')
          AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
        ORDER BY n.nspname, c.relname, a.attnum"
    );
    let rows = client.query(&query, &[]).await.map_err(fault::reading)?;
    let found = rows.iter().map(|row| Found {
        schema: row.get(0),
        name: row.get(1),
        geometry: row.get(2),
        comment: row.get(3),
        is_plain: row.get(4),
    });
    Ok(found.collect())
}

/// What has geometries and is not published, and why. What may not be read at all is nobody's business here.
pub(super) async fn left_out(client: &Client) -> Result<Vec<(String, &'static str)>> {
    let query = "
        SELECT n.nspname, c.relname, has_table_privilege(c.oid, 'SELECT')
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
        WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
          AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'topology', 'tiger', 'tiger_data')
          AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
        GROUP BY n.nspname, c.relname, c.oid
        HAVING bool_or(coalesce(b.typname, t.typname) IN ('geometry', 'geography'))
          AND (NOT has_table_privilege(c.oid, 'SELECT') OR NOT bool_or(t.typname IN ('geometry', 'geography')))
        ORDER BY 1, 2";
    let rows = client.query(query, &[]).await.map_err(fault::reading)?;
    let told = rows.iter().map(|row| {
        let label = name::label(row.get(0), row.get(1));
        let why = if row.get(2) {
            "the type of its geometry is a domain: publish it with sql = \"SELECT …, geom::geometry(…) AS geom FROM …\" in the \
             project file"
        } else {
            "only some of its columns may be read: grant SELECT on the table, or publish these columns with sql = \"…\" in the \
             project file"
        };
        (label, why)
    });
    Ok(told.collect())
}
