//! The connections that rows come by: as many as were allowed, in a pool for each few threads that answer, for what comes in
//! on a thread of its own is read with no change of threads.

use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls};

use super::connect::{CONNECTING, DatabaseOptions, find_functions, tls};
use super::fault;
use crate::data::worker;
use crate::error::{Error, Result};

/// How long a request waits for a connection.
const WAITING: Duration = Duration::from_secs(10);
/// Prepared statements that a connection keeps: filters have many shapes.
const STATEMENTS: usize = 200;
/// Fewer connections are not worth a pool of their own.
const FEW: usize = 4;

/// The pools; a clone is the same ones.
#[derive(Clone)]
pub(super) struct Pools(Vec<Pool>);

impl Pools {
    /// No connection is opened yet.
    pub(super) fn new(config: &Config, options: &DatabaseOptions) -> Result<Self> {
        let connections = options.connections.max(1);
        let count = worker::most().min(connections / FEW).max(1);
        (0..count)
            .map(|number| pool(config, connections / count + usize::from(number < connections % count)))
            .collect::<Result<_>>()
            .map(Self)
    }

    /// A connection, one of another thread's where all of the own are taken.
    pub(super) async fn take(&self) -> Result<Object> {
        let own = worker::here().unwrap_or(0) % self.0.len();
        let is_full = |pool: &Pool| {
            let status = pool.status();
            status.available == 0 && status.size >= status.max_size
        };
        let mut chosen = &self.0[own];
        if is_full(chosen) {
            chosen = self.0.iter().find(|pool| !is_full(pool)).unwrap_or(chosen);
        }
        let client = chosen.get().await.map_err(fault::connecting)?;
        if client.statement_cache.size() > STATEMENTS {
            client.statement_cache.clear();
        }
        Ok(client)
    }

    /// Whether anybody waits for a connection.
    pub(super) fn are_wanted(&self) -> bool {
        self.0.iter().any(|pool| pool.status().waiting > 0)
    }

    /// Gives up the connections that nobody uses.
    pub(super) fn leave(&self) {
        self.0.iter().for_each(|pool| drop(pool.retain(|_, _| false)));
    }

    /// Forgets the statements that are kept by all connections: their columns may be others now.
    pub(super) fn forget(&self) {
        self.0.iter().for_each(|pool| pool.manager().statement_caches.clear());
    }
}

fn pool(config: &Config, connections: usize) -> Result<Pool> {
    let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    // Encrypted connections are those that ask for it, and then the host must prove who it is.
    let manager = if config.get_ssl_mode() == SslMode::Require {
        Manager::from_config(config.clone(), tls()?, how)
    } else {
        Manager::from_config(config.clone(), NoTls, how)
    };
    let timeouts = Timeouts { wait: Some(WAITING), create: Some(CONNECTING * 2), recycle: Some(CONNECTING) };
    let prepare = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
        Box::pin(async move { find_functions(client).await.map_err(HookError::Backend) })
    });
    Pool::builder(manager)
        .max_size(connections)
        .timeouts(timeouts)
        .runtime(Runtime::Tokio1)
        .post_create(prepare)
        .build()
        .map_err(Error::internal)
}
