//! Notices that tables are made otherwise than they were described: other columns, types, reference systems, keys.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::discover::PARTS_ELSEWHERE;
use super::hosts::Hosts;
use super::key::PROVES;
use super::{connect, discover, fault, runtime};
use crate::error::{Error, Result};

/// How long a look waits for a database: others are looked at as well.
const PATIENCE: Duration = Duration::from_secs(2);

/// The relation behind each name, its kind, whether it may be read, and its columns as the catalog has them; nothing where there
/// is none. Then the indexes that vouch for ids, and the text of views, whose ids may be others by it.
fn columns() -> String {
    format!(
        "
    SELECT coalesce(md5(string_agg(concat_ws(' ', w.name, c.oid, c.relkind, c.relhassubclass, c.relrowsecurity,
               has_table_privilege(c.oid, 'SELECT'), 
               c.relkind = 'p' AND {PARTS_ELSEWHERE},
               a.attnum, quote_ident(a.attname), a.atttypid, a.atttypmod, a.attnotnull),
               ';' ORDER BY w.name, a.attnum)), ''),
           (SELECT string_agg(DISTINCT concat_ws(' ', i.indrelid, i.indkey[0], i.indisprimary), ';') FROM pg_index i
            WHERE i.indrelid = ANY (SELECT to_regclass(name) FROM unnest($1::text[]) AS n(name)) AND {PROVES}),
           (SELECT string_agg(concat_ws(' ', r.oid, r.xmin), ';' ORDER BY r.oid) FROM pg_rewrite r
            WHERE r.ev_class = ANY (SELECT to_regclass(name) FROM unnest($1::text[]) AS n(name)))
    FROM unnest($1::text[]) AS w(name)
    LEFT JOIN pg_class c ON c.oid = to_regclass(w.name)
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    )
}

/// What was described of a database, and how it was made at the last look.
#[derive(Default)]
pub(super) struct Shape(Mutex<Looked>);

#[derive(Default)]
struct Looked {
    /// Quoted names of tables and views.
    names: Vec<String>,
    /// Whether tables that come and go count.
    is_all: bool,
    /// Statements of queries.
    queries: Vec<String>,
    /// In which state of the rows it was looked, and what there was.
    last: Option<(u64, u64)>,
}

impl Shape {
    fn looked(&self) -> std::sync::MutexGuard<'_, Looked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at a table or view from now on.
    pub(super) fn add_name(&self, name: &str) {
        self.looked().names.push(name.to_owned());
    }

    /// Looks from now on which tables there are.
    pub(super) fn add_all(&self) {
        self.looked().is_all = true;
    }

    /// Looks at what a query gives from now on.
    pub(super) fn add_query(&self, text: &str) {
        self.looked().queries.push(text.to_owned());
    }

    /// A number that is another one when something is made otherwise; that of the last look while the database is away.
    /// It is asked only where a transaction ended since: `state` tells.
    pub(super) fn number(&self, hosts: &Arc<Hosts>, state: u64) -> u64 {
        let (names, queries, is_all, last) = {
            let looked = self.looked();
            (looked.names.clone(), looked.queries.clone(), looked.is_all, looked.last)
        };
        if let Some((_, number)) = last.filter(|(of, _)| *of == state) {
            return number;
        }
        let hosts = hosts.clone();
        let look = async move {
            let work = async {
                // Connections of the pool belong to the threads of the readers.
                let (client, mut driver) = hosts.single().await?;
                tokio::select! {
                    number = look(&client, &names, &queries, is_all) => number,
                    () = async { while let Some(Ok(_)) = driver.next().await {} } => Err(fault::unavailable("it ended")),
                }
            };
            tokio::time::timeout(PATIENCE, work).await.map_err(fault::unavailable)?
        };
        match runtime::wait(look) {
            Ok(number) => {
                self.looked().last = Some((state, number));
                number
            }
            Err(_) => last.map_or(0, |(_, number)| number),
        }
    }
}

async fn look(client: &Client, names: &[String], queries: &[String], is_all: bool) -> Result<u64, Error> {
    let mut hasher = DefaultHasher::new();
    if !names.is_empty() {
        match client.query_one(&columns(), &[&names]).await {
            Ok(row) => {
                let (columns, indexes, views): (&str, Option<&str>, Option<&str>) =
                    (row.get(0), row.get(1), row.get(2));
                (columns, indexes, views).hash(&mut hasher);
            }
            // A schema was closed.
            Err(cause) if cause.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => "closed".hash(&mut hasher),
            Err(cause) => return Err(fault::reading(cause)),
        }
    }
    if is_all {
        for found in discover::discover(client).await? {
            found.label().hash(&mut hasher);
        }
    }
    if !queries.is_empty() {
        connect::find_functions(client).await.map_err(fault::reading)?;
    }
    for query in queries {
        // Only prepared, never run.
        match client.prepare(query).await {
            Ok(statement) => {
                for column in statement.columns() {
                    (column.name(), column.type_().oid(), column.type_modifier()).hash(&mut hasher);
                }
            }
            Err(cause) if fault::is_away(&cause) => return Err(fault::unavailable(cause)),
            Err(cause) => cause.code().map(tokio_postgres::error::SqlState::code).hash(&mut hasher),
        }
    }
    Ok(hasher.finish())
}
