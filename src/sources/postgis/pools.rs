//! The connections that rows come by: as many as were allowed, in a pool for each few threads that answer, for what comes in
//! on a thread of its own is read with no change of threads.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use tokio_postgres::Config;

use super::connect::{CONNECTING, DatabaseOptions, find_functions};
use super::fault;
use super::hosts::{Hosts, Opener};
use super::pulse::Pulse;
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
pub(super) struct Pools {
    each: Vec<Pool>,
    pulse: Arc<Pulse>,
}

impl Pools {
    /// No connection is opened yet.
    pub(super) fn new(
        config: &Config,
        hosts: &Arc<Hosts>,
        pulse: &Arc<Pulse>,
        options: &DatabaseOptions,
    ) -> Result<Self> {
        let connections = options.connections.max(1);
        let count = worker::most().min(connections / FEW).max(1);
        let share = |number| connections / count + usize::from(number < connections % count);
        let each = (0..count).map(|number| pool(config, hosts, pulse, share(number))).collect::<Result<_>>()?;
        Ok(Self { each, pulse: pulse.clone() })
    }

    /// A connection, one of another thread's where all of the own are taken.
    pub(super) async fn take(&self) -> Result<Object> {
        if self.pulse.is_silent() {
            return Err(fault::silent());
        }
        let own = worker::here().unwrap_or(0) % self.each.len();
        let is_full = |pool: &Pool| {
            let status = pool.status();
            status.available == 0 && status.size >= status.max_size
        };
        let mut chosen = &self.each[own];
        if is_full(chosen) {
            chosen = self.each.iter().find(|pool| !is_full(pool)).unwrap_or(chosen);
        }
        let client = tokio::select! {
            biased;
            client = chosen.get() => client.map_err(fault::connecting)?,
            // Who waits for one has nothing to lose, and others need his turn.
            () = self.pulse.silent() => return Err(fault::silent()),
        };
        if client.statement_cache.size() > STATEMENTS {
            client.statement_cache.clear();
        }
        Ok(client)
    }

    /// Whether anybody waits for a connection.
    pub(super) fn are_wanted(&self) -> bool {
        self.each.iter().any(|pool| pool.status().waiting > 0)
    }

    /// Gives up the connections that nobody uses.
    pub(super) fn leave(&self) {
        self.each.iter().for_each(|pool| drop(pool.retain(|_, _| false)));
    }

    /// Forgets the statements that are kept by all connections: their columns may be others now.
    pub(super) fn forget(&self) {
        self.each.iter().for_each(|pool| pool.manager().statement_caches.clear());
    }
}

fn pool(config: &Config, hosts: &Arc<Hosts>, pulse: &Arc<Pulse>, connections: usize) -> Result<Pool> {
    let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_connect(config.clone(), Opener(hosts.clone()), how);
    let timeouts =
        Timeouts { wait: Some(WAITING), create: Some(hosts.patience() + CONNECTING), recycle: Some(CONNECTING) };
    let prepare = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
        Box::pin(async move { find_functions(client).await.map_err(HookError::Backend) })
    });
    let pulse = pulse.clone();
    let is_of_now = Hook::sync_fn(move |_: &mut deadpool_postgres::ClientWrapper, met| {
        if pulse.outlived(met.created) { Err(HookError::message("it may be a host's that is silent")) } else { Ok(()) }
    });
    Pool::builder(manager)
        .max_size(connections)
        .timeouts(timeouts)
        .runtime(Runtime::Tokio1)
        .post_create(prepare)
        .pre_recycle(is_of_now)
        .build()
        .map_err(Error::internal)
}
