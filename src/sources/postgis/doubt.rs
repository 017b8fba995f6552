//! What is not as it was described, or could not be, though the catalog says nothing of it: rows in another reference system,
//! ids that stand for several rows, a table that is locked. It is looked at now and then until it is otherwise, and then
//! described anew.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::timeout_at;
use tokio_postgres::{Client, Row};

use super::hosts::Hosts;
use super::key::{Ids, Limit};
use super::sql::Sql;
use super::{connect, fault, runtime};
use crate::error::{Error, Result};

/// Between two looks at the same rows.
const SELDOM: Duration = Duration::from_secs(10);
/// How much longer than a look at all the ids the time is between two of them.
const SELDOMER: u32 = 50;
/// How long all looks may take, and when no other is begun.
const PATIENCE: Duration = Duration::from_secs(6);
const ENOUGH: Duration = Duration::from_secs(2);
/// How long each waits: it is one of several, and there is a next time.
const BRIEFLY: Duration = Duration::from_millis(1500);
const OF_LOCKS: Duration = Duration::from_millis(300);

/// What a look says of a table that is held, and of one that is not.
const HELD: &str = "held";
const FREE: &str = "free";
/// What a look says of ids.
const ONE_EACH: &str = "one row each";
const REPEATED: &str = "several rows";

#[derive(Clone, Debug)]
enum Question {
    /// Which reference systems the rows are in.
    Systems(Sql),
    /// Whether it can be read at all; the statement reads no row.
    Held(Sql),
    /// Whether each id stands for one row.
    Ids(Ids),
}

#[derive(Clone, Debug)]
struct Doubt {
    question: Question,
    /// What is there while nothing need be done.
    expected: String,
    seen: Option<Seen>,
}

#[derive(Clone, Debug)]
struct Seen {
    what: String,
    at: Instant,
    /// How long the look took.
    took: Duration,
    /// In which state of the rows.
    state: u64,
}

impl Question {
    /// What tells it from others.
    fn text(&self) -> &str {
        match self {
            Self::Systems(sql) | Self::Held(sql) => &sql.text,
            Self::Ids(ids) => ids.of(),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) && self.text() == other.text()
    }

    /// What there is; nothing where the database does not say.
    async fn ask(&self, client: &Client) -> String {
        let rows = async |sql: &Sql| client.query(&sql.text, &sql.bound().collect::<Vec<_>>()).await;
        match self {
            Self::Systems(sql) => rows(sql).await.map(|rows| systems(&rows)).unwrap_or_default(),
            Self::Held(sql) => match rows(sql).await {
                Ok(_) => FREE.to_owned(),
                Err(cause) if fault::holds(&cause) => HELD.to_owned(),
                // What is gone is seen in the catalog.
                Err(_) => String::new(),
            },
            Self::Ids(ids) => match ids.look(client, Some(Limit { whole: BRIEFLY, other: BRIEFLY })).await {
                Ok(None) => ONE_EACH.to_owned(),
                Ok(Some(_)) => REPEATED.to_owned(),
                Err(_) => String::new(),
            },
        }
    }
}

fn systems(rows: &[Row]) -> String {
    let numbers = rows.iter().map(|row| row.try_get::<_, Option<i32>>(0).ok().flatten().unwrap_or(0).to_string());
    numbers.collect::<Vec<_>>().join(", ")
}

impl Doubt {
    fn is_due(&self, state: u64) -> bool {
        let Some(seen) = &self.seen else { return true };
        match self.question {
            Question::Held(_) => true,
            Question::Systems(_) => seen.at.elapsed() > SELDOM,
            Question::Ids(_) => seen.state != state && seen.at.elapsed() > SELDOM.max(seen.took * SELDOMER),
        }
    }

    /// What comes first: what costs least, and what was not looked at for the longest time.
    fn rank(&self) -> (bool, Option<Instant>) {
        (matches!(self.question, Question::Ids(_)), self.seen.as_ref().map(|seen| seen.at))
    }
}

/// The doubts about the tables of a database.
#[derive(Debug)]
pub(super) struct Doubts {
    /// What the log calls it.
    database: String,
    room: Mutex<Looked>,
}

#[derive(Debug, Default)]
struct Looked {
    all: Vec<Doubt>,
    /// Whether anybody asked: the first to do so has just had all described.
    is_begun: bool,
}

impl Doubts {
    pub(super) fn new(database: &str) -> Self {
        Self { database: database.to_owned(), room: Mutex::default() }
    }

    /// What the log calls the database.
    pub(super) fn database(&self) -> &str {
        &self.database
    }

    fn looked(&self) -> MutexGuard<'_, Looked> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, question: Question, expected: &str) {
        let mut looked = self.looked();
        if !looked.all.iter().any(|one| one.question.is_same(&question)) {
            looked.all.push(Doubt { question, expected: expected.to_owned(), seen: None });
        }
    }

    /// Doubts that the rows are in these reference systems.
    pub(super) fn add_systems(&self, sql: Sql, expected: &str) {
        self.add(Question::Systems(sql), expected);
    }

    /// Waits until a table can be read: the statement reads no row.
    pub(super) fn add_held(&self, sql: Sql) {
        self.add(Question::Held(sql), HELD);
    }

    /// Doubts that each id stands for one row, as it does now, or that one stands for several.
    pub(super) fn add_ids(&self, ids: Ids, is_unique: bool) {
        self.add(Question::Ids(ids), if is_unique { ONE_EACH } else { REPEATED });
    }

    /// Hears that an id stands for several rows.
    pub(super) fn note_repeated(&self, ids: &Ids, value: Option<String>) {
        if let Some(value) = value {
            ids.note(value);
        }
        let is_it = |one: &&mut Doubt| matches!(&one.question, Question::Ids(other) if other.of() == ids.of());
        if let Some(one) = self.looked().all.iter_mut().find(is_it) {
            one.seen = None;
        }
    }

    /// Looks at what is due; a number that is another one when something is otherwise, zero while nothing is.
    pub(super) fn number(&self, hosts: &Arc<Hosts>, state: u64) -> u64 {
        let mut due: Vec<Doubt> = {
            let mut looked = self.looked();
            if !std::mem::replace(&mut looked.is_begun, true) {
                return 0;
            }
            looked.all.iter().filter(|one| one.is_due(state)).cloned().collect()
        };
        due.sort_by_key(Doubt::rank);
        if !due.is_empty() {
            let hosts = hosts.clone();
            let looked = runtime::wait(async move {
                let end = tokio::time::Instant::now() + PATIENCE;
                let (client, mut driver) = timeout_at(end, hosts.single()).await.map_err(fault::unavailable)??;
                tokio::select! {
                    seen = look(&client, due, state, end) => seen,
                    () = async { while let Some(Ok(_)) = driver.next().await {} } => Err(fault::unavailable("it ended")),
                }
            });
            // A database that is away says nothing new.
            for now in looked.unwrap_or_default() {
                if let Some(one) = self.looked().all.iter_mut().find(|one| one.question.is_same(&now.question)) {
                    one.seen = now.seen;
                }
            }
        }
        let mut hasher = DefaultHasher::new();
        let mut is_otherwise = false;
        for one in &self.looked().all {
            if let Some(seen) = one.seen.as_ref().filter(|seen| !seen.what.is_empty() && seen.what != one.expected) {
                (one.question.text(), &seen.what).hash(&mut hasher);
                is_otherwise = true;
            }
        }
        if is_otherwise { hasher.finish() } else { 0 }
    }
}

/// Looks at one after the other; those that it has no time for come first the next time, and one that has no end by then later.
async fn look(client: &Client, due: Vec<Doubt>, state: u64, end: tokio::time::Instant) -> Result<Vec<Doubt>, Error> {
    let (locks, each) = (OF_LOCKS.as_millis(), BRIEFLY.as_millis());
    let briefly = format!("SET lock_timeout = {locks}; SET statement_timeout = {each}");
    let ready = async {
        client.batch_execute(&briefly).await?;
        connect::find_functions(client).await
    };
    timeout_at(end, ready).await.map_err(fault::unavailable)?.map_err(fault::reading)?;
    let (begun, mut looked) = (Instant::now(), Vec::new());
    for mut one in due {
        if begun.elapsed() > ENOUGH {
            break;
        }
        let at = Instant::now();
        let what = timeout_at(end, one.question.ask(client)).await.unwrap_or_default();
        one.seen = Some(Seen { what, at, took: at.elapsed(), state });
        looked.push(one);
    }
    Ok(looked)
}
