//! Notices that rows may have changed: a connection of its own listens for `NOTIFY graticule`, and looks once a second
//! which transactions ended. Statements that tell which they saw are heard as well, and who must know for certain asks.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::error::Elapsed;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_postgres::{AsyncMessage, Client};

use super::ask::Way;
use super::crowd::Holder;
use super::hosts::Hosts;
use super::pulse::{Pulse, SILENCE};
use super::runtime;
use super::snapshot::{self, Snapshot};
use crate::data::worker;
use crate::error::Result;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Before a lost connection is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// The channel that a trigger may notify, to be sooner than the next look.
const CHANNEL: &str = "graticule";

/// A number that changes with the rows.
#[derive(Debug)]
pub(super) struct Watch {
    hosts: Arc<Hosts>,
    state: AtomicU64,
    /// Whether anybody looks.
    looks: AtomicBool,
    seen: Mutex<Option<Snapshot>>,
    /// One for each worker: to call over another thread costs more than to ask.
    ways: Vec<Way>,
}

impl Watch {
    pub(super) fn state(&self) -> u64 {
        self.state.load(Ordering::Acquire).wrapping_add(self.hosts.instances.count())
    }

    fn changed(&self) {
        self.state.fetch_add(1, Ordering::AcqRel);
    }

    /// Hears what a statement saw, and tells whether no other saw what is newer; where one did, nothing is new.
    pub(super) fn note(&self, now: Snapshot) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |before: Snapshot| {
            // Another run is told of by the connection that met it; whoever looks may not have found it yet.
            let is_other = before.instance != now.instance && self.hosts.instances.is_newest(now.instance);
            is_other || before.is_before(now)
        };
        let is_older = seen.is_some_and(|before| now.is_before(before));
        if seen.is_none_or(is_new) && seen.replace(now).is_some() {
            self.changed();
        }
        !is_older
    }

    /// The same from who looks himself: what is older is of another server.
    fn look(&self, now: Snapshot) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.replace(now) != Some(now) || !self.looks.swap(true, Ordering::AcqRel) {
            self.changed();
        }
    }

    /// A number that is the same only as long as no transaction has ended. Those who ask at once are told at once.
    pub(super) async fn ask(self: &Arc<Self>) -> Option<u64> {
        self.ask_seen().await?.settled()
    }

    /// The state of now; none where the database does not say.
    pub(super) async fn look_again(self: &Arc<Self>) -> Option<u64> {
        // Who is asked has it heard.
        self.ask_seen().await.map(|_| self.state())
    }

    async fn ask_seen(self: &Arc<Self>) -> Option<Snapshot> {
        if !self.looks.load(Ordering::Acquire) {
            return None;
        }
        let way = self.ways.get(worker::here().unwrap_or(0) % self.ways.len())?;
        way.ask(&self.hosts, &Arc::downgrade(self)).await
    }

    /// Begins to watch; it ends with the last who holds the watch.
    pub(super) fn start(hosts: &Arc<Hosts>, pulse: &Arc<Pulse>) -> Result<Arc<Self>> {
        // In a state that no earlier process has had: validators of answers outlive processes.
        let state = u64::try_from(chrono::Utc::now().timestamp_micros()).unwrap_or_default();
        let watch = Arc::new(Self {
            hosts: hosts.clone(),
            state: AtomicU64::new(state),
            looks: AtomicBool::new(false),
            seen: Mutex::default(),
            ways: (0..worker::most()).map(|_| Way::default()).collect(),
        });
        let (held, hosts, pulse) = (Arc::downgrade(&watch), hosts.clone(), pulse.clone());
        runtime::handle()?.spawn(async move {
            while held.strong_count() > 0 {
                let outcome = look(&hosts, &pulse, &held).await;
                if let Some(watch) = held.upgrade() {
                    watch.looks.store(false, Ordering::Release);
                }
                if outcome.is_ok() {
                    return;
                }
                sleep(AGAIN).await;
            }
        });
        Ok(watch)
    }
}

/// Looks until the connection is lost, which is the error, or until nobody holds the watch any more.
async fn look(hosts: &Hosts, pulse: &Pulse, held: &Weak<Watch>) -> Result<(), ()> {
    if hosts.crowd.wants(Holder::Watching) {
        return Err(());
    }
    let opened = timeout(hosts.patience(), hosts.open()).await;
    // One that refuses is soon told as away by whoever asks; it is the silent one that must not be waited for.
    pulse.tell(opened.is_err());
    let (client, mut driver) = opened.map_err(drop)?.map_err(drop)?;
    let drive = async {
        while let Some(Ok(message)) = driver.next().await {
            if let (AsyncMessage::Notification(_), Some(watch)) = (message, held.upgrade()) {
                watch.changed();
            }
        }
    };
    tokio::select! {
        () = drive => Err(()),
        () = hosts.crowd.wanted(Holder::Watching) => Err(()),
        outcome = watch(hosts, &client, pulse, held) => outcome,
    }
}

async fn watch(hosts: &Hosts, client: &Client, pulse: &Pulse, held: &Weak<Watch>) -> Result<(), ()> {
    let begun = timeout(SILENCE, async {
        // Replicas do not listen: there the look alone tells.
        let _ = client.batch_execute(&format!("LISTEN {CHANNEL}")).await;
        let instance = hosts.instances.meet(client).await;
        client.prepare(&format!("SELECT {}", snapshot::OWN)).await.map(|statement| (statement, instance))
    });
    let (statement, instance) = heard(pulse, begun.await)?;
    // Without it no number means anything.
    let instance = instance.ok_or(())?;
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let row = heard(pulse, timeout(SILENCE, client.query_one(&statement, &[])).await)?;
        let now = Snapshot::parse(row.get(0), instance).ok_or(())?;
        let Some(watch) = held.upgrade() else { return Ok(()) };
        watch.look(now);
    }
}

/// What came in time; it is told where nothing did.
fn heard<T>(pulse: &Pulse, outcome: Result<Result<T, tokio_postgres::Error>, Elapsed>) -> Result<T, ()> {
    pulse.tell(outcome.is_err());
    outcome.map_err(drop)?.map_err(drop)
}
