//! A client that leaves: the filters are told once, and nothing more is sent.

use std::future::poll_fn;

use futures_util::FutureExt;
use graticule::message::body::Body;
use graticule::message::request::Request;

use crate::kit::{Drip, builder, project};
use crate::scripted::{Log, Scripted};

#[tokio::test]
async fn before_the_answer() {
    let log = Log::default();
    let server = builder(project()).service(Drip::never()).filter(Scripted::new("a", &log), 0).build().unwrap();
    // Asked once, then dropped: the service never answers.
    assert!(server.handle(Request::get("/ows?SERVICE=DRIP")).now_or_never().is_none());
    assert_eq!(log.take(), ["a request_ready", "a project_ready Test", "a response_complete cancelled"]);
}

#[tokio::test]
async fn in_the_middle_of_a_stream() {
    let log = Log::default();
    let server = builder(project()).filter(Scripted::new("a", &log), 0).build().unwrap();
    let response = server.handle(Request::get("/ogcapi/collections/many/items?limit=10000")).await;
    let Body::Stream(mut chunks) = response.body else { panic!("not streamed") };
    assert!(!poll_fn(|cx| chunks.as_mut().poll_next(cx)).await.unwrap().unwrap().is_empty());
    drop(chunks);
    let calls = log.take();
    assert_eq!(calls.last().unwrap(), "a response_complete cancelled");
    assert_eq!(calls.iter().filter(|call| call.contains("complete")).count(), 1);
}

#[tokio::test]
async fn a_stream_that_nobody_reads() {
    let log = Log::default();
    let server = builder(project()).filter(Scripted::new("a", &log), 0).build().unwrap();
    drop(server.handle(Request::get("/ogcapi/collections/many/items?limit=10000")).await);
    assert_eq!(log.take().last().unwrap(), "a response_complete cancelled");
}

#[tokio::test]
async fn a_filter_that_fails_when_told_harms_nobody() {
    let log = Log::default();
    let server = builder(project())
        .service(Drip::never())
        .filter(Scripted::new("a", &log).on_complete(|_, _| panic!("broken")), 0)
        .filter(Scripted::new("b", &log), 1)
        .build()
        .unwrap();
    assert!(server.handle(Request::get("/ows?SERVICE=DRIP")).now_or_never().is_none());
    assert_eq!(log.take()[4..], ["a response_complete cancelled", "b response_complete cancelled"]);
}
