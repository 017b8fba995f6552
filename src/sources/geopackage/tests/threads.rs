//! Readers that are slow or leave do not stop the others.

use std::time::Instant;

use super::*;
use crate::data::gate::Features;

/// A layer of a million numbers, and one that works for minutes without a row.
fn large() -> File {
    let file = File::new();
    file.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);
         WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 300000)
             INSERT INTO t SELECT x, 'number ' || x FROM c;
         CREATE VIEW idle AS SELECT a.id FROM t a, t b WHERE a.id + b.id < 0",
    );
    file.attributes("t");
    file.attributes("idle");
    file
}

async fn first_ten(view: &View) {
    let query = Query { limit: Some(10), ..Query::default() };
    let answer = tokio::time::timeout(Duration::from_secs(10), read(view, &query)).await;
    assert_eq!(ids(&answer.expect("it waits for ever").unwrap().0), (1..=10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reader_that_leaves_frees_the_only_thread() {
    let file = large();
    let opened = GeoPackage::open_with(&file.path, 1).unwrap();
    let layer = |name| opened.layer(name, &LayerOptions::default()).unwrap().source;
    let (view, idle) = (open(&layer("t")), open(&layer("idle")));
    // One that has rows to send.
    let mut reading = view.features(&Query::default()).unwrap();
    reading.next().await.unwrap().unwrap();
    drop(reading);
    first_ten(&view).await;
    // One that has none, and so would never see that nobody reads.
    let mut reading = idle.features(&Query::default()).unwrap();
    let waited = tokio::time::timeout(Duration::from_millis(50), reading.next()).await;
    assert!(waited.is_err(), "it should work for minutes");
    let left = Instant::now();
    drop(reading);
    first_ten(&view).await;
    assert!(left.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_count_that_nobody_waits_for_any_more_is_stopped() {
    let file = large();
    let opened = GeoPackage::open_with(&file.path, 1).unwrap();
    let layer = |name| opened.layer(name, &LayerOptions::default()).unwrap().source;
    let (view, idle) = (open(&layer("t")), open(&layer("idle")));
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let counting = runtime();
    let count = counting.block_on(idle.count(&Query::default(), Duration::from_millis(50)));
    assert_eq!(count.unwrap(), None);
    // The count goes on in its runtime, and ends with it.
    drop(counting);
    runtime().block_on(first_ten(&view));
}

#[tokio::test]
async fn slow_readers_of_every_thread_hold_up_nobody_for_long() {
    let file = large();
    let opened = GeoPackage::open_with(&file.path, 3).unwrap();
    let view = open(&opened.layer("t", &LayerOptions::default()).unwrap().source);
    let mut slow: Vec<Features> = Vec::new();
    for _ in 0..3 {
        let mut features = view.features(&Query::default()).unwrap();
        features.next().await.unwrap().unwrap();
        slow.push(features);
    }
    for _ in 0..5 {
        first_ten(&view).await;
    }
    let (mut whole, mut left) = (0, 0);
    for mut features in slow {
        let mut outcome = Ok(());
        while let Some(batch) = features.next().await {
            outcome = outcome.and(batch.map(drop));
        }
        *(if outcome.is_ok() { &mut whole } else { &mut left }) += 1;
    }
    assert_eq!((whole, left), (2, 1), "no more are left than others need");
}

#[tokio::test]
async fn many_slow_readers_stop_nobody() {
    let file = large();
    let view = open(&layer(&file, "t").source);
    let mut slow: Vec<Features> = Vec::new();
    for _ in 0..20 {
        let mut features = view.features(&Query::default()).unwrap();
        features.next().await.unwrap().unwrap();
        slow.push(features);
    }
    let begun = Instant::now();
    first_ten(&view).await;
    assert!(begun.elapsed() < Duration::from_secs(2));
    // What they left unread is still whole.
    let mut features = slow.pop().unwrap();
    let mut rest = 0;
    while let Some(batch) = features.next().await {
        rest += batch.unwrap().len();
    }
    assert!(rest > 250_000);
}
