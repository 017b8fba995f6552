//! Tables and views of PostgreSQL with PostGIS. Rows come in binary form over a pool of connections that only read.

use std::fmt;
use std::sync::{Arc, Once};

use crate::data::source::FeatureSource;
use crate::error::{Error, Kind, Result};

mod allowed;
mod ask;
mod boxes;
mod cells;
mod columns;
mod connect;
mod count;
mod crowd;
mod describe;
mod discover;
mod doubt;
mod ewkb;
mod extent;
mod far;
mod fault;
mod filter;
mod hosts;
mod instance;
mod key;
mod layer;
mod letters;
mod literal;
mod moment;
mod name;
mod narrow;
mod number;
mod pools;
mod pulse;
mod read;
mod runtime;
mod seek;
mod selected;
mod session;
mod shape;
mod share;
mod snapshot;
mod sparse;
mod spatial;
mod sql;
mod srid;
mod table;
mod turns;
mod view;
mod watch;
mod words;

pub use connect::DatabaseOptions;
pub(crate) use fault::is_held;
pub use view::{SqlView, ViewParameter};

use super::layer_options::LayerOptions;
use sql::quoted;
use table::From;
use view::Template;

/// A database that is open for reading.
#[derive(Clone)]
pub struct Database {
    room: Arc<Room>,
    found: Vec<discover::Found>,
    left_out: Vec<(String, &'static str)>,
}

/// What the layers of a database share.
#[derive(Clone)]
struct Room {
    name: String,
    hosts: Arc<hosts::Hosts>,
    pulse: Arc<pulse::Pulse>,
    pools: pools::Pools,
    watch: Arc<watch::Watch>,
    shape: Arc<shape::Shape>,
    doubts: Arc<doubt::Doubts>,
    /// Whether the connections of the start were given up.
    moved: Arc<Once>,
}

impl Room {
    /// The same for one layer, which has a share of the connections.
    fn of_layer(&self) -> (Self, Arc<share::Share>) {
        let (pools, share) = self.pools.of_layer();
        (Self { pools, ..self.clone() }, share)
    }
}

/// A table or view with a geometry.
#[derive(Clone)]
pub struct DatabaseLayer {
    /// The table, with its schema where that is not `public`, or where the table has a dot.
    pub name: String,
    /// What the database's owner wrote about it.
    pub description: Option<String>,
    /// The rows.
    pub source: Arc<dyn FeatureSource>,
}

impl fmt::Debug for Database {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Database({})", self.room.name)
    }
}

impl fmt::Debug for DatabaseLayer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DatabaseLayer({})", self.name)
    }
}

/// Whether a name of data means a database.
pub fn is_dsn(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|it| ["postgres", "postgresql"].iter().any(|known| it.eq_ignore_ascii_case(known)))
}

impl Database {
    /// Connects, and looks what there is. Errors are for whoever runs the server; none has the password.
    pub fn open(dsn: &str, options: &DatabaseOptions) -> Result<Self> {
        let config = connect::config(dsn, options)?;
        let hosts = Arc::new(hosts::Hosts::new(&config)?);
        let pulse = Arc::default();
        let pools = pools::Pools::new(&config, &hosts, &pulse, options)?;
        let looking = pools.clone();
        let found = runtime::wait(async move {
            let client = looking.take().await?;
            Ok((discover::discover(&client).await?, discover::left_out(&client).await?))
        });
        let name = connect::name(&config);
        let (found, left_out) = found.map_err(|error| {
            let what = match error.kind() {
                _ if error.message() == fault::REFUSED => "refuses the log-on",
                _ if error.message() == fault::SHARED => fault::NO_SESSIONS,
                Kind::Unavailable => "does not answer",
                _ => "cannot be read",
            };
            Error::new(error.kind(), format!("{name} {what}")).because(told(&error))
        })?;
        let watch = watch::Watch::start(&hosts, &pulse)?;
        let (shape, doubts) = (Arc::default(), Arc::new(doubt::Doubts::new(&name)));
        Ok(Self {
            room: Arc::new(Room { name, hosts, pulse, pools, watch, shape, doubts, moved: Arc::new(Once::new()) }),
            found,
            left_out,
        })
    }

    /// What the log calls it, without a password.
    pub fn name(&self) -> &str {
        &self.room.name
    }

    /// A number that is another one when the tables and queries that are layers are made otherwise. It is that of the last
    /// look while the database is away.
    pub(crate) fn shape(&self) -> u64 {
        let state = self.room.watch.state();
        let shape: u64 = self.room.shape.number(&self.room.hosts, state);
        shape.wrapping_add(self.room.doubts.number(&self.room.hosts, state))
    }

    /// The names of all tables and views with a geometry.
    pub fn layer_names(&self) -> impl Iterator<Item = String> {
        self.found.iter().map(discover::Found::label)
    }

    /// Tables and views with a geometry that cannot be read, and why.
    pub fn left_out(&self) -> &[(String, &'static str)] {
        &self.left_out
    }

    /// Has [`Self::shape`] tell of all tables that come and go as well.
    pub(crate) fn watch_all(&self) {
        self.room.shape.add_all();
    }

    /// Opens a table or view. The errors are for whoever runs the server.
    pub fn layer(&self, name: &str, options: &LayerOptions) -> Result<DatabaseLayer> {
        let meant = name::meant(name);
        let is = |found: &&discover::Found, (schema, table): &(String, String)| {
            found.schema == *schema && found.name == *table
        };
        let found = meant.iter().find_map(|meant| self.found.iter().find(|found| is(found, meant))).cloned();
        let found = found.ok_or_else(|| {
            // It may come.
            for (schema, table) in &meant {
                self.room.shape.add_name(&format!("{}.{}", quoted(schema), quoted(table)));
            }
            let all: Vec<String> = self.layer_names().collect();
            Error::new(
                Kind::Internal,
                format!("{} has no table '{name}' with a geometry, only: {}", self.name(), all.join(", ")),
            )
        })?;
        let name_of = format!("{}.{}", quoted(&found.schema), quoted(&found.name));
        let from = From::Name { name: name_of, is_plain: found.is_plain };
        let source = self.describe(found.label(), from, Some(found.geometry.clone()), options)?;
        Ok(DatabaseLayer { name: found.label(), description: found.comment, source })
    }

    /// Opens a query as if it were a view.
    pub fn view(&self, name: &str, view: &SqlView, options: &LayerOptions) -> Result<DatabaseLayer> {
        let from = From::Query(Template::new(view));
        let source = self.describe(name.to_owned(), from, view.geometry.clone(), options)?;
        Ok(DatabaseLayer { name: name.to_owned(), description: None, source })
    }

    fn describe(
        &self,
        label: String,
        from: From,
        geometry: Option<String>,
        options: &LayerOptions,
    ) -> Result<Arc<dyn FeatureSource>> {
        match &from {
            From::Name { name, .. } => self.room.shape.add_name(name),
            From::Query(_) => self.room.shape.add_query(&from.select_all().text),
        }
        let (pools, options) = (self.room.pools.clone(), options.clone());
        let (doubts, mut sql) = (self.room.doubts.clone(), from.select_all());
        sql.add(" LIMIT 0");
        let table = runtime::wait(async move {
            let client = pools.take().await?;
            // Whoever starts waits for it, and all other layers with it.
            let briefly = format!("SET statement_timeout = {}", describe::PATIENCE.as_millis());
            client.batch_execute(&briefly).await.map_err(fault::describing)?;
            let described = describe::describe(&client, &label, from, geometry.as_deref(), &options, &doubts).await;
            if client.batch_execute(session::HURRIED).await.is_err() {
                client.give_up();
            }
            if described.as_ref().is_err_and(fault::is_held) {
                doubts.add_held(sql);
            }
            described.map_err(|error| named(error, &label))
        })?;
        Ok(Arc::new(layer::Layer::new(&self.room, table)))
    }
}

/// A fault with the name of its table, where it does not say it.
fn named(error: Error, label: &str) -> Error {
    if error.kind() == Kind::Unavailable || error.message().starts_with("table '") {
        return error;
    }
    let named = Error::new(error.kind(), format!("table '{label}': {}", error.message()));
    match error.cause() {
        Some(cause) => named.because(cause.to_string()),
        None => named,
    }
}

fn told(error: &Error) -> String {
    match error.cause() {
        Some(cause) => {
            let mut text = cause.to_string();
            let mut source = cause.source();
            while let Some(cause) = source {
                text.push_str(": ");
                text.push_str(&cause.to_string());
                source = cause.source();
            }
            text
        }
        None => error.to_string(),
    }
}
