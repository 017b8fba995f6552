//! How a table was made when it was described: its columns, its geometry, its reference system. A file that was replaced, or
//! a table that was made anew, may have others, and rows must not be read by a description that is none of theirs.

use rusqlite::{Connection, ErrorCode, OptionalExtension};

use super::{columns, sql};

/// How a table is made, as far as rows are read by it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Made {
    /// Name, declared type, and place in the primary key of each column.
    columns: Vec<(String, String, i64)>,
    /// Column, type, number of the system and dimension of the geometry.
    geometry: Option<(String, String, i64, Option<f64>)>,
    /// Authority, code and definition of its system.
    system: Option<(String, Option<i64>, String)>,
}

/// Whether SQLite cannot make anything of the file.
fn is_broken(cause: &rusqlite::Error) -> bool {
    let broken =
        [ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase, ErrorCode::SystemIoFailure, ErrorCode::CannotOpen];
    cause.sqlite_error_code().is_some_and(|code| broken.contains(&code))
}

/// What a connection has seen of its file.
#[derive(Debug, Default)]
pub(super) struct Verified {
    /// SQLite's number of what others wrote, as it was.
    version: Option<i64>,
    /// Tables that are as they were described.
    tables: Vec<String>,
}

impl Made {
    /// How it is made now; what the file does not tell is nothing.
    pub(super) fn read(connection: &Connection, table: &str) -> rusqlite::Result<Self> {
        let columns = columns::read(connection, table)?;
        let columns = columns.into_iter().map(|column| (column.name, column.declared, column.in_key)).collect();
        let query = "SELECT column_name, geometry_type_name, srs_id, z FROM gpkg_geometry_columns \
                     WHERE lower(table_name) = lower(?1)";
        let geometry = connection.prepare(query).ok().and_then(|mut statement| {
            let row = statement.query_row([table], |row| {
                let text = |at| Ok::<_, rusqlite::Error>(sql::text(row, at)?.unwrap_or_default());
                Ok((text(0)?, text(1)?, row.get::<_, i64>(2)?, sql::number(row, 3)?))
            });
            row.optional().ok().flatten()
        });
        let query =
            "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?1";
        let system = geometry.as_ref().and_then(|(_, _, srs, _)| {
            let row = connection.query_row(query, [srs], |row| {
                Ok((sql::text(row, 0)?.unwrap_or_default(), row.get(1)?, sql::text(row, 2)?.unwrap_or_default()))
            });
            row.ok()
        });
        Ok(Self { columns, geometry, system })
    }

    /// What is another now than it was described, in words for the log; columns that came since are nobody's business.
    fn differs(&self, now: &Self) -> Option<String> {
        let lost = self.columns.iter().find(|column| !now.columns.contains(column));
        match lost {
            Some((name, ..)) => Some(format!("no such column as was described: {name}")),
            None if self.geometry != now.geometry => Some("its geometry is another".to_owned()),
            None if self.system != now.system => Some("its reference system is another".to_owned()),
            None => None,
        }
    }

    /// Within a transaction: what of the table is another than it was described. It is looked at once for each state of the file.
    pub(super) fn verify(
        &self,
        connection: &Connection,
        table: &str,
        verified: &mut Verified,
    ) -> rusqlite::Result<Option<String>> {
        match self.look(connection, table, verified) {
            // Perhaps it is half written: nothing was read of it yet.
            Err(cause) if is_broken(&cause) => Ok(Some(cause.to_string())),
            looked => looked,
        }
    }

    fn look(&self, connection: &Connection, table: &str, verified: &mut Verified) -> rusqlite::Result<Option<String>> {
        let version = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if verified.version != Some(version) {
            *verified = Verified { version: Some(version), tables: Vec::new() };
        }
        if verified.tables.iter().any(|known| known == table) {
            return Ok(None);
        }
        let differs = self.differs(&Self::read(connection, table)?);
        if differs.is_none() {
            verified.tables.push(table.to_owned());
        }
        Ok(differs)
    }
}
