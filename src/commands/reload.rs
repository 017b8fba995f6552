//! A server that keeps up with its files: on a change, or on SIGHUP, all is built anew and takes the old one's place at
//! once. Where it cannot be built, the last good one goes on, and so does what is known of a file that is
//! named and cannot be read now; what is not in a folder any more is left out.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::publish::{Publish, Published};

/// Looks again and again whether what is watched is as it was `seen`; runs as long as the server.
pub(crate) async fn keep_up(publish: Publish, first: Published, mut seen: u64, seconds: u64) {
    let server = first.server.clone();
    let mut published = Arc::new(first);
    let mut hang_up = signal(SignalKind::hangup()).ok();
    server.snapshot().measure().await;
    loop {
        let called = async {
            match &mut hang_up {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        };
        let is_called = tokio::select! {
            () = called => true,
            () = pause(seconds, published.watched.is_waiting()) => false,
        };
        let now = look(&published).await;
        if now == seen && !is_called {
            continue;
        }
        seen = now;
        let again = publish.clone();
        // Opening files blocks.
        let before = published.clone();
        match tokio::task::spawn_blocking(move || again.build(Some(&before))).await {
            Ok(Ok(new)) if keeps(&published, &new) => {
                let faults = new.faults.join("; ");
                tracing::error!("not reloaded, the last good state goes on: {faults}");
            }
            Ok(Ok(new)) => {
                new.faults.iter().for_each(|fault| tracing::error!("{fault}"));
                new.server.snapshot().warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
                server.replace(&new.server);
                let old = std::mem::replace(&mut published, Arc::new(new));
                seen = look(&published).await;
                if look(&old).await != now {
                    // Something was written while all was built: it is built once more.
                    seen = !seen;
                }
                tracing::info!("reloaded");
                server.snapshot().measure().await;
            }
            Ok(Err(fault)) => tracing::error!("not reloaded, the last good state goes on: {fault}"),
            Err(panic) => tracing::error!(%panic, "not reloaded, the last good state goes on"),
        }
    }
}

/// Whether the old one is the better one: where the project has a new fault, or nothing at all can be read. A file of data
/// that cannot be read is told, and the others are reloaded.
fn keeps(old: &Published, new: &Published) -> bool {
    let is_grave = |fault: &String| !old.faults.contains(fault) && !new.of_files.contains(fault);
    let is_empty = |of: &Published| of.server.snapshot().projects().all(|project| project.layers().is_empty());
    new.faults.iter().any(is_grave) || (!new.faults.is_empty() && is_empty(new) && !is_empty(old))
}

/// Seconds after which what did not answer at the start is looked for again.
const WAITING: u64 = 5;

async fn pause(seconds: u64, is_waiting: bool) {
    match seconds {
        0 if is_waiting => tokio::time::sleep(Duration::from_secs(WAITING)).await,
        0 => std::future::pending().await,
        seconds => tokio::time::sleep(Duration::from_secs(seconds)).await,
    }
}

async fn look(published: &Published) -> u64 {
    let watched = published.watched.clone();
    tokio::task::spawn_blocking(move || watched.fingerprint()).await.unwrap_or_default()
}
