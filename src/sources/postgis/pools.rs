//! The connections that rows come by: as many as were allowed, in a pool for each few threads that answer, for what comes in
//! on a thread of its own is read with no change of threads.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep};
use tokio_postgres::Config;

use super::allowed::{Allowed, Permit};
use super::connect::{CONNECTING, DatabaseOptions, find_functions};
use super::fault;
use super::hosts::{Hosts, Opener};
use super::instance::Instance;
use super::pulse::Pulse;
use super::session;
use super::share::Share;
use crate::data::worker;
use crate::error::{Error, Result};

/// How long a request waits for a connection.
pub(super) const WAITING: Duration = Duration::from_secs(10);
/// Before the only one who asks does so again, where the database gives none at all.
const AGAIN: Duration = Duration::from_millis(50);
/// Prepared statements that a connection keeps: filters have many shapes.
const STATEMENTS: usize = 200;
/// What the log has where no connection became free in time.
const NONE_FREE: &str = "no connection was free in time";
/// Fewer connections are not worth a pool of their own.
const FEW: usize = 4;

/// The pools; a clone is the same ones.
#[derive(Clone)]
pub(super) struct Pools {
    each: Vec<Pool>,
    pulse: Arc<Pulse>,
    hosts: Arc<Hosts>,
    connections: usize,
    /// What the database gives.
    allowed: Arc<Allowed>,
    /// After how long the database gives up a statement; zero is never.
    pub(super) statement_timeout: Duration,
    /// What may be taken at once, where that is less than all.
    share: Option<Arc<Share>>,
}

/// A connection until it is dropped.
pub(super) struct Lent {
    object: Object,
    /// Where it leads, as far as is known.
    pub(super) instance: Option<Instance>,
    _allowed: Permit,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Lent {
    /// Closes it: it is of no use to anybody else.
    pub(super) fn give_up(self) {
        drop(Object::take(self.object));
    }
}

impl Deref for Lent {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.object
    }
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
        let allowed = Arc::new(Allowed::new(connections));
        // The connection string has the last word.
        let said = session::limit(config.get_options().unwrap_or_default());
        let statement_timeout = said.unwrap_or(options.statement_timeout);
        let (pulse, hosts) = (pulse.clone(), hosts.clone());
        Ok(Self { each, pulse, hosts, connections, allowed, statement_timeout, share: None })
    }

    /// The same pools for one layer, which leaves connections to others.
    pub(super) fn of_layer(&self) -> (Self, Arc<Share>) {
        let share = Arc::new(Share::new(self.connections));
        (Self { share: Some(share.clone()), ..self.clone() }, share)
    }

    /// A connection, one of another thread's where all of the own are taken.
    pub(super) async fn take(&self) -> Result<Lent> {
        if self.pulse.is_silent() {
            return Err(fault::silent());
        }
        let permit = match &self.share {
            Some(share) => Some(share.permit(&self.pulse).await?),
            None => None,
        };
        let (client, allowed) = tokio::select! {
            biased;
            had = self.have() => had?,
            // Who waits for one has nothing to lose, and others need his turn.
            () = self.pulse.silent() => return Err(fault::silent()),
        };
        if client.statement_cache.size() > STATEMENTS {
            client.statement_cache.clear();
        }
        let instance = self.hosts.instances.of(&client);
        Ok(Lent { object: client, instance, _allowed: allowed, _permit: permit })
    }

    /// One, as soon as the database gives one or somebody gives one back.
    async fn have(&self) -> Result<(Object, Permit)> {
        let end = Instant::now() + WAITING;
        let permit = || async { self.allowed.permit(end).await.ok_or_else(|| fault::unavailable(NONE_FREE)) };
        let mut allowed = permit().await?;
        loop {
            match self.nearest().get().await {
                Err(PoolError::Backend(cause)) if fault::is_full(&cause) && Instant::now() < end => {
                    if !self.has_any() {
                        self.hosts.crowd.starves();
                    }
                    allowed = match self.allowed.refuse(allowed) {
                        Some(last) => {
                            sleep(AGAIN).await;
                            last
                        }
                        None => permit().await?,
                    };
                }
                client => {
                    let client = client.map_err(fault::connecting)?;
                    if Object::metrics(&client).recycle_count == 0 {
                        self.allowed.opened();
                    }
                    return Ok((client, allowed));
                }
            }
        }
    }

    /// The pool of the caller's thread, another one's where all of it are taken; where no more can be opened, one that has one.
    fn nearest(&self) -> &Pool {
        let own = &self.each[worker::here().unwrap_or(0) % self.each.len()];
        let is_open = |pool: &&Pool| pool.status().available > 0;
        let is_had = |pool: &&Pool| is_open(pool) || pool.status().size < pool.status().max_size;
        let nearest = |is: &dyn Fn(&&Pool) -> bool| Some(own).filter(is).or_else(|| self.each.iter().find(is));
        let free = self.allowed.are_fewer().then(|| nearest(&is_open)).flatten();
        free.or_else(|| nearest(&is_had)).unwrap_or(own)
    }

    /// Whether there is any connection at all.
    fn has_any(&self) -> bool {
        self.each.iter().any(|pool| pool.status().size > 0)
    }

    /// Whether anybody waits for a connection that may be had here.
    pub(super) fn are_wanted(&self) -> bool {
        self.share.as_ref().is_some_and(|share| share.is_wanted())
            || self.allowed.are_wanted()
            || self.each.iter().any(|pool| pool.status().waiting > 0)
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
    let met_by = hosts.clone();
    let prepare = Hook::async_fn(move |client: &mut ClientWrapper, _| {
        let hosts = met_by.clone();
        Box::pin(async move {
            find_functions(client).await.map_err(HookError::Backend)?;
            hosts.instances.meet_for(client).await;
            Ok(())
        })
    });
    let (pulse, hosts) = (pulse.clone(), hosts.clone());
    let is_of_now = Hook::sync_fn(move |client: &mut ClientWrapper, met| {
        if pulse.outlived(met.created) {
            return Err(HookError::message("it may be a host's that is silent"));
        }
        let is_outdated = hosts.instances.of(client).is_some_and(|instance| !hosts.instances.is_current(instance));
        if is_outdated { Err(HookError::message("the server recovered since")) } else { Ok(()) }
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
