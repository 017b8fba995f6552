//! One table or view as it is read: its columns, its key, its geometry.

use std::sync::Arc;

use super::columns::Column;
use super::key::Ids;
use super::letters::Letters;
use super::sql::Sql;
use super::view::Template;
use crate::model::schema::Schema;
use crate::model::value::Value;

/// A table as it is read.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) schema: Arc<Schema>,
    pub(super) from: From,
    pub(super) key: Column,
    /// The ids, where no index vouches for them.
    pub(super) ids: Option<Ids>,
    /// For each field of the schema.
    pub(super) columns: Vec<Column>,
    pub(super) geometry: Option<Geometry>,
    /// Whether it is counted with each page, if it still is as small as it was.
    pub(super) is_small: bool,
    pub(super) letters: Letters,
}

/// What a FROM clause names.
#[derive(Debug)]
pub(super) enum From {
    /// A table or view.
    Name {
        /// Quoted.
        name: String,
        /// Whether its rows change by transactions alone: those of views and of foreign tables may change by themselves, and
        /// what row security shows as well.
        is_plain: bool,
    },
    /// A query of the project file.
    Query(Template),
}

/// The geometry column.
#[derive(Debug)]
pub(super) struct Geometry {
    /// The column, as a geometry.
    pub(super) column: String,
    /// Whether an index on it can be used.
    pub(super) is_indexable: bool,
    /// Whether surfaces of patches may be among its values, with which PostGIS knows little to do.
    pub(super) may_be_patched: bool,
    pub(super) srid: i32,
}

impl From {
    /// Whether its rows change by transactions alone.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self, Self::Name { is_plain: true, .. })
    }

    /// The statement for all of it, with the parameters of a query at their defaults.
    pub(super) fn select_all(&self) -> Sql {
        let mut sql = Sql::default();
        sql.add("SELECT * FROM ");
        self.write(&mut sql, &[]);
        sql
    }

    /// Appends it, called `t`, with these values for the parameters of a query; those left out are at their defaults.
    pub(super) fn write(&self, sql: &mut Sql, values: &[(String, Value)]) {
        match self {
            Self::Name { name, .. } => sql.add(name),
            Self::Query(template) => {
                sql.add("(");
                template.write(sql, values);
                // A comment at its end must not swallow the bracket.
                sql.add("\n)");
            }
        }
        sql.add(" AS t");
    }
}
