//! Whether a database is heard: one that takes requests and answers none is told from one that works, so that nobody waits
//! for it, and those who do take no place that others need.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::sleep;

/// After this long without an answer a database is silent.
pub(super) const SILENCE: Duration = Duration::from_secs(3);
/// How long who waits for rows waits on, once the database is silent: it may only be slow.
const GRACE: Duration = Duration::from_secs(2);

/// What the watch hears.
#[derive(Debug)]
pub(super) struct Pulse {
    is_silent: watch::Sender<bool>,
    /// When it was last found silent: what was opened before may belong to a host that never speaks again.
    silence: Mutex<Option<Instant>>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { is_silent: watch::Sender::new(false), silence: Mutex::default() }
    }
}

impl Pulse {
    /// Says whether an answer came in time.
    pub(super) fn tell(&self, is_silent: bool) {
        if is_silent {
            *self.silence.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        self.is_silent.send_if_modified(|before| std::mem::replace(before, is_silent) != is_silent);
    }

    pub(super) fn is_silent(&self) -> bool {
        *self.is_silent.borrow()
    }

    /// Whether a connection of this age was there when the database was last silent.
    pub(super) fn outlived(&self, opened: Instant) -> bool {
        self.silence.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|silence| opened < silence)
    }

    /// Done when the database is silent.
    pub(super) async fn silent(&self) {
        let mut heard = self.is_silent.subscribe();
        // The sender lives as long as this.
        if heard.wait_for(|is_silent| *is_silent).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Done when it stays so for a while.
    pub(super) async fn lost(&self) {
        loop {
            self.silent().await;
            sleep(GRACE).await;
            if self.is_silent() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_is_lost_when_silence_lasts() {
        let (pulse, before) = (Pulse::default(), Instant::now());
        assert!(!pulse.is_silent() && !pulse.outlived(before));
        pulse.tell(true);
        let (mut lost, later) = (std::pin::pin!(pulse.lost()), Instant::now());
        let soon = tokio::select! {
            biased;
            () = &mut lost => true,
            () = tokio::task::yield_now() => false,
        };
        assert!(!soon, "it may only be slow");
        lost.await;
        pulse.tell(false);
        assert!(!pulse.is_silent() && pulse.outlived(before) && !pulse.outlived(later));
    }
}
