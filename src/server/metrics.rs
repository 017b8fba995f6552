//! Counters of all requests, as Prometheus reads them. They outlive a reload.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};

use crate::error::Kind;
use crate::message::body::{Body, Chunks};
use crate::message::request::Head;
use crate::message::response::Response;

/// Upper ends of the times to the first byte, in seconds.
const BUCKETS: [f64; 11] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Names of operations come from routes and services; more than this were a mistake that must not eat memory.
const MOST: usize = 1000;
/// What is counted as the status where the client left before there was one.
const LEFT: u16 = 499;

/// The counters.
#[derive(Default)]
pub(crate) struct Metrics {
    operations: Mutex<HashMap<Box<str>, Operation>>,
    in_flight: AtomicU64,
    pub(super) waiting: AtomicU64,
    pub(super) turned_away: AtomicU64,
}

#[derive(Default)]
struct Operation {
    statuses: BTreeMap<u16, u64>,
    buckets: [u64; BUCKETS.len()],
    count: u64,
    seconds: f64,
    bytes: u64,
    rows: u64,
    kept: u64,
}

/// One request on its way; counted and logged when it ends.
pub(super) struct Watched {
    metrics: Arc<Metrics>,
    head: Arc<Head>,
    started: Instant,
    first_byte: Option<Duration>,
    status: u16,
    bytes: u64,
    is_kept: bool,
}

impl Metrics {
    pub(super) fn watch(self: &Arc<Self>, head: Arc<Head>, started: Instant) -> Watched {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Watched { metrics: self.clone(), head, started, first_byte: None, status: LEFT, bytes: 0, is_kept: false }
    }

    fn count(&self, ended: &Watched) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        let name = ended.head.trace.operation().unwrap_or("none");
        let mut operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        let operation = if let Some(known) = operations.get_mut(name) {
            known
        } else {
            let name = if operations.len() < MOST { name } else { "other" };
            operations.entry(name.into()).or_default()
        };
        *operation.statuses.entry(ended.status).or_default() += 1;
        operation.bytes += ended.bytes;
        operation.rows += ended.head.trace.rows();
        operation.kept += u64::from(ended.is_kept);
        if let Some(first_byte) = ended.first_byte {
            let seconds = first_byte.as_secs_f64();
            operation.count += 1;
            operation.seconds += seconds;
            let from = BUCKETS.iter().position(|end| seconds <= *end).unwrap_or(BUCKETS.len());
            operation.buckets[from..].iter_mut().for_each(|bucket| *bucket += 1);
        }
    }

    /// All of it in Prometheus's text format, version 0.0.4.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        let operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sorted: Vec<_> = operations.iter().collect();
        sorted.sort_by_key(|(name, _)| *name);
        let counter = |out: &mut String, name: &str, help: &str, of: &dyn Fn(&Operation) -> u64| {
            head(out, name, help, "counter");
            for (operation, counts) in &sorted {
                line(out, format_args!("{name}{{operation=\"{operation}\"}} {}", of(counts)));
            }
        };
        head(&mut out, "graticule_requests_total", "Requests, by operation and status", "counter");
        for (operation, counts) in &sorted {
            for (status, count) in &counts.statuses {
                line(
                    &mut out,
                    format_args!("graticule_requests_total{{operation=\"{operation}\",status=\"{status}\"}} {count}"),
                );
            }
        }
        let name = "graticule_first_byte_seconds";
        head(&mut out, name, "Time to the first byte of an answer", "histogram");
        for (operation, counts) in &sorted {
            for (end, count) in BUCKETS.iter().zip(counts.buckets) {
                line(&mut out, format_args!("{name}_bucket{{operation=\"{operation}\",le=\"{end}\"}} {count}"));
            }
            let (count, sum) = (counts.count, counts.seconds);
            line(&mut out, format_args!("{name}_bucket{{operation=\"{operation}\",le=\"+Inf\"}} {count}"));
            line(&mut out, format_args!("{name}_sum{{operation=\"{operation}\"}} {sum}"));
            line(&mut out, format_args!("{name}_count{{operation=\"{operation}\"}} {count}"));
        }
        counter(&mut out, "graticule_sent_bytes_total", "Bytes of answers' bodies, as sent", &|it| it.bytes);
        counter(&mut out, "graticule_rows_total", "Features that were sent", &|it| it.rows);
        counter(&mut out, "graticule_kept_answers_total", "Answers that were kept from a request before", &|it| {
            it.kept
        });
        let mut one = |name: &str, help: &str, kind: &str, value: &AtomicU64| {
            head(&mut out, name, help, kind);
            line(&mut out, format_args!("{name} {}", value.load(Ordering::Relaxed)));
        };
        one("graticule_requests_in_flight", "Requests that are being answered", "gauge", &self.in_flight);
        one("graticule_requests_waiting", "Requests that wait for their turn", "gauge", &self.waiting);
        one("graticule_turned_away_total", "Requests that found no place to wait", "counter", &self.turned_away);
        process(&mut out);
        out
    }
}

/// What the system tells of this process; nothing where it does not.
fn process(out: &mut String) {
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for thread in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let Ok(name) = std::fs::read_to_string(thread.path().join("comm")) else { continue };
        let kind: String = name.trim().split(['-', ' ', ':']).next().unwrap_or_default().to_owned();
        let kind: String = kind.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        *kinds.entry(kind).or_default() += 1;
    }
    head(out, "graticule_threads", "Threads of the process, by what they are for", "gauge");
    for (kind, count) in kinds {
        line(out, format_args!("graticule_threads{{kind=\"{kind}\"}} {count}"));
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
    if let Some(kibibytes) = resident {
        let bytes: u64 = kibibytes;
        head(out, "process_resident_memory_bytes", "Resident memory", "gauge");
        line(out, format_args!("process_resident_memory_bytes {}", bytes * 1024));
    }
}

fn head(out: &mut String, name: &str, help: &str, kind: &str) {
    line(out, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{text}");
}

impl Watched {
    /// Watches an answer to its end.
    pub(super) fn follow(mut self, response: &mut Response) {
        self.first_byte = Some(self.started.elapsed());
        self.status = response.status.as_u16();
        self.is_kept = response.is_kept;
        response.body = match std::mem::replace(&mut response.body, Body::empty()) {
            Body::Whole(bytes) => {
                self.bytes = bytes.len() as u64;
                Body::Whole(bytes)
            }
            Body::Stream(chunks) => Body::Stream(self.counting(chunks)),
        };
    }

    fn counting(self, chunks: Chunks) -> Chunks {
        Box::pin(stream::unfold((chunks, self), |(mut chunks, mut watched)| async move {
            let chunk = chunks.next().await?;
            match &chunk {
                Ok(bytes) => watched.bytes += bytes.len() as u64,
                Err(error) if error.kind() == Kind::Cancelled => {}
                Err(error) => {
                    let (head, trace) = (&watched.head, &watched.head.trace);
                    tracing::warn!(
                        id = %head.id, method = %head.method, path = head.path, operation = trace.operation(),
                        collection = trace.collection(), ?error, "an answer broke off"
                    );
                }
            }
            Some((chunk, (chunks, watched)))
        }))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.metrics.count(self);
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let (head, trace) = (&self.head, &self.head.trace);
        tracing::debug!(
            id = %head.id, method = %head.method, path = head.path, status = self.status,
            operation = trace.operation(), collection = trace.collection(), rows = trace.rows(), bytes = self.bytes,
            first_byte_micros = self.first_byte.map(micros), micros = micros(self.started.elapsed()), "answered"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::request::Request;

    #[test]
    fn requests_are_counted_at_their_end() {
        let metrics = Arc::new(Metrics::default());
        let request = Request::get("/");
        request.head().trace.set_operation("getFeatures");
        request.head().trace.add_rows(7);
        let watched = metrics.watch(request.head().clone(), Instant::now());
        assert!(metrics.text().contains("graticule_requests_in_flight 1\n"));
        let mut response = Response::ok("text/plain", "four");
        watched.follow(&mut response);
        drop(metrics.watch(Request::get("/x").head().clone(), Instant::now()));
        let text = metrics.text();
        for line in [
            "graticule_requests_total{operation=\"getFeatures\",status=\"200\"} 1",
            "graticule_requests_total{operation=\"none\",status=\"499\"} 1",
            "graticule_sent_bytes_total{operation=\"getFeatures\"} 4",
            "graticule_rows_total{operation=\"getFeatures\"} 7",
            "graticule_first_byte_seconds_bucket{operation=\"getFeatures\",le=\"10\"} 1",
            "graticule_first_byte_seconds_count{operation=\"none\"} 0",
            "graticule_requests_in_flight 0",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}:\n{text}");
        }
    }
}
