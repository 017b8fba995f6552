//! The hosts that a connection string names, and how one of them is connected to: the first that answers. One that takes
//! connections and says nothing is passed over, and tried last for a while.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::Connect;
use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connect::{CONNECTING, Driver, tls};
use super::crowd::Crowd;
use super::fault;
use super::instance::Instances;
use super::session;
use crate::error::Result;

/// How long another host than the first is tried first, once it answered.
const PREFERRED: Duration = Duration::from_secs(60);

/// The hosts, in their order, each with all else that the string says.
pub(super) struct Hosts {
    each: Vec<Config>,
    /// Encrypted connections are those that ask for it, and then the host must prove who it is.
    tls: Option<MakeRustlsConnect>,
    preferred: Mutex<Option<(usize, Instant)>>,
    /// Whether options of the log-on were refused, as by a pooler.
    is_bare: AtomicBool,
    /// When it was last seen of each that the sessions it gives are ours alone, where a pooler stands before it.
    apart: Vec<Mutex<Option<Instant>>>,
    /// The runs of them that connections led to.
    pub(super) instances: Instances,
    /// Who makes room for readers.
    pub(super) crowd: Crowd,
}

impl fmt::Debug for Hosts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Hosts({})", self.each.len())
    }
}

impl Hosts {
    pub(super) fn new(config: &Config) -> Result<Self> {
        let count = config.get_hosts().len().max(1);
        let each =
            if count == 1 { vec![config.clone()] } else { (0..count).map(|at| only(config, at, true)).collect() };
        let tls = (config.get_ssl_mode() == SslMode::Require).then(tls).transpose()?;
        Ok(Self {
            each,
            tls,
            preferred: Mutex::default(),
            is_bare: AtomicBool::new(false),
            apart: (0..count).map(|_| Mutex::default()).collect(),
            instances: Instances::default(),
            crowd: Crowd::default(),
        })
    }

    /// Whether there is no other one.
    pub(super) fn is_one(&self) -> bool {
        self.each.len() == 1
    }

    /// How connections are encrypted, where they are.
    pub(super) fn tls(&self) -> Option<MakeRustlsConnect> {
        self.tls.clone()
    }

    /// How long connecting may take, all in all.
    pub(super) fn patience(&self) -> Duration {
        self.each.iter().map(own_patience).sum()
    }

    /// A connection, with what drives it.
    pub(super) async fn open(&self) -> Result<(Client, Driver), tokio_postgres::Error> {
        let now = Instant::now();
        let preferred = *self.preferred.lock().unwrap_or_else(PoisonError::into_inner);
        let first = preferred.filter(|(_, until)| now < *until).map(|(at, _)| at);
        let others = (0..self.each.len()).filter(|at| Some(*at) != first);
        let mut order: Vec<usize> = first.into_iter().chain(others).collect();
        let last = order.pop().unwrap_or_default();
        let prefer = |at| *self.preferred.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, now + PREFERRED));
        for (passed_over, at) in order.into_iter().enumerate() {
            if let Ok(Ok(opened)) = timeout(own_patience(&self.each[at]), self.open_one(at)).await {
                if passed_over > 0 {
                    prefer(at);
                }
                return Ok(opened);
            }
        }
        // Whoever asks sees to it that this ends.
        let opened = self.open_one(last).await?;
        prefer(last);
        Ok(opened)
    }

    /// A connection whose settings hold.
    async fn open_one(&self, at: usize) -> Result<(Client, Driver), tokio_postgres::Error> {
        let (client, mut driver) = self.log_on(at).await?;
        let settled = {
            let drive = async { while let Some(Ok(_)) = driver.next().await {} };
            tokio::select! {
                biased;
                settled = self.settle(at, &client) => settled,
                () = drive => Ok(()),
            }
        };
        settled.map(|()| (client, driver))
    }

    async fn settle(&self, at: usize, client: &Client) -> Result<(), tokio_postgres::Error> {
        if session::are_taken(client).await? {
            return Ok(());
        }
        let seen = || self.apart[at].lock().unwrap_or_else(PoisonError::into_inner);
        let known = *seen();
        if known.is_none_or(|at| at.elapsed() > PREFERRED) {
            let looked = timeout(session::PATIENCE, async {
                let (other, mut driver) = self.log_on(at).await?;
                let drive = async move { while let Some(Ok(_)) = driver.next().await {} };
                let mut are_apart = pin!(session::are_apart(client, &other));
                tokio::select! {
                    biased;
                    are_apart = &mut are_apart => are_apart,
                    // Whoever asks over it is told that it ended, and why.
                    () = drive => are_apart.await,
                }
            });
            match looked.await {
                Ok(Ok(true)) => *seen() = Some(Instant::now()),
                // There is no room for a second one now, as there was before.
                Ok(Err(_)) | Err(_) if known.is_some() => {}
                Ok(Err(cause)) => return Err(cause),
                Ok(Ok(false)) | Err(_) => session::refuse(client).await?,
            }
        }
        session::set(client, self.each[at].get_options().unwrap_or_default()).await
    }

    async fn log_on(&self, at: usize) -> Result<(Client, Driver), tokio_postgres::Error> {
        if !self.is_bare.load(Ordering::Acquire) {
            match self.log_on_with(&self.each[at]).await {
                Err(cause) if fault::refuses_options(&cause) => self.is_bare.store(true, Ordering::Release),
                outcome => return outcome,
            }
        }
        self.log_on_with(&only(&self.each[at], 0, false)).await
    }

    async fn log_on_with(&self, config: &Config) -> Result<(Client, Driver), tokio_postgres::Error> {
        if let Some(tls) = &self.tls {
            let (client, connection) = config.connect(tls.clone()).await?;
            return Ok((client, Driver::new(connection)));
        }
        let (client, connection) = config.connect(NoTls).await?;
        Ok((client, Driver::new(connection)))
    }

    /// The same within its time.
    pub(super) async fn single(&self) -> Result<(Client, Driver)> {
        let opened = timeout(self.patience(), self.open()).await.map_err(fault::unavailable)?;
        opened.map_err(fault::unavailable)
    }
}

fn own_patience(config: &Config) -> Duration {
    *config.get_connect_timeout().unwrap_or(&CONNECTING)
}

/// The same for one of several hosts, with options of the log-on or without any.
fn only(config: &Config, at: usize, has_options: bool) -> Config {
    let mut one = Config::new();
    if let Some(host) = config.get_hosts().get(at) {
        match host {
            Host::Tcp(name) => one.host(name),
            Host::Unix(folder) => one.host_path(folder),
        };
    }
    if let Some(address) = config.get_hostaddrs().get(at) {
        one.hostaddr(*address);
    }
    // One may be said for all.
    let ports = config.get_ports();
    if let Some(port) = ports.get(at).or(ports.first()) {
        one.port(*port);
    }
    if let Some(user) = config.get_user() {
        one.user(user);
    }
    if let Some(password) = config.get_password() {
        one.password(password);
    }
    if let Some(name) = config.get_dbname() {
        one.dbname(name);
    }
    if let Some(options) = config.get_options().filter(|_| has_options) {
        one.options(options);
    }
    if let Some(name) = config.get_application_name() {
        one.application_name(name);
    }
    if let Some(time) = config.get_connect_timeout() {
        one.connect_timeout(*time);
    }
    if let Some(time) = config.get_tcp_user_timeout() {
        one.tcp_user_timeout(*time);
    }
    if let Some(time) = config.get_keepalives_interval() {
        one.keepalives_interval(time);
    }
    if let Some(retries) = config.get_keepalives_retries() {
        one.keepalives_retries(retries);
    }
    one.keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle())
        .ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .channel_binding(config.get_channel_binding())
        .target_session_attrs(config.get_target_session_attrs());
    one
}

/// Opens the connections of a pool.
pub(super) struct Opener(pub(super) Arc<Hosts>);

impl Connect for Opener {
    fn connect(&self, _: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), tokio_postgres::Error>> {
        Box::pin(async {
            let (client, mut driver) = self.0.open().await?;
            let task = tokio::spawn(async move { while let Some(Ok(_)) = driver.next().await {} });
            Ok((client, task))
        })
    }
}

#[cfg(test)]
#[path = "hosts_tests.rs"]
mod tests;
