//! Who makes room where the database has none: readers come first, for without a connection of theirs no page comes; who
//! watches can do without his for a while, and who asks for the state of rows even sooner.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How long who made room stays away.
const AWAY: Duration = Duration::from_secs(30);
/// How long those who ask alone make room: that may be enough.
const FIRST: Duration = Duration::from_millis(200);
/// How long after a refusal the next one is of the same need: a refusal takes its time over a slow network.
const AGAIN: Duration = Duration::from_secs(5);
/// How long nobody asks after he was refused himself.
const REFUSED: Duration = Duration::from_secs(5);

/// Who makes room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// A connection that asks for the state of rows.
    Asking,
    /// The one that watches.
    Watching,
}

/// Readers without any connection.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    state: Mutex<State>,
    told: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Since when there is none, and the last time that it was told.
    starving: Option<(Instant, Instant)>,
    asking_away: Option<Instant>,
    watching_away: Option<Instant>,
}

impl Crowd {
    /// A reader was refused, and no other has a connection.
    pub(super) fn starves(&self) {
        let (mut state, now) = (self.state(), Instant::now());
        let is_again = |(_, last): &(Instant, Instant)| now - *last < AGAIN;
        let since = state.starving.filter(is_again).map_or(now, |(since, _)| since);
        state.starving = Some((since, now));
        state.asking_away = Some(now + AWAY);
        if now - since >= FIRST {
            state.watching_away = Some(now + AWAY);
        }
        drop(state);
        self.told.notify_waiters();
    }

    /// Who asks was refused: for a while he need not try.
    pub(super) fn refuses(&self) {
        let until = Instant::now() + REFUSED;
        let mut state = self.state();
        state.asking_away = state.asking_away.max(Some(until));
    }

    /// Whether this one is to have no connection now.
    pub(super) fn wants(&self, holder: Holder) -> bool {
        let state = self.state();
        let until = if holder == Holder::Asking { state.asking_away } else { state.watching_away };
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Ready when this one is to give up his.
    pub(super) async fn wanted(&self, holder: Holder) {
        loop {
            let mut told = std::pin::pin!(self.told.notified());
            // From here on it is told, also before it is waited for.
            told.as_mut().enable();
            if self.wants(holder) {
                return;
            }
            told.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_asks_makes_room_before_who_watches() {
        let crowd = Crowd::default();
        crowd.refuses();
        assert!(crowd.wants(Holder::Asking) && !crowd.wants(Holder::Watching));
        let crowd = Crowd::default();
        assert!(!crowd.wants(Holder::Asking));
        crowd.starves();
        crowd.wanted(Holder::Asking).await;
        assert!(!crowd.wants(Holder::Watching));
        let now = Instant::now();
        crowd.state().starving = Some((now.checked_sub(FIRST).unwrap(), now));
        crowd.starves();
        crowd.wanted(Holder::Watching).await;
    }

    #[test]
    fn who_watches_made_no_room_where_each_refusal_came_late() {
        let crowd = Crowd::default();
        crowd.starves();
        let before = Instant::now().checked_sub(FIRST * 2).unwrap();
        crowd.state().starving = Some((before, before));
        crowd.starves();
        assert!(crowd.wants(Holder::Watching));
    }
}
