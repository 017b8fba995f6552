//! Asks a database which state its rows are in, for whoever must know for certain. All who ask at once are told at once, over
//! a connection that belongs to a thread of those who ask.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_postgres::Client;

use super::crowd::Holder;
use super::fault;
use super::hosts::Hosts;
use super::pulse::SILENCE;
use super::runtime;
use super::snapshot::{self, Snapshot};
use super::watch::Watch;

/// How long who asks waits: to read anew takes hardly longer.
const PATIENCE: Duration = Duration::from_millis(100);
/// After this long without a question the connection is given up.
const IDLE: Duration = Duration::from_secs(60);

/// How long ago a question may have been sent for its answer to be that of who asks now: sooner than anybody hears of the end
/// of his transaction and then asks.
const JUST_NOW: Duration = Duration::from_micros(100);

/// Who waits for an answer.
type Asker = oneshot::Sender<Snapshot>;

/// A way to ask: its other end has a connection of its own, opened by the first who asks.
#[derive(Debug, Default)]
pub(super) struct Way(Mutex<Option<Open>>);

#[derive(Debug)]
struct Open {
    askers: mpsc::UnboundedSender<Asker>,
    question: Arc<Mutex<Option<Question>>>,
}

/// A question that is on its way.
#[derive(Debug)]
struct Question {
    sent: Instant,
    /// Who asked just after it was sent.
    joined: Vec<Asker>,
}

impl Way {
    /// What the database sees, at some moment between the call and its return; nothing where it does not say soon.
    pub(super) async fn ask(&self, hosts: &Arc<Hosts>, watch: &Weak<Watch>) -> Option<Snapshot> {
        let (asker, told) = oneshot::channel();
        self.send(asker, hosts, watch)?;
        timeout(PATIENCE, told).await.ok()?.ok()
    }

    fn send(&self, asker: Asker, hosts: &Arc<Hosts>, watch: &Weak<Watch>) -> Option<()> {
        let mut way = locked(&self.0);
        let asker = match &*way {
            Some(open) => match open.take(asker) {
                Ok(()) => return Some(()),
                Err(asker) => asker,
            },
            None => asker,
        };
        let (askers, asked) = mpsc::unbounded_channel();
        askers.send(asker).ok()?;
        let question = Arc::default();
        *way = Some(Open { askers, question: Arc::clone(&question) });
        let (hosts, watch) = (hosts.clone(), watch.clone());
        // Who still waits when it ends is told nothing, and the next who asks opens another.
        runtime::near().ok()?.spawn(async move {
            let _ = answer(&hosts, &watch, asked, &question).await;
            locked(&question).take();
        });
        Some(())
    }
}

impl Open {
    /// Takes who asks; he is given back where nobody answers any more.
    fn take(&self, asker: Asker) -> Result<(), Asker> {
        match &mut *locked(&self.question) {
            Some(question) if question.sent.elapsed() < JUST_NOW => question.joined.push(asker),
            _ => return self.askers.send(asker).map_err(|closed| closed.0),
        }
        Ok(())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers until nobody asks any more, or until the connection is lost.
async fn answer(
    hosts: &Hosts,
    watch: &Weak<Watch>,
    mut asked: mpsc::UnboundedReceiver<Asker>,
    question: &Mutex<Option<Question>>,
) -> Result<(), ()> {
    if hosts.crowd.wants(Holder::Asking) {
        return Err(());
    }
    let opened = timeout(hosts.patience(), hosts.open()).await.map_err(drop)?;
    let (client, mut driver) = opened.map_err(|cause| {
        if fault::is_full(&cause) {
            hosts.crowd.refuses();
        }
    })?;
    let drive = async { while let Some(Ok(_)) = driver.next().await {} };
    tokio::select! {
        () = drive => Err(()),
        () = hosts.crowd.wanted(Holder::Asking) => Err(()),
        outcome = answer_all(hosts, &client, watch, &mut asked, question) => outcome,
    }
}

async fn answer_all(
    hosts: &Hosts,
    client: &Client,
    watch: &Weak<Watch>,
    asked: &mut mpsc::UnboundedReceiver<Asker>,
    question: &Mutex<Option<Question>>,
) -> Result<(), ()> {
    let own = format!("SELECT {}", snapshot::OWN);
    let statement = timeout(SILENCE, client.prepare(&own)).await.map_err(drop)?.map_err(drop)?;
    let instance = timeout(SILENCE, hosts.instances.meet(client)).await.map_err(drop)?.ok_or(())?;
    let mut askers = Vec::new();
    loop {
        if askers.is_empty() {
            let Ok(Some(first)) = timeout(IDLE, asked.recv()).await else { return Ok(()) };
            askers.push(first);
        }
        while let Ok(asker) = asked.try_recv() {
            askers.push(asker);
        }
        *locked(question) = Some(Question { sent: Instant::now(), joined: Vec::new() });
        let row = timeout(SILENCE, client.query_one(&statement, &[])).await.map_err(drop)?.map_err(drop)?;
        let mut joined = locked(question).take().map(|it| it.joined).unwrap_or_default();
        if !hosts.instances.is_current(instance) {
            return Err(());
        }
        let now = Snapshot::parse(row.get(0), instance).ok_or(())?;
        // One of those who joined may have seen what is newer: they ask again.
        if watch.upgrade().ok_or(())?.note(now) {
            askers.append(&mut joined);
        }
        for asker in mem::replace(&mut askers, joined) {
            // It may have lost patience.
            let _ = asker.send(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_just_after_a_question_was_sent_is_told_with_those_who_sent_it() {
        let (askers, mut asked) = mpsc::unbounded_channel();
        let open = Open { askers, question: Arc::default() };
        let ask = || open.take(oneshot::channel().0);
        let joined = || locked(&open.question).as_ref().map(|it| it.joined.len());

        assert!(ask().is_ok() && joined().is_none() && asked.try_recv().is_ok());
        let sent = Instant::now() + Duration::from_secs(60);
        *locked(&open.question) = Some(Question { sent, joined: Vec::new() });
        assert!(ask().is_ok() && joined() == Some(1) && asked.try_recv().is_err());
        *locked(&open.question) =
            Some(Question { sent: Instant::now().checked_sub(JUST_NOW).unwrap(), joined: Vec::new() });
        assert!(ask().is_ok() && joined() == Some(0) && asked.try_recv().is_ok());
        drop(asked);
        assert!(ask().is_err());
    }
}
