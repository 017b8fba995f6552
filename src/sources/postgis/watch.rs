//! Notices that rows may have changed: a connection of its own listens for `NOTIFY graticule`, and looks once a second
//! whether any transaction ended since.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_postgres::{AsyncMessage, Client, Config};

use super::{connect, runtime};
use crate::error::Result;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Before a lost connection is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// The channel that a trigger may notify, to be sooner than the next look.
const CHANNEL: &str = "graticule";

/// A number that changes with the rows.
#[derive(Debug)]
pub(super) struct Watch(AtomicU64);

impl Default for Watch {
    /// In a state that no earlier process has had: validators of answers outlive processes.
    fn default() -> Self {
        Self(AtomicU64::new(u64::try_from(chrono::Utc::now().timestamp_micros()).unwrap_or_default()))
    }
}

impl Watch {
    pub(super) fn state(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    fn changed(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    /// Begins to watch; it ends with the last who holds the watch.
    pub(super) fn start(config: Config) -> Result<Arc<Self>> {
        let watch = Arc::new(Self::default());
        let held = Arc::downgrade(&watch);
        runtime::handle()?.spawn(async move {
            let mut seen = None;
            while held.strong_count() > 0 {
                if let Ok(()) = look(&config, &held, &mut seen).await {
                    return;
                }
                sleep(AGAIN).await;
            }
        });
        Ok(watch)
    }
}

/// Looks until the connection is lost, which is the error, or until nobody holds the watch any more.
async fn look(config: &Config, held: &Weak<Watch>, seen: &mut Option<i64>) -> Result<(), ()> {
    let (client, mut driver) = connect::single(config).await.map_err(drop)?;
    let client = Arc::new(client);
    let drive = async {
        while let Some(Ok(message)) = driver.next().await {
            if let (AsyncMessage::Notification(_), Some(watch)) = (message, held.upgrade()) {
                watch.changed();
            }
        }
    };
    tokio::select! {
        () = drive => Err(()),
        outcome = ask(&client, held, seen) => outcome,
    }
}

async fn ask(client: &Client, held: &Weak<Watch>, seen: &mut Option<i64>) -> Result<(), ()> {
    // Replicas do not listen: there the look alone tells.
    let _ = client.batch_execute(&format!("LISTEN {CHANNEL}")).await;
    let query = "SELECT txid_snapshot_xmax(txid_current_snapshot())";
    let statement = client.prepare(query).await.map_err(drop)?;
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(watch) = held.upgrade() else { return Ok(()) };
        let now: i64 = client.query_one(&statement, &[]).await.map_err(drop)?.get(0);
        if seen.replace(now).is_some_and(|before| before != now) {
            watch.changed();
        }
    }
}
