//! What is not as it was described, or could not be, though the catalog says nothing of it: rows in another reference system,
//! a table that is locked. It is looked at now and then until it is otherwise, and then described anew.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::hosts::Hosts;
use super::sql::Sql;
use super::{connect, fault, runtime};
use crate::error::{Error, Result};

/// Between two looks at the same rows.
const SELDOM: Duration = Duration::from_secs(10);
/// How long all looks may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long each waits: it is one of several, and there is a next time.
const BRIEFLY: &str = "SET lock_timeout = 300; SET statement_timeout = 1500";

/// What a look says of a table that is locked.
const LOCKED: &str = "locked";

#[derive(Clone, Debug)]
struct Doubt {
    sql: Sql,
    /// What is there while nothing need be done.
    expected: String,
    seen: Option<(Instant, String)>,
}

impl Doubt {
    fn is_due(&self) -> bool {
        let is_late = |at: &Instant| self.expected == LOCKED || at.elapsed() > SELDOM;
        self.seen.as_ref().is_none_or(|(at, _)| is_late(at))
    }
}

/// The doubts about the tables of a database.
#[derive(Debug, Default)]
pub(super) struct Doubts(Mutex<Vec<Doubt>>);

impl Doubts {
    /// Doubts that the rows are in these reference systems.
    pub(super) fn add_systems(&self, sql: Sql, expected: String) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.iter().all(|one| one.sql.text != sql.text) {
            all.push(Doubt { sql, expected, seen: None });
        }
    }

    /// Waits for the end of a lock: the statement reads no row.
    pub(super) fn add_locked(&self, sql: Sql) {
        self.add_systems(sql, LOCKED.to_owned());
    }

    /// Looks at what is due; a number that is another one when something is otherwise, zero while nothing is.
    pub(super) fn number(&self, hosts: &Arc<Hosts>) -> u64 {
        let all = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due: Vec<Doubt> = all().iter().filter(|one| one.is_due()).cloned().collect();
        if !due.is_empty() {
            let hosts = hosts.clone();
            let looked = runtime::wait(async move {
                let work = async {
                    let (client, mut driver) = hosts.single().await?;
                    tokio::select! {
                        seen = look(&client, due) => seen,
                        () = async { while let Some(Ok(_)) = driver.next().await {} } => Err(fault::unavailable("it ended")),
                    }
                };
                tokio::time::timeout(PATIENCE, work).await.map_err(fault::unavailable)?
            });
            // A database that is away says nothing new.
            for now in looked.unwrap_or_default() {
                if let Some(one) = all().iter_mut().find(|one| one.sql.text == now.sql.text) {
                    one.seen = now.seen;
                }
            }
        }
        let mut hasher = DefaultHasher::new();
        let mut is_otherwise = false;
        for one in all().iter() {
            if let Some((_, seen)) = one.seen.as_ref().filter(|(_, seen)| !seen.is_empty() && *seen != one.expected) {
                (&one.sql.text, seen).hash(&mut hasher);
                is_otherwise = true;
            }
        }
        if is_otherwise { hasher.finish() } else { 0 }
    }
}

async fn look(client: &Client, mut due: Vec<Doubt>) -> Result<Vec<Doubt>, Error> {
    client.batch_execute(BRIEFLY).await.map_err(fault::reading)?;
    connect::find_functions(client).await.map_err(fault::reading)?;
    for one in &mut due {
        let values: Vec<_> = one.sql.bound().collect();
        let seen = match client.query(&one.sql.text, &values).await {
            Ok(_) if one.expected == LOCKED => "free".to_owned(),
            Ok(rows) => {
                let numbers =
                    rows.iter().map(|row| row.try_get::<_, Option<i32>>(0).ok().flatten().unwrap_or(0).to_string());
                numbers.collect::<Vec<_>>().join(", ")
            }
            Err(cause) if cause.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) && one.expected == LOCKED => {
                LOCKED.to_owned()
            }
            // What is gone is seen in the catalog.
            Err(_) => String::new(),
        };
        one.seen = Some((Instant::now(), seen));
    }
    Ok(due)
}
