//! Asks a database which state its rows are in, for whoever must know for certain. All who ask at once are told at once, over
//! a connection that belongs to a thread of those who ask.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_postgres::Client;

use super::hosts::Hosts;
use super::pulse::SILENCE;
use super::runtime;
use super::snapshot::{self, Snapshot};
use super::watch::Watch;

/// How long who asks waits: to read anew takes hardly longer.
const PATIENCE: Duration = Duration::from_millis(100);
/// After this long without a question the connection is given up.
const IDLE: Duration = Duration::from_secs(60);

/// Who waits for an answer.
type Asker = oneshot::Sender<Snapshot>;

/// A way to ask: its other end has a connection of its own, opened by the first who asks.
#[derive(Debug, Default)]
pub(super) struct Way(Mutex<Option<mpsc::UnboundedSender<Asker>>>);

impl Way {
    /// What the database sees, at some moment between the call and its return; nothing where it does not say soon.
    pub(super) async fn ask(&self, hosts: &Arc<Hosts>, watch: &Weak<Watch>) -> Option<Snapshot> {
        let (asker, told) = oneshot::channel();
        self.send(asker, hosts, watch)?;
        timeout(PATIENCE, told).await.ok()?.ok()
    }

    fn send(&self, asker: Asker, hosts: &Arc<Hosts>, watch: &Weak<Watch>) -> Option<()> {
        let mut way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asker = match &*way {
            Some(open) => match open.send(asker) {
                Ok(()) => return Some(()),
                Err(closed) => closed.0,
            },
            None => asker,
        };
        let (askers, asked) = mpsc::unbounded_channel();
        askers.send(asker).ok()?;
        *way = Some(askers);
        let (hosts, watch) = (hosts.clone(), watch.clone());
        // Who still waits when it ends is told nothing, and the next who asks opens another.
        runtime::near().ok()?.spawn(async move {
            let _ = answer(&hosts, &watch, asked).await;
        });
        Some(())
    }
}

/// Answers until nobody asks any more, or until the connection is lost.
async fn answer(hosts: &Hosts, watch: &Weak<Watch>, mut asked: mpsc::UnboundedReceiver<Asker>) -> Result<(), ()> {
    let (client, mut driver) = hosts.single().await.map_err(drop)?;
    let drive = async { while let Some(Ok(_)) = driver.next().await {} };
    tokio::select! {
        () = drive => Err(()),
        outcome = answer_all(hosts, &client, watch, &mut asked) => outcome,
    }
}

async fn answer_all(
    hosts: &Hosts,
    client: &Client,
    watch: &Weak<Watch>,
    asked: &mut mpsc::UnboundedReceiver<Asker>,
) -> Result<(), ()> {
    let statement = client.prepare(&format!("SELECT {}", snapshot::OWN)).await.map_err(drop)?;
    let instance = timeout(SILENCE, hosts.instances.meet(client)).await.map_err(drop)?.ok_or(())?;
    while let Ok(Some(first)) = timeout(IDLE, asked.recv()).await {
        let mut askers = vec![first];
        while let Ok(asker) = asked.try_recv() {
            askers.push(asker);
        }
        let row = timeout(SILENCE, client.query_one(&statement, &[])).await.map_err(drop)?.map_err(drop)?;
        if !hosts.instances.is_current(instance) {
            return Err(());
        }
        let now = Snapshot::parse(row.get(0), instance).ok_or(())?;
        watch.upgrade().ok_or(())?.note(now);
        for asker in askers {
            // It may have lost patience.
            let _ = asker.send(now);
        }
    }
    Ok(())
}
