//! Chunks: a streamed answer stays streamed; chunks are rewritten, held back and let go at the end; a filter may ask for
//! the whole.

use std::future::poll_fn;

use bytes::Bytes;
use graticule::Server;
use graticule::exchange::{Chunk, Done, Filter};
use graticule::message::body::{Body, Chunks};
use graticule::message::request::Request;

use crate::kit::{Drip, Tap, ask, builder, project, read};
use crate::scripted::{Log, Scripted};

fn dripping(filter: impl Filter) -> (Tap, Server) {
    let (tap, drip) = Drip::new();
    (tap, builder(project()).service(drip).filter(filter, 0).build().unwrap())
}

async fn chunks_of(server: &Server) -> Chunks {
    match server.handle(Request::get("/ows?SERVICE=DRIP")).await.body {
        Body::Stream(chunks) => chunks,
        Body::Whole(_) => panic!("not streamed"),
    }
}

async fn next(chunks: &mut Chunks) -> Option<Bytes> {
    poll_fn(|cx| chunks.as_mut().poll_next(cx)).await.map(Result::unwrap)
}

#[tokio::test]
async fn the_first_chunk_arrives_before_the_last_is_made() {
    let log = Log::default();
    let (tap, server) = dripping(Scripted::new("a", &log));
    tap.send(Ok("one".into())).unwrap();
    let mut chunks = chunks_of(&server).await;
    assert_eq!(next(&mut chunks).await.unwrap(), "one");
    tap.send(Ok("two".into())).unwrap();
    assert_eq!(next(&mut chunks).await.unwrap(), "two");
    drop(tap);
    assert!(next(&mut chunks).await.is_none());
    assert_eq!(log.take()[5..], ["a response_complete streamed 200", "a send_response last"]);
}

#[tokio::test]
async fn chunks_are_rewritten_and_the_tail_goes_last() {
    let log = Log::default();
    let upper = Scripted::new("a", &log)
        .on_send(|_, chunk| Ok(Chunk::Pass(chunk.to_ascii_uppercase().into())))
        .on_complete(|_, done| {
            if let Done::Streamed { tail, .. } = done {
                tail.extend(b"the end");
            }
            Ok(())
        });
    let (tap, server) = dripping(upper);
    tap.send(Ok("one".into())).unwrap();
    drop(tap);
    let mut chunks = chunks_of(&server).await;
    assert_eq!(next(&mut chunks).await.unwrap(), "ONE");
    assert_eq!(next(&mut chunks).await.unwrap(), "THE END");
    assert!(next(&mut chunks).await.is_none());
}

/// Keeps all chunks in its state, and lets them go with the last.
fn holding(log: &Log) -> Scripted {
    Scripted::new("hold", log).on_send(|sending, chunk| {
        let state = sending.state.get_or_insert_with(|| Box::new(Vec::<u8>::new()));
        let kept: &mut Vec<u8> = state.downcast_mut().unwrap();
        kept.extend(&chunk);
        Ok(if sending.last { Chunk::Pass(std::mem::take(kept).into()) } else { Chunk::Hold })
    })
}

#[tokio::test]
async fn what_is_held_back_the_later_filters_do_not_see() {
    let log = Log::default();
    let (tap, drip) = Drip::new();
    let server = builder(project())
        .service(drip)
        .filter(holding(&log), 0)
        .filter(Scripted::new("after", &log), 1)
        .build()
        .unwrap();
    for chunk in ["one ", "two ", "three"] {
        tap.send(Ok(chunk.into())).unwrap();
    }
    drop(tap);
    assert_eq!(ask(&server, "/ows?SERVICE=DRIP").await.text(), "one two three");
    let sends: Vec<_> = log.take().into_iter().filter(|call| call.contains("send_response")).collect();
    let held = "hold send_response";
    assert_eq!(sends, [held, held, held, "hold send_response last", "after send_response last"]);
}

#[tokio::test]
async fn state_is_of_one_filter_and_one_request() {
    let log = Log::default();
    let server =
        builder(project()).filter(holding(&log), 0).filter(holding(&log), 0).filter(holding(&log), 0).build().unwrap();
    let url = "/ogcapi/collections/many/items?limit=10000";
    let (first, second) = tokio::join!(server.handle(Request::get(url)), server.handle(Request::get(url)));
    for answer in [read(first).await, read(second).await] {
        assert_eq!(answer.json()["features"].as_array().unwrap().len(), 10_000);
    }
}

#[tokio::test]
async fn a_filter_that_wants_the_whole_may_change_it() {
    let log = Log::default();
    let whole = Scripted::new("a", &log).wanting_whole(|| true).on_complete(|_, done| {
        if let Done::Whole(response) = done {
            let Body::Whole(bytes) = &response.body else { panic!("not whole") };
            response.body = format!("<{}>", String::from_utf8_lossy(bytes)).into();
        }
        Ok(())
    });
    let (tap, server) = dripping(whole);
    for chunk in ["one", "two"] {
        tap.send(Ok(chunk.into())).unwrap();
    }
    drop(tap);
    let response = server.handle(Request::get("/ows?SERVICE=DRIP")).await;
    assert_eq!(response.body.len(), Some(8));
    assert_eq!(read(response).await.text(), "<onetwo>");
    assert_eq!(log.take()[2..], ["a response_ready 200", "a response_complete 200", "a send_response last"]);
}

#[tokio::test]
async fn a_filter_may_put_a_stream_in_the_place_of_an_answer() {
    let log = Log::default();
    let streaming = Scripted::new("a", &log).on_complete(|_, done| {
        if let Done::Whole(response) = done {
            let chunks = ["one", "two"].map(|chunk| Ok(Bytes::from(chunk)));
            response.body = Body::Stream(Box::pin(futures_util::stream::iter(chunks)));
        }
        Ok(())
    });
    let server = builder(project()).filter(streaming, 0).build().unwrap();
    assert_eq!(ask(&server, "/health").await.text(), "onetwo");
    let send = "a send_response";
    assert_eq!(log.take()[3..], ["a response_complete 200", send, send, "a send_response last"]);
}
