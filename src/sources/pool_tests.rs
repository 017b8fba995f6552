//! Threads of a file: who works, who waits, who gives way.

use std::sync::mpsc;

use rusqlite::Connection;

use super::*;
use crate::data::rows::channel;
use crate::model::batch::{Batch, Layout};

fn pool(path: &Path, cap: usize) -> Pool<Connection> {
    Pool::new("test", path, cap, |path| Connection::open(path).map_err(Error::internal))
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1);").unwrap();
    (folder, path)
}

fn ask(pool: &Pool<Connection>) -> i64 {
    let (sender, receiver) = mpsc::channel();
    let job = move |connection: Result<&mut Connection>| {
        let sum = connection.unwrap().query_row("SELECT sum(a) FROM t", [], |row| row.get(0)).unwrap();
        sender.send(sum).unwrap();
    };
    pool.submit(Box::new(job)).unwrap();
    receiver.recv_timeout(Duration::from_secs(10)).unwrap()
}

#[test]
fn a_panic_costs_no_thread() {
    let (_folder, path) = file();
    let pool = pool(&path, 1);
    for _ in 0..3 {
        pool.submit(Box::new(|_| panic!("on purpose"))).unwrap();
    }
    assert_eq!(ask(&pool), 1);
    assert_eq!(pool.0.state().threads, 1);
}

#[test]
fn jobs_wait_when_all_threads_work_and_too_many_are_refused() {
    let (_folder, path) = file();
    let pool = pool(&path, 1);
    let (go, gone) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let long = move |_: Result<&mut Connection>| {
        begin.send(()).unwrap();
        assert!(gone.recv().is_err());
    };
    pool.submit(Box::new(long)).unwrap();
    begun.recv().unwrap();
    for _ in 0..WAITING {
        pool.submit(Box::new(|_| {})).unwrap();
    }
    let refused = pool.submit(Box::new(|_| {})).unwrap_err();
    assert_eq!(refused.kind(), crate::error::Kind::Unavailable);
    assert_eq!(refused.headers().len(), 1);
    drop(go);
    while pool.0.state().idle.is_empty() {
        std::thread::yield_now();
    }
    assert_eq!(ask(&pool), 1);
}

#[test]
fn a_job_behind_long_ones_and_slow_readers_is_taken_by_another_thread() {
    let (_folder, path) = file();
    let pool = pool(&path, 64);
    let (go, gone) = mpsc::channel::<()>();
    let gone = Arc::new(Mutex::new(gone));
    for _ in 0..*WORKING {
        let gone = gone.clone();
        pool.submit(Box::new(move |_| assert!(gone.lock().unwrap().recv().is_err()))).unwrap();
    }
    assert_eq!(ask(&pool), 1);
    let mut unread = Vec::new();
    for _ in 0..2 * *WORKING {
        let (sender, rows) = channel(Arc::new(Layout { geometry: false, fields: Vec::new() }));
        pool.submit(Box::new(move |_| while sender.send(Batch::new(1)) {})).unwrap();
        unread.push(rows);
    }
    assert_eq!(ask(&pool), 1);
    drop((go, unread));
    while pool.0.state().working > 0 {
        std::thread::yield_now();
    }
}

#[test]
fn a_slow_reader_is_left_where_others_wait_and_no_more_than_are_needed() {
    let (_folder, path) = file();
    let pool = pool(&path, 2);
    let mut unread = Vec::new();
    for _ in 0..2 {
        let (sender, rows) = channel(Arc::new(Layout { geometry: false, fields: Vec::new() }));
        let job = move |_: Result<&mut Connection>| {
            let _ = (0..10).all(|_| sender.send(Batch::new(1)));
        };
        pool.submit(Box::new(job)).unwrap();
        unread.push(rows);
    }
    while pool.0.state().threads < 2 || pool.0.state().working > 0 {
        std::thread::yield_now();
    }
    for _ in 0..3 {
        assert_eq!(ask(&pool), 1);
    }
    let counts = unread.iter_mut().map(|rows| {
        let batches: Vec<_> = std::iter::from_fn(|| rows.blocking_next()).collect();
        let error = batches.iter().find_map(|batch| batch.as_ref().err()).map(Error::kind);
        (batches.len(), error)
    });
    let mut counts: Vec<_> = counts.collect();
    counts.sort_by_key(|(count, _)| *count);
    // Two wait, and the error.
    assert_eq!(counts, [(3, Some(Kind::Unavailable)), (10, None)]);
    assert_eq!(ask(&pool), 1);
}

#[test]
fn a_look_at_a_thousand_files_leaves_few_threads_for_long() {
    let idle: Vec<Idling> = (0..=FEW).filter_map(|_| Idling::begin()).collect();
    assert_eq!(idle.last().unwrap().stay, BRIEF);
}

#[test]
fn another_file_in_its_place_is_opened() {
    let (folder, path) = file();
    let pool = pool(&path, 4);
    assert_eq!(ask(&pool), 1);
    let other = folder.path().join("b.gpkg");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (2);").unwrap();
    std::fs::rename(other, path).unwrap();
    assert_eq!(ask(&pool), 2);
}
