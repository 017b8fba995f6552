//! Notices that rows may have changed: a connection of its own listens for `NOTIFY graticule`, and looks once a second
//! whether any transaction ended since. Who must know for certain has it look at once.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_postgres::{AsyncMessage, Client, Config, Statement};

use super::{connect, runtime};
use crate::error::Result;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Before a lost connection is tried again.
const AGAIN: Duration = Duration::from_secs(2);
/// How long who asks waits: to read anew takes hardly longer.
const PATIENCE: Duration = Duration::from_millis(100);

/// The channel that a trigger may notify, to be sooner than the next look.
const CHANNEL: &str = "graticule";

/// The first transaction that has not ended, and the first that has not ended or not begun: all before have ended where they
/// are the same, and each that ends later makes it another.
const SNAPSHOT: &str =
    "SELECT txid_snapshot_xmax(s), txid_snapshot_xmin(s) FROM (SELECT txid_current_snapshot() AS s) AS now";

/// Who waits for a number that tells the state for certain.
type Asker = oneshot::Sender<Option<u64>>;

/// A number that changes with the rows.
#[derive(Debug)]
pub(super) struct Watch {
    state: AtomicU64,
    /// Whether anybody looks.
    looks: AtomicBool,
    askers: mpsc::UnboundedSender<Asker>,
}

impl Watch {
    pub(super) fn state(&self) -> u64 {
        self.state.load(Ordering::Acquire)
    }

    fn changed(&self) {
        self.state.fetch_add(1, Ordering::AcqRel);
    }

    /// A number that is the same only as long as no transaction has ended. Those who ask at once are told at once.
    pub(super) async fn ask(&self) -> Option<u64> {
        if !self.looks.load(Ordering::Acquire) {
            return None;
        }
        let (asker, told) = oneshot::channel();
        self.askers.send(asker).ok()?;
        timeout(PATIENCE, told).await.ok()?.ok()?
    }

    /// Begins to watch; it ends with the last who holds the watch.
    pub(super) fn start(config: Config) -> Result<Arc<Self>> {
        let (askers, mut asked) = mpsc::unbounded_channel();
        // In a state that no earlier process has had: validators of answers outlive processes.
        let state = u64::try_from(chrono::Utc::now().timestamp_micros()).unwrap_or_default();
        let watch = Arc::new(Self { state: AtomicU64::new(state), looks: AtomicBool::new(false), askers });
        let held = Arc::downgrade(&watch);
        runtime::handle()?.spawn(async move {
            let mut seen = None;
            while held.strong_count() > 0 {
                let outcome = look(&config, &held, &mut seen, &mut asked).await;
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
async fn look(
    config: &Config,
    held: &Weak<Watch>,
    seen: &mut Option<(i64, i64)>,
    asked: &mut mpsc::UnboundedReceiver<Asker>,
) -> Result<(), ()> {
    let (client, mut driver) = connect::single(config).await.map_err(drop)?;
    let drive = async {
        while let Some(Ok(message)) = driver.next().await {
            if let (AsyncMessage::Notification(_), Some(watch)) = (message, held.upgrade()) {
                watch.changed();
            }
        }
    };
    tokio::select! {
        () = drive => Err(()),
        outcome = watch(&client, held, seen, asked) => outcome,
    }
}

async fn watch(
    client: &Client,
    held: &Weak<Watch>,
    seen: &mut Option<(i64, i64)>,
    asked: &mut mpsc::UnboundedReceiver<Asker>,
) -> Result<(), ()> {
    // Replicas do not listen: there the look alone tells.
    let _ = client.batch_execute(&format!("LISTEN {CHANNEL}")).await;
    let statement = client.prepare(SNAPSHOT).await.map_err(drop)?;
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let mut askers = Vec::new();
        tokio::select! {
            _ = ticks.tick() => {}
            Some(asker) = asked.recv() => askers.push(asker),
        }
        while let Ok(asker) = asked.try_recv() {
            askers.push(asker);
        }
        let now = snapshot(client, &statement).await?;
        let Some(watch) = held.upgrade() else { return Ok(()) };
        if seen.replace(now).is_some_and(|before| before != now) || !watch.looks.load(Ordering::Acquire) {
            // Or another server answers than before.
            watch.changed();
        }
        watch.looks.store(true, Ordering::Release);
        let certain = (now.0 == now.1).then_some(now.0.unsigned_abs());
        for asker in askers {
            // It may have lost patience.
            let _ = asker.send(certain);
        }
    }
}

async fn snapshot(client: &Client, statement: &Statement) -> Result<(i64, i64), ()> {
    let row = client.query_one(statement, &[]).await.map_err(drop)?;
    Ok((row.get(0), row.get(1)))
}
