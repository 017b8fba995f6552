//! Which column makes the ids of a table, and whether each of its values stands for one row: an index proves it; elsewhere
//! the rows are looked at, at the start and again, for pages that go on behind an id lose those that have it as well.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row};

use super::columns::{Column, Compared, Form};
use super::describe::{PATIENCE, Seen};
use super::doubt::Doubts;
use super::fault;
use super::sql::{Bound, Sql};
use super::table::From;
use crate::error::{Error, Result};
use crate::model::schema::{FieldKind, KeyKind};

/// Names of columns that make ids in views, which have no primary key.
const USUAL: [&str; 6] = ["fid", "id", "gid", "ogc_fid", "objectid", "osm_id"];
/// Rows that are looked at where all of them take too long.
const TRIED: u32 = 10_000;
/// How long all of them may take at the start, of a column that is named.
const BRIEFLY: Duration = Duration::from_secs(1);

/// How long a statement may take that looks at all rows, and any other.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    pub(super) whole: Duration,
    pub(super) other: Duration,
}

/// Ids that are told as examples.
const TOLD: u32 = 3;

/// What of an index `i` shows that each value of its first column is that of one row.
pub(super) const PROVES: &str =
    "i.indnkeyatts = 1 AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indisvalid";

/// The ids that stand for several rows, as pages and looks found, by what they are ids of. Whoever describes a table anew knows
/// nothing of those who did before, and may not come across them.
static REPEATED: LazyLock<Mutex<HashMap<String, String>>> = LazyLock::new(Mutex::default);
/// Most that are kept.
const MOST: usize = 1_000;

fn repeated() -> MutexGuard<'static, HashMap<String, String>> {
    REPEATED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ids that no index vouches for.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    /// Of which database, table or query, and column they are.
    of: String,
    /// The column as it is compared, and its type as a value is bound.
    column: String,
    cast: &'static str,
    from: Sql,
    /// Whether an index has each value once: then some may be missing alone.
    is_unique: bool,
}

/// The column of the ids, and what rows must be asked of it, if anything.
pub(super) type Key = (String, Option<Ids>);

/// Finds the column, or the reason why there is none: the one that is named; else the primary key, or another that is unique
/// and never null. Views and queries have neither: there it is one with a usual name whose values are unique as far as was
/// looked.
pub(super) async fn choose(
    client: &Client,
    from: &From,
    columns: &[Seen],
    named: Option<&str>,
    doubts: &Doubts,
) -> Result<Result<Key, String>> {
    const NONE: &str = "it has no primary key of one column, nor another that is unique and never null";
    let (is_table, has_children) = match from {
        From::Name { name, .. } => inheritance(client, name).await?,
        From::Query(_) => (false, false),
    };
    if let Some(named) = named {
        let column = columns.iter().map(|(column, _)| column).find(|column| column.name == named);
        let Some(column) = column else { return Ok(Err(format!("there is no column '{named}' to make the ids"))) };
        if column.key_kind().is_none() {
            return Ok(Err(format!("the column '{named}' cannot make the ids: neither integer nor text")));
        }
        return by_name(client, from, column, has_children, doubts).await;
    }
    if has_children {
        let why = "a key holds in one table alone, and other tables inherit from this one";
        return Ok(Err(wanting(why)));
    }
    if let From::Name { name, .. } = from {
        match declared(client, name).await? {
            Some(key) => return Ok(Ok((key, None))),
            // Unique today, twice tomorrow: rows would be lost between pages.
            None if is_table => return Ok(Err(wanting(NONE))),
            None => {}
        }
    }
    let mut refused = Vec::new();
    for name in USUAL {
        let usual = columns.iter().map(|(column, _)| column).find(|column| column.name.eq_ignore_ascii_case(name));
        let Some(column) = usual.filter(|column| column.compared == Compared::Integer) else { continue };
        let ids = Ids::new(from, column, doubts.database(), false);
        match ids.look(client, None).await.map_err(fault::describing)? {
            None => {
                doubts.add_ids(ids.clone(), true);
                return Ok(Ok((column.name.clone(), Some(ids))));
            }
            Some(why) => refused.push((ids, format!("{}: {why}", column.name))),
        }
    }
    let why: Vec<String> = refused.iter().map(|(_, why)| format!("; {why}")).collect();
    // They may be mended.
    for (ids, _) in refused {
        doubts.add_ids(ids, false);
    }
    Ok(Err(wanting(&format!("{NONE}{}", why.concat()))))
}

fn wanting(why: &str) -> String {
    format!("{why}: name a column that is unique over all its rows with key = \"…\" in the project file")
}

/// A column that the project file names.
async fn by_name(
    client: &Client,
    from: &From,
    column: &Column,
    has_children: bool,
    doubts: &Doubts,
) -> Result<Result<Key, String>> {
    let is_unique = match from {
        From::Name { name, .. } if !has_children => is_unique(client, name, &column.name).await?,
        _ => false,
    };
    if is_unique && column.is_filled {
        return Ok(Ok((column.name.clone(), None)));
    }
    let ids = Ids::new(from, column, doubts.database(), is_unique);
    let why = match ids.look(client, Some(Limit { whole: BRIEFLY, other: PATIENCE })).await {
        Err(cause) if is_late(&cause) => {
            tracing::warn!(
                key = column.name,
                "the database takes too long to tell whether the ids are unique: pages lose rows where they are not"
            );
            None
        }
        looked => looked.map_err(fault::describing)?,
    };
    doubts.add_ids(ids.clone(), why.is_none());
    Ok(match why {
        None => Ok((column.name.clone(), Some(ids))),
        Some(why) => Err(format!(
            "key = \"{}\" does not tell its rows apart, and pages would lose some: {why}; name a column that is unique over \
             all of them",
            column.name
        )),
    })
}

impl Column {
    /// Of what kind the ids are that it makes, if it can.
    pub(super) fn key_kind(&self) -> Option<KeyKind> {
        match self.form {
            Form::Int2 | Form::Int4 | Form::Int8 => Some(KeyKind::Integer),
            Form::Text if self.kind == FieldKind::String => Some(KeyKind::String),
            _ => None,
        }
    }
}

impl Ids {
    fn new(from: &From, column: &Column, database: &str, is_unique: bool) -> Self {
        let mut sql = Sql::default();
        from.write(&mut sql, &[]);
        let cast = match (column.key_kind(), column.compared) {
            (Some(KeyKind::Integer), _) => "int8",
            (_, Compared::Uuid) => "text::uuid",
            _ => "text",
        };
        let column = column.compared_by();
        Self { of: format!("{database} {column} {}", sql.text), column, cast, from: sql, is_unique }
    }

    /// What tells them from others.
    pub(super) fn of(&self) -> &str {
        &self.of
    }

    /// Keeps in mind that an id stands for several rows.
    pub(super) fn note(&self, value: String) {
        let mut repeated = repeated();
        if repeated.len() < MOST || repeated.contains_key(&self.of) {
            repeated.insert(self.of.clone(), value);
        }
    }

    /// Looks whether each id stands for one row; else tells which do not. One that did not is looked at first; then all rows,
    /// where that takes no longer than they may, or the first ones. Without a limit these alone are looked at.
    pub(super) async fn look(
        &self,
        client: &Client,
        limit: Option<Limit>,
    ) -> Result<Option<String>, tokio_postgres::Error> {
        let known = repeated().get(&self.of).cloned();
        if let Some(sql) = known.as_ref().and_then(|value| self.one(value)) {
            match self.ask(client, &sql).await {
                Ok(None) => drop(repeated().remove(&self.of)),
                Ok(why) => return Ok(why),
                // As it was.
                Err(cause) if is_late(&cause) => return Ok(known.map(|value| told(&value, None))),
                Err(cause) => return Err(cause),
            }
        }
        if let Some(Limit { whole, other }) = limit.filter(|_| !self.is_unique) {
            client.batch_execute(&format!("SET statement_timeout = {}", whole.as_millis())).await?;
            let whole = self.ask(client, &self.repeats(&format!("{} AS t", self.rows("")))).await;
            client.batch_execute(&format!("SET statement_timeout = {}", other.as_millis())).await?;
            match whole {
                Err(cause) if is_late(&cause) => {}
                whole => return whole,
            }
        }
        let rows = if self.is_unique {
            self.rows(&format!(" WHERE {} IS NULL", self.column))
        } else {
            self.rows(&format!(" LIMIT {TRIED}"))
        };
        self.ask(client, &self.repeats(&format!("{rows} AS t"))).await
    }

    async fn ask(&self, client: &Client, sql: &Sql) -> Result<Option<String>, tokio_postgres::Error> {
        let values: Vec<_> = sql.bound().collect();
        let rows = client.query(&sql.text, &values).await?;
        let told: Vec<String> = rows.iter().map(|row| self.hear(row)).collect();
        Ok((!told.is_empty()).then(|| told.join(", ")))
    }

    fn hear(&self, row: &Row) -> String {
        let count: i64 = row.get(1);
        match row.get::<_, Option<String>>(0) {
            Some(value) => {
                let told = told(&value, Some(count));
                self.note(value);
                told
            }
            None => format!("{count} rows have no value"),
        }
    }

    /// The rows as a source, with the column as `k`.
    fn rows(&self, end: &str) -> String {
        format!("(SELECT {} AS k FROM {}{end})", self.column, self.from.text)
    }

    /// The ids among rows that do not stand for one each.
    fn repeats(&self, rows: &str) -> Sql {
        let text =
            format!("SELECT k::text, count(*) FROM {rows} GROUP BY k HAVING count(*) > 1 OR k IS NULL LIMIT {TOLD}");
        Sql { text, values: self.from.values.clone() }
    }

    /// The same of one id.
    fn one(&self, value: &str) -> Option<Sql> {
        let bound = if self.cast == "int8" { Bound::Int(value.parse().ok()?) } else { Bound::Text(value.to_owned()) };
        let mut sql = Sql {
            text: format!("SELECT k::text, count(*) FROM {} AS t WHERE k = ", self.rows("")),
            ..self.from.clone()
        };
        sql.bind(bound, self.cast);
        sql.add(" GROUP BY k HAVING count(*) > 1");
        Some(sql)
    }
}

fn told(value: &str, count: Option<i64>) -> String {
    // It may be a long text.
    let value: String = value.chars().take(40).collect();
    match count {
        Some(count) => format!("{value} stands for {count} rows"),
        None => format!("{value} stands for several rows"),
    }
}

/// Whether a look took longer than it may.
pub(super) fn is_late(cause: &tokio_postgres::Error) -> bool {
    cause.code() == Some(&SqlState::QUERY_CANCELED)
}

/// Whether it is a table, whose keys are declared, and whether it has rows of others that inherit from it. Indexes of a
/// partitioned table are those of all its parts.
async fn inheritance(client: &Client, from: &str) -> Result<(bool, bool)> {
    let query = "
        SELECT c.relkind IN ('r', 'p'),
               c.relkind <> 'p' AND EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhparent = c.oid)
        FROM pg_class c WHERE c.oid = $1::text::regclass";
    let row = client.query_one(query, &[&from]).await.map_err(fault::describing)?;
    Ok((row.get(0), row.get(1)))
}

/// The column of the primary key, or one that is unique and never null.
async fn declared(client: &Client, from: &str) -> Result<Option<String>> {
    let query = format!(
        "
        SELECT a.attname FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = $1::text::regclass AND {PROVES} AND a.attnotnull
        ORDER BY i.indisprimary DESC, a.attnum LIMIT 1"
    );
    let row = client.query_opt(&query, &[&from]).await.map_err(fault::describing)?;
    Ok(row.map(|row| row.get(0)))
}

/// Whether an index has each value of a column once.
async fn is_unique(client: &Client, from: &str, column: &str) -> Result<bool, Error> {
    let query = format!(
        "
        SELECT EXISTS (SELECT 1 FROM pg_index i
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indrelid = $1::text::regclass AND {PROVES} AND a.attname = $2::text)"
    );
    Ok(client.query_one(&query, &[&from, &column]).await.map_err(fault::describing)?.get(0))
}
