//! Rows between threads: who waits for whom.

use super::*;
use crate::model::batch::Cell;

fn one(number: i64) -> Batch {
    let mut batch = Batch::new(1);
    batch.push(Cell::Int(number));
    batch
}

fn ends() -> (RowSender, Rows) {
    channel(Arc::new(Layout { geometry: false, fields: Vec::new() }))
}

#[test]
fn batches_come_in_order_to_a_thread_and_wait_for_room() {
    let (sender, mut rows) = ends();
    let maker = std::thread::spawn(move || {
        let sent = (0..100).filter(|number| sender.send(one(*number))).count();
        sender.tell_matched(7);
        sender.send_last(one(100));
        sent
    });
    let got: Vec<_> = std::iter::from_fn(|| rows.blocking_next()).map(|batch| batch.unwrap().row(0).cell(0)).collect();
    assert_eq!(got, (0..=100).map(Cell::Int).collect::<Vec<_>>());
    assert_eq!((maker.join().unwrap(), rows.matched()), (100, Some(7)));
}

#[tokio::test]
async fn a_task_reads_what_a_task_sends_and_an_error_is_the_last() {
    let (sender, mut rows) = ends();
    let maker = tokio::spawn(async move {
        for number in 0..10 {
            assert!(sender.send_later(one(number)).await);
        }
        sender.fail_later(Error::cancelled()).await;
    });
    let mut count = 0;
    while let Some(Ok(_)) = rows.next().await {
        count += 1;
    }
    assert!(count == 10 && rows.next().await.is_none());
    maker.await.unwrap();
}

#[tokio::test]
async fn who_leaves_stops_the_sender_and_a_sender_that_is_dropped_ends_the_rows() {
    let (sender, rows) = ends();
    let (waits, told) = std::sync::mpsc::channel();
    let maker = std::thread::spawn(move || {
        on_wait(move |waiting| waits.send(waiting).unwrap());
        let sent = (0..10).take_while(|number| sender.send(one(*number))).count();
        (sent, sender.stop().is_stopped())
    });
    assert!(told.recv().unwrap(), "it waits for room");
    drop(rows);
    assert!(!told.recv().unwrap(), "it goes on");
    assert_eq!(maker.join().unwrap(), (WAITING, true));
    let (sender, mut rows) = ends();
    drop(sender);
    assert!(rows.next().await.is_none());
    let (sender, rows) = ends();
    drop(rows);
    sender.gone().await;
}
